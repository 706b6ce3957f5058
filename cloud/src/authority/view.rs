//! What sessions and requests see of an event between two commits: only what is durable, and never a wait for the writer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use usher_keys::{DeviceIdentity, EventId, SecretKey, Timestamp};
use usher_link::{Announcer, Change, Changes};
use usher_protocol::Origin;
use usher_protocol::assurance::Assurance;
use usher_protocol::sync::Held;
use usher_protocol::trust::{Register, Trust};

/// The durable side of an event, for everyone but its writer.
pub struct AuthorityView {
    event: EventId,
    changes: Announcer,
    /// What is visible now; held only to copy or replace a part of it.
    visible: Mutex<Visible>,
}

struct Visible {
    held: BTreeMap<Origin, Held>,
    trust: Arc<Trust>,
    register: Arc<Register>,
    own_log: Origin,
    identity: DeviceIdentity,
    /// The authority's key, while its word counts.
    voice: Option<SecretKey>,
    assurance: Option<Assurance>,
}

/// How old an assurance may be before another is made, in milliseconds: sessions tell it every two seconds.
const ASSURANCE_AGE_MS: u64 = 500;

impl AuthorityView {
    /// Makes the view of an event of which nothing is held yet.
    pub fn new(trust: Arc<Trust>, identity: DeviceIdentity, own_log: Origin) -> Self {
        Self {
            event: trust.event(),
            changes: Announcer::default(),
            visible: Mutex::new(Visible {
                held: BTreeMap::new(),
                trust,
                register: Arc::default(),
                own_log,
                identity,
                voice: None,
                assurance: None,
            }),
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
        Arc::clone(&self.lock().trust)
    }

    /// Returns what the authority has said of devices.
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.lock().register)
    }

    /// Returns the log that the cloud writes itself.
    pub fn own_log(&self) -> Origin {
        self.lock().own_log
    }

    /// Returns the cloud's certificate for this event.
    pub fn identity(&self) -> DeviceIdentity {
        self.lock().identity.clone()
    }

    /// Makes sure how far the authority's log has come by now: every record there is was written here, and is visible before
    /// whoever asked for it is answered. `None` while its word does not count.
    pub fn assurance(&self, now: Timestamp) -> Option<Assurance> {
        let mut visible = self.lock();
        let tail = visible.held.get(&visible.own_log)?.tail;
        let is_current = |held: &Assurance| {
            held.tail == tail && held.at <= now && now.since_ms(held.at) < ASSURANCE_AGE_MS
        };
        let key = visible.voice.as_ref()?;
        let current = visible.assurance.filter(is_current);
        let assurance = current.unwrap_or_else(|| Assurance::sign(self.event, now, tail, key));
        visible.assurance = Some(assurance);
        visible.assurance
    }

    /// Sets the key by which the authority is heard, or says that its word does not count.
    pub fn speak_by(&self, voice: Option<&SecretKey>) {
        let mut visible = self.lock();
        let public = |key: &SecretKey| key.public();
        if visible.voice.as_ref().map(public) != voice.map(public) {
            (visible.voice, visible.assurance) = (voice.cloned(), None);
        }
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
        let trust = Arc::clone(&visible.trust);
        drop(visible);
        for held in news {
            self.changes.grew(held, &trust);
        }
    }

    /// Shows what the authority has said of devices.
    pub fn register_in(&self, register: Arc<Register>) {
        let mut visible = self.lock();
        if visible.register != register {
            visible.register = register;
            drop(visible);
            self.changes.tell(Change::Trust);
        }
    }

    /// Shows what is held after a copy was dropped.
    pub fn hold_anew(&self, held: Vec<Held>) {
        self.lock().held = held.into_iter().map(|held| (held.origin, held)).collect();
        self.changes.tell(Change::Dropped);
    }

    /// Shows a newer trust, the certificate that goes with it and the log that is written from now on.
    pub fn trust_in(&self, trust: Arc<Trust>, identity: DeviceIdentity, own_log: Origin) {
        let mut visible = self.lock();
        (visible.trust, visible.identity, visible.own_log) = (trust, identity, own_log);
        drop(visible);
        self.changes.tell(Change::Trust);
    }

    fn lock(&self) -> MutexGuard<'_, Visible> {
        self.visible.lock().expect("nothing panics while it holds this")
    }
}
