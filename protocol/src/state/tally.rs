//! What the passages of one unit come to: who went in, who of them is still inside, and which entry each later one follows.
//!
//! Nothing here depends on how devices' clocks stand to each other: an exit names the entries it closes, an entry names those
//! that had to be over before it, and the order of records only decides which of several is the one too many.

mod entered;
mod exits;

use std::collections::BTreeMap;

use usher_keys::Timestamp;

pub use entered::Entered;
use entered::entered;

use super::limits::{CountInForce, Limits};
use super::passage_change::PassageChange;
use super::units::UnitPassages;
use crate::admission::LevelUse;
use crate::ident::{GateId, ScanId, Stamp, ZoneId};
use crate::policy::EntryRule;
use crate::record::{Counterpart, Passage};

/// How many entries of one scan others can name, the first ones: an honest scan has one, and each that is named is gone through
/// for each that names it.
const MAX_NAMED_OF_SCAN: usize = 4;

/// Some people who left by one scan.
#[derive(Debug, Clone)]
pub struct Left<'a> {
    /// Where the first record of the scan stands.
    pub stamp: &'a Stamp,
    /// What it says.
    pub change: &'a PassageChange,
    /// The entries it closes, by any record of the scan or the home's word.
    closes: BTreeMap<ScanId, u32>,
    /// How many people of its own zone left by it.
    pub closed: u32,
}

impl Left<'_> {
    /// Returns how many of the people nobody knows an entry of.
    pub fn unmatched(&self) -> u32 {
        u32::from(self.change.passage.persons).saturating_sub(self.closed)
    }
}

/// The sum of a unit's passages.
#[derive(Debug, Clone, Default)]
pub struct Tally<'a> {
    /// The entries, each scan once, in the order of their records.
    pub entries: Vec<Entered<'a>>,
    /// The exits, in the same way.
    pub exits: Vec<Left<'a>>,
    by_scan: BTreeMap<ScanId, Vec<usize>>,
}

impl UnitPassages {
    /// Sums the passages up that count.
    pub fn tally<'a>(&'a self, limits: &'a Limits) -> Tally<'a> {
        Tally::of(self, limits)
    }

    /// Sums up those that were judged until then.
    pub fn tally_until<'a>(&'a self, until: Timestamp, limits: &'a Limits) -> Tally<'a> {
        Tally::over(self, limits, |_, change| change.passage.at <= until)
    }

    /// Sums up those that a count covers.
    pub fn tally_counted<'a>(&'a self, counted: &CountInForce, limits: &'a Limits) -> Tally<'a> {
        Tally::counted(self, counted, limits)
    }
}

impl<'a> Tally<'a> {
    /// Sums up.
    pub fn of(unit: &'a UnitPassages, limits: &'a Limits) -> Self {
        Self::over(unit, limits, |_, _| true)
    }

    /// Sums up what a count covers.
    pub fn counted(unit: &'a UnitPassages, counted: &CountInForce, limits: &'a Limits) -> Self {
        Self::over(unit, limits, |stamp, change| counted.covers(stamp, change))
    }

    /// Sums up those that are meant.
    pub fn over(
        unit: &'a UnitPassages,
        limits: &'a Limits,
        is_meant: impl Fn(&Stamp, &PassageChange) -> bool,
    ) -> Self {
        let mut tally = Self::default();
        tally.gather(unit, limits, is_meant);
        for matched in unit.matches(limits) {
            for exit in &mut tally.exits {
                if exit.change.passage.scan == matched.scan {
                    take_over(&mut exit.closes, &matched.counterparts);
                }
            }
        }
        tally.close(limits);
        tally.follow(limits);
        tally
    }

    fn gather(
        &mut self,
        unit: &'a UnitPassages,
        limits: &'a Limits,
        is_meant: impl Fn(&Stamp, &PassageChange) -> bool,
    ) {
        let mut known = BTreeMap::new();
        let counting = unit.counting(limits);
        for (stamp, change) in counting.filter(|(stamp, change)| is_meant(stamp, change)) {
            let passage = &change.passage;
            let next = if change.is_entry() {
                self.entries.len()
            } else {
                self.exits.len()
            };
            let at = *known.entry(change.content()).or_insert(next);
            if change.is_entry() {
                if at == next {
                    let of_scan = self.by_scan.entry(passage.scan).or_default();
                    if of_scan.len() < MAX_NAMED_OF_SCAN {
                        of_scan.push(at);
                    }
                    self.entries.push(entered(stamp, change, limits));
                }
                let entry = &mut self.entries[at];
                entry.tell_again((stamp, change), limits);
                take_over(&mut entry.follows, &passage.counterparts);
            } else {
                if at == next {
                    self.exits.push(left(stamp, change));
                }
                take_over(&mut self.exits[at].closes, &passage.counterparts);
            }
        }
    }

