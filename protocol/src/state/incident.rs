//! Contradictions found after merging: derived from the records, so each replica reports each exactly once; resolving them is people's.

use usher_keys::Timestamp;

use super::State;
use super::tally::Entered;
use super::units::UnitPassages;
use crate::ident::{GateId, Generation, Origin, Seq, Stamp, Unit, ZoneId};
use crate::policy::Policy;
use crate::record::Passage;

/// A contradiction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Incident {
    /// A ticket let in more people than it admits; one incident for each passage too many, named by that passage.
    DoubleAdmission {
        unit: Unit,
        /// The generation that was read.
        generation: Generation,
        zone: ZoneId,
        /// The passage too many.
        second: Stamp,
        /// The gate of the passage too many.
        second_gate: GateId,
        /// When it was judged, by the judge's rule time; the stamp's clock only orders records.
        second_at: Timestamp,
        /// When and where people went in before, if known; by the judge's rule time too.
        first: Option<(Timestamp, GateId)>,
    },
    /// More people left with a ticket than are known to have come in with it.
    ExitTooMany {
        unit: Unit,
        exit: Stamp,
        gate: GateId,
        /// When it was judged, by the judge's rule time.
        at: Timestamp,
    },
    /// An origin has two histories: a copied or restored device.
    Forked { origin: Origin },
    /// A log says what its writer cannot prove or may not say: a stolen or broken device. Named by the first such record.
    FalseRecord {
        origin: Origin,
        /// The record's number.
        seq: Seq,
    },
}

impl State {
    /// Finds every contradiction in the records, in a fixed order.
    pub fn incidents(&self) -> Vec<Incident> {
        let forked = self.forks.keys();
        let forked = forked.filter(|origin| self.is_frozen(origin) && self.knows(origin));
        let forked = forked.map(|origin| Incident::Forked { origin: *origin });
        let false_records = self.false_records().map(|(origin, seq)| Incident::FalseRecord {
            origin: *origin,
            seq: *seq,
        });
        let mut incidents: Vec<_> = forked.chain(false_records).collect();
        if let Some((_, policy)) = self.policy() {
            for (unit, state) in self.passages.busy() {
                self.find_doubles(unit, state, policy, &mut incidents);
            }
        }
        incidents.sort();
        incidents
    }

    /// Sums the unit's passages up by its tier's entry rule and reports each entry that the rule would not have allowed, and each
    /// exit of which nobody knows an entry.
    fn find_doubles(&self, unit: Unit, state: &UnitPassages, policy: &Policy, found: &mut Vec<Incident>) {
        let tally = state.tally(&self.limits);
        let entry_of = |passage: &Passage| policy.tier(passage.tier).map(|tier| tier.entry);
        for at in tally.doubles(entry_of, |at| policy.day(at)) {
            let (before, entry) = (&tally.entries[..at], &tally.entries[at]);
            let passage = entry.passage();
            let level = self.limits.level(passage.zone);
            let same_level = |other: &&Entered| self.limits.level(other.passage().zone) == level;
            let first = before.iter().rev().find(same_level);
            found.push(Incident::DoubleAdmission {
                unit,
                generation: passage.generation,
                zone: passage.zone,
                second: *entry.stamp,
                second_gate: passage.gate,
                second_at: passage.at,
                first: first.map(|first| (first.passage().at, first.passage().gate)),
            });
        }
        let exits = tally.unmatched().map(|exit| Incident::ExitTooMany {
            unit,
            exit: *exit.stamp,
            gate: exit.change.passage.gate,
            at: exit.change.passage.at,
        });
        found.extend(exits);
    }
}
