//! Every record of the evening, once for all disks: which of them lie on a device's disk is told by where its copies end.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_protocol::evidence::{Evidence, Worth};
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::sync::Held;
use usher_protocol::trust::Trust;
use usher_protocol::{Origin, Seq};

/// Where the copies on a disk end.
pub(super) type Vector = BTreeMap<Origin, Seq>;

#[derive(Default)]
struct KeptLog {
    entries: Vec<Entry>,
    heads: BTreeMap<Seq, Head>,
    /// The run that was loaded last: many peers lack the same one.
    last: Option<Arc<Run>>,
}

/// All logs.
#[derive(Default)]
pub(super) struct KeptRecords {
    logs: BTreeMap<Origin, KeptLog>,
}

impl KeptRecords {
    /// Takes what a device has written, up to its signed head.
    pub(super) fn append(&mut self, entries: Vec<Entry>, head: Head) {
        let log = self.logs.entry(head.origin).or_default();
        log.entries.extend(entries);
        log.heads.insert(head.tail.seq, head);
    }

    /// Returns a log up to a record.
    pub(super) fn log(&self, origin: &Origin, until: Seq) -> &[Entry] {
        let entries = self.logs.get(origin).map(|log| log.entries.as_slice());
        entries
            .and_then(|entries| entries.get(..index(until)))
            .unwrap_or_default()
    }

    /// Returns what a disk holds of a log that ends at that record.
    pub(super) fn held(&self, origin: &Origin, until: Seq) -> Held {
        let head = self.head(origin, until);
        let tail = self.log(origin, until).last().map(|entry| entry.tail);
        head.map_or_else(
            || Held {
                origin: *origin,
                tail: tail.unwrap_or_default(),
                signature: None,
            },
            Held::from,
        )
    }

    /// Returns the head at a record.
    pub(super) fn head(&self, origin: &Origin, at: Seq) -> Option<Head> {
        self.logs.get(origin)?.heads.get(&at).cloned()
    }

    /// Loads a run after a record from a disk that holds the log up to another.
    pub(super) fn run(&mut self, origin: Origin, after: Seq, until: Seq) -> Option<Arc<Run>> {
        let log = self.logs.get_mut(&origin)?;
        let furthest = Seq(after.0 + MAX_RUN_RECORDS as u64).min(until);
        if furthest <= after {
            return None;
        }
        let head = log.heads.range(after.next()..=furthest).next_back()?.1;
        let is_it = |run: &&Arc<Run>| run.base.seq == after && run.head.tail.seq == head.tail.seq;
        if let Some(run) = log.last.as_ref().filter(is_it) {
            return Some(Arc::clone(run));
        }
        let before = after.0.checked_sub(1).map(|at| index(Seq(at)));
        let base = before.map_or(Some(Tail::default()), |at| {
            log.entries.get(at).map(|entry| entry.tail)
        })?;
        let entries = log.entries.get(index(after)..index(head.tail.seq))?;
        let run = Arc::new(Run {
            base,
            records: entries.iter().map(|entry| entry.bytes.clone()).collect(),
            head: head.clone(),
        });
        log.last = Some(Arc::clone(&run));
        Some(run)
    }

    /// Returns what the signatures inside a run's records are worth: each was verified where its code was read, by the trust that all
    /// devices pin, and is not verified again. `None` where one is to be looked at.
    pub(super) fn evidence(&self, run: &Run, trust: &Trust) -> Option<Evidence> {
        let log = self.logs.get(&run.head.origin)?;
        let entries = log.entries.get(index(run.base.seq)..index(run.head.tail.seq))?;
        let is_proven = entries.iter().all(|entry| entry.worth == Worth::Proven);
        is_proven.then(|| Evidence::none(trust))
    }
}

fn index(seq: Seq) -> usize {
    usize::try_from(seq.0).unwrap_or(usize::MAX)
}
