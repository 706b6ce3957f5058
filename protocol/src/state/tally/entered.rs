//! People who went in by one scan, by all records of it: several may tell of one, and the first of them is not always the truest.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::Timestamp;

use crate::ident::{ScanId, Stamp};
use crate::record::Passage;
use crate::state::limits::Limits;
use crate::state::passage_change::PassageChange;

/// Some people who went in by one scan.
#[derive(Debug, Clone)]
pub struct Entered<'a> {
    /// Where the first record of the scan stands.
    pub stamp: &'a Stamp,
    /// What it says.
    pub change: &'a PassageChange,
    /// The latest moment that any record of the scan tells: whose clock is wrong opens no other day.
    pub latest: Timestamp,
    /// The record by which its places are somebody's: a hub's rather than a scanner's, or any scanner could have others' places free.
    pub charged: (&'a Stamp, &'a PassageChange),
    /// The other moments that records of the scan tell.
    pub(super) also_at: Vec<Timestamp>,
    /// Whether every record of the scan says that a supervisor has ordered it.
    pub(super) is_override: bool,
    /// Whether its gate leads into its zone.
    pub(super) is_in_place: bool,
    /// How deep its zone lies.
    pub(super) level: u8,
    /// Earlier entries that these people's followed, by any record of the scan.
    pub(super) follows: BTreeMap<ScanId, u32>,
    /// How many of the people have left or gone on.
    pub(super) closed: u32,
    /// How many of those who left have come back.
    pub(super) followed: u32,
    /// How many did not follow an entry.
    pub(super) anew: u32,
    /// How many came on from another zone of this level.
    pub(super) moved: u32,
    /// How many follow an entry that was not over, or that others followed before.
    pub(super) too_many: u32,
}

impl<'a> Entered<'a> {
    /// Returns who passed where.
    pub fn passage(&self) -> &Passage {
        &self.change.passage
    }

    /// Returns how many of the people are still in.
    pub fn inside(&self) -> u32 {
        self.persons().saturating_sub(self.closed)
    }

    pub(super) fn persons(&self) -> u32 {
        u32::from(self.passage().persons)
    }

    /// Takes another record of the scan.
    pub(super) fn tell_again(&mut self, (stamp, change): (&'a Stamp, &'a PassageChange), limits: &Limits) {
        let at = change.passage.at;
        self.latest = self.latest.max(at);
        if at != self.passage().at && !self.also_at.contains(&at) {
            self.also_at.push(at);
        }
        self.is_override &= change.is_override();
        if limits.is_hub(&stamp.origin) && !limits.is_hub(&self.charged.0.origin) {
            self.charged = (stamp, change);
        }
    }

    /// Returns the days on which the scan was, by its records.
    pub(super) fn days(&self, day_of: impl Fn(Timestamp) -> i32) -> BTreeSet<i32> {
        let moments = self.also_at.iter().chain([&self.change.passage.at]);
        moments.map(|at| day_of(*at)).collect()
    }
}

/// Makes the entry of a scan of which this is the first record.
pub(super) fn entered<'a>(stamp: &'a Stamp, change: &'a PassageChange, limits: &Limits) -> Entered<'a> {
    Entered {
        stamp,
        change,
        latest: change.passage.at,
        charged: (stamp, change),
        also_at: Vec::new(),
        is_override: change.is_override(),
        is_in_place: limits.is_in_place(change),
        level: limits.level(change.passage.zone),
        follows: BTreeMap::new(),
        closed: 0,
        followed: 0,
        anew: 0,
        moved: 0,
        too_many: 0,
    }
}
