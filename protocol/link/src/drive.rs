//! The loop that drives one session over one connection, and answers requests beside it; the rules of both are the protocol's.

mod answers;
mod errands;
mod stream;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use usher_keys::{Certificate, Role, Timestamp};
use usher_protocol::Origin;
use usher_protocol::sync::session::{BEAT_MS, CHECKPOINT_LAG};
use usher_protocol::sync::{
    Close, Context, Farewell, Held, Input, Message, Notice, Output, Session, SessionConfig,
};

use crate::changes::{Change, Changes, News};
use crate::connection::{Connection, MainStream};
use crate::ending::{Loss, SessionEnd};
use crate::handshake_limit::Place;
use crate::sync_store::{Outlook, Responder, SyncStore};
use crate::wire::FrameError;
use errands::{Errand, Errands};
use stream::{Incoming, NoMessage, Outgoing};

/// How long a peer may take until its certificate is accepted: two beats' worth of tries, and a slow line.
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the peer has to take what it lacks once we are told to leave: a second's work on a busy network, short for a person who
/// waits for the program's end.
const HAND_ON_WITHIN: Duration = Duration::from_secs(3);
/// How long saying goodbye may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_millis(500);
/// How long what arrived before the end may take to be stored.
const LAST_STORES_TIMEOUT: Duration = Duration::from_secs(5);
/// Most messages that wait to be stored before reading pauses, which QUIC's flow control then passes on to the peer.
const MAX_STORES_WAITING: usize = 4;
/// Longest time between two ticks, whatever the wall clock does.
const LONGEST_SLEEP: Duration = Duration::from_millis(BEAT_MS);
/// Shortest time between two ticks, so that a clock that stands still does not keep a core busy.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// What the rest of the program is told when a session opens.
#[derive(Debug)]
pub struct Opened {
    /// The connection, for requests.
    pub connection: Connection,
    /// The peer's certificate, which was checked.
    pub certificate: Certificate,
}

/// Drives a session over a connection until either side ends it, the connection is lost or it is cancelled.
///
/// Once cancelled it goes on until the peer has all that we hold, for at most three seconds, and says goodbye then.
///
/// Requests of the peer are answered once its certificate was accepted, a bounded number at a time; when the session ends,
/// those under way are dropped. What arrived before the end is still stored. When this future is dropped instead, the
/// connection is closed and everything under way is dropped: the futures of replica and responder must bear that.
pub async fn drive<R: SyncStore, S: Responder>(
    connection: Connection,
    replica: Arc<R>,
    responder: Arc<S>,
    opened: impl FnOnce(Opened) + Send,
    cancel: CancellationToken,
) -> SessionEnd {
    let Some(main) = connection.take_main() else {
        return SessionEnd::Taken;
    };
    let MainStream {
        send,
        recv,
        place,
        meanwhile,
    } = main;
    let door = Door {
        responder,
        opened,
        place,
    };
    let mut tasks = JoinSet::new();
    if let Some(meanwhile) = meanwhile {
        tasks.spawn(meanwhile);
    }
    let outgoing = Outgoing::start(send, &mut tasks);
    let incoming = stream::start_reading(recv, &mut tasks);
    let mut driver = Driver {
        // Subscribed before `held` is asked below, so that nothing falls in between.
        changes: replica.changes(),
        session: Session::new(SessionConfig {
            event: replica.event(),
            identity: replica.identity(),
            own_log: replica.own_log(),
            peer: connection.peer(),
            held: replica.held(),
            checkpoint_lag: CHECKPOINT_LAG,
        }),
        connection,
        replica,
        door: Some(door),
        tasks,
        incoming,
        outgoing,
        storing: Errands::default(),
        loading: Errands::default(),
        step_at: Instant::now(),
        has_started: false,
        forks_told: BTreeSet::new(),
        wake_at: Instant::now() + LONGEST_SLEEP,
        open_by: Instant::now() + OPENING_TIMEOUT,
        leave_by: None,
        end: None,
    };
    let end = driver.run(&cancel).await;
    driver.say_goodbye(&end).await;
    driver.write_down(&end);
    end
}

