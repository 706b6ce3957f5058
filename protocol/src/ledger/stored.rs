//! The ledger of a shell whose store others write to as well: a record is drafted, stored, and taken once it comes back from there.

use std::sync::Arc;

use usher_keys::{EventId, SecretKey, Timestamp};

use super::{Entry, Ledger};
use crate::ident::{Hlc, Origin};
use crate::log::{Head, Stretch, Tail};
use crate::record::{Body, Record};
use crate::trust::Trust;

/// Records for our own log that the ledger does not know of yet. Dropping it leaves no trace.
pub struct OwnDraft {
    event: EventId,
    me: Origin,
    trust: Arc<Trust>,
    clock: Hlc,
    tail: Tail,
    entries: Vec<Entry>,
}

impl OwnDraft {
    /// Writes a record behind the others.
    pub fn write(&mut self, body: Body, now: Timestamp) {
        self.clock = self.clock.tick(now);
        let worth = super::worth_of_own(&body, &self.trust);
        let bytes = Record::new(self.clock, body).to_bytes();
        self.tail = self.tail.push(self.event, &self.me, &bytes);
        self.entries.push(Entry {
            origin: self.me,
            tail: self.tail,
            bytes,
            worth,
        });
    }

    /// Returns the records in pieces, each with a signed head at its end. No piece holds more than one run: peers could not be
    /// sent it otherwise.
    pub fn seal(self, key: &SecretKey) -> Vec<(Vec<Entry>, Head)> {
        let mut pieces = Vec::new();
        let mut rest = self.entries;
        while !rest.is_empty() {
            let bytes = rest.iter().map(|entry| entry.bytes.len());
            let later = rest.split_off(within_one_run(bytes));
            let piece = std::mem::replace(&mut rest, later);
            let head = piece.last().map(|last| Head::sign(self.event, last.tail, key));
            pieces.extend(head.map(|head| (piece, head)));
        }
        pieces
    }
}

/// Returns how many records of these lengths, from the first on, one run holds: one at least.
fn within_one_run(bytes: impl Iterator<Item = usize>) -> usize {
    let mut stretch = Stretch { records: 0, bytes: 0 };
    let fits = bytes.take_while(|bytes| {
        stretch.records += 1;
        stretch.bytes += *bytes as u64;
        stretch.is_one_run()
    });
    fits.count().max(1)
}

impl Ledger {
    /// Signs heads for records of our own log that no head covers yet, each told by its tail and its length in bytes. There is
    /// a head wherever a run is full, so that peers can be sent it, and one at the end.
    pub fn seal_all(&mut self, unsigned: &[(Tail, usize)], key: &SecretKey) -> Vec<Head> {
        let (event, mut rest) = (self.event(), unsigned);
        let mut heads = Vec::new();
        loop {
            let (piece, later) =
                rest.split_at(within_one_run(rest.iter().map(|(_, bytes)| *bytes)).min(rest.len()));
            let Some((last, _)) = piece.last().filter(|_| !later.is_empty()) else {
                break;
            };
            heads.push(Head::sign(event, *last, key));
            rest = later;
        }
        heads.extend(self.seal(key));
        heads
    }

    /// Begins records for our own log.
    pub fn draft(&self) -> OwnDraft {
        OwnDraft {
            event: self.event(),
            me: self.me,
            trust: Arc::clone(&self.trust),
            clock: self.clock,
            tail: self.tail(&self.me),
            entries: Vec::new(),
        }
    }

    /// Takes records of one log that are stored, with the head at the last of them; `false` when they do not chain, and nothing
    /// of them is taken then.
    pub fn take_stored(&mut self, entries: &[Entry], head: Head, now: Timestamp) -> bool {
        let (event, origin) = (self.event(), head.origin);
        let mut tail = self.tail(&origin);
        for entry in entries {
            tail = tail.push(event, &origin, &entry.bytes);
            if (entry.origin, entry.tail) != (origin, tail) {
                return false;
            }
        }
        if tail != head.tail {
            return false;
        }
        self.take(entries, head, now);
        true
    }
}

#[cfg(test)]
mod tests;
