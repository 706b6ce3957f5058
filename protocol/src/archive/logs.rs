//! What the logs in an archive come to, each verified from its first record to its last head.

use std::collections::BTreeSet;

use usher_keys::Timestamp;

use super::ArchiveSums;
use super::fault::ArchiveFault;
use crate::checkpoint::SignedCheckpoint;
use crate::evidence::Worth;
use crate::ident::{Origin, Seq};
use crate::ledger::{Entry, Ledger};
use crate::log::{Head, Tail};

/// The logs so far.
pub struct ArchivedLogs {
    /// What they come to, at the archive's maker.
    pub ledger: Ledger,
    /// When the archive was made, by the maker's clock.
    pub made_at: Timestamp,
    /// The heads that were verified.
    pub heads: u64,
    /// The records that the checkpoint stands for, by its authority's word.
    pub covered: u64,
    /// The log that the next records belong to, and how far heads cover it.
    open: Option<(Origin, Tail)>,
    begun: BTreeSet<Origin>,
    records: u64,
}

impl ArchivedLogs {
    /// Begins with the maker's empty ledger.
    pub fn new(ledger: Ledger, made_at: Timestamp) -> Self {
        Self {
            ledger,
            made_at,
            heads: 0,
            covered: 0,
            open: None,
            begun: BTreeSet::new(),
            records: 0,
        }
    }

    /// Returns the last record so far.
    pub fn last(&self) -> Option<(Origin, Seq)> {
        let (origin, _) = self.open?;
        Some((origin, self.ledger.tail(&origin).seq))
    }

    /// Begins at a checkpoint, but for the logs for which it does not stand.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Checkpoint`].
    pub fn begin_at(
        &mut self,
        signed: &SignedCheckpoint,
        dropped: &BTreeSet<Origin>,
    ) -> Result<(), ArchiveFault> {
        let adopted = self.ledger.adopt_again(signed);
        let checkpoint = adopted.map_err(ArchiveFault::Checkpoint)?;
        let covered = checkpoint.covered.iter();
        let covered = covered.filter(|head| !dropped.contains(&head.origin));
        self.covered = covered.fold(0, |sum, head| sum.saturating_add(head.tail.seq.0));
        for origin in dropped {
            self.ledger.forget(origin);
        }
        Ok(())
    }

    /// Begins the next log; none is there twice.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Unsigned`] of the one before, [`ArchiveFault::OutOfPlace`].
    pub fn begin(&mut self, origin: Origin) -> Result<(), ArchiveFault> {
        self.end()?;
        if !self.begun.insert(origin) {
            return Err(ArchiveFault::OutOfPlace);
        }
        self.open = Some((origin, self.ledger.tail(&origin)));
        Ok(())
    }

    /// Ends the log that is open.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::Unsigned`].
    pub fn end(&self) -> Result<(), ArchiveFault> {
        let is_signed = |(origin, signed): (Origin, Tail)| self.ledger.tail(&origin) == signed;
        if self.open.is_none_or(is_signed) {
            return Ok(());
        }
        Err(ArchiveFault::Unsigned)
    }

    /// Takes the next record of the log; returns its place.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault::OutOfPlace`].
    pub fn record(&mut self, bytes: &[u8]) -> Result<(Origin, Seq), ArchiveFault> {
        let (origin, _) = self.open.ok_or(ArchiveFault::OutOfPlace)?;
        let event = self.ledger.event();
        let entry = Entry {
            origin,
            tail: self.ledger.tail(&origin).push(event, &origin, bytes),
            bytes: bytes.to_vec(),
            // Nobody has looked at it yet: its signatures are verified as it is folded in.
            worth: Worth::UnknownKey,
        };
        self.ledger.replay(&entry, self.made_at);
        self.records += 1;
        Ok((origin, entry.tail.seq))
    }

    /// Takes a head of the log.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault`].
    pub fn head(&mut self, head: &Head) -> Result<(), ArchiveFault> {
        let (origin, signed) = self.open.as_mut().ok_or(ArchiveFault::OutOfPlace)?;
        if head.origin != *origin || head.verify(self.ledger.event()).is_err() {
            return Err(ArchiveFault::FalseHead);
        }
        if head.tail != self.ledger.tail(origin) {
            return Err(ArchiveFault::OtherHistory);
        }
        *signed = head.tail;
        self.heads += 1;
        Ok(())
    }

    /// Counts what the records come to.
    pub fn sums(&self) -> ArchiveSums {
        ArchiveSums::of(self.ledger.state(), self.begun.len() as u64, self.records)
    }
}
