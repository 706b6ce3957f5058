//! A TCP listener with limits: so many connections at once, so many of them of one machine, and none that stays silent for
//! ever; what travels on them is not looked at.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Most HTTP connections at once: every turnstile and screen of a venue, far from what the system lets a process open.
const MAX_CONNECTIONS: usize = 512;
/// Most of them from one address, so that a machine that is slow or noisy, on purpose or not, cannot keep the others out.
const MAX_CONNECTIONS_PER_ADDRESS: usize = 128;
/// Most connections of new scanners at once, and of those from one address: each takes a moment, a few times a day.
const MAX_ENROLLING: usize = 64;
const MAX_ENROLLING_PER_ADDRESS: usize = 16;
/// How long a connection may stay silent: turnstiles keep theirs open between two people.
const SILENCE: Duration = Duration::from_secs(60);

/// The listener.
pub struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
    guests: Arc<Guests>,
    silence: Duration,
}

/// Counts connections by address.
struct Guests {
    /// Most from one address.
    limit: usize,
    /// Guards the counts; addresses without connections are absent.
    counts: Mutex<BTreeMap<IpAddr, usize>>,
}

/// One connection of an address, no longer counted when dropped.
struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Guest {
            guests: Arc::clone(self),
            address,
        })
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

impl BoundedListener {
    /// Bounds a listener for turnstiles and screens.
    pub fn new(listener: TcpListener) -> Self {
        Self::bounded(listener, MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS)
    }

    /// Bounds a listener for new scanners.
    pub fn for_enrolments(listener: TcpListener) -> Self {
        Self::bounded(listener, MAX_ENROLLING, MAX_ENROLLING_PER_ADDRESS)
    }

    fn bounded(listener: TcpListener, limit: usize, limit_per_address: usize) -> Self {
        Self {
            listener,
            places: Arc::new(Semaphore::new(limit)),
            guests: Arc::new(Guests {
                limit: limit_per_address,
                counts: Mutex::default(),
            }),
            silence: SILENCE,
        }
    }
}

impl Listener for BoundedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let place = Arc::clone(&self.places).acquire_owned().await;
        loop {
            let (stream, addr) = Listener::accept(&mut self.listener).await;
            let Some(guest) = self.guests.enter(addr.ip().to_canonical()) else {
                tracing::debug!(from = %addr, "a machine has too many HTTP connections: one more was closed");
                continue;
            };
            let stream = BoundedStream {
                stream,
                silent_until: Box::pin(sleep(self.silence)),
                silence: self.silence,
                _guest: guest,
                _place: place.ok(),
            };
            return (stream, addr);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection: ends when the peer says nothing for too long, and then makes room for another.
pub struct BoundedStream {
    stream: TcpStream,
    silence: Duration,
    silent_until: Pin<Box<Sleep>>,
    _guest: Guest,
    _place: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            let until = Instant::now() + self.silence;
            self.silent_until.as_mut().reset(until);
            return Poll::Ready(read);
        }
        ready!(self.silent_until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpSocket;

    use super::*;

    /// Connects from an address of this machine.
    async fn dial(from: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let mut bounded = BoundedListener::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addr = Listener::local_addr(&bounded).unwrap();
        let mut dialled = Vec::new();
        let mut accepted = Vec::new();
        for number in 0..MAX_CONNECTIONS {
            let machine = u8::try_from(number / MAX_CONNECTIONS_PER_ADDRESS).unwrap();
            dialled.push(dial([127, 0, 0, 2 + machine], addr).await);
            accepted.push(Listener::accept(&mut bounded).await);
        }
        assert_eq!(bounded.places.available_permits(), 0);
        dialled.push(dial([127, 0, 0, 1], addr).await);
        let waiting = tokio::time::timeout(Duration::from_millis(50), Listener::accept(&mut bounded)).await;
        assert!(waiting.is_err());
        accepted.pop();
        Listener::accept(&mut bounded).await;
    }

    #[tokio::test]
    async fn one_machine_leaves_places_to_the_others() {
        let mut bounded = BoundedListener::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addr = Listener::local_addr(&bounded).unwrap();
        let mut dialled = Vec::new();
        let mut accepted = Vec::new();
        for _ in 0..MAX_CONNECTIONS_PER_ADDRESS {
            dialled.push(dial([127, 0, 0, 2], addr).await);
            accepted.push(Listener::accept(&mut bounded).await);
        }
        let mut refused = dial([127, 0, 0, 2], addr).await;
        let _welcome = dial([127, 0, 0, 3], addr).await;
        let (_, from) = Listener::accept(&mut bounded).await;
        assert_eq!(from.ip(), IpAddr::from([127, 0, 0, 3]));
        assert_eq!(refused.read(&mut [0; 8]).await.unwrap(), 0);
        drop(accepted);
        assert_eq!(bounded.guests.counts().len(), 0);
    }

    #[tokio::test]
    async fn a_connection_that_stays_silent_ends() {
        let mut bounded = BoundedListener::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        bounded.silence = Duration::from_millis(20);
        let addr = Listener::local_addr(&bounded).unwrap();
        let _silent = TcpStream::connect(addr).await.unwrap();
        let (mut stream, _) = Listener::accept(&mut bounded).await;
        let ended = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }
}
