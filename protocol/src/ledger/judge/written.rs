//! What is written down of people who pass: where, when, and which entries theirs closes or follows.

use usher_keys::Timestamp;

use super::ScanQuestion;
use crate::admission::Direction;
use crate::ledger::Ledger;
use crate::policy::{EntryRule, Gate, Policy};
use crate::record::{Counterpart, MAX_COUNTERPARTS, ShownPassage};

impl Ledger {
    /// Returns the record of a scan that lets people pass; `None` at a gate that nothing is known of.
    pub(super) fn passage(&self, asked: &ScanQuestion, now: Timestamp) -> Option<ShownPassage> {
        let (_, policy) = self.state.policy()?;
        let gate = policy.gate(asked.gate)?;
        Some(ShownPassage {
            scan: asked.scan,
            code: asked.ticket.code().to_owned(),
            persons: asked.persons.max(1),
            gate: asked.gate,
            zone: gate.zone,
            at: now,
            counterparts: self.counterparts(asked, policy, gate),
        })
    }

    /// Finds the entries that these people's passage closes or follows, as far as they are known here.
    fn counterparts(&self, asked: &ScanQuestion, policy: &Policy, gate: &Gate) -> Vec<Counterpart> {
        let (ticket, persons) = (asked.ticket.ticket(), asked.persons.max(1));
        let (tally, limits) = (self.state.tally(ticket.unit), self.state.limits());
        let is_reentry = policy
            .tier(ticket.tier)
            .is_some_and(|tier| tier.entry == EntryRule::Reentry);
        let mut found = match (asked.direction, gate.leaves) {
            (Direction::Out, _) => tally.to_close(gate.zone, persons, limits),
            (Direction::In, Some(left)) if tally.may_leave(left) >= u32::from(persons) => {
                tally.to_leave(left, persons)
            }
            (Direction::In, _) if is_reentry => {
                tally.to_follow(limits.level(gate.zone), (persons, ticket.admits))
            }
            (Direction::In, _) => Vec::new(),
        };
        found.truncate(MAX_COUNTERPARTS);
        found
    }
}
