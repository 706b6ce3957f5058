//! Clients that are slow, silent or many, over real sockets.

use std::net::SocketAddr;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::*;

/// Far more than any step takes.
const GUARD: Duration = Duration::from_secs(20);
const REQUEST: &str = "GET / HTTP/1.1\r\nhost: here\r\n\r\n";

/// A server with few places; `/slowly` says that it was asked and answers when told to.
struct Rig {
    addr: SocketAddr,
    asked: Arc<Notify>,
    told: Arc<Notify>,
    stop: CancellationToken,
    server: JoinSet<()>,
}

impl Rig {
    async fn with_places(most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (asking, telling) = (Arc::clone(&asked), Arc::clone(&told));
        let slowly = async move || {
            asking.notify_one();
            telling.notified().await;
        };
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/", post(async |body: String| body))
            .route("/slowly", get(slowly));
        let stop = CancellationToken::new();
        let mut server = JoinSet::new();
        let places = ConnectionPlaces::new(most);
        let service = HttpService {
            router,
            tls: None,
            stop: stop.clone(),
        };
        server.spawn(serve(listener, service, places));
        Self {
            addr,
            asked,
            told,
            stop,
            server,
        }
    }

    /// Asks for what is answered only when told to, and waits until the server knows.
    async fn ask_slowly(&self) -> TcpStream {
        let stream = self.say("GET /slowly HTTP/1.1\r\nhost: here\r\n\r\n").await;
        timeout(GUARD, self.asked.notified()).await.unwrap();
        stream
    }

