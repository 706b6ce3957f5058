//! The socket on which pages of browsers come in, over WebTransport: a page that proves its key becomes a connection like any other; what it may do is the session's.

mod http3;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Incoming, RecvStream, SendStream, TokioRuntime};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version;
use tokio::time::{sleep, timeout};
use usher_keys::{EventId, SecretKey};
use usher_protocol::sync::Farewell;
use usher_protocol::web::{CertificateHash, HubWelcome, MAX_GREETING_BYTES, NamedCertificate, PageCall};
use zeroize::Zeroizing;

use crate::arrivals::{Arrivals, close_with_place};
use crate::connection::{Connection, MainStream, Meanwhile};
use crate::ending;
use crate::endpoint::{CLOSE_TIMEOUT, tuning};
use crate::handshake_limit::Place;
use crate::link_error::{LinkError, PageFault, loss_of, lost};
use crate::tls;
use crate::wire::{self, FrameError};
use http3::PageSession;

/// The path of a page's session.
///
/// **Source**: docs/PROTOCOL.md, "Pages".
const LINK_PATH: &str = "/link";
/// The application protocol of HTTP/3.
const ALPN: &[u8] = b"h3";
/// Largest request of a page that is no device yet, in bytes: one for a certificate, with room.
const MAX_REQUEST_BYTES: usize = 16 * 1024;
const NONCE_BYTES: usize = 32;
/// How long a page has to read its answer.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// A certificate that pages are shown.
pub struct PageCertificate {
    /// The certificate (X.509, DER), whose key is of P-256 and which is good for fourteen days at most: browsers take no other.
    pub certificate: Vec<u8>,
    /// Its key (PKCS#8, DER).
    pub key: Zeroizing<Vec<u8>>,
    pub hash: CertificateHash,
    /// The certificates that pages are told of, this one among them.
    pub named: Vec<NamedCertificate>,
}

/// What a page comes for.
pub enum PageVisit {
    /// It is a device and has proven its key.
    Linked(Connection),
    /// It is none yet, and asks for something over HTTP.
    Asked(PageRequest),
}

/// A request of a page that is no device yet.
pub struct PageRequest {
    /// The path that it asks.
    pub path: String,
    pub body: Vec<u8>,
    /// Where the page is.
    pub from: SocketAddr,
    quinn: quinn::Connection,
    send: SendStream,
    meanwhile: Meanwhile,
    _place: Place,
}

impl PageRequest {
    /// Answers it, and waits until the page is gone, but not for ever.
    pub async fn answer(mut self, answer: &[u8]) {
        let answering = async {
            if wire::write_frame(&mut self.send, answer).await.is_ok() && self.send.finish().is_ok() {
                // A browser forgets what its page has not read yet when the connection ends: the page goes first.
                sleep(READ_WITHIN).await;
            }
        };
        tokio::select! {
            () = answering => {}
            () = self.meanwhile => {}
        }
        self.quinn.close(ending::code(Farewell::Leaving), &[]);
    }
}

/// What is shown at the moment.
struct Shown {
    server: Arc<quinn::ServerConfig>,
    in_use: CertificateHash,
    named: Vec<NamedCertificate>,
}

impl Shown {
    fn new(certificate: PageCertificate) -> Result<Arc<Self>, LinkError> {
        let PageCertificate {
            certificate,
            key,
            hash,
            named,
        } = certificate;
        let provider = rustls::crypto::ring::default_provider();
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivatePkcs8KeyDer::from(key.to_vec()).into(),
            )?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.max_early_data_size = 0;
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let crypto = QuicServerConfig::try_from(config).map_err(|_| tls::no_initial_suite())?;
        Ok(Arc::new(Self {
            server: Arc::new(tuning::server_of_pages(crypto)),
            in_use: hash,
            named,
        }))
    }
}

struct Inner {
    quinn: quinn::Endpoint,
    local_addr: SocketAddr,
    /// The origin of the one page that may come in, as browsers write it.
    origin: String,
    /// Guards what is shown; only copied and replaced.
    shown: RwLock<Arc<Shown>>,
    /// Guards the keys of the hubs behind this socket; only looked up and changed.
    keys: RwLock<BTreeMap<EventId, SecretKey>>,
    arrivals: Arrivals<PageVisit>,
}

/// A UDP socket for pages; clones are the same one.
#[derive(Clone)]
pub struct PageEndpoint {
    inner: Arc<Inner>,
}

