//! Sales at a counter: units are claimed and their booking is opened in one step, and the money is there before the tickets are.

use usher_keys::{EventId, Timestamp};

use crate::ids::{BookingId, ChargeReference, ReservationId};
use crate::languages::Language;

use super::booking_code::BookingCode;
use super::bookings::{BeginBooking, BeginOutcome, RequestHash};
use super::gateway_kind::GatewayKind;
use super::jobs::LeaseHolder;
use super::reservations::{Claim, HoldOutcome};
use super::sale::{SaleFacts, SaleStatus};
use super::tills::{AtTill, TillRefusal};
use super::vouchers::VoucherCode;

/// Asks to sell at a counter.
#[derive(Clone)]
pub struct BeginCounterSale {
    pub booking: BookingId,
    pub charge: ChargeReference,
    pub reservation: ReservationId,
    /// The code of the booking, unless it has one already.
    pub code: BookingCode,
    pub at: AtTill,
    /// In cash or at a card terminal.
    pub way: GatewayKind,
    pub claim: Claim,
    pub voucher: Option<VoucherCode>,
    /// The buyer's address; may be empty.
    pub email: String,
    /// The buyer's name; may be empty.
    pub name: String,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    /// Who works on the booking, and has the lease of its job.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What became of selling at a counter.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is not kept"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterOutcome {
    /// As of any booking: have its tickets issued.
    Begun(BeginOutcome),
    /// Nothing has changed.
    Refused(CounterRefusal),
}

/// Why nothing is sold at a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterRefusal {
    /// The till does not sell.
    Till(TillRefusal),
    /// What a buyer who asked for these units would be told too.
    Units(HoldOutcome),
}

impl BeginCounterSale {
    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.reservation.event
    }

    /// Returns the booking that it is to be. Its key begins with a blank, as none of a buyer's does.
    pub fn booking(&self) -> BeginBooking {
        BeginBooking {
            booking: self.booking,
            code: self.code,
            charge: self.charge,
            gateway: self.way,
            reservation: self.reservation,
            idempotency_key: format!(" counter {}", self.idempotency_key),
            request_hash: self.request_hash,
            email: self.email.clone(),
            name: self.name.clone(),
            language: Language::English,
            can_pay: true,
            believed_until: self.believed_until,
            holder: self.holder,
            now: self.now,
        }
    }
}

/// Decides whether an event is sold at counters: also before its sale and while that is stopped, but not when its tickets would let nobody in.
///
/// # Errors
///
/// Why not.
pub fn may_sell(sale: SaleFacts, request: &BeginCounterSale) -> Result<(), CounterRefusal> {
    match sale.status(request.believed_until, request.now) {
        SaleStatus::OnSale | SaleStatus::NotYet | SaleStatus::Stopped => Ok(()),
        status @ (SaleStatus::Paused | SaleStatus::Over | SaleStatus::Canceled) => {
            Err(CounterRefusal::Units(HoldOutcome::NotOnSale(status)))
        }
    }
}
