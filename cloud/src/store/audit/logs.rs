//! Walking every log of an event in the order in which its records came: chains, heads, signatures, and positions without a gap.

use std::collections::BTreeMap;

use usher_disk::{Fault, LogFinding, LogWalk};
use usher_keys::{EventId, PublicKey, Signature};
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Origin, Seq};

use crate::store::StoreError;
use crate::store::finding::Finding;
use crate::store::operations::authority::read_count;
use crate::store::sql::{Sql, params};

/// Records that are read at a time.
const PAGE: u32 = 10_000;

/// Checks the logs of an event; returns how many records they have.
///
/// # Errors
///
/// [`StoreError`].
pub fn check(connection: &Sql<'_>, event: EventId, findings: &mut Vec<Finding>) -> Result<u64, StoreError> {
    let walk = |origin, heads| LogWalk::new(event, origin, Tail::default(), heads);
    let heads = heads(connection, event)?.into_iter();
    let mut logs: BTreeMap<Origin, LogWalk> = heads
        .map(|(origin, heads)| (origin, walk(origin, heads)))
        .collect();
    let (mut records, mut found, mut gap) = (0, Vec::new(), None);
    let mut last = i64::MIN;
    loop {
        let page = page(connection, event, last)?;
        for Recorded {
            position,
            origin,
            tail,
            bytes,
        } in &page
        {
            records += 1;
            if read_count(*position)? != records {
                gap.get_or_insert((*origin, tail.seq));
            }
            let log = logs.entry(*origin).or_insert_with(|| walk(*origin, Vec::new()));
            found.extend(log.step(*tail, bytes, &mut |_, _| {}));
        }
        // A damaged index could give the same page for ever.
        match page.last() {
            Some(recorded) if recorded.position > last => last = recorded.position,
            Some(_) | None => break,
        }
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

/// A record as it is stored.
struct Recorded {
    position: i64,
    origin: Origin,
    tail: Tail,
    bytes: Vec<u8>,
}

/// Reads some records beyond a position: an engine may bring all rows of a statement at once.
fn page(connection: &Sql<'_>, event: EventId, beyond: i64) -> Result<Vec<Recorded>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT position, origin, seq, hash, bytes FROM records
         WHERE event_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
    )?;
    let rows = select.query_and_then(params![event.0, beyond, PAGE], |row| {
        Ok(Recorded {
            position: row.get(0)?,
            origin: PublicKey(row.get(1)?),
            tail: Tail {
                seq: Seq(read_count(row.get(2)?)?),
                hash: row.get(3)?,
            },
            bytes: row.get(4)?,
        })
    })?;
    rows.collect()
}

fn heads(connection: &Sql<'_>, event: EventId) -> Result<BTreeMap<Origin, Vec<Head>>, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT origin, seq, hash, signature FROM heads WHERE event_id = ?1 ORDER BY seq")?;
    let mut rows = select.query([event.0])?;
    let mut heads: BTreeMap<Origin, Vec<Head>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (origin, seq, hash, signature): ([u8; 32], i64, [u8; 32], [u8; 64]) = (&row).try_into()?;
        let (origin, seq) = (PublicKey(origin), Seq(read_count(seq)?));
        heads.entry(origin).or_default().push(Head {
            origin,
            tail: Tail { seq, hash },
            signature: Signature(signature),
        });
    }
    Ok(heads)
}
