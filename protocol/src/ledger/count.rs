//! Correcting how many people are in a zone by a count: gates are not the only way out of a house. Counting is people's.

use std::collections::BTreeSet;

use usher_keys::Timestamp;

use super::Ledger;
use crate::correction::NotCounted;
use crate::ident::{Origin, Seq, ZoneId};
use crate::record::{Body, Count, MAX_COUNTED_LOGS};

impl Ledger {
    /// Makes the record by which so many people are in a zone now, whatever was written of the time before.
    ///
    /// # Errors
    ///
    /// [`NotCounted`].
    pub fn count(&self, (zone, inside): (ZoneId, u32), by: &str, now: Timestamp) -> Result<Body, NotCounted> {
        let policy = self.state.policy().map(|(_, policy)| policy);
        if policy.and_then(|policy| policy.zone(zone)).is_none() {
            return Err(NotCounted::NoSuchZone);
        }
        let (at, by, heard) = (now, by.to_owned(), self.heard_of_hubs());
        let count = Count {
            at,
            zone,
            inside,
            heard,
        };
        let body = Body::Counted { count, by };
        let counts = self.may_write_at_all() && self.would_count(&body, now);
        counts.then_some(body).ok_or(NotCounted::NotAllowed)
    }

    /// Returns how far the logs of all hubs are known here, and our own.
    fn heard_of_hubs(&self) -> Vec<(Origin, Seq)> {
        let hubs = self.state.rosters().all().values().flatten().copied();
        let counted: BTreeSet<_> = hubs.take(MAX_COUNTED_LOGS - 1).chain([self.me]).collect();
        counted
            .into_iter()
            .map(|origin| (origin, self.tail(&origin).seq))
            .collect()
    }
}

#[cfg(test)]
mod tests;
