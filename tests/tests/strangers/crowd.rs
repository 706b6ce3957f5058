//! Peers that flood, trickle or say nothing, as many and as fast as this machine can; each kind counts what it did.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quinn::Endpoint;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::interval;
use usher_keys::{DeviceIdentity, EventId, Role, SecretKey};
use usher_protocol::sync::Message;

use super::doors::{Door, Doors, key};
use super::peer::{Peer, dial, frame, socket};

/// The machine of slow HTTP clients.
const SLOW: [u8; 4] = [127, 0, 0, 2];
/// Peers that say nothing or little at a time: more than one machine may have at the door at once.
const QUIET: usize = 100;
/// How often a trickle gives a byte.
const TRICKLE: Duration = Duration::from_millis(200);
/// Bytes of one blow of a flood.
const BLOW_BYTES: usize = 64 * 1024;

/// A crowd at a door; it is gone when dropped.
pub struct Crowd {
    tasks: JoinSet<anyhow::Result<()>>,
    kinds: Vec<(&'static str, Arc<AtomicUsize>)>,
}

/// Who attacks whom, each kind from a machine of its own.
#[derive(Clone)]
struct Target {
    from: [u8; 4],
    to: SocketAddr,
    event: EventId,
    hello: Message,
    key: SecretKey,
}

impl Crowd {
    /// Sends a crowd to a door: strangers, and one device of the event that has gone mad.
    pub fn at(doors: &Doors, door: Door) -> Self {
        let mut crowd = Self {
            tasks: JoinSet::new(),
            kinds: Vec::new(),
        };
        let target = |number: u8| {
            let key = key(number);
            let identity: DeviceIdentity = doors.certify(doors.certificate(key.public(), Role::Scanner));
            Target {
                from: [127, 0, 0, number],
                to: doors.address(door),
                event: doors.event,
                hello: doors.hello(identity),
                key,
            }
        };
        crowd.send("connections of strangers", target(10), connections);
        crowd.send("connections of a device", target(11), sessions);
        crowd.send("streams of a device", target(12), streams);
        crowd.send("requests of a device", target(13), questions);
        crowd.send("messages of a device", target(14), messages);
        crowd.send("bytes of a stranger", target(15), bytes);
        crowd.send("datagrams", target(16), datagrams);
        for _ in 0..QUIET {
            crowd.send("silent strangers", target(17), silence);
            crowd.send("trickling strangers", target(18), trickle);
        }
        crowd
    }

    fn send<F>(
        &mut self,
        kind: &'static str,
        target: Target,
        attack: impl FnOnce(Target, Arc<AtomicUsize>) -> F,
    ) where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let count = match self.kinds.iter().find(|(known, _)| *known == kind) {
            Some((_, count)) => Arc::clone(count),
            None => Arc::default(),
        };
        if Arc::strong_count(&count) == 1 {
            self.kinds.push((kind, Arc::clone(&count)));
        }
        self.tasks.spawn(attack(target, count));
    }

    /// Returns the kinds that have not done anything yet.
    pub fn idle(&self) -> Vec<&'static str> {
        let idle = |(_, count): &&(_, Arc<AtomicUsize>)| count.load(Ordering::Relaxed) == 0;
        self.kinds.iter().filter(idle).map(|(kind, _)| *kind).collect()
    }

    /// Says how often each kind has done what it does.
    pub fn tally(&self) -> String {
        let counts = self
            .kinds
            .iter()
            .map(|(kind, count)| format!("{kind}: {}", count.load(Ordering::Relaxed)));
        counts.collect::<Vec<_>>().join(", ")
    }
}

fn one_more(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Connects again and again with a fresh key and leaves at once.
async fn connections(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    loop {
        if dial(&socket, Some(&target.key), target.to).await.is_ok() {
            one_more(&count);
        }
    }
}

/// Opens sessions again and again and leaves them standing.
async fn sessions(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    let mut standing = Vec::new();
    loop {
        if let Ok(mut peer) = Peer::knock(&socket, &target.key, (target.to, target.event)).await {
            peer.say(&target.hello).await.ok();
            standing.push(peer);
            one_more(&count);
        }
        if standing.len() > QUIET {
            standing.clear();
        }
    }
}

/// Comes in as a device of the event, sooner or later.
async fn come_in(socket: &Endpoint, target: &Target) -> Peer {
    loop {
        let Ok(mut peer) = Peer::knock(socket, &target.key, (target.to, target.event)).await else {
            continue;
        };
        if peer.say(&target.hello).await.is_ok() && peer.hear().await.is_ok() {
            return peer;
        }
    }
}

/// Opens streams with half a request each and never ends them.
async fn streams(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    loop {
        let peer = come_in(&socket, &target).await;
        let mut open = Vec::new();
        while let Ok((mut send, recv)) = peer.connection.open_bi().await {
            if send.write_all(&[0xff, 1, 0, 0, 1, 2, 3]).await.is_err() {
                break;
            }
            open.push((send, recv));
            one_more(&count);
        }
    }
}

/// Asks nonsense on stream after stream and does not wait for answers.
async fn questions(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    let question = frame(&[0xff; 1024]);
    loop {
        let peer = come_in(&socket, &target).await;
        while let Ok((mut send, _unread)) = peer.connection.open_bi().await {
            if send.write_all(&question).await.is_err() {
                break;
            }
            send.finish().ok();
            one_more(&count);
        }
    }
}

/// Says hello without end, which has the other side look at the certificate each time, and reads no answer.
async fn messages(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    let hello = frame(&target.hello.to_bytes());
    let hello = hello.repeat(BLOW_BYTES / hello.len());
    loop {
        let mut peer = come_in(&socket, &target).await;
        while peer.send.write_all(&hello).await.is_ok() {
            one_more(&count);
        }
    }
}

/// Sends a frame that never ends, before any hello.
async fn bytes(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    let blow = vec![0; BLOW_BYTES];
    loop {
        let Ok(mut peer) = Peer::knock(&socket, &target.key, (target.to, target.event)).await else {
            continue;
        };
        while peer.send.write_all(&blow).await.is_ok() {
            one_more(&count);
        }
    }
}

/// Sends datagrams that are no packets.
async fn datagrams(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::from(target.from), 0)).await?;
    let mut datagram = [0xc3_u8; 1200];
    loop {
        datagram[5] = datagram[5].wrapping_add(1);
        socket.send_to(&datagram, target.to).await.ok();
        one_more(&count);
        tokio::task::yield_now().await;
    }
}

