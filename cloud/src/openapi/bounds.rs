//! The bounds of what requests may say and the patterns of ids, told with the constants that the code checks with.

mod offers;
mod patterns;
mod query_params;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use usher_keys::certificate::{MAX_GATES, MAX_NAME_BYTES};
use usher_protocol::policy::{MAX_OFFSET_CHANGES, MAX_PARTS};
use utoipa::Number;
use utoipa::openapi::path::{ParameterIn, PathItem};
use utoipa::openapi::{RefOr, Schema};

use crate::api::bookings::EMAIL_BYTES;
use crate::api::input::TOKEN_BYTES;
use crate::api::organizer::booking_lists::{BOOKINGS_ON_A_PAGE, SOUGHT_BYTES};
use crate::api::organizer::codes::{MAX_CERTIFICATE_DAYS, MAX_CODE_MINUTES};
use crate::api::organizer::draft::{MAX_DESCRIPTION, MAX_LABEL, MAX_NAME, RESERVATION_SECONDS};
use crate::api::organizer::endpoints::URL_BYTES;
use crate::api::organizer::hold_bounds::{MINUTES, PLACES};
use crate::api::organizer::mailings::{BODY_BYTES, SUBJECT_BYTES};
use crate::api::organizer::venues::{ADDRESS_BYTES, NAME_BYTES};
use crate::api::repeating::PUBLIC_KEY_BYTES;
use crate::ids::ChargeReference;
use crate::money::{MAX_ORDER, MAX_PRICE};
use crate::selling::booking_status::statuses;

use super::roles::operations;

pub use patterns::pattern;

/// What a value must keep to.
enum Bound {
    /// So many bytes: a text of so many characters at most has no more. Characters are what a document can tell.
    Text(RangeInclusive<usize>),
    /// A number between these.
    Number(RangeInclusive<i64>),
    /// So many items.
    Items(RangeInclusive<usize>),
    /// A text that a regular expression describes.
    Pattern(String),
}

fn number<N: Copy + Into<i64>>(range: &RangeInclusive<N>) -> Bound {
    Bound::Number((*range.start()).into()..=(*range.end()).into())
}

fn bounds() -> Vec<(&'static str, &'static str, Bound)> {
    let seconds = i64::from(*RESERVATION_SECONDS.start())..=i64::from(*RESERVATION_SECONDS.end());
    let mut bounds = vec![
        ("VenueRequest", "name", Bound::Text(NAME_BYTES)),
        ("VenueRequest", "city", Bound::Text(NAME_BYTES)),
        ("VenueRequest", "address", Bound::Text(ADDRESS_BYTES)),
        ("ApiKeyRequest", "name", Bound::Text(NAME_BYTES)),
        ("EndpointRequest", "url", Bound::Text(URL_BYTES)),
        ("EventRequest", "tiers", Bound::Items(1..=MAX_PARTS)),
        ("TierSpec", "price", Bound::Number(0..=MAX_PRICE)),
        ("TierSpec", "admits", Bound::Number(1..=u8::MAX.into())),
        ("PricePatch", "price", Bound::Number(0..=MAX_PRICE)),
        ("RowSpec", "name", Bound::Text(1..=MAX_LABEL)),
        (
            "PolicySpec",
            "offset_changes",
            Bound::Items(0..=MAX_OFFSET_CHANGES),
        ),
        ("CodeRequest", "name", Bound::Text(0..=MAX_NAME_BYTES)),
        ("CodeRequest", "gates", Bound::Items(1..=MAX_GATES)),
        (
            "CodeRequest",
            "expires_in_minutes",
            Bound::Number(1..=MAX_CODE_MINUTES.into()),
        ),
        (
            "CodeRequest",
            "certificate_days",
            Bound::Number(1..=MAX_CERTIFICATE_DAYS.into()),
        ),
        ("NewBooking", "payment_token", Bound::Text(TOKEN_BYTES)),
        ("NewBooking", "idempotency_key", Bound::Text(TOKEN_BYTES)),
        ("NewBooking", "email", Bound::Text(EMAIL_BYTES)),
        ("NewRefund", "idempotency_key", Bound::Text(TOKEN_BYTES)),
        ("NewRefund", "amount", Bound::Number(0..=MAX_ORDER)),
        ("SearchBookings", "text", Bound::Text(SOUGHT_BYTES)),
    ];
    for schema in ["EventRequest", "EventPatch"] {
        bounds.push((schema, "description", Bound::Text(0..=MAX_DESCRIPTION)));
        bounds.push((schema, "reservation_seconds", Bound::Number(seconds.clone())));
    }
    let named = [
        "EventRequest",
        "EventPatch",
        "ZoneSpec",
        "GateSpec",
        "TierSpec",
        "SectionSpec",
        "PolicySpec",
        "PolicyTierSpec",
    ];
    bounds.extend(named.map(|schema| (schema, "name", Bound::Text(1..=MAX_NAME))));
    bounds.extend(hold_bounds());
    bounds.extend(offers::bounds());
    bounds.extend(key_bounds());
    bounds.extend(bookings_list().map(|(member, bound)| ("ListBookings", member, bound)));
    bounds.extend(mailing_bounds());
    bounds.extend(invitation_bounds());
    bounds
}

