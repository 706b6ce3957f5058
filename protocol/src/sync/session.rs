//! One sync conversation as a pure state machine: inputs in, outputs out; the driver loads, stores and sends, and keeps the clock.

mod beats;
mod histories;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SignedBundle, Timestamp};

use super::exchange::{Close, Context, Input, LoadError, Notice, Output, SessionConfig};
use super::offer::BundleOffer;
use super::outbox::{Outbox, Regard};
use super::parts::{self, Part, Parts};
use super::quiet::Quiet;
use super::{Farewell, Held, Hello, MAX_LOGS, Message, VERSIONS};
use crate::checkpoint::SignedCheckpoint;
use crate::fork::ForkProof;
use crate::ident::Origin;
use crate::log::Run;
use crate::trust::{PeerError, Trust};

pub use super::quiet::BEAT_MS;

/// After how long without a word a peer counts as gone, in milliseconds.
pub const SILENCE_MS: u64 = 15_000;
/// From how many missing records on a fresh peer is sent a checkpoint first.
pub const CHECKPOINT_LAG: u64 = 2_000;
/// How long a fresh peer may take over a checkpoint before it is sent records instead, in milliseconds: some megabytes over a
/// poor line.
const CHECKPOINT_WAIT_MS: u64 = 60_000;

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Our hello is out, theirs is not here.
    Greeting,
    /// Both sides know each other.
    Open,
    /// A fresh peer was sent a checkpoint and has not answered yet; since when.
    CheckpointSent(Timestamp),
    /// Over.
    Closed,
}

/// One sync conversation.
pub struct Session {
    event: EventId,
    identity: DeviceIdentity,
    own_log: Origin,
    peer: PublicKey,
    peer_identity: Option<DeviceIdentity>,
    /// The certificate by which the peer was let in: the one it shows, or the one that the authority has given it since.
    peer_certificate: Option<Certificate>,
    /// The version both sides speak, once both have said hello.
    version: Option<u16>,
    offer: BundleOffer,
    parts: Parts,
    /// Origins of which this session has told that they have two histories.
    forks: BTreeSet<Origin>,
    refusal: Option<PeerError>,
    checkpoint_lag: u64,
    phase: Phase,
    outbox: Outbox,
    outputs: VecDeque<Output>,
    quiet: Quiet,
    next_beat: Timestamp,
}

impl Session {
    /// Makes a session; it does nothing until [`Input::Start`].
    pub fn new(config: SessionConfig) -> Self {
        let mut outbox = Outbox::default();
        for held in config.held {
            outbox.we_hold(held);
        }
        Self {
            event: config.event,
            identity: config.identity,
            own_log: config.own_log,
            peer: config.peer,
            peer_identity: None,
            peer_certificate: None,
            version: None,
            offer: BundleOffer::default(),
            parts: Parts::default(),
            forks: BTreeSet::new(),
            refusal: None,
            checkpoint_lag: config.checkpoint_lag,
            phase: Phase::Greeting,
            outbox,
            outputs: VecDeque::new(),
            quiet: Quiet::default(),
            next_beat: Timestamp(0),
        }
    }