/// Connects and never says a word; again, when it is sent away.
async fn silence(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    loop {
        if let Ok(connection) = dial(&socket, Some(&target.key), target.to).await {
            one_more(&count);
            connection.closed().await;
        }
    }
}

/// Returns one byte of its hello after the other; again, when it is sent away.
async fn trickle(target: Target, count: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let socket = socket(target.from)?;
    let hello = frame(&target.hello.to_bytes());
    let mut ticks = interval(TRICKLE);
    loop {
        let Ok(mut peer) = Peer::knock(&socket, &target.key, (target.to, target.event)).await else {
            continue;
        };
        for byte in hello.chunks(1) {
            ticks.tick().await;
            if peer.send.write_all(byte).await.is_err() {
                break;
            }
            one_more(&count);
        }
    }
}

/// Connections of one machine that a hub's HTTP takes at once, and machines that take them all.
pub const HTTP_OF_EACH: usize = 128;
/// The same for the HTTP that new scanners come to.
pub const ENROLLING_OF_EACH: usize = 16;
const HTTP_MACHINES: u16 = 4;

/// Returns the address of a machine of a silent crowd: from 127.0.0.2 on.
fn machine(number: u16) -> [u8; 4] {
    let [network, host] = (number + 2).to_be_bytes();
    [127, 0, network, host]
}

/// Silent peers at a door, each of which has proven its key and named the event; whoever is sent away comes again. They
/// are gone when dropped.
pub struct Silent {
    _tasks: JoinSet<anyhow::Result<()>>,
    open: Arc<AtomicUsize>,
}

impl Silent {
    /// Sends so many peers of each of so many machines to a door.
    pub fn at(doors: &Doors, door: Door, (machines, of_each): (u16, usize)) -> anyhow::Result<Self> {
        let (mut tasks, open) = (JoinSet::new(), Arc::default());
        for number in 0..machines {
            let socket = socket(machine(number))?;
            for _ in 0..of_each {
                let target = (doors.address(door), doors.event);
                tasks.spawn(stay_silent(socket.clone(), target, Arc::clone(&open)));
            }
        }
        let _tasks = tasks;
        Ok(Self { _tasks, open })
    }

    /// Counts those that are at the door.
    pub fn count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

async fn stay_silent(
    socket: Endpoint,
    target: (SocketAddr, EventId),
    open: Arc<AtomicUsize>,
) -> anyhow::Result<()> {
    let mut ticks = interval(TRICKLE);
    loop {
        ticks.tick().await;
        let Ok(peer) = Peer::knock(&socket, &key(99), target).await else {
            continue;
        };
        open.fetch_add(1, Ordering::Relaxed);
        peer.connection.closed().await;
        open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has silent clients take every connection of a hub's HTTP, and gives them.
pub async fn silent_clients(to: SocketAddr, of_each: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for number in 0..HTTP_MACHINES {
        for _ in 0..of_each {
            let client = TcpSocket::new_v4()?;
            client.bind((machine(number), 0).into())?;
            streams.push(client.connect(to).await?);
        }
    }
    Ok(streams)
}

/// Sends clients to an HTTP server that begin requests and never finish them; whoever is sent away comes again.
pub fn slow_clients(to: SocketAddr, clients: usize) -> JoinSet<anyhow::Result<()>> {
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        tasks.spawn(slow_client(to, number));
    }
    tasks
}

async fn slow_client(to: SocketAddr, number: usize) -> anyhow::Result<()> {
    let begun: [&[u8]; 4] = [
        b"",
        b"GET / HTTP/1.1\r\nhost: here\r\nx-slow: ",
        b"POST /v1/scans HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\n{",
        b"PRI * HTTP/2.0\r\n",
    ];
    let mut ticks = interval(TRICKLE);
    loop {
        let client = TcpSocket::new_v4()?;
        client.bind((Ipv4Addr::from(SLOW), 0).into())?;
        let Ok(stream) = client.connect(to).await else {
            ticks.tick().await;
            continue;
        };
        let mut rest = begun[number % begun.len()];
        loop {
            stream.writable().await?;
            match stream.try_write(if rest.is_empty() { b" " } else { rest }) {
                Ok(_) => rest = b"",
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
            ticks.tick().await;
        }
    }
}
