//! Connections and sessions between nodes: delivery with delay, loss, repetition and reordering, and what sessions want done.

use std::sync::Arc;

use usher_keys::PublicKey;
use usher_protocol::evidence::Worth;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Run, RunError, Tail};
use usher_protocol::record::Body;
use usher_protocol::sync::{
    Close, Context, Farewell, Input, LoadError, Message, NotStored, Notice, Output, Session, SessionConfig,
};

use usher_protocol::trust::Register;
use usher_protocol::{Origin, Seq};

use super::node::{Live, NodeId, Then};
use super::sabotage::{self, Sabotage};
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// How often a pair looks after its connection, in milliseconds.
const CONNECT_EVERY_MS: u64 = 700;
/// How many of a hundred reads fail, where they may.
const BAD_READS_PERCENT: u64 = 2;
/// How many of a thousand messages are altered on the way, unless a test wants more.
pub const ALTERED_PER_MILLE: u64 = 3;

impl World {
    /// Tells whether anything gets from one node to another.
    pub fn passes(&self, from: NodeId, to: NodeId) -> bool {
        self.nodes[from].up && self.nodes[to].up && !self.cut.contains(&(from, to))
    }

    /// Returns the delay of a message, or nothing when it is lost.
    pub fn transit(&mut self, from: NodeId, to: NodeId) -> Option<u64> {
        let lossy = self.stormy && self.shape.has(Kind::Loss);
        if !self.passes(from, to) {
            return None;
        }
        if lossy && self.random.percent(3) {
            self.happens(Kind::Loss);
            return None;
        }
        let slow = lossy && self.random.percent(5);
        let delay = if slow {
            self.random.between(50, 1_500)
        } else {
            self.random.between(1, 20)
        };
        let delay = delay + self.slow.get(&(from, to)).copied().unwrap_or_default();
        let measured = self.nodes[from].round_trips.entry(to).or_insert(2 * delay);
        *measured = (*measured * 7 + 2 * delay) / 8;
        Some(delay)
    }

    /// Returns how long a packet takes to a peer and back, as QUIC measures it.
    pub fn round_trip_ms(&self, node: NodeId, peer: NodeId) -> u64 {
        let measured = self.nodes[node].round_trips.get(&peer);
        measured.copied().unwrap_or_default()
    }

    /// Looks after a pair's connection: drops a half-dead one, makes a new one when both can hear each other.
    pub fn look_after(&mut self, a: NodeId, b: NodeId) {
        if !self.pairs.contains(&(a, b)) {
            return;
        }
        self.plan(CONNECT_EVERY_MS, Happening::Connect(a, b));
        // Whoever stands still answers nobody who dials it, and notices no line that is dead.
        if self.stands_still(a) || self.stands_still(b) {
            return;
        }
        let (here, there) = (
            self.nodes[a].sessions.contains_key(&b),
            self.nodes[b].sessions.contains_key(&a),
        );
        if here != there {
            self.nodes[a].sessions.remove(&b);
            self.nodes[b].sessions.remove(&a);
        }
        if here || there || !self.passes(a, b) || !self.passes(b, a) {
            return;
        }
        let epoch = self.epochs.entry((a, b)).or_default();
        *epoch += 1;
        let epoch = *epoch;
        self.say(|| format!("{}–{}: connection {epoch}", self.name(a), self.name(b)));
        for (node, peer) in [(a, b), (b, a)] {
            let session = Session::new(SessionConfig {
                event: self.setting.event,
                identity: self.nodes[node].shown_identity(),
                own_log: self.nodes[node].key.public(),
                peer: self.nodes[peer].link_key,
                held: self.nodes[node].disk.held(),
                checkpoint_lag: self.checkpoint_lag(),
            });
            self.nodes[node].sessions.insert(
                peer,
                Live {
                    session,
                    epoch,
                    since: self.now,
                },
            );
            self.input(node, peer, epoch, Input::Start);
        }
    }

