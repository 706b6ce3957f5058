//! One connection to a peer whose key is proven: requests and their answers; the session on its main stream is the driver's.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use quinn::{RecvStream, SendStream, VarInt};
use thiserror::Error;
use tokio::time::timeout;
use usher_keys::{EventId, PublicKey};
use usher_protocol::request::{self, Inquiry, MAX_REQUEST_BYTES, Reply, Request, Response, Told};
use usher_protocol::sync::Farewell;

use crate::doorstep::{Doorstep, Place};
use crate::ending::{self, Loss};
use crate::wire::{self, FrameError};

/// Requests go before the session's bulk data: a person waits at the gate.
const REQUEST_PRIORITY: i32 = 1;
/// The longest that anybody is kept at a gate by a line that is slow.
const LONGEST_PATIENCE: Duration = Duration::from_secs(2);
/// The longest that anybody is kept at a gate by peers that show that they are at work.
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// What a peer needs itself: a commit on a slow disk.
const ROOM_FOR_WORK: Duration = Duration::from_millis(120);
/// The code with which the stream of a request is reset that nobody waits for any more.
///
/// **Source**: docs/PROTOCOL.md, "Requests".
const GIVEN_UP: VarInt = VarInt::from_u32(0);

/// A request on its way.
struct Asking {
    send: SendStream,
    is_answered: bool,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if !self.is_answered {
            // Fails only when there is nothing left to take back.
            let _ = self.send.reset(GIVEN_UP);
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
    /// The doorstep the peer came over, if it was the peer who dialled.
    doorstep: Option<Arc<Doorstep>>,
    /// Guards the main stream until a driver takes it.
    line: Mutex<Option<Line>>,
    farewell: OnceLock<Farewell>,
}

/// The main stream, and our place on the peer's mind: a stranger's until its certificate is accepted.
pub(crate) struct Line {
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    pub(crate) place: Option<Place>,
}

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
    pub(crate) fn new(quinn: quinn::Connection, peer: PublicKey, event: EventId, line: Line) -> Self {
        let doorstep = line.place.as_ref().map(|place| Arc::clone(place.doorstep()));
        Self {
            inner: Arc::new(Inner {
                quinn,
                peer,
                event,
                doorstep,
                line: Mutex::new(Some(line)),
                farewell: OnceLock::new(),
            }),
        }
    }

    /// Gives the key the peer proved to hold.
    pub fn peer(&self) -> PublicKey {
        self.inner.peer
    }

    /// Gives the event the dialer named.
    pub fn event(&self) -> EventId {
        self.inner.event
    }

    /// Gives where the peer is now; a roaming peer moves.
    pub fn remote_addr(&self) -> SocketAddr {
        let addr = self.inner.quinn.remote_address();
        SocketAddr::new(addr.ip().to_canonical(), addr.port())
    }

    /// Has the door remember that this peer was accepted: if it must come again, it finds a place there, however crowded
    /// the door is with strangers.
    pub fn remember(&self) {
        if let Some(doorstep) = &self.inner.doorstep {
            doorstep.remember(self.peer(), self.remote_addr().ip());
        }
    }

    /// Asks the peer and waits for its answer, on a stream of its own.
    ///
    /// `patience` begins anew with each sign of life, for as long as anybody can be kept at a gate.
    ///
    /// A request that is given up, by a timeout or because nobody waits any more, is taken back: a network that comes back
    /// later does not deliver it.
    ///
    /// **Errors**: [`AskError`]; after a timeout the peer may still have acted, so ask again with the same scan id.
    pub async fn ask(&self, request: &Request, patience: Duration) -> Result<Response, AskError> {
        match self.reply(request, patience).await? {
            Reply::Done(response) => Ok(response),
            Reply::Working | Reply::Told(_) => Err(AskError::Unanswered(FrameError::Malformed)),
        }
    }

    /// Asks the peer for something that is no verdict, as [`Connection::ask`] does. A peer of an earlier version, which does
    /// not understand the question, is taken to allow it to nobody.
    ///
    /// **Errors**: [`AskError`].
    pub async fn inquire(&self, inquiry: Inquiry, patience: Duration) -> Result<Told, AskError> {
        match self.reply(&Request::Inquire(inquiry), patience).await? {
            Reply::Told(told) => Ok(told),
            Reply::Done(Err(_)) => Ok(Told::NotAllowed),
            Reply::Working | Reply::Done(Ok(_)) => Err(AskError::Unanswered(FrameError::Malformed)),
        }
    }

    async fn reply(&self, request: &Request, patience: Duration) -> Result<Reply, AskError> {
        let body = request::to_bytes(request);
        if body.len() > MAX_REQUEST_BYTES {
            return Err(AskError::TooLong { bytes: body.len() });
        }
        let answer = timeout(LONGEST_WAIT, self.exchange(&body, patience)).await;
        answer.map_err(|_| AskError::Timeout)?
    }

    /// Gives how long to wait for what a peer needs no time for: as long as a packet takes there and back, with room for one
    /// that is lost.
    pub fn patience(&self, least: Duration) -> Duration {
        let measured = self.inner.quinn.rtt() * 3 + ROOM_FOR_WORK;
        measured.clamp(least, least.max(LONGEST_PATIENCE))
    }

    async fn exchange(&self, body: &[u8], patience: Duration) -> Result<Reply, AskError> {
        let opened = self.inner.quinn.open_bi().await;
        let (send, mut recv) = opened.map_err(|error| AskError::Lost(Loss::from(error)))?;
        let mut asking = Asking {
            send,
            is_answered: false,
        };
        // Fails only for a stream that is closed already, and then writing says so.
        let _ = asking.send.set_priority(REQUEST_PRIORITY);
        wire::write_frame(&mut asking.send, &wire::frame(body)).await?;
        let _ = asking.send.finish();
        loop {
            let reply = timeout(patience, wire::read_frame(&mut recv, MAX_REQUEST_BYTES)).await;
            let reply = reply.map_err(|_| AskError::Timeout)??;
            match request::from_bytes(&reply) {
                Ok(Reply::Working) => {}
                Ok(reply @ (Reply::Done(_) | Reply::Told(_))) => {
                    asking.is_answered = true;
                    return Ok(reply);
                }
                Err(_) => return Err(AskError::Unanswered(FrameError::Malformed)),
            }
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
        let line = self.take_line();
        let place = line.as_ref().and_then(|line| line.place.as_ref());
        if let Some(withheld) = place.map_or(Some(0), Place::may_write) {
            let (peer, from) = (self.peer().id(), self.remote_addr());
            tracing::warn!(%peer, %from, why, withheld, "a peer was turned away");
        }
        self.close(farewell);
    }

    pub(crate) fn quinn(&self) -> &quinn::Connection {
        &self.inner.quinn
    }

    /// Gives with which words we closed it, if we did.
    pub(crate) fn closed_with(&self) -> Option<Farewell> {
        self.inner.farewell.get().copied()
    }

    /// Gives the main stream, once.
    pub(crate) fn take_line(&self) -> Option<Line> {
        self.inner
            .line
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
