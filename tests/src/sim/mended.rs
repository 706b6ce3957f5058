//! What must hold of the mended world because somebody lied in it: liars are named, nobody else is, and guests of whom no liar knew get in.

use std::collections::{BTreeMap, BTreeSet};

use usher_protocol::admission::{Direction, Reason, Referral, Verdict};
use usher_protocol::home::home_of;
use usher_protocol::ledger::{Entry, JudgingAs, MAX_STORED_LOGS, ScanQuestion};
use usher_protocol::record::{PlacesOf, Record};
use usher_protocol::state::Incident;
use usher_protocol::{GateId, Origin, ScanId, Seq, Unit, ZoneId};

use super::calm::{AGAIN_AFTER_MS, is_short};
use super::node::NodeId;
use super::setting::{TIERS, tier_of};
use super::world::{CLOUD, World};

/// How many guests come once everything is mended.
const LAST_GUESTS: usize = 6;
/// Within how long a hub that is linked gets places that others have left, or a new line for one that died, in milliseconds.
const HELPED_WITHIN_MS: u64 = 10_000;

impl World {
    /// Checks what liars must not have achieved.
    pub fn check_mended(&mut self) {
        let used = self.units_in_logs();
        for node in self.members() {
            self.check_names(node);
            self.check_unused(node, &used);
            let logs = self.nodes[node].ledger.tails().len();
            assert!(
                logs <= MAX_STORED_LOGS,
                "{}: {} keeps {logs} logs",
                self.place(),
                self.name(node)
            );
        }
        if self.shape.crowd {
            self.check_nobody_is_stranded();
            self.check_last_guests();
        }
    }

    /// Every log with a record that is plainly false is named by the first of them, and no other; and whoever has two
    /// histories could have written them.
    fn check_names(&self, node: NodeId) {
        let (place, name) = (self.place(), self.name(node));
        let mut named = BTreeMap::new();
        for incident in self.nodes[node].ledger.state().incidents() {
            match incident {
                Incident::FalseRecord { origin, seq } => {
                    assert!(
                        named.insert(origin, seq).is_none(),
                        "{place}: {name} names a log twice"
                    );
                }
                Incident::Forked { origin } => {
                    let owner = self.observer.owner(&origin);
                    assert!(
                        owner.is_some_and(|owner| self.may_have_forked(owner)),
                        "{place}: {name} froze an honest log: {owner:?}"
                    );
                }
                Incident::DoubleAdmission { .. } | Incident::ExitTooMany { .. } => {}
            }
        }
        for origin in self.tails(CLOUD).keys() {
            assert_eq!(
                named.get(origin),
                self.first_false(origin).as_ref(),
                "{place}: the first false record of {:?} in the eyes of {name}, and the first there is",
                self.observer.owner(origin)
            );
        }
    }

    /// A genuine ticket that is in no log is not refused as used or replaced, whoever lies.
    fn check_unused(&self, node: NodeId, used: &BTreeSet<u32>) {
        let machine = &self.nodes[node];
        let now = machine.clock(self.now);
        for unit in self.units().filter(|unit| !used.contains(unit)) {
            let paper = self.newest_paper(unit);
            let Ok(ticket) = self.verified(node, &paper) else {
                // Its key's window is closed, and there is no newer one yet, or it is on no list.
                assert!(
                    !self.observer.word.listed.contains(&Unit(unit)),
                    "{}: {} does not know unit {unit}, which is listed",
                    self.place(),
                    self.name(node)
                );
                continue;
            };
            let asked = ScanQuestion {
                scan: ScanId([0xee; 16]),
                ticket,
                gate: GateId(0),
                direction: Direction::In,
                persons: 1,
            };
            let verdict = machine.ledger.judge(&asked, JudgingAs::Home, now).verdict;
            let is_voided = self.people.voided.contains(&(unit, paper.generation));
            assert!(
                matches!(
                    verdict,
                    Verdict::Admit { .. }
                        | Verdict::Refer(_)
                        | Verdict::Deny(Reason::ZoneFull { .. } | Reason::TimeSlotFull { .. })
                ) || (is_voided && verdict == Verdict::Deny(Reason::Revoked)),
                "{}: {} refuses unit {unit}, which nobody has used: {verdict:?}",
                self.place(),
                self.name(node)
            );
        }
    }