    /// Connects and sends that much.
    async fn say(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 1024];
    let read = timeout(GUARD, stream.read(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[tokio::test]
async fn clients_that_never_finish_their_request_keep_nobody_out() {
    let rig = Rig::with_places(4).await;
    let mut slow = Vec::new();
    for begun in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost:",
        "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\nslow",
        "PRI * HTTP/2.0",
        REQUEST,
    ] {
        for _ in 0..8 {
            slow.push(rig.say(begun).await);
        }
    }
    for _ in 0..8 {
        let mut stream = rig.say(REQUEST).await;
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_request_that_is_here_is_answered_whoever_else_comes() {
    let rig = Rig::with_places(2).await;
    let mut asked = rig.ask_slowly().await;
    for _ in 0..8 {
        let mut stream = rig.say(REQUEST).await;
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
    rig.told.notify_one();
    assert!(answer(&mut asked).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_stays_for_many_requests() {
    let rig = Rig::with_places(2).await;
    let mut stream = rig.say(REQUEST).await;
    assert!(answer(&mut stream).await.ends_with("here"));
    let post = "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\n\r\nagain";
    stream.write_all(post.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.ends_with("again"));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_takes_too_long_ends_the_connection() {
    let rig = Rig::with_places(2).await;
    let started = tokio::time::Instant::now();
    let mut stream = rig.say("GET / HTTP/1.1\r\nhost:").await;
    let mut rest = Vec::new();
    // Whether it ends with words or without is the server's.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(started.elapsed() >= HEAD_TIMEOUT);
}

#[tokio::test]
async fn a_stop_answers_what_is_here_and_waits_for_nobody_else() {
    let mut rig = Rig::with_places(4).await;
    let mut idle = rig.say(REQUEST).await;
    answer(&mut idle).await;
    let mut asked = rig.ask_slowly().await;
    rig.stop.cancel();
    rig.told.notify_one();
    assert!(answer(&mut asked).await.starts_with("HTTP/1.1 200"));
    let ended = timeout(GUARD, rig.server.join_next()).await.unwrap();
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_was_let_in_before_a_stop_is_answered() {
    let rig = Rig::with_places(64).await;
    let mut asked = rig.ask_slowly().await;
    // The test's only thread is ours: the server has seen none of these when it hears of the stop.
    let waiting: Vec<_> = (0..32)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(rig.addr).unwrap();
            io::Write::write_all(&mut stream, REQUEST.as_bytes()).unwrap();
            stream
        })
        .collect();
    rig.stop.cancel();
    for stream in waiting {
        stream.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(stream).unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
    rig.told.notify_one();
    assert!(answer(&mut asked).await.starts_with("HTTP/1.1 200"));
}

/// What a client of HTTP/2 says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING_FRAME: u8 = 6;
const CONTINUATION: u8 = 9;
/// Of headers: that they are all, and that no body follows.
const WHOLE: u8 = 5;
/// The setting of how many requests a connection may have at once.
const MAX_CONCURRENT_STREAMS: u16 = 3;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Asks for `/` on a stream.
fn asked_on(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, b"\x82\x86\x84\x41\x04here")
}

/// Asks for it and takes it back, so often.
fn resets(count: u32) -> Vec<u8> {
    let stream = (0..count).map(|number| 2 * number + 1);
    let asked =
        stream.flat_map(|stream| [asked_on(stream), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat());
    asked.collect()
}

/// Returns the first frame of a kind that comes back: its payload; nothing if the connection ends without it.
async fn first(stream: &mut TcpStream, kind: u8) -> Option<Vec<u8>> {
    let reading = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.ok()?;
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            stream.read_exact(&mut payload).await.ok()?;
            if head[3] == kind {
                return Some(payload);
            }
        }
    };
    timeout(GUARD, reading).await.unwrap()
}

#[tokio::test]
async fn a_connection_over_http2_has_few_requests_at_once() {
    let rig = Rig::with_places(2).await;
    let mut stream = rig.say("").await;
    stream
        .write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())
        .await
        .unwrap();
    let settings = first(&mut stream, SETTINGS).await.unwrap();
    let (settings, _) = settings.as_chunks::<6>();
    let value =
        |[a, b, c, d, e, f]: &[u8; 6]| (u16::from_be_bytes([*a, *b]), u32::from_be_bytes([*c, *d, *e, *f]));
    let most = settings
        .iter()
        .map(value)
        .find(|(name, _)| *name == MAX_CONCURRENT_STREAMS);
    assert_eq!(most, Some((MAX_CONCURRENT_STREAMS, MAX_REQUESTS_AT_ONCE)));
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_over_http2_end_their_connection_or_wait_and_keep_nobody_out() {
    let rig = Rig::with_places(64).await;
    let begun = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let unended = frame(HEADERS, 1, 1, b"\x82\x86\x84\x41\x04here");
    let ends: [(&str, Vec<u8>); 3] = [
        ("resets", resets(20_000)),
        (
            "headers without end",
            [unended.clone(), frame(CONTINUATION, 0, 1, &[]).repeat(200_000)].concat(),
        ),
        (
            "headers too large",
            [unended, frame(CONTINUATION, 0, 1, &[b'x'; 16_000]).repeat(64)].concat(),
        ),
    ];
    let mut floods = JoinSet::new();
    for (what, flood) in ends {
        let (mut stream, begun) = (rig.say("").await, begun.clone());
        floods.spawn(async move {
            stream.write_all(&begun).await.unwrap();
            let (mut answers, mut asks) = stream.into_split();
            let asking = async {
                // It fails once the server has closed.
                let _ = asks.write_all(&flood).await;
            };
            let mut told = Vec::new();
            let reading = timeout(GUARD, answers.read_to_end(&mut told));
            let (_, read) = tokio::join!(asking, reading);
            assert!(read.is_ok(), "{what}: the connection goes on");
        });
    }
    // These go on, for a client that reads no answers, and cost no more than what is on its way.
    let empty_data = frame(DATA, 0, 1, &[]);
    let posting = frame(HEADERS, 4, 1, b"\x83\x86\x84\x41\x04here");
    let mut waiting = Vec::new();
    for (first, flood) in [
        (vec![], frame(PING_FRAME, 0, 0, &[7; 8])),
        (vec![], frame(SETTINGS, 0, 0, &[])),
        (posting, empty_data),
    ] {
        let mut stream = rig.say("").await;
        stream.write_all(&[begun.clone(), first].concat()).await.unwrap();
        let all = flood.repeat(400_000);
        // Whether all of it is taken is the server's.
        let _ = timeout(Duration::from_secs(2), stream.write_all(&all)).await;
        waiting.push(stream);
    }
    for _ in 0..8 {
        let mut stream = rig.say(REQUEST).await;
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
    floods.join_all().await;
    drop(waiting);
}
