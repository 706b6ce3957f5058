//! Zones that let in only so many people in each slot of time: drawing them, and checking that no slot ever holds more arrivals than it has: promise 12.

use std::collections::BTreeMap;

use usher_keys::Timestamp;
use usher_protocol::admission::{Reason, Referral, Verdict};
use usher_protocol::policy::{Policy, TimeSlots};
use usher_protocol::record::{Body, PlacesOf};
use usher_protocol::{ScanId, ZoneId};

use super::node::NodeId;
use super::random::Random;
use super::scans::Job;
use super::shape::Kind;
use super::world::{CLOUD, World};

/// In how many of a hundred runs zones have slots.
const SLOTS_PERCENT: u64 = 20;
/// Lengths of slots, in minutes: short ones, so that clocks a little apart tell different ones.
const LENGTHS_MINUTES: [u16; 3] = [5, 15, 60];

/// What the observer knows of the people who went into zones within slots of time.
#[derive(Debug, Default)]
pub struct SlotWatch {
    /// Within which slot a scan was recorded, by its beginning; nothing where two records of it tell different ones.
    recorded: BTreeMap<ScanId, Option<Timestamp>>,
    /// How many people went into a zone within the slot that began then.
    arrivals: BTreeMap<(ZoneId, Timestamp), u32>,
}

impl World {
    /// In some runs zones let in fewer people within a slot than come. Drawn apart, so that nothing else changes with it.
    pub fn draw_slots(&self, policy: &mut Policy, seed: u64) {
        let mut chance = Random::new(seed ^ 0x736c_6f74);
        if !self.shape.has(Kind::Slots) || !chance.percent(SLOTS_PERCENT) {
            return;
        }
        for zone in &mut policy.zones {
            let minutes = LENGTHS_MINUTES[chance.index(LENGTHS_MINUTES.len())];
            let persons = u32::try_from(chance.between(3, 25)).expect("few");
            let slots = TimeSlots { minutes, persons };
            zone.time_slots = chance.percent(70).then_some(slots);
        }
    }

    /// Returns how many people a zone lets in within the slot of a moment, and when that began.
    fn slot_at(&self, zone: ZoneId, at: Timestamp) -> Option<(u32, Timestamp)> {
        let (_, policy) = self.nodes[CLOUD].ledger.state().policy()?;
        let (limit, slot) = policy.time_slot(zone, at)?;
        Some((limit.persons, slot.from))
    }

    /// Tells whether a refusal speaks of another slot than the one that runs: clocks that agree may be on both sides of a slot's end, and
    /// hubs whose clocks tell different slots cannot help each other.
    pub fn is_of_another_slot(&self, zone: ZoneId, verdict: Option<Verdict>) -> bool {
        let policy = self.nodes[CLOUD].ledger.state().policy();
        let slot = |at| policy.and_then(|(_, policy)| policy.time_slot(zone, at));
        match verdict {
            Some(Verdict::Deny(Reason::TimeSlotFull { until, .. })) => {
                slot(Timestamp(self.now)).is_some_and(|(_, slot)| slot.until != until)
            }
            // Of which slot it is, that hub cannot tell.
            Some(Verdict::Refer(Referral::ClockInDoubt)) => self.hubs().into_iter().any(|hub| {
                let moment = self.nodes[hub].moment(self.now);
                let [first, last] =
                    [moment.earliest, moment.latest].map(|at| slot(at).map(|(_, slot)| slot.from));
                first != last
            }),
            Some(Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_)) | None => false,
        }
    }

    /// Takes note of the slot that a yes is recorded in.
    pub fn note_slot(&mut self, scan: ScanId, body: Option<&Body>) {
        let Some(Body::Admitted(passage)) = body else {
            return;
        };
        let Some((_, slot)) = self.slot_at(passage.zone, passage.at) else {
            return;
        };
        let recorded = &mut self.observer.slots.recorded;
        let kept = recorded.entry(scan).or_insert(Some(slot));
        *kept = kept.filter(|kept| *kept == slot);
    }

    /// Checks that no more people go into a zone within a slot than may: by the records of those who went in, but for those whom
    /// a supervisor let in.
    pub fn check_slot(&mut self, job: &Job, zone: ZoneId) {
        let recorded = self.observer.slots.recorded.get(&job.scan).copied().flatten();
        let Some(slot) = recorded.filter(|_| !job.is_override) else {
            return;
        };
        let Some((persons, _)) = self.slot_at(zone, slot) else {
            return;
        };
        let arrivals = self.observer.slots.arrivals.entry((zone, slot)).or_default();
        *arrivals += u32::from(job.persons.max(1));
        let arrivals = *arrivals;
        assert!(
            self.may_overfill() || arrivals <= persons,
            "{}: {arrivals} people went in within a time slot for {persons}",
            self.place()
        );
    }

    /// Tells whether a zone has slots as a node knows it.
    pub fn has_slots(&self, node: NodeId, zone: ZoneId) -> bool {
        let policy = self.nodes[node].ledger.state().policy();
        policy.is_some_and(|(_, policy)| policy.zone(zone).is_some_and(|zone| zone.time_slots.is_some()))
    }

    /// Tells whether nobody has a place left to give in the slot that one of the hubs is in; or whether their clocks and the
    /// cloud's tell different slots: hubs give only places of the slot that they are in, and one that doubts its clock refers a
    /// ticket that is good by one of them only.
    pub fn is_slot_full(&self, zone: ZoneId) -> bool {
        let asked = self.usable_hubs().into_iter().chain([CLOUD]);
        let now = asked.map(|node| self.nodes[node].clock(self.now));
        let mut slots: Vec<_> = now.filter_map(|now| self.slot_at(zone, now)).collect();
        slots.dedup();
        slots.len() > 1
            || slots
                .iter()
                .any(|(_, slot)| self.is_given_away(zone, PlacesOf::TimeSlot(*slot)))
    }
}
