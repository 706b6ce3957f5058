//! The UDP socket with QUIC on it: dials and accepts peers whose keys are proven and that name an event; who may talk is the session's.

pub(crate) mod tuning;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::{ConnectError, Incoming, TokioRuntime};
use thiserror::Error;
use tokio::time::timeout;
use usher_keys::{EventId, PublicKey, SecretKey};
use usher_protocol::sync::Farewell;

use crate::arrivals::Arrivals;
use crate::connection::{Connection, MainStream};
use crate::ending::{self, Loss};
use crate::handshake_limit::{HANDSHAKE_TIMEOUT, Place};
use crate::pages::PageFault;
use crate::tls::{self, EventKeys};
use crate::wire::{self, FrameError};
use tuning::Reach;

/// How long closing waits until peers know: a lost packet or two.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Server and client on one UDP socket; clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
    identity: Arc<Identity>,
}

/// As whom we dial.
struct Identity {
    client: quinn::ClientConfig,
    key: PublicKey,
}

impl Identity {
    fn new(key: &SecretKey, reach: Reach) -> Result<Arc<Self>, LinkError> {
        Ok(Arc::new(Self {
            client: tuning::client(tls::client_config(key)?, reach),
            key: key.public(),
        }))
    }
}

struct Inner {
    quinn: quinn::Endpoint,
    keys: Arc<EventKeys>,
    local_addr: SocketAddr,
    arrivals: Arrivals<Connection>,
    reach: Reach,
}

