//! Exits that name too few entries: which ones they may have closed, by the times of the judges. Saying so is the home's.

use std::collections::BTreeMap;

use usher_keys::Timestamp;

use super::{Left, Tally, close};
use crate::clock::AGREEMENT_MS;
use crate::ident::ZoneId;
use crate::record::{Counterpart, MAX_COUNTERPARTS};
use crate::state::limits::Limits;

/// How long before an exit somebody went in for certain, in milliseconds, by the times of two judges: each of them may be off
/// by as much as clocks may differ.
const CERTAINLY_BEFORE_MS: u64 = 2 * AGREEMENT_MS;

impl Tally<'_> {
    /// Returns the entries that are closed by an exit which named too few: those before it, by a margin that leaves no doubt
    /// where clocks may differ.
    pub fn to_match(
        &self,
        exit: &Left,
        first_inside: &BTreeMap<ZoneId, Timestamp>,
        (by_any_clock, limits): (bool, &Limits),
    ) -> Vec<Counterpart> {
        let persons = u8::try_from(exit.unmatched()).unwrap_or(u8::MAX);
        let (margin_ms, left_at) = (
            if by_any_clock { CERTAINLY_BEFORE_MS } else { 0 },
            exit.change.passage.at,
        );
        let zone = exit.change.passage.zone;
        let is_before = |entered: &Timestamp| entered.plus_ms(margin_ms) <= left_at;
        if !first_inside.get(&zone).is_some_and(is_before) {
            return Vec::new();
        }
        let before = self.entries.iter().filter(|entry| is_before(&entry.latest));
        let mut closes = close(before, (zone, persons), limits);
        // The others are matched next.
        closes.truncate(MAX_COUNTERPARTS);
        closes
    }

    /// Returns, of each zone, when the first of those went in who are still in it or in a zone that lies in it: many exits of one
    /// ticket are not to be compared with as many entries.
    pub fn first_inside(&self, limits: &Limits) -> BTreeMap<ZoneId, Timestamp> {
        let inside = self.entries.iter().filter(|entry| entry.inside() > 0);
        earliest(inside.flat_map(|entry| {
            let zones = limits.outwards(entry.passage().zone);
            zones.map(|zone| (zone, entry.latest))
        }))
    }

    /// Tells whether somebody who counts as in on a level may have left by an exit that belongs to no entry yet, since clocks
    /// leave open which was first.
    pub fn may_have_left(&self, level: u8) -> bool {
        let open = |entry: &&super::Entered| entry.level == level && entry.inside() > 0;
        let open = self.entries.iter().filter(open);
        let first = earliest(open.map(|entry| (entry.passage().zone, entry.latest)));
        let mut exits = self.unmatched();
        exits.any(|exit| {
            let first = first.get(&exit.change.passage.zone);
            first.is_some_and(|entered| *entered <= exit.change.passage.at.plus_ms(CERTAINLY_BEFORE_MS))
        })
    }
}

fn earliest(moments: impl Iterator<Item = (ZoneId, Timestamp)>) -> BTreeMap<ZoneId, Timestamp> {
    let mut first = BTreeMap::new();
    for (zone, at) in moments {
        let held = first.entry(zone).or_insert(at);
        *held = at.min(*held);
    }
    first
}
