//! The machines of the venue in virtual time: ledgers, sessions and the ways of scans are the product's; delays, disks and failures are played.

mod device;
mod kept;
mod names;
mod outages;
mod sessions;
mod under_way;
mod ways;

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_keys::{Role, SecretKey, Timestamp};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::state::incident::Incident;
use usher_protocol::sync::Message;
use usher_protocol::{ScanId, ScanSecret};

use crate::agenda::Agenda;
use crate::chance::Chance;
use crate::event::{PlayedEvent, authority_records, gate_id};
use crate::scenario::{HubPlan, NetworkPlan, Scenario};
use device::{Device, Mount};
use kept::KeptRecords;
use names::DeviceId;
use outages::Outages;
use under_way::Job;
use ways::Leg;

pub(crate) use outages::Broken;

/// The cloud's place among the devices.
const CLOUD: DeviceId = 0;
/// How long a line is believed to stand over which nothing comes, in milliseconds: as the programs' connections.
const LINE_STANDS_MS: u64 = 20_000;

/// What is going to happen.
enum Step {
    /// A session's message arrives.
    Deliver {
        from: DeviceId,
        to: DeviceId,
        epoch: u64,
        message: Box<Message>,
    },
    /// A session asked to be woken.
    Tick {
        device: DeviceId,
        peer: DeviceId,
        epoch: u64,
    },
    Commit {
        device: DeviceId,
        life: u64,
    },
    /// Two devices look after the connection between them.
    LookAfter(DeviceId, DeviceId),
    /// All look which logs have grown.
    HandOver,
    /// A scan goes on.
    Leg(Box<Leg>),
}

/// What a scanner shows.
pub(crate) struct Shown {
    /// The number that whoever showed the code has given the scan.
    pub number: u64,
    /// `None` where a hub could not judge and the code is to be shown again.
    pub verdict: Option<Verdict>,
}

/// The machines and what connects them.
pub(crate) struct Network {
    now: u64,
    event: PlayedEvent,
    plan: NetworkPlan,
    chance: Chance,
    agenda: Agenda<Step>,
    records: KeptRecords,
    /// The cloud, then hubs, then scanners.
    devices: Vec<Device>,
    hubs: usize,
    outages: Outages,
    epochs: u64,
    handovers: u64,
    shown: Vec<Shown>,
    asks: u64,
}

/// A code that is shown to a scanner.
pub(crate) struct Showing {
    pub number: u64,
    /// Counted over all gates.
    pub scanner: usize,
    pub gate: usize,
    pub text: Arc<[u8]>,
    pub direction: Direction,
}

impl Network {
    /// Sets up the machines of a scenario, with `scanners` that hang on a gate and one of its access points, and lets them link.
    pub(crate) fn new(
        scenario: &Scenario,
        event: PlayedEvent,
        scanners: &[(usize, usize)],
        seed: u64,
        begins_at: u64,
    ) -> Self {
        let mut keys = Chance::new(seed, 1);
        let hub_of = |gate: usize| {
            let is_its = |hub: &HubPlan| hub.name == scenario.gates[gate].hub;
            scenario.hubs.iter().position(is_its).unwrap_or_default() + 1
        };
        let mut network = Self {
            now: begins_at,
            plan: scenario.network.clone(),
            chance: Chance::new(seed, 2),
            agenda: Agenda::default(),
            records: KeptRecords::default(),
            devices: Vec::new(),
            hubs: scenario.hubs.len(),
            outages: Outages::default(),
            epochs: 0,
            handovers: 0,
            shown: Vec::new(),
            asks: 0,
            event,
        };
        network.add_cloud();
        for hub in &scenario.hubs {
            network.add((Role::Hub, &hub.name), SecretKey::from_seed(&keys.seed()), None);
        }
        for (at, (gate, access_point)) in scanners.iter().enumerate() {
            let mount = Mount {
                hub: hub_of(*gate),
                gate: *gate,
                access_point: *access_point,
            };
            let (name, key) = (format!("Scanner {}", at + 1), SecretKey::from_seed(&keys.seed()));
            network.add((Role::Scanner, &name), key, Some(mount));
        }
        network.open(scenario);
        network
    }

