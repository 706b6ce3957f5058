//! The UDP socket with QUIC on it: dials and accepts peers whose keys are proven and that name an event; who may talk is the session's.

pub(crate) mod tuning;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::{Incoming, TokioRuntime};
use tokio::time::timeout;
use usher_keys::{EventId, PublicKey, SecretKey};
use usher_protocol::sync::Farewell;

use crate::arrivals::{Arrivals, close_with_place};
use crate::connection::{Connection, MainStream};
use crate::ending;
use crate::handshake_limit::{HANDSHAKE_TIMEOUT, Place};
use crate::link_error::{LinkError, loss_of, lost};
use crate::tls::{self, EventKeys};
use crate::wire;
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
            meanwhile: None,
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
        meanwhile: None,
    };
    Ok(Connection::new(quinn, peer, event, line, &[]))
}
