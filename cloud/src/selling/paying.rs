//! What may become of a reservation that is to be paid for, and of its booking: opened, confirmed, closed, renewed.

use usher_keys::Timestamp;

use crate::ids::BookingId;

use super::booking_status::{BookingState, Ending};
use super::bookings::{
    BeginBooking, BeginOutcome, BeginRefusal, Booking, CloseBooking, CloseOutcome, NoteOutcome, OpenBooking,
    PaymentNote, RenewOutcome, RequestHash,
};
use super::claimant::HoldBounds;
use super::course::{self, WaitFor};
use super::gateway_kind::GatewayKind;
use super::holding::UnpaidHolds;
use super::reservations::{Reservation, ReservationState};
use super::sale::{SaleFacts, SaleStatus};

/// The days of invoices are of so many milliseconds.
const DAY_MS: u64 = 24 * 3_600_000;

/// What an idempotency key was used for before. Canceled bookings are left out: their keys are free again, and an engine's
/// index of keys leaves them out as well.
#[derive(Debug, Clone)]
pub struct EarlierRequest {
    pub hash: RequestHash,
    /// Whether its booking has been given a new id since.
    pub is_renewed: bool,
    pub booking: Booking,
}

/// Decides what a request with a key that was used before is answered.
pub fn repeated(earlier: EarlierRequest, request: &BeginBooking) -> BeginOutcome {
    if earlier.hash != request.request_hash {
        BeginOutcome::Refused(BeginRefusal::KeyReused)
    } else if earlier.is_renewed {
        // Whoever knew the former id knows most of the request too, and a key that is easily guessed would be the rest.
        BeginOutcome::Refused(BeginRefusal::Renewed)
    } else {
        BeginOutcome::Existing(earlier.booking)
    }
}

/// Decides whether a reservation may be paid for; whether its event may sell is read with it.
///
/// # Errors
///
/// Why not.
pub fn may_begin(
    reservation: &Reservation,
    sale: SaleFacts,
    request: &BeginBooking,
) -> Result<(), BeginRefusal> {
    match reservation.state {
        ReservationState::Held if reservation.is_block() => Err(BeginRefusal::NotFound),
        ReservationState::Held if reservation.is_expired(request.now) => Err(BeginRefusal::Expired),
        ReservationState::Held => match sale.status(request.believed_until, request.now) {
            status @ (SaleStatus::Paused | SaleStatus::Over | SaleStatus::Canceled) => {
                Err(BeginRefusal::NotOnSale(status))
            }
            // What was held while it was on sale may be paid for.
            SaleStatus::OnSale | SaleStatus::NotYet | SaleStatus::Stopped => {
                let is_invoice = request.gateway == GatewayKind::Invoice;
                if is_invoice && sale.sale.invoice_days.is_none() {
                    Err(BeginRefusal::NoInvoice)
                } else if reservation.amount.minor > 0 && !request.can_pay {
                    Err(BeginRefusal::TokenMissing)
                } else {
                    Ok(())
                }
            }
        },
        ReservationState::Paying => Err(BeginRefusal::Paying),
        ReservationState::Booked => Err(BeginRefusal::Booked),
        ReservationState::Released => Err(BeginRefusal::Released),
    }
}

/// Returns until when a booking can be paid: one that awaits a bank transfer for some days, but not beyond the event.
pub fn pay_by(reservation: &Reservation, sale: SaleFacts, request: &BeginBooking) -> Timestamp {
    match (request.gateway, sale.sale.invoice_days) {
        (GatewayKind::Invoice, Some(days)) => {
            let until = request.now.plus_ms(u64::from(days) * DAY_MS);
            until.min(sale.ends_at)
        }
        _ => course::pay_by(request.now, reservation.expires_at),
    }
}

/// Why a booking is not turned into tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmRefusal {
    /// That was done before.
    Confirmed,
    /// Its event is halted: it may have had its tickets, of which this copy of the store knows nothing.
    Halted,
    /// It has ended otherwise, its event is canceled, or the tickets are not those of its units: a charge must be refunded.
    Lost,
}

