//! Writing down how the payment of an open booking goes on, so that any process can take it from there.

use crate::selling::course::WaitFor;
use crate::selling::jobs::JobId;
use crate::selling::money_steps::MoneyStep;
use crate::selling::paying::may_note;
use crate::selling::{BookingState, NoteOutcome, NotePayment, OpenBooking, PaymentNote};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::{Effect, jobs, journal, rows};

/// Writes down how the payment of an open booking goes on; where there is something to wait for, its job waits too.
pub fn note_payment(connection: &Sql<'_>, request: &NotePayment) -> Result<Effect<NoteOutcome>, StoreError> {
    let Some(booking) = rows::open_booking(connection, &request.booking)? else {
        return Ok(Effect::Undo(NoteOutcome::Overtaken));
    };
    let state = match may_note(&booking, &request.note) {
        Ok(state) => state,
        Err(refusal) => return Ok(Effect::Undo(refusal)),
    };
    if !update(connection, &booking, state, &request.note)? {
        return Err(StoreError::Overtaken);
    }
    if request.note == PaymentNote::Refunding {
        let moved = (booking.amount.minor, request.now);
        let step = (MoneyStep::NotSold, booking.gateway.account());
        journal::write_at(connection, booking.charge.into(), step, moved)?;
    }
    if let PaymentNote::Waits(_) = request.note {
        let job = JobId::SettleBooking(booking.id);
        jobs::wait(connection, job, booking.pay_by, (request.holder, request.now))?;
    }
    Ok(Effect::Keep(NoteOutcome::Noted))
}

/// Writes it down; `false` when the booking is not any more what it was.
fn update(
    connection: &Sql<'_>,
    booking: &OpenBooking,
    state: BookingState,
    note: &PaymentNote,
) -> Result<bool, StoreError> {
    let (opened, action) = match note {
        PaymentNote::Opened(payment) => (Some(&payment.0), None),
        PaymentNote::Waits(WaitFor::Buyer(action)) => (None, Some(&action.url)),
        PaymentNote::Waits(WaitFor::Bank | WaitFor::Refund) | PaymentNote::Refunding => (None, None),
    };
    let is_written = connection
        .prepare_cached(
            "UPDATE bookings SET state = ?3, action = ?4, payment = coalesce(payment, ?5)
             WHERE event_id = ?1 AND booking_id = ?2 AND state = ?6",
        )?
        .changes(
            1,
            params![
                booking.id.event.0,
                booking.id.local,
                state.word(),
                action,
                opened,
                booking.state.word()
            ],
        )?;
    Ok(is_written)
}