    /// Takes an input; afterwards drain [`Session::poll`].
    pub fn handle(&mut self, input: Input, ctx: &Context) {
        if self.phase == Phase::Closed {
            return;
        }
        match input {
            Input::Start => self.start(ctx),
            Input::Received(message) => self.receive(message, ctx),
            Input::Grew(held) => self.outbox.we_hold(held),
            Input::Loaded { origin, run } => self.loaded(origin, run, ctx),
            Input::LoadedCheckpoint(checkpoint) => self.loaded_checkpoint(checkpoint, ctx),
            Input::StoredCheckpoint => {
                let told = self.outbox.take_untold();
                self.send(Message::Have(told));
            }
            Input::Stored { origin, result } => self.stored(origin, result),
            Input::TrustChanged => self.trust_changed(ctx),
            Input::Tick => self.tick(ctx),
            Input::Leave => self.close(Farewell::Leaving),
        }
        self.fill_the_line(ctx);
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns the certificate by which the peer was let in, once it was.
    pub fn peer(&self) -> Option<&Certificate> {
        self.peer_certificate.as_ref()
    }

    /// Returns the protocol version that is spoken, once both sides have said hello.
    pub fn version(&self) -> Option<u16> {
        self.version
    }

    /// Returns why the peer was refused, once it was: the farewell does not say so.
    pub fn refusal(&self) -> Option<&PeerError> {
        self.refusal.as_ref()
    }

    /// Tells whether the peer has said how far its own log reaches, and that much of it is here: the records in which it let
    /// people in and out.
    pub fn has_peers_log(&self) -> bool {
        self.peer_identity.is_some() && self.outbox.has_theirs(&self.peer)
    }

    /// Tells whether nothing is left to hand on before leaving: the peer has, by its own word, all that it takes, or is a stranger still.
    pub fn has_handed_on_all(&self, ctx: &Context) -> bool {
        match self.phase {
            Phase::Greeting | Phase::Closed => true,
            Phase::Open | Phase::CheckpointSent(_) => self.outbox.has_handed_on_all(&regard(ctx)),
        }
    }

    /// Returns how many records the peer still lacks.
    pub fn lag(&self) -> u64 {
        self.outbox.lag()
    }

    fn start(&mut self, ctx: &Context) {
        self.quiet.heard(ctx.now);
        self.greet(ctx, false);
        self.schedule_beat(ctx);
    }

    fn greet(&mut self, ctx: &Context, heard_yours: bool) {
        let hello = Hello {
            versions: VERSIONS,
            event: self.event,
            identity: self.identity.clone(),
            bundle: ctx.trust.signed().clone(),
            held: self.outbox.all_ours(),
            heard_yours,
        };
        self.send(Message::Hello(Box::new(hello)));
    }

    fn receive(&mut self, message: Message, ctx: &Context) {
        self.quiet.heard(ctx.now);
        if let Message::Bye(farewell) = message {
            self.phase = Phase::Closed;
            self.outputs.push_back(Output::Close(Close::Theirs(farewell)));
            return;
        }
        if let Message::Hello(hello) = message {
            return self.hello(*hello, ctx);
        }
        if self.phase == Phase::Greeting {
            // Overtook the hello: whatever it was will be sent again.
            return;
        }
        match message {
            Message::Have(held) => self.have(&held, false),
            Message::Run(run) => self.run(Arc::unwrap_or_clone(run)),
            Message::Checkpoint(part) => self.part(part),
            Message::Bundle(bundle) => self.bundle(bundle),
            Message::Beat {
                digest,
                clock,
                assurance,
            } => {
                self.notify(Notice::Clock(clock));
                self.beat(digest, assurance, ctx);
            }
            Message::Recap => {
                let all = self.outbox.all_ours();
                self.send(Message::Have(all));
            }
            Message::Fork(found) => self.hear_fork(*found, ctx),
            Message::Hello(_) | Message::Bye(_) => {}
        }
    }

    fn hello(&mut self, hello: Hello, ctx: &Context) {
        let Some(version) = VERSIONS.common(hello.versions) else {
            return self.close(Farewell::NoCommonVersion);
        };
        if hello.event != self.event {
            return self.close(Farewell::OtherEvent);
        }
        if hello.held.len() > MAX_LOGS {
            return self.close(Farewell::BadMessage);
        }
        let certificate = match self.welcome(&hello, ctx) {
            Ok(certificate) => certificate,
            Err(refusal) => return self.show_the_door(refusal),
        };
        if self.may_do_less_by(&certificate) {
            return self.close(Farewell::Leaving);
        }
        let first = self.phase == Phase::Greeting;
        if !first && !hello.heard_yours {
            self.greet(ctx, true);
        }
        self.offer.they_hold(version_of(&hello.bundle));
        self.peer_identity = Some(hello.identity);
        self.version = Some(version);
        if first {
            self.phase = Phase::Open;
            self.peer_certificate = Some(certificate.clone());
            self.notify(Notice::Opened(Box::new(certificate)));
        }
        self.bundle(hello.bundle);
        self.have(&hello.held, true);
        self.offer_bundle(ctx);
        let fresh = self.outbox.they_are_fresh(&self.peer);
        if first && fresh && self.outbox.lag() > self.checkpoint_lag {
            self.phase = Phase::CheckpointSent(ctx.now);
            self.outputs.push_back(Output::LoadCheckpoint);
        }
    }

    /// Checks the peer by the trust in force, or by the newer trust it brings, and returns the certificate that holds.
    fn welcome(&self, hello: &Hello, ctx: &Context) -> Result<Certificate, PeerError> {
        let check = |trust: &Trust| {
            let checked = trust.check_peer((&hello.identity, self.peer), ctx.register, ctx.now);
            checked.cloned()
        };
        check(ctx.trust).or_else(|refusal| match ctx.trust.renew(hello.bundle.clone()) {
            Ok(newer) => check(&newer),
            Err(_) => Err(refusal),
        })
    }

    fn run(&mut self, run: Run) {
        self.outbox.they_sent(Held::from(run.head.clone()));
        if self.outbox.logs_with(&[], false) > MAX_LOGS {
            return self.close(Farewell::BadMessage);
        }
        self.outputs.push_back(Output::Store(run));
    }

    fn have(&mut self, held: &[Held], whole: bool) {
        if held.len() > MAX_LOGS || self.outbox.logs_with(held, whole) > MAX_LOGS {
            return self.close(Farewell::BadMessage);
        }
        if matches!(self.phase, Phase::CheckpointSent(_)) && !whole {
            self.phase = Phase::Open;
        }
        for theirs in held {
            let ours = self.outbox.ours(&theirs.origin);
            let ours = ours.and_then(Held::head);
            let heads = ours.zip(theirs.head());
            if let Some(found) = heads.and_then(|(ours, theirs)| ForkProof::of_heads(ours, theirs)) {
                // The log is not given up: the peer must be sent what proves it to the peer as well.
                self.report_fork(found);
            }
        }
        self.look_for_our_past(held);
        self.outbox.they_hold(held, whole);
    }

    /// Whoever holds logs already can take no checkpoint, and puts none together: the parts are a frame's worth of memory each.
    fn part(&mut self, part: Part) {
        if !self.outbox.we_are_fresh(&self.own_log) {
            self.parts = Parts::default();
            if part.number.saturating_add(1) >= part.of {
                // Whoever sent them all waits for an answer.
                let told = self.outbox.take_untold();
                self.send(Message::Have(told));
            }
            return;
        }
        match self.parts.take(part) {
            Ok(None) => {}
            Ok(Some(checkpoint)) => self.outputs.push_back(Output::StoreCheckpoint(checkpoint)),
            Err(parts::BadPart) => self.close(Farewell::BadMessage),
        }
    }

    fn bundle(&mut self, bundle: SignedBundle) {
        self.offer.they_sent(version_of(&bundle));
        self.outputs.push_back(Output::StoreBundle(bundle));
    }

    fn loaded(&mut self, origin: Origin, run: Result<Option<Arc<Run>>, LoadError>, ctx: &Context) {
        let run = match run {
            Ok(Some(run)) => run,
            Ok(None) => return self.outbox.not_here(origin),
            // The log stays on its way, and is asked for again once that is overdue.
            Err(LoadError) => return,
        };
        self.outbox.sent(origin, ctx.now);
        // What the peer holds may contradict what lies long before the end of our copy: this run begins just there.
        let theirs = self.outbox.theirs(&origin).and_then(Held::head);
        let found = theirs.and_then(|theirs| ForkProof::of_run(self.event, &theirs, &run));
        self.send(Message::Run(run));
        if let Some(found) = found {
            self.report_fork(found);
        }
    }

    fn loaded_checkpoint(&mut self, checkpoint: Option<SignedCheckpoint>, ctx: &Context) {
        match checkpoint {
            Some(checkpoint) => {
                self.phase = Phase::CheckpointSent(ctx.now);
                for part in parts::cut(&checkpoint) {
                    self.send(Message::Checkpoint(part));
                }
            }
            None => self.phase = Phase::Open,
        }
    }

    fn trust_changed(&mut self, ctx: &Context) {
        if self.peer_identity.is_some() {
            self.recheck_peer(ctx);
        }
        if self.phase != Phase::Closed && self.peer_identity.is_some() {
            self.offer_bundle(ctx);
        }
    }

    fn offer_bundle(&mut self, ctx: &Context) {
        if self.offer.is_due(ctx.trust.bundle().version) {
            self.send(Message::Bundle(ctx.trust.signed().clone()));
        }
    }

    /// A peer whose certificate has run out or that was revoked since is shown the door. One that may do less since is to link
    /// anew: what it may ask for was said when the session opened.
    fn recheck_peer(&mut self, ctx: &Context) {
        let Some(identity) = &self.peer_identity else {
            return;
        };
        match ctx.trust.check_peer((identity, self.peer), ctx.register, ctx.now) {
            Err(refusal) => self.show_the_door(refusal),
            Ok(certificate) if self.may_do_less_by(certificate) => self.close(Farewell::Leaving),
            Ok(_) => {}
        }
    }

    fn may_do_less_by(&self, certificate: &Certificate) -> bool {
        let let_in_by = self.peer_certificate.as_ref();
        let_in_by.is_some_and(|let_in_by| !certificate.covers(let_in_by))
    }

    /// Asks for runs as long as the peer lacks something and the line has room.
    fn fill_the_line(&mut self, ctx: &Context) {
        if self.phase != Phase::Open {
            return;
        }
        while let Some((origin, after)) = self.outbox.next_load(&regard(ctx), ctx.now) {
            self.outputs.push_back(Output::Load { origin, after });
        }
    }

    fn send(&mut self, message: Message) {
        self.outputs.push_back(Output::Send(message));
    }

    fn notify(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notify(notice));
    }

    fn show_the_door(&mut self, refusal: PeerError) {
        self.refusal = Some(refusal);
        self.close(Farewell::NotWelcome);
    }

    fn close(&mut self, farewell: Farewell) {
        self.phase = Phase::Closed;
        self.send(Message::Bye(farewell));
        self.outputs.push_back(Output::Close(Close::Ours(farewell)));
    }
}

fn regard<'a>(ctx: &Context<'a>) -> Regard<'a> {
    Regard {
        trust: ctx.trust,
        register: ctx.register,
    }
}

fn version_of(bundle: &SignedBundle) -> u64 {
    bundle.unverified().map_or(0, |bundle| bundle.version)
}

#[cfg(test)]
mod tests;
