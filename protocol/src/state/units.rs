//! The passages of one unit in the one agreed order, and what they come to; whether its ticket is valid is the authority's word.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::Timestamp;

use super::limits::Limits;
use crate::admission::ZoneUse;
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, Stamp, ZoneId};
use crate::record::Passage;

/// Most passages of one unit that one log may hold and that count: far more than any honest ticket makes, and what a
/// device that lies can cost its peers.
pub const MAX_PASSAGES_OF_LOG: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entry,
    Exit,
    Override,
    /// Nobody passed: the scan's reader lets nobody in by it.
    Withdrawal,
}

/// A passage and which way it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    kind: Kind,
    /// Who passed where.
    pub passage: Passage,
}

impl Change {
    /// Makes a passage inwards.
    pub fn entry(passage: Passage) -> Self {
        Self {
            kind: Kind::Entry,
            passage,
        }
    }

    /// Makes a passage outwards.
    pub fn exit(passage: Passage) -> Self {
        Self {
            kind: Kind::Exit,
            passage,
        }
    }

    /// Makes a passage inwards that a supervisor ordered.
    pub fn overridden(passage: Passage) -> Self {
        Self {
            kind: Kind::Override,
            passage,
        }
    }

    /// Makes the withdrawal of a scan by its reader.
    pub fn withdrawn(passage: Passage) -> Self {
        Self {
            kind: Kind::Withdrawal,
            passage,
        }
    }

    /// Tells whether it went inwards.
    pub fn is_entry(&self) -> bool {
        matches!(self.kind, Kind::Entry | Kind::Override)
    }

    /// Tells whether nobody passed, and nobody does by that scan.
    pub fn is_withdrawal(&self) -> bool {
        self.kind == Kind::Withdrawal
    }

    /// Tells whether it is a passage by the rules: neither ordered nor taken back.
    pub fn is_by_rule(&self) -> bool {
        matches!(self.kind, Kind::Entry | Kind::Exit)
    }

    /// Tells whether a supervisor ordered it.
    pub fn is_override(&self) -> bool {
        self.kind == Kind::Override
    }

    /// What two records of one scan have in common. One that says anything else of the scan is a passage of its own, so
    /// that nobody can move or shrink another's by repeating its scan id.
    fn content(&self) -> (ScanId, bool, Generation, GateId, ZoneId, u8) {
        let passage = &self.passage;
        (
            passage.scan,
            self.is_entry(),
            passage.generation,
            passage.gate,
            passage.zone,
            passage.persons,
        )
    }
}

/// A passage that counts, as the replay of a unit's passages comes to it.
pub struct Step<'a> {
    /// Where its record stands.
    pub stamp: &'a Stamp,
    /// What happened.
    pub change: &'a Change,
    /// Whether an earlier record has told of this scan already: then nobody passed anew.
    pub is_twin: bool,
    /// How many people it moved: an exit lets out no more than had come in.
    pub persons: u32,
    /// The use of its zone by what came before.
    pub before: ZoneUse,
}

/// One unit.
#[derive(Debug, Clone, Default)]
pub struct UnitState {
    passages: Vec<(Stamp, Change)>,
}

impl UnitState {
    /// Inserts a passage in order; `false` when its log holds too many of this unit already.
    pub fn insert(&mut self, stamp: Stamp, change: Change) -> bool {
        if !self.has_room(&stamp.origin) {
            return false;
        }
        let at = self.passages.partition_point(|(held, _)| *held < stamp);
        if self.passages.is_empty() {
            // Most tickets are used once: room for more would be most of a replica's memory.
            self.passages.reserve_exact(1);
        }
        self.passages.insert(at, (stamp, change));
        true
    }

    /// Forgets what a log told.
    pub fn forget(&mut self, origin: &Origin) {
        self.passages.retain(|(stamp, _)| stamp.origin != *origin);
    }

    /// Tells whether a log may hold one more passage of this unit.
    pub fn has_room(&self, origin: &Origin) -> bool {
        let of_log = |(stamp, _): &&(Stamp, Change)| stamp.origin == *origin;
        self.passages.len() < MAX_PASSAGES_OF_LOG
            || self.passages.iter().filter(of_log).count() < MAX_PASSAGES_OF_LOG
    }

    /// Gives all passages in order, whether they count or not.
    pub fn passages(&self) -> &[(Stamp, Change)] {
        &self.passages
    }

    /// Tells whether the reader of a scan has withdrawn it.
    pub fn is_withdrawn(&self, scan: ScanId, limits: &Limits) -> bool {
        let withdrawals = self.passages.iter().filter(|(_, change)| change.is_withdrawal());
        withdrawals
            .filter(|(stamp, _)| limits.reach(stamp))
            .any(|(_, change)| change.passage.scan == scan)
    }

