//! Faults for the tests: a share of all transactions is broken off, as by a server, a network or a failover.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::sql_error::SqlError;

use super::backend::Backend;

/// One in so many transactions has each of the faults.
const ONE_IN: u64 = 20;
/// A fault strikes before one of so many statements, or at the commit when there are fewer.
const STATEMENTS: u64 = 6;
/// Ends the connection it is said on.
const CUT: &str = "SELECT pg_terminate_backend(pg_backend_pid())";

/// What befalls a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The server finds that it does not fit others that ran meanwhile.
    Conflict,
    /// The server ends it, because it and another one wait for each other.
    Deadlock,
    /// The connection is cut.
    Cut,
    /// The connection is cut when it is committed, before that is answered.
    LostAnswer,
}

/// Draws faults; clones draw from the same numbers.
#[derive(Debug, Clone)]
pub struct Faults {
    drawn: Arc<AtomicU64>,
    struck: Arc<AtomicU64>,
}

impl Faults {
    /// Draws from this seed.
    pub fn of(seed: u64) -> Self {
        Self {
            drawn: Arc::new(AtomicU64::new(seed)),
            struck: Arc::default(),
        }
    }

    /// Counts the faults that have struck.
    pub fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }

    /// SplitMix64, so that the same seed gives the same numbers.
    fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut drawn = self.drawn.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^ (drawn >> 31)
    }
}

/// What is in store for the transactions of one connection.
#[derive(Debug)]
pub struct FaultPlan {
    faults: Faults,
    /// What befalls the one that is open, and after how many statements.
    next: Cell<Option<(Fault, u64)>>,
}

impl FaultPlan {
    /// Begins without any.
    pub fn of(faults: Faults) -> Self {
        Self {
            faults,
            next: Cell::new(None),
        }
    }

    /// Draws for a transaction that begins.
    pub fn begin(&self) {
        let fault = match self.faults.draw() % ONE_IN {
            0 => Some(Fault::Conflict),
            1 => Some(Fault::Deadlock),
            2 => Some(Fault::Cut),
            3 => Some(Fault::LostAnswer),
            _ => None,
        };
        self.next
            .set(fault.map(|fault| (fault, self.faults.draw() % STATEMENTS)));
    }

    /// Strikes before a statement, if it is this one's turn.
    pub fn before_statement(&self, backend: &Backend) -> Result<(), SqlError> {
        match self.next.get() {
            None | Some((Fault::LostAnswer, _)) => Ok(()),
            Some((fault, 0)) => self.strike(fault, backend),
            Some((fault, left)) => {
                self.next.set(Some((fault, left - 1)));
                Ok(())
            }
        }
    }

    /// Strikes before a commit, if nothing has struck yet.
    pub fn before_commit(&self, backend: &Backend) -> Result<(), SqlError> {
        match self.next.get() {
            None | Some((Fault::LostAnswer, _)) => Ok(()),
            Some((fault, _)) => self.strike(fault, backend),
        }
    }

    /// Strikes between a commit and its answer.
    pub fn after_commit(&self, backend: &Backend) -> Result<(), SqlError> {
        match self.next.get() {
            Some((Fault::LostAnswer, _)) => self.strike(Fault::Cut, backend),
            None | Some(_) => Ok(()),
        }
    }

    fn strike(&self, fault: Fault, backend: &Backend) -> Result<(), SqlError> {
        self.next.set(None);
        self.faults.struck.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::Conflict => backend.batch(&raised("40001")),
            Fault::Deadlock => backend.batch(&raised("40P01")),
            // The server's last word may still be the answer; whatever is said after it is lost.
            Fault::Cut | Fault::LostAnswer => backend.batch(CUT).and_then(|()| backend.batch("SELECT 1")),
        }
    }
}

fn raised(code: &str) -> String {
    format!("DO $$ BEGIN RAISE EXCEPTION 'drawn' USING ERRCODE = '{code}'; END $$")
}
