//! Ending an open booking: with tickets, or without and with its units given back; each way exactly once.

use serde_json::json;
use usher_keys::Timestamp;

use crate::ids::{BookingId, ReceiptId};
use crate::letters::{LetterCause, LetterKind};
use crate::money::DeclineReason;
use crate::selling::jobs::JobId;
use crate::selling::money_steps::MoneyStep;
use crate::selling::paying::{ConfirmRefusal, may_close, may_confirm};
use crate::selling::receipts::ReceiptNumber;
use crate::selling::sale::SaleFacts;
use crate::selling::{
    Booking, BookingState, CloseBooking, CloseOutcome, ConfirmBooking, ConfirmOutcome, Ending, NewTicket,
    Reservation, ReservationState, UnitState,
};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};
use crate::webhooks::{WebhookCause, WebhookKind};

use super::Effect;
use super::column::ms;
use super::receipts::Issued;
use super::{bounds, codes, jobs, journal, letters, receipts, reservation_rows, rows, webhooks};

/// Turns an open booking into tickets.
pub fn confirm_booking(
    connection: &Sql<'_>,
    request: &ConfirmBooking,
) -> Result<Effect<ConfirmOutcome>, StoreError> {
    rows::ask_ahead_of_booking(connection, &request.booking)?;
    webhooks::ask_ahead(connection, request.booking.event)?;
    let Some((booking, reservation, sale)) = with_reservation(connection, request.booking)? else {
        return Ok(Effect::Undo(ConfirmOutcome::Lost));
    };
    let counts = (reservation.lines.len(), request.tickets.len());
    match may_confirm(booking.state, sale, counts) {
        Ok(()) => {}
        Err(ConfirmRefusal::Confirmed) => return Ok(Effect::Undo(ConfirmOutcome::Confirmed(booking))),
        Err(ConfirmRefusal::Halted) => return Ok(Effect::Undo(ConfirmOutcome::Halted)),
        Err(ConfirmRefusal::Lost) => return Ok(Effect::Undo(ConfirmOutcome::Lost)),
    }
    let end = End {
        booking: booking.id,
        was: booking.state,
        state: BookingState::Confirmed,
        now: request.now,
    };
    if !end.write(connection)? {
        return Err(StoreError::Overtaken);
    }
    if !issue(connection, request, &reservation)? {
        return Ok(Effect::Undo(ConfirmOutcome::Lost));
    }
    set_reservation(connection, &reservation, ReservationState::Booked, request.now)?;
    rows::ask_ahead_for_tickets(connection, &booking.id)?;
    let receipt = write_sold(connection, &booking, request.now)?;
    tell_confirmed(connection, request, &booking)?;
    if request.mails && !booking.email.is_empty() {
        let cause = LetterCause {
            event: booking.id.event,
            kind: LetterKind::BookingConfirmed,
            charge: Some(booking.charge),
            about: None,
            recipient: None,
            now: request.now,
        };
        letters::write(connection, &cause)?;
    }
    Ok(Effect::Keep(ConfirmOutcome::Confirmed(Booking {
        state: BookingState::Confirmed,
        action: None,
        receipt,
        tickets: rows::tickets_of(connection, &booking.id)?,
        ..booking
    })))
}

/// Writes down what was sold with its fees and taxes, and issues the receipt.
fn write_sold(
    connection: &Sql<'_>,
    booking: &Booking,
    now: Timestamp,
) -> Result<Option<ReceiptNumber>, StoreError> {
    let (charge, parts) = (booking.charge, booking.parts);
    let steps = [
        (MoneyStep::Sold, booking.amount.minor),
        (MoneyStep::FeesSold, parts.fees),
        (MoneyStep::TaxesSold, parts.taxes),
    ];
    for (step, amount) in steps {
        let holder = booking.gateway.account();
        journal::write_at(connection, charge.into(), (step, holder), (amount, now))?;
    }
    let id = ReceiptId {
        event: charge.event,
        local: charge.local,
    };
    let issued = Issued {
        id,
        annuls: None,
        amount: booking.amount.minor,
        parts,
        now,
    };
    receipts::issue(connection, &issued)
}

/// Tells endpoints of a booking, and of nobody.
fn tell_confirmed(
    connection: &Sql<'_>,
    request: &ConfirmBooking,
    booking: &Booking,
) -> Result<(), StoreError> {
    let event = booking.id.event;
    let told = WebhookCause {
        event,
        kind: WebhookKind::BookingConfirmed,
        once: None,
        now: request.now,
    };
    webhooks::enqueue(connection, &told, || {
        let tickets = request
            .tickets
            .iter()
            .map(|ticket| json!({ "ticket_id": ticket.id, "unit": ticket.unit.0 }));
        Ok(json!({
            "event_id": event,
            "booking_id": booking.id,
            "amount": booking.amount.minor,
            "currency": booking.amount.currency.code(),
            "tickets": tickets.collect::<Vec<_>>(),
        }))
    })
}

/// The end of an open booking.
struct End {
    booking: BookingId,
    was: BookingState,
    state: BookingState,
    now: Timestamp,
}

impl End {
    /// Writes it down and the job off; `false` when the booking is not any more what it was, which is how two that end it at once find out.
    fn write(&self, connection: &Sql<'_>) -> Result<bool, StoreError> {
        let is_ended = connection
            .prepare_cached(
                "UPDATE bookings SET state = ?3, decline = ?4, action = NULL, closed_at = ?5
                 WHERE event_id = ?1 AND booking_id = ?2 AND state = ?6",
            )?
            .changes(
                1,
                params![
                    self.booking.event.0,
                    self.booking.local,
                    self.state.word(),
                    self.state.decline().map(DeclineReason::word),
                    ms(self.now),
                    self.was.word()
                ],
            )?;
        jobs::delete(connection, JobId::SettleBooking(self.booking))?;
        Ok(is_ended)
    }
}

