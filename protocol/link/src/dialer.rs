//! Keeps a link to one address alive for as long as the program runs; which addresses there are is the hub's configuration.

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
use crate::endpoint::{Endpoint, LinkError};
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

/// Whoever shows links to people or routes requests to them.
pub trait LinkObserver: Send + Sync + 'static {
    /// Takes note of what happens to a link. Must not block.
    fn observe(&self, state: LinkState);
}

impl<F: Fn(LinkState) + Send + Sync + 'static> LinkObserver for F {
    fn observe(&self, state: LinkState) {
        self(state);
    }
}

/// Dials one address again and again.
pub struct Dialer<R, S> {
    /// From where.
    pub endpoint: Endpoint,
    /// To where: `host:port`, resolved anew for each try.
    pub addr: String,
    /// Our side of the session.
    pub replica: Arc<R>,
    /// Answers what the peer asks.
    pub responder: Arc<S>,
}

impl<R: SyncStore, S: Responder> Dialer<R, S> {
    /// Keeps the link until cancelled: dials, drives the session, waits a growing and jittered time, dials again.
    pub async fn keep_linked(self, observer: impl LinkObserver, cancel: CancellationToken) {
        let mut backoff = Backoff::default();
        while !cancel.is_cancelled() {
            observer.observe(LinkState::Connecting);
            if self.link_once(&observer, &cancel).await {
                backoff.reset();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next_delay()) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    /// Makes one connection and drives it to its end; tells whether that was a success: a session stood until it was lost
    /// or the peer left, or for long enough.
    async fn link_once(&self, observer: &impl LinkObserver, cancel: &CancellationToken) -> bool {
        let connection = tokio::select! {
            connected = self.connect() => match connected {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::debug!(addr = %self.addr, %error, "no connection");
                    observer.observe(LinkState::Failed(error));
                    return false;
                }
            },
            () = cancel.cancelled() => return false,
        };
        let peer = connection.peer();
        let did_open = AtomicBool::new(false);
        let opened = |opened: Opened| {
            did_open.store(true, Ordering::Relaxed);
            observer.observe(LinkState::Opened(opened));
        };
        let (replica, responder) = (Arc::clone(&self.replica), Arc::clone(&self.responder));
        let begun = Instant::now();
        let end = drive(connection, replica, responder, opened, cancel.clone()).await;
        let was_shown_the_door = matches!(end, SessionEnd::Theirs(farewell) if farewell != Farewell::Leaving);
        observer.observe(LinkState::Closed { peer, end });
        did_open.into_inner() && (!was_shown_the_door || begun.elapsed() >= STEADY)
    }

    async fn connect(&self) -> Result<Connection, LinkError> {
        let addresses = lookup_host(&self.addr).await.map_err(LinkError::Resolve)?;
        let mut failed = LinkError::NoAddress;
        for addr in addresses.take(MAX_ADDRESSES) {
            match self.endpoint.connect(addr, self.replica.event()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}
