//! Limits and timers of the QUIC transport, each with its reason; the TLS side is in `tls`.

use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::crypto::{self, HmacKey};
use quinn::{EndpointConfig, IdleTimeout, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use usher_keys::SecretKey;

use crate::handshake_limit::MAX_STRANGERS;

/// How often an idle connection shows a sign of life: keeps home routers' mappings open, a third of the idle timeout.
const KEEP_ALIVE: Duration = Duration::from_secs(6);
/// After how long without a packet a connection is dead: longer than a scanner's walk between two access points.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// Most streams a peer may have open at once: the session and its requests.
const MAX_STREAMS: u32 = 256;
/// Bytes one stream may have on its way to us: half a frame, so that a bulk transfer on a fast line does not stall.
const STREAM_WINDOW_BYTES: u32 = 512 * 1024;
/// Bytes all streams of a connection may have on their way to us: what a stranger can make us keep.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// Bytes we keep for a peer that has not acknowledged them: the rest waits in the session, where it can be outdated.
const SEND_WINDOW_BYTES: u64 = 256 * 1024;
/// Streams in one direction that HTTP/3 opens for itself, and one for those that keep servers from minding.
pub(crate) const STREAMS_OF_HTTP: u32 = 4;
/// Bytes kept of datagrams, which are dropped unread: one of the largest.
const DATAGRAM_BUFFER_BYTES: usize = 2 * 1024;
/// First guess of a round trip: a venue's LAN or a city's mobile network, instead of the 333 ms made for satellites.
const INITIAL_RTT: Duration = Duration::from_millis(100);

/// How many peers an endpoint talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A venue's: many datagrams leave with one call of the system, because scans go out to a crowd of scanners as a dozen
    /// packets for each; up to 28 KiB is kept for each of them.
    Venue,
    /// Thousands of peers and little bulk: each datagram leaves by itself.
    Cloud,
}

/// Returns the settings of the accepting side.
pub(super) fn server(tls: QuicServerConfig, reach: Reach) -> quinn::ServerConfig {
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    config
        .transport_config(Arc::new(transport(reach)))
        .max_incoming(MAX_STRANGERS)
        .migration(true);
    config
}

/// Returns the settings of the dialing side.
pub(super) fn client(tls: QuicClientConfig, reach: Reach) -> quinn::ClientConfig {
    let mut config = quinn::ClientConfig::new(Arc::new(tls));
    config.transport_config(Arc::new(transport(reach)));
    config
}

/// Returns the settings of the socket: what a restarted program answers to packets of its former life follows from the
/// device key, so that peers learn of the restart at once instead of after the idle timeout.
pub(crate) fn endpoint(key: &SecretKey) -> EndpointConfig {
    let secret = key.to_pkcs8_der();
    let reset = blake3::derive_key("usher link 2026-11 stateless reset", &secret);
    let ids = blake3::derive_key("usher link 2026-11 connection ids", &secret);
    let seed = u64::from_le_bytes(*ids.first_chunk().expect("32 bytes begin with 8"));
    let mut config = EndpointConfig::new(Arc::new(ResetKey(reset)));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(seed)));
    config
}

/// Returns the settings of the socket on which pages come in: HTTP/3 has three streams of its own, and WebTransport asks for datagrams,
/// which nobody sends.
pub(crate) fn server_of_pages(tls: QuicServerConfig) -> quinn::ServerConfig {
    let mut transport = transport(Reach::Venue);
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(STREAMS_OF_HTTP))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES));
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    config
        .transport_config(Arc::new(transport))
        .max_incoming(MAX_STRANGERS)
        .migration(true);
    config
}

fn transport(reach: Reach) -> TransportConfig {
    let mut config = TransportConfig::default();
    let idle = IdleTimeout::try_from(IDLE_TIMEOUT).expect("20 s are within QUIC's range");
    config
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .initial_rtt(INITIAL_RTT)
        .enable_segmentation_offload(reach == Reach::Venue)
        .datagram_receive_buffer_size(None);
    config
}

/// Makes stateless reset tokens: keyed BLAKE3.
struct ResetKey([u8; 32]);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(data).finalize_xof().fill(signature_out);
    }

    fn signature_len(&self) -> usize {
        blake3::OUT_LEN
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), crypto::CryptoError> {
        let ours = blake3::keyed_hash(&self.0, data);
        let theirs: [u8; blake3::OUT_LEN] = signature.try_into().map_err(|_| crypto::CryptoError)?;
        // Comparing BLAKE3 hashes takes constant time.
        if ours == blake3::Hash::from_bytes(theirs) {
            Ok(())
        } else {
            Err(crypto::CryptoError)
        }
    }
}
