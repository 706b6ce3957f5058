//! The bounds of what organizers say of how tickets are sold: vouchers, comps, blocks, charges, and how many a tier has.

use crate::api::bookings::EMAIL_BYTES;
use crate::api::comp_list::MAX_COMPS;
use crate::api::organizer::draft::MAX_UNITS;
use crate::api::organizer::inventory::MAX_TAX;
use crate::api::organizer::venues::NAME_BYTES;
use crate::api::organizer::vouchers::{MAX_CODES, PERCENT};
use crate::money::MAX_PRICE;

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
        ("BlockRequest", "name", Bound::Text(NAME_BYTES)),
        ("ChargesSpec", "fee", Bound::Number(0..=MAX_PRICE)),
        ("ChargesSpec", "tax", Bound::Number(0..=MAX_TAX.into())),
        ("VouchersRequest", "percent", Bound::Number(percent)),
        ("TierPatch", "order_min", Bound::Number(1..=MAX_UNITS.into())),
        ("TierPatch", "order_max", Bound::Number(1..=MAX_UNITS.into())),
        ("TierPatch", "capacity", Bound::Number(0..=MAX_UNITS.into())),
    ]
}