fn context(outlook: &Outlook) -> Context<'_> {
    Context {
        now: outlook.now,
        clock: outlook.clock,
        trust: &outlook.trust,
        register: &outlook.register,
        assurance: outlook.assurance,
        unheard_forks: &outlook.unheard_forks,
    }
}

/// Counts the records of all logs.
fn held_records(held: &[Held]) -> u64 {
    held.iter().map(|held| held.tail.seq.0).sum()
}

/// What is needed once: when the peer's certificate is accepted.
struct Door<S, F> {
    responder: Arc<S>,
    opened: F,
    /// The stranger's place, given up when it is none any more.
    place: Option<Place>,
}

struct Driver<R: SyncStore, S: Responder, F: FnOnce(Opened) + Send> {
    connection: Connection,
    session: Session,
    replica: Arc<R>,
    changes: Changes,
    /// When logs that grow are looked at next; the first growth after a quiet time is told at once.
    step_at: Instant,
    /// Present until the session opens.
    door: Option<Door<S, F>>,
    /// Reader, writer and answerer.
    tasks: JoinSet<()>,
    incoming: mpsc::Receiver<Incoming>,
    outgoing: Outgoing,
    storing: Errands,
    loading: Errands,
    has_started: bool,
    /// Origins with two histories that were written about: a liar that goes on about its own fills no disk.
    forks_told: BTreeSet<Origin>,
    wake_at: Instant,
    open_by: Instant,
    /// Until when the peer has time to take what it lacks, once we are told to leave.
    leave_by: Option<Instant>,
    end: Option<SessionEnd>,
}

impl<R: SyncStore, S: Responder, F: FnOnce(Opened) + Send> Driver<R, S, F> {
    async fn run(&mut self, cancel: &CancellationToken) -> SessionEnd {
        if self.connection.quinn().side().is_client() {
            self.start();
        }
        loop {
            if let Some(end) = self.end.take() {
                return end;
            }
            self.step(cancel).await;
            if let Some(leave_by) = self.leave_by {
                self.leave_once_handed_on(leave_by);
            }
        }
    }

    /// Waits for the next thing to happen and lets the session deal with it.
    async fn step(&mut self, cancel: &CancellationToken) {
        let peer = self.connection.peer();
        self.storing.start_next(&self.replica, peer);
        if self.outgoing.has_room_for_runs() {
            self.loading.start_next(&self.replica, peer);
        }
        tokio::select! {
            () = cancel.cancelled(), if self.leave_by.is_none() => {
                self.leave_by = Some(Instant::now() + HAND_ON_WITHIN);
            }
            () = sleep_until(self.leave_by.unwrap_or(self.wake_at)), if self.leave_by.is_some() => {}
            message = self.incoming.recv(), if self.storing.waiting() < MAX_STORES_WAITING => {
                self.received(message.map(|message| *message));
            }
            news = self.changes.next(self.step_at) => match news {
                News::Told(change) => self.changed(change),
                News::Grown => self.tell_grown(),
            },
            inputs = self.storing.done() => self.inputs(inputs),
            inputs = self.loading.done() => self.inputs(inputs),
            handed = self.outgoing.hand_over() => if handed.is_err() {
                self.lost(self.connection.quinn().close_reason().map_or(Loss::TheirsUnexplained, Loss::from));
            },
            () = sleep_until(self.wake_at), if self.has_started => self.wake(),
            () = sleep_until(self.open_by), if self.door.is_some() => self.refuse(Farewell::Silent),
        }
    }

    /// Leaves when the peer has what we hold, or has had time enough to take it.
    fn leave_once_handed_on(&mut self, leave_by: Instant) {
        self.tell_grown();
        let outlook = self.replica.outlook();
        if Instant::now() >= leave_by || self.session.has_handed_on_all(&context(&outlook)) {
            self.input(Input::Leave);
        }
    }

