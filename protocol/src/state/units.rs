//! The passages of one unit in the one agreed order, and what they come to; whether its ticket is valid is the authority's word.

use std::collections::BTreeSet;

use usher_keys::Timestamp;

use super::limits::Limits;
use super::passage_change::PassageChange;
use crate::ident::{GateId, Origin, ScanId, Stamp, ZoneId};
use crate::record::Passage;

/// Most passages of one unit that one log may hold and that count: far more than any honest ticket makes, and what a
/// device that lies can cost its peers.
pub const MAX_PASSAGES_OF_LOG: usize = 1_024;
/// How long after a passage whoever read its code, or a turnstile, may take it back, in milliseconds: a mistake is seen at once,
/// and later only a supervisor judges what happened.
pub const ANNUL_WITHIN_MS: u64 = 15 * 60 * 1000;

/// The scans by which nobody passed.
#[derive(Debug, Default)]
struct TakenBack {
    /// Those of which that holds whenever they were.
    for_good: BTreeSet<ScanId>,
    /// Those of which that holds at a gate, whenever they were: a supervisor speaks for the gates of its device.
    at_gates: BTreeSet<(ScanId, GateId)>,
    /// Those of which it was said at those moments, and holds for what was shortly before.
    shortly_after: BTreeSet<(ScanId, Timestamp)>,
}

impl TakenBack {
    fn names(&self, scan: ScanId) -> bool {
        let (first, last) = ((scan, Timestamp(0)), (scan, Timestamp(u64::MAX)));
        let gates = (scan, GateId(0))..=(scan, GateId(u16::MAX));
        self.for_good.contains(&scan)
            || self.at_gates.range(gates).next().is_some()
            || self.shortly_after.range(first..=last).next().is_some()
    }

    fn covers(&self, passage: &Passage) -> bool {
        let (scan, at) = (passage.scan, passage.at.0);
        let first = Timestamp(at.saturating_sub(ANNUL_WITHIN_MS));
        let last = Timestamp(at.saturating_add(ANNUL_WITHIN_MS));
        let mut in_time = self.shortly_after.range((scan, first)..=(scan, last));
        self.for_good.contains(&scan)
            || self.at_gates.contains(&(scan, passage.gate))
            || in_time.next().is_some()
    }
}

/// One unit.
#[derive(Debug, Clone, Default)]
pub struct UnitPassages {
    passages: Vec<(Stamp, PassageChange)>,
}

impl UnitPassages {
    /// Inserts a passage in order; `false` when its log holds too many of this unit already.
    pub fn insert(&mut self, stamp: Stamp, change: PassageChange) -> bool {
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

    /// Forgets what these logs told.
    pub fn forget(&mut self, origins: &BTreeSet<Origin>) {
        self.passages
            .retain(|(stamp, _)| !origins.contains(&stamp.origin));
    }

    /// Tells whether any of its passages is of a zone.
    pub fn is_in(&self, zone: ZoneId) -> bool {
        self.passages
            .iter()
            .any(|(_, change)| change.passage.zone == zone)
    }

    /// Tells whether a log may hold one more passage of this unit.
    pub fn has_room(&self, origin: &Origin) -> bool {
        let of_log = |(stamp, _): &&(Stamp, PassageChange)| stamp.origin == *origin;
        self.passages.len() < MAX_PASSAGES_OF_LOG
            || self.passages.iter().filter(of_log).count() < MAX_PASSAGES_OF_LOG
    }

    /// Returns all passages in order, whether they count or not.
    pub fn passages(&self) -> &[(Stamp, PassageChange)] {
        &self.passages
    }

    /// Tells whether a scan is over: its reader has withdrawn it, or it was annulled. What was said too late for the passage that
    /// is known does not end it.
    pub fn is_taken_back(&self, scan: ScanId, limits: &Limits) -> bool {
        let taken_back = self.taken_back(limits);
        let of_scan = |change: &&PassageChange| change.passage.scan == scan;
        let mut moving = self
            .moving(limits)
            .map(|(_, change)| change)
            .filter(of_scan)
            .peekable();
        match moving.peek() {
            Some(_) => moving.any(|change| taken_back.covers(&change.passage)),
            None => taken_back.names(scan),
        }
    }

    fn taken_back(&self, limits: &Limits) -> TakenBack {
        let words = self.passages.iter().filter(|(_, change)| change.takes_back());
        let mut taken_back = TakenBack::default();
        for (_, change) in words.filter(|(stamp, _)| limits.reach(stamp)) {
            let (scan, at) = (change.passage.scan, change.passage.at);
            if change.is_undo() {
                taken_back.shortly_after.insert((scan, at));
            } else if change.is_annulment() {
                taken_back.at_gates.insert((scan, change.passage.gate));
            } else {
                taken_back.for_good.insert(scan);
            }
        }
        taken_back
    }

    /// Returns the passages that count unless they were taken back.
    fn moving<'a>(
        &'a self,
        limits: &'a Limits,
    ) -> impl DoubleEndedIterator<Item = &'a (Stamp, PassageChange)> {
        self.passages.iter().filter(move |(stamp, change)| {
            let moves_people = !change.takes_back() && !change.is_match();
            moves_people && limits.count(stamp, change)
        })
    }

    /// Returns the passages that count, in order. What was let in by a scan that was withdrawn or annulled does not: nobody came
    /// in, whatever others wrote down.
    pub fn counting<'a>(
        &'a self,
        limits: &'a Limits,
    ) -> impl DoubleEndedIterator<Item = &'a (Stamp, PassageChange)> {
        let taken_back = self.taken_back(limits);
        self.moving(limits)
            .filter(move |(_, change)| !taken_back.covers(&change.passage))
    }

    /// Returns the homes' words that count on which entries exits close.
    pub fn matches<'a>(&'a self, limits: &'a Limits) -> impl Iterator<Item = &'a Passage> {
        let matches = self.passages.iter().filter(|(_, change)| change.is_match());
        let counting = matches.filter(|(stamp, _)| limits.reach(stamp));
        counting.map(|(_, change)| &change.passage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::{Generation, Hlc, Seq, TierId, Unit};

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
            at: Timestamp(0),
            counterparts: Vec::new(),
        };
        let stamp = Stamp {
            hlc: Hlc::default(),
            origin: usher_keys::PublicKey([1; 32]),
            seq: Seq(1),
        };
        let mut unit = UnitPassages::default();
        unit.insert(stamp, PassageChange::entry(passage));
        assert_eq!(unit.passages.capacity(), 1);
    }
}
