//! The state in its smallest canonical form: what a checkpoint carries and what a digest covers; details of old passages are left out.

use std::collections::{BTreeMap, BTreeSet};

use bincode::{Decode, Encode};
use roaring::RoaringBitmap;
use usher_keys::{DeviceIdentity, EventId, PublicKey, Timestamp, codec};

use super::units::{Change, Standing};
use super::{Counts, State};
use crate::admission::ZoneUse;
use crate::ident::{Generation, Hlc, Origin, Seq, Stamp, Unit, ZoneId};
use crate::log::{Contradiction, Hash};
use crate::policy::Policy;
use crate::record::Passage;

/// Most members of all the unit sets of a summary together: a million units used in four zones. A few bytes of bitmap can
/// name four billion units, so this bounds what reading a summary costs.
pub const MAX_SET_MEMBERS: u64 = 4_000_000;

/// A set of units as a serialized roaring bitmap.
///
/// **Source**: the Roaring format specification, portable 32-bit form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct UnitSet(Vec<u8>);

impl UnitSet {
    fn new(units: &RoaringBitmap) -> Self {
        let mut units = units.clone();
        units.optimize();
        let mut bytes = Vec::with_capacity(units.serialized_size());
        units
            .serialize_into(&mut bytes)
            .expect("writing into memory cannot fail");
        Self(bytes)
    }

    /// Reads the units back; nothing for bytes that are no bitmap, which [`Summary::is_readable`] finds out beforehand.
    fn read(&self) -> RoaringBitmap {
        RoaringBitmap::deserialize_from(self.0.as_slice()).unwrap_or_default()
    }

    fn count(&self) -> Option<u64> {
        let units = RoaringBitmap::deserialize_from(self.0.as_slice()).ok()?;
        Some(units.len())
    }
}

/// Whether a passage went in, out, or in by a supervisor's order: the wire form of a recent passage's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum Way {
    In,
    Out,
    Overridden,
}

/// The state, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Summary {
    policy: Option<(u32, Stamp, Policy)>,
    rosters: Vec<(u32, Stamp, Vec<PublicKey>)>,
    adopted: BTreeMap<PublicKey, u32>,
    retired: BTreeSet<PublicKey>,
    devices: Vec<(Stamp, DeviceIdentity)>,
    revoked_devices: BTreeSet<PublicKey>,
    forks: Vec<(Origin, Seq, [Hash; 2])>,
    generations: BTreeMap<Unit, Generation>,
    revoked: UnitSet,
    used: Vec<(ZoneId, ZoneUse, UnitSet)>,
    recent: Vec<(Stamp, Way, Passage)>,
    occupancy: BTreeMap<ZoneId, i64>,
    counts: Counts,
}

impl Summary {
    /// Sums up a state. Passages from `recent_from` on are kept whole, so that a late second record of the same scan is
    /// still recognised as one; `None` keeps none.
    pub fn of(state: &State, recent_from: Option<Hlc>) -> Self {
        let mut revoked = RoaringBitmap::new();
        let mut used: BTreeMap<(ZoneId, ZoneUse), RoaringBitmap> = BTreeMap::new();
        let mut recent = Vec::new();
        for (id, unit) in &state.units {
            if unit.is_revoked() {
                revoked.insert(id.0);
            }
            for zone in unit.zones() {
                let sum = unit.used_before(zone, recent_from, |at| {
                    state.policy().map_or(0, |(_, p)| p.day(at))
                });
                if sum != ZoneUse::default() {
                    used.entry((zone, sum)).or_default().insert(id.0);
                }
            }
            let kept = unit
                .passages()
                .iter()
                .filter(|(stamp, _)| recent_from.is_some_and(|from| stamp.hlc >= from));
            recent.extend(kept.map(|(stamp, change)| (*stamp, way(change), change.passage.clone())));
        }
        let one = Generation(1);
        Self {
            policy: state.policy.clone(),
            rosters: rosters(state),
            adopted: state.rosters.adopted().clone(),
            retired: state.rosters.retired().clone(),
            devices: state.devices.values().cloned().collect(),
            revoked_devices: state.revoked_devices.clone(),
            forks: state
                .forks
                .values()
                .map(|fork| (fork.origin, fork.seq, fork.hashes))
                .collect(),
            generations: state
                .units
                .iter()
                .map(|(id, u)| (*id, u.newest()))
                .filter(|(_, g)| *g > one)
                .collect(),
            revoked: UnitSet::new(&revoked),
            used: used
                .iter()
                .map(|((zone, sum), units)| (*zone, *sum, UnitSet::new(units)))
                .collect(),
            recent,
            occupancy: state
                .occupancy
                .iter()
                .filter(|(_, n)| **n != 0)
                .map(|(zone, n)| (*zone, *n))
                .collect(),
            counts: state.counts.clone(),
        }
    }

