//! What counts: how far each log does, and how gates and zones lie to each other. What does not count is kept and relayed, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::Timestamp;

use super::passage_change::PassageChange;
use crate::clock::AGREEMENT_MS;
use crate::ident::{GateId, Origin, Seq, Stamp, ZoneId};
use crate::policy::{MAX_LEVELS, Policy, time_slot_at};
use crate::record::Count;

/// The last record that counts, of each log that does not count as a whole, and where the gates lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    last: BTreeMap<Origin, Seq>,
    /// The zone behind each gate, and the one that it leads out of at the same time.
    gates: BTreeMap<GateId, (ZoneId, Option<ZoneId>)>,
    /// The zone around each zone that lies in one.
    around: BTreeMap<ZoneId, ZoneId>,
    /// The length of slots, in minutes, of each zone that lets in only so many people in each, with the offset they go by.
    slots: BTreeMap<ZoneId, (u16, i16)>,
    /// The last count of each zone in which people were counted.
    counts: BTreeMap<ZoneId, CountInForce>,
    /// The hubs of every roster so far.
    hubs: BTreeSet<Origin>,
}

/// The count of a zone by which what records say of the time before is corrected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountInForce {
    pub count: Count,
    /// Whose log says so.
    pub by: Origin,
}

impl CountInForce {
    /// Tells whether a passage was counted, so that it changes nothing any more. Logs that the count does not name go by the
    /// judges' time; what clocks leave in doubt leaves people in rather than out.
    pub fn covers(&self, stamp: &Stamp, change: &PassageChange) -> bool {
        let Count { at, heard, .. } = &self.count;
        // A record whose logs are out of order counts for nothing.
        let named = heard.binary_search_by_key(&stamp.origin, |(origin, _)| *origin);
        match named.ok().map(|at| heard[at].1) {
            Some(last) => stamp.seq <= last,
            None if change.is_exit() => change.passage.at <= at.plus_ms(AGREEMENT_MS),
            None => change.passage.at.plus_ms(AGREEMENT_MS) <= *at,
        }
    }
}

impl Limits {
    /// Takes the limits of logs, and the policy in force.
    pub fn new(last: impl IntoIterator<Item = (Origin, Seq)>, policy: Option<&Policy>) -> Self {
        let gates = policy.into_iter().flat_map(|policy| &policy.gates);
        let zones = || policy.into_iter().flat_map(|policy| &policy.zones);
        let offset = policy.map_or(0, |policy| policy.utc_offset_minutes);
        let slots = zones().filter_map(|zone| Some((zone.id, (zone.time_slots?.minutes, offset))));
        Self {
            last: last.into_iter().collect(),
            gates: gates.map(|gate| (gate.id, (gate.zone, gate.leaves))).collect(),
            around: zones().filter_map(|zone| Some((zone.id, zone.inside?))).collect(),
            slots: slots.collect(),
            counts: BTreeMap::new(),
            hubs: BTreeSet::new(),
        }
    }

    /// Takes the hubs of every roster so far.
    #[must_use]
    pub fn with_hubs(self, hubs: BTreeSet<Origin>) -> Self {
        Self { hubs, ..self }
    }

    /// Takes the counts in force.
    #[must_use]
    pub fn with_counts(self, counts: BTreeMap<ZoneId, CountInForce>) -> Self {
        Self { counts, ..self }
    }

    /// Returns the counts in force.
    pub fn counts(&self) -> &BTreeMap<ZoneId, CountInForce> {
        &self.counts
    }

    /// Returns the last record of a log that counts.
    pub fn of(&self, origin: &Origin) -> Seq {
        self.last.get(origin).copied().unwrap_or(Seq(u64::MAX))
    }

    /// Tells whether a record counts as far as its log does.
    pub fn reach(&self, stamp: &Stamp) -> bool {
        self.last.is_empty() || stamp.seq <= self.of(&stamp.origin)
    }

    /// Tells whether a passage counts. An exit gives a place back only in the zone that its gate leads out of, or a device
    /// of one gate could give back the places of all; an entry counts where it says, because that never lets anyone in.
    pub fn count(&self, stamp: &Stamp, change: &PassageChange) -> bool {
        self.reach(stamp) && (change.is_entry() || self.is_in_place(change))
    }

    /// Tells whether a passage's gate leads into the zone that it says. Only from there do people go on to another zone: a device of
    /// one gate could else say that they are in any zone, and have copies of their tickets let in out of it.
    pub fn is_in_place(&self, change: &PassageChange) -> bool {
        let behind = self.gates.get(&change.passage.gate).map(|(zone, _)| *zone);
        behind == Some(change.passage.zone)
    }

    /// Tells whether a device is a hub of any roster so far.
    pub fn is_hub(&self, device: &Origin) -> bool {
        self.hubs.contains(device)
    }

    /// Returns when the slot began that a moment belongs to, of a zone that lets in only so many people in each.
    pub fn time_slot(&self, zone: ZoneId, at: Timestamp) -> Option<Timestamp> {
        let (minutes, offset) = self.slots.get(&zone)?;
        Some(time_slot_at(*minutes, *offset, at).from)
    }

    /// Returns the zone that people leave who enter by this gate.
    pub fn leaves(&self, gate: GateId) -> Option<ZoneId> {
        self.gates.get(&gate)?.1
    }

    /// Returns how many other zones a zone lies in.
    pub fn level(&self, zone: ZoneId) -> u8 {
        let depth = self.outwards(zone).count().saturating_sub(1);
        u8::try_from(depth).unwrap_or(u8::MAX)
    }

    /// Tells whether a zone is another or lies in it.
    pub fn lies_in(&self, zone: ZoneId, outer: ZoneId) -> bool {
        self.outwards(zone).any(|zone| zone == outer)
    }

    /// Returns a zone and those around it.
    pub fn outwards(&self, zone: ZoneId) -> impl Iterator<Item = ZoneId> {
        let outwards = std::iter::successors(Some(zone), |zone| self.around.get(zone).copied());
        outwards.take(MAX_LEVELS)
    }
}
