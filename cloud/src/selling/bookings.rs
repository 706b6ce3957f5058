//! Bookings as plain values: how one is opened, confirmed, closed and renewed, and what it is as it is kept.

use usher_keys::Timestamp;

use crate::ids::{BookingId, ChargeReference, ReservationId};
use crate::languages::Language;
use crate::money::Money;

use super::booking_code::BookingCode;
use super::booking_status::{BookingFacts, BookingState, Ending, GivenBack};
use super::buyer_bounds::BoundReached;
use super::charges::ChargeParts;
use super::claimant::HoldBounds;
use super::course::{BuyerAction, PaymentFacts, WaitFor};
use super::disputes::DisputeState;
use super::gateway_kind::GatewayKind;
use super::jobs::LeaseHolder;
use super::receipts::ReceiptNumber;
use super::sale::SaleStatus;
use super::tickets::{NewTicket, SoldTicket, TicketState, UnitToIssue};

/// The BLAKE3 hash of a booking request: what "the same request" means for an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHash(pub [u8; 32]);

/// Asks to open a booking.
#[derive(Clone)]
pub struct BeginBooking {
    /// The id the booking shall have.
    pub booking: BookingId,
    /// The code it shall have; if that is taken, it gets the next one that is free.
    pub code: BookingCode,
    /// What the gateway shall know its charge by.
    pub charge: ChargeReference,
    /// Which gateway shall take the money.
    pub gateway: GatewayKind,
    /// The reservation to pay for.
    pub reservation: ReservationId,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    /// The buyer's address; may be empty at a counter.
    pub email: String,
    /// The buyer's name; may be empty.
    pub name: String,
    /// In which language the buyer reads.
    pub language: Language,
    /// Whether the request came with a payment token.
    pub can_pay: bool,
    /// Until when tickets signed now are believed; nothing when none can be signed.
    pub believed_until: Option<Timestamp>,
    /// Who works on it, and has the lease of its job.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What became of opening a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginOutcome {
    /// The units are marked as paying: charge, then confirm or close.
    Started(OpenBooking),
    /// The same request was made before, and this is its booking.
    Existing(Booking),
    /// Nothing has changed.
    Refused(BeginRefusal),
}

/// Why no booking was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginRefusal {
    /// The same request was made before, and its booking has been given a new id since: that is for its buyer alone.
    Renewed,
    /// The key was used for another request.
    KeyReused,
    /// The reservation's time is over, or its units are no longer its own.
    Expired,
    /// The reservation was given back.
    Released,
    /// Another booking of the reservation is being paid.
    Paying,
    /// The reservation has become a booking under another key.
    Booked,
    /// There is something to pay and the request came without a payment token.
    TokenMissing,
    /// It is to be paid by bank transfer, and its event takes none.
    NoInvoice,
    /// Its event does not sell.
    NotOnSale(SaleStatus),
    /// Bookings of the same address keep too many places unpaid.
    TooManyUnpaid(BoundReached),
    /// There is no such reservation.
    NotFound,
}

/// What a gateway that does not go by our references knows a payment by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentId(pub String);

/// A booking whose payment is not over; its units are marked as paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBooking {
    pub id: BookingId,
    /// What the gateway knows its charge by.
    pub charge: ChargeReference,
    /// What the gateway knows its payment by, if that is something else and was written down.
    pub payment: Option<PaymentId>,
    /// Which gateway has its payment, whichever takes the money by now.
    pub gateway: GatewayKind,
    pub reservation: ReservationId,
    /// How it stands.
    pub state: BookingState,
    /// Until when it can be paid.
    pub pay_by: Timestamp,
    /// What is to be paid.
    pub amount: Money,
    /// The tickets that would be issued.
    pub units: Vec<UnitToIssue>,
}

impl OpenBooking {
    /// Says of it what the course of its payment depends on; some gateways go by our references, so that nothing is to be opened.
    pub fn facts(&self, goes_by_references: bool) -> PaymentFacts {
        PaymentFacts {
            state: self.state,
            is_free: self.amount.minor == 0 || self.gateway.is_counter(),
            is_opened: goes_by_references || self.payment.is_some(),
            pay_by: self.pay_by,
        }
    }
}

