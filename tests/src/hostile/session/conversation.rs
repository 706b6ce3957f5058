//! Drives a session as a link would and watches what it wants done; what the peer says is drawn elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use usher_keys::{PublicKey, Role, Timestamp};
use usher_protocol::Seq;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::log::{Run, Tail};
use usher_protocol::sync::session::{BEAT_MS, CHECKPOINT_LAG};
use usher_protocol::sync::{
    Close, Context, Held, Input, MAX_FRAME_BYTES, Message, NotStored, Notice, Output, Session, SessionConfig,
};
use usher_protocol::trust::{Register, Trust};

use crate::hostile::scene::{EVENT, NOW, hub, identity, trust};

/// Outputs of one input at most, besides one for each log that is named: an answer to each thing a message can say.
const OUTPUTS: usize = 16;

/// A session and what it may know.
pub struct Conversation {
    session: Session,
    peer: PublicKey,
    now: Timestamp,
    trust: Arc<Trust>,
    register: Register,
    /// All that was ever said to be durable here.
    durable: BTreeSet<(PublicKey, u64, [u8; 32])>,
    /// What the session wants loaded and stored, and the driver has not done yet.
    loads: VecDeque<PublicKey>,
    stores: VecDeque<PublicKey>,
    loads_checkpoint: bool,
    stores_checkpoint: bool,
    opened: bool,
    closed: bool,
}

impl Conversation {
    /// Makes a session of a hub that holds these logs.
    pub fn begin(peer: PublicKey, held: Vec<Held>) -> Self {
        let config = SessionConfig {
            event: EVENT,
            identity: identity(&hub(9), Role::Hub),
            own_log: hub(9).public(),
            peer,
            held: held.clone(),
            checkpoint_lag: CHECKPOINT_LAG,
        };
        let mut conversation = Self {
            session: Session::new(config),
            peer,
            now: NOW,
            trust: trust(1),
            register: Register {
                enrolled: BTreeMap::from([(hub(2).public(), identity(&hub(2), Role::Hub))]),
                revoked: BTreeMap::new(),
            },
            durable: BTreeSet::new(),
            loads: VecDeque::new(),
            stores: VecDeque::new(),
            loads_checkpoint: false,
            stores_checkpoint: false,
            opened: false,
            closed: false,
        };
        held.iter().for_each(|held| conversation.remember(held));
        conversation
    }

    /// The peer says something.
    pub fn receive(&mut self, message: Message) {
        self.input(Input::Received(message));
    }

    /// A log here grew.
    pub fn grow(&mut self, held: Held) {
        self.remember(&held);
        self.input(Input::Grew(held));
    }

    /// The oldest load that was asked for is done.
    pub fn loaded(&mut self, run: Option<Run>) {
        let run = Ok(run.map(Arc::new));
        if let Some(origin) = self.loads.pop_front() {
            self.input(Input::Loaded { origin, run });
        }
    }

    /// The checkpoint that was asked for is loaded.
    pub fn loaded_checkpoint(&mut self, checkpoint: Option<SignedCheckpoint>) {
        if std::mem::take(&mut self.loads_checkpoint) {
            self.input(Input::LoadedCheckpoint(checkpoint));
        }
    }

    /// The checkpoint that the peer sent is stored.
    pub fn stored_checkpoint(&mut self) {
        if std::mem::take(&mut self.stores_checkpoint) {
            self.input(Input::StoredCheckpoint);
        }
    }

    /// The oldest run that was to be stored is, and ends there, or is not.
    pub fn stored(&mut self, result: Result<Tail, NotStored>) {
        let Some(origin) = self.stores.pop_front() else {
            return;
        };
        let result = result.map(|tail| Held {
            origin,
            tail,
            signature: None,
        });
        result.iter().for_each(|held| self.remember(held));
        self.input(Input::Stored { origin, result });
    }

    /// The trust in force changes; never to an older bundle.
    pub fn trust(&mut self, version: u64) {
        if version > self.trust.bundle().version {
            self.trust = trust(version);
        }
        self.input(Input::TrustChanged);
    }

    /// Nobody is to talk to that device any more.
    pub fn revoke(&mut self, device: PublicKey) {
        self.register.revoked.insert(device, Seq(0));
        self.input(Input::TrustChanged);
        assert!(
            device != self.peer || !self.opened || self.closed,
            "a revoked peer is still talked to"
        );
    }

