//! A relay for UDP datagrams between two programs on one machine, which can be cut and mended in each direction; it never delays, reorders or invents any.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Largest UDP datagram, in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// Senders that are told apart: the few programs of one test, each restarted some times.
const MAX_SENDERS: usize = 64;

/// A relay between whoever sends to its address and one target. It ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    cable: Arc<Cable>,
    _tasks: JoinSet<()>,
}

/// What the relay's tasks go by.
#[derive(Debug)]
struct Cable {
    /// Where datagrams go; held only to read or set it.
    target: Mutex<Option<SocketAddr>>,
    to_target: AtomicBool,
    from_target: AtomicBool,
}

impl Relay {
    /// Opens a relay on a free port of the loopback interface; it has no target yet and drops everything.
    ///
    /// **Errors**: when no socket can be had.
    pub async fn open() -> io::Result<Self> {
        let front = Arc::new(free_socket().await?);
        let cable = Arc::new(Cable {
            target: Mutex::new(None),
            to_target: AtomicBool::new(true),
            from_target: AtomicBool::new(true),
        });
        let address = front.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(carry(front, cable.clone()));
        Ok(Self {
            address,
            cable,
            _tasks: tasks,
        })
    }

    /// Gives the address to send to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets where datagrams go; known senders keep the target they began with.
    pub fn aim(&self, target: SocketAddr) {
        *self.cable.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    /// Drops everything from now on.
    pub fn cut(&self) {
        self.let_through(false, false);
    }

    /// Carries everything again.
    pub fn mend(&self) {
        self.let_through(true, true);
    }

    /// Chooses what is carried: what is sent to the target, and what it sends back.
    pub fn let_through(&self, to_target: bool, from_target: bool) {
        self.cable.to_target.store(to_target, Ordering::SeqCst);
        self.cable.from_target.store(from_target, Ordering::SeqCst);
    }
}

async fn free_socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Carries datagrams to the target, each sender's through a socket of its own, so that answers find their way back.
async fn carry(front: Arc<UdpSocket>, cable: Arc<Cable>) {
    let mut senders: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut answers = JoinSet::new();
    let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        // An error is an earlier datagram's, which nobody was there to take.
        let Ok((len, sender)) = front.recv_from(&mut datagram).await else {
            continue;
        };
        if !cable.to_target.load(Ordering::SeqCst) {
            continue;
        }
        if !senders.contains_key(&sender) {
            let Some(back) = cable.connect(senders.len()).await else {
                continue;
            };
            answers.spawn(answer(front.clone(), back.clone(), sender, cable.clone()));
            senders.insert(sender, back);
        }
        let _ = senders[&sender].send(&datagram[..len]).await;
    }
}

/// Carries what the target says to one sender.
async fn answer(front: Arc<UdpSocket>, back: Arc<UdpSocket>, sender: SocketAddr, cable: Arc<Cable>) {
    let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        let Ok(len) = back.recv(&mut datagram).await else {
            continue;
        };
        if cable.from_target.load(Ordering::SeqCst) {
            let _ = front.send_to(&datagram[..len], sender).await;
        }
    }
}

impl Cable {
    async fn connect(&self, senders: usize) -> Option<Arc<UdpSocket>> {
        let target = *self.target.lock().unwrap_or_else(PoisonError::into_inner);
        if senders == MAX_SENDERS {
            return None;
        }
        let socket = free_socket().await.ok()?;
        socket.connect(target?).await.ok()?;
        Some(Arc::new(socket))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// Long enough for a datagram on the loopback interface.
    const SOON: Duration = Duration::from_millis(200);

    async fn hears(socket: &UdpSocket) -> Option<(u8, SocketAddr)> {
        let mut datagram = [0; 8];
        let (_, from) = timeout(SOON, socket.recv_from(&mut datagram))
            .await
            .ok()?
            .unwrap();
        Some((datagram[0], from))
    }

    #[tokio::test]
    async fn datagrams_pass_both_ways_until_the_cable_is_cut_and_again_once_it_is_mended() {
        let (relay, near, far) = (
            Relay::open().await.unwrap(),
            free_socket().await.unwrap(),
            free_socket().await.unwrap(),
        );
        relay.aim(far.local_addr().unwrap());

        near.send_to(&[1], relay.address()).await.unwrap();
        let (said, back) = hears(&far).await.unwrap();
        assert_eq!(said, 1);
        far.send_to(&[2], back).await.unwrap();
        assert_eq!(hears(&near).await, Some((2, relay.address())));

        relay.cut();
        near.send_to(&[3], relay.address()).await.unwrap();
        far.send_to(&[4], back).await.unwrap();
        assert_eq!((hears(&far).await, hears(&near).await), (None, None));

        relay.let_through(true, false);
        near.send_to(&[5], relay.address()).await.unwrap();
        far.send_to(&[6], back).await.unwrap();
        assert_eq!(hears(&far).await, Some((5, back)));
        assert_eq!(hears(&near).await, None);

        relay.mend();
        far.send_to(&[7], back).await.unwrap();
        assert_eq!(hears(&near).await, Some((7, relay.address())));
    }
}
