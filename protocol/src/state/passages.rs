//! Everybody's passages and the totals that follow from those that count; a total is brought up to date, not summed up anew.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{PublicKey, Timestamp};

use super::limits::{CountInForce, Limits};
use super::passage_change::PassageChange;
use super::units::UnitPassages;
use crate::admission::RefusalKind;
use crate::ident::{GateId, Origin, Stamp, Unit, ZoneId};
use crate::record::Passage;

/// Running totals for people to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Persons let in, by gate.
    pub admitted: BTreeMap<GateId, u64>,
    /// Persons let out, by gate.
    pub exited: BTreeMap<GateId, u64>,
    /// Scans that let nobody pass, by reason, in the records that this replica holds itself.
    pub refused: BTreeMap<RefusalKind, u64>,
}

/// The passages of an event.
#[derive(Debug, Clone, Default)]
pub struct Passages {
    units: BTreeMap<Unit, UnitPassages>,
    /// Units with more than one passage, with an exit, or with one passage of more people than the ticket admits: only they can
    /// hold an incident.
    busy: BTreeSet<Unit>,
    /// What the units come to, but for those that are open.
    totals: Totals,
    /// Whether other logs count since, or other parts of them: everything is summed up anew once a run, not with each record
    /// that says so, or a device that lies could cost its peers the square of their passages.
    is_stale: bool,
    /// Units with many passages, to which some were added: they are summed up once, not with each passage.
    open: BTreeSet<Unit>,
    /// Units with an exit that names too few entries.
    unmatched: BTreeSet<Unit>,
    /// Those of them of which something was heard since their home last looked.
    to_match: BTreeSet<Unit>,
    /// How often each log said which entries an exit closes.
    matches: BTreeMap<Origin, u32>,
}

/// Most times that one log may say which entries an exit closes: it takes no code to say so, and each is kept.
pub const MAX_MATCHES_OF_LOG: u32 = 65_536;

/// From how many passages on a unit is summed up once a run: no honest ticket has as many, and one that lies about a ticket
/// in many logs must not cost the square of them.
const MANY_PASSAGES: usize = 64;

#[derive(Debug, Clone, Default)]
struct Totals {
    /// By zone and by who let them in.
    occupancy: BTreeMap<(ZoneId, Origin), i64>,
    /// Who was in each zone by the records when people were last counted there.
    when_counted: BTreeMap<ZoneId, i64>,
    /// Persons who went in, by zone, the beginning of the slot, and who let them in; of zones whose slots are limited.
    arrivals: BTreeMap<(ZoneId, Timestamp, Origin), i64>,
    counts: Counts,
}

impl Totals {
    /// Adds what a unit's passages come to, or takes it away.
    fn count(&mut self, unit: &UnitPassages, limits: &Limits, sign: i64) {
        let counted = limits.counts().iter().filter(|(zone, _)| unit.is_in(**zone));
        for (zone, in_force) in counted {
            let inside = unit.tally_counted(in_force, limits).inside(*zone);
            *self.when_counted.entry(*zone).or_default() += i64::from(inside) * sign;
        }
        if let [(stamp, change)] = unit.passages() {
            // Most tickets are used once.
            if change.is_entry() && limits.count(stamp, change) {
                let persons = i64::from(change.passage.persons) * sign;
                add(&mut self.counts.admitted, change.passage.gate, persons);
                self.fill((change.passage.zone, stamp.origin), persons);
                self.arrive((stamp, &change.passage), limits, persons);
            }
            return;
        }
        let tally = unit.tally(limits);
        for entry in &tally.entries {
            let passage = entry.passage();
            add(
                &mut self.counts.admitted,
                passage.gate,
                i64::from(passage.persons) * sign,
            );
            let (stamp, charged) = entry.charged;
            self.fill((passage.zone, stamp.origin), i64::from(entry.inside()) * sign);
            self.arrive(
                (stamp, &charged.passage),
                limits,
                i64::from(passage.persons) * sign,
            );
        }
        for exit in &tally.exits {
            add(
                &mut self.counts.exited,
                exit.change.passage.gate,
                i64::from(exit.closed) * sign,
            );
        }
    }