    /// Lets out whom exits name, no more than the entry brought in and no more of one zone than left.
    fn close(&mut self, limits: &Limits) {
        for exit in &mut self.exits {
            let passage = &exit.change.passage;
            let mut left_in = BTreeMap::<ZoneId, u32>::new();
            for (scan, persons) in &exit.closes {
                for at in self.by_scan.get(scan).into_iter().flatten() {
                    let entry = &mut self.entries[*at];
                    let zone = entry.passage().zone;
                    let left = left_in.entry(zone).or_insert(u32::from(passage.persons));
                    if limits.lies_in(zone, passage.zone) {
                        let out = entry.inside().min(*persons).min(*left);
                        (entry.closed, *left) = (entry.closed + out, *left - out);
                        exit.closed += if zone == passage.zone { out } else { 0 };
                    }
                }
            }
        }
    }

    /// Spends what each entry follows: an entry that is over lets as many people follow as have left, once.
    fn follow(&mut self, limits: &Limits) {
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            let (level, gate, follows) = (entry.level, entry.passage().gate, entry.follows.clone());
            let mut anew = entry.persons();
            let (mut moved, mut too_many) = (0, 0);
            for (scan, persons) in follows {
                for former in self.by_scan.get(&scan).cloned().unwrap_or_default() {
                    let before = &mut self.entries[former];
                    if former == at || before.level != level {
                        continue;
                    }
                    let following = persons.min(anew).min(before.persons());
                    if limits.leaves(gate) == Some(before.passage().zone) && before.is_in_place {
                        // From one zone to the next: the same record says that they have left the one.
                        let leaving = before.inside().min(following);
                        before.closed += leaving;
                        moved += leaving;
                    }
                    let free = before.closed.saturating_sub(before.followed);
                    too_many += following.saturating_sub(free);
                    before.followed += following.min(free);
                    anew -= following;
                }
            }
            let entry = &mut self.entries[at];
            (entry.anew, entry.moved, entry.too_many) = (anew, moved, too_many);
        }
    }

    /// Returns the use of a level for a scan on that day. Whoever is in a zone that lies in another is there too, also when
    /// nothing is known of how they came in there.
    pub fn used(&self, level: u8, day_of: impl Fn(Timestamp) -> i32, today: i32) -> LevelUse {
        let mut levels = BTreeMap::<u8, LevelUse>::new();
        for entry in self.entries.iter().filter(|entry| entry.level >= level) {
            let used = levels.entry(entry.level).or_default();
            let new = entry.persons().saturating_sub(entry.moved);
            used.admitted = used.admitted.saturating_add(new);
            used.inside = used.inside.saturating_add(entry.inside());
            if day_of(entry.latest) >= today {
                used.admitted_since = used.admitted_since.saturating_add(new);
            }
        }
        let most = levels.into_values().reduce(|one, other| LevelUse {
            admitted: one.admitted.max(other.admitted),
            inside: one.inside.max(other.inside),
            admitted_since: one.admitted_since.max(other.admitted_since),
        });
        most.unwrap_or_default()
    }

    /// Returns the people in a zone.
    pub fn inside(&self, zone: ZoneId) -> u32 {
        let there = self.entries.iter().filter(|entry| entry.passage().zone == zone);
        there.map(Entered::inside).fold(0, u32::saturating_add)
    }

    /// Returns the people in a zone who may go on from there.
    pub fn may_leave(&self, zone: ZoneId) -> u32 {
        let there = self.entries_in_place(zone).map(Entered::inside);
        there.fold(0, u32::saturating_add)
    }

    fn entries_in_place(&self, zone: ZoneId) -> impl Iterator<Item = &Entered<'a>> {
        let entries = self.entries.iter();
        entries.filter(move |entry| entry.is_in_place && entry.passage().zone == zone)
    }

    /// Returns when and where people last went in on a level.
    pub fn last_entry(&self, level: u8) -> Option<(Timestamp, GateId)> {
        let last = self.entries.iter().rev().find(|entry| entry.level == level)?;
        Some((last.passage().at, last.passage().gate))
    }

    /// Returns the entries that so many people close who leave a zone, oldest first, with those in the zones inside it.
    pub fn to_close(&self, zone: ZoneId, persons: u8, limits: &Limits) -> Vec<Counterpart> {
        close(self.entries.iter(), (zone, persons), limits)
    }

    /// Returns the entries in another zone from which so many people come on, oldest first.
    pub fn to_leave(&self, zone: ZoneId, persons: u8) -> Vec<Counterpart> {
        let mut left = u32::from(persons);
        let mut leaves = Vec::new();
        for entry in self.entries_in_place(zone) {
            let out = entry.inside().min(left);
            if out > 0 {
                left -= out;
                leaves.push(counterpart(entry.passage().scan, out));
            }
        }
        leaves
    }

    /// Returns the entries that so many people's entry follows: those who are not in for the first time come after somebody left.
    pub fn to_follow(&self, level: u8, (persons, admits): (u8, u8)) -> Vec<Counterpart> {
        let entries = || self.entries.iter().filter(|entry| entry.level == level);
        let first = entries().map(|entry| entry.anew).fold(0, u32::saturating_add);
        let mut left = u32::from(persons).saturating_sub(u32::from(admits).saturating_sub(first));
        let mut follows = Vec::new();
        for entry in entries() {
            let free = entry.closed.saturating_sub(entry.followed).min(left);
            if free > 0 {
                left -= free;
                follows.push(counterpart(entry.passage().scan, free));
            }
        }
        follows
    }

    /// Finds the entries that their tier's rule would not have allowed.
    pub fn doubles(
        &self,
        entry_of: impl Fn(&Passage) -> Option<EntryRule>,
        day_of: impl Fn(Timestamp) -> i32,
    ) -> Vec<usize> {
        let mut firsts = BTreeMap::<u8, u32>::new();
        let mut days = BTreeMap::<(u8, i32), u32>::new();
        let mut found = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let Some(rule) = entry_of(entry.passage()) else {
                continue;
            };
            let admits = u32::from(entry.passage().admits);
            let new = entry.persons().saturating_sub(entry.moved);
            let is_over = |used: &mut u32, most: u32, now: u32| {
                *used = used.saturating_add(now);
                now > 0 && *used > most
            };
            let is_over = match rule {
                EntryRule::Single => is_over(firsts.entry(entry.level).or_default(), admits, new),
                EntryRule::Reentry => is_over(firsts.entry(entry.level).or_default(), admits, entry.anew),
                // On every day that a record tells, or a device that lies could move one of two entries to another day.
                EntryRule::PerDay(times) => {
                    let most = admits.saturating_mul(u32::from(times));
                    let days_of_scan = entry.days(&day_of).into_iter();
                    days_of_scan.fold(false, |any, day| {
                        any | is_over(days.entry((entry.level, day)).or_default(), most, new)
                    })
                }
            };
            if !entry.is_override && (is_over || entry.too_many > 0) {
                found.push(at);
            }
        }
        found
    }

    /// Tells whether another passage follows from a scan's: its people have left, gone on or further in since, or came back
    /// after it.
    pub fn rests_on(&self, scan: ScanId, limits: &Limits) -> bool {
        let mut exits = self.exits.iter();
        let went_further_in = |entry: &Entered| {
            let (zone, mut later) = (
                entry.passage().zone,
                self.entries.iter().filter(|later| later.stamp > entry.stamp),
            );
            later.any(|later| later.level > entry.level && limits.lies_in(later.passage().zone, zone))
        };
        let mut entries = self.entries.iter().filter(|entry| entry.passage().scan == scan);
        let was_left = |entry: &Entered| entry.closed > 0 || went_further_in(entry);
        let came_back = |exit: &Left| {
            let closed = exit.closes.keys().filter_map(|entry| self.by_scan.get(entry));
            let mut closed = closed.flatten().map(|at| &self.entries[*at]);
            exit.change.passage.scan == scan && closed.any(|entry| entry.followed > 0)
        };
        entries.any(was_left) || exits.any(came_back)
    }

    /// Returns the exits of which nobody knows an entry.
    pub fn unmatched(&self) -> impl Iterator<Item = &Left<'a>> {
        self.exits.iter().filter(|exit| exit.unmatched() > 0)
    }
}

