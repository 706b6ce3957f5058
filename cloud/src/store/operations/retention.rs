//! Erasing what says who the buyers of a past event were; what was sold, and for how much, stays.

use crate::selling::ErasePersonalData;
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{Local, ms};

/// Erases buyers' addresses, names of people who were given tickets, addresses of others who got letters or tickets, and the hashes of requests that
/// can be compared with guessed ones, from bookings that are closed; tells of how many.
pub fn erase_personal_data(
    connection: &Sql<'_>,
    request: &ErasePersonalData,
) -> Result<Effect<usize>, StoreError> {
    let event = request.event;
    let due: Vec<Local> = connection
        .prepare_cached(
            "SELECT booking_id FROM bookings JOIN events USING (event_id)
             WHERE event_id = ?1 AND ends_at <= ?2 AND closed_at IS NOT NULL AND (email <> '' OR bookings.name <> '') LIMIT ?3",
        )?
        .query_map(params![event.0, ms(request.ended_by), request.limit], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    let mut erase = connection.prepare_cached(
        "UPDATE bookings SET email = '', name = '', request_hash = ?3 WHERE event_id = ?1 AND booking_id = ?2",
    )?;
    let mut unname =
        connection.prepare_cached("UPDATE comps SET name = '' WHERE event_id = ?1 AND booking_id = ?2")?;
    connection
        .prepare_cached(
            "UPDATE letters SET recipient = '' WHERE event_id = ?1 AND recipient <> '' AND
             EXISTS (SELECT 1 FROM events WHERE events.event_id = ?1 AND ends_at <= ?2)",
        )?
        .execute(params![event.0, ms(request.ended_by)])?;
    connection
        .prepare_cached(
            "UPDATE tickets SET holder_email = NULL, holder_language = NULL WHERE event_id = ?1 AND holder_email IS NOT NULL
             AND EXISTS (SELECT 1 FROM events WHERE events.event_id = ?1 AND ends_at <= ?2)",
        )?
        .execute(params![event.0, ms(request.ended_by)])?;
    for booking in &due {
        erase.execute(params![event.0, booking, [0_u8; 32]])?;
        unname.execute(params![event.0, booking])?;
    }
    connection
        .prepare_cached(
            "UPDATE waiting_list SET email = '' WHERE event_id = ?1 AND email <> ''
             AND EXISTS (SELECT 1 FROM events WHERE event_id = ?1 AND ends_at <= ?2)",
        )?
        .execute(params![event.0, ms(request.ended_by)])?;
    Ok(Effect::Keep(due.len()))
}
