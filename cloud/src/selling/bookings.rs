//! Bookings as plain values: how one is opened, confirmed, closed and renewed, and what it is as it is kept.

use usher_keys::Timestamp;

use crate::ids::{BookingId, ChargeReference, ReservationId};
use crate::money::{DeclineReason, Money};

use super::claimant::HoldBounds;
use super::jobs::LeaseHolder;
use super::tickets::{NewTicket, SoldTicket, UnitToIssue};

/// The BLAKE3 hash of a booking request: what "the same request" means for an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHash(pub [u8; 32]);

/// Asks to open a booking.
#[derive(Clone)]
pub struct BeginBooking {
    /// The id the booking shall have.
    pub booking: BookingId,
    /// What the gateway shall know its charge by.
    pub charge: ChargeReference,
    /// The reservation to pay for.
    pub reservation: ReservationId,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    /// The buyer's address.
    pub email: String,
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
    /// The event is over.
    SalesClosed,
    /// Tickets signed now would not be believed until the event's end.
    SalesPaused,
    /// There is no such reservation.
    NotFound,
}

/// A booking whose payment has no known end yet; its units are marked as paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBooking {
    pub id: BookingId,
    /// What the gateway knows its charge by.
    pub charge: ChargeReference,
    pub reservation: ReservationId,
    /// What is to be paid.
    pub amount: Money,
    /// The tickets that would be issued.
    pub units: Vec<UnitToIssue>,
}

/// Asks to turn an open booking into tickets.
#[derive(Clone)]
pub struct ConfirmBooking {
    pub booking: BookingId,
    /// One ticket for each of its units.
    pub tickets: Vec<NewTicket>,
    pub now: Timestamp,
}

/// What became of confirming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// The booking is confirmed, now or before; these are its tickets.
    Confirmed(Booking),
    /// The units are no longer the booking's own, or it has ended otherwise: a charge must be refunded.
    Lost,
}

/// How a booking ends without tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The gateway declined: the units go back to the reservation, or are available if its claimant holds too many without
    /// them.
    Declined(DeclineReason),
    /// There was no charge and will be none: the same, and the idempotency key is free again.
    Abandoned,
    /// The charge was given back: the units are available.
    Refunded,
}

/// Asks to end an open booking without tickets.
#[derive(Debug, Clone, Copy)]
pub struct CloseBooking {
    pub booking: BookingId,
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

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    /// The payment has no known end.
    Paying,
    /// Paid, with tickets.
    Confirmed,
    /// The gateway declined.
    Declined(DeclineReason),
    /// The charge was given back.
    Refunded,
    /// There was no charge.
    Abandoned,
}

impl BookingState {
    /// Returns the word for it in tables and JSON; why it was declined is told beside it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Paying => "paying",
            Self::Confirmed => "confirmed",
            Self::Declined(_) => "declined",
            Self::Refunded => "refunded",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads the word and, if it was declined, why.
    pub fn from_word(word: &str, decline: Option<&str>) -> Option<Self> {
        match (word, decline) {
            ("paying", _) => Some(Self::Paying),
            ("confirmed", _) => Some(Self::Confirmed),
            ("refunded", _) => Some(Self::Refunded),
            ("abandoned", _) => Some(Self::Abandoned),
            ("declined", Some(reason)) => DeclineReason::from_word(reason).map(Self::Declined),
            _ => None,
        }
    }

    /// Tells why it was declined, if it was.
    pub fn decline(self) -> Option<DeclineReason> {
        match self {
            Self::Declined(reason) => Some(reason),
            Self::Paying | Self::Confirmed | Self::Refunded | Self::Abandoned => None,
        }
    }
}

/// One buyer's purchase.
#[derive(Clone, PartialEq, Eq)]
pub struct Booking {
    pub id: BookingId,
    /// What the gateway knows its charge by.
    pub charge: ChargeReference,
    /// The reservation it came from.
    pub reservation: ReservationId,
    /// How it stands.
    pub state: BookingState,
    /// The buyer's address.
    pub email: String,
    /// What was to be paid.
    pub amount: Money,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its tickets, once confirmed, by unit.
    pub tickets: Vec<SoldTicket>,
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