    fn received(&mut self, message: Option<Result<Message, NoMessage>>) {
        match message {
            Some(Ok(message)) => {
                self.input(Input::Received(message));
                if !self.has_started && self.session.peer().is_some() {
                    self.start();
                }
            }
            Some(Err(NoMessage::OtherVersion(theirs))) => {
                self.refuse(Farewell::NoCommonVersion);
                self.end = Some(SessionEnd::OtherVersion(theirs));
            }
            Some(Err(NoMessage::Frame(FrameError::TooLong { .. } | FrameError::Malformed))) => {
                self.refuse(Farewell::BadMessage)
            }
            Some(Err(NoMessage::Frame(FrameError::Lost(loss)))) => self.lost(loss),
            Some(Err(NoMessage::Frame(FrameError::Ended | FrameError::GivenUp))) | None => {
                self.lost(Loss::TheirsUnexplained)
            }
        }
    }

    fn changed(&mut self, change: Result<Change, RecvError>) {
        match change {
            Ok(Change::Grew(held)) => self.input(Input::Grew(held)),
            Ok(Change::Trust) => self.input(Input::TrustChanged),
            Ok(Change::Dropped) => self.input(Input::Leave),
            Err(RecvError::Lagged(_)) => {
                self.inputs(self.replica.held().into_iter().map(Input::Grew).collect());
                self.input(Input::TrustChanged);
            }
            Err(RecvError::Closed) => self.input(Input::Leave),
        }
    }

    fn tell_grown(&mut self) {
        self.step_at = self.changes.step_after(Instant::now());
        let grown = self.changes.take_grown();
        self.inputs(grown.into_iter().map(Input::Grew).collect());
    }

    /// Says hello. The dialer begins; the side that was called tells nothing before it knows who calls.
    fn start(&mut self) {
        self.has_started = true;
        self.input(Input::Start);
    }

    fn wake(&mut self) {
        self.wake_at = Instant::now() + LONGEST_SLEEP;
        let is_cloud = self.session.peer().is_some_and(|peer| peer.role == Role::Cloud);
        let held = is_cloud.then(|| held_records(&self.replica.held()));
        // A beat says what we hold: it must not be behind what we send.
        self.tell_grown();
        self.input(Input::Tick);
        if let Some(held) = held
            && self.session.lag() == 0
        {
            self.connection.set_handed_on(held);
        }
    }

