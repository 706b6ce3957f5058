//! A relay for UDP datagrams between two programs on one machine, as bad as its weather in each direction: it loses, delays, reorders and repeats as drawn from a seed, is cut, and lets its senders roam. It never alters a datagram.

mod weather;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::sim::random::Random;
pub use weather::Weather;

/// Largest UDP datagram, in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_535;
/// Senders that are told apart: the few programs of one test, each restarted some times.
const MAX_SENDERS: usize = 64;
/// Datagrams on their way in one direction; more are lost, as in any network.
const MAX_ON_THE_WAY: usize = 4_096;

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
    /// The weather on the way to the target and on the way back, and what is drawn in it; held for one datagram.
    weather: Mutex<([Weather; 2], Random)>,
    /// Counts how often the senders have roamed.
    roamed: AtomicU64,
}

impl Relay {
    /// Opens a relay on a free port of the loopback interface; it has no target yet and drops everything.
    ///
    /// # Errors
    ///
    /// When no socket can be had.
    pub async fn open() -> io::Result<Self> {
        Self::open_on(Ipv4Addr::LOCALHOST.into()).await
    }

    /// The same on an address of this machine.
    ///
    /// # Errors
    ///
    /// When no socket can be had.
    pub async fn open_on(address: IpAddr) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((address, 0)).await?);
        let cable = Arc::new(Cable {
            target: Mutex::new(None),
            to_target: AtomicBool::new(true),
            from_target: AtomicBool::new(true),
            weather: Mutex::new(([Weather::FAIR; 2], Random::new(0))),
            roamed: AtomicU64::new(0),
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

    /// Returns the address to send to.
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

    /// Changes the weather; what becomes of each datagram is drawn from the seed.
    pub fn turn(&self, weather: Weather, seed: u64) {
        self.turn_each([weather; 2], seed);
    }

    /// The same with one weather on the way to the target and another on the way back.
    pub fn turn_each(&self, weather: [Weather; 2], seed: u64) {
        *self.cable.weather.lock().unwrap_or_else(PoisonError::into_inner) = (weather, Random::new(seed));
    }

    /// Gives every sender another address towards the target, as when a device moves to another access point. What the
    /// target still sends to the old one is lost.
    pub fn roam(&self) {
        self.cable.roamed.fetch_add(1, Ordering::SeqCst);
    }
}

async fn free_socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Carries datagrams to the target, each sender's through a socket of its own, so that answers find their way back.
async fn carry(front: Arc<UdpSocket>, cable: Arc<Cable>) {
    let mut senders: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let (mut answers, mut on_the_way) = (JoinSet::new(), JoinSet::new());
    let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
    let mut roamed = 0;
    loop {
        // An error is an earlier datagram's, which nobody was there to take.
        let Ok((len, sender)) = front.recv_from(&mut datagram).await else {
            continue;
        };
        if !cable.to_target.load(Ordering::SeqCst) {
            continue;
        }
        if roamed != cable.roamed.load(Ordering::SeqCst) {
            roamed = cable.roamed.load(Ordering::SeqCst);
            senders.clear();
            answers = JoinSet::new();
        }
        if !senders.contains_key(&sender) {
            let Some(back) = cable.connect(senders.len()).await else {
                continue;
            };
            answers.spawn(answer(front.clone(), back.clone(), sender, cable.clone()));
            senders.insert(sender, back);
        }
        let back = &senders[&sender];
        cable.brave(&datagram[..len], &mut on_the_way, (back, None)).await;
    }
}

/// Carries what the target says to one sender.
async fn answer(front: Arc<UdpSocket>, back: Arc<UdpSocket>, sender: SocketAddr, cable: Arc<Cable>) {
    let mut datagram = vec![0; MAX_DATAGRAM_BYTES];
    let mut on_the_way = JoinSet::new();
    loop {
        let Ok(len) = back.recv(&mut datagram).await else {
            continue;
        };
        if cable.from_target.load(Ordering::SeqCst) {
            let way = (&front, Some(sender));
            cable.brave(&datagram[..len], &mut on_the_way, way).await;
        }
    }
}

/// The socket a datagram leaves by, and where to when it is not connected.
type Hop<'a> = (&'a Arc<UdpSocket>, Option<SocketAddr>);

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

    /// Sends a datagram through the weather: not at all, once or twice, now or later.
    async fn brave(self: &Arc<Self>, datagram: &[u8], on_the_way: &mut JoinSet<()>, (socket, to): Hop<'_>) {
        while on_the_way.try_join_next().is_some() {}
        let delays = {
            let mut weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
            let ([there, back], random) = &mut *weather;
            let weather = if to.is_some() { back } else { there };
            weather.delays(random)
        };
        for delay in delays {
            if delay.is_zero() {
                send(socket, datagram, to).await;
            } else if on_the_way.len() < MAX_ON_THE_WAY {
                let (cable, socket, datagram) = (Arc::clone(self), Arc::clone(socket), datagram.to_vec());
                on_the_way.spawn(async move {
                    sleep(delay).await;
                    // What is in a cable that is cut arrives nowhere.
                    if cable.carries(to) {
                        send(&socket, &datagram, to).await;
                    }
                });
            }
        }
    }

    /// Tells whether anything is carried that way: back to a sender, or to the target.
    fn carries(&self, to: Option<SocketAddr>) -> bool {
        let way = match to {
            Some(_) => &self.from_target,
            None => &self.to_target,
        };
        way.load(Ordering::SeqCst)
    }
}

