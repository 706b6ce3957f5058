//! Tickets as plain values: what one will say before it is signed, what it is once it is written down, and what may become of it.

use usher_keys::{EventId, PublicKey, Timestamp};
use usher_protocol::labels::UnitLabel;
use usher_protocol::ticket::{Payload, TicketCode, TicketFlags, digits};
use usher_protocol::{Generation, TierId, Unit};

use crate::ids::TicketId;

use super::reservations::UnitState;

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
    /// Whether a refund has taken it back: it is never valid again.
    pub is_refunded: bool,
    /// What people type instead of showing its QR code.
    pub code: TicketCode,
    /// The digits of its QR code.
    pub payload: String,
    pub issued_at: Timestamp,
    /// How often its holder has bound it to a phone since somebody last gave them a code.
    pub bindings: u8,
}

impl SoldTicket {
    /// Returns the key of the phone that it is bound to; nothing of one that opens gates by its code alone.
    pub fn holder(&self) -> Option<PublicKey> {
        let bytes = digits::decode(self.payload.as_bytes())?;
        let (ticket, _, _) = Payload::parse(&bytes).ok()?;
        ticket.holder
    }
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

/// Whose the ticket is that takes another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReissuedTo {
    /// Its holder's, who has lost the code: it stays where the old one was.
    SameHolder,
    /// Somebody else's: it is in no booking, and nothing leads from one to the other.
    SomebodyElse,
}

/// Why nothing becomes of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketRefusal {
    /// A newer ticket of the unit has taken its place.
    Superseded,
    /// It was transferred: what has taken its place is somebody else's.
    Transferred,
    /// A refund has taken it back.
    Refunded,
    /// It is revoked, and a revoked ticket never comes back under a fresh code.
    Revoked,
    /// Its event is canceled: none becomes good again.
    EventCanceled,
    /// Another phone shows it.
    OnAnotherPhone,
    /// It was bound to as many phones as its holder may.
    BoundTooOften,
}

/// Decides what a ticket that is to be revoked becomes.
///
/// # Errors
///
/// Why it is not revoked.
pub fn may_revoke(ticket: &SoldTicket) -> Result<TicketState, TicketRefusal> {
    match ticket.state {
        TicketState::Valid | TicketState::Revoked => Ok(TicketState::Revoked),
        TicketState::Superseded => Err(TicketRefusal::Superseded),
    }
}

/// Decides what a ticket that is to be good again becomes.
///
/// # Errors
///
/// Why it is not.
pub fn may_reinstate(ticket: &SoldTicket) -> Result<TicketState, TicketRefusal> {
    match ticket.state {
        TicketState::Revoked if ticket.is_refunded => Err(TicketRefusal::Refunded),
        TicketState::Valid | TicketState::Revoked => Ok(TicketState::Valid),
        TicketState::Superseded => Err(TicketRefusal::Superseded),
    }
}

/// What is done about a ticket that is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacing {
    /// It is replaced now.
    Now,
    /// It was replaced so before: whoever asks again gets the ticket that took its place.
    Before,
}

/// Decides whether a ticket gives way to its next generation. Whoever asks for a reissue and finds a transfer gets neither, nor
/// the other way round: a holder's new code is for no one else.
///
/// # Errors
///
/// Why it does not.
pub fn may_replace(ticket: &SoldTicket, to: ReissuedTo) -> Result<Replacing, TicketRefusal> {
    match (ticket.state, to) {
        (TicketState::Valid | TicketState::Revoked, _) if ticket.is_refunded => Err(TicketRefusal::Refunded),
        (TicketState::Revoked, _) => Err(TicketRefusal::Revoked),
        (TicketState::Valid, _) => Ok(Replacing::Now),
        (TicketState::Superseded, ReissuedTo::SameHolder) if ticket.transferred => {
            Err(TicketRefusal::Transferred)
        }
        (TicketState::Superseded, ReissuedTo::SomebodyElse) if !ticket.transferred => {
            Err(TicketRefusal::Superseded)
        }
        (TicketState::Superseded, ReissuedTo::SameHolder | ReissuedTo::SomebodyElse) => Ok(Replacing::Before),
    }
}