    fn add_cloud(&mut self) {
        let key = self.event.authority.clone();
        self.add((Role::Cloud, "Cloud"), key, None);
    }

    fn add(&mut self, (role, name): (Role, &str), key: SecretKey, mount: Option<Mount>) {
        let identity = self.event.certify(key.public(), role, name);
        self.devices.push(Device::new(key, identity, mount));
    }

    /// Lets the authority say what holds, and all hubs link.
    fn open(&mut self, scenario: &Scenario) {
        let devices = self.devices[1..]
            .iter()
            .map(|device| device.identity.clone())
            .collect();
        let hubs = self.hub_ids().map(|hub| self.devices[hub].key.public()).collect();
        let bodies = authority_records(scenario, devices, hubs);
        let now = self.time();
        for node in CLOUD..=self.hubs {
            let nothing = kept::Vector::new();
            self.devices[node].load(&nothing, &self.records, &self.event.trust, now);
        }
        for body in bodies {
            self.write(CLOUD, body);
        }
        for hub in self.hub_ids() {
            self.write_due_records(hub);
        }
        for a in CLOUD..=self.hubs {
            for b in a + 1..=self.hubs {
                self.plan(1_000, Step::LookAfter(a, b));
            }
        }
        self.plan(self.plan.handover_every_ms, Step::HandOver);
    }

    fn hub_ids(&self) -> std::ops::RangeInclusive<DeviceId> {
        1..=self.hubs
    }

    fn time(&self) -> Timestamp {
        Timestamp(self.now)
    }

    fn plan(&mut self, delay_ms: u64, step: Step) {
        self.agenda.plan(self.now + delay_ms, step);
    }

