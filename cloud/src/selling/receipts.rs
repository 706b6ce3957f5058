//! Receipts: what was paid, and what of it was given back, each with the next number of its organizer and no number left out.

use std::fmt;

use usher_keys::{EventId, Timestamp};

use crate::ids::ReceiptId;
use crate::money::Money;

use super::charges::ChargeParts;

/// The number of a receipt: unique to its organizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptNumber {
    /// The cell that numbers it; empty at home. Each counts for itself.
    pub series: String,
    /// From 1, without gaps within its series.
    pub number: u64,
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.series {
            "" => write!(f, "{}", self.number),
            series => write!(f, "{series}-{}", self.number),
        }
    }
}

/// A receipt as it is kept; it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub number: ReceiptNumber,
    /// The receipt that it annuls, in part or in all; none is of a sale.
    pub annuls: Option<ReceiptId>,
    /// How much was paid, or given back.
    pub amount: Money,
    /// How much of that are fees and taxes.
    pub parts: ChargeParts,
    pub issued_at: Timestamp,
}

/// Asks for a page of an event's receipts, by their ids.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptsQuery {
    pub event: EventId,
    /// Those after this one.
    pub after: Option<ReceiptId>,
    pub limit: u32,
}
