//! How many people zones hold: drawing and changing their capacities, and checking that nobody goes into a zone that is full: promise 12.

use std::collections::BTreeMap;

use usher_protocol::policy::Policy;
use usher_protocol::record::Body;
use usher_protocol::{ScanId, ZoneId};

use super::counts::CountMade;
use super::node::NodeId;
use super::people::gate_at;
use super::scans::Job;
use super::setting::OUTER;
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How long people stand still after a capacity was changed, so that it can be seen who is in, in milliseconds.
const STILL_MS: u64 = 3_000;

/// What the observer knows of zones that hold only so many people.
#[derive(Debug, Default)]
pub struct ZoneWatch {
    /// The most people that may be in each zone: more than it holds where they were in before that was lowered.
    most: BTreeMap<ZoneId, u32>,
    /// The capacity that each zone began with.
    first: BTreeMap<ZoneId, u32>,
    /// What supervisors have counted.
    pub counts: Vec<CountMade>,
    /// When a scan was judged that lets people in.
    judged: BTreeMap<ScanId, u64>,
    /// Who went into which zone and when: the scan, how many, and the moment.
    went_in: Vec<(ZoneId, ScanId, u32, u64)>,
    /// How many left each zone.
    left: BTreeMap<ZoneId, u32>,
}

impl ZoneWatch {
    /// Takes note of when people were let in.
    pub fn judged(&mut self, scan: ScanId, body: Option<&Body>, now: u64) {
        if let Some(Body::Admitted(_)) = body {
            self.judged.entry(scan).or_insert(now);
        }
    }

    /// Takes note that people go into a zone.
    pub fn goes_in(&mut self, job: &Job, zone: ZoneId, now: u64) {
        let persons = u32::from(job.persons.max(1));
        self.went_in.push((zone, job.scan, persons, now));
    }

    /// Takes note that somebody leaves a zone.
    pub fn leaves(&mut self, zone: ZoneId) {
        *self.left.entry(zone).or_default() += 1;
    }

    /// Returns how many people more than it holds may be in a zone after a count that was too low, or that came between a verdict
    /// and the gate: whoever went in after it by a verdict from before it was not counted, and who left before it or was
    /// given up may be heard of after it, and makes room twice.
    fn miscounted(&self, zone: ZoneId, given_up: u32) -> u32 {
        let counts: Vec<_> = self.counts.iter().filter(|count| count.zone == zone).collect();
        if counts.is_empty() {
            return 0;
        }
        let of_count = |count: &&CountMade| {
            let is_late = |(_, scan, _, at): &&(ZoneId, ScanId, u32, u64)| {
                *at > count.world_ms
                    && self
                        .judged
                        .get(scan)
                        .is_none_or(|judged| *judged <= count.world_ms)
            };
            let there = self.went_in.iter().filter(|(into, ..)| *into == zone);
            let late: u32 = there.filter(is_late).map(|(_, _, persons, _)| persons).sum();
            late + count.real.saturating_sub(count.said)
        };
        let late: u32 = counts.iter().map(of_count).sum();
        late + self.left.get(&zone).copied().unwrap_or_default() + given_up
    }
}

impl World {
    /// In half the runs a zone holds fewer people than come.
    pub fn draw_capacities(&mut self, policy: &mut Policy) {
        for zone in &mut policy.zones {
            let most = if zone.id == OUTER { 40 } else { 15 };
            let (is_limited, capacity) = (self.random.percent(50), self.random.between(5, most));
            let capacity = (is_limited && self.shape.has(Kind::Crowding)).then_some(capacity);
            zone.capacity = capacity.map(|capacity| u32::try_from(capacity).expect("few"));
            let watch = &mut self.observer.zones;
            watch
                .most
                .extend(zone.capacity.map(|capacity| (zone.id, capacity)));
            watch
                .first
                .extend(zone.capacity.map(|capacity| (zone.id, capacity)));
        }
    }

    /// Returns the zone behind the gate of a scanner.
    pub fn zone_at(&self, scanner: NodeId) -> ZoneId {
        let at = self.scanners().iter().position(|one| *one == scanner);
        self.setting
            .behind(gate_at(at.expect("a scanner stands at a gate")))
            .0
    }

    /// A zone holds fewer people from now on, perhaps fewer than are in it, or more.
    pub fn change_capacity(&mut self) {
        let Some((version, policy)) = self.nodes[CLOUD].ledger.state().policy() else {
            return;
        };
        let mut policy = policy.clone();
        let limited = policy.zones.iter_mut();
        let mut limited: Vec<_> = limited.filter(|zone| zone.capacity.is_some()).collect();
        if limited.is_empty() {
            return;
        }
        let at = self.random.index(limited.len());
        let (zone, held) = (
            limited[at].id,
            u64::from(limited[at].capacity.unwrap_or_default()),
        );
        let capacity = if self.random.percent(60) {
            self.random.between(1, held)
        } else {
            self.random.between(held, held + 10)
        };
        let capacity = u32::try_from(capacity).expect("few");
        limited[at].capacity = Some(capacity);
        self.tell(|| format!("zone {zone} holds {capacity} people from now on, not {held}"));
        self.happens(Kind::Crowding);
        let most = self.observer.zones.most.entry(zone).or_default();
        *most = capacity.max(*most);
        let version = version + 1;
        self.publish(Body::Policy { version, policy });
        self.people.still_until = self.people.still_until.max(self.now + STILL_MS);
        self.plan(STILL_MS, Happening::Settled);
    }

