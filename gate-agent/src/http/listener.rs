//! A TCP listener with limits: so many connections at once, so many of them of one machine, and none that stays silent for
//! ever; what travels on them is not looked at.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use usher_link::slots::{Slot, SlotLimits, Slots};

/// HTTP connections at once: every turnstile and screen of a venue, far from what the system lets a process open; and of
/// one address, so that a machine that is slow or noisy, on purpose or not, cannot keep the others out.
const CONNECTIONS: SlotLimits = SlotLimits {
    in_all: 512,
    of_one_address: 128,
    // As long as a request may take: a connection that waits for its answer is left to it.
    grace: super::REQUEST_TIMEOUT,
};
/// Connections of new scanners: each takes a moment, a few times a day.
const ENROLLING: SlotLimits = SlotLimits {
    in_all: 64,
    of_one_address: 16,
    grace: super::REQUEST_TIMEOUT,
};
/// How long a connection may stay silent: turnstiles keep theirs open between two people.
const SILENCE: Duration = Duration::from_secs(60);

/// The listener.
pub struct BoundedListener {
    listener: TcpListener,
    slots: Arc<Slots>,
    silence: Duration,
}

impl BoundedListener {
    /// Bounds a listener for turnstiles and screens.
    pub fn new(listener: TcpListener) -> Self {
        Self::bounded(listener, CONNECTIONS)
    }

    /// Bounds a listener for new scanners.
    pub fn for_enrolments(listener: TcpListener) -> Self {
        Self::bounded(listener, ENROLLING)
    }

    fn bounded(listener: TcpListener, limits: SlotLimits) -> Self {
        Self {
            listener,
            slots: Slots::new(limits),
            silence: SILENCE,
        }
    }
}

impl Listener for BoundedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, addr) = Listener::accept(&mut self.listener).await;
            let Some(slot) = self.slots.enter(addr.ip(), Instant::now().into_std()) else {
                tracing::debug!(from = %addr, "a machine has too many HTTP connections: one more was closed");
                continue;
            };
            let stream = BoundedStream {
                stream,
                silent_until: Box::pin(sleep(self.silence)),
                silence: self.silence,
                gone: Box::pin(slot.gone().cancelled_owned()),
                slot,
            };
            return (stream, addr);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection: ends when the peer says nothing for too long, and when it must make room for another.
pub struct BoundedStream {
    stream: TcpStream,
    silence: Duration,
    silent_until: Pin<Box<Sleep>>,
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
    slot: Slot,
}

impl BoundedStream {
    /// Ends what waits for a peer that is silent for too long or has lost its slot.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.gone.as_mut().poll(cx).is_ready() {
            return Poll::Ready(io::ErrorKind::ConnectionAborted.into());
        }
        self.silent_until
            .as_mut()
            .poll(cx)
            .map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            let now = Instant::now();
            self.slot.heard(now.into_std());
            let until = now + self.silence;
            self.silent_until.as_mut().reset(until);
            return Poll::Ready(read);
        }
        self.poll_end(cx).map(Err)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, bytes) {
            return Poll::Ready(written);
        }
        // A peer that does not read its answer is silent too.
        self.poll_end(cx).map(Err)
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
    use std::net::IpAddr;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpSocket;

    use super::*;

    /// Connects from an address of this machine.
    async fn dial(from: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    /// Lets a machine come as often as one may.
    async fn crowd(
        bounded: &mut BoundedListener,
        from: [u8; 4],
        limits: SlotLimits,
    ) -> (Vec<TcpStream>, Vec<BoundedStream>) {
        let addr = Listener::local_addr(bounded).unwrap();
        let (mut dialled, mut accepted) = (Vec::new(), Vec::new());
        for _ in 0..limits.of_one_address {
            dialled.push(dial(from, addr).await);
            accepted.push(Listener::accept(bounded).await.0);
        }
        (dialled, accepted)
    }

    async fn open(limits: SlotLimits) -> BoundedListener {
        BoundedListener::bounded(TcpListener::bind("127.0.0.1:0").await.unwrap(), limits)
    }

    #[tokio::test]
    async fn machines_that_hold_every_connection_give_way_to_one_that_holds_none() {
        for limits in [CONNECTIONS, ENROLLING] {
            let mut bounded = open(limits).await;
            let addr = Listener::local_addr(&bounded).unwrap();
            let (mut dialled, mut accepted) = (Vec::new(), Vec::new());
            for machine in 2..6 {
                let (out, inside) = crowd(&mut bounded, [127, 0, 0, machine], limits).await;
                dialled.extend(out);
                accepted.extend(inside);
            }
            assert_eq!(bounded.slots.count(), limits.in_all);
            let _welcome = dial([127, 0, 0, 1], addr).await;
            let (_stream, from) = Listener::accept(&mut bounded).await;
            assert_eq!(from.ip(), IpAddr::from([127, 0, 0, 1]));
            assert_eq!(bounded.slots.count(), limits.in_all);
            // The one that was silent for longest has lost its slot, and everything on it ends.
            let ended = accepted[0].read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(ended.kind(), io::ErrorKind::ConnectionAborted);
        }
    }

    #[tokio::test]
    async fn one_machine_leaves_places_to_the_others() {
        let mut bounded = open(CONNECTIONS).await;
        let addr = Listener::local_addr(&bounded).unwrap();
        let (_dialled, accepted) = crowd(&mut bounded, [127, 0, 0, 2], CONNECTIONS).await;
        let mut refused = dial([127, 0, 0, 2], addr).await;
        let _welcome = dial([127, 0, 0, 3], addr).await;
        let (_, from) = Listener::accept(&mut bounded).await;
        assert_eq!(from.ip(), IpAddr::from([127, 0, 0, 3]));
        assert_eq!(refused.read(&mut [0; 8]).await.unwrap(), 0);
        drop(accepted);
        assert_eq!(bounded.slots.count(), 0);
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
