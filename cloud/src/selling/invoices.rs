//! Bank transfers that bookings await for days: an organizer says of one that it has come, and only then there are tickets.

use std::cmp::Ordering;

use usher_keys::Timestamp;

use crate::ids::BookingId;

use super::booking_status::BookingState;
use super::bookings::PaymentId;
use super::gateway_kind::GatewayKind;

/// Asks to write down that a bank transfer has come.
#[derive(Clone)]
pub struct SettleInvoice {
    pub booking: BookingId,
    /// How much, in minor units.
    pub amount: i64,
    /// By what the organizer finds it at their bank.
    pub reference: PaymentId,
    pub now: Timestamp,
}

/// What is written down of the booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvoice {
    pub gateway: GatewayKind,
    pub state: BookingState,
    /// What was to be paid, in minor units.
    pub amount: i64,
    /// By what the transfer is found, if it has come.
    pub reference: Option<PaymentId>,
    /// Whether its event is canceled.
    pub is_canceled: bool,
}

/// What became of saying that a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceOutcome {
    /// It is written down, now or before: have the tickets issued.
    Noted,
    /// There is no such booking.
    NotFound,
    /// The booking awaits no transfer, or none any more: the money is to be given back.
    NotAwaited,
    /// So much is missing.
    TooLittle(i64),
    /// So much is too much.
    TooMuch(i64),
}

/// Decides whether a transfer pays for a booking. All of it or nothing: what is too little or too much is named, and a person sees to it.
///
/// # Errors
///
/// Why not, or that it was written down before.
pub fn may_note(awaited: Option<&OpenInvoice>, request: &SettleInvoice) -> Result<(), InvoiceOutcome> {
    let awaited = awaited.ok_or(InvoiceOutcome::NotFound)?;
    if awaited.gateway != GatewayKind::Invoice {
        return Err(InvoiceOutcome::NotAwaited);
    }
    let difference = request.amount.saturating_sub(awaited.amount);
    match difference.cmp(&0) {
        Ordering::Less => return Err(InvoiceOutcome::TooLittle(-difference)),
        Ordering::Greater => return Err(InvoiceOutcome::TooMuch(difference)),
        Ordering::Equal => {}
    }
    match &awaited.reference {
        // Whoever says it twice has said the same.
        Some(reference) if *reference == request.reference => Err(InvoiceOutcome::Noted),
        Some(_) => Err(InvoiceOutcome::NotAwaited),
        None if awaited.state.may_be_paid() && !awaited.is_canceled => Ok(()),
        None => Err(InvoiceOutcome::NotAwaited),
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::EventId;

    use super::*;

    fn awaited() -> OpenInvoice {
        OpenInvoice {
            gateway: GatewayKind::Invoice,
            state: BookingState::Processing,
            amount: 9_000,
            reference: None,
            is_canceled: false,
        }
    }

    #[track_caller]
    fn check(awaited: &OpenInvoice, amount: i64, expected: Result<(), InvoiceOutcome>) {
        let request = SettleInvoice {
            booking: BookingId::draw(EventId([1; 16]), Timestamp(1)),
            amount,
            reference: PaymentId("statement 7".into()),
            now: Timestamp(2),
        };
        assert_eq!(may_note(Some(awaited), &request), expected);
    }

    #[test]
    fn a_transfer_pays_for_a_booking_whole_and_once() {
        check(&awaited(), 9_000, Ok(()));
        check(&awaited(), 8_999, Err(InvoiceOutcome::TooLittle(1)));
        check(&awaited(), 9_100, Err(InvoiceOutcome::TooMuch(100)));
        let paid = |reference: &str| OpenInvoice {
            state: BookingState::Confirmed,
            reference: Some(PaymentId(reference.into())),
            ..awaited()
        };
        check(&paid("statement 7"), 9_000, Err(InvoiceOutcome::Noted));
        check(&paid("statement 8"), 9_000, Err(InvoiceOutcome::NotAwaited));
        let expired = OpenInvoice {
            state: BookingState::Expired,
            ..awaited()
        };
        let canceled = OpenInvoice {
            is_canceled: true,
            ..awaited()
        };
        let by_card = OpenInvoice {
            gateway: GatewayKind::Stripe,
            ..awaited()
        };
        for other in [expired, canceled, by_card] {
            check(&other, 9_000, Err(InvoiceOutcome::NotAwaited));
        }
    }
}