    /// A session message arrives.
    pub fn deliver(&mut self, from: NodeId, to: NodeId, epoch: u64, message: Message) {
        if !self.nodes[to].up {
            return;
        }
        // Through the real encoding, so that what is sent is what is read.
        let mut bytes = message.to_bytes();
        let unlucky = self.stormy
            && self.shape.has(Kind::Corruption)
            && self.random.below(1_000) < self.altered_per_mille;
        if unlucky {
            self.alter((from, to, epoch), &mut bytes);
        }
        match Message::from_bytes(&bytes) {
            Ok(message) => {
                self.say(|| {
                    format!(
                        "{} hears from {}: {}",
                        self.name(to),
                        self.name(from),
                        name_of(&message)
                    )
                });
                if self.breaks(Sabotage::FreshnessIsBelieved)
                    && let Message::Beat {
                        assurance: Some(word),
                        ..
                    } = &message
                {
                    self.take_notice((to, self.nodes[from].link_key), Notice::Fresh(*word));
                }
                self.input(to, from, epoch, Input::Received(message));
            }
            Err(error) => {
                assert!(
                    unlucky || self.is_liar(from),
                    "{}: what we send cannot be read: {error}",
                    self.place()
                );
                let is_live = self.nodes[to]
                    .sessions
                    .get(&from)
                    .is_some_and(|live| live.epoch == epoch);
                if is_live {
                    // As the link does with a frame that cannot be read.
                    self.nodes[to].sessions.remove(&from);
                    self.send(to, from, epoch, &Message::Bye(Farewell::BadMessage));
                }
            }
        }
    }

    /// Alters a byte of a message on its way.
    pub fn alter(&mut self, (from, to, epoch): (NodeId, NodeId, u64), bytes: &mut [u8]) {
        let at = self.random.index(bytes.len());
        bytes[at] ^= u8::try_from(self.random.between(1, 255)).expect("a byte");
        self.altered.insert((from.min(to), from.max(to), epoch));
        self.happens(Kind::Corruption);
        self.tell(|| {
            let (from, to) = (self.name(from), self.name(to));
            format!(
                "byte {at} of {} is altered on the way from {from} to {to}",
                bytes.len()
            )
        });
    }

    /// A session's timer rings, unless the machine has stopped meanwhile.
    pub fn tick(&mut self, node: NodeId, peer: NodeId, epoch: u64) {
        if !self.nodes[node].up {
            return;
        }
        self.share_places(node);
        self.input(node, peer, epoch, Input::Tick);
    }

