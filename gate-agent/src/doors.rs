//! The way from a service's sockets to its hubs: the event that a peer or a request names picks the hub; what a hub does is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use usher_keys::EventId;
use usher_link::{Connection, Endpoint, MAX_STRANGERS};
use usher_protocol::sync::Farewell;

use crate::neighbours::Neighbours;
use crate::services::Services;

/// Most peers that wait until a hub takes them in: all strangers there can be, so that none loses its place here.
const PEERS_WAITING: usize = MAX_STRANGERS;

/// The way into one hub.
pub struct Door {
    /// What the hub's tasks share.
    pub services: Arc<Services>,
    /// The hub's HTTP.
    pub router: Router,
    /// What new scanners need of it.
    pub enrolments: Router,
    peers: mpsc::Sender<Connection>,
}

/// The ways into all hubs of a service.
#[derive(Default)]
pub struct Doors {
    /// Guards the list; never held across an await.
    doors: RwLock<BTreeMap<EventId, Arc<Door>>>,
    /// Guards the events whose hubs are here, be it that they start or stop just now; never held across an await.
    expected: RwLock<BTreeSet<EventId>>,
    /// The events behind them.
    pub neighbours: Arc<Neighbours>,
}

impl Doors {
    /// Takes note that an event's hub is here, also while there is no way into it yet.
    pub fn expect(&self, event: EventId) {
        let mut expected = self.expected.write().unwrap_or_else(PoisonError::into_inner);
        expected.insert(event);
    }

    /// Takes note that an event's hub comes no more.
    pub fn give_up(&self, event: EventId) {
        let mut expected = self.expected.write().unwrap_or_else(PoisonError::into_inner);
        expected.remove(&event);
    }

    /// Tells whether an event's hub is here, be it that it starts or stops just now.
    pub fn is_expected(&self, event: EventId) -> bool {
        let expected = self.expected.read().unwrap_or_else(PoisonError::into_inner);
        expected.contains(&event)
    }

    /// Opens the way into a hub, with its HTTP and the part of that which new scanners need; returns the peers that come in by
    /// it.
    pub fn open(
        &self,
        services: &Arc<Services>,
        router: Router,
        enrolments: Router,
    ) -> mpsc::Receiver<Connection> {
        let (peers, coming) = mpsc::channel(PEERS_WAITING);
        let event = services.replica.certificate().event;
        let door = Door {
            services: Arc::clone(services),
            router,
            enrolments,
            peers,
        };
        self.neighbours.add(event, Arc::clone(&services.replica));
        let mut doors = self.doors.write().unwrap_or_else(PoisonError::into_inner);
        doors.insert(event, Arc::new(door));
        coming
    }

    /// Closes the way into an event's hub.
    pub fn shut(&self, event: EventId) {
        self.neighbours.remove(event);
        let mut doors = self.doors.write().unwrap_or_else(PoisonError::into_inner);
        doors.remove(&event);
    }

    /// Returns the way into an event's hub.
    pub fn of(&self, event: EventId) -> Option<Arc<Door>> {
        let doors = self.doors.read().unwrap_or_else(PoisonError::into_inner);
        doors.get(&event).cloned()
    }

    /// Returns every way with its event.
    pub fn all(&self) -> Vec<(EventId, Arc<Door>)> {
        let doors = self.doors.read().unwrap_or_else(PoisonError::into_inner);
        doors
            .iter()
            .map(|(event, door)| (*event, Arc::clone(door)))
            .collect()
    }
}

/// Leads every peer that links to us to the hub of its event, until cancelled.
pub async fn lead_peers(endpoint: Endpoint, doors: Arc<Doors>, cancel: CancellationToken) {
    while let Some(Some(peer)) = cancel.run_until_cancelled(endpoint.accept()).await {
        lead_peer(&doors, peer);
    }
}

/// Leads one peer to the hub of its event.
pub fn lead_peer(doors: &Doors, peer: Connection) {
    match doors.of(peer.event()) {
        None if doors.is_expected(peer.event()) => {
            tracing::debug!(peer = %peer.peer().id(), "a peer came while its hub starts or stops, and is to come again");
            peer.close(Farewell::Leaving);
        }
        None => peer.turn_away(
            Farewell::OtherEvent,
            "the two sides belong to different events: that one is not served here",
        ),
        Some(door) => {
            if let Err(mpsc::error::TrySendError::Full(peer) | mpsc::error::TrySendError::Closed(peer)) =
                door.peers.try_send(peer)
            {
                peer.turn_away(Farewell::Leaving, "too many peers");
            }
        }
    }
}
