//! The bounds of query parameters, by the route and the parameter that they are of. What may be empty counts as left out then.

use crate::api::event_search::{
    CITY_BYTES, CURSOR_PATTERN, DAY_PATTERN, EVENTS_ON_A_PAGE, KEYWORD_BYTES, PLACE_PATTERN,
};
use crate::api::input::MOST_DIGITS;
use crate::api::organizer::acts::ACT_NUMBERS;
use crate::api::organizer::admissions::RECORDS_ON_A_PAGE;
use crate::api::organizer::letters::CODE_BYTES;
use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::MOST_KM;
use crate::ids::{DisputeId, ReceiptId, RefundId, VoucherId};
use crate::letters::LetterState;
use crate::money::MAX_PRICE;
use crate::selling::disputes::DisputeState;
use crate::selling::refunds::RefundState;
use crate::webhooks::WebhookState;

use super::{Bound, bookings_list, number};

/// Lists them: path, parameter, bound.
pub fn bounds() -> Vec<(&'static str, &'static str, Bound)> {
    let mut bounds = of_events();
    bounds.extend(of_organizers());
    bounds.extend(of_money());
    bounds.extend(
        bookings_list().map(|(member, bound)| ("/v1/organizer/events/{event_id}/bookings", member, bound)),
    );
    bounds
}

fn of_events() -> Vec<(&'static str, &'static str, Bound)> {
    let events = "/v1/events";
    let categories = EventCategory::ALL.map(EventCategory::word);
    vec![
        (events, "keyword", Bound::Text(KEYWORD_BYTES)),
        (events, "city", Bound::Text(CITY_BYTES)),
        (events, "category", one_of_or_empty(&categories)),
        (events, "from", or_empty(DAY_PATTERN)),
        (events, "until", or_empty(DAY_PATTERN)),
        (events, "price_min", Bound::Number(0..=MAX_PRICE)),
        (events, "price_max", Bound::Number(0..=MAX_PRICE)),
        (events, "near", or_empty(PLACE_PATTERN)),
        (events, "within_km", Bound::Number(1..=MOST_KM.into())),
        (events, "cursor", or_empty(CURSOR_PATTERN)),
        (events, "limit", number(&EVENTS_ON_A_PAGE)),
        ("/v1/events/suggestions", "keyword", Bound::Text(KEYWORD_BYTES)),
        (
            "/v1/bookings/{booking_id}/tickets.pdf",
            "per_page",
            one_of_or_empty(&["1", "4"]),
        ),
    ]
}

fn of_organizers() -> Vec<(&'static str, &'static str, Bound)> {
    let admissions = "/v1/organizer/events/{event_id}/admissions";
    let letters = "/v1/organizer/events/{event_id}/letters";
    let waiting = "/v1/organizer/events/{event_id}/waiting-list";
    let webhooks = "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}/webhooks";
    let numbers = *ACT_NUMBERS.start() as i64..=*ACT_NUMBERS.end() as i64;
    vec![
        ("/v1/organizer/acts", "after", Bound::Number(numbers)),
        (
            admissions,
            "cursor",
            Bound::Pattern(format!("^[0-9]{{0,{MOST_DIGITS}}}$")),
        ),
        (admissions, "limit", number(&RECORDS_ON_A_PAGE)),
        (
            letters,
            "status",
            one_of_or_empty(&LetterState::ALL.map(LetterState::word)),
        ),
        (letters, "booking_code", Bound::Text(CODE_BYTES)),
        (waiting, "tier", Bound::Number(0..=u16::MAX.into())),
        (waiting, "beyond", Bound::Number(0..=u32::MAX.into())),
        (
            webhooks,
            "status",
            one_of_or_empty(&WebhookState::ALL.map(WebhookState::word)),
        ),
        (
            "/v1/organizer/events/{event_id}/exports/{export}",
            "format",
            one_of_or_empty(&["csv", "jsonl"]),
        ),
        (
            "/v1/organizer/events/{event_id}/key-request",
            "instead_of",
            Bound::Pattern("^[0-9a-fA-F]{8}$".to_owned()),
        ),
    ]
}

fn of_money() -> Vec<(&'static str, &'static str, Bound)> {
    let refunds = "/v1/organizer/events/{event_id}/refunds";
    let disputes = "/v1/organizer/events/{event_id}/disputes";
    vec![
        (
            refunds,
            "status",
            one_of_or_empty(&RefundState::ALL.map(RefundState::word)),
        ),
        (refunds, "cursor", or_empty(RefundId::PATTERN)),
        (
            disputes,
            "status",
            one_of_or_empty(&DisputeState::ALL.map(DisputeState::word)),
        ),
        (disputes, "cursor", or_empty(DisputeId::PATTERN)),
        (
            "/v1/organizer/events/{event_id}/receipts",
            "cursor",
            or_empty(ReceiptId::PATTERN),
        ),
        (
            "/v1/organizer/events/{event_id}/vouchers",
            "cursor",
            or_empty(VoucherId::PATTERN),
        ),
    ]
}

/// Bounds a text to a pattern, unless it is empty.
fn or_empty(pattern: &str) -> Bound {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    Bound::Pattern(format!("^(?:{inner})?$"))
}

fn one_of_or_empty(words: &[&str]) -> Bound {
    or_empty(&words.join("|"))
}
