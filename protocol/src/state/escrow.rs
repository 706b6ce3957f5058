//! Who may still let how many people into a zone that holds only so many, or lets in only so many in each slot of time: each
//! place belongs to one hub, also while nobody hears of the others.
//!
//! The first hub of the first roster holds all places to begin with; hubs give each other some of theirs. A person who goes
//! in takes a place of the hub that said yes: of the room until they leave, of the slot for good. So under every partition no
//! more people are let in than may be.

use std::collections::BTreeMap;

use usher_keys::{PublicKey, Timestamp};

use super::State;
use crate::ident::{Origin, ZoneId};
use crate::policy::Policy;
use crate::record::PlacesOf;

/// Most hubs that follow each other as heirs: more than any event retires.
const MAX_HEIRS: usize = 64;

impl State {
    /// Returns how many more people each hub may let into a zone, if that is limited; of slots to come, into the first of them.
    pub fn places(&self, zone: ZoneId, of: PlacesOf) -> Option<BTreeMap<PublicKey, i64>> {
        let (_, policy) = self.policy()?;
        match of {
            PlacesOf::Room => {
                let capacity = policy.zone(zone)?.capacity?;
                let is_room = |lent: PlacesOf| lent == PlacesOf::Room;
                let taken = self.passages.let_in(zone, &self.limits);
                Some(self.owned((zone, capacity), is_room, &taken))
            }
            PlacesOf::TimeSlot(at) | PlacesOf::TimeSlotsFrom(at) => {
                let (limit, slot) = policy.time_slot(zone, at)?;
                let is_of_slot = |lent: PlacesOf| match lent {
                    PlacesOf::Room => false,
                    PlacesOf::TimeSlot(at) => slot.contains(at),
                    PlacesOf::TimeSlotsFrom(at) => at <= slot.from,
                };
                let taken = self.passages.arrivals(zone, slot.from, &self.limits);
                Some(self.owned((zone, limit.persons), is_of_slot, &taken))
            }
        }
    }

    /// Returns the hub from which a limit that was lowered has taken more places than it had, and how many those are.
    pub fn places_owed(&self, zone: ZoneId, of: PlacesOf) -> Option<(PublicKey, i64)> {
        let first = self.account(&self.first_hub()?)?;
        let has = self.places(zone, of)?.get(&first).copied().unwrap_or_default();
        (has < 0).then_some((first, -has))
    }

    /// Returns how many more people a hub may let into a zone, if that is limited. As long as one owes places, each of the others
    /// does without as many: they may not hear of each other, and who makes them good is not known yet.
    pub fn places_of(&self, zone: ZoneId, of: PlacesOf, hub: &PublicKey) -> Option<i64> {
        let has = self.places(zone, of)?.get(hub).copied().unwrap_or_default();
        let owed = self.places_owed(zone, of).filter(|(debtor, _)| debtor != hub);
        Some(has - owed.map_or(0, |(_, owed)| owed))
    }

    /// Returns how many places a hub can give away, if they are limited: of slots to come, no more than it has in each of them.
    pub fn places_to_give(&self, zone: ZoneId, of: PlacesOf, hub: &PublicKey) -> Option<i64> {
        match of {
            PlacesOf::Room | PlacesOf::TimeSlot(_) => {
                Some(self.places(zone, of)?.get(hub).copied().unwrap_or_default())
            }
            PlacesOf::TimeSlotsFrom(from) => self.fewest_from((zone, from), hub),
        }
    }

    /// Returns how many places a hub has, of the slots from a moment on, in the one in which it has the fewest. What it got of
    /// single slots is not there in those that follow.
    fn fewest_from(&self, (zone, from): (ZoneId, Timestamp), hub: &PublicKey) -> Option<i64> {
        let first = self.policy()?.1.time_slot(zone, from)?.1.from;
        let (mut lasting, mut once) = (BTreeMap::from([(first, 0)]), BTreeMap::<Timestamp, i64>::new());
        for (slot, lasts, places) in self.slot_changes((zone, first), hub) {
            *if lasts { &mut lasting } else { &mut once }
                .entry(slot.max(first))
                .or_default() += places;
        }
        let mut has = 0;
        let from_there_on = lasting.into_iter().map(|(slot, places)| {
            has += places;
            (slot, has)
        });
        let from_there_on: BTreeMap<Timestamp, i64> = from_there_on.collect();
        let alone = once.into_iter().filter_map(|(slot, places)| {
            let (_, has) = from_there_on.range(..=slot).next_back()?;
            Some(has + places)
        });
        alone.chain(from_there_on.values().copied()).min()
    }

