//! A hub of the small event: what it remembers, and what of the logs is on its disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use usher_protocol::admission::Verdict;

use usher_protocol::evidence::Evidence;
use usher_protocol::ledger::{Entry, JudgingAs, Ledger};
use usher_protocol::log::{Hash, Head, Run, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::routing::Routing;

use super::event::{AUTHORITY, HUBS, NOW, identity, public, secret_key, trust};

/// What became durable together in one log.
#[derive(Clone)]
pub struct Commit {
    /// Whether it only says that nobody was let in.
    pub is_idle: bool,
    pub entries: Vec<Entry>,
    pub run: Run,
    pub evidence: Evidence,
}

/// The logs as they are on their writers' disks; whoever holds a beginning of one holds whole commits.
pub type Logs = [Arc<Vec<Commit>>; HUBS + 1];

/// A scan on its way at a hub.
#[derive(Debug, Clone)]
pub struct UnderWay {
    pub routing: Routing,
    /// The time on the clock of its way.
    pub now_ms: u64,
    /// The hub's own verdict.
    pub ours: Option<(Verdict, JudgingAs)>,
    /// The hub that asked; none for its own gate.
    pub asker: Option<usize>,
}

/// A hub.
#[derive(Clone)]
pub struct Hub {
    pub ledger: Arc<Ledger>,
    /// How many commits of each log are on its disk.
    pub held: [usize; HUBS + 1],
    /// How many of its own there were when it was started last.
    pub started_at: usize,
    pub under_way: BTreeMap<usize, UnderWay>,
}

impl Hub {
    /// Starts a hub from what is on its disk.
    pub fn start(me: usize, held: [usize; HUBS + 1], logs: &Logs) -> Self {
        let mut ledger = Ledger::new(public(me), Some(identity(me)), trust());
        replay(&mut ledger, &held, logs);
        Self {
            ledger: Arc::new(ledger),
            held,
            started_at: held[me],
            under_way: BTreeMap::new(),
        }
    }
}

/// What a ledger follows from: which hub's it is, where each log that it holds ends, and how much of its own it started with.
type LedgerKey = (usize, [Option<Hash>; HUBS + 1], usize);

/// A ledger after it has heard something, and what that demanded to be written.
type HeardLedger = (Arc<Ledger>, Vec<Entry>);

/// What the same hub has done before in another order of things, so that no signature is made or verified twice.
#[derive(Default)]
pub struct Memory {
    heard: Mutex<BTreeMap<(LedgerKey, Hash), HeardLedger>>,
    heads: Mutex<BTreeMap<Hash, Head>>,
}

impl Memory {
    /// Has a hub hear what comes next of a log, and gives what it is to write then.
    pub fn hear(&self, (me, hub): (usize, &mut Hub), log: usize, logs: &Logs) -> Vec<Entry> {
        let end = |one: usize| {
            hub.held[one]
                .checked_sub(1)
                .map(|last| logs[one][last].run.head.tail.hash)
        };
        let commit = &logs[log][hub.held[log]];
        let before = (me, [0, 1, 2, AUTHORITY].map(end), hub.started_at);
        let key = (before, commit.run.head.tail.hash);
        let known = self
            .heard
            .lock()
            .expect("no thread has panicked")
            .get(&key)
            .cloned();
        let (ledger, due) = known.unwrap_or_else(|| {
            let mut ledger = Ledger::clone(&hub.ledger);
            let accepted = ledger.accept(&commit.run, Some(commit.evidence.clone()), NOW);
            accepted.expect("honest hubs hear each other");
            let due = ledger.write_due_records(NOW);
            let heard = (Arc::new(ledger), due);
            self.heard
                .lock()
                .expect("no thread has panicked")
                .insert(key, heard.clone());
            heard
        });
        hub.ledger = ledger;
        hub.held[log] += 1;
        due
    }

    /// Signs the head of a log that a ledger writes.
    pub fn seal(&self, ledger: &mut Arc<Ledger>, log: usize) -> Head {
        let tail = ledger.tail(&public(log));
        let known = self
            .heads
            .lock()
            .expect("no thread has panicked")
            .get(&tail.hash)
            .cloned();
        if let Some(head) = known {
            Arc::make_mut(ledger).replay_head(head.clone());
            return head;
        }
        let head = Arc::make_mut(ledger)
            .seal(secret_key(log))
            .expect("something was written");
        self.heads
            .lock()
            .expect("no thread has panicked")
            .insert(tail.hash, head.clone());
        head
    }
}

/// Folds the beginnings of logs.
pub fn replay(ledger: &mut Ledger, held: &[usize; HUBS + 1], logs: &Logs) {
    let authority_first = [AUTHORITY].into_iter().chain(0..HUBS);
    for log in authority_first {
        for commit in &logs[log][..held[log]] {
            for entry in &commit.entries {
                assert!(ledger.replay(entry, NOW), "a stored record does not chain");
            }
            ledger.replay_head(commit.run.head.clone());
        }
    }
}

/// Makes records of a log durable.
pub fn commit(log: usize, entries: Vec<Entry>, head: Head, logs: &mut Logs) {
    let before = logs[log].last();
    let base = before.map_or(Tail::default(), |commit| commit.run.head.tail);
    let run = Run {
        base,
        records: entries.iter().map(|entry| entry.bytes.clone()).collect(),
        head,
    };
    // Honest writers have verified what they wrote.
    let evidence = Evidence::none(&trust());
    let is_refusal = |entry: &Entry| {
        let record = Record::from_bytes(&entry.bytes);
        record.is_ok_and(|record| matches!(record.body, Body::Refused(_)))
    };
    let is_idle = entries.iter().all(is_refusal);
    let commit = Commit {
        is_idle,
        entries,
        run,
        evidence,
    };
    Arc::make_mut(&mut logs[log]).push(commit);
}
