//! What sessions and requests see of an event between two commits: only what is durable, and never a wait for the scribe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::broadcast;
use usher_keys::{DeviceIdentity, EventId, PublicKey};
use usher_link::Change;
use usher_link::replica::CHANGES_BUFFERED;
use usher_protocol::Origin;
use usher_protocol::sync::Held;
use usher_protocol::trust::Trust;

/// The durable side of an event, for everyone but its scribe.
pub struct View {
    event: EventId,
    changes: broadcast::Sender<Change>,
    /// What is visible now; held only to copy or replace a part of it.
    visible: Mutex<Visible>,
}

struct Visible {
    held: BTreeMap<Origin, Held>,
    trust: Arc<Trust>,
    revoked: Arc<BTreeSet<PublicKey>>,
    identity: DeviceIdentity,
}

impl View {
    /// Makes the view of an event of which nothing is held yet.
    pub fn new(trust: Arc<Trust>, identity: DeviceIdentity) -> Self {
        Self {
            event: trust.event(),
            changes: broadcast::Sender::new(CHANGES_BUFFERED),
            visible: Mutex::new(Visible {
                held: BTreeMap::new(),
                trust,
                revoked: Arc::default(),
                identity,
            }),
        }
    }

    /// Gives the event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Gives the stream of changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Gives how far every log is held.
    pub fn held(&self) -> Vec<Held> {
        self.lock().held.values().cloned().collect()
    }

    /// Gives how far one log is held.
    pub fn held_of(&self, origin: &Origin) -> Option<Held> {
        self.lock().held.get(origin).cloned()
    }

    /// Counts the records held of all logs.
    pub fn record_count(&self) -> u64 {
        self.lock().held.values().map(|held| held.tail.seq.0).sum()
    }

    /// Gives the trust in force.
    pub fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.lock().trust)
    }

    /// Gives the devices nobody talks to any more.
    pub fn revoked(&self) -> Arc<BTreeSet<PublicKey>> {
        Arc::clone(&self.lock().revoked)
    }

    /// Gives the cloud's certificate for this event.
    pub fn identity(&self) -> DeviceIdentity {
        self.lock().identity.clone()
    }

    /// Shows logs that have grown.
    pub fn grow(&self, grown: Vec<Held>) {
        let mut visible = self.lock();
        let news: Vec<_> = grown
            .into_iter()
            .filter(|held| {
                visible
                    .held
                    .get(&held.origin)
                    .is_none_or(|known| known.tail.seq < held.tail.seq)
            })
            .collect();
        visible
            .held
            .extend(news.iter().map(|held| (held.origin, held.clone())));
        drop(visible);
        for held in news {
            self.tell(Change::Grew(held));
        }
    }

    /// Shows which devices are revoked.
    pub fn revoke(&self, revoked: &BTreeSet<PublicKey>) {
        let mut visible = self.lock();
        if *visible.revoked != *revoked {
            visible.revoked = Arc::new(revoked.clone());
            drop(visible);
            self.tell(Change::Trust);
        }
    }

    /// Shows a newer trust and the certificate that goes with it.
    pub fn trust_in(&self, trust: Arc<Trust>, identity: DeviceIdentity) {
        let mut visible = self.lock();
        (visible.trust, visible.identity) = (trust, identity);
        drop(visible);
        self.tell(Change::Trust);
    }

    fn tell(&self, change: Change) {
        // An error means that nobody listens.
        let _ = self.changes.send(change);
    }

    fn lock(&self) -> MutexGuard<'_, Visible> {
        self.visible.lock().expect("nothing panics while it holds this")
    }
}
