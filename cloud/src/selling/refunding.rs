//! Giving money of a booking back after the sale: how much may be, for which tickets, and what to do next about it.
//!
//! The order keeps the promise that nobody keeps both: first the tickets are revoked, then the money is given back, and only then are the
//! units free again. A refund that the gateway refuses for good waits for a person and counts as given away until then, so that all
//! refunds of a booking together never exceed what was paid for it.

use usher_protocol::{Generation, Unit};

use crate::ids::TicketId;

use super::booking_status::BookingState;
use super::bookings::Booking;
use super::charges::ChargeParts;
use super::course::RefundStatus;
use super::gateway_kind::GatewayKind;
use super::price_line::PriceLine;
use super::refunds::{BeginRefund, OpenRefund, Refund, RefundNote, RefundOf, RefundRefusal, RefundState};
use super::reservations::UnitState;
use super::tickets::{SoldTicket, TicketState};
use super::tills::{AtTill, Till, may_use};

/// What is written down of a booking that money may be given back of.
#[derive(Debug, Clone)]
pub struct RefundFacts<'a> {
    pub state: BookingState,
    /// Whether its event is halted.
    pub is_halted: bool,
    /// What was paid, in minor units.
    pub paid: i64,
    /// What its units cost.
    pub lines: &'a [PriceLine],
    pub tickets: &'a [SoldTicket],
    /// What refunds of it come to already, those that were refused too.
    pub promised: i64,
    /// How much of that are fees and taxes.
    pub promised_parts: ChargeParts,
    /// Whether one of them is on its way.
    pub is_running: bool,
    /// Whether a bank has taken money of it back for its buyer, and has not decided, or has decided for the buyer.
    pub is_disputed: bool,
}

/// What a refund will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTerms {
    /// How much, in minor units.
    pub amount: i64,
    /// How much of that are fees and taxes.
    pub parts: ChargeParts,
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
    if facts.is_halted {
        return Err(RefundRefusal::Halted);
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
    // The bank has the money, or the buyer has. Tickets may be taken back all the same.
    if amount > 0 && facts.is_disputed {
        return Err(RefundRefusal::Disputed);
    }
    if amount == 0 && tickets.is_empty() {
        return Err(RefundRefusal::Nothing);
    }
    Ok(RefundTerms {
        amount,
        parts: parts_of(facts, &tickets, amount),
        tickets: tickets.iter().map(|ticket| ticket.id).collect(),
    })
}

/// Returns how much of what is given back are fees and taxes: of tickets the share that the amount has in their price, without tickets that in
/// all that was paid, and with the last of the money all that is left of both.
pub(super) fn parts_of(facts: &RefundFacts<'_>, tickets: &[&SoldTicket], amount: i64) -> ChargeParts {
    let left = ChargeParts::of(facts.lines.iter()).without(facts.promised_parts);
    if amount == facts.paid.saturating_sub(facts.promised) {
        return left;
    }
    let is_meant =
        |line: &&PriceLine| tickets.is_empty() || tickets.iter().any(|ticket| ticket.unit == line.unit);
    let lines = || facts.lines.iter().filter(is_meant);
    let whole = lines().map(|line| line.price).sum();
    ChargeParts::of(lines()).share(amount, whole).at_most(left)
}

/// Finds the tickets that are taken back: each is the one that counts of its unit, and was not given back before.
pub(super) fn taken_back<'a>(
    facts: &RefundFacts<'a>,
    of: &RefundOf,
) -> Result<Vec<&'a SoldTicket>, RefundRefusal> {
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

/// Decides whether a till gives money of a booking back.
///
/// # Errors
///
/// Why not.
pub fn may_give_at(booking: &Booking, till: Option<&Till>, at: &AtTill) -> Result<(), RefundRefusal> {
    if !booking.gateway.is_counter() {
        return Err(RefundRefusal::NotAtCounter);
    }
    may_use(till, booking.id.event, &at.by).map_err(RefundRefusal::Till)
}

/// Returns what becomes of money that no gateway has: whoever is at the till hands it out, and without a till a person has to look into it.
/// `None` where a gateway is to be asked.
pub fn given_by_hand(open: &OpenRefund) -> Option<RefundHeard> {
    match (open.gateway, open.till) {
        (GatewayKind::Sandbox | GatewayKind::Stripe, _) => None,
        (GatewayKind::Cash | GatewayKind::CardTerminal, Some(_)) => {
            Some(RefundHeard::Stands(RefundStatus::Given))
        }
        (GatewayKind::Cash | GatewayKind::CardTerminal | GatewayKind::Invoice, _) => {
            Some(RefundHeard::Refused)
        }
    }
}

/// Returns the first step of whoever takes a refund up.
pub fn first(refund: &Refund) -> RefundStep {
    match refund.state {
        RefundState::Revoking => RefundStep::Revoke,
        // Of nothing the gateway need not hear.
        RefundState::Giving if refund.amount.minor == 0 => RefundStep::Note(RefundNote::Given),
        RefundState::Giving => RefundStep::Give,
        RefundState::Given | RefundState::Refused | RefundState::GivenOutside => RefundStep::Leave,
    }
}

/// Returns what follows from what was heard.
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
        // Nobody else gives it any more: only then the buyer does not get it twice.
        (RefundState::Refused, RefundNote::GivenOutside) => Some(RefundState::GivenOutside),
        (
            RefundState::Revoking
            | RefundState::Giving
            | RefundState::Given
            | RefundState::Refused
            | RefundState::GivenOutside,
            RefundNote::Revoked
            | RefundNote::Waits
            | RefundNote::Given
            | RefundNote::Refused
            | RefundNote::GivenOutside,
        ) => None,
    }
}

/// Decides how a refund stands that is tried again by request of a person: only what the gateway has refused is. `None` for any other.
pub fn retried(state: RefundState) -> Option<RefundState> {
    match state {
        RefundState::Refused => Some(RefundState::Giving),
        RefundState::Revoking | RefundState::Giving | RefundState::Given | RefundState::GivenOutside => None,
    }
}

/// A ticket that a refund has taken back, and how its unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenUnit {
    pub unit: Unit,
    /// The ticket's generation.
    pub generation: Generation,
    pub state: UnitState,
    /// The newest generation that was issued for the unit.
    pub issued: Generation,
}

/// Decides whether a unit is for sale again once its money is given back: it is still sold, and nobody has got a newer ticket for it.
pub fn may_free(taken: &TakenUnit) -> bool {
    match taken.state {
        UnitState::Booked => taken.generation == taken.issued,
        UnitState::Available | UnitState::Held | UnitState::Paying => false,
    }
}

#[cfg(test)]
mod tests;