    /// Returns what a hub has more or fewer places by, each with its slot and whether those that follow have it too; single slots
    /// only from the first one on.
    fn slot_changes(
        &self,
        (zone, first): (ZoneId, Timestamp),
        hub: &PublicKey,
    ) -> Vec<(Timestamp, bool, i64)> {
        let Some((_, policy)) = self.policy() else {
            return Vec::new();
        };
        let mut accounts = BTreeMap::<PublicKey, bool>::new();
        let mut is_ours = |one: &PublicKey| {
            let account = || self.account(one) == Some(*hub);
            *accounts.entry(*one).or_insert_with(account)
        };
        let mut changes = Vec::new();
        if self.first_hub().is_some_and(|first| is_ours(&first)) {
            let limit = policy
                .time_slot(zone, first)
                .map_or(0, |(limit, _)| limit.persons);
            changes.push((Timestamp(0), true, i64::from(limit)));
        }
        for (lender, writer) in &self.writers {
            let loans = writer.loans(self.limits.of(lender));
            for loan in loans.filter(|loan| loan.zone == zone) {
                let sign = i64::from(is_ours(&loan.to)) - i64::from(is_ours(lender));
                let places = i64::from(loan.places) * sign;
                let slot = slot_lent(policy, zone, loan.of).filter(|_| places != 0);
                changes.extend(slot.map(|(slot, lasts)| (slot, lasts, places)));
            }
        }
        let arrivals = self.passages.arrivals_from(zone, first, &self.limits);
        let ours = arrivals.into_iter().filter(|(_, by, _)| is_ours(by));
        changes.extend(ours.map(|(slot, _, persons)| (slot, false, -persons)));
        changes.retain(|(slot, lasts, _)| *lasts || *slot >= first);
        changes
    }

    fn owned(
        &self,
        (zone, all): (ZoneId, u32),
        is_meant: impl Fn(PlacesOf) -> bool,
        taken: &BTreeMap<Origin, i64>,
    ) -> BTreeMap<PublicKey, i64> {
        let (mut places, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        let mut add = |hub: &PublicKey, many: i64| {
            // A hub lends to the same ones again and again.
            let account = accounts.entry(*hub).or_insert_with(|| self.account(hub));
            if let Some(account) = *account {
                *places.entry(account).or_default() += many;
            }
        };
        if let Some(first) = self.first_hub() {
            add(&first, i64::from(all));
        }
        for (lender, writer) in &self.writers {
            let loans = writer.loans(self.limits.of(lender));
            for loan in loans.filter(|loan| loan.zone == zone && is_meant(loan.of)) {
                add(lender, -i64::from(loan.places));
                add(&loan.to, i64::from(loan.places));
            }
        }
        for (by, persons) in taken {
            add(by, -persons);
        }
        places
    }

    /// Without one of the rosters another hub would be taken for the first.
    fn first_hub(&self) -> Option<PublicKey> {
        if !self.rosters.are_complete() {
            return None;
        }
        let first = self.rosters.all().values().find(|hubs| !hubs.is_empty())?;
        first.first().copied()
    }

    /// Returns whose places a device uses: a hub its own, or its heir's once it was retired; any other those of the first hub.
    fn account(&self, device: &Origin) -> Option<PublicKey> {
        let mut rosters = self.rosters.all().values();
        let is_hub = rosters.any(|hubs| hubs.contains(device));
        let mut hub = if is_hub { *device } else { self.first_hub()? };
        for _ in 0..MAX_HEIRS {
            match self.heir(&hub) {
                Some(heir) => hub = heir?,
                None => return Some(hub),
            }
        }
        None
    }

    /// Returns the heir of a retired hub.
    fn heir(&self, hub: &PublicKey) -> Option<Option<PublicKey>> {
        self.rulings()?.retired.get(hub).copied()
    }
}

/// Returns the first slot of which places were lent, and whether those of all that follow were too.
fn slot_lent(policy: &Policy, zone: ZoneId, of: PlacesOf) -> Option<(Timestamp, bool)> {
    let slot = |at| policy.time_slot(zone, at).map(|(_, slot)| slot);
    match of {
        PlacesOf::Room => None,
        PlacesOf::TimeSlot(at) => Some((slot(at)?.from, false)),
        PlacesOf::TimeSlotsFrom(at) => {
            let slot = slot(at)?;
            // The first that begins then or later.
            let begins = if slot.from == at { at } else { slot.until };
            Some((begins, true))
        }
    }
}
