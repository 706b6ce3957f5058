//! Connections and sessions between nodes: delivery with delay, loss, repetition and reordering, and what sessions want done.

use usher_keys::Timestamp;
use usher_protocol::sync::{
    Close, Context, Input, Message, Notice, Output, Session, SessionConfig, StoreError,
};

use super::node::{Live, NodeId, Then};
use super::world::{Happening, World};

/// How often a pair looks after its connection, in milliseconds.
const CONNECT_EVERY_MS: u64 = 700;

impl World {
    /// Tells whether anything gets from one node to another.
    pub fn passes(&self, from: NodeId, to: NodeId) -> bool {
        self.nodes[from].up && self.nodes[to].up && !self.cut.contains(&(from, to))
    }

    /// Gives the delay of a message, or nothing when it is lost.
    pub fn transit(&mut self, from: NodeId, to: NodeId) -> Option<u64> {
        if !self.passes(from, to) || (self.stormy && self.random.percent(3)) {
            return None;
        }
        let slow = self.stormy && self.random.percent(5);
        Some(if slow {
            self.random.between(50, 1_500)
        } else {
            self.random.between(1, 20)
        })
    }

    /// Looks after a pair's connection: drops a half-dead one, makes a new one when both can hear each other.
    pub fn look_after(&mut self, a: NodeId, b: NodeId) {
        self.plan(CONNECT_EVERY_MS, Happening::Connect(a, b));
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
        self.say(|| format!("{a}–{b}: connection {epoch}"));
        for (node, peer) in [(a, b), (b, a)] {
            let session = Session::new(SessionConfig {
                event: self.setting.event,
                identity: self.nodes[node].identity.clone(),
                peer: self.nodes[peer].link_key,
                held: self.nodes[node].disk.held(),
            });
            self.nodes[node].sessions.insert(peer, Live { session, epoch });
            self.input(node, peer, epoch, Input::Start);
        }
    }

    /// A session message arrives.
    pub fn deliver(&mut self, from: NodeId, to: NodeId, epoch: u64, message: Message) {
        if self.nodes[to].up {
            // Through the real encoding, so that what is sent is what is read.
            let message = Message::from_bytes(&message.to_bytes()).expect("what we send can be read");
            self.say(|| format!("{to}: hears from {from}: {}", name_of(&message)));
            self.input(to, from, epoch, Input::Received(message));
        }
    }

    /// A session's timer rings.
    pub fn tick(&mut self, node: NodeId, peer: NodeId, epoch: u64) {
        self.input(node, peer, epoch, Input::Tick);
    }

