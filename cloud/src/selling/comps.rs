//! Comps: tickets that an organizer gives away, a whole list of people at once or nobody. Each of them gets a booking that costs nothing and
//! goes the way of any other, so that tickets, codes, revocation and reports know no difference.

use usher_keys::{EventId, Timestamp};

use crate::ids::{BlockId, BookingId, ChargeReference, ReservationId};
use crate::languages::Language;

use super::blocks::{BlockLacks, OfBlock};
use super::booking_code::BookingCode;
use super::bookings::{BeginBooking, OpenBooking, RequestHash};
use super::gateway_kind::GatewayKind;
use super::jobs::LeaseHolder;
use super::reservations::{Claim, HoldOutcome};
use super::sale::{SaleFacts, SaleStatus};

/// Asks to give tickets away.
#[derive(Clone)]
pub struct BeginComps {
    pub event: EventId,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    /// Who gets what.
    pub comps: Vec<NewComp>,
    /// Which gateway takes money now; of these it hears nothing.
    pub gateway: GatewayKind,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    /// Who works on the bookings, and has the leases of their jobs.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What one person gets.
#[derive(Clone)]
pub struct NewComp {
    pub booking: BookingId,
    pub charge: ChargeReference,
    pub reservation: ReservationId,
    /// The code of the booking, unless it has one already.
    pub code: BookingCode,
    /// The person's address.
    pub email: String,
    /// The person's name; may be empty.
    pub name: String,
    pub units: CompUnits,
}

/// Which units a person gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompUnits {
    /// Free ones; never the best available.
    Free(Claim),
    /// Some of a block.
    OfBlock(BlockId, OfBlock),
}

/// What became of giving tickets away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginCompsOutcome {
    /// Each person has a booking: have their tickets issued.
    Begun(Vec<OpenBooking>),
    /// The same request was made before, and these are its bookings.
    Existing(Vec<BookingId>),
    /// Nothing has changed.
    Refused(CompsRefusal),
}

/// Why nobody gets anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompsRefusal {
    /// The key was used for another request.
    KeyReused,
    /// No such event is published.
    NoSuchEvent,
    /// Tickets of it would let nobody in.
    NotOnSale(SaleStatus),
    /// One person, by their place in the list, cannot have what they should.
    Comp(usize, CompRefusal),
}

/// Why one person cannot have what they should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompRefusal {
    /// What a buyer who asked for these units would be told too.
    Units(HoldOutcome),
    /// The event has no such block.
    NoSuchBlock,
    /// The block does not have them.
    Lacks(BlockLacks),
}

/// Decides whether tickets may be given away, also before the sale and while it is stopped.
///
/// # Errors
///
/// How the sale stands.
pub fn may_give(sale: SaleFacts, request: &BeginComps) -> Result<(), CompsRefusal> {
    match sale.status(request.believed_until, request.now) {
        SaleStatus::OnSale | SaleStatus::NotYet | SaleStatus::Stopped => Ok(()),
        status @ (SaleStatus::Paused | SaleStatus::Over | SaleStatus::Canceled) => {
            Err(CompsRefusal::NotOnSale(status))
        }
    }
}

impl BeginComps {
    /// Returns the name of the list: the same for the same key.
    pub fn batch(&self) -> [u8; 32] {
        *blake3::hash(self.idempotency_key.as_bytes()).as_bytes()
    }

    /// Returns the booking that one person's is to be. Its key begins with a blank, as none of a buyer's does.
    pub fn booking(&self, position: usize, comp: &NewComp) -> BeginBooking {
        BeginBooking {
            booking: comp.booking,
            charge: comp.charge,
            gateway: self.gateway,
            reservation: comp.reservation,
            code: comp.code,
            idempotency_key: format!(" comp {position} of {}", blake3::Hash::from(self.batch())),
            request_hash: self.request_hash,
            email: comp.email.clone(),
            name: comp.name.clone(),
            language: Language::English,
            can_pay: false,
            believed_until: self.believed_until,
            holder: self.holder,
            now: self.now,
        }
    }
}