    /// Returns the units of whose passages some disk tells with a code that a key of the event signed.
    fn units_in_logs(&self) -> BTreeSet<u32> {
        let read = |entry: &Entry| Some(Record::from_bytes(&entry.bytes).ok()?.body.passage()?.clone());
        let entries = self.nodes.iter().flat_map(|node| node.disk.entries());
        let codes: BTreeMap<_, _> = entries
            .filter_map(read)
            .filter_map(|shown| Some((shown.unverified().ok()?.unit.0, shown.code)))
            .map(|(unit, code)| (code, unit))
            .collect();
        let genuine = codes
            .into_iter()
            .filter(|(code, _)| self.is_good_code(CLOUD, code));
        genuine.map(|(_, unit)| unit).collect()
    }

    fn first_false(&self, origin: &Origin) -> Option<Seq> {
        let mut log = self.nodes[CLOUD].disk.log(origin).iter();
        let first = log.find(|entry| self.observer.false_records.contains(&entry.tail.hash));
        first.map(|entry| entry.tail.seq)
    }

    /// A ticket that nobody has used or revoked, and of which no liar knew, opens the gate.
    fn check_last_guests(&mut self) {
        let read = self.units_read_by_liars();
        let hub_is_sound = |world: &Self, hub: NodeId| {
            let own = world.nodes[hub].key.public();
            let ledger = &world.nodes[hub].ledger;
            // What only outcasts still hold of its past does not come back.
            let is_whole = !ledger.state().is_frozen(&own) && !ledger.is_behind_own_past();
            !world.is_tainted_key(hub) && is_whole
        };
        let mut scanners = self.scanners();
        scanners.retain(|scanner| {
            let hub = self.hub_of(*scanner);
            !self.is_outcast(*scanner)
                && !self.is_tainted_key(*scanner)
                && hub.is_some_and(|hub| !self.is_outcast(hub) && hub_is_sound(self, hub))
        });
        let mut units: Vec<_> = self.units().filter(|unit| self.is_listed(*unit)).collect();
        units.retain(|unit| {
            let homes = self.homes(*unit);
            let ticket = (*unit, self.people.newest(*unit));
            !read.contains(unit)
                && !self.people.voided.contains(&ticket)
                && homes.iter().all(|home| hub_is_sound(self, *home))
                && self.has_living_home(*unit)
                && self.is_unused(*unit)
        });
        while units.len() > LAST_GUESTS {
            let at = self.random.index(units.len());
            units.swap_remove(at);
        }
        for unit in units {
            let mut near = scanners.clone();
            near.retain(|scanner| self.reaches_home(*scanner, unit));
            if near.is_empty() {
                continue;
            }
            let scanner = near[self.random.index(near.len())];
            let zone = self.zone_at(scanner);
            // Within ten seconds the hubs have given each other what is left, or heard of who turned back, and given up lines that died
            // in the storm.
            let until = self.now + HELPED_WITHIN_MS;
            let may_change = |verdict: Option<Verdict>| {
                is_short(verdict) || matches!(verdict, Some(Verdict::Refer(Referral::HomeUnreachable { .. })))
            };
            let mut verdict = self.ask_about(self.newest_paper(unit), scanner);
            while may_change(verdict) && self.now < until {
                self.play(AGAIN_AFTER_MS);
                verdict = self.ask_about(self.newest_paper(unit), scanner);
            }
            let is_let_in = matches!(verdict, Some(Verdict::Admit { .. })) || self.is_in(unit);
            assert!(
                is_let_in || self.is_full(zone) || self.is_of_another_slot(zone, verdict),
                "{}: the genuine ticket of unit {unit} ({}) is of no use at {}: {verdict:?}, places left: {:?}",
                self.place(),
                TIERS[tier_of(unit)].0,
                self.name(scanner),
                self.places_left(zone)
            );
        }
    }

