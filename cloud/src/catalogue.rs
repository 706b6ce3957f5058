//! What the store is asked and answers about events: their description, seats and how full they are; nothing here changes them.

pub mod availability;
pub mod category;
pub mod coordinates;
pub mod search;
pub mod section_place;
pub mod words;

use std::sync::Arc;

use usher_keys::{EventId, Timestamp};
use usher_protocol::labels::{UnitLabel, UnitLabels};
use usher_protocol::policy::Policy;
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{TierId, Unit};

use crate::ids::{OrganizerId, VenueId};
use crate::money::Currency;
use crate::selling::UnitState;
use crate::selling::charges::ChargedPrice;
use crate::selling::inventory::TierSale;
use crate::selling::sale::{EventSale, SaleFacts, SaleStatus};

use category::EventCategory;
use coordinates::Coordinates;
use search::EventCursor;
pub use section_place::{PlacedSection, SectionPlace};

/// Whether an event is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// Only its organizer sees it.
    Draft,
    /// On sale.
    Published,
}

impl EventStatus {
    /// Returns the word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Draft, Self::Published]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A price and entitlement class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    pub id: TierId,
    pub name: String,
    /// Price of a unit before what comes on top, in minor units of the event's currency.
    pub price: i64,
    /// How many people a ticket lets in.
    pub admits: u8,
    /// What gates shall look at.
    pub flags: TicketFlags,
    /// How it is sold.
    pub sale: TierSale,
}

impl Tier {
    /// Returns what a ticket costs its buyer, and what of that is a fee and a tax.
    pub fn charged(&self) -> ChargedPrice {
        self.sale.charges.of(self.price)
    }
}

impl Event {
    /// Returns the event with the prices that its tiers have now, after so many were held or sold.
    pub fn priced(&self, counts: &[TierCount], now: Timestamp) -> Self {
        let mut event = self.clone();
        for tier in &mut event.tiers {
            let count = counts.iter().find(|count| count.tier == tier.id);
            let taken = count.map_or(0, |count| count.held + count.booked);
            tier.price = tier.sale.steps.price(tier.price, taken, now);
        }
        event
    }

    /// Returns when one of its prices changes next because of its time.
    pub fn next_price_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.tiers
            .iter()
            .filter_map(|tier| tier.sale.steps.next_change(now))
            .min()
    }
}

/// An event as everyone but gates sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub organizer: OrganizerId,
    pub venue: VenueId,
    pub venue_name: String,
    pub city: String,
    /// Where that is, if it is known.
    pub coordinates: Option<Coordinates>,
    pub name: String,
    /// What sort of event it is, if its organizer says so.
    pub category: Option<EventCategory>,
    /// What it is about.
    pub description: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Whether it is on sale.
    pub status: EventStatus,
    /// The currency of its prices.
    pub currency: Currency,
    /// How long a reservation holds, in milliseconds.
    pub reservation_ms: u64,
    pub unit_count: u32,
    /// How many of them, the first ones, are seats.
    pub seat_count: u32,
    /// Its tiers, by id.
    pub tiers: Vec<Tier>,
    /// What its gates go by.
    pub policy: Policy,
    /// When its organizer has canceled it.
    pub canceled_at: Option<Timestamp>,
    /// How its organizer sells it.
    pub sale: EventSale,
}

impl Event {
    /// Tells whether it has ended: nothing of it is sold any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at <= now
    }

    /// Tells whether it sells now, if it is published.
    pub fn sale_status(&self, believed_until: Option<Timestamp>, now: Timestamp) -> SaleStatus {
        let is_canceled = self.canceled_at.is_some();
        seen(self.ends_at, is_canceled, self.sale).status(believed_until, now)
    }

    /// Finds a tier.
    pub fn tier(&self, id: TierId) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.id == id)
    }
}

/// An event in its organizer's list: what every event has, and nothing that is looked up or read apart for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    pub id: EventId,
    pub name: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Whether it is on sale.
    pub status: EventStatus,
    /// How long a reservation holds, in milliseconds.
    pub reservation_ms: u64,
    pub unit_count: u32,
    /// How many of them, the first ones, are seats.
    pub seat_count: u32,
    /// Whether its organizer has canceled it.
    pub is_canceled: bool,
    /// How its organizer sells it.
    pub sale: EventSale,
}

impl EventLine {
    /// Tells whether it sells now, if it is published.
    pub fn sale_status(&self, believed_until: Option<Timestamp>, now: Timestamp) -> SaleStatus {
        seen(self.ends_at, self.is_canceled, self.sale).status(believed_until, now)
    }
}

