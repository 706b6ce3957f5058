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
