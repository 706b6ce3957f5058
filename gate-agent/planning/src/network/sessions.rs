//! Connections and sessions between hubs and the cloud, commits, and how logs are handed on.

use std::collections::VecDeque;
use std::sync::Arc;

use usher_protocol::assurance::Assurance;
use usher_protocol::ledger::Entry;
use usher_protocol::log::Run;
use usher_protocol::record::Body;
use usher_protocol::sync::session::CHECKPOINT_LAG;
use usher_protocol::sync::{Context, Input, Message, NotStored, Notice, Output, Session, SessionConfig};
use usher_protocol::{Origin, Seq};

use super::device::{Device, OpenSession, Then};
use super::names::DeviceId;
use super::{CLOUD, Network, Step};

/// How often two devices look after the connection between them, in milliseconds.
const LOOK_AFTER_EVERY_MS: u64 = 1_000;
/// With each how-manieth hand-over copies of others' logs are announced too: their writers have told most peers themselves by then.
const OTHERS_EVERY: u64 = 5;

impl Network {
    /// Makes a connection where there is none and can be one, and drops one that is only half there.
    pub(super) fn look_after(&mut self, a: DeviceId, b: DeviceId) {
        self.plan(LOOK_AFTER_EVERY_MS, Step::LookAfter(a, b));
        let here = self.devices[a].sessions.contains_key(&b);
        let there = self.devices[b].sessions.contains_key(&a);
        if (here && there) || !self.passes(a, b) {
            return;
        }
        self.epochs += 1;
        let epoch = self.epochs;
        for (device, peer) in [(a, b), (b, a)] {
            let held = self.held_by(&self.devices[device]);
            let session = Session::new(SessionConfig {
                event: self.event.trust.event(),
                identity: self.devices[device].identity.clone(),
                own_log: self.devices[device].key.public(),
                peer: self.devices[peer].identity.unverified().device,
                held,
                checkpoint_lag: CHECKPOINT_LAG,
            });
            self.devices[device]
                .sessions
                .insert(peer, OpenSession { session, epoch });
        }
        for (device, peer) in [(a, b), (b, a)] {
            self.input((device, peer), epoch, Input::Start);
        }
    }

    fn held_by(&self, device: &Device) -> Vec<usher_protocol::sync::Held> {
        let disk = device.disk.iter();
        disk.map(|(origin, seq)| self.records.held(origin, *seq))
            .collect()
    }

    pub(super) fn deliver(&mut self, (from, to): (DeviceId, DeviceId), epoch: u64, message: Message) {
        if self.devices[to].is_up {
            self.input((to, from), epoch, Input::Received(message));
        }
    }

    pub(super) fn tick(&mut self, device: DeviceId, peer: DeviceId, epoch: u64) {
        if self.devices[device].is_up {
            self.input((device, peer), epoch, Input::Tick);
        }
    }

