//! What everyone at a replica sees without asking its writer: its snapshot, what is durably held, how fresh it is, and figures.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arc_swap::ArcSwap;
use usher_keys::Timestamp;
use usher_link::{Announcer, Change, Changes, Outlook};
use usher_protocol::Origin;
use usher_protocol::assurance::Assurance;
use usher_protocol::freshness::{Freshness, HeardAssurance};
use usher_protocol::ledger::Ledger;
use usher_protocol::sync::Held;

use super::recent::RecentRuns;
use super::snapshot::Snapshot;

/// The durable side of a replica, for everyone but its writer, which feeds it after each commit.
pub struct ReplicaView {
    /// The seldom changing part of the state.
    pub snapshot: ArcSwap<Snapshot>,
    pub figures: Figures,
    /// What is durably held of every log.
    held: Mutex<BTreeMap<Origin, Held>>,
    changes: Announcer,
    freshness: Freshness,
    /// Runs that were just read.
    pub recent: RecentRuns,
}

impl ReplicaView {
    /// Makes the view of what was found at start.
    pub fn new(ledger: &Ledger, heard: Option<HeardAssurance>) -> Self {
        let view = Self {
            snapshot: ArcSwap::from_pointee(Snapshot::of(ledger)),
            figures: Figures::default(),
            held: Mutex::default(),
            changes: Announcer::default(),
            freshness: Freshness::new(heard),
            recent: RecentRuns::default(),
        };
        view.hold(Held::all_of(ledger));
        view
    }

    /// Takes note of what is durably held now, and tells the sessions.
    pub fn hold(&self, news: impl IntoIterator<Item = Held>) {
        for held in news {
            self.locked().insert(held.origin, held.clone());
            self.changes.grew(held, &self.snapshot.load().trust);
        }
    }

    /// Begins what is held anew, after a copy was dropped.
    pub fn hold_anew(&self, held: Vec<Held>) {
        *self.locked() = held.into_iter().map(|held| (held.origin, held)).collect();
        self.recent.forget();
        self.changes.announce(Change::Dropped);
    }

    /// Puts a newer snapshot up, and tells the sessions when it changes whom we talk to.
    pub fn put_up(&self, snapshot: Snapshot) {
        let before = self.snapshot.swap(Arc::new(snapshot));
        let after = self.snapshot.load();
        let newer_trust = before.trust.bundle().version != after.trust.bundle().version;
        if newer_trust || before.register != after.register {
            self.changes.announce(Change::Trust);
        }
    }

    /// Returns what is durably held of every log.
    pub fn held(&self) -> Vec<Held> {
        self.locked().values().cloned().collect()
    }

    /// Returns what is durably held of one log.
    pub fn held_of(&self, origin: &Origin) -> Option<Held> {
        self.locked().get(origin).cloned()
    }

    /// Returns the stream of changes.
    pub fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    /// Takes note that an authority has said this and that as much of its log is here.
    pub fn refresh(&self, heard: Assurance, now: Timestamp) {
        let snapshot = self.snapshot.load();
        self.freshness.hear(heard, &snapshot.moment(now));
    }

    /// Returns the newest assurance that counts.
    pub fn assurance(&self, now: Timestamp) -> Option<Assurance> {
        self.freshness.newest(&self.snapshot.load().moment(now))
    }

    /// Returns the newest assurance that counts, as it was heard.
    pub fn heard(&self, now: Timestamp) -> Option<HeardAssurance> {
        self.freshness.heard(&self.snapshot.load().moment(now))
    }

    /// Returns up to when every word of the authority is here.
    pub fn fresh_as_of(&self, now: Timestamp) -> Option<Timestamp> {
        self.freshness.as_of(&self.snapshot.load().moment(now))
    }

    /// Returns the moment of the newest assurance, whether our clock can tell what it is worth or not.
    pub fn last_heard(&self) -> Option<Timestamp> {
        self.freshness.last_heard()
    }

    /// Returns how the world looks now.
    pub fn outlook(&self, (now, clock): (Timestamp, Timestamp)) -> Outlook {
        let snapshot = self.snapshot.load();
        Outlook {
            now,
            clock,
            trust: Arc::clone(&snapshot.trust),
            register: Arc::clone(&snapshot.register),
            assurance: self.assurance(now),
            unheard_forks: Arc::clone(&snapshot.unheard_forks),
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Origin, Held>> {
        self.held.lock().expect("nothing panics while it holds this")
    }
}

/// Figures of the writer's work since the start.
#[derive(Debug, Default)]
pub struct Figures {
    commits: AtomicU64,
    commit_micros: AtomicU64,
    failures: AtomicU64,
    failing: AtomicBool,
}

/// Figures at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiguresNow {
    /// Commits so far.
    pub commits: u64,
    /// Time spent in them, in microseconds.
    pub commit_micros: u64,
    pub failures: u64,
    /// Whether the last one failed: nothing can be decided until the disk takes writes again.
    pub failing: bool,
    /// Commands waiting for the writer.
    pub queue: usize,
}

impl Figures {
    /// Counts a commit that took so long.
    pub fn committed(&self, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
        self.failing.store(false, Ordering::Relaxed);
    }

    /// Counts a commit that failed.
    pub fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Returns the figures now.
    pub fn now(&self, queue: usize) -> FiguresNow {
        FiguresNow {
            commits: self.commits.load(Ordering::Relaxed),
            commit_micros: self.commit_micros.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            failing: self.failing.load(Ordering::Relaxed),
            queue,
        }
    }
}
