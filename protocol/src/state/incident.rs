//! Contradictions found after merging: derived from the records, so each replica reports each exactly once; resolving them is people's.

use usher_keys::Timestamp;

use super::State;
use super::units::UnitState;
use crate::admission::entries_left;
use crate::ident::{GateId, Generation, Origin, Seq, Stamp, Unit, ZoneId};
use crate::policy::Policy;

/// A contradiction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Incident {
    /// A ticket let in more people than it admits; one incident for each passage too many, named by that passage.
    DoubleAdmission {
        /// The unit.
        unit: Unit,
        /// The generation that was read.
        generation: Generation,
        /// The zone.
        zone: ZoneId,
        /// The passage too many.
        second: Stamp,
        /// The gate of the passage too many.
        second_gate: GateId,
        /// When and where people went in before, if known.
        first: Option<(Timestamp, GateId)>,
    },
    /// An origin has two histories: a copied or restored device.
    Forked {
        /// The origin.
        origin: Origin,
    },
    /// A log says what its writer cannot prove or may not say: a stolen or broken device. Named by the first such record.
    FalseRecord {
        /// The origin.
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

    /// Replays the unit's passages by its tier's entry rule and reports each that the rule would not have allowed.
    fn find_doubles(&self, unit: Unit, state: &UnitState, policy: &Policy, found: &mut Vec<Incident>) {
        let mut firsts: Vec<(ZoneId, (Timestamp, GateId))> = Vec::new();
        state.replay(
            &self.limits,
            |at| policy.day(at),
            |step| {
                let passage = &step.change.passage;
                let day = policy.day(step.stamp.hlc.time());
                let Some(tier) = policy.tier(passage.tier) else {
                    return;
                };
                if step.is_twin || !step.change.is_entry() {
                    return;
                }
                let first = firsts.iter().position(|(zone, _)| *zone == passage.zone);
                let left = entries_left(tier.entry, u32::from(passage.admits), &step.before, day);
                if left < u32::from(passage.persons) && !step.change.is_override() {
                    found.push(Incident::DoubleAdmission {
                        unit,
                        generation: passage.generation,
                        zone: passage.zone,
                        second: *step.stamp,
                        second_gate: passage.gate,
                        first: first.map(|at| firsts[at].1),
                    });
                }
                let last = (passage.zone, (step.stamp.hlc.time(), passage.gate));
                match first {
                    Some(at) => firsts[at] = last,
                    None => firsts.push(last),
                }
            },
        );
    }
}