    /// Names the hubs that have places left, as each of them sees it: of the zone itself, and of the slot of time that it is in.
    pub fn places_left(&self, zone: ZoneId) -> Vec<(String, [Option<i64>; 2])> {
        let hubs = self.hubs().into_iter();
        let left = hubs.map(|hub| {
            let (ledger, now) = (&self.nodes[hub].ledger, self.nodes[hub].clock(self.now));
            let of = |of| ledger.state().places_of(zone, of, &ledger.me());
            (self.name(hub), [PlacesOf::Room, PlacesOf::TimeSlot(now)].map(of))
        });
        left.collect()
    }

    /// Tells whether somebody was let in with a unit's ticket: who was referred may have tried again meanwhile.
    pub fn is_in(&self, unit: u32) -> bool {
        self.observer.let_in.values().any(|(used, _)| *used == unit)
    }

    /// Tells whether nobody has a place left to give, of a zone itself or of the slot of time that runs.
    pub fn is_full(&self, zone: ZoneId) -> bool {
        self.is_given_away(zone, PlacesOf::Room) || self.is_slot_full(zone)
    }

    /// Tells whether nobody has one of these places left to give, as far as the cloud knows: the places of a hub that was shut out,
    /// or of which nobody has said yet which of its histories counts, are nobody's for the time being.
    pub fn is_given_away(&self, zone: ZoneId, of: PlacesOf) -> bool {
        let state = self.nodes[CLOUD].ledger.state();
        let Some(places) = state.places(zone, of) else {
            return false;
        };
        let gives = |hub: &Origin| {
            let owner = self.observer.owner(hub);
            // What a liar says it holds is nobody's, nor is what a hub holds whose log a copy has led to the end of time, or that writes
            // nothing because what only outcasts still hold of its past does not come back.
            let is_of_use = |owner: NodeId| {
                let waits_for_its_past = self.nodes[owner].ledger.is_behind_own_past();
                !self.is_outcast(owner) && !self.is_tainted_key(owner) && !waits_for_its_past
            };
            owner.is_some_and(is_of_use) && !state.is_frozen(hub)
        };
        // Of a frozen log each holds what it heard, with the loans in it.
        let is_open = state.forks().any(|fork| state.is_frozen(&fork.origin));
        let all: i64 = places.values().sum();
        let left = places.iter().filter(|(hub, _)| gives(hub));
        is_open || all <= 0 || left.map(|(_, places)| (*places).max(0)).sum::<i64>() <= 0
    }

    /// Tells whether a scanner's hub is the unit's home or has a line to it.
    fn reaches_home(&self, scanner: NodeId, unit: u32) -> bool {
        let hub = self.hub_of(scanner);
        let home = hub.and_then(|hub| self.home_of(hub, unit));
        hub.zip(home).is_some_and(|(hub, home)| {
            let line = (hub.min(home), hub.max(home));
            hub == home || self.pairs.contains(&line)
        })
    }

    fn has_living_home(&self, unit: u32) -> bool {
        let home = self.home_of(CLOUD, unit);
        home.is_some_and(|home| !self.observer.retired.contains(&home))
    }

    fn is_unused(&self, unit: u32) -> bool {
        let state = self.nodes[CLOUD].ledger.state();
        // Some of those who went in are known only from a history that the cloud does not hold.
        !self.is_in(unit) && state.passages(Unit(unit)).next().is_none()
    }

    /// Returns the hubs that were a unit's home by any roster.
    fn homes(&self, unit: u32) -> BTreeSet<NodeId> {
        let rosters = self.nodes[CLOUD].ledger.state().rosters().all();
        let homes = rosters
            .values()
            .filter_map(|hubs| home_of(self.setting.event, Unit(unit), hubs));
        homes.filter_map(|home| self.observer.owner(&home)).collect()
    }

    /// Returns the units of which a liar's log tells a passage that counts.
    pub fn lied_about(&self) -> BTreeSet<u32> {
        let state = self.nodes[CLOUD].ledger.state();
        let is_touched = |unit: &u32| {
            let mut passages = state.passages(Unit(*unit));
            passages.any(|(stamp, ..)| self.is_a_liars_log(&stamp.origin))
        };
        self.units().filter(is_touched).collect()
    }
}
