//! Pages of browsers, played by a client that speaks WebTransport with the certificate pinned, as they do.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, RecvStream, SendStream};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::task::JoinSet;
use usher_keys::{EventId, SecretKey, Signature, Timestamp};
use usher_protocol::GateId;
use usher_protocol::request::JudgedBy;
use usher_protocol::web::{CertificateHash, HubWelcome, MAX_GREETING_BYTES, NamedCertificate, PageCall};
use web_transport_proto::http::{HeaderValue, StatusCode, header::ORIGIN};
use web_transport_proto::{ConnectError, ConnectRequest, ConnectResponse, Settings};

use super::site::{Site, scan};
use super::{GUARD, venue, within};
use crate::connection::{Connection, MainStream};
use crate::pages::{PageCertificate, PageEndpoint, PageVisit};
use crate::wire;

const ORIGIN_OF_PAGE: &str = "https://tickets.example";
const IN_USE: CertificateHash = CertificateHash([7; 32]);
const NONCE: [u8; 32] = [5; 32];
/// The session's first stream is the first of its connection.
const HEADING: [u8; 3] = [0x40, 0x41, 0x00];

/// A hub's door for pages.
struct Door {
    endpoint: PageEndpoint,
    certificate: CertificateDer<'static>,
}

impl Door {
    fn open() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        let shown = PageCertificate {
            certificate: certificate.to_vec(),
            key: signing_key.serialize_der().into(),
            hash: IN_USE,
            named: vec![NamedCertificate {
                hash: IN_USE,
                until: Timestamp(99),
            }],
        };
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = PageEndpoint::bind(anywhere, &venue::key(2), ORIGIN_OF_PAGE, shown).unwrap();
        endpoint.serve_event(venue::EVENT, &venue::key(2));
        Self {
            endpoint,
            certificate,
        }
    }

    /// Connects as a browser does before it says anything.
    async fn dial(&self) -> (quinn::Endpoint, quinn::Connection) {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap();
        let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
        let socket = quinn::Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = self.endpoint.local_addr();
        let dialling = socket.connect_with(config, address, "localhost").unwrap();
        let quinn = dialling.await.unwrap();
        (socket, quinn)
    }

    /// Opens a session as a browser does for a page of that origin, or returns how it was refused.
    async fn enter(&self, origin: &str, path: &str) -> Result<Browser, StatusCode> {
        let (socket, quinn) = self.dial().await;
        let mut control = quinn.open_uni().await.unwrap();
        control.write_all(&settings()).await.unwrap();
        let (mut send, mut recv) = quinn.open_bi().await.unwrap();
        send.write_all(&request(origin, path)).await.unwrap();
        match ConnectResponse::read(&mut recv).await {
            Ok(_) => {}
            Err(ConnectError::WrongStatus(Some(status))) => return Err(status),
            Err(error) => panic!("{error}"),
        }
        Ok(Browser {
            quinn,
            kept: (socket, control, send, recv),
        })
    }
}

/// What a browser says on its control stream.
fn settings() -> Vec<u8> {
    let (mut settings, mut bytes) = (Settings::default(), Vec::new());
    settings.enable_webtransport(1);
    settings.encode(&mut bytes);
    bytes
}

/// With what it asks for a session.
fn request(origin: &str, path: &str) -> Vec<u8> {
    let request = ConnectRequest::new(format!("https://localhost{path}").parse::<url::Url>().unwrap());
    let request = request.with_header(ORIGIN, HeaderValue::from_str(origin).unwrap());
    let mut bytes = Vec::new();
    request.encode(&mut bytes).unwrap();
    bytes
}

/// A browser's end of a session.
struct Browser {
    quinn: quinn::Connection,
    #[expect(dead_code, reason = "the session ends with them")]
    kept: (quinn::Endpoint, SendStream, SendStream, RecvStream),
}

impl Browser {
    async fn open_stream(&self) -> (SendStream, RecvStream) {
        let (mut send, recv) = self.quinn.open_bi().await.unwrap();
        send.write_all(&HEADING).await.unwrap();
        (send, recv)
    }

