//! The ledger of a shell whose store others write to as well: a record is drafted, stored, and taken once it comes back from there.

use std::sync::Arc;

use usher_keys::{EventId, SecretKey, Timestamp};

use super::{Entry, Ledger};
use crate::ident::{Hlc, Origin};
use crate::log::{Head, Tail};
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

    /// Returns the records and the signed head at the last of them; `None` when nothing was written.
    pub fn seal(self, key: &SecretKey) -> Option<(Vec<Entry>, Head)> {
        let head = (!self.entries.is_empty()).then(|| Head::sign(self.event, self.tail, key))?;
        Some((self.entries, head))
    }
}

impl Ledger {
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
