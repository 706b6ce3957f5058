//! Walking every stored log from its beginning: rebuilding the ledger at start, and finding the exact record that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::{Connection, Row};
use usher_disk::{LogFinding, LogWalk};
use usher_keys::{EventId, PublicKey, Signature, Timestamp};
use usher_protocol::checkpoint::Checkpoint;
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::{Entry, Ledger};
use usher_protocol::log::{Head, KeptHeads, Tail};
use usher_protocol::trust::Trust;
use usher_protocol::{Origin, Seq};

use super::error::{Finding, ReplicaError};

use super::stored_values::{self, StoredEnrolment};

/// What a replica starts with.
pub struct Rebuilt {
    pub ledger: Ledger,
    pub kept_heads: KeptHeads,
}

/// Rebuilds the ledger from what is stored.
///
/// # Errors
///
/// [`ReplicaError`]; a damaged log is refused with the record that is wrong.
pub fn rebuild(connection: &Connection, me: Origin, now: Timestamp) -> Result<Rebuilt, ReplicaError> {
    let enrolment = StoredEnrolment::read(connection)?;
    let trust = Arc::new(Trust::pin(&enrolment.roots, enrolment.bundle)?);
    let event = trust.event();
    let mut ledger = Ledger::new(me, Some(enrolment.identity), Arc::clone(&trust));
    let covered = read_covered(connection)?;
    if let Some(checkpoint) = stored_values::read_checkpoint(connection)? {
        let checkpoint = ledger.adopt_again(&checkpoint)?;
        check_covered(&checkpoint, &covered)?;
        // A copy that was dropped because another history counts begins anew, also behind a checkpoint.
        for head in checkpoint
            .covered
            .iter()
            .filter(|head| !covered.contains_key(&head.origin))
        {
            ledger.forget(&head.origin);
        }
    }
    let mut kept_heads = KeptHeads::default();
    for (origin, tail) in covered {
        kept_heads.begin(origin, tail.seq);
    }
    let mut heads = Vec::new();
    let findings = walk(connection, (event, &read_first(&trust)), &mut |step| match step {
        ReplayStep::Record(entry) => {
            let chained = ledger.replay(entry, now);
            debug_assert!(chained, "the walk has checked the chain");
        }
        ReplayStep::Head(head, bytes) => {
            kept_heads.replay(head.origin, head.tail.seq, bytes);
            heads.push(head.clone());
        }
    })?;
    if let Some(finding) = findings.into_iter().next() {
        return Err(ReplicaError::Damaged(finding));
    }
    for head in heads {
        ledger.replay_head(head);
    }
    if let Some(head) = stored_values::read_own_past(connection)? {
        ledger.hear_own_past(&head);
    }
    Ok(Rebuilt { ledger, kept_heads })
}

/// Demands that the logs begin where the checkpoint ends, but for copies that were dropped.
///
/// # Errors
///
/// [`ReplicaError::Damaged`].
pub fn check_covered(checkpoint: &Checkpoint, covered: &BTreeMap<Origin, Tail>) -> Result<(), ReplicaError> {
    let said = checkpoint.covered.iter().map(|head| (head.origin, head.tail));
    let said: BTreeMap<Origin, Tail> = said.collect();
    if covered
        .iter()
        .all(|(origin, tail)| said.get(origin) == Some(tail))
    {
        return Ok(());
    }
    Err(ReplicaError::Damaged(Finding::Covered))
}

/// One thing met on the walk.
pub enum ReplayStep<'a> {
    /// A sound record.
    Record(&'a Entry),
    /// A sound head, and the record bytes since the head before it.
    Head(&'a Head, usize),
}

/// Returns the logs that are read before all others: passages may rest on what the authorities list.
pub fn read_first(trust: &Trust) -> BTreeSet<Origin> {
    let authorities = trust.bundle().authority_keys.iter();
    authorities.map(|trusted| trusted.key).collect()
}

/// Walks every log, these first, otherwise in the order of origins and numbers; shows what is sound and gives what is wrong.
pub fn walk(
    connection: &Connection,
    (event, first): (EventId, &BTreeSet<Origin>),
    visit: &mut dyn FnMut(ReplayStep),
) -> rusqlite::Result<Vec<Finding>> {
    let mut walk = Walk {
        event,
        heads: read_heads(connection)?,
        covered: read_covered(connection)?,
        log: None,
        findings: Vec::new(),
    };
    let mut of_log = connection
        .prepare("SELECT origin, seq, hash, bytes, worth FROM records WHERE origin = ?1 ORDER BY seq")?;
    for origin in first {
        let mut rows = of_log.query([origin.0])?;
        while let Some(row) = rows.next()? {
            walk.step(&read_entry(row)?, visit);
        }
    }
    let mut all =
        connection.prepare("SELECT origin, seq, hash, bytes, worth FROM records ORDER BY origin, seq")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        if !first.contains(&PublicKey(row.get(0)?)) {
            walk.step(&read_entry(row)?, visit);
        }
    }
    Ok(walk.end())
}

