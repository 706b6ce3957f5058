//! Tickets as plain values: what one will say before it is signed, and what it is once it is written down.

use usher_keys::{EventId, Timestamp};
use usher_protocol::labels::UnitLabel;
use usher_protocol::ticket::{TicketCode, TicketFlags};
use usher_protocol::{Generation, TierId, Unit};

use crate::ids::TicketId;

/// What the ticket of a unit will say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitToIssue {
    pub unit: Unit,
    pub tier: TierId,
    /// The generation the ticket will have.
    pub generation: Generation,
    /// How many people it lets in.
    pub admits: u8,
    /// What gates shall look at.
    pub flags: TicketFlags,
}

/// A signed ticket that is to be written down.
#[derive(Clone)]
pub struct NewTicket {
    pub id: TicketId,
    pub unit: Unit,
    pub generation: Generation,
    /// The ticket code it shall have; if that is taken, it gets the next one that is free.
    pub code: TicketCode,
    /// The digits of its QR code.
    pub payload: String,
}

/// Asks for the ticket with a ticket code.
#[derive(Debug, Clone, Copy)]
pub struct CodeQuery {
    pub event: EventId,
    pub code: TicketCode,
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// It opens gates.
    Valid,
    /// A newer generation has replaced it.
    Superseded,
    /// It was revoked.
    Revoked,
}

impl TicketState {
    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Valid, Self::Superseded, Self::Revoked]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// The right to use one unit.
#[derive(Clone, PartialEq, Eq)]
pub struct SoldTicket {
    pub id: TicketId,
    pub unit: Unit,
    /// Which reissue it is, from 1.
    pub generation: Generation,
    pub tier: TierId,
    pub tier_name: String,
    /// How many people it lets in.
    pub admits: u8,
    /// What its unit is called, on the ticket as at gates.
    pub label: UnitLabel,
    /// How it stands.
    pub state: TicketState,
    /// Whether the ticket that replaced it is somebody else's.
    pub transferred: bool,
    /// What people type instead of showing its QR code.
    pub code: TicketCode,
    /// The digits of its QR code.
    pub payload: String,
    pub issued_at: Timestamp,
}

// The payload opens a gate and stays out of logs.
impl std::fmt::Debug for SoldTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoldTicket")
            .field("id", &self.id)
            .field("unit", &self.unit)
            .field("generation", &self.generation)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
