//! Moments of calm: all hubs are linked and alive and nobody lies, and whoever comes to a zone with places left gets in soon.

use usher_protocol::admission::{Reason, Referral, Verdict};
use usher_protocol::policy::Offline;
use usher_protocol::{GateId, Unit, ZoneId};

use super::chaos::Fault;
use super::node::NodeId;
use super::people::{FOR_GOOD, gate_at};
use super::setting::{TIERS, tier_of};
use super::world::{CLOUD, Happening, World};

/// How many of a hundred storms pause.
const PAUSING_PERCENT: u64 = 30;
/// How long a calm lasts before anybody looks, in milliseconds: lines that died in the storm are given up by then.
const CALM_MS: u64 = 6_000;
/// Within how long four guests in a queue get in where places are left, in milliseconds.
const HELPED_WITHIN_MS: u64 = 10_000;
/// How long a guest waits before showing the ticket again, in milliseconds.
pub const AGAIN_AFTER_MS: u64 = 1_000;
/// How many gates of each zone guests come to.
const GATES: usize = 2;
/// How many times four guests come to each of them, one after the other: the last places are the hardest to hand over.
const FOURS: usize = 4;

impl World {
    /// The storm pauses in some runs; then nobody may be stranded.
    pub fn pause(&mut self) {
        let may_pause = self.stormy && self.people.coming && self.liars.is_empty();
        if !may_pause || !self.rhythm.percent(PAUSING_PERCENT) {
            return;
        }
        self.tell(|| "the storm pauses".to_owned());
        self.stormy = false;
        self.cut.clear();
        self.slow.clear();
        self.people.still_until = FOR_GOOD;
        self.all_go_on();
        (0..self.nodes.len()).for_each(|node| self.restart(node));
        self.play(CALM_MS);
        self.check_nobody_is_stranded();
        self.people.still_until = 0;
        self.stormy = true;
        self.plan(1, Happening::Fault(Fault::Next));
    }

    /// Where places are left in a zone, a few guests get in within ten seconds, at whichever gate and whoever their home is.
    pub fn check_nobody_is_stranded(&mut self) {
        if !self.is_calm() {
            return;
        }
        for zone in self.setting.zones() {
            let mut scanners = self.scanners();
            scanners.retain(|scanner| self.zone_at(*scanner) == *zone && self.is_manned(*scanner));
            for _ in 0..GATES.min(scanners.len()) {
                let scanner = scanners.swap_remove(self.random.index(scanners.len()));
                for _ in 0..FOURS {
                    self.check_four_get_in((scanner, *zone));
                }
            }
        }
    }

    fn check_four_get_in(&mut self, place: (NodeId, ZoneId)) {
        let until = self.now + HELPED_WITHIN_MS;
        for _ in 0..4 {
            if let Some(unit) = self.draw_guest() {
                self.check_gets_in(unit, place, until);
            }
        }
    }

    /// Tells whether the hubs of the event are up, sound and linked with each other, and nobody lies.
    fn is_calm(&self) -> bool {
        let state = self.nodes[CLOUD].ledger.state();
        let version = |node: NodeId| {
            self.nodes[node]
                .ledger
                .state()
                .policy()
                .map(|(version, _)| version)
        };
        let roster = state.rosters().current().map(|(_, hubs)| hubs.to_vec());
        let hubs: Option<Vec<_>> = roster
            .unwrap_or_default()
            .iter()
            .map(|hub| self.observer.owner(hub))
            .collect();
        let Some(hubs) = hubs.filter(|_| self.liars.is_empty()) else {
            return false;
        };
        let is_sound = |hub: &NodeId| {
            let (ledger, own) = (&self.nodes[*hub].ledger, self.nodes[*hub].key.public());
            let is_whole = !ledger.state().is_frozen(&own) && !ledger.is_behind_own_past();
            let is_current = version(*hub) == version(CLOUD);
            self.nodes[*hub].up && !self.is_outcast(*hub) && is_whole && is_current
        };
        let is_linked = |one: NodeId, other: NodeId| one == other || self.is_linked(one, other);
        let mut pairs = hubs
            .iter()
            .flat_map(|one| hubs.iter().map(move |other| (*one, *other)));
        hubs.iter().all(is_sound) && pairs.all(|(one, other)| is_linked(one, other))
    }

    fn is_linked(&self, node: NodeId, peer: NodeId) -> bool {
        let live = self.nodes[node].sessions.get(&peer);
        live.is_some_and(|live| live.session.peer().is_some())
    }

    /// Tells whether a scanner is of use at its gate and linked with a hub of the event.
    fn is_manned(&self, scanner: NodeId) -> bool {
        let at = self.scanners().iter().position(|one| *one == scanner);
        let GateId(gate) = gate_at(at.expect("a scanner stands at a gate"));
        let serves = self.nodes[scanner].shown_identity().unverified().serves(gate);
        let rosters = self.nodes[CLOUD].ledger.state().rosters();
        let is_in_roster = |hub: &NodeId| {
            let key = self.nodes[*hub].key.public();
            rosters.current().is_some_and(|(_, hubs)| hubs.contains(&key))
        };
        let hub = self.hub_of(scanner).filter(is_in_roster);
        let is_linked = hub.is_some_and(|hub| self.is_linked(scanner, hub));
        serves && is_linked && self.nodes[scanner].up && !self.is_outcast(scanner)
    }

    /// Draws a unit of a tier that is open and needs no home, with whose ticket nobody has passed.
    fn draw_guest(&mut self) -> Option<u32> {
        let (_, policy) = self.nodes[CLOUD].ledger.state().policy()?;
        let is_open = |unit: &u32| {
            let at = tier_of(*unit);
            TIERS[at].2 == Offline::Available && policy.tiers[at].windows.is_empty()
        };
        let is_fresh = |unit: &u32| {
            let is_void = self.people.voided.contains(&(*unit, self.people.newest(*unit)));
            let mut passages = self.nodes[CLOUD].ledger.state().passages(Unit(*unit));
            !is_void && passages.next().is_none() && !self.is_in(*unit)
        };
        let units = self.units().filter(|unit| is_open(unit) && self.is_listed(*unit));
        let units: Vec<_> = units.filter(is_fresh).collect();
        let at = self.random.index(units.len().max(1));
        units.get(at).copied()
    }

    fn check_gets_in(&mut self, unit: u32, (scanner, zone): (NodeId, ZoneId), until: u64) {
        let paper = self.newest_paper(unit);
        let mut verdict = self.ask_about(paper.clone(), scanner);
        while is_short(verdict) && self.now < until && !self.is_full(zone) {
            self.play(AGAIN_AFTER_MS);
            verdict = self.ask_about(paper.clone(), scanner);
        }
        assert!(
            !is_short(verdict) || self.is_full(zone) || self.is_of_another_slot(zone, verdict),
            "{}: a guest finds no place in zone {zone} at {} for ten seconds: {verdict:?}, places left: {:?}",
            self.place(),
            self.name(scanner),
            self.places_left(zone)
        );
    }
}

/// Tells whether a guest found no place, which somebody may give back a moment later.
pub fn is_short(verdict: Option<Verdict>) -> bool {
    matches!(
        verdict,
        Some(
            Verdict::Refer(Referral::NoPlaces)
                | Verdict::Deny(Reason::ZoneFull { .. } | Reason::TimeSlotFull { .. })
        )
    )
}