/// Books every unit and writes its ticket; `false` when a unit is not the reservation's own any more, which its update finds out.
fn issue(
    connection: &Sql<'_>,
    request: &ConfirmBooking,
    reservation: &Reservation,
) -> Result<bool, StoreError> {
    let id = reservation.id;
    let mut book = connection.prepare_cached(
        "UPDATE units SET state = 'booked', issued = ?4
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = 'paying' AND issued = ?4 - 1",
    )?;
    for ticket in &request.tickets {
        let unit = params![id.event.0, ticket.unit.0, id.local, ticket.generation.0];
        if !book.changes(1, unit)? {
            return Ok(false);
        }
        insert_ticket(connection, request, ticket)?;
    }
    Ok(true)
}

fn insert_ticket(
    connection: &Sql<'_>,
    request: &ConfirmBooking,
    ticket: &NewTicket,
) -> Result<(), StoreError> {
    let code = codes::free(connection, ticket.id.event, ticket.code)?;
    connection
        .prepare_cached(
            "INSERT INTO tickets (event_id, ticket_id, unit, generation, booking_id, state, payload, issued_at, code)
             VALUES (?1, ?2, ?3, ?4, ?5, 'valid', ?6, ?7, ?8)",
        )?
        .run(params![
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
    connection: &Sql<'_>,
    request: &CloseBooking,
) -> Result<Effect<CloseOutcome>, StoreError> {
    let Some(open) = rows::open_booking(connection, &request.booking)? else {
        return Ok(Effect::Undo(CloseOutcome::NotOpen));
    };
    let reservation = rows::reservation(connection, &open.reservation)?.ok_or(StoreError::Unreadable {
        what: "reservation of a booking",
    })?;
    let held = bounds::held_beside(connection, &reservation, request.now)?;
    let bounds = bounds::of_event(connection, reservation.id.event, request.bounds)?;
    let closing = match may_close(&open, (&held, bounds), request) {
        Ok(closing) => closing,
        Err(refusal) => return Ok(Effect::Undo(refusal)),
    };
    let end = End {
        booking: open.id,
        was: open.state,
        state: closing.booking,
        now: request.now,
    };
    if !end.write(connection)? {
        return Err(StoreError::Overtaken);
    }
    match closing.reservation {
        ReservationState::Held => hold_again(connection, &reservation)?,
        ReservationState::Released | ReservationState::Paying | ReservationState::Booked => {
            reservation_rows::free_units(connection, &reservation, UnitState::Paying)?;
        }
    }
    set_reservation(connection, &reservation, closing.reservation, request.now)?;
    match request.ending {
        Ending::Declined(_) | Ending::Canceled | Ending::Expired => {}
        // It was paid for.
        Ending::Refunded => forget_claimant(connection, &reservation)?,
    }
    if open.state == BookingState::Refunding {
        let moved = (open.amount.minor, request.now);
        let step = (MoneyStep::NotSoldGiven, open.gateway.account());
        journal::write_at(connection, open.charge.into(), step, moved)?;
    }
    Ok(Effect::Keep(CloseOutcome::Closed))
}

/// Returns paying units back to their reservation, which expires when it always would have.
fn hold_again(connection: &Sql<'_>, reservation: &Reservation) -> Result<(), StoreError> {
    let id = reservation.id;
    let mut hold = connection.prepare_cached(
        "UPDATE units SET state = 'held', held_until = ?4
         WHERE event_id = ?1 AND unit = ?2 AND reservation_id = ?3 AND state = 'paying'",
    )?;
    for line in &reservation.lines {
        hold.run(params![
            id.event.0,
            line.unit.0,
            id.local,
            ms(reservation.expires_at)
        ])?;
    }
    Ok(())
}

fn set_reservation(
    connection: &Sql<'_>,
    reservation: &Reservation,
    state: ReservationState,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = reservation.id;
    match state {
        // Who held what is paid for is forgotten; what was held in vain counts for a while.
        ReservationState::Booked => connection
            .prepare_cached(
                "UPDATE reservations SET state = 'booked', claimant_address = NULL, claimant_session = NULL
                 WHERE event_id = ?1 AND reservation_id = ?2 AND state = 'paying'",
            )?
            .run(params![id.event.0, id.local])?,
        ReservationState::Held | ReservationState::Paying | ReservationState::Released => connection
            .prepare_cached(
                "UPDATE reservations SET state = ?3, expires_at = CASE WHEN ?3 = 'released' THEN ?4 ELSE expires_at END
                 WHERE event_id = ?1 AND reservation_id = ?2 AND state = 'paying'",
            )?
            .run(params![id.event.0, id.local, state.word(), ms(now)])?,
    }
    Ok(())
}

/// Forgets who held what was paid for.
fn forget_claimant(connection: &Sql<'_>, reservation: &Reservation) -> Result<(), StoreError> {
    let id = reservation.id;
    connection
        .prepare_cached(
            "UPDATE reservations SET claimant_address = NULL, claimant_session = NULL
             WHERE event_id = ?1 AND reservation_id = ?2",
        )?
        .run(params![id.event.0, id.local])?;
    Ok(())
}

fn with_reservation(
    connection: &Sql<'_>,
    id: BookingId,
) -> Result<Option<(Booking, Reservation, SaleFacts)>, StoreError> {
    let Some(booking) = rows::booking(connection, &id)? else {
        return Ok(None);
    };
    let found = rows::reservation_of_booking(connection, &id)?;
    Ok(found.map(|(reservation, sale)| (booking, reservation, sale)))
}
