//! Walking every log of an event in the order in which its records came: chains, heads, signatures, and positions without a gap.

use std::collections::BTreeMap;

use rusqlite::Connection;
use usher_disk::{Fault, LogFinding, LogWalk};
use usher_keys::{EventId, PublicKey, Signature};
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Origin, Seq};

use crate::store::StoreError;
use crate::store::finding::Finding;
use crate::store::operations::authority::read_count;

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
    let walk = |origin, heads| LogWalk::new(event, origin, Tail::default(), heads);
    let heads = heads(connection, event)?.into_iter();
    let mut logs: BTreeMap<Origin, LogWalk> = heads
        .map(|(origin, heads)| (origin, walk(origin, heads)))
        .collect();
    let mut select = connection.prepare(
        "SELECT position, origin, seq, hash, bytes FROM records WHERE event_id = ?1 ORDER BY position",
    )?;
    let mut rows = select.query([event.0])?;
    let (mut records, mut found, mut gap) = (0, Vec::new(), None);
    while let Some(row) = rows.next()? {
        let (position, origin, seq, hash, bytes): (i64, [u8; 32], i64, [u8; 32], Vec<u8>) = row.try_into()?;
        let (origin, seq) = (PublicKey(origin), Seq(read_count(seq)?));
        records += 1;
        if read_count(position)? != records {
            gap.get_or_insert((origin, seq));
        }
        let log = logs.entry(origin).or_insert_with(|| walk(origin, Vec::new()));
        found.extend(log.step(Tail { seq, hash }, &bytes, &mut |_, _| {}));
    }
    found.extend(logs.into_values().filter_map(LogWalk::end));
    // A log that is gone with its heads leaves nothing but a gap.
    if let Some((origin, seq)) = gap.filter(|_| found.is_empty()) {
        let fault = Fault::Missing;
        found.push(LogFinding { origin, seq, fault });
    }
    findings.extend(found.into_iter().map(|found| Finding::Log { event, found }));
    Ok(records)
}

fn heads(connection: &Connection, event: EventId) -> Result<BTreeMap<Origin, Vec<Head>>, StoreError> {
    let mut select = connection
        .prepare("SELECT origin, seq, hash, signature FROM heads WHERE event_id = ?1 ORDER BY seq")?;
    let mut rows = select.query([event.0])?;
    let mut heads: BTreeMap<Origin, Vec<Head>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash, signature): ([u8; 32], i64, [u8; 32], [u8; 64]) = row.try_into()?;
        let (origin, seq) = (PublicKey(origin), Seq(read_count(seq)?));
        heads.entry(origin).or_default().push(Head {
            origin,
            tail: Tail { seq, hash },
            signature: Signature(signature),
        });
    }
    Ok(heads)
}