    /// Gives an input to a session and does what it wants done.
    pub fn input(&mut self, node: NodeId, peer: NodeId, epoch: u64, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let world_now = self.now;
            let machine = &mut self.nodes[node];
            let Some(live) = machine.sessions.get_mut(&peer).filter(|live| live.epoch == epoch) else {
                return;
            };
            let now = Timestamp(world_now.saturating_add_signed(machine.skew_ms));
            let fresh_as_of = if machine.role == usher_keys::Role::Cloud {
                Some(now)
            } else {
                machine.fresh_as_of
            };
            let trust = std::sync::Arc::clone(machine.ledger.trust());
            let revoked = machine.ledger.state().revoked_devices().clone();
            live.session.handle(
                input,
                &Context {
                    now,
                    trust: &trust,
                    revoked: &revoked,
                    fresh_as_of,
                },
            );
            let outputs: Vec<_> = std::iter::from_fn(|| live.session.poll()).collect();
            for output in outputs {
                inputs.extend(self.carry_out(node, peer, epoch, output));
            }
        }
    }

    fn carry_out(&mut self, node: NodeId, peer: NodeId, epoch: u64, output: Output) -> Option<Input> {
        match output {
            Output::Send(message) => self.send(node, peer, epoch, &message),
            Output::Load { origin, after } => {
                return Some(Input::Loaded {
                    origin,
                    run: self.nodes[node].disk.load(origin, after),
                });
            }
            Output::LoadCheckpoint => return Some(Input::LoadedCheckpoint(None)),
            Output::Store(run) => return self.store(node, peer, epoch, &run),
            Output::StoreCheckpoint(_) => return Some(Input::StoredCheckpoint),
            Output::StoreBundle(bundle) => {
                if self.nodes[node].ledger.renew_trust(bundle.clone()).is_ok() {
                    self.nodes[node].batch.bundle = Some(bundle);
                    self.plan_commit(node);
                }
            }
            Output::WakeAt(at) => {
                let now = self.nodes[node].clock(self.now);
                self.plan(at.since_ms(now), Happening::Tick { node, peer, epoch });
            }
            Output::Notify(notice) => self.take_notice(node, notice),
            Output::Close(close) => {
                self.say(|| format!("{node}–{peer}: closed {close:?}"));
                self.nodes[node].sessions.remove(&peer);
                assert!(
                    !matches!(close, Close::Ours(usher_protocol::sync::Farewell::BadMessage)),
                    "{}: an honest peer was taken for a bad one",
                    self.observer.place(self.step)
                );
            }
        }
        None
    }

    fn send(&mut self, from: NodeId, to: NodeId, epoch: u64, message: &Message) {
        let copies = if self.stormy && self.random.percent(4) {
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

    fn store(
        &mut self,
        node: NodeId,
        peer: NodeId,
        epoch: u64,
        run: &usher_protocol::log::Run,
    ) -> Option<Input> {
        let origin = run.head.origin;
        let now = self.nodes[node].clock(self.now);
        match self.nodes[node].ledger.accept(run, now) {
            Ok(accepted) => {
                let batch = &mut self.nodes[node].batch;
                batch.entries.extend(accepted.entries);
                batch.heads.extend(accepted.head);
                batch.then.push(Then::Stored { peer, epoch, origin });
                self.plan_commit(node);
                self.keep_house(node);
                None
            }
            Err(error) => {
                self.say(|| format!("{node}: run refused: {error}"));
                Some(Input::Stored {
                    origin,
                    result: Err(StoreError::Run(error)),
                })
            }
        }
    }

    fn take_notice(&mut self, node: NodeId, notice: Notice) {
        match notice {
            Notice::Fresh(as_of) => {
                let held = &mut self.nodes[node].fresh_as_of;
                *held = (*held).max(Some(as_of));
            }
            Notice::Forked(found) => {
                panic!(
                    "{}: a fork where none is: {found:?}",
                    self.observer.place(self.step)
                );
            }
            Notice::Opened(_) | Notice::RunRefused(..) => {}
        }
    }

    /// A node's batch becomes durable; only now anyone is told.
    pub fn commit(&mut self, node: NodeId, life: u64) {
        if !self.nodes[node].up || self.nodes[node].life != life {
            return;
        }
        let before = self.nodes[node].disk.held();
        let trust_changed = self.nodes[node].batch.bundle.is_some();
        self.observer.stored(node, &self.nodes[node].batch.entries);
        let then = self.nodes[node].commit();
        let held = self.nodes[node].disk.held();
        for one in then {
            match one {
                Then::Stored { peer, epoch, origin } => {
                    let result = Ok(self.nodes[node].disk.held_of(&origin));
                    self.input(node, peer, epoch, Input::Stored { origin, result });
                }
                Then::Answer(answering) => self.answer(node, *answering),
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
    }
}

/// Gives a message's name and size, for the trace.
fn name_of(message: &Message) -> String {
    match message {
        Message::Hello(hello) => format!("Hello with {} logs", hello.held.len()),
        Message::Have(held) => format!("Have of {} logs", held.len()),
        Message::Run(run) => format!("Run of {} to {}", run.records.len(), run.head.tail.seq),
        Message::Checkpoint(_) => "Checkpoint".to_owned(),
        Message::Bundle(_) => "Bundle".to_owned(),
        Message::Beat { fresh_as_of, .. } => format!("Beat, fresh as of {fresh_as_of:?}"),
        Message::Recap => "Recap".to_owned(),
        Message::Bye(farewell) => format!("Bye: {farewell:?}"),
    }
}
