//! What sessions and requests see of an event: only what is durable, and never a wait for the writer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use usher_keys::{DeviceIdentity, EventId, SecretKey, Timestamp};
use usher_link::{Announcer, Change, Changes};
use usher_protocol::Origin;
use usher_protocol::assurance::Assurance;
use usher_protocol::log::Head;
use usher_protocol::sync::Held;
use usher_protocol::trust::{Register, Trust};

use super::snapshot::Snapshot;
use crate::store::authority::FeedVersion;

/// The durable side of an event, for everyone but its writer.
pub struct AuthorityView {
    event: EventId,
    changes: Announcer,
    /// What is visible now; held only to copy or replace a part of it.
    visible: Mutex<Visible>,
    is_halted: AtomicBool,
}

struct Visible {
    held: BTreeMap<Origin, Held>,
    snapshot: Arc<Snapshot>,
    /// The authority's key, while its word counts.
    assuring_key: Option<SecretKey>,
    assurance: Option<Assurance>,
    compared: Compared,
}

/// When all that is visible was last compared with what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// What counted the event's changes then.
    pub version: FeedVersion,
    /// When the comparison began.
    pub at: Timestamp,
}

/// How old an assurance may be before another is made, in milliseconds: sessions tell it every two seconds.
const ASSURANCE_AGE_MS: u64 = 500;

impl AuthorityView {
    /// Makes the view of an event of which nothing is held yet.
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            event: snapshot.trust.event(),
            changes: Announcer::default(),
            visible: Mutex::new(Visible {
                held: BTreeMap::new(),
                snapshot: Arc::new(snapshot),
                assuring_key: None,
                assurance: None,
                compared: Compared::default(),
            }),
            is_halted: AtomicBool::new(false),
        }
    }

    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Returns the stream of changes from now on.
    pub fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    /// Tells whether a device is linked here for the event.
    pub fn has_listeners(&self) -> bool {
        self.changes.has_listeners()
    }

    /// Returns how far every log is held.
    pub fn held(&self) -> Vec<Held> {
        self.lock().held.values().cloned().collect()
    }

    /// Returns how far one log is held.
    pub fn held_of(&self, origin: &Origin) -> Option<Held> {
        self.lock().held.get(origin).cloned()
    }

    /// Counts the records held of all logs.
    pub fn record_count(&self) -> u64 {
        self.lock().held.values().map(|held| held.tail.seq.0).sum()
    }

    /// Returns the trust in force.
    pub fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.lock().snapshot.trust)
    }

    /// Returns what the authority has said of devices.
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.lock().snapshot.register)
    }

    /// Returns the log that the cloud writes itself.
    pub fn own_log(&self) -> Origin {
        self.lock().snapshot.own_log
    }

    /// Returns the cloud's certificate for this event.
    pub fn identity(&self) -> DeviceIdentity {
        DeviceIdentity::clone(&self.lock().snapshot.identity)
    }

    /// Takes note that all that is stored at that version is visible, and was at that moment.
    pub fn compare(&self, compared: Compared) {
        let mut visible = self.lock();
        visible.compared = compared;
    }

    /// Returns when all that is visible was last compared with what is stored.
    pub fn compared(&self) -> Compared {
        self.lock().compared
    }

    /// Takes note that the store still stood at a version at that moment; `false` when more is stored than is visible.
    pub fn confirm(&self, compared: Compared) -> bool {
        let mut visible = self.lock();
        let is_current = visible.compared.version >= compared.version;
        if is_current {
            visible.compared.at = visible.compared.at.max(compared.at);
        }
        is_current
    }

    /// Assures others how far the authority's log had come when it was last compared with what is stored, whoever wrote it.
    /// `None` while its word does not count.
    pub fn assurance(&self) -> Option<Assurance> {
        let mut visible = self.lock();
        let at = visible.compared.at;
        let tail = visible.held.get(&visible.snapshot.own_log)?.tail;
        let is_current =
            |held: &Assurance| held.tail == tail && held.at <= at && at.since_ms(held.at) < ASSURANCE_AGE_MS;
        let key = visible.assuring_key.as_ref()?;
        let current = visible.assurance.filter(is_current);
        let assurance = current.unwrap_or_else(|| Assurance::sign(self.event, at, tail, key));
        visible.assurance = Some(assurance);
        visible.assurance
    }

    /// Sets the key by which the authority is heard, or says that its word does not count.
    pub fn assure_by(&self, assuring_key: Option<&SecretKey>) {
        let mut visible = self.lock();
        let public = |key: &SecretKey| key.public();
        if visible.assuring_key.as_ref().map(public) != assuring_key.map(public) {
            (visible.assuring_key, visible.assurance) = (assuring_key.cloned(), None);
        }
    }

    /// Takes note that nothing is sold or ordered any more.
    pub fn halt(&self) {
        self.is_halted.store(true, Ordering::Relaxed);
    }

    /// Tells whether nothing is sold or ordered, because the store may be an older copy.
    pub fn is_halted(&self) -> bool {
        self.is_halted.load(Ordering::Relaxed)
    }

    /// Shows logs that have grown.
    pub fn hold(&self, grown: Vec<Head>) {
        let mut visible = self.lock();
        let news: Vec<_> = grown
            .into_iter()
            .map(Held::from)
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
        let trust = Arc::clone(&visible.snapshot.trust);
        drop(visible);
        for held in news {
            self.changes.grew(held, &trust);
        }
    }

    /// Shows what is held after a copy was dropped.
    pub fn hold_anew(&self, heads: Vec<Head>) {
        let held = heads.into_iter().map(|head| (head.origin, Held::from(head)));
        self.lock().held = held.collect();
        self.changes.announce(Change::Dropped);
    }

    /// Puts a newer snapshot up, and tells the sessions when it changes whom we talk to.
    pub fn put_up(&self, snapshot: Snapshot) {
        let after = Arc::new(snapshot);
        let before = std::mem::replace(&mut self.lock().snapshot, Arc::clone(&after));
        let newer_trust = before.trust.bundle().version != after.trust.bundle().version;
        if newer_trust || before.register != after.register {
            self.changes.announce(Change::Trust);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Visible> {
        self.visible.lock().expect("nothing panics while it holds this")
    }
}