    /// Tells whether every unit set is a bitmap and all together are within [`MAX_SET_MEMBERS`].
    pub(crate) fn is_readable(&self) -> bool {
        let sets = self.used.iter().map(|(_, _, units)| units);
        let mut counts = sets.chain([&self.revoked]).map(UnitSet::count);
        let total = counts.try_fold(0, |total: u64, count| total.checked_add(count?));
        total.is_some_and(|total| total <= MAX_SET_MEMBERS)
    }

    /// Gives a clock reading after all that is summed up at that time and plausible then.
    pub(crate) fn clock(&self, at: Timestamp) -> Hlc {
        let begin = Hlc { ms: at.0, count: 0 };
        let readings = self.recent.iter().map(|(stamp, _, _)| stamp.hlc);
        readings.fold(begin, |clock, reading| clock.hear(reading, at))
    }

    /// Gives from when on at most so many passages of a state are kept whole: `earliest`, or later where there are more.
    pub(crate) fn recent_from(state: &State, earliest: Hlc, most: usize) -> Hlc {
        let passages = state.units.values().flat_map(|unit| unit.passages());
        let readings = passages.map(|(stamp, _)| stamp.hlc);
        let mut recent: Vec<_> = readings.filter(|hlc| *hlc >= earliest).collect();
        match recent.len().checked_sub(most) {
            None | Some(0) => earliest,
            Some(too_many) => *recent.select_nth_unstable(too_many).1,
        }
    }

    /// Gives the state a replica starts from.
    pub fn into_state(self, event: EventId) -> State {
        let mut state = State::new(event);
        state.policy = self.policy;
        for (epoch, stamp, hubs) in self.rosters {
            state.apply_roster(epoch, stamp, hubs);
        }
        for (hub, epoch) in self.adopted {
            state.rosters.adopt(hub, epoch);
        }
        for hub in self.retired {
            state.rosters.retire(hub);
        }
        for (stamp, identity) in self.devices {
            state.apply_device(stamp, identity);
        }
        state.revoked_devices = self.revoked_devices;
        for (origin, seq, hashes) in self.forks {
            state.freeze(Contradiction { origin, seq, hashes });
        }
        for (unit, generation) in self.generations {
            state.unit(unit).hear_of(generation);
        }
        for unit in self.revoked.read() {
            let unit = state.unit(Unit(unit));
            let generation = unit.newest().max(Generation(1));
            unit.stand(Standing {
                generation,
                stamp: None,
                revoked: true,
            });
        }
        for (zone, used, units) in self.used {
            for unit in units.read() {
                let unit = state.unit(Unit(unit));
                unit.hear_of(Generation(1));
                unit.set_base(zone, used);
            }
        }
        for (stamp, way, passage) in self.recent {
            state.pass(stamp, change(way, passage));
        }
        // Totals count the recent passages already.
        state.occupancy = self.occupancy;
        state.counts = self.counts;
        state
    }
}

impl State {
    /// Hashes the state: replicas with the same records have the same digest, whether or not they began at a checkpoint.
    pub fn digest(&self) -> Hash {
        *blake3::hash(&codec::encode(&Summary::of(self, None))).as_bytes()
    }
}

fn rosters(state: &State) -> Vec<(u32, Stamp, Vec<PublicKey>)> {
    let all = state.rosters.all().iter();
    all.filter_map(|(epoch, hubs)| Some((*epoch, *state.roster_stamps.get(epoch)?, hubs.clone())))
        .collect()
}

fn way(change: &Change) -> Way {
    match (change.is_override(), change.is_entry()) {
        (true, _) => Way::Overridden,
        (false, true) => Way::In,
        (false, false) => Way::Out,
    }
}

fn change(way: Way, passage: Passage) -> Change {
    match way {
        Way::In => Change::entry(passage),
        Way::Out => Change::exit(passage),
        Way::Overridden => Change::overridden(passage),
    }
}