async fn send(socket: &UdpSocket, datagram: &[u8], to: Option<SocketAddr>) {
    // An error means that nobody is there to take it.
    let _ = match to {
        Some(to) => socket.send_to(datagram, to).await,
        None => socket.send(datagram).await,
    };
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

    #[tokio::test]
    async fn what_is_on_its_way_is_lost_with_the_cable() {
        let (relay, near, far) = (
            Relay::open().await.unwrap(),
            free_socket().await.unwrap(),
            free_socket().await.unwrap(),
        );
        relay.aim(far.local_addr().unwrap());
        let slow = Weather {
            delay_ms: (400, 400),
            ..Weather::FAIR
        };
        relay.turn(slow, 7);
        near.send_to(&[1], relay.address()).await.unwrap();
        assert_eq!(hears(&far).await, None, "it is on its way");
        relay.cut();
        for _ in 0..3 {
            assert_eq!(hears(&far).await, None);
        }
    }

    #[tokio::test]
    async fn what_is_late_in_one_direction_is_not_in_the_other() {
        let (relay, near, far) = (
            Relay::open().await.unwrap(),
            free_socket().await.unwrap(),
            free_socket().await.unwrap(),
        );
        relay.aim(far.local_addr().unwrap());
        let slow = Weather {
            delay_ms: (500, 500),
            ..Weather::FAIR
        };
        relay.turn_each([Weather::FAIR, slow], 7);
        near.send_to(&[1], relay.address()).await.unwrap();
        let (said, back) = hears(&far).await.unwrap();
        assert_eq!(said, 1);
        far.send_to(&[2], back).await.unwrap();
        assert_eq!(hears(&near).await, None, "it is on its way back");
        relay.turn_each([slow, Weather::FAIR], 7);
        far.send_to(&[3], back).await.unwrap();
        assert_eq!(hears(&near).await, Some((3, relay.address())));
        near.send_to(&[4], relay.address()).await.unwrap();
        assert_eq!(hears(&far).await, None, "it is on its way there");
    }

    #[tokio::test]
    async fn in_bad_weather_datagrams_are_lost_repeated_and_late_but_never_altered() {
        let (relay, near, far) = (
            Relay::open().await.unwrap(),
            free_socket().await.unwrap(),
            free_socket().await.unwrap(),
        );
        relay.aim(far.local_addr().unwrap());
        let weather = Weather {
            loss_percent: 30,
            repeat_percent: 30,
            delay_ms: (0, 20),
        };
        relay.turn(weather, 7);
        let mut heard = Vec::new();
        for number in 0..100 {
            near.send_to(&[number], relay.address()).await.unwrap();
        }
        while let Some((number, _)) = hears(&far).await {
            heard.push(number);
        }
        let mut sorted = heard.clone();
        sorted.sort_unstable();
        assert_ne!(heard, sorted, "nothing came out of order");
        let repeated = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
        sorted.dedup();
        assert!(
            (40..100).contains(&sorted.len()) && repeated > 5,
            "{repeated} of {} came twice",
            sorted.len()
        );
        assert!(sorted.iter().all(|number| *number < 100));
    }

    #[tokio::test]
    async fn a_sender_that_roams_comes_from_another_address_and_is_answered_there() {
        let (relay, near, far) = (
            Relay::open().await.unwrap(),
            free_socket().await.unwrap(),
            free_socket().await.unwrap(),
        );
        relay.aim(far.local_addr().unwrap());
        near.send_to(&[1], relay.address()).await.unwrap();
        let (_, before) = hears(&far).await.unwrap();
        relay.roam();
        near.send_to(&[2], relay.address()).await.unwrap();
        let (_, after) = hears(&far).await.unwrap();
        assert_ne!(before, after);
        far.send_to(&[3], before).await.unwrap();
        assert_eq!(hears(&near).await, None);
        far.send_to(&[4], after).await.unwrap();
        assert_eq!(hears(&near).await, Some((4, relay.address())));
    }
}
