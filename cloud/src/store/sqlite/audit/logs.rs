//! Walking every log of an event from its beginning: chains, heads and their signatures.

use std::collections::BTreeMap;

use rusqlite::Connection;
use usher_keys::{EventId, PublicKey, Signature};
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Origin, Seq};

use crate::store::StoreError;
use crate::store::finding::{Fault, Finding};
use crate::store::sqlite::authority::read_count;

/// One log on the walk.
#[derive(Default)]
struct Log {
    tail: Tail,
    /// Heads that are still to be met, the last one first.
    heads: Vec<Head>,
    signed: Seq,
    is_broken: bool,
}

/// Checks the logs of an event; returns how many records they have.
///
/// # Errors
///
/// [`StoreError`].
pub fn check(
    connection: &Connection,
    event: EventId,
    findings: &mut Vec<Finding>,
) -> Result<u64, StoreError> {
    let mut logs = heads(connection, event)?;
    let mut select = connection.prepare(
        "SELECT position, origin, seq, hash, bytes FROM records WHERE event_id = ?1 ORDER BY position",
    )?;
    let mut rows = select.query([event.0])?;
    let mut records = 0;
    while let Some(row) = rows.next()? {
        let (position, origin, seq, hash, bytes): (i64, [u8; 32], i64, [u8; 32], Vec<u8>) = row.try_into()?;
        let (origin, seq) = (PublicKey(origin), Seq(read_count(seq)?));
        let log = logs.entry(origin).or_default();
        records += 1;
        let fault = if read_count(position)? == records {
            log.step(event, &origin, (Tail { seq, hash }, &bytes))
        } else {
            Some(Fault::Missing)
        };
        // What follows the first fault of a log cannot be judged.
        if let Some(fault) = fault
            && !log.is_broken
        {
            log.is_broken = true;
            findings.push(Finding::Log {
                event,
                origin,
                seq,
                fault,
            });
        }
    }
    findings.extend(
        logs.into_iter()
            .filter_map(|(origin, log)| log.end(event, origin)),
    );
    Ok(records)
}

impl Log {
    fn step(&mut self, event: EventId, origin: &Origin, (stored, bytes): (Tail, &[u8])) -> Option<Fault> {
        if stored.seq != self.tail.seq.next() {
            return Some(Fault::Missing);
        }
        let computed = self.tail.push(event, origin, bytes);
        if computed != stored {
            return Some(Fault::Altered);
        }
        self.tail = computed;
        let head = self.heads.pop_if(|head| head.tail.seq <= computed.seq)?;
        self.signed = head.tail.seq;
        let is_true = head.tail == computed && head.verify(event).is_ok();
        (!is_true).then_some(Fault::FalseHead)
    }

    fn end(self, event: EventId, origin: Origin) -> Option<Finding> {
        let finding = |seq, fault| {
            Some(Finding::Log {
                event,
                origin,
                seq,
                fault,
            })
        };
        match self.heads.first() {
            _ if self.is_broken => None,
            Some(head) => finding(head.tail.seq, Fault::Missing),
            None if self.signed < self.tail.seq => finding(self.tail.seq, Fault::Unsigned),
            None => None,
        }
    }
}

fn heads(connection: &Connection, event: EventId) -> Result<BTreeMap<Origin, Log>, StoreError> {
    let mut select = connection
        .prepare("SELECT origin, seq, hash, signature FROM heads WHERE event_id = ?1 ORDER BY seq DESC")?;
    let mut rows = select.query([event.0])?;
    let mut logs: BTreeMap<Origin, Log> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash, signature): ([u8; 32], i64, [u8; 32], [u8; 64]) = row.try_into()?;
        let (origin, seq) = (PublicKey(origin), Seq(read_count(seq)?));
        logs.entry(origin).or_default().heads.push(Head {
            origin,
            tail: Tail { seq, hash },
            signature: Signature(signature),
        });
    }
    Ok(logs)
}