    /// Time passes, or the clock is set.
    pub fn pass(&mut self, ms: i64) {
        self.now = Timestamp(self.now.0.saturating_add_signed(ms));
        self.input(Input::Tick);
    }

    /// Something happens.
    pub fn input(&mut self, input: Input) {
        let named = logs_named(&input) + self.durable.len();
        let context = Context {
            now: self.now,
            clock: self.now,
            trust: &self.trust,
            register: &self.register,
            assurance: None,
            unheard_forks: &[],
        };
        self.session.handle(input, &context);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.session.poll()).collect();
        assert!(
            outputs.len() <= OUTPUTS + named,
            "{} outputs of one input",
            outputs.len()
        );
        outputs.iter().for_each(|output| self.watch(output));
        let _ = (self.session.lag(), self.session.peer());
    }

    fn watch(&mut self, output: &Output) {
        assert!(!self.closed, "something after the end: {output:?}");
        match output {
            Output::Send(message) => self.watch_message(message),
            Output::Load { origin, .. } => self.loads.push_back(*origin),
            Output::LoadCheckpoint => self.loads_checkpoint = true,
            Output::Store(run) => self.stores.push_back(run.head.origin),
            Output::StoreCheckpoint(_) => self.stores_checkpoint = true,
            Output::StoreBundle(_) => {}
            Output::WakeAt(at) => assert!(*at <= self.now.plus_ms(BEAT_MS), "asleep for too long"),
            Output::Notify(Notice::Opened(certificate)) => {
                assert_eq!(certificate.device, self.peer, "let in under another key");
                let refused =
                    self.register.revoked.contains_key(&self.peer) || !certificate.window.contains(self.now);
                assert!(!refused && certificate.event == EVENT, "let in what may not talk");
                self.opened = true;
            }
            Output::Notify(Notice::Forked(proof)) => {
                assert!(proof.check(EVENT).is_some(), "a fork that nothing proves");
            }
            Output::Notify(Notice::OwnPast(head)) => {
                assert_eq!(head.origin, hub(9).public(), "the past of another log");
                assert_eq!(head.verify(EVENT), Ok(()), "a past that we did not sign");
            }
            Output::Notify(Notice::Fresh(_) | Notice::Clock(_) | Notice::RunRefused(..)) => {}
            Output::Close(Close::Ours(_) | Close::Theirs(_)) => self.closed = true,
        }
        let work = !self.loads.is_empty() || !self.stores.is_empty();
        let work = work || self.loads_checkpoint || self.stores_checkpoint;
        assert!(!work || self.opened, "work for a peer that was not let in");
    }

    fn watch_message(&self, message: &Message) {
        let bytes = message.to_bytes();
        assert!(bytes.len() <= MAX_FRAME_BYTES, "a frame of {} bytes", bytes.len());
        assert_eq!(
            Message::from_bytes(&bytes).as_ref(),
            Ok(message),
            "a frame nobody can read"
        );
        match message {
            Message::Hello(hello) => self.watch_held(&hello.held),
            Message::Have(held) => self.watch_held(held),
            Message::Run(_) | Message::Checkpoint(_) | Message::Bundle(_) => {
                assert!(self.opened, "data for a peer that was not let in");
            }
            Message::Beat { .. } | Message::Recap | Message::Fork(_) | Message::Bye(_) => {}
        }
    }

    /// What is said to be held must have been said to be durable.
    fn watch_held(&self, held: &[Held]) {
        for one in held {
            let nothing = one.tail == Tail::default();
            let durable = (one.origin, one.tail.seq.0, one.tail.hash);
            assert!(
                nothing || self.durable.contains(&durable),
                "acknowledged without being stored"
            );
        }
    }

    fn remember(&mut self, held: &Held) {
        self.durable
            .insert((held.origin, held.tail.seq.0, held.tail.hash));
    }
}

fn logs_named(input: &Input) -> usize {
    match input {
        Input::Received(Message::Have(held)) => held.len(),
        Input::Received(Message::Hello(hello)) => hello.held.len(),
        Input::Received(_)
        | Input::Start
        | Input::Grew(_)
        | Input::Loaded { .. }
        | Input::LoadedCheckpoint(_)
        | Input::StoredCheckpoint
        | Input::Stored { .. }
        | Input::TrustChanged
        | Input::Tick
        | Input::Leave => 0,
    }
}