    fn inputs(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            self.input(input);
        }
    }

    /// One mutation, then everything the session wants done.
    fn input(&mut self, input: Input) {
        let outlook = self.replica.outlook();
        self.session.handle(input, &context(&outlook));
        while let Some(output) = self.session.poll() {
            self.output(output, outlook.now);
        }
        self.connection.set_has_peers_log(self.session.has_peers_log());
        if self.outgoing.is_overfull() && self.end.is_none() {
            tracing::warn!(peer = %self.connection.peer().id(), "a peer does not read what it asks for");
            self.refuse(Farewell::Silent);
        }
    }

    fn output(&mut self, output: Output, now: Timestamp) {
        match output {
            Output::Send(message) => self.outgoing.push(&message),
            // Sent again while the first copy still waits for the line: the session will ask once more if need be.
            Output::Load { origin, .. } if self.outgoing.carries_run_of(&origin) => {}
            Output::Load { origin, after } => self.loading.push_load(origin, after),
            Output::LoadCheckpoint => self.loading.push(Errand::LoadCheckpoint),
            Output::Store(run) => self.storing.push(Errand::Store(run)),
            Output::StoreCheckpoint(checkpoint) => self.storing.push(Errand::StoreCheckpoint(checkpoint)),
            Output::StoreBundle(bundle) => self.storing.push(Errand::StoreBundle(bundle)),
            Output::WakeAt(at) => {
                let sleep = Duration::from_millis(at.since_ms(now));
                self.wake_at = Instant::now() + sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
            }
            Output::Notify(notice) => {
                match &notice {
                    Notice::Opened(certificate) => self.open(certificate),
                    Notice::Forked(found) if self.forks_told.insert(found.origin()) => {
                        let peer = self.connection.peer().id();
                        tracing::warn!(%peer, origin = %found.origin().id(), "an origin has two histories: it was copied, or it lies");
                    }
                    Notice::Forked(_)
                    | Notice::OwnPast(_)
                    | Notice::Fresh(_)
                    | Notice::Clock(_)
                    | Notice::RunRefused(..) => {}
                }
                self.storing.push(Errand::Tell(notice));
            }
            Output::Close(Close::Ours(farewell)) => self.end = Some(SessionEnd::Ours(farewell)),
            Output::Close(Close::Theirs(farewell)) => self.end = Some(SessionEnd::Theirs(farewell)),
        }
    }

    /// The peer is a stranger no more: tells the program and begins to answer.
    fn open(&mut self, certificate: &Certificate) {
        let Some(door) = self.door.take() else {
            return;
        };
        let connection = self.connection.clone();
        tracing::info!(peer = %connection.peer().id(), role = ?certificate.role, "session opened");
        self.tasks.spawn(answers::answer(
            connection.clone(),
            Arc::new(certificate.clone()),
            door.responder,
        ));
        (door.opened)(Opened {
            connection,
            certificate: certificate.clone(),
        });
    }

    /// Ends the session for a reason the session itself cannot see.
    fn refuse(&mut self, farewell: Farewell) {
        self.outgoing.push(&Message::Bye(farewell));
        self.end = Some(SessionEnd::Ours(farewell));
    }

    fn lost(&mut self, loss: Loss) {
        self.end = Some(match loss {
            Loss::Ours => SessionEnd::Ours(self.connection.closed_with().unwrap_or(Farewell::Leaving)),
            Loss::Theirs(farewell) => SessionEnd::Theirs(farewell),
            Loss::TheirsUnexplained | Loss::TimedOut | Loss::Restarted | Loss::Transport(_) => {
                SessionEnd::Lost(loss)
            }
        });
    }

    /// Writes the end down; what strangers make us write is bounded.
    fn write_down(&self, end: &SessionEnd) {
        let place = self.door.as_ref().and_then(|door| door.place.as_ref());
        let Some(withheld) = place.map_or(Some(0), Place::may_write) else {
            return;
        };
        let (peer, from) = (self.connection.peer().id(), self.connection.remote_addr());
        match self.session.refusal() {
            Some(refusal) => {
                let refusal: &dyn std::error::Error = refusal;
                tracing::warn!(%peer, %from, refusal, withheld, "a peer is not welcome");
            }
            None if matches!(end, SessionEnd::OtherVersion(_)) => {
                tracing::warn!(%peer, %from, %end, withheld, "a peer speaks another version");
            }
            None => tracing::info!(%peer, %from, %end, withheld, "session ended"),
        }
    }

    /// Lets the goodbye that waits last get out, then closes the connection.
    async fn say_goodbye(&mut self, end: &SessionEnd) {
        let farewell = end.our_farewell();
        if farewell.is_some() {
            // A peer that does not listen gets the reason with the close all the same.
            let _ = timeout(FAREWELL_TIMEOUT, self.outgoing.finish()).await;
        }
        let farewell = farewell.unwrap_or(Farewell::Leaving);
        self.connection.close(farewell);
        self.tasks.shutdown().await;
        let peer = self.connection.peer();
        let last_stores = self.storing.finish(&self.replica, peer);
        if timeout(LAST_STORES_TIMEOUT, last_stores).await.is_err() {
            tracing::warn!(peer = %peer.id(), "storage did not finish in time after the session's end");
        }
    }
}

impl<R: SyncStore, S: Responder, F: FnOnce(Opened) + Send> Drop for Driver<R, S, F> {
    fn drop(&mut self) {
        self.connection.close(Farewell::Leaving);
    }
}
