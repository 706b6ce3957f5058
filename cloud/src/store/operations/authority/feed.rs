//! The feed of an event: what is stored of its logs and trust beyond what somebody knows, found by comparing where each log ends.

use std::collections::BTreeMap;

use usher_keys::{EventId, PublicKey};
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Origin, Seq};

use crate::store::StoreError;
use crate::store::authority::{ChangesAfter, FeedTotal, FeedVersion, Sealed, StoredChanges};
use crate::store::operations::column::{event_id, moment};
use crate::store::sql::{OptionalExtension, Sql, params};

use super::{count, halts, logs, read_count};

/// Lists the events that have a trust bundle, and what counts the changes of each stands at.
pub fn feed_versions(connection: &Sql<'_>, (): &()) -> Result<Vec<(EventId, FeedVersion)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT event_id, version FROM feeds
         WHERE EXISTS (SELECT 1 FROM trust_bundles WHERE trust_bundles.event_id = feeds.event_id) ORDER BY event_id",
    )?;
    let found = select.query_and_then([], |row| {
        let version = FeedVersion(read_count(row.get(1)?)?);
        Ok((event_id(row.get(0)?), version))
    })?;
    found.collect()
}

/// Adds the counts of changes of all events up: while that stays as it was, so does each of them, since none ever falls.
pub fn feed_total(connection: &Sql<'_>, (): &()) -> Result<FeedTotal, StoreError> {
    let (count, read_at): (i64, Option<i64>) = connection
        .prepare_cached(connection.pick(
            "SELECT CAST(coalesce(sum(version), 0) AS bigint), NULL FROM feeds",
            "SELECT CAST(coalesce(sum(version), 0) AS bigint),
                    CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)
             FROM feeds",
        ))?
        .query_row([], |row| row.try_into())?;
    Ok(FeedTotal {
        count: read_count(count)?,
        read_at: read_at.map(moment),
    })
}

/// Finds what is stored of an event beyond what is known of it.
pub fn changes_after(connection: &Sql<'_>, query: &ChangesAfter) -> Result<StoredChanges, StoreError> {
    let mut heads = logs::newest_heads(connection, &query.event)?;
    let mut changes = StoredChanges {
        version: version(connection, query.event)?,
        grown: Vec::new(),
        is_complete: true,
        has_newer_bundle: has_newer_bundle(connection, query)?,
        has_dropped: false,
        halt: halts::halt(connection, query.event)?,
    };
    let known: BTreeMap<_, _> = query
        .known
        .iter()
        .copied()
        .filter(|(_, tail)| tail.seq.0 > 0)
        .collect();
    let stored: BTreeMap<_, _> = heads.iter().map(|head| (head.origin, head.tail)).collect();
    for (origin, known) in &known {
        changes.has_dropped |= !goes_on_from(connection, query.event, origin, *known, stored.get(origin))?;
    }
    if changes.begins_anew() {
        return Ok(changes);
    }
    heads.sort_by_key(|head| !query.first.contains(&head.origin));
    let mut room = query.limit;
    for newest in heads {
        let known = known.get(&newest.origin).copied().unwrap_or_default();
        if newest.tail == known {
            continue;
        }
        let Some(sealed) = beyond(connection, query.event, known, &newest, room)? else {
            changes.is_complete = false;
            break;
        };
        room = room.saturating_sub(sealed.entries.len() as u64);
        let ends_early = sealed.head != newest;
        changes.grown.push(sealed);
        if ends_early {
            changes.is_complete = false;
            break;
        }
    }
    Ok(changes)
}