/// Where a walk stands.
struct Walk {
    event: EventId,
    /// The heads of the logs that were not reached yet.
    heads: BTreeMap<Origin, Vec<Head>>,
    covered: BTreeMap<Origin, Tail>,
    log: Option<LogWalk>,
    findings: Vec<LogFinding>,
}

impl Walk {
    fn step(&mut self, entry: &Entry, visit: &mut dyn FnMut(ReplayStep)) {
        let Self {
            event,
            heads,
            covered,
            log,
            findings,
        } = self;
        let origin = entry.origin;
        if log.as_ref().is_none_or(|log| log.origin() != origin) {
            findings.extend(log.take().and_then(LogWalk::end));
        }
        let log = log.get_or_insert_with(|| {
            let base = covered.get(&origin).copied().unwrap_or_default();
            LogWalk::new(*event, origin, base, heads.remove(&origin).unwrap_or_default())
        });
        findings.extend(log.step(entry.tail, &entry.bytes, &mut |head, bytes| {
            visit(ReplayStep::Head(head, bytes));
        }));
        if log.is_sound() {
            visit(ReplayStep::Record(entry));
        }
    }

    fn end(mut self) -> Vec<Finding> {
        self.findings.extend(self.log.and_then(LogWalk::end));
        let without_records = self.heads.into_iter();
        let without_records = without_records
            .filter_map(|(origin, heads)| LogWalk::new(self.event, origin, Tail::default(), heads).end());
        self.findings.extend(without_records);
        self.findings.into_iter().map(Finding::Log).collect()
    }
}

fn read_entry(row: &Row) -> rusqlite::Result<Entry> {
    Ok(Entry {
        origin: PublicKey(row.get(0)?),
        tail: Tail {
            seq: read_seq(row, 1)?,
            hash: row.get(2)?,
        },
        bytes: row.get(3)?,
        worth: Worth::of_code(row.get(4)?),
    })
}

fn read_heads(connection: &Connection) -> rusqlite::Result<BTreeMap<Origin, Vec<Head>>> {
    let mut statement =
        connection.prepare("SELECT origin, seq, hash, signature FROM heads ORDER BY origin, seq")?;
    let mut heads: BTreeMap<Origin, Vec<Head>> = BTreeMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let head = read_head(row)?;
        heads.entry(head.origin).or_default().push(head);
    }
    Ok(heads)
}

/// Reads a head from the columns origin, seq, hash, signature.
pub fn read_head(row: &Row) -> rusqlite::Result<Head> {
    Ok(Head {
        origin: PublicKey(row.get(0)?),
        tail: Tail {
            seq: read_seq(row, 1)?,
            hash: row.get(2)?,
        },
        signature: Signature(row.get(3)?),
    })
}

/// Reads where the logs stood in the checkpoint.
pub fn read_covered(connection: &Connection) -> rusqlite::Result<BTreeMap<Origin, Tail>> {
    let mut statement = connection.prepare("SELECT origin, seq, hash FROM covered")?;
    let tails = statement.query_map([], |row| {
        let tail = Tail {
            seq: read_seq(row, 1)?,
            hash: row.get(2)?,
        };
        Ok((PublicKey(row.get(0)?), tail))
    })?;
    tails.collect()
}

/// Reads a record's number; a negative one, which only a tampered file holds, reads as 0.
pub fn read_seq(row: &Row, column: usize) -> rusqlite::Result<Seq> {
    let seq: i64 = row.get(column)?;
    Ok(Seq(u64::try_from(seq).unwrap_or(0)))
}
