//! Who this hub is linked to at the moment: connections to ask over, and what people are shown of them; making links is the hub's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use usher_keys::{Certificate, PublicKey, Role, Timestamp};
use usher_link::{Connection, LinkState, Opened};
use usher_protocol::request::HubNews;
use usher_protocol::sync::Farewell;

/// Which side made a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkSide {
    /// We dialled.
    Dialled,
    /// The peer dialled.
    Accepted,
}

/// Names one link for as long as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(u64);

struct Link {
    connection: Connection,
    certificate: Certificate,
    side: LinkSide,
    since: Timestamp,
}

/// A link as people see it.
#[derive(Debug, Clone)]
pub struct LinkFacts {
    pub peer: PublicKey,
    /// How people call it.
    pub name: String,
    pub role: Role,
    pub address: SocketAddr,
    /// Which side made the link.
    pub side: LinkSide,
    pub since: Timestamp,
    /// When the certificate ends that it showed.
    pub until: Timestamp,
}

/// How an address we keep dialling stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialFacts {
    /// A dial is under way.
    Connecting,
    /// It is linked to that peer.
    Linked(PublicKey),
    /// It is not linked.
    Down {
        why: String,
        /// Whether whoever is there said that it will not have us.
        is_refused: bool,
    },
}

#[derive(Default)]
struct Board {
    last_id: u64,
    links: BTreeMap<LinkId, Link>,
    dials: BTreeMap<String, DialFacts>,
    /// Hubs that were linked: where, and since when they are not.
    lost: BTreeMap<PublicKey, (SocketAddr, Instant)>,
}

/// The links of a hub.
#[derive(Default)]
pub struct Links {
    /// Guards the lists; never held across an await.
    board: Mutex<Board>,
}

impl Board {
    fn take(&mut self, opened: Opened, side: LinkSide, now: Timestamp) -> LinkId {
        let peer = opened.connection.peer();
        let is_older = |_: &LinkId, link: &mut Link| link.side == side && link.connection.peer() == peer;
        for (_, older) in self.links.extract_if(.., is_older) {
            older.connection.close(Farewell::Leaving);
        }
        self.last_id += 1;
        let id = LinkId(self.last_id);
        let link = Link {
            connection: opened.connection,
            certificate: opened.certificate,
            side,
            since: now,
        };
        self.links.insert(id, link);
        id
    }
}

impl Links {
    /// Takes a link that we made. An older one to the same peer is a leftover and closed.
    ///
    /// Both ways may stand at once: two hubs that dial each other would otherwise cut each other off for ever.
    pub fn opened(&self, opened: Opened, now: Timestamp) -> LinkId {
        self.locked().take(opened, LinkSide::Dialled, now)
    }

    /// Takes the link of a peer that came to us, as [`Links::opened`] does, unless so many others are linked already.
    pub fn came(&self, opened: Opened, most: usize, now: Timestamp) -> Option<LinkId> {
        let mut board = self.locked();
        let peer = opened.connection.peer();
        let came = board
            .links
            .values()
            .filter(|link| link.side == LinkSide::Accepted);
        if came.filter(|link| link.connection.peer() != peer).count() >= most {
            return None;
        }
        opened.connection.remember();
        Some(board.take(opened, LinkSide::Accepted, now))
    }

    /// Forgets a link that ended; of a hub it is remembered when.
    pub fn closed(&self, id: LinkId) {
        let mut board = self.locked();
        let Some(link) = board.links.remove(&id) else {
            return;
        };
        if link.certificate.role == Role::Hub {
            let ended = (link.connection.remote_addr(), Instant::now());
            board.lost.insert(link.connection.peer(), ended);
        }
    }

    /// Returns the hubs that were linked and are not, and for how many milliseconds.
    pub fn silent(&self, now: Instant) -> BTreeMap<PublicKey, u64> {
        let news = self.hub_news(now).into_iter();
        news.filter_map(|news| Some((news.hub, news.silent_ms?)))
            .collect()
    }

    /// Returns every hub that is linked or was; those that are linked come first.
    pub fn hub_news(&self, now: Instant) -> Vec<HubNews> {
        let board = self.locked();
        let mut linked = BTreeMap::new();
        for link in board
            .links
            .values()
            .filter(|link| link.certificate.role == Role::Hub)
        {
            linked.insert(link.connection.peer(), link.connection.remote_addr());
        }
        let lost = board.lost.iter().filter(|(hub, _)| !linked.contains_key(hub));
        let lost = lost.map(|(hub, (address, since))| HubNews {
            hub: *hub,
            address: address.to_string(),
            silent_ms: Some(u64::try_from(now.duration_since(*since).as_millis()).unwrap_or(u64::MAX)),
        });
        let here = linked.iter().map(|(hub, address)| HubNews {
            hub: *hub,
            address: address.to_string(),
            silent_ms: None,
        });
        here.chain(lost).collect()
    }

