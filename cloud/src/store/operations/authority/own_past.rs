//! What devices were seen to hold of the authority's own log beyond the database: it is an older copy, and every process must know.

use usher_keys::{EventId, PublicKey};
use usher_protocol::Origin;
use usher_protocol::log::Head;

use crate::store::StoreError;
use crate::store::authority::NoteOwnPast;
use crate::store::operations::Effect;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::{count, feed, logs};

/// Notes the head of an event's own past, unless as much is noted already.
pub fn note_own_past(connection: &Sql<'_>, noted: &NoteOwnPast) -> Result<Effect<()>, StoreError> {
    let Head {
        origin,
        tail,
        signature,
    } = &noted.head;
    let changed = connection
        .prepare_cached(
            "INSERT INTO own_pasts (event_id, origin, seq, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (event_id) DO UPDATE
                 SET origin = excluded.origin, seq = excluded.seq, hash = excluded.hash, signature = excluded.signature
                 WHERE own_pasts.origin <> excluded.origin OR own_pasts.seq < excluded.seq",
        )?
        .execute(params![
            noted.event.0,
            origin.0,
            count(tail.seq.0),
            tail.hash,
            signature.0
        ])?;
    if changed == 0 {
        return Ok(Effect::Undo(()));
    }
    feed::advance(connection, noted.event)?;
    Ok(Effect::Keep(()))
}

/// Finds what is noted.
pub fn own_past(connection: &Sql<'_>, event: EventId) -> Result<Option<Head>, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT origin, seq, hash, signature FROM own_pasts WHERE event_id = ?1")?;
    let mut found =
        select.query_and_then([event.0], |row| logs::read_head(PublicKey(row.get(0)?), row, 1))?;
    found.next().transpose()
}

/// Tells whether less of a log is stored than is noted of it.
pub fn is_behind(connection: &Sql<'_>, event: EventId, origin: Origin) -> Result<bool, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM own_pasts WHERE event_id = ?1 AND origin = ?2
             AND seq > coalesce((SELECT max(seq) FROM heads WHERE event_id = ?1 AND origin = ?2), 0)",
        )?
        .query_row(params![event.0, origin.0], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}