    /// Gives an input to a session and does what it wants done.
    fn input(&mut self, (device, peer): (DeviceId, DeviceId), epoch: u64, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.time();
            let assurance = self.assurance(device);
            let machine = &mut self.devices[device];
            let Some(ledger) = &machine.ledger else { return };
            let Some(open) = machine.sessions.get_mut(&peer).filter(|open| open.epoch == epoch) else {
                return;
            };
            let unheard_forks = ledger.unheard_forks();
            let context = Context {
                now,
                clock: now,
                trust: &self.event.trust,
                register: &machine.register,
                assurance,
                unheard_forks: &unheard_forks,
            };
            open.session.handle(input, &context);
            let outputs: Vec<_> = std::iter::from_fn(|| open.session.poll()).collect();
            for output in outputs {
                inputs.extend(self.carry_out((device, peer), epoch, output));
            }
        }
    }

    /// Returns the newest assurance that a device knows; the cloud signs one a beat.
    fn assurance(&mut self, device: DeviceId) -> Option<Assurance> {
        let now = self.time();
        if device == CLOUD
            && self.devices[CLOUD]
                .assurance
                .is_none_or(|last| now.since_ms(last.at) >= 1_000)
        {
            let cloud = &self.devices[CLOUD];
            let key = &cloud.key;
            let tail = cloud.ledger.as_ref().map(|ledger| ledger.tail(&key.public()));
            let made = tail.map(|tail| Assurance::sign(self.event.trust.event(), now, tail, key));
            self.devices[CLOUD].assurance = made;
        }
        self.devices[device].assurance
    }

    fn carry_out(
        &mut self,
        (device, peer): (DeviceId, DeviceId),
        epoch: u64,
        output: Output,
    ) -> Option<Input> {
        match output {
            Output::Send(message) => {
                if let Some(delay) = self.transit(device, peer) {
                    let deliver = Step::Deliver {
                        from: device,
                        to: peer,
                        epoch,
                        message: Box::new(message),
                    };
                    self.plan(delay, deliver);
                }
            }
            Output::Load { origin, after } => {
                let until = self.devices[device]
                    .disk
                    .get(&origin)
                    .copied()
                    .unwrap_or_default();
                let run = Ok(self.records.run(origin, after, until));
                return Some(Input::Loaded { origin, run });
            }
            // Nobody is enrolled in the middle of the evening: all records are sent.
            Output::LoadCheckpoint => return Some(Input::LoadedCheckpoint(None)),
            Output::Store(run) => return self.store((device, peer), epoch, &run),
            Output::WakeAt(at) => {
                let tick = Step::Tick { device, peer, epoch };
                // Whoever looks at logs seldom looks at clocks no oftener: most of a beat is verifying certificates.
                let delay = at.since_ms(self.time()).max(self.plan.handover_every_ms);
                self.plan(delay, tick);
            }
            Output::Notify(Notice::Fresh(assurance)) => self.devices[device].assurance = Some(assurance),
            Output::Close(_) => {
                self.devices[device].sessions.remove(&peer);
            }
            Output::StoreCheckpoint(_) | Output::StoreBundle(_) => {}
            Output::Notify(
                Notice::Opened(_)
                | Notice::Forked(_)
                | Notice::OwnPast(_)
                | Notice::Clock(_)
                | Notice::RunRefused(..),
            ) => {}
        }
        None
    }

    fn store(&mut self, (device, peer): (DeviceId, DeviceId), epoch: u64, run: &Run) -> Option<Input> {
        let origin = run.head.origin;
        match self.accept(device, run) {
            Ok(()) => {
                self.devices[device]
                    .batch
                    .then
                    .push(Then::Stored { peer, epoch, origin });
                None
            }
            Err(error) => Some(Input::Stored {
                origin,
                result: Err(error),
            }),
        }
    }

    fn accept(&mut self, device: DeviceId, run: &Run) -> Result<(), NotStored> {
        let now = self.time();
        let evidence = self.records.evidence(run, &self.event.trust);
        let machine = &mut self.devices[device];
        let Some(ledger) = &mut machine.ledger else {
            return Err(NotStored::Unavailable);
        };
        let accepted = ledger.accept(run, evidence, now)?;
        if let Some(head) = accepted.head {
            machine.batch.grown.insert(head.origin, head.tail.seq);
        }
        self.plan_commit(device);
        Ok(())
    }

    /// Writes a record to a device's own log, durable with the next commit.
    pub(super) fn write(&mut self, device: DeviceId, body: Body) {
        let now = self.time();
        if let Some(ledger) = &mut self.devices[device].ledger {
            let entry = ledger.write(body, now);
            self.wrote(device, [entry]);
        }
    }

    pub(super) fn write_due_records(&mut self, device: DeviceId) {
        let now = self.time();
        if let Some(ledger) = &mut self.devices[device].ledger {
            let entries = ledger.write_due_records(now);
            self.wrote(device, entries);
        }
    }

    fn wrote(&mut self, device: DeviceId, entries: impl IntoIterator<Item = Entry>) {
        let before = self.devices[device].batch.own.len();
        self.devices[device].batch.own.extend(entries);
        if self.devices[device].batch.own.len() > before {
            self.plan_commit(device);
        }
    }

    /// Plans a commit of a device's batch, unless one is planned.
    pub(super) fn plan_commit(&mut self, device: DeviceId) {
        if !std::mem::replace(&mut self.devices[device].has_planned_commit, true) {
            let delay = self.chance.between(self.plan.commit_ms);
            let life = self.devices[device].life;
            self.plan(delay, Step::Commit { device, life });
        }
    }

    /// A batch becomes durable; only now anybody is told.
    pub(super) fn commit(&mut self, device: DeviceId, life: u64) {
        if !self.devices[device].is_up || self.devices[device].life != life {
            return;
        }
        let has_authority = self.devices[device]
            .batch
            .grown
            .contains_key(&self.event.authority.public());
        let then = self.devices[device].commit(&mut self.records);
        if has_authority {
            self.heard_authority(device);
        }
        for one in then {
            match one {
                Then::Stored { peer, epoch, origin } => {
                    let until = self.devices[device]
                        .disk
                        .get(&origin)
                        .copied()
                        .unwrap_or_default();
                    let result = Ok(self.records.held(&origin, until));
                    self.input((device, peer), epoch, Input::Stored { origin, result });
                }
                Then::Judged(at, verdict, judging_as) => self.judged(at, verdict, judging_as),
                Then::Withdrawn(at) => self.withdrawn(at),
            }
        }
    }

    fn heard_authority(&mut self, device: DeviceId) {
        let Some(ledger) = &self.devices[device].ledger else {
            return;
        };
        self.devices[device].register = ledger.state().register();
        self.write_due_records(device);
        for (peer, epoch) in self.open_sessions(device) {
            self.input((device, peer), epoch, Input::TrustChanged);
        }
    }

    fn open_sessions(&self, device: DeviceId) -> Vec<(DeviceId, u64)> {
        let sessions = self.devices[device].sessions.iter();
        sessions.map(|(peer, open)| (*peer, open.epoch)).collect()
    }

    /// Tells sessions which logs have grown, and lets scanners hand on what they wrote.
    pub(super) fn hand_over(&mut self) {
        self.plan(self.plan.handover_every_ms, Step::HandOver);
        self.handovers += 1;
        for device in CLOUD..=self.hubs {
            self.announce(device, self.handovers.is_multiple_of(OTHERS_EVERY));
        }
        for scanner in self.hubs + 1..self.devices.len() {
            if self.devices[scanner].ledger.is_some() {
                self.hand_over_log_of(scanner);
            }
        }
    }

    fn announce(&mut self, device: DeviceId, with_others: bool) {
        let machine = &self.devices[device];
        let me = machine.key.public();
        let authority = self.event.authority.public();
        let grown: Vec<(Origin, Seq)> = machine
            .disk
            .iter()
            .filter(|(origin, seq)| {
                let is_due = with_others || **origin == me || **origin == authority;
                is_due && machine.announced.get(origin) != Some(seq)
            })
            .map(|(origin, seq)| (*origin, *seq))
            .collect();
        let sessions = self.open_sessions(device);
        for (origin, seq) in grown {
            self.devices[device].announced.insert(origin, seq);
            let held = self.records.held(&origin, seq);
            for (peer, epoch) in &sessions {
                self.input((device, *peer), *epoch, Input::Grew(held.clone()));
            }
        }
    }

    /// Hands a scanner's log on to a hub that it reaches; once that is durable there, the scanner's memory is not needed any more.
    fn hand_over_log_of(&mut self, scanner: DeviceId) {
        let reached = self.hub_ids().filter(|hub| self.passes(scanner, *hub));
        let own_hub = self.devices[scanner].mount.map(|mount| mount.hub);
        let Some(hub) = reached.min_by_key(|hub| Some(*hub) != own_hub) else {
            return;
        };
        let me = self.devices[scanner].key.public();
        let seq_at = |device: DeviceId| self.devices[device].disk.get(&me).copied().unwrap_or_default();
        let (written, arrived) = (seq_at(scanner), seq_at(hub));
        if let Some(run) = self.records.run(me, arrived, written) {
            // What a hub refuses is offered again with the next hand-over.
            let _ = self.accept(hub, &Arc::unwrap_or_clone(run));
            return;
        }
        let machine = &mut self.devices[scanner];
        if machine.under_way.is_empty() && machine.batch.own.is_empty() && arrived >= written {
            machine.ledger = None;
            machine.judges_alone = false;
        }
    }
}
