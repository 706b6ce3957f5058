//! Lists of tickets and of money that has moved, as plain values: what an event has sold, row by row.

use usher_keys::{EventId, Timestamp};

use crate::ids::{ChargeReference, DisputeId, RefundId, TicketId};
use crate::money::Money;

use super::booking_code::BookingCode;
use super::money_steps::{Account, MoneyStep};
use super::tickets::SoldTicket;

/// Asks for tickets of an event, those issued first first.
#[derive(Debug, Clone, Copy)]
pub struct TicketsQuery {
    pub event: EventId,
    /// Only those that were issued before.
    pub before: Timestamp,
    /// Only those beyond this one.
    pub beyond: Option<TicketId>,
    /// At most so many.
    pub limit: u32,
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketLine {
    pub ticket: SoldTicket,
    /// The code of its booking; `None` for a ticket that was transferred.
    pub booking: Option<BookingCode>,
    /// What was paid for its place in its booking.
    pub price: Option<Money>,
}

/// Asks for the money that has moved at an event, charge by charge and refund by refund.
#[derive(Debug, Clone, Copy)]
pub struct MoneyQuery {
    pub event: EventId,
    /// Only what has moved before.
    pub before: Timestamp,
    /// Only what comes beyond this.
    pub beyond: Option<MoneyPlace>,
    /// At most so many.
    pub limit: u32,
}

/// What money was moved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneySource {
    /// A sale, or a payment that got no tickets.
    Charge(ChargeReference),
    /// Money that is given back after the sale.
    Refund(RefundId),
    /// Money that a bank has taken back.
    Dispute(DisputeId),
}

/// A place in the list of money that has moved: each subject has each step once.
pub type MoneyPlace = (MoneySource, MoneyStep);

/// Money that has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyLine {
    pub subject: MoneySource,
    pub step: MoneyStep,
    /// Into which account, and out of which.
    pub sides: (Account, Account),
    pub amount: Money,
    /// What people call the booking it is of.
    pub booking: Option<BookingCode>,
    pub moved_at: Timestamp,
}
