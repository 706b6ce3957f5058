//! Who this hub is linked to at the moment: connections to ask over, and what people are shown of them; making links is the hub's.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use usher_keys::{Certificate, PublicKey, Role, Timestamp};
use usher_link::{Connection, LinkState, Opened};
use usher_protocol::sync::Farewell;

/// Which side made a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
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
    way: Way,
    since: Timestamp,
}

/// A link as people see it.
#[derive(Debug, Clone)]
pub struct LinkFacts {
    /// The peer.
    pub peer: PublicKey,
    /// How people call it.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Where it is.
    pub address: SocketAddr,
    /// Which side made the link.
    pub way: Way,
    /// Since when.
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
    /// It is not linked, and why.
    Down(String),
}

#[derive(Default)]
struct Board {
    last_id: u64,
    links: BTreeMap<LinkId, Link>,
    dials: BTreeMap<String, DialFacts>,
}

/// The links of a hub.
#[derive(Default)]
pub struct Links {
    /// Guards the lists; never held across an await.
    board: Mutex<Board>,
}

impl Links {
    /// Takes a new link. An older one that the same peer made the same way is a leftover and closed.
    ///
    /// Both ways may stand at once: two hubs that dial each other would otherwise cut each other off for ever.
    pub fn opened(&self, opened: Opened, way: Way, now: Timestamp) -> LinkId {
        let mut board = self.locked();
        let peer = opened.connection.peer();
        for older in board
            .links
            .values()
            .filter(|link| link.way == way && link.connection.peer() == peer)
        {
            older.connection.close(Farewell::Leaving);
        }
        board.last_id += 1;
        let id = LinkId(board.last_id);
        let link = Link {
            connection: opened.connection,
            certificate: opened.certificate,
            way,
            since: now,
        };
        board.links.insert(id, link);
        id
    }

    /// Forgets a link that ended.
    pub fn closed(&self, id: LinkId) {
        self.locked().links.remove(&id);
    }

    /// Takes note of how an address we keep dialling stands.
    pub fn dialled(&self, addr: &str, state: &LinkState) {
        let facts = match state {
            LinkState::Connecting => DialFacts::Connecting,
            LinkState::Opened(opened) => DialFacts::Linked(opened.connection.peer()),
            LinkState::Closed { end, .. } => DialFacts::Down(end.to_string()),
            LinkState::Failed(error) => DialFacts::Down(error.to_string()),
        };
        let mut board = self.locked();
        // A new try says less than why the last one failed.
        let known_down = matches!(board.dials.get(addr), Some(DialFacts::Down(_)));
        if facts != DialFacts::Connecting || !known_down {
            board.dials.insert(addr.to_owned(), facts);
        }
    }

    /// Gives the connections to a peer, the newest first.
    pub fn connections(&self, peer: &PublicKey) -> Vec<Connection> {
        let board = self.locked();
        let links = board.links.values().rev();
        links
            .map(|link| &link.connection)
            .filter(|connection| connection.peer() == *peer)
            .cloned()
            .collect()
    }

    /// Gives every link.
    pub fn facts(&self) -> Vec<LinkFacts> {
        let board = self.locked();
        let facts = board.links.values().map(|link| LinkFacts {
            peer: link.connection.peer(),
            name: link.certificate.name.clone(),
            role: link.certificate.role,
            address: link.connection.remote_addr(),
            way: link.way,
            since: link.since,
            until: link.certificate.window.until,
        });
        facts.collect()
    }

    /// Gives every address we keep dialling.
    pub fn dials(&self) -> BTreeMap<String, DialFacts> {
        self.locked().dials.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Board> {
        self.board.lock().expect("nothing panics while it holds this")
    }
}
