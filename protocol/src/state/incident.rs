//! Contradictions found after merging: derived from the records, so each replica reports each exactly once; resolving them is people's.

use usher_keys::Timestamp;

use super::State;
use super::units::{self, UnitState};
use crate::admission::entries_left;
use crate::ident::{GateId, Generation, Origin, Stamp, Unit, ZoneId};
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
}

impl State {
    /// Finds every contradiction in the records, in a fixed order.
    pub fn incidents(&self) -> Vec<Incident> {
        let mut incidents: Vec<_> = self
            .forks
            .keys()
            .map(|origin| Incident::Forked { origin: *origin })
            .collect();
        if let Some((_, policy)) = self.policy() {
            for unit in &self.busy_units {
                if let Some(state) = self.units.get(unit) {
                    doubles(*unit, state, policy, &mut incidents);
                }
            }
        }
        incidents.sort();
        incidents
    }
}

/// Replays the unit's passages by its tier's entry rule and reports each that the rule would not have allowed.
fn doubles(unit: Unit, state: &UnitState, policy: &Policy, found: &mut Vec<Incident>) {
    for zone in state.zones() {
        let mut used = state.base(zone);
        let mut first = None;
        for (stamp, change) in state
            .passages()
            .iter()
            .filter(|(_, change)| change.passage.zone == zone)
        {
            let passage = &change.passage;
            let day = policy.day(stamp.hlc.time());
            if let (true, Some(tier)) = (change.is_entry(), policy.tier(passage.tier)) {
                let left = entries_left(tier.entry, u32::from(passage.admits), &used, day);
                if left < u32::from(passage.persons) && !change.is_override() {
                    found.push(Incident::DoubleAdmission {
                        unit,
                        generation: passage.generation,
                        zone,
                        second: *stamp,
                        second_gate: passage.gate,
                        first,
                    });
                }
                first = Some((stamp.hlc.time(), passage.gate));
            }
            units::count(&mut used, change, day);
        }
    }
}
