//! Two machines that talk over a line in virtual time; the line is perfect unless a test takes messages off it.

use std::collections::VecDeque;
use std::sync::Arc;

use usher_keys::{PublicKey, Timestamp};

use super::machine::Machine;
use super::{EVENT, NOW};
use crate::assurance::Assurance;
use crate::sync::session::CHECKPOINT_LAG;
use crate::sync::{
    Close, Context, Input, LoadError, Message, NotStored, Notice, Output, Session, SessionConfig,
};

/// How far time moves in one step, in milliseconds.
const STEP_MS: u64 = 250;

/// One end of the line.
pub struct End {
    pub machine: Machine,
    pub session: Session,
    pub notices: Vec<Notice>,
    pub closed: Option<Close>,
    pub clock: Timestamp,
    pub assurance: Option<Assurance>,
    /// Whether its storage cannot be read just now.
    pub cannot_read: bool,
    /// What it has sent, for tests that look at the order.
    pub sent: Vec<Message>,
    outgoing: VecDeque<Message>,
}

/// Returns the session that a machine begins with a peer.
pub fn session(machine: &Machine, peer: PublicKey) -> Session {
    Session::new(SessionConfig {
        event: EVENT,
        identity: machine.identity.clone(),
        own_log: machine.me(),
        peer,
        held: machine.held(),
        checkpoint_lag: CHECKPOINT_LAG,
    })
}

impl End {
    pub fn new(machine: Machine, peer: PublicKey) -> Self {
        Self {
            session: session(&machine, peer),
            machine,
            notices: Vec::new(),
            closed: None,
            clock: NOW,
            assurance: None,
            cannot_read: false,
            sent: Vec::new(),
            outgoing: VecDeque::new(),
        }
    }

    /// Gives the session an input and does all it wants done.
    pub fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let register = self.machine.ledger.state().register();
            let trust = Arc::clone(self.machine.ledger.trust());
            let unheard_forks = self.machine.ledger.unheard_forks();
            let context = Context {
                now: self.clock,
                clock: self.clock,
                trust: &trust,
                register: &register,
                assurance: self.assurance,
                unheard_forks: &unheard_forks,
            };
            self.session.handle(input, &context);
            while let Some(output) = self.session.poll() {
                inputs.extend(self.carry_out(output));
            }
        }
    }

    fn carry_out(&mut self, output: Output) -> Vec<Input> {
        match output {
            Output::Send(message) => {
                self.sent.push(message.clone());
                self.outgoing.push_back(message);
            }
            Output::Load { origin, after } => {
                let run = if self.cannot_read {
                    Err(LoadError)
                } else {
                    Ok(self.machine.run(origin, after).map(Arc::new))
                };
                return vec![Input::Loaded { origin, run }];
            }
            Output::LoadCheckpoint => return vec![Input::LoadedCheckpoint(self.machine.checkpoint.clone())],
            Output::Store(run) => {
                let origin = run.head.origin;
                let taken = self.machine.take(&run).map_err(NotStored::Run);
                let result = taken.map(|_| self.machine.held_of(&origin));
                let mut inputs = vec![Input::Stored { origin, result }];
                inputs.extend(self.write_due_records());
                return inputs;
            }
            Output::StoreCheckpoint(checkpoint) => {
                self.machine.take_checkpoint(&checkpoint);
                let mut inputs: Vec<_> = self.machine.held().into_iter().map(Input::Grew).collect();
                inputs.push(Input::StoredCheckpoint);
                inputs.extend(self.write_due_records());
                return inputs;
            }
            Output::StoreBundle(bundle) => {
                let renewed = self.machine.ledger.renew_trust(bundle).is_ok();
                if self.machine.ledger.must_be_rebuilt() {
                    self.machine.restart();
                }
                return renewed.then_some(Input::TrustChanged).into_iter().collect();
            }
            Output::WakeAt(_) => {}
            Output::Notify(notice) => return self.take_notice(notice),
            Output::Close(close) => self.closed = Some(close),
        }
        Vec::new()
    }

    fn take_notice(&mut self, notice: Notice) -> Vec<Input> {
        let written = match &notice {
            Notice::Forked(found) => self.machine.report_fork((**found).clone()),
            Notice::OwnPast(head) => {
                self.machine.ledger.hear_own_past(head);
                false
            }
            Notice::Fresh(assurance) => {
                self.assurance = Some(*assurance);
                false
            }
            Notice::Opened(_) | Notice::Clock(_) | Notice::RunRefused(..) => false,
        };
        self.notices.push(notice);
        let grown = written.then(|| Input::Grew(self.machine.held_of(&self.machine.me())));
        grown.into_iter().collect()
    }

    fn write_due_records(&mut self) -> Option<Input> {
        let me = self.machine.me();
        let before = self.machine.held_of(&me);
        self.machine.write_due_records();
        let after = self.machine.held_of(&me);
        (before != after).then_some(Input::Grew(after))
    }

    /// Writes to the machine's log and lets the session know.
    pub fn write(&mut self, body: crate::record::Body) {
        self.machine.write(body);
        let grown = self.machine.held_of(&self.machine.me());
        self.input(Input::Grew(grown));
    }
}

/// The line.
pub struct RehearsalLine {
    pub a: End,
    pub b: End,
}

impl RehearsalLine {
    /// Connects two machines and starts both sessions.
    pub fn new(a: Machine, b: Machine) -> Self {
        let (key_a, key_b) = (a.me(), b.me());
        let mut line = Self {
            a: End::new(a, key_b),
            b: End::new(b, key_a),
        };
        line.a.input(Input::Start);
        line.b.input(Input::Start);
        line
    }

    /// Connects them and lets them talk until nothing is left to say.
    pub fn settled(a: Machine, b: Machine) -> Self {
        let mut line = Self::new(a, b);
        line.settle();
        line
    }

    /// Delivers messages, through their real bytes, until the line is quiet.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let (to_b, to_a) = (self.a.outgoing.pop_front(), self.b.outgoing.pop_front());
            if to_a.is_none() && to_b.is_none() {
                return;
            }
            for (end, message) in [(&mut self.a, to_a), (&mut self.b, to_b)] {
                if let Some(message) = message {
                    let message = Message::from_bytes(&message.to_bytes()).unwrap();
                    end.input(Input::Received(message));
                }
            }
        }
        panic!("the two never stop talking");
    }

    /// Lets time pass on both clocks.
    pub fn wait(&mut self, ms: u64) {
        for _ in 0..ms / STEP_MS {
            self.pass();
            self.settle();
        }
    }

    /// Lets time pass while nothing gets through.
    pub fn wait_cut_off(&mut self, ms: u64) {
        for _ in 0..ms / STEP_MS {
            self.pass();
            self.lose();
        }
    }

    fn pass(&mut self) {
        for end in [&mut self.a, &mut self.b] {
            end.clock = end.clock.plus_ms(STEP_MS);
            end.input(Input::Tick);
        }
    }

    /// Takes everything off the line that is under way.
    pub fn lose(&mut self) {
        self.a.outgoing.clear();
        self.b.outgoing.clear();
    }
}