/// Returns what counts the changes of an event.
pub fn version(connection: &Sql<'_>, event: EventId) -> Result<FeedVersion, StoreError> {
    let version: Option<i64> = connection
        .prepare_cached("SELECT version FROM feeds WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))
        .optional()?;
    Ok(FeedVersion(read_count(version.unwrap_or(0))?))
}

fn has_newer_bundle(connection: &Sql<'_>, query: &ChangesAfter) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM trust_bundles WHERE event_id = ?1 AND version > ?2)")?
        .query_row(params![query.event.0, count(query.bundle_version)], |row| {
            row.get(0)
        })?;
    Ok(found)
}

/// Tells whether the stored log holds what is known of it: a copy may have been dropped, and another history fetched.
fn goes_on_from(
    connection: &Sql<'_>,
    event: EventId,
    origin: &Origin,
    known: Tail,
    stored: Option<&Tail>,
) -> Result<bool, StoreError> {
    match stored {
        Some(stored) if *stored == known => Ok(true),
        Some(stored) if stored.seq > known.seq => {
            Ok(hash_at(connection, event, origin, known.seq)? == Some(known.hash))
        }
        Some(_) | None => Ok(false),
    }
}

/// Finds the hash of a stored log's chain after a record.
pub fn hash_at(
    connection: &Sql<'_>,
    event: EventId,
    origin: &Origin,
    seq: Seq,
) -> Result<Option<[u8; 32]>, StoreError> {
    let hash = connection
        .prepare_cached("SELECT hash FROM records WHERE event_id = ?1 AND origin = ?2 AND seq = ?3")?
        .query_row(params![event.0, origin.0, count(seq.0)], |row| row.get(0))
        .optional()?;
    Ok(hash)
}

/// Reads a log on from what is known, up to its newest head or the last one within `room` records, or the first one if nothing
/// else was found yet; `None` when there is no room.
fn beyond(
    connection: &Sql<'_>,
    event: EventId,
    known: Tail,
    newest: &Head,
    room: u64,
) -> Result<Option<Sealed>, StoreError> {
    if room == 0 {
        return Ok(None);
    }
    let last = known.seq.0.saturating_add(room);
    let head = if newest.tail.seq.0 <= last {
        check_end(connection, event, newest)?;
        newest.clone()
    } else {
        head_near(connection, event, newest.origin, known.seq, Seq(last))?
    };
    let mut select = connection.prepare_cached(
        "SELECT seq, hash, bytes, worth FROM records
         WHERE event_id = ?1 AND origin = ?2 AND seq > ?3 AND seq <= ?4 ORDER BY seq",
    )?;
    let log = params![event.0, head.origin.0, count(known.seq.0), count(head.tail.seq.0)];
    let entries = select.query_and_then(log, |row| {
        let tail = Tail {
            seq: Seq(read_count(row.get(0)?)?),
            hash: row.get(1)?,
        };
        Ok::<_, StoreError>(Entry {
            origin: head.origin,
            tail,
            bytes: row.get(2)?,
            worth: Worth::of_code(row.get(3)?),
        })
    })?;
    let entries = entries.collect::<Result<_, _>>()?;
    Ok(Some(Sealed { entries, head }))
}

/// Checks that nothing is stored behind the newest head: records are only ever stored with one.
fn check_end(connection: &Sql<'_>, event: EventId, newest: &Head) -> Result<(), StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM records WHERE event_id = ?1 AND origin = ?2")?
        .query_row(params![event.0, newest.origin.0], |row| row.get(0))?;
    if last == Some(count(newest.tail.seq.0)) {
        Ok(())
    } else {
        Err(StoreError::Unreadable { what: "head" })
    }
}

/// Finds the last head up to there, or else the first one beyond.
fn head_near(
    connection: &Sql<'_>,
    event: EventId,
    origin: PublicKey,
    known: Seq,
    last: Seq,
) -> Result<Head, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT seq, hash, signature FROM heads WHERE event_id = ?1 AND origin = ?2 AND seq > ?3
         ORDER BY seq > ?4, CASE WHEN seq > ?4 THEN seq ELSE -seq END LIMIT 1",
    )?;
    let near = params![event.0, origin.0, count(known.0), count(last.0)];
    let mut found = select.query_and_then(near, |row| logs::read_head(origin, row, 0))?;
    found
        .next()
        .unwrap_or(Err(StoreError::Unreadable { what: "head" }))
}
