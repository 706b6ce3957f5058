//! What counts: how far each log does, and which zone an exit at a gate leaves. What does not count is kept and relayed, and changes nothing.

use std::collections::BTreeMap;

use super::units::Change;
use crate::ident::{GateId, Origin, Seq, Stamp, ZoneId};
use crate::policy::Policy;

/// The last record that counts, of each log that does not count as a whole, and where the gates lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    last: BTreeMap<Origin, Seq>,
    gates: BTreeMap<GateId, ZoneId>,
}

impl Limits {
    /// Takes the limits of logs, and the policy in force.
    pub fn new(last: impl IntoIterator<Item = (Origin, Seq)>, policy: Option<&Policy>) -> Self {
        let gates = policy.into_iter().flat_map(|policy| &policy.gates);
        Self {
            last: last.into_iter().collect(),
            gates: gates.map(|gate| (gate.id, gate.zone)).collect(),
        }
    }

    /// Gives the last record of a log that counts.
    pub fn of(&self, origin: &Origin) -> Seq {
        self.last.get(origin).copied().unwrap_or(Seq(u64::MAX))
    }

    /// Tells whether a record counts as far as its log does.
    pub fn reach(&self, stamp: &Stamp) -> bool {
        self.last.is_empty() || stamp.seq <= self.of(&stamp.origin)
    }

    /// Tells whether a passage counts. An exit gives a place back only in the zone that its gate leads out of, or a device
    /// of one gate could give back the places of all; an entry counts where it says, because that never lets anyone in.
    pub fn count(&self, stamp: &Stamp, change: &Change) -> bool {
        let passage = &change.passage;
        let in_place = || self.gates.get(&passage.gate) == Some(&passage.zone);
        self.reach(stamp) && (change.is_entry() || in_place())
    }
}
