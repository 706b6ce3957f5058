//! One connection to a peer whose key is proven: requests and their answers; the session on its main stream is the driver's.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use quinn::{RecvStream, SendStream, VarInt};
use thiserror::Error;
use tokio::time::timeout;
use usher_keys::{EventId, PublicKey};
use usher_protocol::correction::{CorrectionOutcome, PinnedCorrection};
use usher_protocol::request::{
    self, Inquiry, MAX_REQUEST_BYTES, Reply, Request, RequestError, Response, Told,
};
use usher_protocol::routing::{self, Line, LineId};
use usher_protocol::sync::Farewell;

use crate::ending::{self, Loss};
use crate::handshake_limit::{HandshakeLimit, Place};
use crate::wire::{self, FrameError};

/// Requests go before the session's bulk data: a person waits at the gate.
const REQUEST_PRIORITY: i32 = 1;
/// The longest that anybody waits for an answer.
const LONGEST_WAIT: Duration = Duration::from_millis(routing::LONGEST_WAIT_MS);
/// Most answers of one peer that wait to be heard by those they were asked for: half of the streams that a peer grants, so that whoever
/// is slow to hear, or does not want to, leaves the other half to new requests. Of one more, the oldest counts as not heard.
const MAX_UNHEARD: usize = 128;
/// The code with which the stream of a request is reset that nobody waits for any more, or whose answer nobody has heard.
///
/// **Source**: docs/PROTOCOL.md, "Requests".
const GIVEN_UP: VarInt = VarInt::from_u32(0);

/// A request on its way. Whoever drops it takes it back: a network that comes back later does not deliver it, and of an answer to
/// what was asked on behalf of others it says that they have not heard it.
pub(crate) struct Pending {
    send: Arc<AskingHalf>,
    recv: RecvStream,
    inner: Arc<Inner>,
    is_on_behalf: bool,
    is_over: bool,
}

/// Our half of a request's stream, until it is ended or reset; the lock is never held across an await.
struct AskingHalf(Mutex<Option<SendStream>>);

impl AskingHalf {
    fn take(&self) -> Option<SendStream> {
        locked(&self.0).take()
    }

    fn reset(&self) {
        if let Some(mut send) = self.take() {
            // Fails only when there is nothing left to take back.
            let _ = send.reset(GIVEN_UP);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pending {
    /// Waits for the next that comes back, which may be a sign of life. Dropping the wait loses what has arrived of it.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub(crate) async fn next(&mut self) -> Result<Reply, AskError> {
        let reply = wire::read_frame(&mut self.recv, MAX_REQUEST_BYTES).await?;
        let reply = request::from_bytes(&reply);
        let reply: Reply = reply.map_err(|_| AskError::Unanswered(FrameError::Malformed))?;
        if reply != Reply::Working {
            self.is_over = !self.is_on_behalf;
            if self.is_on_behalf {
                self.inner.keep_unheard(&self.send);
            }
        }
        Ok(reply)
    }

    /// Tells whether whoever answered is to be told that the answer was heard.
    pub(crate) fn is_on_behalf(&self) -> bool {
        self.is_on_behalf
    }

    /// Says that whoever the answer was for has heard it.
    pub(crate) fn heard(mut self) {
        self.is_over = true;
        if let Some(mut send) = self.send.take() {
            // Fails only where nobody listens any more, or has ended with the request.
            let _ = send.finish();
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_over {
            self.send.reset();
        }
    }
}

/// A request that is being written: whoever drops it takes it back.
struct Asking(Option<SendStream>);

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(mut send) = self.0.take() {
            // Fails only when there is nothing left to take back.
            let _ = send.reset(GIVEN_UP);
        }
    }
}

/// A connection; clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    quinn: quinn::Connection,
    peer: PublicKey,
    event: EventId,
    /// The limit under which the peer came, if it was the peer who dialled.
    handshake_limit: Option<Arc<HandshakeLimit>>,
    /// Guards the main stream until a driver takes it.
    main: Mutex<Option<MainStream>>,
    farewell: OnceLock<Farewell>,
    /// Guards our halves of the streams whose answers are not heard yet, the oldest first; never held across an await.
    unheard: Mutex<VecDeque<Weak<AskingHalf>>>,
    has_peers_log: AtomicBool,
    /// How many records the cloud at the other end has said that it holds of ours, when it had all.
    handed_on: AtomicU64,
    /// What each stream begins with that is not the main one: the name of a page's session, and nothing on links.
    heading: Box<[u8]>,
}

impl Inner {
    /// Keeps a stream open until its answer is heard, or until too many others are kept.
    fn keep_unheard(&self, half: &Arc<AskingHalf>) {
        let mut unheard = locked(&self.unheard);
        unheard.retain(|one| one.strong_count() > 0);
        if unheard.len() >= MAX_UNHEARD
            && let Some(oldest) = unheard.pop_front().and_then(|one| one.upgrade())
        {
            oldest.reset();
        }
        unheard.push_back(Arc::downgrade(half));
    }
}