    /// Greets the hub as a device with the first key, and proves it with the second.
    async fn greet(
        &self,
        event: EventId,
        key: &SecretKey,
        proven: &SecretKey,
        pinned: CertificateHash,
    ) -> Option<(Connection, HubWelcome)> {
        let (mut send, mut recv) = self.open_stream().await;
        let call = PageCall {
            event,
            key: key.public(),
            nonce: NONCE,
        };
        wire::write_frame(&mut send, &wire::frame(&call.to_bytes()))
            .await
            .unwrap();
        let welcome = wire::read_frame(&mut recv, MAX_GREETING_BYTES).await.ok()?;
        let welcome = HubWelcome::from_bytes(&welcome).unwrap();
        let Signature(proof) = call.prove(proven, &welcome, pinned);
        wire::write_frame(&mut send, &wire::frame(&proof)).await.unwrap();
        let main = MainStream {
            send,
            recv,
            place: None,
            meanwhile: None,
        };
        let linked = Connection::new(self.quinn.clone(), welcome.key, event, main, &HEADING);
        Some((linked, welcome))
    }
}

async fn linked(visit: Option<PageVisit>) -> Connection {
    match visit {
        Some(PageVisit::Linked(connection)) => connection,
        Some(PageVisit::Asked(_)) | None => panic!("a device has come"),
    }
}

