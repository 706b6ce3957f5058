//! Reading runs back for peers: as long as fits, up to a head that is kept.

use rusqlite::{Connection, OptionalExtension};
use usher_protocol::log::{Head, MAX_RUN_BYTES, MAX_RUN_RECORDS, Run};
use usher_protocol::{Origin, Seq};

use super::super::replay::{read_head, read_seq};
use super::{column, tail_at};

/// Loads the longest run after a record that ends at a kept head and fits, or the shortest if none fits; in one snapshot.
pub fn run_after(snapshot: &Connection, origin: Origin, after: Seq) -> rusqlite::Result<Option<Run>> {
    let Some(base) = tail_at(snapshot, &origin, after)? else {
        return Ok(None);
    };
    let furthest = furthest_that_fits(snapshot, &origin, after)?;
    let Some(head) = head_within(snapshot, &origin, after, furthest)? else {
        return Ok(None);
    };
    let mut statement = snapshot.prepare_cached(
        "SELECT bytes FROM records WHERE origin = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let range = (origin.0, column(after), column(head.tail.seq));
    let records: Vec<Vec<u8>> = statement
        .query_map(range, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // Behind a checkpoint the log does not begin at its first record.
    let whole = after.0.checked_add(records.len() as u64) == Some(head.tail.seq.0);
    Ok(whole.then_some(Run { base, records, head }))
}

fn furthest_that_fits(connection: &Connection, origin: &Origin, after: Seq) -> rusqlite::Result<Seq> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, length(bytes) FROM records WHERE origin = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let limit = i64::try_from(MAX_RUN_RECORDS).unwrap_or(i64::MAX);
    let mut rows = statement.query((origin.0, column(after), limit))?;
    let (mut furthest, mut bytes) = (after, 0);
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, i64>(1)?;
        if usize::try_from(bytes).is_ok_and(|bytes| bytes > MAX_RUN_BYTES) {
            break;
        }
        furthest = read_seq(row, 0)?;
    }
    Ok(furthest)
}

fn head_within(
    connection: &Connection,
    origin: &Origin,
    after: Seq,
    furthest: Seq,
) -> rusqlite::Result<Option<Head>> {
    let mut last = connection.prepare_cached(
        "SELECT origin, seq, hash, signature FROM heads
         WHERE origin = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT 1",
    )?;
    let found = last
        .query_row((origin.0, column(after), column(furthest)), read_head)
        .optional()?;
    if found.is_some() {
        return Ok(found);
    }
    let mut next = connection.prepare_cached(
        "SELECT origin, seq, hash, signature FROM heads WHERE origin = ?1 AND seq > ?2 ORDER BY seq LIMIT 1",
    )?;
    next.query_row((origin.0, column(after)), read_head).optional()
}
