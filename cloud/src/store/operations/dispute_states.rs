//! How the disputes of a charge or a booking stand together, for whoever reads either.

use usher_keys::EventId;

use crate::ids::BookingId;
use crate::selling::disputes::{DisputeState, of_all};
use crate::store::StoreError;
use crate::store::sql::{Sql, Statement, Values, params};

use super::column::Local;

/// Returns how the disputes of a charge stand together; nothing if there are none.
pub fn of_charge(
    connection: &Sql<'_>,
    event: EventId,
    charge: Local,
) -> Result<Option<DisputeState>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT state FROM disputes WHERE event_id = ?1 AND charge_reference = ?2")?;
    together(&mut query, params![event.0, charge])
}

/// The disputes of a booking's charge.
const OF_BOOKING: &str =
    "SELECT disputes.state FROM bookings JOIN disputes USING (event_id, charge_reference)
     WHERE event_id = ?1 AND booking_id = ?2";

/// Asks already how the disputes of a booking stand.
pub fn ask_ahead(connection: &Sql<'_>, booking: &BookingId) -> Result<(), StoreError> {
    Ok(connection.ask_ahead(OF_BOOKING, params![booking.event.0, booking.local])?)
}

/// Returns how the disputes of a booking stand together; nothing if there are none.
pub fn of_booking(connection: &Sql<'_>, booking: &BookingId) -> Result<Option<DisputeState>, StoreError> {
    let mut query = connection.prepare_cached(OF_BOOKING)?;
    together(&mut query, params![booking.event.0, booking.local])
}

fn together(query: &mut Statement<'_>, of: impl Values) -> Result<Option<DisputeState>, StoreError> {
    let found = query.query_and_then(of, |row| state(row.column(0)?.as_str()?))?;
    let states: Vec<_> = found.collect::<Result<_, StoreError>>()?;
    Ok(of_all(states.into_iter()))
}

/// Reads the word for how a dispute stands.
pub fn state(word: &str) -> Result<DisputeState, StoreError> {
    DisputeState::from_word(word).ok_or(StoreError::Unreadable {
        what: "state of a dispute",
    })
}