#[tokio::test]
async fn a_page_that_proves_its_key_is_a_device_like_any_other() {
    let door = Door::open();
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    hub.replica.write([venue::refusal(1)]);
    let mut page = Site::open(&venue::key(3), venue::hub(3));
    page.replica.write([venue::refusal(2)]);

    let (browser, visit) = within(async {
        let entering = async {
            let browser = door.enter(ORIGIN_OF_PAGE, "/link").await.unwrap();
            let greeted = browser
                .greet(venue::EVENT, &venue::key(3), &venue::key(3), IN_USE)
                .await;
            (browser, greeted.unwrap())
        };
        tokio::join!(entering, door.endpoint.accept())
    })
    .await;
    let (browser, (connection, welcome)) = browser;
    assert_eq!(welcome.key, venue::key(2).public());
    assert_eq!(welcome.certificates.len(), 1);
    let visitor = linked(visit).await;
    assert_eq!(visitor.peer(), venue::key(3).public());
    hub.take(visitor);
    page.take(connection);

    // Records go both ways, and so do requests, each on a stream of its own.
    let (of_hub, of_page) = (hub.next_opened().await, page.next_opened().await);
    within(async {
        let both = [hub.replica.me(), page.replica.me()];
        while !hub.replica.has_logs_of(&both) || !page.replica.has_logs_of(&both) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for (opened, asker) in [(of_page, venue::key(3)), (of_hub, venue::key(2))] {
        let asked = opened.connection.ask(&scan(1, GateId(1)), GUARD).await;
        assert_eq!(asked.unwrap().unwrap().by, JudgedBy::Hub(asker.public()));
    }
    drop(browser);
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let door = Door::open();
    let entering = door.enter("https://evil.example", "/link");
    let entered = within(async {
        tokio::select! {
            entered = entering => entered.err(),
            _ = door.endpoint.accept() => panic!("nobody may come in"),
        }
    })
    .await;
    assert_eq!(entered, Some(StatusCode::FORBIDDEN));
}

/// Checks that a page that greets like this does not come in.
async fn stays_outside(event: EventId, proven: &SecretKey, pinned: CertificateHash) {
    let door = Door::open();
    let greeting = async {
        let browser = door.enter(ORIGIN_OF_PAGE, "/link").await.unwrap();
        let _greeted = browser.greet(event, &venue::key(3), proven, pinned).await;
        browser.quinn.closed().await
    };
    within(async {
        tokio::select! {
            _ = greeting => {}
            _ = door.endpoint.accept() => panic!("nobody may come in"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_stays_outside_that_proves_another_key_or_another_certificate_or_names_another_event() {
    stays_outside(venue::EVENT, &venue::key(4), IN_USE).await;
    stays_outside(venue::EVENT, &venue::key(3), CertificateHash([8; 32])).await;
    stays_outside(venue::OTHER_EVENT, &venue::key(3), IN_USE).await;
}

#[tokio::test]
async fn a_page_that_is_no_device_yet_asks_and_is_answered() {
    let door = Door::open();
    let asking = async {
        let browser = door.enter(ORIGIN_OF_PAGE, "/events/one").await.unwrap();
        let (mut send, mut recv) = browser.open_stream().await;
        send.write_all(b"asked").await.unwrap();
        send.finish().unwrap();
        recv.read_to_end(64).await.unwrap()
    };
    let answering = async {
        let Some(PageVisit::Asked(request)) = door.endpoint.accept().await else {
            panic!("a request has come");
        };
        let (path, body) = (request.path.clone(), request.body.clone());
        request.answer(b"answered").await;
        (path, body)
    };
    let (answer, (path, body)) = within(async { tokio::join!(asking, answering) }).await;
    assert_eq!((path.as_str(), &body[..]), ("/events/one", &b"asked"[..]));
    assert_eq!(answer, b"answered");
}

/// Says that on a control stream and that on the first stream, and waits until the door has had enough.
async fn is_given_up(door: Arc<Door>, control: Vec<u8>, first: Vec<u8>) -> quinn::ConnectionError {
    let (_socket, quinn) = door.dial().await;
    let mut streams = quinn.open_uni().await.unwrap();
    // The door may have closed before all was said.
    let _ = streams.write_all(&control).await;
    let (mut send, _recv) = quinn.open_bi().await.unwrap();
    let _ = send.write_all(&first).await;
    quinn.closed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_no_http3_or_half_of_it_is_given_up_and_keeps_nobody_outside() {
    let door = Arc::new(Door::open());
    let whole = request(ORIGIN_OF_PAGE, "/link");
    let headers = |bytes: &[u8]| [&[1, u8::try_from(bytes.len()).unwrap()][..], bytes].concat();
    let said = [
        // Nothing, half of it, or something else.
        (vec![], vec![]),
        (settings(), vec![]),
        (settings(), whole[..whole.len() - 1].to_vec()),
        (settings(), b"GET /link HTTP/1.1\r\n\r\n".to_vec()),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), whole.clone()),
        // A control stream that is another one, and settings of 2^62 bytes, of nothing, and without sessions.
        (vec![2; 64], whole.clone()),
        ([&[0, 4][..], &[0xff; 8]].concat(), whole.clone()),
        (vec![0, 4, 0], whole.clone()),
        (vec![0, 4, 2, 0x33, 0], whole.clone()),
        // Headers of 2^62 bytes, of nothing, of a table that nobody keeps, of a name without end and of a Huffman code that is none.
        (settings(), [&[1][..], &[0xff; 8]].concat()),
        (settings(), headers(&[])),
        (settings(), headers(&[0x80, 0, 0x80, 0xff, 0xff, 0xff, 0xff])),
        (
            settings(),
            headers(&[
                0, 0, 0x27, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
            ]),
        ),
        (settings(), headers(&[0, 0, 0x50, 0x84, 0xff, 0xff, 0xff, 0xff])),
        (settings(), request(ORIGIN_OF_PAGE, "")),
        // A session, and then nothing.
        (settings(), whole.clone()),
    ];
    within(async {
        let given_up = said.map(|(control, first)| is_given_up(Arc::clone(&door), control, first));
        tokio::select! {
            ends = JoinSet::from_iter(given_up).join_all() => for end in ends {
                assert!(matches!(end, quinn::ConnectionError::ApplicationClosed(_)), "{end}");
            },
            _ = door.endpoint.accept() => panic!("nobody may come in"),
        }
    })
    .await;
    let (browser, visit) = within(async {
        let entering = async {
            let browser = door.enter(ORIGIN_OF_PAGE, "/link").await.unwrap();
            let greeted = browser
                .greet(venue::EVENT, &venue::key(3), &venue::key(3), IN_USE)
                .await;
            (browser, greeted.is_some())
        };
        tokio::join!(entering, door.endpoint.accept())
    })
    .await;
    assert!(browser.1 && matches!(visit, Some(PageVisit::Linked(_))));
}