/// The main stream, and our place on the peer's mind: a stranger's until its certificate is accepted.
pub(crate) struct MainStream {
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    pub(crate) place: Option<Place>,
    /// What goes on beside the session for as long as it does.
    pub(crate) meanwhile: Option<Meanwhile>,
}

/// Something that goes on until a connection ends.
pub(crate) type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// The request is larger than any peer accepts.
    #[error("a request of {bytes} bytes, but {MAX_REQUEST_BYTES} are the most")]
    TooLong {
        /// How large it is.
        bytes: usize,
    },
    /// No answer came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The connection is gone.
    #[error("the connection is gone")]
    Lost(#[source] Loss),
    /// The peer gave the request up, or what it answered is no answer.
    #[error("the peer gave no usable answer")]
    Unanswered(#[source] FrameError),
}

impl From<FrameError> for AskError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Lost(loss) => Self::Lost(loss),
            FrameError::TooLong { .. } | FrameError::Ended | FrameError::GivenUp | FrameError::Malformed => {
                Self::Unanswered(error)
            }
        }
    }
}

impl Connection {
    pub(crate) fn new(
        quinn: quinn::Connection,
        peer: PublicKey,
        event: EventId,
        main: MainStream,
        heading: &[u8],
    ) -> Self {
        let handshake_limit = main
            .place
            .as_ref()
            .map(|place| Arc::clone(place.handshake_limit()));
        Self {
            inner: Arc::new(Inner {
                quinn,
                peer,
                event,
                handshake_limit,
                main: Mutex::new(Some(main)),
                farewell: OnceLock::new(),
                unheard: Mutex::default(),
                has_peers_log: AtomicBool::new(false),
                handed_on: AtomicU64::new(0),
                heading: heading.into(),
            }),
        }
    }

    /// Returns the key the peer proved to hold.
    pub fn peer(&self) -> PublicKey {
        self.inner.peer
    }

    /// Returns the event the dialer named.
    pub fn event(&self) -> EventId {
        self.inner.event
    }

    /// Returns where the peer is now; a roaming peer moves.
    pub fn remote_addr(&self) -> SocketAddr {
        let addr = self.inner.quinn.remote_address();
        SocketAddr::new(addr.ip().to_canonical(), addr.port())
    }

    /// Tells whether all that the peer has said of its own log is here, as the session has it.
    pub fn has_peers_log(&self) -> bool {
        self.inner.has_peers_log.load(Ordering::Relaxed)
    }

    /// Takes note of whether all that the peer has said of its own log is here.
    pub(crate) fn set_has_peers_log(&self, is_here: bool) {
        self.inner.has_peers_log.store(is_here, Ordering::Relaxed);
    }

    /// Returns how many records we held when the peer, the cloud, last had all of them; 0 before.
    pub fn handed_on(&self) -> u64 {
        self.inner.handed_on.load(Ordering::Relaxed)
    }

    /// Takes note that the cloud has all that we hold, that many records.
    pub(crate) fn set_handed_on(&self, records: u64) {
        self.inner.handed_on.store(records, Ordering::Relaxed);
    }

    /// Has the door remember that this peer was accepted: if it must come again, it finds a place there, however crowded
    /// the door is with strangers.
    pub fn remember(&self) {
        if let Some(handshake_limit) = &self.inner.handshake_limit {
            handshake_limit.remember(self.peer(), self.remote_addr().ip());
        }
    }

    /// Asks the peer and waits for its answer, on a stream of its own.
    ///
    /// `patience` begins anew with each sign of life, for as long as anybody can be kept at a gate.
    ///
    /// A request that is given up, by a timeout or because nobody waits any more, is taken back: a network that comes back
    /// later does not deliver it.
    ///
    /// # Errors
    ///
    /// [`AskError`]; after a timeout the peer may still have acted, so ask again with the same scan id.
    pub async fn ask(&self, request: &Request, patience: Duration) -> Result<Response, AskError> {
        match self.reply(request, patience).await? {
            Reply::Done(response) => Ok(response),
            Reply::Working | Reply::Told(_) | Reply::Corrected(_) => {
                Err(AskError::Unanswered(FrameError::Malformed))
            }
        }
    }

