//! Ending an open booking: with tickets, or without and with its units given back; each way exactly once.

use rusqlite::{Connection, params};

use crate::ids::BookingId;
use crate::selling::{
    Booking, BookingState, CloseBooking, CloseOutcome, ConfirmBooking, ConfirmOutcome, Ending, NewTicket,
    Reservation,
};
use crate::store::StoreError;

use super::Effect;
use super::column::ms;
use super::{bounds, codes, holds, rows};

/// Turns an open booking into tickets.
pub fn confirm_booking(
    connection: &Connection,
    request: &ConfirmBooking,
) -> Result<Effect<ConfirmOutcome>, StoreError> {
    let Some((booking, reservation)) = with_reservation(connection, request.booking)? else {
        return Ok(Effect::Undo(ConfirmOutcome::Lost));
    };
    if booking.state == BookingState::Confirmed {
        return Ok(Effect::Undo(ConfirmOutcome::Confirmed(booking)));
    }
    let confirmed = connection
        .prepare_cached(
            "UPDATE bookings SET state = 'confirmed', closed_at = ?3
             WHERE event_id = ?1 AND booking_id = ?2 AND state = 'paying'",
        )?
        .execute(params![booking.id.event.0, booking.id.local, ms(request.now)])?;
    let complete = request.tickets.len() == reservation.lines.len();
    if confirmed == 0 || !complete || !issue(connection, request, &reservation)? {
        return Ok(Effect::Undo(ConfirmOutcome::Lost));
    }
    set_reservation(connection, &reservation, "booked")?;
    match rows::booking(connection, &booking.id)? {
        Some(booking) => Ok(Effect::Keep(ConfirmOutcome::Confirmed(booking))),
        None => Err(StoreError::Unreadable { what: "booking" }),
    }
}

/// Books every unit and writes its ticket; `false` when a unit is not the reservation's own any more.
fn issue(
    connection: &Connection,
    request: &ConfirmBooking,
    reservation: &Reservation,
) -> Result<bool, StoreError> {
    let id = reservation.id;
    let mut book = connection.prepare_cached(
        "UPDATE units SET state = 'booked', issued = ?4
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = 'paying' AND issued = ?4 - 1",
    )?;
    for ticket in &request.tickets {
        let own = book.execute(params![id.event.0, ticket.unit.0, id.local, ticket.generation.0])?;
        if own == 0 {
            return Ok(false);
        }
        insert_ticket(connection, request, ticket)?;
    }
    Ok(true)
}

fn insert_ticket(
    connection: &Connection,
    request: &ConfirmBooking,
    ticket: &NewTicket,
) -> Result<(), StoreError> {
    let code = codes::free(connection, ticket.id.event, ticket.code)?;
    connection
        .prepare_cached(
            "INSERT INTO tickets (event_id, ticket_id, unit, generation, booking_id, state, payload, issued_at, code)
             VALUES (?1, ?2, ?3, ?4, ?5, 'valid', ?6, ?7, ?8)",
        )?
        .execute(params![
            ticket.id.event.0,
            ticket.id.local,
            ticket.unit.0,
            ticket.generation.0,
            request.booking.local,
            ticket.payload,
            ms(request.now),
            codes::stored(code),
        ])?;
    Ok(())
}

/// Ends an open booking without tickets.
pub fn close_booking(
    connection: &Connection,
    request: &CloseBooking,
) -> Result<Effect<CloseOutcome>, StoreError> {
    let (state, decline) = match request.ending {
        Ending::Declined(reason) => ("declined", Some(reason.word())),
        Ending::Abandoned => ("abandoned", None),
        Ending::Refunded => ("refunded", None),
    };
    let Some((booking, reservation)) = with_reservation(connection, request.booking)? else {
        return Ok(Effect::Undo(CloseOutcome::NotOpen));
    };
    let closed = connection
        .prepare_cached(
            "UPDATE bookings SET state = ?3, decline = ?4, closed_at = ?5
             WHERE event_id = ?1 AND booking_id = ?2 AND state = 'paying'",
        )?
        .execute(params![
            booking.id.event.0,
            booking.id.local,
            state,
            decline,
            ms(request.now)
        ])?;
    if closed == 0 {
        return Ok(Effect::Undo(CloseOutcome::NotOpen));
    }
    match request.ending {
        Ending::Declined(_) | Ending::Abandoned if bounds::fits_again(connection, &reservation, request)? => {
            hold_again(connection, &reservation)?;
            set_reservation(connection, &reservation, "held")?;
        }
        Ending::Declined(_) | Ending::Abandoned | Ending::Refunded => {
            holds::free_units(connection, &reservation, "paying")?;
            set_reservation(connection, &reservation, "released")?;
        }
    }
    Ok(Effect::Keep(CloseOutcome::Closed))
}

/// Gives paying units back to their reservation, which expires when it always would have.
fn hold_again(connection: &Connection, reservation: &Reservation) -> Result<(), StoreError> {
    let id = reservation.id;
    let mut hold = connection.prepare_cached(
        "UPDATE units SET state = 'held', held_until = ?4
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = 'paying'",
    )?;
    for line in &reservation.lines {
        hold.execute(params![
            id.event.0,
            line.unit.0,
            id.local,
            ms(reservation.expires_at)
        ])?;
    }
    Ok(())
}

fn set_reservation(
    connection: &Connection,
    reservation: &Reservation,
    state: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE reservations SET state = ?3,
                 claimant_address = CASE WHEN ?3 = 'held' THEN claimant_address END,
                 claimant_session = CASE WHEN ?3 = 'held' THEN claimant_session END
             WHERE event_id = ?1 AND reservation_id = ?2 AND state = 'paying'",
        )?
        .execute(params![reservation.id.event.0, reservation.id.local, state])?;
    Ok(())
}

fn with_reservation(
    connection: &Connection,
    id: BookingId,
) -> Result<Option<(Booking, Reservation)>, StoreError> {
    let Some(booking) = rows::booking(connection, &id)? else {
        return Ok(None);
    };
    let reservation = rows::reservation(connection, &booking.reservation)?;
    Ok(reservation.map(|reservation| (booking, reservation)))
}