    /// Takes note of how one of the addresses of a peer that we keep dialling stands.
    pub fn dialled(&self, addresses: &[String], at: usize, state: &LinkState) {
        let facts = match state {
            LinkState::Connecting => DialFacts::Connecting,
            LinkState::Opened(opened) => DialFacts::Linked(opened.connection.peer()),
            LinkState::Closed { end, .. } => DialFacts::Down {
                why: end.to_string(),
                is_refused: end.their_farewell() == Some(Farewell::NotWelcome),
            },
            LinkState::Failed(error) => DialFacts::Down {
                why: error.to_string(),
                is_refused: false,
            },
        };
        let mut board = self.locked();
        if matches!(facts, DialFacts::Linked(_)) {
            // The others are not missed now, whatever they said.
            board.dials.retain(|known, _| !addresses.contains(known));
        }
        let addr = &addresses[at];
        // A new try says less than why the last one failed.
        let known_down = matches!(board.dials.get(addr), Some(DialFacts::Down { .. }));
        if facts != DialFacts::Connecting || !known_down {
            board.dials.insert(addr.clone(), facts);
        }
    }

    /// Tells whether somebody at an address that we keep dialling has said that it will not have us, and nobody else has taken us in since.
    pub fn is_refused(&self) -> bool {
        let board = self.locked();
        let refusals = |facts: &DialFacts| matches!(facts, DialFacts::Down { is_refused: true, .. });
        let mut links = board.links.values();
        let is_alone = links.all(|link| link.certificate.role == Role::Scanner);
        is_alone && board.dials.values().any(refusals)
    }

    /// Returns the connections to a peer, the newest first.
    pub fn connections(&self, peer: &PublicKey) -> Vec<Connection> {
        let board = self.locked();
        let links = board.links.values().rev();
        links
            .map(|link| &link.connection)
            .filter(|connection| connection.peer() == *peer)
            .cloned()
            .collect()
    }

    /// Tells whether we are linked with a peer, whoever made the link.
    pub fn is_linked(&self, peer: &PublicKey) -> bool {
        let board = self.locked();
        let mut links = board.links.values();
        links.any(|link| link.connection.peer() == *peer)
    }

    /// Returns the hubs that we are linked with.
    pub fn hubs(&self) -> BTreeSet<PublicKey> {
        let board = self.locked();
        let hubs = board
            .links
            .values()
            .filter(|link| link.certificate.role == Role::Hub);
        hubs.map(|link| link.connection.peer()).collect()
    }

    /// Returns a connection to each peer of a role, the newest.
    pub fn of_role(&self, role: Role) -> Vec<Connection> {
        let board = self.locked();
        let mut peers = BTreeMap::new();
        for link in board.links.values().filter(|link| link.certificate.role == role) {
            peers.insert(link.connection.peer(), link.connection.clone());
        }
        peers.into_values().collect()
    }

    /// Returns every link.
    pub fn facts(&self) -> Vec<LinkFacts> {
        let board = self.locked();
        let facts = board.links.values().map(|link| LinkFacts {
            peer: link.connection.peer(),
            name: link.certificate.name.clone(),
            role: link.certificate.role,
            address: link.connection.remote_addr(),
            side: link.side,
            since: link.since,
            until: link.certificate.window.until,
        });
        facts.collect()
    }

    /// Returns every address we keep dialling.
    pub fn dials(&self) -> BTreeMap<String, DialFacts> {
        self.locked().dials.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Board> {
        self.board.lock().expect("nothing panics while it holds this")
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use usher_device::rehearsal::{EVENT, certificate, key};
    use usher_keys::{Capabilities, SecretKey};
    use usher_link::Endpoint;

    use super::*;

    const NOW: Timestamp = Timestamp(1);

    fn endpoint(key: &SecretKey) -> Endpoint {
        Endpoint::bind(SocketAddr::from(([127, 0, 0, 1], 0)), key).unwrap()
    }

    /// A hub's socket, and the peers that dial it, which live as long as this.
    struct Door {
        socket: Endpoint,
        peers: Vec<(Endpoint, Connection)>,
    }

    impl Door {
        /// Lets a scanner with that key number come, on a socket of its own.
        async fn scanner(&mut self, n: u8) -> Opened {
            let dialler = endpoint(&key(n));
            let (dialled, accepted) = tokio::join!(
                dialler.connect(self.socket.local_addr(), EVENT),
                self.socket.accept()
            );
            self.peers.push((dialler, dialled.unwrap()));
            Opened {
                connection: accepted.unwrap(),
                certificate: certificate(n, Role::Scanner, Capabilities::default()),
            }
        }
    }

    #[tokio::test]
    async fn a_peer_that_comes_back_replaces_its_own_link_even_when_there_is_room_for_no_other() {
        let mut door = Door {
            socket: endpoint(&key(1)),
            peers: Vec::new(),
        };
        let links = Links::default();
        let first = links.came(door.scanner(7).await, 1, NOW).unwrap();
        assert!(links.came(door.scanner(8).await, 1, NOW).is_none());
        let again = links.came(door.scanner(7).await, 1, NOW).unwrap();
        assert_eq!(links.connections(&key(7).public()).len(), 1);
        // The end of the older link is told late, and leaves the newer one alone.
        links.closed(first);
        assert_eq!(links.facts().len(), 1);
        links.closed(again);
        assert!(links.came(door.scanner(8).await, 1, NOW).is_some());
    }
}
