//! Giving a booking a new id, because somebody who should not knows the one it has; its tickets and its charge stay what they are.

use crate::ids::BookingId;
use crate::selling::paying::may_renew;
use crate::selling::{BookingState, RenewBooking, RenewOutcome};
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::booking_state;

/// Gives an ended booking a new id. A repeated request returns the id of the first.
pub fn renew_booking(
    connection: &Sql<'_>,
    request: &RenewBooking,
) -> Result<Effect<RenewOutcome>, StoreError> {
    let id = request.booking;
    if let Err(refusal) = may_renew(state(connection, id)?, renewed_since(connection, id)?) {
        return Ok(Effect::Undo(refusal));
    }
    // Its tickets follow: they refer to it ON UPDATE CASCADE. Two that renew it at once, or one that pays, find out here.
    let renewed = connection
        .prepare_cached(
            "UPDATE bookings SET booking_id = ?3, former_id = ?2
             WHERE event_id = ?1 AND booking_id = ?2 AND closed_at IS NOT NULL",
        )?
        .execute(params![id.event.0, id.local, request.new.local])?;
    match renewed {
        1 => Ok(Effect::Keep(RenewOutcome::Renewed(request.new))),
        _ => Err(StoreError::Overtaken),
    }
}

fn state(connection: &Sql<'_>, id: BookingId) -> Result<Option<BookingState>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT state, decline FROM bookings WHERE event_id = ?1 AND booking_id = ?2")?;
    let mut found = query.query_and_then(params![id.event.0, id.local], |row| {
        booking_state(row.column(0)?.as_str()?, row.column(1)?.as_str_or_null()?)
    })?;
    found.next().transpose()
}

/// Finds the booking that had this id before.
fn renewed_since(connection: &Sql<'_>, id: BookingId) -> Result<Option<BookingId>, StoreError> {
    let event = id.event;
    let current = connection
        .prepare_cached("SELECT booking_id FROM bookings WHERE event_id = ?1 AND former_id = ?2")?
        .query_row(params![event.0, id.local], |row| row.get(0))
        .optional()?;
    Ok(current.map(|local| BookingId { event, local }))
}
