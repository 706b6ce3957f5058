//! A simulation of payments: two cloud processes, a payment gateway, buyers and banks in virtual time under faults, run from one seed.
//! What is done about a booking is told by the cloud's own pure rules; real engines, gateways and processes are tested elsewhere.

pub mod bank;
pub mod books;
pub mod world;

use std::collections::BTreeSet;

use crate::sim::random::Random;
pub use world::{PaymentTotals, attempt};

/// A kind of fault; each can be switched off, so that a failing seed is shrunk to what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentFault {
    /// Processes that stop, lose what is in memory and start again.
    Crashes,
    /// Processes that are slow and not dead: others take over what they hold.
    Stalls,
    /// Questions to the gateway that get lost, come late or twice.
    LostQuestions,
    /// Answers of the gateway that get lost or come late.
    LostAnswers,
    /// Banks that take minutes, and longer than a payment has time.
    SlowBanks,
    /// Buyers who come back to the bank's page late, or pay what was declined with another card.
    Latecomers,
    /// Webhooks that are forged, reordered or sent twice.
    Webhooks,
    /// Clocks that jump by up to two hours.
    Clocks,
    /// Hours in which no key signs tickets.
    DarkKeys,
}

impl PaymentFault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Crashes,
        Self::Stalls,
        Self::LostQuestions,
        Self::LostAnswers,
        Self::SlowBanks,
        Self::Latecomers,
        Self::Webhooks,
        Self::Clocks,
        Self::DarkKeys,
    ];
}

/// A rule that is broken on purpose, to see it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cheat {
    /// A payment is given up without asking the gateway.
    ReleasesUnasked,
    /// A payment is charged before it is written down what the gateway knows it by.
    ChargesUnwritten,
    /// What was declined once is taken to be over.
    TrustsDeclines,
    /// Units of a refund are free before the gateway has given the money.
    FreesUngiven,
    /// Money is given back before the tickets are revoked.
    GivesUnrevoked,
}

/// How a run is shaped.
#[derive(Debug, Clone)]
pub struct SaleShape {
    /// How many buyers come.
    pub buyers: u64,
    /// How many places there are.
    pub places: usize,
    /// How long faults happen, in minutes.
    pub storm_minutes: u64,
    /// Which faults there are.
    pub faults: BTreeSet<PaymentFault>,
    /// Which rule is broken.
    pub cheat: Option<Cheat>,
}

impl SaleShape {
    /// Draws the shape of a seed: most of the faults, in most of the seeds.
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x7061_796d_656e_7473);
        Self {
            buyers: random.between(4, 24),
            places: random.index(8) + 2,
            storm_minutes: random.between(20, 120),
            faults: PaymentFault::ALL
                .into_iter()
                .filter(|_| random.percent(75))
                .collect(),
            cheat: None,
        }
    }
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenTill {
    /// When, in virtual milliseconds.
    pub after_ms: u64,
    /// What.
    pub complaint: String,
}

/// Makes a failing run small: fewer faults, buyers and minutes, as long as some seed of a few breaks a promise.
pub fn shrink(seed: u64, shape: &SaleShape) -> (u64, SaleShape, BrokenTill) {
    /// Seeds that are tried with a smaller run before it counts as too small.
    const SEEDS: u64 = 40;
    let broken = attempt(seed, shape).expect_err("only a failing run is made small");
    let mut found = (seed, shape.clone(), broken);
    loop {
        let smaller = smaller(&found.1).into_iter().find_map(|shape| {
            let seeds = std::iter::once(found.0).chain(0..SEEDS);
            let mut failing = seeds.filter_map(|seed| Some((seed, attempt(seed, &shape).err()?)));
            failing.next().map(|(seed, broken)| (seed, shape.clone(), broken))
        });
        match smaller {
            Some(smaller) => found = smaller,
            None => return found,
        }
    }
}

fn smaller(shape: &SaleShape) -> Vec<SaleShape> {
    let without = |fault: &PaymentFault| {
        let mut faults = shape.faults.clone();
        faults.remove(fault);
        faults
    };
    let mut all: Vec<SaleShape> = shape
        .faults
        .iter()
        .map(|fault| SaleShape {
            faults: without(fault),
            ..shape.clone()
        })
        .collect();
    if shape.buyers > 1 {
        all.push(SaleShape {
            buyers: shape.buyers / 2,
            ..shape.clone()
        });
    }
    if shape.storm_minutes > 10 {
        all.push(SaleShape {
            storm_minutes: shape.storm_minutes / 2,
            ..shape.clone()
        });
    }
    all
}