    fn fill(&mut self, place: (ZoneId, Origin), persons: i64) {
        *self.occupancy.entry(place).or_default() += persons;
    }

    fn arrive(&mut self, (stamp, passage): (&Stamp, &Passage), limits: &Limits, persons: i64) {
        if let Some(slot) = limits.time_slot(passage.zone, passage.at) {
            let place = (passage.zone, slot, stamp.origin);
            *self.arrivals.entry(place).or_default() += persons;
        }
    }
}

impl Passages {
    /// Takes a passage; `false` when its log holds too many of this unit already, or has matched too many exits.
    pub fn insert(&mut self, stamp: Stamp, change: PassageChange, limits: &Limits) -> bool {
        let is_match = change.is_match();
        if is_match && self.matches_left(&stamp.origin) == 0 {
            return false;
        }
        let id = change.passage.unit;
        let too_many = change.passage.persons > change.passage.admits;
        let (is_exit, names_all) = (change.is_exit(), names_all(&change));
        let unit = self.units.entry(id).or_default();
        let is_open = self.is_stale || self.open.contains(&id);
        if !is_open {
            self.totals.count(unit, limits, -1);
        }
        let is_new = unit.insert(stamp, change);
        if is_match && is_new {
            *self.matches.entry(stamp.origin).or_default() += 1;
        }
        if unit.passages().len() > MANY_PASSAGES {
            self.open.insert(id);
        } else if !is_open {
            self.totals.count(unit, limits, 1);
        }
        if is_exit && !names_all {
            self.unmatched.insert(id);
        }
        if self.unmatched.contains(&id) {
            self.to_match.insert(id);
        }
        if unit.passages().len() > 1 || too_many || is_exit {
            self.busy.insert(id);
        }
        is_new
    }

    /// Forgets what these logs told.
    pub fn forget(&mut self, origins: &BTreeSet<Origin>) {
        self.units.retain(|_, unit| {
            unit.forget(origins);
            !unit.passages().is_empty()
        });
        self.recount();
        let units = &self.units;
        self.open.retain(|id| units.contains_key(id));
        self.busy.retain(|id| units.contains_key(id));
        self.unmatched.retain(|id| units.contains_key(id));
        self.to_match.retain(|id| units.contains_key(id));
        self.matches.retain(|origin, _| !origins.contains(origin));
    }

    /// Returns how many more times a log may say which entries an exit closes.
    pub fn matches_left(&self, origin: &Origin) -> u32 {
        let told = self.matches.get(origin).copied().unwrap_or_default();
        MAX_MATCHES_OF_LOG.saturating_sub(told)
    }

    /// Returns the units with an exit to be matched of which something was heard since this was last asked.
    pub fn take_to_match(&mut self) -> BTreeSet<Unit> {
        std::mem::take(&mut self.to_match)
    }

    /// Has every exit looked at again that names too few entries: other hubs are home now.
    pub fn match_anew(&mut self) {
        self.to_match.clone_from(&self.unmatched);
    }

    /// Has everything summed up anew: other logs count, or other parts of them.
    pub fn recount(&mut self) {
        self.is_stale = true;
    }

    fn summed_up_anew(&self, limits: &Limits) -> Totals {
        let mut totals = Totals::default();
        totals.counts.refused.clone_from(&self.totals.counts.refused);
        for unit in self.units.values() {
            totals.count(unit, limits, 1);
        }
        totals
    }

    /// Brings the totals up to date.
    pub fn sum_up(&mut self, limits: &Limits) {
        if std::mem::take(&mut self.is_stale) {
            self.totals = self.summed_up_anew(limits);
            self.open.clear();
        }
        for id in std::mem::take(&mut self.open) {
            if let Some(unit) = self.units.get(&id) {
                self.totals.count(unit, limits, 1);
            }
        }
    }

