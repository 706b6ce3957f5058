//! Keeps a link to one peer alive for as long as the program runs, whichever of its addresses that takes; which addresses there are is the hub's configuration.

mod backoff;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::net::lookup_host;
use tokio_util::sync::CancellationToken;
use usher_keys::PublicKey;
use usher_protocol::sync::Farewell;

use crate::connection::Connection;
use crate::drive::{Opened, drive};
use crate::ending::SessionEnd;
use crate::endpoint::Endpoint;
use crate::link_error::LinkError;
use crate::sync_store::{Responder, SyncStore};
use backoff::Backoff;

/// Most addresses of one host name that are tried in a row.
const MAX_ADDRESSES: usize = 4;

/// How long a session must have stood for its end to count as no failure, whoever ended it: a peer that shows us the door
/// right after each hello (our key is in use elsewhere) is dialed ever more rarely.
const STEADY: Duration = Duration::from_secs(30);

/// What happens to a link.
#[derive(Debug)]
pub enum LinkState {
    /// A dial begins.
    Connecting,
    /// A session stands: the peer's certificate was accepted.
    Opened(Opened),
    /// A connection ended, opened or not.
    Closed {
        /// Who was at the other end, by its key: the transport has made sure of it.
        peer: PublicKey,
        /// How it ended.
        end: SessionEnd,
    },
    /// There was no connection.
    Failed(LinkError),
}

/// What came of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// A session stood until it was lost or the peer left, or for long enough.
    Success,
    /// A session stood, and the peer soon ended it for a reason of ours.
    ShownTheDoor,
    /// No session stood.
    NoSession,
}

/// Whoever shows links to people or routes requests to them.
pub trait LinkObserver: Send + Sync + 'static {
    /// Takes note of what happens at the address of that place in the dialer's list. Must not block.
    fn observe(&self, at: usize, state: LinkState);
}

impl<F: Fn(usize, LinkState) + Send + Sync + 'static> LinkObserver for F {
    fn observe(&self, at: usize, state: LinkState) {
        self(at, state);
    }
}

/// Dials one peer again and again. Several addresses are those of one peer that runs as several processes: a link to any of them is
/// enough, and a second one would be a double.
pub struct Dialer<R, S> {
    /// From where.
    pub endpoint: Endpoint,
    /// To where: each `host:port`, resolved anew for each try, best first.
    pub addresses: Vec<String>,
    /// Who is to be there, where the addresses are nobody's word: with anybody else no session begins, which would take the place of
    /// one that stands.
    pub expects: Option<PublicKey>,
    /// Our side of the session.
    pub replica: Arc<R>,
    /// Answers what the peer asks.
    pub responder: Arc<S>,
}

impl<R: SyncStore, S: Responder> Dialer<R, S> {
    /// Keeps the link until cancelled: goes round the addresses until one has a session, drives that, waits a growing and
    /// jittered time, and goes on with the next address: a process that leaves is not asked again before the others.
    pub async fn keep_linked(self, observer: impl LinkObserver, cancel: CancellationToken) {
        let mut backoff = Backoff::default();
        let mut next = (0..self.addresses.len()).cycle();
        while !cancel.is_cancelled() {
            for at in next.by_ref().take(self.addresses.len()) {
                let tried = self.link_once(at, &observer, &cancel).await;
                if tried == Tried::Success {
                    backoff.reset();
                }
                if tried != Tried::NoSession || cancel.is_cancelled() {
                    break;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next_delay()) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    /// Makes one connection and drives it to its end.
    async fn link_once(&self, at: usize, observer: &impl LinkObserver, cancel: &CancellationToken) -> Tried {
        observer.observe(at, LinkState::Connecting);
        let addr = &self.addresses[at];
        let connection = tokio::select! {
            connected = self.connect(addr) => match connected {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::debug!(%addr, %error, "no connection");
                    observer.observe(at, LinkState::Failed(error));
                    return Tried::NoSession;
                }
            },
            () = cancel.cancelled() => return Tried::NoSession,
        };
        let peer = connection.peer();
        let did_open = AtomicBool::new(false);
        let opened = |opened: Opened| {
            did_open.store(true, Ordering::Relaxed);
            observer.observe(at, LinkState::Opened(opened));
        };
        let (replica, responder) = (Arc::clone(&self.replica), Arc::clone(&self.responder));
        let begun = Instant::now();
        let end = drive(connection, replica, responder, opened, cancel.clone()).await;
        let was_shown_the_door = matches!(end, SessionEnd::Theirs(farewell) if farewell != Farewell::Leaving);
        observer.observe(at, LinkState::Closed { peer, end });
        match (did_open.into_inner(), was_shown_the_door) {
            (false, _) => Tried::NoSession,
            (true, true) if begun.elapsed() < STEADY => Tried::ShownTheDoor,
            (true, _) => Tried::Success,
        }
    }

    async fn connect(&self, addr: &str) -> Result<Connection, LinkError> {
        let addresses = lookup_host(addr).await.map_err(LinkError::Resolve)?;
        let mut failed = LinkError::NoAddress;
        for addr in addresses.take(MAX_ADDRESSES) {
            match self.endpoint.connect(addr, self.replica.event()).await {
                Ok(connection) if self.expects.is_none_or(|peer| peer == connection.peer()) => {
                    return Ok(connection);
                }
                Ok(other) => {
                    other.close(Farewell::Leaving);
                    failed = LinkError::OtherPeer { peer: other.peer() };
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}
