//! How a hub gives others some of its places in zones that let in only so many people: to those that had none left, and evenly to those it is linked with.

use std::collections::BTreeSet;

use usher_keys::{PublicKey, Timestamp};

use super::{Entry, Ledger};
use crate::admission::{Referral, Refused};
use crate::ident::{GateId, Unit, ZoneId};
use crate::policy::Zone;
use crate::record::{Body, PlacesOf};

/// Fewest places to give a hub that has none left, if there are so many: a family, and the next one.
const LEAST_LOAN: i64 = 8;

/// How long a hub keeps its places for a guest for whom it had none, in milliseconds: guests show their tickets again within
/// seconds, and those of other hubs wait no longer than that.
const KEPT_FOR_A_GUEST_MS: u64 = 5_000;
/// For how long it knows such a guest again, in milliseconds: places are kept once for each.
const GUESTS_ARE_KNOWN_MS: u64 = 60_000;

impl Ledger {
    /// Gives places to the hubs that had none left just now, as far as we have some and no guest of ours waits for them.
    pub(super) fn help_out(&mut self, now: Timestamp) -> Vec<Entry> {
        let wanting = self.state.take_wanting();
        let zone_of = |(gate, hub): (GateId, PublicKey)| {
            let (_, policy) = self.state.policy()?;
            Some((policy.gate(gate)?.zone, gate, hub))
        };
        let wanting = wanting.into_iter().filter_map(zone_of);
        let others: Vec<_> = wanting.filter(|(_, _, hub)| *hub != self.me).collect();
        if others.is_empty() {
            return Vec::new();
        }
        self.waiting
            .retain(|_, since| now.0.abs_diff(since.0) < GUESTS_ARE_KNOWN_MS);
        let mut entries = Vec::new();
        for (zone, gate, to) in others {
            // Two hubs would hand each other the last places without end, and neither would use them.
            if self.keeps_places(zone, now) {
                self.state.want(gate, to);
                continue;
            }
            for of in [PlacesOf::Room, PlacesOf::TimeSlot(now)] {
                let ours = self.ours_to_give(zone, of);
                let places = ours.min(LEAST_LOAN.max(ours / 2));
                entries.extend(self.lend((zone, of, to), places, now));
            }
        }
        entries
    }

    /// Tells whether a guest is about to show a ticket again for whom we had no place.
    fn keeps_places(&self, zone: ZoneId, now: Timestamp) -> bool {
        let mut guests = self.waiting.range((zone, Unit(0))..=(zone, Unit(u32::MAX)));
        guests.any(|(_, since)| now.0.abs_diff(since.0) < KEPT_FOR_A_GUEST_MS)
    }

    /// Takes note of a guest for whom we have no place, and of one who is let in.
    pub(super) fn note_guest(&mut self, body: &Body, now: Timestamp) {
        if let Body::Refused(refusal) = body
            && refusal.why == Refused::Refer(Referral::NoPlaces)
            && let Some((_, policy)) = self.state.policy()
            && let Some(gate) = policy.gate(refusal.gate)
        {
            let guest = (gate.zone, refusal.ticket.0);
            self.waiting.entry(guest).or_insert(now);
        }
        if let Body::Admitted(shown) | Body::Overridden { passage: shown, .. } = body
            && !self.waiting.is_empty()
            && let Ok(passage) = shown.unverified()
        {
            self.waiting.remove(&(passage.zone, passage.unit));
        }
    }

    /// Shares the places in limited zones evenly among the hubs that are linked now, slots to come included, so that each has
    /// some when lines are cut. Each hub does so in turn.
    pub fn share_places(&mut self, linked: &BTreeSet<PublicKey>, now: Timestamp) -> Vec<Entry> {
        let near = self.hubs_among(linked);
        let mut entries = Vec::new();
        for (zone, of) in self.limited(now) {
            if let Some((debtor, owed)) = self.state.places_owed(zone, of) {
                entries.extend(self.make_good((zone, of, debtor), owed, &near, now));
                continue;
            }
            let places = self.state.places(zone, of).unwrap_or_default();
            let has = |hub: &PublicKey| places.get(hub).copied().unwrap_or_default();
            let Some(poorest) = near.iter().copied().min_by_key(|hub| (has(hub), *hub)) else {
                break;
            };
            let ours = self.ours_to_give(zone, of);
            // Half of the difference: both have the same then.
            let more = ((ours - has(&poorest)) / 2).min(ours);
            let is_worth_it = more >= 2 && more * 8 >= ours;
            if is_worth_it {
                entries.extend(self.lend((zone, of, poorest), more, now));
            }
        }
        entries
    }

    /// Returns our part of what a hub owes since a limit was lowered: we and those we are linked with give the same.
    fn make_good(
        &mut self,
        (zone, of, debtor): (ZoneId, PlacesOf, PublicKey),
        owed: i64,
        near: &[PublicKey],
        now: Timestamp,
    ) -> Option<Entry> {
        let givers = near.iter().filter(|hub| **hub != debtor).count() + 1;
        let givers = i64::try_from(givers).unwrap_or(i64::MAX);
        let part = (owed + givers - 1) / givers;
        let places = part.min(self.ours_to_give(zone, of));
        self.lend((zone, of, debtor), places, now)
    }

    fn hubs_among(&self, linked: &BTreeSet<PublicKey>) -> Vec<PublicKey> {
        let rosters = self.state.rosters();
        let hubs = rosters.current().into_iter().flat_map(|(_, hubs)| hubs);
        let near = hubs.filter(|hub| linked.contains(hub) && !rosters.retired().contains(hub));
        near.copied().collect()
    }

    /// Returns all that is limited: the room of zones, their slot that runs, and those to come.
    fn limited(&self, now: Timestamp) -> Vec<(ZoneId, PlacesOf)> {
        let Some((_, policy)) = self.state.policy() else {
            return Vec::new();
        };
        let of = |zone: &Zone| {
            let room = zone.capacity.map(|_| PlacesOf::Room);
            let slot = policy.time_slot(zone.id, now).map(|(_, slot)| slot);
            let running = slot.map(|slot| PlacesOf::TimeSlot(slot.from));
            let to_come = slot.map(|slot| PlacesOf::TimeSlotsFrom(slot.until));
            let limited = [room, running, to_come].into_iter().flatten();
            limited.map(|of| (zone.id, of)).collect::<Vec<_>>()
        };
        policy.zones.iter().flat_map(of).collect()
    }

    fn ours_to_give(&self, zone: ZoneId, of: PlacesOf) -> i64 {
        self.state.places_to_give(zone, of, &self.me).unwrap_or_default()
    }

    fn lend(
        &mut self,
        (zone, of, to): (ZoneId, PlacesOf, PublicKey),
        places: i64,
        now: Timestamp,
    ) -> Option<Entry> {
        let places = u32::try_from(places).ok().filter(|places| *places > 0)?;
        let rosters = self.state.rosters();
        let is_there = rosters.current().is_some_and(|(_, hubs)| hubs.contains(&to));
        let may_lend =
            is_there && to != self.me && self.may_write_at_all() && self.state.loans_left(&self.me) > 0;
        let body = Body::Lent { zone, to, places, of };
        (may_lend && self.would_count(&body, now)).then(|| self.write(body, now))
    }
}
