//! The availability that all processes tell of an event: who follows the last version first writes the next one.

use usher_keys::EventId;

use crate::catalogue::availability::{ChangesQuery, KeptAvailability, NewAvailability, SeatBits};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{count, narrow};

/// For how many seconds changes are kept: who missed more asks for everything, which is hardly more by then.
const CHANGES_KEPT: u64 = 600;

/// Finds the availability that is kept of an event.
pub fn availability(connection: &Sql<'_>, event: &EventId) -> Result<Option<KeptAvailability>, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT version, snapshot FROM availability WHERE event_id = ?1")?;
    let mut found = query.query_and_then([event.0], |row| {
        Ok(KeptAvailability {
            version: narrow(row.get(0)?, "version of an availability")?,
            seats: SeatBits::from_packed(row.get(1)?),
        })
    })?;
    found.next().transpose()
}

/// Finds what changed after a version.
pub fn availability_changes(
    connection: &Sql<'_>,
    query: &ChangesQuery,
) -> Result<Option<(u64, String)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT to_version, changes FROM availability_changes WHERE event_id = ?1 AND from_version = ?2",
    )?;
    let mut found = select.query_and_then(params![query.event.0, count(query.from)], |row| {
        Ok((narrow(row.get(0)?, "version of an availability")?, row.get(1)?))
    })?;
    found.next().transpose()
}

/// Keeps the next availability, unless another process was first.
pub fn keep_availability(connection: &Sql<'_>, new: &NewAvailability) -> Result<Effect<bool>, StoreError> {
    let (event, version, snapshot) = (new.event.0, count(new.next.version), new.next.seats.bytes());
    let Some(known) = new.known else {
        let is_first = connection
            .prepare_cached(
                "INSERT INTO availability (event_id, version, snapshot) VALUES (?1, ?2, ?3)
                 ON CONFLICT (event_id) DO NOTHING",
            )?
            .execute(params![event, version, &snapshot[..]])?;
        return Ok(Effect::Keep(is_first == 1));
    };
    let is_first = connection
        .prepare_cached(
            "UPDATE availability SET version = ?2, snapshot = ?3 WHERE event_id = ?1 AND version = ?4",
        )?
        .execute(params![event, version, &snapshot[..], count(known)])?;
    if is_first == 0 {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached(
            "INSERT INTO availability_changes (event_id, from_version, to_version, changes)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .run(params![event, count(known), version, new.changes])?;
    connection
        .prepare_cached("DELETE FROM availability_changes WHERE event_id = ?1 AND to_version < ?2")?
        .run(params![
            event,
            count(new.next.version.saturating_sub(CHANGES_KEPT))
        ])?;
    Ok(Effect::Keep(true))
}
