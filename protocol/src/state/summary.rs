//! The state in its one canonical form, whole: what a checkpoint carries and what a digest covers; the codes behind passages are left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{Decode, Encode};
use usher_keys::{Timestamp, codec};

use super::State;
use super::passage_change::PassageChange;
use super::rulings::Rulings;
use super::writers::DeviceWriter;
use crate::fork::Contradiction;
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, Seq, Stamp, TierId, Unit, ZoneId};
use crate::log::Hash;
use crate::record::{Counterpart, Passage};
use crate::trust::Trust;

/// What a passage did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
enum PassageKind {
    In,
    Out,
    Overridden,
    Withdrawn,
    Matched,
    Annulled,
    Undone,
}

/// A passage in some 40 bytes; its writer is an index into [`Summary::origins`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct PassageRow {
    writer: u32,
    seq: Seq,
    hlc: Hlc,
    kind: PassageKind,
    scan: ScanId,
    generation: Generation,
    tier: TierId,
    admits: u8,
    persons: u8,
    gate: GateId,
    zone: ZoneId,
    /// How much later than the log's clock it was judged, in milliseconds: mostly nothing, and then short.
    later_ms: i64,
    counterparts: Vec<Counterpart>,
}

/// The state, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Summary {
    /// The authority whose word counts, and its word.
    authority: Option<(Origin, Rulings)>,
    writers: BTreeMap<Origin, DeviceWriter>,
    forks: Vec<Contradiction>,
    false_records: BTreeMap<Origin, Seq>,
    /// The writers of passages, in order.
    origins: Vec<Origin>,
    passages: Vec<(Unit, Vec<PassageRow>)>,
}

impl Summary {
    /// Sums up a state.
    pub fn of(state: &State) -> Self {
        Self::of_those(state, |_| true)
    }

    /// Sums up a state with those passages that are meant.
    fn of_those(state: &State, is_meant: impl Fn(&Stamp) -> bool) -> Self {
        let mut indices = BTreeMap::new();
        let units = state.passages.units().map(|(id, unit)| {
            let meant = unit.passages().iter().filter(|(stamp, _)| is_meant(stamp));
            (*id, meant.collect::<Vec<_>>())
        });
        let units: Vec<_> = units.filter(|(_, passages)| !passages.is_empty()).collect();
        for (_, passages) in &units {
            indices.extend(passages.iter().map(|(stamp, _)| (stamp.origin, 0)));
        }
        for (index, place) in (0..).zip(indices.values_mut()) {
            *place = index;
        }
        let row = |(stamp, change): &(Stamp, PassageChange)| row(indices[&stamp.origin], stamp, change);
        let passages = units.iter();
        let passages = passages.map(|(id, passages)| (*id, passages.iter().copied().map(row).collect()));
        let in_force = state.in_force.as_ref();
        Self {
            authority: in_force.and_then(|key| Some((*key, state.authorities.get(key)?.clone()))),
            writers: state.writers.clone(),
            forks: state.forks.values().copied().collect(),
            false_records: state
                .false_records()
                .map(|(origin, seq)| (*origin, *seq))
                .collect(),
            passages: passages.collect(),
            origins: indices.into_keys().collect(),
        }
    }

    /// Returns the authority whose word is summed up.
    pub(crate) fn authority(&self) -> Option<&Origin> {
        self.authority.as_ref().map(|(authority, _)| authority)
    }

    /// Leaves the authority's word out.
    pub(crate) fn forget_authority(&mut self) {
        self.authority = None;
    }

    /// Tells whether every passage has a writer, and nothing is there twice.
    pub(crate) fn is_sound(&self) -> bool {
        let has_writer = |row: &PassageRow| (row.writer as usize) < self.origins.len();
        self.origins.is_sorted_by(|a, b| a < b)
            && self.passages.is_sorted_by(|(a, _), (b, _)| a < b)
            && self.passages.iter().all(|(_, rows)| rows.iter().all(has_writer))
    }

    /// Returns a clock reading after all that is summed up, as far as it is plausible at that time.
    pub(crate) fn clock(&self, begin: Hlc) -> Hlc {
        let rows = self.passages.iter().flat_map(|(_, rows)| rows);
        rows.fold(begin, |clock, row| clock.hear(row.hlc, begin.time()))
    }

    /// Returns the state a replica starts from.
    pub fn into_state(self, trust: Arc<Trust>) -> State {
        let mut state = State::new(trust);
        state.authorities = self.authority.into_iter().collect();
        state.writers = self.writers;
        state.forks = self.forks.into_iter().map(|fork| (fork.origin, fork)).collect();
        state.false_records = self.false_records;
        state.refresh();
        for (unit, rows) in self.passages {
            for row in rows {
                let Some(origin) = self.origins.get(row.writer as usize) else {
                    continue;
                };
                let (stamp, change) = taken_apart(unit, *origin, row);
                state.passages.insert(stamp, change, &state.limits);
            }
        }
        state.sum_up();
        state
    }
}

impl State {
    /// Hashes what counts of the state: replicas with the same records have the same digest, whether or not they began at a checkpoint, and
    /// whatever they keep of logs beyond their cuts.
    pub fn digest(&self) -> Hash {
        let summary = Summary::of_those(self, |stamp| self.limits.reach(stamp));
        *blake3::hash(&codec::encode(&summary)).as_bytes()
    }
}

fn row(writer: u32, stamp: &Stamp, change: &PassageChange) -> PassageRow {
    let passage = &change.passage;
    PassageRow {
        writer,
        seq: stamp.seq,
        hlc: stamp.hlc,
        kind: match change.is_entry() {
            _ if change.is_annulment() => PassageKind::Annulled,
            _ if change.is_undo() => PassageKind::Undone,
            _ if change.takes_back() => PassageKind::Withdrawn,
            _ if change.is_match() => PassageKind::Matched,
            _ if change.is_override() => PassageKind::Overridden,
            true => PassageKind::In,
            false => PassageKind::Out,
        },
        scan: passage.scan,
        generation: passage.generation,
        tier: passage.tier,
        admits: passage.admits,
        persons: passage.persons,
        gate: passage.gate,
        zone: passage.zone,
        later_ms: passage.at.0.wrapping_sub(stamp.hlc.ms).cast_signed(),
        counterparts: passage.counterparts.clone(),
    }
}

fn taken_apart(unit: Unit, origin: Origin, row: PassageRow) -> (Stamp, PassageChange) {
    let stamp = Stamp {
        hlc: row.hlc,
        origin,
        seq: row.seq,
    };
    let passage = Passage {
        scan: row.scan,
        unit,
        generation: row.generation,
        tier: row.tier,
        admits: row.admits,
        persons: row.persons,
        gate: row.gate,
        zone: row.zone,
        at: Timestamp(row.hlc.ms.wrapping_add(row.later_ms.cast_unsigned())),
        counterparts: row.counterparts,
    };
    let change = match row.kind {
        PassageKind::In => PassageChange::entry(passage),
        PassageKind::Out => PassageChange::exit(passage),
        PassageKind::Overridden => PassageChange::overridden(passage),
        PassageKind::Withdrawn => PassageChange::withdrawn(passage),
        PassageKind::Matched => PassageChange::matched(passage),
        PassageKind::Annulled => PassageChange::annulled(passage),
        PassageKind::Undone => PassageChange::undone(passage),
    };
    (stamp, change)
}
