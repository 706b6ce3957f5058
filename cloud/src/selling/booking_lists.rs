//! Lists of bookings as plain values: which are asked for, and what is told of each.

use std::ops::Range;

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_protocol::ticket::TicketCode;

use crate::ids::{BookingId, ChargeReference, TicketId};
use crate::money::Money;

use super::booking_code::BookingCode;
use super::booking_status::BookingFacts;
use super::bookings::PaymentId;
use super::disputes::DisputeState;
use super::gateway_kind::GatewayKind;
use super::reservations::TierQuantity;

/// Fewest characters of a code or an address that are looked for: fewer would find most bookings.
pub const LEAST_CHARS: usize = 3;

/// What a booking is looked for by; one of these is enough.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// Its id.
    pub booking: Option<BookingId>,
    /// The id of a ticket of it.
    pub ticket: Option<TicketId>,
    /// The range in which the number of its code lies.
    pub booking_codes: Range<u64>,
    /// The range in which the number of one of its ticket codes lies.
    pub ticket_codes: Range<u64>,
    /// The beginning of its buyer's address or name, in lower case; empty if that is not looked for.
    pub address: String,
}

// Addresses and ids that open something stay out of logs.
impl std::fmt::Debug for Sought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sought(..)")
    }
}

impl Sought {
    /// Reads what a person has typed: an id of a booking or ticket, a code or its first digits, an address or a name, or its beginning. `None` if it
    /// can be none of these.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let (booking, ticket) = (text.parse().ok(), text.parse().ok());
        if booking.is_some() || ticket.is_some() {
            return Some(Self {
                booking,
                ticket,
                ..Self::default()
            });
        }
        if text.chars().count() < LEAST_CHARS {
            return None;
        }
        let one = |value: u64| value..value + 1;
        let is_code = text.chars().filter(char::is_ascii_alphanumeric).count() >= LEAST_CHARS;
        let booking_codes = match text.parse::<BookingCode>() {
            Ok(code) => one(code.value()),
            Err(_) => BookingCode::values_beginning(text).unwrap_or_default(),
        };
        let ticket_codes = match text.parse::<TicketCode>() {
            Ok(code) => one(code.value()),
            Err(_) => TicketCode::values_beginning(text).unwrap_or_default(),
        };
        Some(Self {
            booking_codes: if is_code { booking_codes } else { 0..0 },
            ticket_codes: if is_code { ticket_codes } else { 0..0 },
            address: text.to_ascii_lowercase(),
            ..Self::default()
        })
    }
}

/// Which of two comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOrder {
    /// The one that was opened last.
    NewestFirst,
    /// The one that was opened first.
    OldestFirst,
}

/// Asks for bookings of an event, in the order in which they were opened.
#[derive(Debug, Clone)]
pub struct BookingsQuery {
    pub event: EventId,
    /// Only those that are looked for.
    pub sought: Option<Sought>,
    /// Only those that stand so: one of [`super::booking_status::statuses`].
    pub status: Option<&'static str>,
    /// Only those with a unit of this tier.
    pub tier: Option<TierId>,
    /// Only those that were opened within this time.
    pub opened: Range<Timestamp>,
    pub order: ListOrder,
    /// Only those beyond this one, which is what the list before has told to go on with.
    pub beyond: Option<ChargeReference>,
    /// At most so many.
    pub limit: usize,
}

/// Some bookings of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingsPage {
    pub lines: Vec<BookingLine>,
    /// Beyond which one to go on; nothing at the end of the list.
    pub next: Option<ChargeReference>,
}

/// What is told of a booking in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingLine {
    pub id: BookingId,
    /// What people call it.
    pub code: BookingCode,
    /// What the gateway knows its charge by; the order of the list.
    pub charge: ChargeReference,
    /// What the gateway knows its payment by, if that is something else.
    pub payment: Option<PaymentId>,
    pub gateway: GatewayKind,
    pub facts: BookingFacts,
    /// The buyer's address; empty when it was erased, or never known.
    pub email: String,
    /// The buyer's name; empty likewise.
    pub name: String,
    /// What was to be paid.
    pub amount: Money,
    /// How disputes of it stand, if there are any.
    pub dispute: Option<DisputeState>,
    /// What was bought, tier by tier.
    pub tiers: Vec<TierQuantity>,
    /// How many of its tickets count: reissues once.
    pub tickets: u32,
    pub created_at: Timestamp,
    /// When its payment was over.
    pub closed_at: Option<Timestamp>,
}

// The address is personal and stays out of logs.
impl std::fmt::Debug for BookingLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BookingLine")
            .field("id", &self.id)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl BookingsQuery {
    /// Tells whether a booking is one that is asked for, as far as the store has not looked for it.
    pub fn takes(&self, line: &BookingLine) -> bool {
        let is_of_tier = |tier: TierId| line.tiers.iter().any(|of| of.tier == tier);
        self.status.is_none_or(|status| line.facts.word() == status) && self.tier.is_none_or(is_of_tier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, booking_codes: u64, ticket_codes: u64, address: &str) {
        let sought = Sought::of(text).unwrap();
        let counts = [sought.booking_codes, sought.ticket_codes].map(|values| values.end - values.start);
        assert_eq!(
            (counts, &*sought.address),
            ([booking_codes, ticket_codes], address)
        );
    }

    #[test]
    fn what_is_typed_is_a_code_its_first_digits_or_how_an_address_begins() {
        let booking = BookingCode::draw_from(0x1234_5678_9abc_def0).to_string();
        let ticket = TicketCode::draw_from(0x1234_5678_9abc_def0).to_string();
        check("abc", 1 << 15, 1 << 20, "abc");
        check(&booking[..3], 1 << 15, 1 << 20, &booking[..3].to_lowercase());
        check(&ticket, 0, 1, &ticket.to_lowercase());
        check(" Owl@Example.org ", 0, 0, "owl@example.org");
        check("- - -", 0, 0, "- - -");
        assert_eq!(Sought::of(&booking).unwrap().booking_codes.count(), 1);
        assert_eq!(Sought::of("ab"), None);
        assert_eq!(Sought::of(""), None);
    }
}