/// How a ticket and its unit stand in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedUnit {
    pub state: UnitState,
    /// The newest generation of its ticket.
    pub issued: Generation,
    /// How the ticket stands that is to give way.
    pub ticket: TicketState,
}

impl IssuedUnit {
    /// Decides whether a ticket of that generation comes next: that of a sold unit, after its newest, which is valid.
    pub fn is_followed_by(&self, next: Generation) -> bool {
        let is_next = self.issued.0.checked_add(1) == Some(next.0);
        self.state == UnitState::Booked && self.ticket == TicketState::Valid && is_next
    }
}

#[cfg(test)]
pub mod tests {
    use TicketState::{Revoked, Superseded, Valid};

    use super::*;

    #[test]
    fn a_ticket_whose_place_is_taken_is_neither_revoked_nor_reinstated() {
        for (state, revoked, reinstated) in [
            (Valid, Ok(Revoked), Ok(Valid)),
            (Revoked, Ok(Revoked), Ok(Valid)),
            (
                Superseded,
                Err(TicketRefusal::Superseded),
                Err(TicketRefusal::Superseded),
            ),
        ] {
            let ticket = sold(state, false);
            assert_eq!(
                (may_revoke(&ticket), may_reinstate(&ticket)),
                (revoked, reinstated)
            );
        }
    }

    #[test]
    fn a_ticket_that_a_refund_has_taken_back_never_opens_a_gate_again() {
        for state in [Valid, Revoked] {
            let mut refunded = sold(state, false);
            refunded.is_refunded = true;
            for to in [ReissuedTo::SameHolder, ReissuedTo::SomebodyElse] {
                assert_eq!(may_replace(&refunded, to), Err(TicketRefusal::Refunded));
            }
            let is_valid = may_reinstate(&refunded).is_ok();
            assert_eq!(is_valid, state == Valid, "it is not made good again");
        }
    }

    pub fn sold(state: TicketState, transferred: bool) -> SoldTicket {
        let event = EventId([1; 16]);
        SoldTicket {
            id: TicketId {
                event,
                local: [2; crate::ids::LOCAL_BYTES],
            },
            unit: Unit(3),
            generation: Generation(1),
            tier: TierId(1),
            tier_name: "Stalls".to_owned(),
            admits: 1,
            label: UnitLabel::Unknown(Unit(3)),
            state,
            transferred,
            is_refunded: false,
            code: TicketCode::draw_from(7),
            payload: String::new(),
            issued_at: Timestamp(0),
            bindings: 0,
        }
    }

    #[test]
    fn who_asks_for_a_reissue_and_finds_a_transfer_gets_neither() {
        use ReissuedTo::{SameHolder, SomebodyElse};
        for (state, transferred, to, expected) in [
            (Valid, false, SameHolder, Ok(Replacing::Now)),
            (Valid, false, SomebodyElse, Ok(Replacing::Now)),
            (Superseded, false, SameHolder, Ok(Replacing::Before)),
            (Superseded, true, SomebodyElse, Ok(Replacing::Before)),
            (Superseded, true, SameHolder, Err(TicketRefusal::Transferred)),
            (Superseded, false, SomebodyElse, Err(TicketRefusal::Superseded)),
            (Revoked, false, SameHolder, Err(TicketRefusal::Revoked)),
            (Revoked, false, SomebodyElse, Err(TicketRefusal::Revoked)),
        ] {
            assert_eq!(
                may_replace(&sold(state, transferred), to),
                expected,
                "{state:?} {to:?}"
            );
        }
    }

    #[test]
    fn only_the_next_generation_follows_and_only_a_valid_ticket_of_a_sold_unit() {
        let newest = IssuedUnit {
            state: UnitState::Booked,
            issued: Generation(2),
            ticket: Valid,
        };
        let follows = [1, 2, 3, 4].map(|next| newest.is_followed_by(Generation(next)));
        assert_eq!(follows, [false, false, true, false]);
        for state in [UnitState::Available, UnitState::Held, UnitState::Paying] {
            assert!(!IssuedUnit { state, ..newest }.is_followed_by(Generation(3)));
        }
        for ticket in [Superseded, Revoked] {
            assert!(!IssuedUnit { ticket, ..newest }.is_followed_by(Generation(3)));
        }
    }
}
