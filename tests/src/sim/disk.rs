//! A simulated disk: what was committed survives a crash, nothing else does.

use std::collections::BTreeMap;

use usher_keys::SignedBundle;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::sync::Held;
use usher_protocol::{Origin, Seq};

/// Heads further apart than this are kept besides the newest, so that relayed runs end at older heads too.
const HEAD_EVERY: u64 = 32;

/// What one node has stored.
#[derive(Clone)]
pub struct Disk {
    pub bundle: SignedBundle,
    /// The checkpoint it begins at.
    pub checkpoint: Option<SignedCheckpoint>,
    /// The head of the node's own log, beyond its copy, that a peer was seen to hold.
    pub own_past: Option<Head>,
    /// Where the logs begin that the checkpoint covers.
    bases: BTreeMap<Origin, Tail>,
    logs: BTreeMap<Origin, Vec<Entry>>,
    heads: BTreeMap<Origin, BTreeMap<Seq, Head>>,
}

impl Disk {
    /// Makes a disk that holds nothing but the first bundle.
    pub fn new(bundle: SignedBundle) -> Self {
        Self {
            bundle,
            checkpoint: None,
            own_past: None,
            bases: BTreeMap::new(),
            logs: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// Tells whether nothing was ever written to it.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// Begins at a checkpoint, which a disk with nothing on it but the opening of its own log may.
    pub fn begin_at(&mut self, signed: SignedCheckpoint, checkpoint: &Checkpoint) {
        self.checkpoint = Some(signed);
        for head in &checkpoint.covered {
            self.bases.insert(head.origin, head.tail);
            let kept = self.heads.entry(head.origin).or_default();
            kept.insert(head.tail.seq, head.clone());
        }
    }

    /// Tells whether a log begins behind the checkpoint.
    pub fn begins_behind(&self, origin: &Origin) -> bool {
        self.bases.contains_key(origin)
    }

    /// Returns where a log begins: behind the checkpoint, or at its beginning.
    pub fn base(&self, origin: &Origin) -> Tail {
        self.bases.get(origin).copied().unwrap_or_default()
    }

    /// Returns where a log stood at a record, if that is known.
    pub fn tail_at(&self, origin: &Origin, seq: Seq) -> Option<Tail> {
        let base = self.base(origin);
        let at = seq.0.checked_sub(base.seq.0)?;
        if at == 0 {
            return Some(base);
        }
        let at = usize::try_from(at - 1).expect("few records");
        self.log(origin).get(at).map(|entry| entry.tail)
    }

    /// Tells whether a log passes through a tail.
    pub fn passes(&self, origin: &Origin, tail: &Tail) -> bool {
        self.tail_at(origin, tail.seq) == Some(*tail)
    }

    /// Commits records and heads.
    pub fn commit(&mut self, entries: Vec<Entry>, heads: Vec<Head>) {
        for entry in entries {
            self.logs.entry(entry.origin).or_default().push(entry);
        }
        for head in heads {
            let kept = self.heads.entry(head.origin).or_default();
            if let Some(newest) = kept.keys().next_back().copied() {
                let last_kept = kept.keys().rev().nth(1).map_or(0, |seq| seq.0);
                if head.tail.seq.0 - last_kept < HEAD_EVERY {
                    kept.remove(&newest);
                }
            }
            kept.insert(head.tail.seq, head);
        }
    }

    /// Drops the copies of logs that do not pass through these tails; tells whether there were any.
    pub fn drop_other_histories(&mut self, settled: &[(Origin, Tail)]) -> bool {
        let before = self.heads.len();
        for (origin, tail) in settled {
            if !self.passes(origin, tail) {
                self.logs.remove(origin);
                self.heads.remove(origin);
                self.bases.remove(origin);
            }
        }
        self.heads.len() < before
    }

    /// Returns every record, log by log.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.logs.values().flatten()
    }

    /// Returns one log, oldest record first.
    pub fn log(&self, origin: &Origin) -> &[Entry] {
        self.logs.get(origin).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the proofs of forks that these writers told of.
    pub fn forks_told(&self, by: impl Fn(&Origin) -> bool) -> Vec<ForkProof> {
        let entries = self.entries().filter(|entry| by(&entry.origin));
        let bodies = entries.filter_map(|entry| Some(Record::from_bytes(&entry.bytes).ok()?.body));
        let proofs = bodies.filter_map(|body| {
            if let Body::ForkSeen(proof) = body {
                return Some(*proof);
            }
            None
        });
        proofs.collect()
    }

    /// Returns the newest head of every log.
    pub fn newest_heads(&self) -> impl Iterator<Item = &Head> {
        self.heads.values().filter_map(|heads| heads.values().next_back())
    }

    /// Returns what is held of every log.
    pub fn held(&self) -> Vec<Held> {
        self.newest_heads().cloned().map(Held::from).collect()
    }

    /// Returns what is held of one log.
    pub fn held_of(&self, origin: &Origin) -> Held {
        let newest = self
            .heads
            .get(origin)
            .and_then(|heads| heads.values().next_back());
        newest.cloned().map_or(
            Held {
                origin: *origin,
                tail: Tail::default(),
                signature: None,
            },
            Held::from,
        )
    }

    /// Loads a run.
    pub fn load(&self, origin: Origin, after: Seq) -> Option<Run> {
        let log = self.log(&origin);
        let behind = self.base(&origin).seq.0;
        let reachable = after.next()..=Seq(after.0 + MAX_RUN_RECORDS as u64);
        let head = self.heads.get(&origin)?.range(reachable).next_back()?.1.clone();
        let from = usize::try_from(after.0.checked_sub(behind)?).expect("few records");
        let until = usize::try_from(head.tail.seq.0 - behind).expect("few records");
        let base = self.tail_at(&origin, after)?;
        let records = log
            .get(from..until)?
            .iter()
            .map(|entry| entry.bytes.clone())
            .collect();
        Some(Run { base, records, head })
    }
}
