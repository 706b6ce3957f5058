//! The records of every log in memory, with the heads that are kept of each: what runs for peers are made of; making it durable is left out.

use std::collections::BTreeMap;

use usher_keys::EventId;
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, KeptHeads, MAX_RUN_BYTES, MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::{Origin, Seq};

use crate::file::GroupRecord;

/// One log, from where it begins here.
#[derive(Debug, Clone, Default)]
struct Log {
    /// Where it stood before its first record here: behind what a checkpoint covers.
    base: Tail,
    entries: Vec<Entry>,
    /// The kept heads, in their order.
    heads: Vec<Head>,
}

/// All logs of a replica.
#[derive(Debug, Default)]
pub struct Logs {
    logs: BTreeMap<Origin, Log>,
    kept: KeptHeads,
}

impl Logs {
    /// Lets a log begin behind what a checkpoint covers.
    pub fn begin(&mut self, origin: Origin, covered: Tail) {
        self.kept.begin(origin, covered.seq);
        let log = Log {
            base: covered,
            ..Log::default()
        };
        self.logs.insert(origin, log);
    }

    /// Drops a log.
    pub fn forget(&mut self, origin: &Origin) {
        self.logs.remove(origin);
        self.kept.begin(*origin, Seq(0));
    }

    /// Appends a record that the ledger gave.
    pub fn push(&mut self, entry: Entry) {
        self.logs.entry(entry.origin).or_default().entries.push(entry);
    }

    /// Appends a record that was stored; its place in the chain follows from those before it.
    pub fn replay(&mut self, event: EventId, record: GroupRecord) {
        let log = self.logs.entry(record.origin).or_default();
        let end = log.entries.last().map_or(log.base, |entry| entry.tail);
        log.entries.push(Entry {
            origin: record.origin,
            tail: end.push(event, &record.origin, &record.bytes),
            bytes: record.bytes,
            worth: Worth::of_code(record.worth),
        });
    }

    /// Puts a newer head of a log up; those between that runs reach over are dropped.
    pub fn sign(&mut self, head: Head) {
        let log = self.logs.entry(head.origin).or_default();
        let newest = log.heads.last().map_or(log.base.seq, |newest| newest.tail.seq);
        let behind = log
            .entries
            .iter()
            .rev()
            .skip_while(|entry| entry.tail.seq > head.tail.seq);
        let covered = behind.take_while(|entry| entry.tail.seq > newest);
        let bytes = covered.map(|entry| entry.bytes.len());
        let dropped = self.kept.put(head.origin, head.tail.seq, bytes.sum());
        log.heads.retain(|kept| Some(kept.tail.seq) != dropped);
        log.heads.push(head);
    }

    /// Returns every record, each log in its order, logs in the order of their origins.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.logs.values().flat_map(|log| &log.entries)
    }

    /// Returns every kept head in the same order.
    pub fn heads(&self) -> impl Iterator<Item = &Head> {
        self.logs.values().flat_map(|log| &log.heads)
    }

    /// Tells whether our copy of a log passes there.
    #[must_use]
    pub fn passes(&self, origin: &Origin, tail: Tail) -> bool {
        let found = self.logs.get(origin).and_then(|log| log.tail_at(tail.seq));
        found == Some(tail)
    }

    /// Tells whether anything of a log is here, be it only that a checkpoint covers it.
    #[must_use]
    pub fn holds(&self, origin: &Origin) -> bool {
        self.logs.contains_key(origin)
    }

    /// Returns the longest run after a record that ends at a kept head and fits, or the shortest if none fits.
    #[must_use]
    pub fn run_after(&self, origin: &Origin, after: Seq) -> Option<Run> {
        let log = self.logs.get(origin)?;
        let base = log.tail_at(after)?;
        let skipped = usize::try_from(after.0.checked_sub(log.base.seq.0)?).ok()?;
        let rest = log.entries.get(skipped..)?;
        let mut bytes = 0;
        let fitting = rest.iter().take(MAX_RUN_RECORDS).take_while(|entry| {
            bytes += entry.bytes.len();
            bytes <= MAX_RUN_BYTES
        });
        let furthest = fitting.last().map_or(after, |entry| entry.tail.seq);
        let mut later = log.heads.iter().filter(|head| head.tail.seq > after);
        let last = later.clone().rev().find(|head| head.tail.seq <= furthest);
        let head = last.or_else(|| later.next())?.clone();
        let within = rest.iter().take_while(|entry| entry.tail.seq <= head.tail.seq);
        let records = within.map(|entry| entry.bytes.clone()).collect();
        Some(Run { base, records, head })
    }
}

impl Log {
    fn tail_at(&self, seq: Seq) -> Option<Tail> {
        let number = seq.0.checked_sub(self.base.seq.0)?;
        match number.checked_sub(1) {
            None => Some(self.base),
            Some(at) => self
                .entries
                .get(usize::try_from(at).ok()?)
                .map(|entry| entry.tail),
        }
    }
}
