//! TLS 1.3 with raw Ed25519 keys (RFC 7250) both ways: proves which key the peer holds; whether that key may talk is the session's question.

mod any_key;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, version};
use usher_keys::{EventId, PublicKey, SecretKey};

use any_key::AnyKey;

/// The application protocol both sides must name.
pub(crate) const ALPN: &[u8] = b"usher/1";
/// What follows the event in the name that a dialer gives. The name leads nowhere; who answers is told by its key.
const SERVER_DOMAIN: &str = ".usher.invalid";
/// What begins the text of an event's id and is left out of the name: host names have no underscore.
const EVENT_PREFIX: &str = "evt_";

/// What stands in front of the 32 key bytes in a SubjectPublicKeyInfo.
///
/// **Source**: RFC 8410, section 4.
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Returns the name under which a dialer asks for an event's device, so that one socket can answer for several events.
pub(crate) fn server_name(event: EventId) -> String {
    let text = event.to_string();
    let text = text.strip_prefix(EVENT_PREFIX).unwrap_or(&text);
    format!("{text}{SERVER_DOMAIN}")
}

fn event_of(server_name: &str) -> Option<EventId> {
    let text = server_name.strip_suffix(SERVER_DOMAIN)?;
    format!("{EVENT_PREFIX}{text}").parse().ok()
}

/// The keys a socket answers with: one for each event that has its own, and one for whoever names another event or none.
#[derive(Debug)]
pub(crate) struct EventKeys {
    usual: Arc<CertifiedKey>,
    /// Guards the keys; only looked up and changed, never held across an await.
    by_event: RwLock<BTreeMap<EventId, Arc<CertifiedKey>>>,
}

impl EventKeys {
    /// Answers with this key.
    ///
    /// # Errors
    ///
    /// Rustls' own, when the provider lacks what we need.
    pub(crate) fn new(usual: &SecretKey) -> Result<Self, Error> {
        Ok(Self {
            usual: certified(usual, &provider())?,
            by_event: RwLock::default(),
        })
    }

    /// Answers with this key whoever names that event.
    ///
    /// # Errors
    ///
    /// Rustls' own, when the provider lacks what we need.
    pub(crate) fn add(&self, event: EventId, key: &SecretKey) -> Result<(), Error> {
        let key = certified(key, &provider())?;
        let mut by_event = self.by_event.write().unwrap_or_else(PoisonError::into_inner);
        by_event.insert(event, key);
        Ok(())
    }

    /// Answers for that event with the usual key again.
    pub(crate) fn remove(&self, event: EventId) {
        let mut by_event = self.by_event.write().unwrap_or_else(PoisonError::into_inner);
        by_event.remove(&event);
    }
}

impl ResolvesServerCert for EventKeys {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let event = hello.server_name().and_then(event_of);
        let by_event = self.by_event.read().unwrap_or_else(PoisonError::into_inner);
        let own = event.and_then(|event| by_event.get(&event));
        Some(Arc::clone(own.unwrap_or(&self.usual)))
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }
}

/// Makes the TLS configuration of the accepting side: no tickets, no early data.
///
/// # Errors
///
/// Rustls' own, when the provider lacks what we need.
pub(crate) fn server_config(keys: Arc<EventKeys>) -> Result<QuicServerConfig, Error> {
    let provider = provider();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13])?
        .with_client_cert_verifier(Arc::new(AnyKey::new(&provider)))
        .with_cert_resolver(keys);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.max_early_data_size = 0;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    QuicServerConfig::try_from(config).map_err(|_| no_initial_suite())
}

/// Makes the TLS configuration of the dialing side: no resumption, no early data.
///
/// # Errors
///
/// Rustls' own, when the provider lacks what we need.
pub(crate) fn client_config(key: &SecretKey) -> Result<QuicClientConfig, Error> {
    let provider = provider();
    let resolver = AlwaysResolvesClientRawPublicKeys::new(certified(key, &provider)?);
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyKey::new(&provider)))
        .with_client_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.enable_early_data = false;
    config.enable_sni = true;
    config.resumption = Resumption::disabled();
    QuicClientConfig::try_from(config).map_err(|_| no_initial_suite())
}

/// Returns the key the peer proved to hold.
pub(crate) fn peer_key(connection: &quinn::Connection) -> Option<PublicKey> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match chain.as_slice() {
        [only] => key_of(only),
        [] | [_, ..] => None,
    }
}

/// What is said where the provider cannot begin with QUIC.
pub(crate) fn no_initial_suite() -> Error {
    Error::General("the provider lacks QUIC's initial cipher suite".to_owned())
}

/// The provider is always given, never taken from the process, so that no other crate can change it.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn certified(key: &SecretKey, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, Error> {
    let der = key.to_pkcs8_der();
    let signer = provider
        .key_provider
        .load_private_key(PrivatePkcs8KeyDer::from(der.as_slice()).clone_key().into())?;
    let spki = [SPKI_PREFIX.as_slice(), &key.public().0].concat();
    let certified = CertifiedKey::new(vec![CertificateDer::from(spki)], signer);
    Ok(Arc::new(certified))
}

/// Reads a SubjectPublicKeyInfo strictly: one spelling, one algorithm, no weak point.
fn key_of(spki: &[u8]) -> Option<PublicKey> {
    let bytes: [u8; 32] = spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok()?;
    let key = PublicKey(bytes);
    key.verifier().is_ok().then_some(key)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::*;

    #[track_caller]
    fn check(spki: &[u8], expected: Option<PublicKey>) {
        assert_eq!(key_of(spki), expected);
    }

    #[test]
    fn an_event_survives_the_way_to_a_host_name_and_back() {
        let event = EventId([0xa7; 16]);
        assert_eq!(event_of(&server_name(event)), Some(event));
        assert!(ServerName::try_from(server_name(event)).is_ok());
        for other in ["usher.invalid", "example.org", "", &event.to_string()] {
            assert_eq!(event_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_the_one_spelling_of_a_sound_key_is_read() {
        let key = SecretKey::from_seed(&[5; 32]).public();
        let good = [SPKI_PREFIX.as_slice(), &key.0].concat();
        check(&good, Some(key));
        check(&good[..43], None);
        check(&[good.as_slice(), &[0]].concat(), None);
        let mut other_algorithm = good.clone();
        other_algorithm[8] = 0x6e;
        check(&other_algorithm, None);
        let mut weak = SPKI_PREFIX.to_vec();
        weak.extend_from_slice(&[0; 32]);
        check(&weak, None);
        check(&[], None);
    }
}