/// One event in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSummary {
    pub id: EventId,
    pub name: String,
    pub venue_name: String,
    pub city: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Offset of local time from UTC at its start, in minutes.
    pub utc_offset_minutes: i16,
    /// The currency of its prices.
    pub currency: Currency,
    /// The lowest price, in minor units.
    pub price_from: i64,
    /// Whether its organizer has canceled it.
    pub is_canceled: bool,
    /// How its organizer sells it.
    pub sale: EventSale,
    /// What sort of event it is, if its organizer says so.
    pub category: Option<EventCategory>,
    /// Where it is, if that is known.
    pub coordinates: Option<Coordinates>,
    /// Its place in the order of what was found.
    pub cursor: EventCursor,
}

impl EventSummary {
    /// Tells whether it sells now.
    pub fn sale_status(&self, believed_until: Option<Timestamp>, now: Timestamp) -> SaleStatus {
        seen(self.ends_at, self.is_canceled, self.sale).status(believed_until, now)
    }
}

/// Returns what is seen from outside of whether an event may sell; of a halt only the store knows.
fn seen(ends_at: Timestamp, is_canceled: bool, sale: EventSale) -> SaleFacts {
    SaleFacts {
        ends_at,
        is_halted: false,
        is_canceled,
        sale,
    }
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    pub events: Vec<EventSummary>,
    /// Where the next page begins, if there is one.
    pub next: Option<EventCursor>,
}

/// Where a seat is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub section: String,
    pub row: String,
    /// Its number in the row.
    pub number: String,
}

impl From<Seat> for UnitLabel {
    fn from(seat: Seat) -> Self {
        Self::Seat {
            section: seat.section,
            row: seat.row,
            number: seat.number,
        }
    }
}

/// A seat of the seat map. Its names are shared with the seats that have the same ones: a great house has 50,000 seats
/// and some hundred names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatUnit {
    pub unit: Unit,
    pub tier: TierId,
    pub section: Arc<str>,
    pub row: Arc<str>,
    /// Its number in the row.
    pub number: Arc<str>,
}

/// The seats of an event, by unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub seats: Vec<SeatUnit>,
    /// Where their sections are drawn: all of them or none.
    pub places: Vec<PlacedSection>,
}

impl Layout {
    /// Returns what the event's units are called at gates.
    pub fn labels(&self) -> UnitLabels {
        let seats = self.seats.iter();
        UnitLabels::of(seats.map(|seat| [&*seat.section, &*seat.row, &*seat.number]))
    }
}

/// What a buyer is told about a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Free.
    Available,
    /// Someone has a claim on it, or is paying.
    Held,
    /// Sold.
    Booked,
}

impl Status {
    /// Returns what buyers are told of a unit in this state; one that is held is free again as soon as its hold has expired.
    pub fn of(unit: UnitState, held_until: Option<Timestamp>, now: Timestamp) -> Self {
        match unit {
            UnitState::Available => Self::Available,
            UnitState::Held if held_until.is_some_and(|until| until <= now) => Self::Available,
            UnitState::Held | UnitState::Paying => Self::Held,
            UnitState::Booked => Self::Booked,
        }
    }

    /// Returns the word for it in JSON and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Booked => "booked",
        }
    }
}

/// Asks how full an event is.
#[derive(Debug, Clone, Copy)]
pub struct OccupancyQuery {
    pub event: EventId,
    pub now: Timestamp,
}

/// How many units of a tier are free, held, set aside and sold: together, all that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierCount {
    pub tier: TierId,
    /// Free units.
    pub available: u32,
    /// Held units.
    pub held: u32,
    /// Units that the organizer has set aside; buyers are told that they are held.
    pub blocked: u32,
    /// Sold units.
    pub booked: u32,
}

impl TierCount {
    /// Begins to count a tier.
    pub fn none_of(tier: TierId) -> Self {
        Self {
            tier,
            available: 0,
            held: 0,
            blocked: 0,
            booked: 0,
        }
    }

    /// Returns how many are told to buyers as held.
    pub fn taken(&self) -> u32 {
        self.held + self.blocked
    }

    /// Counts some of its units.
    pub fn add(&mut self, status: Status, units: u32) {
        let count = match status {
            Status::Available => &mut self.available,
            Status::Held => &mut self.held,
            Status::Booked => &mut self.booked,
        };
        *count += units;
    }
}

/// How full an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupancy {
    /// The status of each seat, by unit from 0.
    pub seats: Vec<Status>,
    /// The counts of each tier, by id.
    pub tiers: Vec<TierCount>,
    /// When the next hold expires and this is out of date, even if nothing is sold.
    pub good_until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(unit: UnitState, held_until: Option<u64>, expected: Status) {
        assert_eq!(
            Status::of(unit, held_until.map(Timestamp), Timestamp(10)),
            expected
        );
    }

    #[test]
    fn a_unit_is_free_again_once_its_hold_has_expired_and_no_sooner() {
        check(UnitState::Available, None, Status::Available);
        check(UnitState::Held, Some(11), Status::Held);
        check(UnitState::Held, Some(10), Status::Available);
        check(UnitState::Paying, None, Status::Held);
        check(UnitState::Booked, None, Status::Booked);
    }
}