fn left<'a>(stamp: &'a Stamp, change: &'a PassageChange) -> Left<'a> {
    Left {
        stamp,
        change,
        closes: BTreeMap::new(),
        closed: 0,
    }
}

/// Names the entries that so many people close who leave a zone, oldest first, with those in the zones inside it.
fn close<'a, 'b: 'a>(
    entries: impl Iterator<Item = &'a Entered<'b>>,
    (zone, persons): (ZoneId, u8),
    limits: &Limits,
) -> Vec<Counterpart> {
    let mut left_in = BTreeMap::<ZoneId, u32>::new();
    let mut closes = Vec::new();
    for entry in entries {
        let there = entry.passage().zone;
        let left = left_in.entry(there).or_insert(u32::from(persons));
        let out = entry.inside().min(*left);
        if out > 0 && limits.lies_in(there, zone) {
            *left -= out;
            closes.push(counterpart(entry.passage().scan, out));
        }
    }
    closes
}

fn counterpart(scan: ScanId, persons: u32) -> Counterpart {
    Counterpart {
        scan,
        persons: u8::try_from(persons).unwrap_or(u8::MAX),
    }
}

/// What several records tell of one scan is taken together.
fn take_over(known: &mut BTreeMap<ScanId, u32>, told: &[Counterpart]) {
    for one in told {
        let held = known.entry(one.scan).or_default();
        *held = (*held).max(u32::from(one.persons));
    }
}
