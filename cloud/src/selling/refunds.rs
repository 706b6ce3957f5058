//! Refunds as plain values: money of a booking that is given back after the sale, and the tickets that are taken back for it.

use usher_keys::{EventId, Timestamp};

use crate::ids::{BookingId, ChargeReference, RefundId, TicketId, TillId};
use crate::money::Money;

use super::bookings::{PaymentId, RequestHash};
use super::gateway_kind::GatewayKind;
use super::jobs::LeaseHolder;
use super::tickets::TicketState;
use super::tills::{AtTill, TillRefusal};

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// Its tickets are to be revoked.
    Revoking,
    /// The money is to be given back.
    Giving,
    /// The buyer has the money, and the units are free if they were to be.
    Given,
    /// The gateway has refused for good: a person has to look into it.
    Refused,
    /// The gateway has refused for good, and a person has given the money by another way; the units are free if they were to be.
    GivenOutside,
}

impl RefundState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Revoking,
        Self::Giving,
        Self::Given,
        Self::Refused,
        Self::GivenOutside,
    ];

    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Revoking => "revoking",
            Self::Giving => "giving",
            Self::Given => "given",
            Self::Refused => "refused",
            Self::GivenOutside => "given_outside",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Tells whether somebody has to see to it: it has a job.
    pub fn is_open(self) -> bool {
        match self {
            Self::Revoking | Self::Giving => true,
            Self::Given | Self::Refused | Self::GivenOutside => false,
        }
    }
}

/// Which tickets a refund takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOf {
    /// All that are left.
    All,
    /// These; none when only money is given.
    Tickets(Vec<TicketId>),
}

/// Asks to give money back.
#[derive(Debug, Clone)]
pub struct BeginRefund {
    /// The id the refund shall have.
    pub refund: RefundId,
    pub booking: BookingId,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    pub of: RefundOf,
    /// How much in minor units, if not what the tickets cost.
    pub amount: Option<i64>,
    /// Whether the units of its tickets are for sale again afterwards.
    pub frees_units: bool,
    /// The till that gives it, and whose it must be; else the gateway that has taken the money.
    pub till: Option<AtTill>,
    /// Who works on it, and has the lease of its job.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What became of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginRefundOutcome {
    /// It is written down, now or by the same request before.
    Begun(Refund),
    /// Nothing has changed.
    Refused(RefundRefusal),
}

/// Why nothing is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRefusal {
    /// There is no such booking.
    NotFound,
    /// The booking was never paid with tickets: its payment is running, or ended without.
    NotConfirmed,
    /// The key was used for another request.
    KeyReused,
    /// Its event is halted: what is asked for may have been given, of which this copy of the store knows nothing.
    Halted,
    /// Another refund of the booking is on its way.
    Running,
    /// A ticket is none of the booking, or a newer one has taken its place.
    NotItsTicket,
    /// A ticket was given back before.
    TicketRefunded,
    /// There is nothing to give back or to revoke.
    Nothing,
    /// A bank has taken its money back for the buyer.
    Disputed,
    /// It was not paid at a counter, so that no till gives it.
    NotAtCounter,
    /// The till gives nothing.
    Till(TillRefusal),
    /// More than is left of what was paid.
    TooMuch { left: i64 },
}

/// A refund as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub booking: BookingId,
    pub state: RefundState,
    pub amount: Money,
    /// Whether the units of its tickets are for sale again afterwards.
    pub frees_units: bool,
    /// How often it was tried, by request of a person.
    pub attempt: u32,
    /// The tickets that it takes back, with whether each is still valid.
    pub tickets: Vec<(TicketId, TicketState)>,
    pub created_at: Timestamp,
}

/// A refund that somebody works on, with what its gateway must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRefund {
    pub refund: Refund,
    /// What the gateway knows the charge by.
    pub charge: ChargeReference,
    /// What the gateway knows the payment by, if that is something else.
    pub payment: Option<PaymentId>,
    /// Which gateway has it.
    pub gateway: GatewayKind,
    /// The till that gives it.
    pub till: Option<TillId>,
}

/// What is written down of a refund on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundNote {
    /// Its tickets are revoked.
    Revoked,
    /// The gateway takes its time.
    Waits,
    /// The buyer has the money: the units are free if they were to be.
    Given,
    /// The gateway has refused for good.
    Refused,
    /// A person has given the money by another way, after the gateway has refused: the units are free if they were to be.
    GivenOutside,
}

/// Asks to write down how a refund goes on.
#[derive(Debug, Clone, Copy)]
pub struct NoteRefund {
    pub refund: RefundId,
    pub note: RefundNote,
    /// Whether its buyer gets a letter once the money is given.
    pub mails: bool,
    /// Who works on it; lets go of its job when there is something to wait for.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// Asks to try a refund again that the gateway has refused.
#[derive(Debug, Clone, Copy)]
pub struct RetryRefund {
    pub refund: RefundId,
    /// Who works on it from now on.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// Asks for refunds of an event, the first one first.
#[derive(Debug, Clone, Copy)]
pub struct RefundsQuery {
    pub event: EventId,
    /// Only those that stand so.
    pub state: Option<RefundState>,
    /// Only those after this one.
    pub after: Option<RefundId>,
    /// At most so many.
    pub limit: u32,
}