/// Asks to write down how the payment of an open booking goes on.
#[derive(Debug, Clone)]
pub struct NotePayment {
    pub booking: BookingId,
    /// What to write down.
    pub note: PaymentNote,
    /// Who works on it; lets go of its job when there is something to wait for.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// How the payment of an open booking goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentNote {
    /// The gateway knows it by this.
    Opened(PaymentId),
    /// It waits.
    Waits(WaitFor),
    /// No tickets are issued any more, and the money is to be given back.
    Refunding,
}

/// What became of writing down how a payment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOutcome {
    /// It is written down.
    Noted,
    /// The booking is not any more what it was; nothing has changed.
    Overtaken,
}

/// Asks to turn an open booking into tickets.
#[derive(Clone)]
pub struct ConfirmBooking {
    pub booking: BookingId,
    /// One ticket for each of its units.
    pub tickets: Vec<NewTicket>,
    /// Whether its buyer gets a letter.
    pub mails: bool,
    pub now: Timestamp,
}

/// What became of confirming.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is not kept"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The booking is confirmed, now or before; these are its tickets.
    Confirmed(Booking),
    /// Its event is halted: nothing has changed, and nothing is given back either.
    Halted,
    /// The units are no longer the booking's own, or it has ended otherwise: a charge must be refunded.
    Lost,
}

/// Asks to end an open booking without tickets.
#[derive(Debug, Clone)]
pub struct CloseBooking {
    pub booking: BookingId,
    /// What the gateway knows its payment by, as far as whoever ends it knows. If another process has written one down meanwhile, it does
    /// not end: that payment may be charged just now.
    pub payment: Option<PaymentId>,
    /// How it ends.
    pub ending: Ending,
    /// How many units may be held without paying.
    pub bounds: HoldBounds,
    pub now: Timestamp,
}

/// What became of closing a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It was open and is closed now.
    Closed,
    /// It was not open; nothing has changed.
    NotOpen,
}

/// Asks for a new id for a booking, because somebody who should not knows the one it has.
#[derive(Debug, Clone, Copy)]
pub struct RenewBooking {
    /// The id it has.
    pub booking: BookingId,
    /// The id it shall have; names the same event.
    pub new: BookingId,
}

/// What became of renewing a booking's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenewOutcome {
    /// This is its id, now or since an earlier request that named the same one.
    Renewed(BookingId),
    /// There is no booking of this id.
    NotFound,
    /// Its payment is running.
    Paying,
}

/// One buyer's purchase.
#[derive(Clone, PartialEq, Eq)]
pub struct Booking {
    pub id: BookingId,
    /// What people call it.
    pub code: BookingCode,
    /// What the gateway knows its charge by.
    pub charge: ChargeReference,
    /// The reservation it came from.
    pub reservation: ReservationId,
    /// How it stands.
    pub state: BookingState,
    /// What the buyer has to do, if anything.
    pub action: Option<BuyerAction>,
    /// Until when it can be paid.
    pub pay_by: Timestamp,
    /// The buyer's address; empty if it is not known.
    pub email: String,
    /// The buyer's name; empty if it is not known.
    pub name: String,
    /// In which language it was made: its letters are in it.
    pub language: Language,
    /// Who has taken the money.
    pub gateway: GatewayKind,
    /// What was to be paid.
    pub amount: Money,
    /// How much of that are fees and taxes.
    pub parts: ChargeParts,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its tickets, once confirmed, by unit.
    pub tickets: Vec<SoldTicket>,
    /// What was given back of it after the sale.
    pub given_back: GivenBack,
    /// The number of its receipt, if it was paid for.
    pub receipt: Option<ReceiptNumber>,
    /// How disputes of it stand, if there are any.
    pub dispute: Option<DisputeState>,
}

impl Booking {
    /// Returns the word for how it stands, with what was given back since it was sold.
    pub fn word(&self) -> &'static str {
        let facts = BookingFacts {
            state: self.state,
            amount: self.amount.minor,
            given_back: self.given_back,
            has_taken_back: self.tickets.iter().any(|ticket| ticket.is_refunded),
            has_tickets: self.has_tickets(),
        };
        facts.word()
    }

    /// Tells whether a ticket of it counts that was not taken back.
    fn has_tickets(&self) -> bool {
        let counts = |ticket: &SoldTicket| ticket.state != TicketState::Superseded && !ticket.is_refunded;
        self.tickets.iter().any(counts)
    }
}

// The address is personal and stays out of logs.
impl std::fmt::Debug for Booking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Booking")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("tickets", &self.tickets.len())
            .finish_non_exhaustive()
    }
}