    /// Returns when the next thing happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.agenda.next_at()
    }

    /// Does the next thing and returns what scanners show then.
    pub(crate) fn step(&mut self) -> Vec<Shown> {
        if let Some((at, step)) = self.agenda.take() {
            self.now = at;
            match step {
                Step::Deliver {
                    from,
                    to,
                    epoch,
                    message,
                } => self.deliver((from, to), epoch, *message),
                Step::Tick { device, peer, epoch } => self.tick(device, peer, epoch),
                Step::Commit { device, life } => self.commit(device, life),
                Step::LookAfter(a, b) => self.look_after(a, b),
                Step::HandOver => self.hand_over(),
                Step::Leg(leg) => self.go(*leg),
            }
        }
        std::mem::take(&mut self.shown)
    }

    /// Shows a code to a scanner at a moment; what comes of it is told by [`Network::step`].
    pub(crate) fn show(&mut self, showing: Showing, now: u64) {
        self.now = now;
        let device = self.hubs + 1 + showing.scanner;
        let secret = ScanSecret(self.chance.bytes16());
        let job = Job {
            number: showing.number,
            scan: ScanId::of(&self.devices[device].key.public(), &secret),
            secret,
            ticket: Arc::new(self.verify(&showing.text)),
            text: showing.text,
            gate: gate_id(showing.gate),
            direction: showing.direction,
        };
        self.read(device, job);
    }

    /// Breaks or mends something at a moment.
    pub(crate) fn change(&mut self, what: Broken, breaks: bool, now: u64) {
        self.now = now;
        self.outages.change(what, breaks);
        if let Broken::Hub(hub) = what {
            let is_down = self.outages.has(what);
            match (is_down, self.devices[hub].is_up) {
                (true, true) => self.devices[hub].crash(),
                (false, false) => self.restart(hub),
                (true, false) | (false, true) => {}
            }
        }
        self.note_silence();
    }

    fn restart(&mut self, hub: DeviceId) {
        let disk = self.devices[hub].disk.clone();
        let now = self.time();
        self.devices[hub].is_up = true;
        self.devices[hub].load(&disk, &self.records, &self.event.trust, now);
        self.write_due_records(hub);
    }

    /// Lets each scanner notice which hubs it does not reach, and remember what it had heard when it lost the last one.
    fn note_silence(&mut self) {
        for scanner in self.hubs + 1..self.devices.len() {
            let passes: Vec<_> = self.hub_ids().filter(|hub| self.passes(scanner, *hub)).collect();
            let was_linked = self.devices[scanner].heard.is_none();
            if passes.is_empty() && was_linked {
                let before = self
                    .hub_ids()
                    .filter(|hub| !self.devices[scanner].silent.contains_key(hub));
                let size = |hub: &DeviceId| self.devices[*hub].disk.values().map(|seq| seq.0).sum::<u64>();
                let told_most = before.max_by_key(size);
                let heard = told_most.map(|hub| self.devices[hub].disk.clone());
                self.devices[scanner].heard = Some(heard.unwrap_or_default());
            } else if !passes.is_empty() {
                self.devices[scanner].heard = None;
            }
            let (now, hubs) = (self.now, self.hub_ids());
            let silent = &mut self.devices[scanner].silent;
            for hub in hubs {
                if passes.contains(&hub) {
                    silent.remove(&hub);
                } else {
                    silent.entry(hub).or_insert(now);
                }
            }
        }
    }

    /// Tells whether anything gets from one device to another.
    fn passes(&self, a: DeviceId, b: DeviceId) -> bool {
        let (near, far) = (a.min(b), a.max(b));
        let are_up = self.devices[near].is_up && self.devices[far].is_up;
        let carries = match self.devices[far].mount {
            None => self.outages.carries(near, far),
            Some(mount) => {
                let has_point = !self
                    .outages
                    .has(Broken::AccessPoint(mount.gate, mount.access_point));
                has_point && self.outages.carries(near, mount.hub)
            }
        };
        are_up && carries
    }

    /// Returns how long a message is on its way, or nothing where it is lost.
    fn transit(&mut self, from: DeviceId, to: DeviceId) -> Option<u64> {
        if !self.passes(from, to) {
            return None;
        }
        let range = self.range(from, to);
        Some(self.chance.between(range))
    }

    fn range(&self, from: DeviceId, to: DeviceId) -> [u64; 2] {
        let (near, far) = (from.min(to), from.max(to));
        if self.devices[far].mount.is_some() {
            self.plan.radio_ms
        } else if near == CLOUD {
            self.plan.uplink_ms
        } else {
            self.plan.lan_ms
        }
    }

    /// Returns how many records of other devices the cloud lacks.
    pub(crate) fn lag(&self) -> u64 {
        let cloud = &self.devices[CLOUD].disk;
        let lacks = |(origin, seq): (&_, &usher_protocol::Seq)| {
            seq.0.saturating_sub(cloud.get(origin).map_or(0, |held| held.0))
        };
        let devices = self.devices.iter().skip(1);
        let own = devices.filter_map(|device| device.disk.get_key_value(&device.key.public()));
        own.map(lacks).sum()
    }

    /// Tells whether all hubs that run, and the cloud, hold the same, and scanners keep nothing back.
    pub(crate) fn agrees(&self) -> bool {
        let up: BTreeSet<_> = (CLOUD..=self.hubs)
            .filter(|node| self.devices[*node].is_up)
            .map(|node| &self.devices[node].disk)
            .collect();
        up.len() == 1
            && self
                .devices
                .iter()
                .skip(self.hubs + 1)
                .all(|scanner| scanner.ledger.is_none())
    }

    /// Returns how many doubles the records tell of, as far as any one device knows.
    pub(crate) fn doubles(&self) -> usize {
        let ledgers = self
            .devices
            .iter()
            .take(self.hubs + 1)
            .filter_map(|device| device.ledger.as_ref());
        let doubles = ledgers.map(|ledger| {
            let incidents = ledger.state().incidents().into_iter();
            incidents
                .filter(|incident| matches!(incident, Incident::DoubleAdmission { .. }))
                .count()
        });
        doubles.max().unwrap_or_default()
    }

    /// Tells whether a scanner, counted over all gates, reaches no hub.
    pub(crate) fn is_alone(&self, scanner: usize) -> bool {
        self.devices[self.hubs + 1 + scanner].heard.is_some()
    }

    /// Returns how many scans asked another hub than the one that was asked first.
    pub(crate) fn asks(&self) -> u64 {
        self.asks
    }
}