    /// Gives the passages that count, in order. What was let in by a scan that its reader has withdrawn does not: nobody came
    /// in, whatever others wrote down. A supervisor's word on such a scan stands.
    pub fn counting<'a>(
        &'a self,
        limits: &'a Limits,
    ) -> impl DoubleEndedIterator<Item = &'a (Stamp, Change)> {
        let withdrawals = self.passages.iter().filter(|(_, change)| change.is_withdrawal());
        let withdrawals = withdrawals.filter(|(stamp, _)| limits.reach(stamp));
        let withdrawn: BTreeSet<_> = withdrawals.map(|(_, change)| change.passage.scan).collect();
        self.passages.iter().filter(move |(stamp, change)| {
            let is_withdrawn = || withdrawn.contains(&change.passage.scan);
            !change.is_withdrawal() && limits.count(stamp, change) && !(change.is_by_rule() && is_withdrawn())
        })
    }

    /// Goes through the passages that count, in order. `day_of` gives the local day of a moment.
    pub fn replay<'a>(
        &'a self,
        limits: &'a Limits,
        day_of: impl Fn(Timestamp) -> i32,
        mut see: impl FnMut(Step<'a>),
    ) {
        let mut uses: BTreeMap<ZoneId, ZoneUse> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let is_single = self.passages.len() == 1;
        for (stamp, change) in self.counting(limits) {
            let used = uses.entry(change.passage.zone).or_default();
            let is_twin = !is_single && !seen.insert(change.content());
            let (before, day) = (*used, day_of(stamp.hlc.time()));
            let persons = pass(used, change, (is_twin, day));
            see(Step {
                stamp,
                change,
                is_twin,
                persons,
                before,
            });
        }
    }

    /// Sums up the use of a zone, for a scan on that day. Where the last entry lies on a later day, all entries since the
    /// scan's day count as that day's: a device that lies must not give a day back by opening a later one.
    pub fn used(
        &self,
        zone: ZoneId,
        limits: &Limits,
        day_of: impl Fn(Timestamp) -> i32,
        today: i32,
    ) -> ZoneUse {
        let mut used = ZoneUse::default();
        self.replay(limits, &day_of, |step| {
            if step.change.passage.zone == zone {
                used = step.before;
                pass(
                    &mut used,
                    step.change,
                    (step.is_twin, day_of(step.stamp.hlc.time())),
                );
            }
        });
        if used.day > today {
            used.admitted_that_day = self.admitted_since(zone, limits, |at| day_of(at) >= today);
        }
        used
    }

    /// Counts the people who went in at such times; two records of one scan are the same people.
    fn admitted_since(&self, zone: ZoneId, limits: &Limits, counts: impl Fn(Timestamp) -> bool) -> u32 {
        let entries = self.counting(limits).filter(|(stamp, change)| {
            let is_entry = change.is_entry() && change.passage.zone == zone;
            is_entry && counts(stamp.hlc.time())
        });
        let scans: BTreeMap<_, _> = entries
            .map(|(_, change)| (change.content(), u32::from(change.passage.persons)))
            .collect();
        scans.into_values().fold(0, u32::saturating_add)
    }

    /// Gives when and where people last went in.
    pub fn last_entry(&self, zone: ZoneId, limits: &Limits) -> Option<(Hlc, GateId)> {
        let mut counting = self.counting(limits).rev();
        let last = counting.find(|(_, change)| change.is_entry() && change.passage.zone == zone)?;
        Some((last.0.hlc, last.1.passage.gate))
    }
}

/// Counts one passage and gives how many people it moved. A second record of one scan moves nobody, but where it tells of a
/// later day, that day counts as used too: a device whose clock lies must not open a day by repeating what others wrote.
fn pass(used: &mut ZoneUse, change: &Change, (is_twin, day): (bool, i32)) -> u32 {
    let persons = u32::from(change.passage.persons);
    if !change.is_entry() {
        let inside = used.admitted.saturating_sub(used.exited);
        let out = if is_twin { 0 } else { persons.min(inside) };
        used.exited = used.exited.saturating_add(out);
        return out;
    }
    match day.cmp(&used.day) {
        std::cmp::Ordering::Greater => (used.day, used.admitted_that_day) = (day, persons),
        std::cmp::Ordering::Equal if !is_twin => {
            used.admitted_that_day = used.admitted_that_day.saturating_add(persons);
        }
        std::cmp::Ordering::Equal | std::cmp::Ordering::Less => {}
    }
    if is_twin {
        return 0;
    }
    used.admitted = used.admitted.saturating_add(persons);
    persons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{Seq, TierId, Unit};

    #[test]
    fn a_ticket_that_is_used_once_takes_no_room_for_more() {
        let passage = Passage {
            scan: ScanId([1; 16]),
            unit: Unit(7),
            generation: Generation(1),
            tier: TierId(1),
            admits: 1,
            persons: 1,
            gate: GateId(1),
            zone: ZoneId(1),
        };
        let stamp = Stamp {
            hlc: Hlc::default(),
            origin: usher_keys::PublicKey([1; 32]),
            seq: Seq(1),
        };
        let mut unit = UnitState::default();
        unit.insert(stamp, Change::entry(passage));
        assert_eq!(unit.passages.capacity(), 1);
    }
}
