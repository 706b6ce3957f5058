//! The events of which nothing is sold or ordered because the database may be an older copy: every process must know, also from one start
//! to the next.

use usher_keys::{EventId, PublicKey};
use usher_protocol::log::Head;

use crate::store::StoreError;
use crate::store::authority::{Halt, HaltAll, NoteOwnPast, Resume};
use crate::store::operations::Effect;
use crate::store::operations::column::{event_id, moment, ms};
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::{changes, count, logs};

/// Halts an event and notes the head of its own past, unless a head as far along is noted already.
pub fn note_own_past(connection: &Sql<'_>, noted: &NoteOwnPast) -> Result<Effect<()>, StoreError> {
    let Head {
        origin,
        tail,
        signature,
    } = &noted.head;
    let changed = connection
        .prepare_cached(
            "INSERT INTO halts (event_id, since, origin, seq, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (event_id) DO UPDATE
                 SET origin = excluded.origin, seq = excluded.seq, hash = excluded.hash, signature = excluded.signature
                 WHERE halts.origin IS NULL OR halts.origin <> excluded.origin OR halts.seq < excluded.seq",
        )?
        .execute(params![
            noted.event.0,
            ms(noted.now),
            origin.0,
            count(tail.seq.0),
            tail.hash,
            signature.0
        ])?;
    if changed == 0 {
        return Ok(Effect::Undo(()));
    }
    changes::advance(connection, noted.event)?;
    Ok(Effect::Keep(()))
}

/// Halts every event, as after a restore; tells how many that are. One that is halted already is from now on.
pub fn halt_all(connection: &Sql<'_>, all: &HaltAll) -> Result<Effect<usize>, StoreError> {
    let halted = connection
        .prepare_cached(
            "INSERT INTO halts (event_id, since) SELECT event_id, ?1 FROM events WHERE true
             ON CONFLICT (event_id) DO UPDATE SET since = excluded.since",
        )?
        .execute([ms(all.now)])?;
    connection
        .prepare_cached("UPDATE feeds SET version = version + 1")?
        .execute([])?;
    Ok(Effect::Keep(halted))
}

/// Ends the halt of an event; `false` when it is not halted, or other than is known.
pub fn resume(connection: &Sql<'_>, resumed: &Resume) -> Result<Effect<bool>, StoreError> {
    if halt(connection, resumed.event)?.as_ref() != Some(&resumed.known) {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached("DELETE FROM halts WHERE event_id = ?1")?
        .execute([resumed.event.0])?;
    changes::advance(connection, resumed.event)?;
    Ok(Effect::Keep(true))
}

/// Lists the events that are halted.
pub fn halts(connection: &Sql<'_>, (): &()) -> Result<Vec<(EventId, Halt)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT since, origin, seq, hash, signature, event_id FROM halts ORDER BY event_id",
    )?;
    let found = select.query_and_then([], |row| Ok((event_id(row.get(5)?), read(row)?)))?;
    found.collect()
}

/// Finds the halt of an event.
pub fn halt(connection: &Sql<'_>, event: EventId) -> Result<Option<Halt>, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT since, origin, seq, hash, signature FROM halts WHERE event_id = ?1")?;
    let mut found = select.query_and_then([event.0], read)?;
    found.next().transpose()
}

fn read(row: &Row<'_>) -> Result<Halt, StoreError> {
    let origin: Option<[u8; 32]> = row.get(1)?;
    let past = origin.map(|origin| logs::read_head(PublicKey(origin), row, 2));
    Ok(Halt {
        since: moment(row.get(0)?),
        past: past.transpose()?,
    })
}

/// Tells whether an event is halted.
pub fn is_halted(connection: &Sql<'_>, event: EventId) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT since FROM halts WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}
