//! How values of the domain look in columns, both ways; a value this version does not know is an error, not a guess.

use serde::Deserialize;
use usher_keys::{EventId, Timestamp};
use usher_protocol::policy::{OffsetChange, Policy, local_offset};

use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::Coordinates;
use crate::catalogue::{EventStatus, PlacedSection};
use crate::ids::LOCAL_BYTES;
use crate::languages::Language;
use crate::money::Currency;
use crate::rights::StaffRole;
use crate::selling::price_steps::{PriceStep, PriceSteps};
use crate::selling::refunds::RefundState;
use crate::selling::{BookingState, GatewayKind, PriceLine, ReservationState, TicketState, UnitState};
use crate::store::StoreError;
use crate::store::sql::Row;

/// Returns a moment as milliseconds; moments beyond the column's range mean "for ever".
pub fn ms(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// Reads a moment.
pub fn moment(ms: i64) -> Timestamp {
    Timestamp(u64::try_from(ms).unwrap_or(0))
}

/// Reads the tag of a language; English where no page speaks it any more.
pub fn language(tag: &str) -> Language {
    Language::from_tag(tag).unwrap_or(Language::English)
}

/// Reads an event id.
pub fn event_id(bytes: [u8; 16]) -> EventId {
    EventId(bytes)
}

/// The part of an id that is unique within its event, as it is stored.
pub type Local = [u8; LOCAL_BYTES];

/// Writes a count or number; none is beyond the column's range.
pub fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads a number into a narrower type.
pub fn narrow<T: TryFrom<i64>>(value: i64, what: &'static str) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Unreadable { what })
}

/// Writes the lines of a reservation.
pub fn lines_text(lines: &[PriceLine]) -> String {
    serde_json::to_string(lines).expect("lines are plain numbers")
}

/// Reads steps of a price.
pub fn price_steps(text: &str) -> Result<PriceSteps, StoreError> {
    let steps: Vec<PriceStep> = serde_json::from_str(text).map_err(|_| StoreError::Unreadable {
        what: "steps of a price",
    })?;
    Ok(PriceSteps::of(&steps))
}

/// Writes steps of a price; nothing if there are none.
pub fn price_steps_text(steps: &PriceSteps) -> Option<String> {
    let all: Vec<_> = steps.iter().collect();
    (!all.is_empty()).then(|| serde_json::to_string(&all).expect("steps are plain numbers"))
}

/// Reads the lines of a reservation.
pub fn lines(text: &str) -> Result<Vec<PriceLine>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable {
        what: "reservation line",
    })
}

/// Writes a policy.
pub fn policy_text(policy: &Policy) -> String {
    serde_json::to_string(policy).expect("a policy has string keys only")
}

/// Reads a policy.
pub fn policy(text: &str) -> Result<Policy, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { what: "policy" })
}

/// Writes where sections are drawn, if that is said.
pub fn places_text(places: &[PlacedSection]) -> Option<String> {
    let text = || serde_json::to_string(places).expect("places have string keys only");
    (!places.is_empty()).then(text)
}

/// Reads where sections are drawn.
pub fn places(text: &str) -> Result<Vec<PlacedSection>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable {
        what: "section places",
    })
}

/// Reads which gateway has a payment.
pub fn gateway_kind(word: &str) -> Result<GatewayKind, StoreError> {
    GatewayKind::from_word(word).ok_or(StoreError::Unreadable {
        what: "gateway of a payment",
    })
}

/// Reads a currency.
pub fn currency(text: &str) -> Result<Currency, StoreError> {
    text.parse()
        .map_err(|_| StoreError::Unreadable { what: "currency" })
}

/// Reads of a policy what local time is at a moment, and passes over all the rest: lists do so for each of many events.
pub fn offset_at(policy: &str, at: Timestamp) -> Result<i16, StoreError> {
    #[derive(Deserialize)]
    struct LocalTime {
        #[serde(default)]
        utc_offset_minutes: i16,
        #[serde(default)]
        offset_changes: Vec<OffsetChange>,
    }
    let read: LocalTime =
        serde_json::from_str(policy).map_err(|_| StoreError::Unreadable { what: "policy" })?;
    Ok(local_offset(read.utc_offset_minutes, &read.offset_changes, at))
}

/// Reads what sort of event it is.
pub fn category(row: &Row<'_>, column: usize) -> Result<Option<EventCategory>, StoreError> {
    let word = row.column(column)?.as_str_or_null()?;
    word.map(|word| {
        EventCategory::from_word(word).ok_or(StoreError::Unreadable {
            what: "category of an event",
        })
    })
    .transpose()
}

/// Reads a place on the globe, from two columns.
pub fn coordinates(row: &Row<'_>, first: usize) -> Result<Option<Coordinates>, StoreError> {
    let degrees = row.get::<Option<i32>>(first)?.zip(row.get(first + 1)?);
    Ok(degrees.map(|(latitude_e6, longitude_e6)| Coordinates {
        latitude_e6,
        longitude_e6,
    }))
}

/// Reads an event's status.
pub fn event_status(word: &str) -> Result<EventStatus, StoreError> {
    EventStatus::from_word(word).ok_or(StoreError::Unreadable { what: "event status" })
}

/// Reads a unit's state.
pub fn unit_state(word: &str) -> Result<UnitState, StoreError> {
    UnitState::from_word(word).ok_or(StoreError::Unreadable { what: "unit state" })
}

/// Reads a reservation's state.
pub fn reservation_state(word: &str) -> Result<ReservationState, StoreError> {
    ReservationState::from_word(word).ok_or(StoreError::Unreadable {
        what: "reservation state",
    })
}

/// Reads a booking's state and, if it was declined, why.
pub fn booking_state(word: &str, decline: Option<&str>) -> Result<BookingState, StoreError> {
    BookingState::from_word(word, decline).ok_or(StoreError::Unreadable {
        what: "booking state",
    })
}

/// Reads a refund's state.
pub fn refund_state(word: &str) -> Result<RefundState, StoreError> {
    RefundState::from_word(word).ok_or(StoreError::Unreadable {
        what: "state of a refund",
    })
}

/// Reads a ticket's state.
pub fn ticket_state(word: &str) -> Result<TicketState, StoreError> {
    TicketState::from_word(word).ok_or(StoreError::Unreadable { what: "ticket state" })
}

/// Reads a role.
pub fn staff_role(word: &str) -> Result<StaffRole, StoreError> {
    StaffRole::from_word(word).ok_or(StoreError::Unreadable { what: "staff role" })
}
