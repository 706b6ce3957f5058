//! A wire for UDP datagrams between programs on which the bytes are counted, and on which nothing moves until it has an end.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Largest UDP datagram, in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_535;

/// A wire; it ends when it is dropped.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<io::Result<()>>,
}

#[derive(Default)]
struct Shared {
    end: OnceLock<SocketAddr>,
    there: AtomicU64,
    back: AtomicU64,
}

/// Bytes of datagrams, without the headers of UDP and IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// To the far end.
    pub there: u64,
    /// From the far end.
    pub back: u64,
}

impl Wire {
    /// Lays a wire from a free port.
    pub async fn lay() -> anyhow::Result<Self> {
        let front = Arc::new(free_socket().await?);
        let (address, shared) = (front.local_addr()?, Arc::<Shared>::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(carry(front, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            _tasks: tasks,
        })
    }

    /// Returns the near end.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Joins the far end to a program, once.
    pub fn join(&self, end: SocketAddr) {
        self.shared.end.get_or_init(|| end);
    }

    /// Returns what it has carried so far.
    pub fn carried(&self) -> Carried {
        Carried {
            there: self.shared.there.load(Ordering::Relaxed),
            back: self.shared.back.load(Ordering::Relaxed),
        }
    }
}

async fn free_socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

async fn carry(front: Arc<UdpSocket>, shared: Arc<Shared>) -> io::Result<()> {
    let mut senders: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let (mut answering, mut datagram) = (JoinSet::new(), vec![0; MAX_DATAGRAM_BYTES]);
    loop {
        let (len, sender) = front.recv_from(&mut datagram).await?;
        let Some(end) = shared.end.get() else { continue };
        let known = senders.get(&sender).cloned();
        let socket = match known {
            Some(socket) => socket,
            None => {
                let socket = Arc::new(free_socket().await?);
                socket.connect(end).await?;
                let way = (Arc::clone(&front), Arc::clone(&socket));
                answering.spawn(answer(way, sender, Arc::clone(&shared)));
                senders.insert(sender, Arc::clone(&socket));
                socket
            }
        };
        shared.there.fetch_add(len as u64, Ordering::Relaxed);
        // Nobody is there to take it while a program starts.
        let _ = socket.send(&datagram[..len]).await;
    }
}

async fn answer((front, socket): (Arc<UdpSocket>, Arc<UdpSocket>), sender: SocketAddr, shared: Arc<Shared>) {
    let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        let Ok(len) = socket.recv(&mut datagram).await else {
            continue;
        };
        shared.back.fetch_add(len as u64, Ordering::Relaxed);
        let _ = front.send_to(&datagram[..len], sender).await;
    }
}
