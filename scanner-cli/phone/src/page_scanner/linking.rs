//! The scanner's side of the link: greets the hub, drives the session and carries out at once what it wants; the session itself is the protocol's.

use std::sync::Arc;

use usher_keys::{PublicKey, Role};
use usher_protocol::sync::session::CHECKPOINT_LAG;
use usher_protocol::sync::{
    Close, Context, Farewell, Held, Input, Message, Notice, Output, Session, SessionConfig,
};
use usher_protocol::{Origin, Seq};

use super::{Ended, PageScanner, Todo};
use crate::frames::frame;
use crate::link::{Arrived, LinkEnd, Talk};

impl PageScanner {
    /// Takes bytes of the link's stream.
    pub fn received(&mut self, bytes: &[u8]) {
        if let Some(link) = &mut self.link {
            link.push(bytes);
        }
        loop {
            let (key, up_ms) = (self.replica.key().clone(), self.up_ms());
            match self.link.as_mut().map(|link| link.next(&key, up_ms)) {
                None | Some(Ok(None)) => break,
                Some(Ok(Some(arrived))) => self.take(arrived),
                Some(Err(end)) => self.end(match end {
                    LinkEnd::NotTheHub => Ended::NotTheHub,
                    LinkEnd::OtherVersion => Ended::Farewell(Farewell::NoCommonVersion),
                    LinkEnd::BadMessage => Ended::Farewell(Farewell::BadMessage),
                }),
            }
            self.drive();
        }
        self.go_on();
    }

    fn take(&mut self, arrived: Arrived) {
        match arrived {
            Arrived::Welcome {
                hub,
                certificates,
                proof,
                round_trip_ms,
            } => {
                self.todo.push_back(Todo::Send(proof));
                let session = self.session(hub);
                if let Some(link) = &mut self.link {
                    link.talk(session, (hub, certificates), round_trip_ms);
                }
                self.inputs.push_back(Input::Start);
            }
            Arrived::Message(message) => self.inputs.push_back(Input::Received(*message)),
        }
    }

    fn session(&self, peer: PublicKey) -> Session {
        let ledger = self.replica.ledger();
        let identity = ledger.identity().expect("a device has a certificate");
        Session::new(SessionConfig {
            event: ledger.event(),
            identity: identity.clone(),
            own_log: ledger.me(),
            peer,
            held: Held::all_of(ledger),
            checkpoint_lag: CHECKPOINT_LAG,
        })
    }

    /// One input after the other, each with everything that the session wants done for it.
    pub(super) fn drive(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            for output in self.handle(input) {
                self.output(output);
            }
        }
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let (now, clock) = (self.now(), self.clock.own(self.reading));
        let ledger = self.replica.ledger();
        let (trust, register) = (Arc::clone(ledger.trust()), ledger.state().register());
        let context = Context {
            now,
            clock,
            trust: &trust,
            register: &register,
            assurance: self.replica.assurance(now),
            unheard_forks: &ledger.unheard_forks(),
        };
        let Some(talk) = self.link.as_mut().and_then(|link| link.talking()) else {
            return Vec::new();
        };
        talk.session.handle(input, &context);
        std::iter::from_fn(|| talk.session.poll()).collect()
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Send(message) => self.send(&message),
            Output::Load { origin, after } => self.load(origin, after),
            Output::LoadCheckpoint => {
                let checkpoint = self.replica.checkpoint().cloned();
                self.inputs.push_back(Input::LoadedCheckpoint(checkpoint));
            }
            Output::Store(run) => {
                let origin = run.head.origin;
                let accepted = self.replica.accept(&run, self.now());
                self.store();
                let result = accepted.map(|()| self.held(origin));
                self.inputs.push_back(Input::Stored { origin, result });
            }
            Output::StoreCheckpoint(checkpoint) => {
                self.replica.adopt(checkpoint);
                self.store();
                self.inputs.push_back(Input::StoredCheckpoint);
            }
            Output::StoreBundle(bundle) => {
                let held = self.replica.ledger().trust().bundle().version;
                if bundle.unverified().is_ok_and(|bundle| bundle.version > held) {
                    self.replica.renew(bundle);
                    self.store();
                }
            }
            Output::WakeAt(at) => self.wake_at = Some(at),
            Output::Notify(notice) => self.notice(notice),
            Output::Close(Close::Ours(farewell) | Close::Theirs(farewell)) => {
                self.end(Ended::Farewell(farewell));
            }
        }
    }

    fn send(&mut self, message: &Message) {
        self.todo.push_back(Todo::Send(frame(&message.to_bytes())));
    }

    fn load(&mut self, origin: Origin, after: Seq) {
        let run = self.replica.run_after(&origin, after).map(Arc::new);
        if origin == self.replica.ledger().me() {
            self.handed_on = Some(run.as_ref().map_or(after, |run| run.head.tail.seq));
        }
        self.inputs.push_back(Input::Loaded { origin, run: Ok(run) });
    }

    fn held(&self, origin: Origin) -> Held {
        self.replica.held_of(&origin).unwrap_or(Held {
            origin,
            tail: self.replica.ledger().tail(&origin),
            signature: None,
        })
    }

    fn talking(&mut self) -> Option<&mut Talk> {
        self.link.as_mut().and_then(|link| link.talking())
    }

    fn notice(&mut self, notice: Notice) {
        let (now, reading) = (self.now(), self.reading);
        match notice {
            // Whoever has only the key of a certificate that is pinned is nobody's hub.
            Notice::Opened(certificate) if certificate.role != Role::Hub => self.end(Ended::NotTheHub),
            Notice::Opened(certificate) => {
                self.refused_by = None;
                // What the hub lacks of it is asked for right after this.
                let written = self.replica.ledger().tail(&self.replica.ledger().me()).seq;
                self.handed_on = Some(written);
                if let Some(talk) = self.talking() {
                    talk.opened = Some(*certificate);
                    let named = std::mem::take(&mut talk.named);
                    self.todo.push_back(Todo::Certificates(named));
                }
            }
            Notice::Forked(found) => {
                self.replica.report(*found, now);
                self.store();
            }
            Notice::OwnPast(head) => {
                self.replica.hear_past(&head);
                self.store();
            }
            Notice::Fresh(assurance) => self.replica.refresh(assurance, now),
            Notice::Clock(theirs) => {
                if let Some(peer) = self.talking().map(|talk| talk.peer) {
                    self.clock.hear(peer, theirs, reading);
                }
            }
            Notice::RunRefused(..) => {}
        }
    }

    /// Ends the link; the page closes the connection.
    pub(super) fn end(&mut self, ended: Ended) {
        if ended == Ended::Farewell(Farewell::NotWelcome) {
            self.refused_by = self.talking().map(|talk| talk.peer);
        }
        self.todo.push_back(Todo::Close(ended));
        self.disconnected();
    }
}