impl PageEndpoint {
    /// Binds the socket. Call it inside a tokio runtime.
    ///
    /// `origin` is the one of the page that may come in, as browsers write it; `key` makes what a restarted program answers to
    /// packets of its former life.
    ///
    /// # Errors
    ///
    /// [`LinkError::Bind`], [`LinkError::Tls`].
    pub fn bind(
        addr: SocketAddr,
        key: &SecretKey,
        origin: &str,
        shown: PageCertificate,
    ) -> Result<Self, LinkError> {
        let failed = |source| LinkError::Bind { addr, source };
        let shown = Shown::new(shown)?;
        let socket = UdpSocket::bind(addr).map_err(failed)?;
        let local_addr = socket.local_addr().map_err(failed)?;
        let server = quinn::ServerConfig::clone(&shown.server);
        let runtime = Arc::new(TokioRuntime);
        let quinn = quinn::Endpoint::new(tuning::endpoint(key), Some(server), socket, runtime);
        Ok(Self {
            inner: Arc::new(Inner {
                quinn: quinn.map_err(failed)?,
                local_addr,
                origin: origin.to_owned(),
                shown: RwLock::new(shown),
                keys: RwLock::default(),
                arrivals: Arrivals::default(),
            }),
        })
    }

    /// Returns the address the socket is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr
    }

    /// Shows pages that come from now on another certificate.
    ///
    /// # Errors
    ///
    /// [`LinkError::Tls`]; the one before it is still shown then.
    pub fn show(&self, certificate: PageCertificate) -> Result<(), LinkError> {
        let new = Shown::new(certificate)?;
        *self.inner.shown.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Proves to pages that name an event that they have found its hub.
    pub fn serve_event(&self, event: EventId, key: &SecretKey) {
        let mut keys = self.inner.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(event, key.clone());
    }

    /// Takes in no page of an event any more.
    pub fn forget_event(&self, event: EventId) {
        let mut keys = self.inner.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&event);
    }

    /// Waits for the next page; `None` once the socket is closed.
    pub async fn accept(&self) -> Option<PageVisit> {
        let greet = |incoming, place| greet(Arc::clone(&self.inner), incoming, place);
        self.inner.arrivals.next(&self.inner.quinn, greet).await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.inner.quinn.close(ending::code(Farewell::Leaving), &[]);
        let _ = timeout(CLOSE_TIMEOUT, self.inner.quinn.wait_idle()).await;
    }
}

/// Hears what a page comes for, and lets it prove its key if it says that it is a device.
async fn greet(inner: Arc<Inner>, incoming: Incoming, place: Place) -> Result<PageVisit, LinkError> {
    let shown = Arc::clone(&inner.shown.read().unwrap_or_else(PoisonError::into_inner));
    let connecting = incoming.accept_with(Arc::clone(&shown.server));
    let quinn = connecting.map_err(lost)?.await.map_err(lost)?;
    close_with_place(&quinn, &place);
    let closing = quinn.clone();
    let greeted = greet_on(quinn, &inner, &shown, place).await;
    if greeted.is_err() {
        closing.close(ending::code(Farewell::BadMessage), &[]);
    }
    greeted
}

async fn greet_on(
    quinn: quinn::Connection,
    inner: &Inner,
    shown: &Shown,
    place: Place,
) -> Result<PageVisit, LinkError> {
    let PageSession {
        path,
        heading,
        meanwhile,
    } = http3::open(&quinn, &inner.origin).await?;
    let (send, mut recv) = quinn.accept_bi().await.map_err(lost)?;
    wire::read_heading(&mut recv, &heading).await.map_err(broken)?;
    if path != LINK_PATH {
        let body = recv.read_to_end(MAX_REQUEST_BYTES).await;
        return Ok(PageVisit::Asked(PageRequest {
            path,
            body: body.map_err(|_| PageFault::NoRequest)?,
            from: quinn.remote_address(),
            quinn,
            send,
            meanwhile,
            _place: place,
        }));
    }
    let mut main = MainStream {
        send,
        recv,
        place: Some(place),
        meanwhile: Some(meanwhile),
    };
    let call = shake_hands(&mut main.send, &mut main.recv, inner, shown).await?;
    let linked = Connection::new(quinn, call.key, call.event, main, &heading);
    Ok(PageVisit::Linked(linked))
}

async fn shake_hands(
    send: &mut SendStream,
    recv: &mut RecvStream,
    inner: &Inner,
    shown: &Shown,
) -> Result<PageCall, LinkError> {
    let said = wire::read_frame(recv, MAX_GREETING_BYTES).await.map_err(broken)?;
    let call = PageCall::from_bytes(&said).map_err(PageFault::from)?;
    let key = {
        let keys = inner.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&call.event).cloned().ok_or(PageFault::OtherEvent)?
    };
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| LinkError::NoRandomness)?;
    let welcome = HubWelcome::sign(&key, nonce, shown.named.clone(), &call, shown.in_use);
    let welcome = welcome.map_err(PageFault::from)?;
    let frame = wire::frame(&welcome.to_bytes());
    wire::write_frame(send, &frame).await.map_err(broken)?;
    let proof = wire::read_frame(recv, MAX_GREETING_BYTES).await.map_err(broken)?;
    call.check(&proof, &welcome, shown.in_use)
        .map_err(PageFault::from)?;
    Ok(call)
}

fn broken(error: FrameError) -> LinkError {
    LinkError::Handshake(loss_of(error))
}