fn invitation_bounds() -> [(&'static str, &'static str, Bound); 2] {
    [
        ("InvitationRequest", "name", Bound::Text(NAME_BYTES)),
        ("InvitationRequest", "email", Bound::Text(EMAIL_BYTES)),
    ]
}

fn mailing_bounds() -> [(&'static str, &'static str, Bound); 2] {
    [
        ("MailingRequest", "subject", Bound::Text(SUBJECT_BYTES)),
        ("MailingRequest", "body", Bound::Text(BODY_BYTES)),
    ]
}

fn key_bounds() -> Vec<(&'static str, &'static str, Bound)> {
    let (member, public) = ("idempotency_key", PUBLIC_KEY_BYTES..=*TOKEN_BYTES.end());
    let schemas = [
        "VenueRequest",
        "EventRequest",
        "CancelRequest",
        "TillRequest",
        "MailingRequest",
    ];
    let of_organizers = schemas.map(|schema| (schema, member, Bound::Text(TOKEN_BYTES)));
    let of_buyers = ("NewReservation", member, Bound::Text(public));
    of_organizers.into_iter().chain([of_buyers]).collect()
}

fn hold_bounds() -> Vec<(&'static str, &'static str, Bound)> {
    let places = i64::from(*PLACES.start())..=i64::from(*PLACES.end());
    let minutes = i64::from(*MINUTES.start())..=i64::from(*MINUTES.end());
    let members = [
        "per_session",
        "per_address",
        "per_network",
        "unpaid_per_buyer",
        "joins_per_address",
        "joins_per_buyer",
    ];
    let places = members.map(|member| ("HoldBoundsRequest", member, Bound::Number(places.clone())));
    let minutes = ("HoldBoundsRequest", "minutes_in_vain", Bound::Number(minutes));
    places.into_iter().chain([minutes]).collect()
}

/// Lists the bounds of what narrows a list of bookings down, in a query and in a body.
fn bookings_list() -> [(&'static str, Bound); 4] {
    let (least, most) = BOOKINGS_ON_A_PAGE.into_inner();
    [
        (
            "status",
            Bound::Pattern(format!("^(?:{})$", statuses().join("|"))),
        ),
        ("tier", Bound::Number(0..=u16::MAX.into())),
        ("cursor", Bound::Pattern(ChargeReference::PATTERN.to_owned())),
        ("limit", Bound::Number(least as i64..=most as i64)),
    ]
}

/// Writes bounds into the query parameters of routes. Returns the bounds of parameters that are not there.
pub fn write_into_queries(paths: &mut BTreeMap<String, PathItem>) -> Vec<String> {
    let mut lost = Vec::new();
    for (path, name, bound) in query_params::bounds() {
        let item = paths.get_mut(path).into_iter();
        let parameters = item
            .flat_map(operations)
            .flat_map(|operation| operation.parameters.iter_mut().flatten());
        let schemas = parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.name == name && parameter.parameter_in == ParameterIn::Query => {
                parameter.schema.as_mut()
            }
            RefOr::T(_) | RefOr::Ref(_) => None,
        });
        let written: Vec<bool> = schemas.map(|schema| write(schema, &bound)).collect();
        if written != [true] {
            lost.push(format!("{path}?{name}"));
        }
    }
    lost
}

/// Writes bounds and patterns into the schemas. Returns the bounds of members that are not there.
pub fn write_into(schemas: &mut BTreeMap<String, RefOr<Schema>>) -> Vec<String> {
    for schema in schemas.values_mut() {
        let Some(properties) = properties(schema) else {
            continue;
        };
        for (name, property) in properties {
            if let Some(pattern) = pattern(name)
                && let RefOr::T(Schema::Object(text)) = property
            {
                text.pattern = Some(pattern.into());
            }
        }
    }
    let mut lost = Vec::new();
    for (schema, member, bound) in bounds() {
        let properties = schemas.get_mut(schema).and_then(properties);
        let property = properties.and_then(|properties| properties.get_mut(member));
        if !property.is_some_and(|property| write(property, &bound)) {
            lost.push(format!("{schema}.{member}"));
        }
    }
    lost
}

fn properties(schema: &mut RefOr<Schema>) -> Option<&mut BTreeMap<String, RefOr<Schema>>> {
    if let RefOr::T(Schema::Object(object)) = schema {
        Some(&mut object.properties)
    } else {
        None
    }
}

/// Tells whether the member is of the sort that the bound is for.
fn write(property: &mut RefOr<Schema>, bound: &Bound) -> bool {
    match (property, bound) {
        (RefOr::T(Schema::Object(text)), Bound::Text(bytes)) => {
            text.min_length = Some(*bytes.start()).filter(|least| *least > 0);
            text.max_length = Some(*bytes.end());
        }
        (RefOr::T(Schema::Object(number)), Bound::Number(range)) => {
            let of = |bound: i64| isize::try_from(bound).ok().map(Number::Int);
            number.minimum = of(*range.start());
            number.maximum = of(*range.end());
        }
        (RefOr::T(Schema::Object(text)), Bound::Pattern(pattern)) => {
            text.pattern = Some(pattern.clone());
        }
        (RefOr::T(Schema::Array(list)), Bound::Items(items)) => {
            list.min_items = Some(*items.start()).filter(|least| *least > 0);
            list.max_items = Some(*items.end());
        }
        (_, Bound::Text(_) | Bound::Number(_) | Bound::Items(_) | Bound::Pattern(_)) => return false,
    }
    true
}
