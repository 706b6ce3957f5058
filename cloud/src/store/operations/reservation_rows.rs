//! The rows of reservations, and the units that go back from them.

use usher_keys::Timestamp;
use usher_protocol::Unit;

use crate::ids::ReservationId;
use crate::selling::claimant::Claimant;
use crate::selling::{Reservation, UnitState};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::column::{lines_text, ms};

/// Writes a reservation down.
pub fn record(
    connection: &Sql<'_>,
    reservation: &Reservation,
    (claimant, now): (Option<Claimant>, Timestamp),
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO reservations (event_id, reservation_id, state, lines, amount, created_at, expires_at,
                                       claimant_address, claimant_session)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .run(params![
            reservation.id.event.0,
            reservation.id.local,
            reservation.state.word(),
            lines_text(&reservation.lines),
            reservation.amount.minor,
            ms(now),
            ms(reservation.expires_at),
            claimant.as_ref().map(|claimant| claimant.address.bytes()),
            claimant.map(|claimant| claimant.session.0)
        ])?;
    Ok(())
}

/// Makes those of a reservation's units available that are still its own and in the given state.
pub fn free_units(
    connection: &Sql<'_>,
    reservation: &Reservation,
    state: UnitState,
) -> Result<(), StoreError> {
    let units = reservation.lines.iter().map(|line| line.unit);
    free_each(connection, &reservation.id, units, state)
}

/// Makes those of these units available that are still the reservation's and in the given state.
pub fn free_each(
    connection: &Sql<'_>,
    reservation: &ReservationId,
    units: impl Iterator<Item = Unit>,
    state: UnitState,
) -> Result<(), StoreError> {
    let mut free = connection.prepare_cached(
        "UPDATE units SET state = 'available', reservation_id = NULL, held_until = NULL
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = ?4",
    )?;
    for unit in units {
        free.run(params![
            reservation.event.0,
            unit.0,
            reservation.local,
            state.word()
        ])?;
    }
    Ok(())
}