    /// Asks the peer for something that is no verdict, as [`Connection::ask`] does. A peer of an earlier version, which does
    /// not understand the question, is taken to allow it to nobody.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    pub async fn inquire(&self, inquiry: Inquiry, patience: Duration) -> Result<Told, AskError> {
        match self.reply(&Request::Inquire(inquiry), patience).await? {
            Reply::Told(told) => Ok(told),
            Reply::Done(Err(_)) => Ok(Told::NotAllowed),
            Reply::Working | Reply::Done(Ok(_)) | Reply::Corrected(_) => {
                Err(AskError::Unanswered(FrameError::Malformed))
            }
        }
    }

    /// Has the peer, a hub, correct what was written by a supervisor's PIN, as [`Connection::ask`] does.
    ///
    /// # Errors
    ///
    /// [`AskError`]; after a timeout the peer may still have done it.
    pub async fn correct(
        &self,
        pinned: PinnedCorrection,
        patience: Duration,
    ) -> Result<Result<CorrectionOutcome, RequestError>, AskError> {
        match self.reply(&Request::CorrectByPin(pinned), patience).await? {
            Reply::Corrected(corrected) => Ok(Ok(corrected)),
            Reply::Done(Err(error)) => Ok(Err(error)),
            Reply::Working | Reply::Done(Ok(_)) | Reply::Told(_) => {
                Err(AskError::Unanswered(FrameError::Malformed))
            }
        }
    }

    async fn reply(&self, request: &Request, patience: Duration) -> Result<Reply, AskError> {
        let reply = async {
            let mut pending = self.begin(request).await?;
            loop {
                let reply = timeout(patience, pending.next()).await;
                match reply.map_err(|_| AskError::Timeout)?? {
                    Reply::Working => {}
                    reply @ (Reply::Done(_) | Reply::Told(_) | Reply::Corrected(_)) => {
                        pending.heard();
                        return Ok(reply);
                    }
                }
            }
        };
        let reply = timeout(LONGEST_WAIT, reply).await;
        reply.map_err(|_| AskError::Timeout)?
    }

    /// Asks the peer on a stream of its own; how long to wait for the answer is the caller's.
    ///
    /// # Errors
    ///
    /// [`AskError::TooLong`], [`AskError::Lost`].
    pub(crate) async fn begin(&self, request: &Request) -> Result<Pending, AskError> {
        let body = request::to_bytes(request);
        if body.len() > MAX_REQUEST_BYTES {
            return Err(AskError::TooLong { bytes: body.len() });
        }
        let opened = self.inner.quinn.open_bi().await;
        let (send, recv) = opened.map_err(|error| AskError::Lost(Loss::from(error)))?;
        let mut asking = Asking(Some(send));
        let send = asking.0.as_mut().expect("it is there until it is taken");
        // Fails only for a stream that is closed already, and then writing says so.
        let _ = send.set_priority(REQUEST_PRIORITY);
        if !self.inner.heading.is_empty() {
            wire::write_frame(send, &self.inner.heading).await?;
        }
        wire::write_frame(send, &wire::frame(&body)).await?;
        if !request.is_on_behalf() {
            let _ = send.finish();
        }
        Ok(Pending {
            send: Arc::new(AskingHalf(Mutex::new(asking.0.take()))),
            recv,
            inner: Arc::clone(&self.inner),
            is_on_behalf: request.is_on_behalf(),
            is_over: false,
        })
    }

    /// Returns how long to wait for what a peer needs no time for, at least `least`.
    pub fn patience(&self, least: Duration) -> Duration {
        let least_ms = u64::try_from(least.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(routing::patience_ms(least_ms, self.line().round_trip_ms))
    }

    /// Returns the connection as a scan's way sees it.
    pub fn line(&self) -> Line {
        Line {
            id: LineId(self.inner.quinn.stable_id() as u64),
            hub: self.peer(),
            round_trip_ms: u64::try_from(self.inner.quinn.rtt().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Closes the connection and tells the peer why; a session on it ends.
    pub fn close(&self, farewell: Farewell) {
        if self.inner.quinn.close_reason().is_none() {
            let _ = self.inner.farewell.set(farewell);
        }
        self.inner.quinn.close(ending::code(farewell), &[]);
    }

    /// Closes the connection to a peer that is not even asked for its certificate, and writes down why: a bounded number
    /// of times, whoever comes how often.
    pub fn turn_away(&self, farewell: Farewell, why: &'static str) {
        let main = self.take_main();
        let place = main.as_ref().and_then(|main| main.place.as_ref());
        if let Some(withheld) = place.map_or(Some(0), Place::may_write) {
            let (peer, from) = (self.peer().id(), self.remote_addr());
            tracing::warn!(%peer, %from, why, withheld, "a peer was turned away");
        }
        self.close(farewell);
    }

    pub(crate) fn quinn(&self) -> &quinn::Connection {
        &self.inner.quinn
    }

    /// Returns what each stream of the peer's begins with before its request.
    pub(crate) fn heading(&self) -> &[u8] {
        &self.inner.heading
    }

    /// Returns with which words we closed it, if we did.
    pub(crate) fn closed_with(&self) -> Option<Farewell> {
        self.inner.farewell.get().copied()
    }

    /// Returns the main stream, once.
    pub(crate) fn take_main(&self) -> Option<MainStream> {
        self.inner
            .main
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} at {})", self.peer().id(), self.remote_addr())
    }
}