    /// Gives an input to a session and does what it wants done.
    pub fn input(&mut self, node: NodeId, peer: NodeId, epoch: u64, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let world_now = self.now;
            let register = match self.shape.sabotage {
                Some(Sabotage::RevokedDevicesAreWelcome) => Arc::default(),
                Some(Sabotage::OrphansAreWelcome) => self.register_without_orphans(node),
                _ => self.nodes[node].ledger.state().register(),
            };
            let machine = &mut self.nodes[node];
            let now = machine.clock(world_now);
            let own_clock = machine.own_clock(world_now);
            let assurance = machine.assurance(now);
            let Some(live) = machine.sessions.get_mut(&peer).filter(|live| live.epoch == epoch) else {
                return;
            };
            let trust = Arc::clone(machine.ledger.trust());
            let unheard_forks = machine.ledger.unheard_forks();
            live.session.handle(
                input,
                &Context {
                    now,
                    clock: own_clock,
                    trust: &trust,
                    register: &register,
                    assurance,
                    unheard_forks: &unheard_forks,
                },
            );
            let outputs: Vec<_> = std::iter::from_fn(|| live.session.poll()).collect();
            for output in outputs {
                inputs.extend(self.carry_out(node, peer, epoch, output));
            }
        }
    }

    /// Returns the devices of the event as a node knows them, and every scanner among them.
    fn register_without_orphans(&self, node: NodeId) -> Arc<Register> {
        let mut register = Register::clone(&self.nodes[node].ledger.state().register());
        let enrolled = self.nodes.iter().filter(|node| node.identity.via.is_some());
        let enrolled = enrolled.map(|node| (node.key.public(), node.identity.clone()));
        register.enrolled.extend(enrolled);
        Arc::new(register)
    }

    fn carry_out(&mut self, node: NodeId, peer: NodeId, epoch: u64, output: Output) -> Option<Input> {
        match output {
            Output::Send(message) => self.send(node, peer, epoch, &message),
            Output::Load { origin, after } => {
                let run = self.load(node, origin, after).map(|run| run.map(Arc::new));
                return Some(Input::Loaded { origin, run });
            }
            Output::LoadCheckpoint => return Some(Input::LoadedCheckpoint(self.checkpoint(node))),
            Output::Store(run) => return self.store(node, peer, epoch, &run),
            Output::StoreCheckpoint(signed) => return self.begin_at(node, (peer, epoch), signed),
            Output::StoreBundle(bundle) => {
                let bundle = self.as_read(node, bundle);
                if self.nodes[node].ledger.renew_trust(bundle.clone()).is_ok() {
                    self.nodes[node].changed = true;
                    self.nodes[node].batch.bundle = Some(bundle);
                    self.plan_commit(node);
                }
            }
            Output::WakeAt(at) => {
                let now = self.nodes[node].clock(self.now);
                self.plan(at.since_ms(now), Happening::Tick { node, peer, epoch });
            }
            Output::Notify(notice) => {
                let key = self.nodes[peer].link_key;
                self.take_notice((node, key), notice);
            }
            Output::Close(close) => {
                self.say(|| {
                    let live = self.nodes[node].sessions.get(&peer);
                    let why = live.and_then(|live| live.session.refusal());
                    let why = why.map(|why| format!(" ({why:?})")).unwrap_or_default();
                    format!("{}–{}: closed {close:?}{why}", self.name(node), self.name(peer))
                });
                self.nodes[node].sessions.remove(&peer);
                let altered = self.altered.contains(&(node.min(peer), node.max(peer), epoch))
                    || self.is_liar(node)
                    || self.is_liar(peer);
                assert!(
                    altered || !matches!(close, Close::Ours(Farewell::BadMessage)),
                    "{}: {} took {} for a bad peer",
                    self.place(),
                    self.name(node),
                    self.name(peer)
                );
            }
        }
        None
    }

    fn load(&mut self, node: NodeId, origin: Origin, after: Seq) -> Result<Option<Run>, LoadError> {
        let fails = self.stormy && self.shape.has(Kind::BadReads) && self.random.percent(BAD_READS_PERCENT);
        if !fails {
            return Ok(self.nodes[node].disk.load(origin, after));
        }
        self.say(|| format!("{} cannot read its disk", self.name(node)));
        self.happens(Kind::BadReads);
        if self.breaks(Sabotage::FailedReadsAreAbsences) {
            return Ok(None);
        }
        Err(LoadError)
    }

    /// Sends a message on its way, now and then twice.
    pub fn send(&mut self, from: NodeId, to: NodeId, epoch: u64, message: &Message) {
        let copies = if self.stormy && self.shape.has(Kind::Loss) && self.random.percent(4) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            if let Some(delay) = self.transit(from, to) {
                self.plan(
                    delay,
                    Happening::Deliver {
                        from,
                        to,
                        epoch,
                        message: message.clone(),
                    },
                );
            }
        }
    }

    fn store(&mut self, node: NodeId, peer: NodeId, epoch: u64, run: &Run) -> Option<Input> {
        let origin = run.head.origin;
        let now = self.nodes[node].clock(self.now);
        let trust = Arc::clone(self.nodes[node].ledger.trust());
        let evidence = self.blind_evidence(run, &trust);
        match self.nodes[node].ledger.accept(run, evidence, now) {
            Ok(accepted) => {
                self.nodes[node].changed |= !accepted.entries.is_empty();
                let batch = &mut self.nodes[node].batch;
                batch.entries.extend(accepted.entries);
                batch.heads.extend(accepted.head);
                batch.then.push(Then::Stored { peer, epoch, origin });
                if node == CLOUD {
                    self.vouch(origin);
                }
                self.plan_commit(node);
                self.write_due_records(node);
                None
            }
            Err(error) => {
                self.say(|| format!("{} refuses a run: {error}", self.name(node)));
                if origin == self.nodes[node].key.public() && !self.nodes[node].ledger.is_behind_own_past() {
                    self.nodes[node].hear_own_past(None);
                }
                if matches!(error, RunError::Forked(_)) {
                    // Perhaps ours is the history that does not count: looked into after the group.
                    self.plan_commit(node);
                }
                if error == RunError::Altered && self.breaks(Sabotage::AlteredRunsAreStored) {
                    let entries = altered_entries(run, self.setting.event);
                    self.nodes[node].batch.entries.extend(entries);
                    self.plan_commit(node);
                }
                if error == RunError::TooManyLogs && self.breaks(Sabotage::IssuersAreNotBounded) {
                    self.take_in(node, run);
                }
                Some(Input::Stored {
                    origin,
                    result: Err(NotStored::Run(error)),
                })
            }
        }
    }

    /// Keeps a log whatever its issuer has certified before.
    fn take_in(&mut self, node: NodeId, run: &Run) {
        let (entries, now) = (
            altered_entries(run, self.setting.event),
            self.nodes[node].clock(self.now),
        );
        let machine = &mut self.nodes[node];
        if entries.iter().all(|entry| machine.ledger.replay(entry, now)) {
            machine.ledger.replay_head(run.head.clone());
            machine.changed = true;
            machine.batch.entries.extend(entries);
            machine.batch.heads.push(run.head.clone());
            self.plan_commit(node);
        }
    }

    fn take_notice(&mut self, (node, peer): (NodeId, PublicKey), notice: Notice) {
        match notice {
            Notice::Fresh(assurance) => {
                self.check_assured(node, &assurance);
                self.nodes[node].assurance = Some(assurance);
            }
            Notice::Forked(found) => self.report_fork(node, *found),
            Notice::OwnPast(head) => {
                self.observer.past(node, &head);
                self.nodes[node].hear_own_past(Some(&head));
            }
            Notice::Clock(theirs) => {
                let reading = self.nodes[node].reading(self.now);
                self.nodes[node].hear_clock(peer, theirs, reading);
            }
            Notice::Opened(_) | Notice::RunRefused(..) => {}
        }
    }

    fn report_fork(&mut self, node: NodeId, found: ForkProof) {
        let origin = found.origin();
        self.check_accusation(node, &found);
        if self.breaks(Sabotage::ForksAreIgnored) {
            return;
        }
        let now = self.nodes[node].clock(self.now);
        if self.breaks(Sabotage::ForksAreNotProven) {
            let body = Body::ForkSeen(Box::new(sabotage::unproven(&found)));
            return self.nodes[node].write(body, now);
        }
        if let Some(entry) = self.nodes[node].ledger.report_fork(found, now) {
            self.tell(|| {
                let owner = self.observer.owner(&origin).map(|owner| self.name(owner));
                format!(
                    "{} sees that {} has two histories",
                    self.name(node),
                    owner.unwrap_or_default()
                )
            });
            self.nodes[node].wrote([entry]);
            self.plan_commit(node);
        }
    }

    /// Does as the shells do once a batch is durable: drops copies of histories that do not count, and reads everything back
    /// when the ledger asks for it.
    fn rebuild_if_due(&mut self, node: NodeId) {
        let now = self.now;
        let in_question = self.nodes[node].ledger.copies_in_question();
        self.note_other_histories(node, &in_question);
        let keeps = self.breaks(Sabotage::OtherHistoriesAreKept);
        let misses = self.breaks(Sabotage::MissedListsAreNotReadAgain)
            && self.nodes[node].ledger.state().has_missed_a_list();
        let machine = &mut self.nodes[node];
        let dropped = !keeps && machine.disk.drop_other_histories(&in_question);
        if dropped || (!misses && machine.ledger.must_be_rebuilt()) {
            let forks: Vec<_> = machine.ledger.seen_forks().cloned().collect();
            machine.load(now);
            machine.ledger.remember_forks(forks);
        }
        if dropped {
            machine.sessions.clear();
            self.tell(|| format!("{} drops a history that does not count", self.name(node)));
        }
    }

    fn note_other_histories(&mut self, node: NodeId, in_question: &[(Origin, Tail)]) {
        for (origin, tail) in in_question {
            let passing = self.nodes.iter().filter(|one| one.disk.passes(origin, tail));
            let kept = passing.flat_map(|one| one.disk.log(origin));
            let kept = kept.map(|entry| entry.tail.hash).collect();
            let disk = &self.nodes[node].disk;
            if !disk.passes(origin, tail) {
                self.observer.lose_history(disk.log(origin), &kept);
            }
        }
    }

    /// A node's batch becomes durable; only now anyone is told.
    pub fn commit(&mut self, node: NodeId, life: u64) {
        if !self.nodes[node].up || self.nodes[node].life != life {
            return;
        }
        let before = self.nodes[node].disk.held();
        self.check_stored(node);
        let bundle_changed = self.nodes[node].batch.bundle.is_some();
        let then = self.nodes[node].commit();
        // Sessions go by what was known before, also where the ledger is built anew in between.
        let known = Arc::clone(&self.nodes[node].register_known);
        self.rebuild_if_due(node);
        self.nodes[node].register_known = self.nodes[node].ledger.state().register();
        let trust_changed = bundle_changed || known != self.nodes[node].register_known;
        let held = self.nodes[node].disk.held();
        let mut begun = Vec::new();
        for one in then {
            match one {
                Then::Stored { peer, epoch, origin } => {
                    let result = Ok(self.nodes[node].disk.held_of(&origin));
                    self.input(node, peer, epoch, Input::Stored { origin, result });
                }
                Then::Judged(..) | Then::Withdrawn(_) => self.proceed(one),
                Then::Began { peer, epoch } => begun.push((peer, epoch)),
            }
        }
        let peers: Vec<_> = self.nodes[node]
            .sessions
            .iter()
            .map(|(peer, live)| (*peer, live.epoch))
            .collect();
        for (peer, epoch) in peers.iter().filter(|_| trust_changed) {
            self.input(node, *peer, *epoch, Input::TrustChanged);
        }
        for grown in held.into_iter().filter(|one| !before.contains(one)) {
            for (peer, epoch) in &peers {
                self.input(node, *peer, *epoch, Input::Grew(grown.clone()));
            }
        }
        for (peer, epoch) in begun {
            self.input(node, peer, epoch, Input::StoredCheckpoint);
        }
        self.check_company(node);
    }
}

