//! Serves HTTP on a listener, in the clear or over TLS, so that clients that are slow, silent or many stop nobody; what is served is in `routes`.

use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::places::{Asked, ConnectionPlace, ConnectionPlaces};
use crate::api::claimant::Peer;

/// Most connections at once, at some 30 KiB each: far more than a proxy keeps, and room for 10,000 who listen for changes of seats.
const MAX_CONNECTIONS: usize = 16_384;
/// Of the files the system lets the process open, the part for connections: the database and the uplink need some too.
const PART_OF_FILES: u64 = 2;
/// How long a connection may be without a whole request head: proxies keep idle ones for a minute.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How often an HTTP/2 connection is asked whether it is still there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);
/// Most requests of an HTTP/2 connection at once, since each keeps its answer until that is read: more than a browser has for a page.
const MAX_REQUESTS_AT_ONCE: u32 = 64;
/// How long a server that stops still takes requests of connections that stand: a round trip around the world.
const LAST_REQUESTS: Duration = Duration::from_millis(250);
/// How long a greeting over TLS may take: two round trips over a bad radio.
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when the system gives no connection, which some other has to end for first.
const RESPITE: Duration = Duration::from_millis(50);

/// Whom connections are served by.
#[derive(Clone)]
pub struct HttpService {
    pub router: Router,
    /// How connections greet first; plain ones do not.
    pub tls: Option<TlsAcceptor>,
    pub stop: CancellationToken,
}

/// Serves until stopped; requests under way are answered.
pub async fn serve(listener: TcpListener, service: HttpService, places: Arc<ConnectionPlaces>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = service.stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            stream = accept(&listener, &places) => stream,
        };
        let place = places.take().await;
        connections.spawn(carry(stream, place, service.clone()));
    }
    let last = let_in_already(listener).unwrap_or_else(|error| {
        tracing::warn!(%error, "connections that waited when the server stopped were not taken");
        Vec::new()
    });
    for stream in last {
        let place = places.take().await;
        connections.spawn(carry(stream, place, service.clone()));
    }
    while connections.join_next().await.is_some() {}
}

/// Closes the door and returns whoever the system has let in before: they have perhaps asked already. The system itself is asked, since
/// the runtime may not have heard of them yet.
fn let_in_already(listener: TcpListener) -> io::Result<Vec<TcpStream>> {
    let listener = listener.into_std()?;
    let mut streams = Vec::new();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                streams.push(TcpStream::from_std(stream)?);
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(streams),
            Err(error) => return Err(error),
        }
    }
}

/// Returns how many connections this process can carry at once.
pub fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files / PART_OF_FILES).map_or(MAX_CONNECTIONS, |part| part.clamp(1, MAX_CONNECTIONS))
}

/// Waits for the next connection; dropping the wait loses none.
async fn accept(listener: &TcpListener, places: &ConnectionPlaces) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "the system gives no connection: is the limit on open files too low?");
                places.make_room();
                sleep(RESPITE).await;
            }
        }
    }
}

/// Carries one connection to its end. Whoever greets takes the time of nobody else: their place is given away like any other.
async fn carry(stream: TcpStream, place: ConnectionPlace, service: HttpService) {
    // A connection that has no other end any more asks nothing.
    let Ok(peer) = stream.peer_addr() else {
        return;
    };
    let Some(tls) = &service.tls else {
        return answer(stream, peer.ip(), place, service).await;
    };
    let greeted = tokio::select! {
        greeted = timeout(GREETING_TIMEOUT, tls.accept(stream)) => greeted,
        () = place.lost() => return tracing::debug!("a connection made room for another"),
    };
    match greeted {
        Ok(Ok(stream)) => answer(stream, peer.ip(), place, service).await,
        // Those that speak no TLS, believe no certificate of ours, or dawdle.
        Ok(Err(error)) => tracing::debug!(%error, "a connection was not greeted"),
        Err(_) => tracing::debug!("a connection took too long to greet"),
    }
}

/// Answers what is asked on one connection.
async fn answer<S>(stream: S, peer: IpAddr, place: ConnectionPlace, service: HttpService)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let HttpService { router, stop, .. } = service;
    let answering = service_fn(|request: Request<Incoming>| {
        let asked = Arc::new(place.asked());
        let mut request = request.map(|body| Arriving::new(body, Arc::clone(&asked)));
        request.extensions_mut().insert(Peer(peer));
        let called = router.clone().call(request);
        async move {
            let answer = called.await;
            drop(asked);
            answer
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_REQUESTS_AT_ONCE)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answering));
    tokio::select! {
        // Errors are the peer's: it has hung up, or speaks no HTTP.
        _ = connection.as_mut() => return,
        () = place.lost() => return tracing::debug!("a connection made room for another"),
        () = stop.cancelled() => {}
    }
    // What was sent before the client could know arrives and is answered.
    if timeout(LAST_REQUESTS, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// The body of a request; the request has arrived when it ends.
struct Arriving {
    body: Incoming,
    asked: Arc<Asked>,
}

impl Arriving {
    fn new(body: Incoming, asked: Arc<Asked>) -> Self {
        if body.is_end_stream() {
            asked.has_arrived();
        }
        Self { body, asked }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.asked.has_arrived();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
