//! Why there is no endpoint or no connection, as facts and in words.

use std::io;
use std::net::SocketAddr;

use quinn::ConnectError;
use thiserror::Error;
use usher_keys::PublicKey;
use usher_protocol::sync::Farewell;
use usher_protocol::web::WebError;

use crate::ending::Loss;
use crate::handshake_limit::HANDSHAKE_TIMEOUT;
use crate::wire::FrameError;

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
    /// The peer presented no Ed25519 key.
    #[error("the peer showed no Ed25519 key")]
    NoKey,
    /// Whoever came to the door for pages is no page that may come in.
    #[error("no page of ours came: {0}")]
    NoPage(#[from] PageFault),
    /// The system's random source failed.
    #[error("the system's random source failed")]
    NoRandomness,
    /// Whoever is there has another key than is looked for.
    #[error("another device is there than the one that is looked for")]
    OtherPeer { peer: PublicKey },
    /// The peer is this device: an address in the configuration leads back here.
    #[error("the address leads back to this device")]
    Myself,
}

/// Why somebody who came to the door for pages did not come in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PageFault {
    /// No browser speaks like this.
    #[error("it does not speak WebTransport as browsers do")]
    NoWebTransport,
    /// The page is none that this hub knows.
    #[error("the page is from {origin}, which is not the one in the setting web.page")]
    OtherOrigin { origin: String },
    /// The greeting or its proof is wrong.
    #[error(transparent)]
    Greeting(#[from] WebError),
    /// The page wants to talk about an event that no hub here serves.
    #[error("that event is not served here")]
    OtherEvent,
    /// The page asks for more at once than any certificate takes.
    #[error("it asks for too much, or broke off")]
    NoRequest,
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