    fn totals(&self, limits: &Limits) -> Cow<'_, Totals> {
        if self.is_stale {
            return Cow::Owned(self.summed_up_anew(limits));
        }
        let mut totals = Cow::Borrowed(&self.totals);
        for unit in self.open.iter().filter_map(|id| self.units.get(id)) {
            totals.to_mut().count(unit, limits, 1);
        }
        totals
    }

    /// Counts a scan that let nobody pass.
    pub fn refuse(&mut self, kind: RefusalKind) {
        *self.totals.counts.refused.entry(kind).or_default() += 1;
    }

    /// Returns a unit, if anybody passed with its ticket.
    pub fn unit(&self, unit: Unit) -> Option<&UnitPassages> {
        self.units.get(&unit)
    }

    /// Returns all units with passages.
    pub fn units(&self) -> impl Iterator<Item = (&Unit, &UnitPassages)> {
        self.units.iter()
    }

    /// Returns the units that can hold an incident.
    pub fn busy(&self) -> impl Iterator<Item = (Unit, &UnitPassages)> {
        self.busy.iter().filter_map(|id| Some((*id, self.units.get(id)?)))
    }

    /// Returns the people in a zone now.
    pub fn occupancy(&self, zone: ZoneId, limits: &Limits) -> i64 {
        self.let_in(zone, limits).values().sum()
    }

    /// Returns the people in a zone now, by who let them in; what a count has corrected is its writer's.
    pub fn let_in(&self, zone: ZoneId, limits: &Limits) -> BTreeMap<Origin, i64> {
        let first = (zone, PublicKey([0; 32]));
        let totals = self.totals(limits);
        let in_zone = totals
            .occupancy
            .range(first..)
            .take_while(|((of, _), _)| *of == zone);
        let mut let_in: BTreeMap<_, _> = in_zone.map(|((_, by), persons)| (*by, *persons)).collect();
        if let Some(in_force) = limits.counts().get(&zone) {
            // What the records had wrong is the counter's to answer for.
            let then = totals.when_counted.get(&zone).copied().unwrap_or_default();
            *let_in.entry(in_force.by).or_default() += i64::from(in_force.count.inside) - then;
        }
        let_in
    }

    /// Returns the people who went into a zone within the slot that began then, by who let them in.
    pub fn arrivals(&self, zone: ZoneId, slot: Timestamp, limits: &Limits) -> BTreeMap<Origin, i64> {
        let first = (zone, slot, PublicKey([0; 32]));
        let totals = self.totals(limits);
        let in_slot = totals.arrivals.range(first..);
        let in_slot = in_slot.take_while(|((of, from, _), _)| (*of, *from) == (zone, slot));
        in_slot.map(|((_, _, by), persons)| (*by, *persons)).collect()
    }

    /// Returns the people who went into a zone, by the slot in which they did, from that one on, and by who let them in.
    pub fn arrivals_from(
        &self,
        zone: ZoneId,
        from: Timestamp,
        limits: &Limits,
    ) -> Vec<(Timestamp, Origin, i64)> {
        let first = (zone, from, PublicKey([0; 32]));
        let totals = self.totals(limits);
        let later = totals.arrivals.range(first..);
        let later = later.take_while(|((of, _, _), _)| *of == zone);
        later
            .map(|((_, slot, by), persons)| (*slot, *by, *persons))
            .collect()
    }

    /// Returns how many people were in a zone by the passages alone that each of these counts covers.
    pub fn inside_counted(&self, zone: ZoneId, counts: &[CountInForce], limits: &Limits) -> Vec<i64> {
        let mut inside = vec![0; counts.len()];
        for unit in self.units.values() {
            if !unit.is_in(zone) {
                continue;
            }
            for (count, sum) in counts.iter().zip(&mut inside) {
                *sum += i64::from(unit.tally_counted(count, limits).inside(zone));
            }
        }
        inside
    }

    /// Returns the running totals.
    pub fn counts(&self, limits: &Limits) -> Counts {
        self.totals(limits).counts.clone()
    }
}

/// Tells whether a passage names an entry for each of its people.
fn names_all(change: &PassageChange) -> bool {
    let named = change
        .passage
        .counterparts
        .iter()
        .map(|one| u32::from(one.persons));
    named.fold(0, u32::saturating_add) >= u32::from(change.passage.persons)
}

/// Adds to a total; one that comes to nothing is as if it had never been.
fn add(totals: &mut BTreeMap<GateId, u64>, gate: GateId, persons: i64) {
    let total = totals.entry(gate).or_default();
    *total = total.saturating_add_signed(persons);
    if *total == 0 {
        totals.remove(&gate);
    }
}
