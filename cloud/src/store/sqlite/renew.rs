//! Giving a booking a new id, because somebody who should not knows the one it has; its tickets and its charge stay what they are.

use rusqlite::{Connection, OptionalExtension, params};

use crate::ids::BookingId;
use crate::selling::{RenewBooking, RenewOutcome};
use crate::store::StoreError;

use super::Effect;

/// Gives an ended booking a new id; the same request again gives the id that the first one gave.
pub fn renew_booking(
    connection: &Connection,
    request: &RenewBooking,
) -> Result<Effect<RenewOutcome>, StoreError> {
    let BookingId { event, local } = request.booking;
    // Its tickets follow: they refer to it ON UPDATE CASCADE.
    let renewed = connection
        .prepare_cached(
            "UPDATE bookings SET booking_id = ?3, former_id = ?2
             WHERE event_id = ?1 AND booking_id = ?2 AND state <> 'paying'",
        )?
        .execute(params![event.0, local, request.new.local])?;
    if renewed == 1 {
        return Ok(Effect::Keep(RenewOutcome::Renewed(request.new)));
    }
    let current = connection
        .prepare_cached("SELECT booking_id FROM bookings WHERE event_id = ?1 AND former_id = ?2")?
        .query_row(params![event.0, local], |row| row.get(0))
        .optional()?;
    if let Some(local) = current {
        return Ok(Effect::Undo(RenewOutcome::Renewed(BookingId { event, local })));
    }
    let paying = connection
        .prepare_cached("SELECT 1 FROM bookings WHERE event_id = ?1 AND booking_id = ?2")?
        .exists(params![event.0, local])?;
    Ok(Effect::Undo(if paying {
        RenewOutcome::Paying
    } else {
        RenewOutcome::NotFound
    }))
}
