//! Taking what is stored back into a ledger, as at every start and whenever it must be rebuilt.

use std::sync::Arc;

use usher_keys::Timestamp;

use super::{Entry, Ledger};
use crate::log::Head;

impl Ledger {
    /// Takes a stored record back in at start; `false` when it does not chain.
    pub fn replay(&mut self, entry: &Entry, now: Timestamp) -> bool {
        let event = self.event();
        let copy = self.copies.entry(entry.origin).or_default();
        if copy.tail.push(event, &entry.origin, &entry.bytes) != entry.tail {
            return false;
        }
        copy.tail = entry.tail;
        self.fold(entry, now);
        // Whoever was turned away then has gone.
        self.state.take_wanting();
        true
    }

    /// Takes back in all that is stored. Logs may come in any order, the records of each in theirs. The authorities' logs are
    /// read first, since others' passages may rest on what these list. Returns `false` when a log does not chain.
    pub fn replay_all<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry> + Clone,
        now: Timestamp,
    ) -> bool {
        let trust = Arc::clone(&self.trust);
        let is_authoritys = |entry: &&Entry| trust.bundle().authority_key(&entry.origin).is_some();
        let authorities = entries.clone().filter(is_authoritys);
        let mut in_order = authorities.chain(entries.filter(|entry| !is_authoritys(entry)));
        in_order.all(|entry| self.replay(entry, now))
    }

    /// Takes a stored head back in at start.
    pub fn replay_head(&mut self, head: Head) {
        self.state.sum_up();
        let copy = self.copies.entry(head.origin).or_default();
        if copy
            .head
            .as_ref()
            .is_none_or(|held| held.tail.seq <= head.tail.seq)
        {
            copy.head = Some(head);
        }
    }
}
