//! The bounds of what organizers say of how tickets are sold: vouchers, comps, blocks, charges, and how many a tier has.

use crate::api::bookings::{BUYER_BYTES, EMAIL_BYTES};
use crate::api::comp_list::MAX_COMPS;
use crate::api::input::TOKEN_BYTES;
use crate::api::organizer::draft::MAX_UNITS;
use crate::api::organizer::inventory::{INVOICE_DAYS, MAX_TAX};
use crate::api::organizer::invoices::REFERENCE_BYTES;
use crate::api::organizer::venues::NAME_BYTES;
use crate::api::organizer::vouchers::{MAX_CODES, PERCENT};
use crate::api::organizer::waiting_room::{BEACON_BYTES, PER_MINUTE};
use crate::money::{MAX_ORDER, MAX_PRICE};
use crate::selling::price_steps::MAX_STEPS;
use crate::selling::waiting_list::MAX_PLACES;

use super::Bound;

/// Lists them: schema, member, bound.
pub fn bounds() -> Vec<(&'static str, &'static str, Bound)> {
    let percent = i64::from(*PERCENT.start())..=i64::from(*PERCENT.end());
    vec![
        ("VouchersRequest", "name", Bound::Text(NAME_BYTES)),
        ("VouchersRequest", "codes", Bound::Items(1..=MAX_CODES)),
        ("VouchersRequest", "amount", Bound::Number(1..=MAX_PRICE)),
        ("VouchersRequest", "price", Bound::Number(0..=MAX_PRICE)),
        ("CompsRequest", "comps", Bound::Items(1..=MAX_COMPS)),
        ("CompSpec", "email", Bound::Text(EMAIL_BYTES)),
        ("TillRequest", "name", Bound::Text(NAME_BYTES)),
        ("TillRequest", "cash", Bound::Number(0..=MAX_ORDER)),
        ("TillCount", "cash", Bound::Number(0..=MAX_ORDER)),
        ("CounterSaleRequest", "name", Bound::Text(BUYER_BYTES)),
        ("CounterSaleRequest", "email", Bound::Text(0..=*EMAIL_BYTES.end())),
        ("CounterSaleRequest", "idempotency_key", Bound::Text(TOKEN_BYTES)),
        ("NewBooking", "name", Bound::Text(BUYER_BYTES)),
        (
            "EventPatch",
            "invoice_days",
            Bound::Number(i64::from(*INVOICE_DAYS.start())..=i64::from(*INVOICE_DAYS.end())),
        ),
        ("EventPatch", "order_max", Bound::Number(1..=MAX_UNITS.into())),
        ("InvoicePaymentRequest", "reference", Bound::Text(REFERENCE_BYTES)),
        ("InvoicePaymentRequest", "amount", Bound::Number(1..=MAX_ORDER)),
        ("WaitingRequest", "quantity", Bound::Number(1..=MAX_PLACES.into())),
        ("WaitingRequest", "email", Bound::Text(EMAIL_BYTES)),
        ("BlockRequest", "name", Bound::Text(NAME_BYTES)),
        (
            "RoomRequest",
            "per_minute",
            Bound::Number(i64::from(*PER_MINUTE.start())..=i64::from(*PER_MINUTE.end())),
        ),
        ("DrawRequest", "beacon_source", Bound::Text(BEACON_BYTES)),
        ("BeaconRequest", "beacon", Bound::Text(BEACON_BYTES)),
        ("ChargesSpec", "fee", Bound::Number(0..=MAX_PRICE)),
        ("ChargesSpec", "tax", Bound::Number(0..=MAX_TAX.into())),
        ("VouchersRequest", "percent", Bound::Number(percent)),
        ("TierPatch", "price_steps", Bound::Items(0..=MAX_STEPS)),
        ("PriceStepSpec", "price", Bound::Number(0..=MAX_PRICE)),
        (
            "PriceStepSpec",
            "until_taken",
            Bound::Number(1..=MAX_UNITS.into()),
        ),
        ("TierPatch", "order_min", Bound::Number(1..=MAX_UNITS.into())),
        ("TierPatch", "order_max", Bound::Number(1..=MAX_UNITS.into())),
        ("TierPatch", "capacity", Bound::Number(0..=MAX_UNITS.into())),
    ]
}