    /// Once everybody has heard of a capacity and of whoever is in, nobody more goes in until enough have left.
    pub fn settle_crowd(&mut self) {
        if !self.has_heard_all() {
            return;
        }
        let policy = self.nodes[CLOUD].ledger.state().policy();
        let zones = policy.map(|(_, policy)| policy.zones.clone()).unwrap_or_default();
        for zone in zones {
            let inside = self.people.all_inside(zone.id);
            let held = self.observer.zones.most.get_mut(&zone.id);
            if let Some((capacity, most)) = zone.capacity.zip(held) {
                *most = capacity.max(inside).min(*most);
            }
        }
    }

    /// Tells whether everybody is of use and up and holds the same, and no scan is on its way.
    fn has_heard_all(&self) -> bool {
        let left = (0..self.nodes.len()).filter(|node| !self.nodes[*node].gone);
        let mut left = left.map(|node| (node, &self.nodes[node]));
        let version = |node: NodeId| {
            self.nodes[node]
                .ledger
                .state()
                .policy()
                .map(|(version, _)| version)
        };
        let is_idle = left.all(|(id, node)| {
            let is_current = version(id) == version(CLOUD);
            self.runs(id) && node.under_way.is_empty() && !self.is_outcast(id) && is_current
        });
        is_idle && self.agrees()
    }

    /// Tells whether a zone held more people when it was opened than now, as a node knows it.
    pub fn is_lowered(&self, node: NodeId, zone: ZoneId) -> bool {
        let held = self.capacity(node, zone);
        held.zip(self.observer.zones.first.get(&zone))
            .is_some_and(|(held, first)| held < *first)
    }

    /// Returns how many people a zone holds, as a node knows it.
    pub fn capacity(&self, node: NodeId, zone: ZoneId) -> Option<u32> {
        let policy = self.nodes[node].ledger.state().policy();
        policy.and_then(|(_, policy)| policy.zone(zone)?.capacity)
    }

    /// Checks that whoever lets people in knows of no more than the zone holds.
    pub fn check_room(&self, node: NodeId, job: &Job) {
        let zone = self.setting.behind(job.gate).0;
        let Some(holds) = self.capacity(node, zone) else {
            return;
        };
        let inside = self.nodes[node].ledger.state().occupancy(zone);
        assert!(
            inside + i64::from(job.persons.max(1)) <= i64::from(holds),
            "{}: {} lets {} more people in where it knows of {inside} in a zone for {holds}",
            self.place(),
            self.name(node),
            job.persons
        );
    }

    /// Checks that no zone ever holds more people than it may, but for those whom a supervisor let in or miscounted: promise 12.
    pub fn check_crowd(&self) {
        if self.may_overfill() {
            return;
        }
        for (zone, most) in &self.observer.zones.most {
            let by_rule = self.units().filter(|unit| !self.is_overridden(*unit));
            let inside: u32 = by_rule.map(|unit| self.people.inside(unit, *zone)).sum();
            let stayed = self.stayed(*zone);
            assert!(
                inside <= most + stayed
                    || inside <= most + stayed + self.observer.zones.miscounted(*zone, self.given_up()),
                "{}: {inside} people are in a zone for {most}",
                self.place()
            );
        }
    }

    /// Returns how many people stayed in a zone because their way on to the one beside was given up: by the home's word they had left, and
    /// their places may be taken before anybody hears that.
    fn stayed(&self, zone: ZoneId) -> u32 {
        let given_up = self.observer.given_up.keys();
        let jobs = given_up.filter_map(|scan| self.observer.read.get(scan));
        let stayed = jobs.filter(|job| job.comes_from == Some(zone));
        stayed.map(|job| u32::from(job.persons.max(1))).sum()
    }

    /// Tells whether places may be used twice: by who lies, by a hub that forgot what it gave away, and by one that goes on after
    /// its heir took over.
    pub fn may_overfill(&self) -> bool {
        !self.liars.is_empty()
            || self.restored.is_some()
            || !self.clones.is_empty()
            || !self.observer.retired.is_empty()
    }

    /// Returns how many people were not let in by scans that were given up.
    fn given_up(&self) -> u32 {
        let jobs = self
            .observer
            .given_up
            .keys()
            .filter_map(|scan| self.observer.read.get(scan));
        jobs.map(|job| u32::from(job.persons.max(1))).sum()
    }
}