/// Why there is no endpoint or no connection.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The address cannot be bound.
    #[error("cannot listen on {addr}")]
    Bind {
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up with this key.
    #[error("TLS cannot be set up with this key")]
    Tls(#[from] rustls::Error),
    /// The address cannot be dialed from here (port 0, other address family, or the endpoint is closed).
    #[error("{addr} cannot be dialed from this endpoint")]
    Undialable {
        addr: SocketAddr,
        /// What the transport said.
        #[source]
        source: ConnectError,
    },
    /// The host name does not resolve.
    #[error("the host name does not resolve")]
    Resolve(#[source] io::Error),
    /// The host name resolves to nothing.
    #[error("the host name has no address")]
    NoAddress,
    /// The handshake did not end in time: nobody there, or the way is blocked.
    #[error("no answer within {} s (nobody there, or a firewall blocks UDP)", HANDSHAKE_TIMEOUT.as_secs())]
    Timeout,
    /// The connection was lost during the handshake.
    #[error("the handshake failed")]
    Handshake(#[source] Loss),
    /// The peer had to make room at a crowded door.
    #[error("it made room for another at a crowded door")]
    GaveWay,
    /// The peer showed no key of ours' kind.
    #[error("the peer showed no Ed25519 key")]
    NoKey,
    /// Whoever came to the door for pages is no page that may come in.
    #[error("no page of ours came: {0}")]
    NoPage(#[from] PageFault),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The peer is this device: an address in the configuration leads back here.
    #[error("the address leads back to this device")]
    Myself,
}

impl Endpoint {
    /// Binds the socket of a device at a venue and gets ready to dial and accept. Call it inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`LinkError::Bind`], [`LinkError::Tls`].
    pub fn bind(addr: SocketAddr, key: &SecretKey) -> Result<Self, LinkError> {
        Self::bind_within(Reach::Venue, addr, key)
    }

    /// Binds the socket of a machine that is linked with thousands of others.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::bind`].
    pub fn bind_for_thousands(addr: SocketAddr, key: &SecretKey) -> Result<Self, LinkError> {
        Self::bind_within(Reach::Cloud, addr, key)
    }

    fn bind_within(reach: Reach, addr: SocketAddr, key: &SecretKey) -> Result<Self, LinkError> {
        let failed = |source| LinkError::Bind { addr, source };
        let socket = UdpSocket::bind(addr).map_err(failed)?;
        let local_addr = socket.local_addr().map_err(failed)?;
        let keys = Arc::new(EventKeys::new(key)?);
        let server = tuning::server(tls::server_config(Arc::clone(&keys))?, reach);
        let quinn = quinn::Endpoint::new(
            tuning::endpoint(key),
            Some(server),
            socket,
            Arc::new(TokioRuntime),
        );
        Ok(Self {
            inner: Arc::new(Inner {
                quinn: quinn.map_err(failed)?,
                keys,
                local_addr,
                arrivals: Arrivals::default(),
                reach,
            }),
            identity: Identity::new(key, reach)?,
        })
    }

    /// Returns the same socket for one event with a key of its own: it dials with that key, and shows it to peers that name
    /// the event.
    ///
    /// # Errors
    ///
    /// [`LinkError::Tls`].
    pub fn for_event(&self, event: EventId, key: &SecretKey) -> Result<Self, LinkError> {
        let identity = Identity::new(key, self.inner.reach)?;
        self.inner.keys.add(event, key)?;
        Ok(Self {
            inner: Arc::clone(&self.inner),
            identity,
        })
    }

    /// Shows peers that name the event the usual key again, because nobody here serves it any more.
    pub fn forget_event(&self, event: EventId) {
        self.inner.keys.remove(event);
    }

    /// Returns the address the socket is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr
    }

    /// Returns our own key.
    pub fn key(&self) -> PublicKey {
        self.identity.key
    }

    /// Returns the handshake limit, for tests that crowd it.
    #[cfg(test)]
    pub(crate) fn handshake_limit(&self) -> &Arc<crate::handshake_limit::HandshakeLimit> {
        self.inner.arrivals.handshake_limit()
    }

    /// Dials a peer and names the event to talk about.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    pub async fn connect(&self, addr: SocketAddr, event: EventId) -> Result<Connection, LinkError> {
        timeout(HANDSHAKE_TIMEOUT, self.dial(addr, event))
            .await
            .map_err(|_| LinkError::Timeout)?
    }

    async fn dial(&self, addr: SocketAddr, event: EventId) -> Result<Connection, LinkError> {
        let client = self.identity.client.clone();
        let dialing = self
            .inner
            .quinn
            .connect_with(client, addr, &tls::server_name(event))
            .map_err(|source| LinkError::Undialable { addr, source })?;
        let quinn = dialing.await.map_err(lost)?;
        let peer = tls::peer_key(&quinn).ok_or(LinkError::NoKey)?;
        if peer == self.identity.key {
            return Err(LinkError::Myself);
        }
        let (mut send, recv) = quinn.open_bi().await.map_err(lost)?;
        wire::write_preamble(&mut send, event)
            .await
            .map_err(|error| LinkError::Handshake(loss_of(error)))?;
        let line = MainStream {
            send,
            recv,
            place: None,
        };
        Ok(Connection::new(quinn, peer, event, line, &[]))
    }

    /// Waits for the next peer that has proven its key and named its event; `None` once the endpoint is closed.
    ///
    /// Handshakes go on side by side while somebody waits here; failed ones are only logged.
    pub async fn accept(&self) -> Option<Connection> {
        self.inner.arrivals.next(&self.inner.quinn, shake_hands).await
    }

    /// Refuses whoever dials from now on, until the endpoint is closed; connections that stand are left alone.
    pub async fn refuse_all(&self) {
        self.inner.arrivals.refuse_all(&self.inner.quinn).await;
    }

    /// Closes every connection, telling the peers that we are leaving, and waits a moment for the message to get out.
    pub async fn close(&self) {
        self.inner.quinn.close(ending::code(Farewell::Leaving), &[]);
        let _ = timeout(CLOSE_TIMEOUT, self.inner.quinn.wait_idle()).await;
    }
}

/// Waits for the full handshake (never for early data) and for the preamble.
async fn shake_hands(incoming: Incoming, place: Place) -> Result<Connection, LinkError> {
    let quinn = incoming.await.map_err(lost)?;
    close_with_place(&quinn, &place);
    let peer = tls::peer_key(&quinn).ok_or(LinkError::NoKey)?;
    let (send, mut recv) = quinn.accept_bi().await.map_err(lost)?;
    let event = match wire::read_preamble(&mut recv).await {
        Ok(event) => event,
        Err(error) => {
            quinn.close(ending::code(Farewell::BadMessage), &[]);
            return Err(LinkError::Handshake(loss_of(error)));
        }
    };
    let line = MainStream {
        send,
        recv,
        place: Some(place),
    };
    Ok(Connection::new(quinn, peer, event, line, &[]))
}

/// Has a connection closed when its place goes to another, also when a session has it, which learns of it as of any end.
pub(crate) fn close_with_place(quinn: &quinn::Connection, place: &Place) {
    let closing = quinn.clone();
    place
        .slot()
        .when_lost(move || closing.close(ending::code(Farewell::Leaving), &[]));
}

pub(crate) fn lost(error: quinn::ConnectionError) -> LinkError {
    LinkError::Handshake(Loss::from(error))
}

pub(crate) fn loss_of(error: FrameError) -> Loss {
    match error {
        FrameError::Lost(loss) => loss,
        FrameError::TooLong { .. } | FrameError::Ended | FrameError::GivenUp | FrameError::Malformed => {
            Loss::Theirs(Farewell::BadMessage)
        }
    }
}