/// Takes a run apart without checking anything: what a careless replica would store.
fn altered_entries(run: &Run, event: usher_keys::EventId) -> Vec<Entry> {
    let mut tail = run.base;
    let mut entry = |bytes: &Vec<u8>| {
        tail = tail.push(event, &run.head.origin, bytes);
        Entry {
            origin: run.head.origin,
            tail,
            bytes: bytes.clone(),
            worth: Worth::Proven,
        }
    };
    run.records.iter().map(&mut entry).collect()
}

/// Returns a message's name and size, for the trace.
fn name_of(message: &Message) -> String {
    match message {
        Message::Hello(hello) => format!("Hello with {} logs", hello.held.len()),
        Message::Have(held) => format!("Have of {} logs", held.len()),
        Message::Run(run) => format!("Run of {} to {}", run.records.len(), run.head.tail.seq),
        Message::Checkpoint(_) => "Checkpoint".to_owned(),
        Message::Bundle(_) => "Bundle".to_owned(),
        Message::Beat { assurance, .. } => {
            let at = assurance.map(|assurance| assurance.at);
            format!("Beat, fresh as of {at:?}")
        }
        Message::Recap => "Recap".to_owned(),
        Message::Fork(found) => format!("Fork of {}", found.origin().id()),
        Message::Bye(farewell) => format!("Bye: {farewell:?}"),
    }
}