/// Decides whether a booking may be turned into so many tickets, as its event stands.
///
/// # Errors
///
/// Why not.
pub fn may_confirm(
    booking: BookingState,
    sale: SaleFacts,
    (units, tickets): (usize, usize),
) -> Result<(), ConfirmRefusal> {
    if booking == BookingState::Confirmed {
        Err(ConfirmRefusal::Confirmed)
    } else if sale.is_halted {
        Err(ConfirmRefusal::Halted)
    } else if booking.may_be_paid() && !sale.is_canceled && units == tickets {
        Ok(())
    } else {
        Err(ConfirmRefusal::Lost)
    }
}

/// Decides whether it may be written down how the payment of a booking goes on, and how the booking stands then.
///
/// What the gateway knows it by is written down once: whoever has opened a second payment must not charge that.
///
/// # Errors
///
/// [`NoteOutcome::Overtaken`].
pub fn may_note(booking: &OpenBooking, note: &PaymentNote) -> Result<BookingState, NoteOutcome> {
    let state = booking.state;
    match note {
        PaymentNote::Opened(_) if state == BookingState::Paying && booking.payment.is_none() => Ok(state),
        PaymentNote::Waits(WaitFor::Buyer(_)) if state.may_be_paid() => Ok(BookingState::ActionRequired),
        PaymentNote::Waits(WaitFor::Bank) if state.may_be_paid() => Ok(BookingState::Processing),
        PaymentNote::Waits(WaitFor::Refund) if state == BookingState::Refunding => Ok(state),
        PaymentNote::Refunding if state.may_be_paid() => Ok(BookingState::Refunding),
        PaymentNote::Opened(_) | PaymentNote::Waits(_) | PaymentNote::Refunding => {
            Err(NoteOutcome::Overtaken)
        }
    }
}

/// How a booking that ends without tickets leaves what it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// How the booking stands.
    pub booking: BookingState,
    /// How its reservation stands: held again with its units, or released and its units available.
    pub reservation: ReservationState,
}

/// Decides whether a booking may end without tickets, and where its units go.
///
/// They go back to the reservation while that is within the bounds of its claimant, which may have become lower since.
///
/// # Errors
///
/// Why not.
pub fn may_close(
    open: &OpenBooking,
    (held, bounds): (&UnpaidHolds, HoldBounds),
    request: &CloseBooking,
) -> Result<Closing, CloseOutcome> {
    // What is to be given back ends with that, and with nothing else.
    let state = open.state;
    let may_end = state.may_be_paid() || (state.is_open() && request.ending == Ending::Refunded);
    if !may_end || open.payment != request.payment {
        return Err(CloseOutcome::NotOpen);
    }
    let units = u32::try_from(open.units.len()).unwrap_or(u32::MAX);
    let fits = held.too_many(units, bounds, request.now).is_none();
    let booking = match request.ending {
        Ending::Declined(reason) => BookingState::Declined(reason),
        Ending::Canceled => BookingState::Canceled,
        Ending::Expired => BookingState::Expired,
        Ending::Refunded => BookingState::Refunded,
    };
    let reservation = match request.ending {
        Ending::Declined(_) | Ending::Canceled if fits => ReservationState::Held,
        Ending::Declined(_) | Ending::Canceled | Ending::Expired | Ending::Refunded => {
            ReservationState::Released
        }
    };
    Ok(Closing { booking, reservation })
}

/// Decides whether the booking of an id, if there is one, may be given a new id; `since` is the id that it was given before.
///
/// # Errors
///
/// Why not.
pub fn may_renew(booking: Option<BookingState>, since: Option<BookingId>) -> Result<(), RenewOutcome> {
    match (booking, since) {
        (Some(state), _) if !state.is_open() => Ok(()),
        (_, Some(id)) => Err(RenewOutcome::Renewed(id)),
        (Some(_), None) => Err(RenewOutcome::Paying),
        (None, None) => Err(RenewOutcome::NotFound),
    }
}

#[cfg(test)]
mod tests;
