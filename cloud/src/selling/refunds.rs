//! Giving money of a booking back after the sale: how much may be, for which tickets, and what to do next about it.
//!
//! The order keeps the promise that nobody keeps both: first the tickets are revoked, then the money is given back, and only then are the
//! units free again. A refund that the gateway refuses for good waits for a person and counts as given away until then, so that all
//! refunds of a booking together never exceed what was paid for it.

use usher_keys::Timestamp;
use usher_protocol::Unit;

use crate::ids::{BookingId, ChargeReference, RefundId, TicketId};
use crate::money::Money;

use super::bookings::{BookingState, GatewayKind, PaymentId, RequestHash};
use super::course::RefundStatus;
use super::jobs::LeaseHolder;
use super::reservations::PriceLine;
use super::tickets::{SoldTicket, TicketState};

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
}

impl RefundState {
    const ALL: [Self; 4] = [Self::Revoking, Self::Giving, Self::Given, Self::Refused];

    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Revoking => "revoking",
            Self::Giving => "giving",
            Self::Given => "given",
            Self::Refused => "refused",
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
            Self::Given | Self::Refused => false,
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
    /// Another refund of the booking is on its way.
    Running,
    /// A ticket is none of the booking, or a newer one has taken its place.
    NotItsTicket,
    /// A ticket was given back before.
    TicketRefunded,
    /// There is nothing to give back or to revoke.
    Nothing,
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
}

/// What is written down of a booking that money may be given back of.
#[derive(Debug, Clone)]
pub struct RefundFacts<'a> {
    pub state: BookingState,
    /// What was paid, in minor units.
    pub paid: i64,
    /// What its units cost.
    pub lines: &'a [PriceLine],
    pub tickets: &'a [SoldTicket],
    /// What refunds of it come to already, those that were refused too.
    pub promised: i64,
    /// Whether one of them is on its way.
    pub is_running: bool,
}

/// What a refund will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTerms {
    /// How much, in minor units.
    pub amount: i64,
    /// The tickets that it takes back.
    pub tickets: Vec<TicketId>,
}

/// Decides whether money may be given back, how much, and which tickets are taken for it.
///
/// # Errors
///
/// Why not.
pub fn may_refund(facts: &RefundFacts<'_>, request: &BeginRefund) -> Result<RefundTerms, RefundRefusal> {
    if facts.state != BookingState::Confirmed {
        return Err(RefundRefusal::NotConfirmed);
    }
    if facts.is_running {
        return Err(RefundRefusal::Running);
    }
    let tickets = taken_back(facts, &request.of)?;
    let left = facts.paid.saturating_sub(facts.promised);
    let cost = tickets
        .iter()
        .map(|ticket| cost_of(facts.lines, ticket.unit))
        .sum();
    let amount = match (request.amount, &request.of) {
        (Some(amount), _) => amount,
        // What was given back of it before, without a ticket, is not given back again.
        (None, RefundOf::All) => left.min(cost),
        (None, RefundOf::Tickets(_)) => cost,
    };
    if amount < 0 || amount > left {
        return Err(RefundRefusal::TooMuch { left });
    }
    if amount == 0 && tickets.is_empty() {
        return Err(RefundRefusal::Nothing);
    }
    Ok(RefundTerms {
        amount,
        tickets: tickets.iter().map(|ticket| ticket.id).collect(),
    })
}

/// Finds the tickets that are taken back: each is the one that counts of its unit, and was not given back before.
fn taken_back<'a>(facts: &RefundFacts<'a>, of: &RefundOf) -> Result<Vec<&'a SoldTicket>, RefundRefusal> {
    let counts = |ticket: &&SoldTicket| ticket.state != TicketState::Superseded && !ticket.is_refunded;
    match of {
        RefundOf::All => Ok(facts.tickets.iter().filter(counts).collect()),
        RefundOf::Tickets(ids) => {
            let mut found: Vec<&SoldTicket> = Vec::with_capacity(ids.len());
            for id in ids {
                let ticket = facts.tickets.iter().find(|ticket| ticket.id == *id);
                match ticket {
                    Some(ticket) if ticket.is_refunded => return Err(RefundRefusal::TicketRefunded),
                    Some(ticket) if ticket.state != TicketState::Superseded => {
                        if !found.contains(&ticket) {
                            found.push(ticket);
                        }
                    }
                    Some(_) | None => return Err(RefundRefusal::NotItsTicket),
                }
            }
            Ok(found)
        }
    }
}

fn cost_of(lines: &[PriceLine], unit: Unit) -> i64 {
    let line = lines.iter().find(|line| line.unit == unit);
    line.map_or(0, |line| line.price)
}

/// What to do next about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStep {
    /// Revoke its tickets that are still valid, and write that down.
    Revoke,
    /// Have the gateway give the money back.
    Give,
    /// Write down what has become of it.
    Note(RefundNote),
    /// Try again later: something failed.
    PutOff,
    /// Let go of it: it has ended.
    Leave,
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
}

/// What was heard about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundHeard {
    /// Its tickets are revoked.
    Revoked,
    /// The gateway has said how it stands.
    Stands(RefundStatus),
    /// The gateway has refused the request, and nothing has changed there.
    Refused,
    /// Nobody has answered.
    Silent,
}

/// Tells the first step of whoever takes a refund up.
pub fn first(refund: &Refund) -> RefundStep {
    match refund.state {
        RefundState::Revoking => RefundStep::Revoke,
        // Of nothing the gateway need not hear.
        RefundState::Giving if refund.amount.minor == 0 => RefundStep::Note(RefundNote::Given),
        RefundState::Giving => RefundStep::Give,
        RefundState::Given | RefundState::Refused => RefundStep::Leave,
    }
}

/// Tells what follows from what was heard.
pub fn next(heard: RefundHeard) -> RefundStep {
    match heard {
        RefundHeard::Revoked => RefundStep::Note(RefundNote::Revoked),
        RefundHeard::Stands(RefundStatus::Given) => RefundStep::Note(RefundNote::Given),
        RefundHeard::Stands(RefundStatus::Pending) => RefundStep::Note(RefundNote::Waits),
        RefundHeard::Stands(RefundStatus::Failed) | RefundHeard::Refused => {
            RefundStep::Note(RefundNote::Refused)
        }
        RefundHeard::Silent => RefundStep::PutOff,
    }
}

/// Decides how a refund stands after a note; `None` if it is not any more what whoever notes it takes it for.
pub fn noted(refund: &Refund, note: RefundNote) -> Option<RefundState> {
    let is_revoked = refund
        .tickets
        .iter()
        .all(|(_, state)| *state != TicketState::Valid);
    match (refund.state, note) {
        (RefundState::Revoking, RefundNote::Revoked) if is_revoked => Some(RefundState::Giving),
        (RefundState::Giving, RefundNote::Waits) => Some(RefundState::Giving),
        (RefundState::Giving, RefundNote::Given) => Some(RefundState::Given),
        (RefundState::Giving, RefundNote::Refused) => Some(RefundState::Refused),
        (
            RefundState::Revoking | RefundState::Giving | RefundState::Given | RefundState::Refused,
            RefundNote::Revoked | RefundNote::Waits | RefundNote::Given | RefundNote::Refused,
        ) => None,
    }
}

/// Asks to write down how a refund goes on.
#[derive(Debug, Clone, Copy)]
pub struct NoteRefund {
    pub refund: RefundId,
    pub note: RefundNote,
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

/// What was given back of a booking after its sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// How much the buyer has, in minor units.
    pub amount: i64,
    /// Whether more is on its way.
    pub is_running: bool,
}

#[cfg(test)]
mod tests;
