//! `/v1/vouchers/check`: what a code is good for, before anything is held with it.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::catalogue::{Event, OccupancyQuery};
use crate::ids::ReservationId;
use crate::selling::vouchers::{CodeCheck, CodeCheckOutcome, Voucher, VoucherCode, VoucherRefusal};
use crate::state::AppState;

use super::claimant::Asking;
use super::error::{ApiError, FieldError};
use super::input::JsonBody;
use super::refusal::held_in_vain;

/// Asks what a code is good for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_id": "evt_06e9pvb1pdqm38000000000000", "voucher": "OWLS-27"}))]
pub struct VoucherCheck {
    /// The event.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// The code, in capital or small letters.
    #[schema(example = "OWLS-27")]
    pub voucher: String,
}

/// What a code is good for now.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherCheckView {
    /// The code as it is kept.
    #[schema(example = "OWLS-27")]
    pub voucher: String,
    /// How many tickets of these tiers an order with it may have, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The tiers that it is for, those that it unlocks too.
    pub tiers: Vec<VoucherTierView>,
}

/// A tier that a code is for.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherTierView {
    /// The tier.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// Its price, in minor units of the currency.
    pub price: i64,
    /// Its price with the code.
    pub price_with_code: i64,
    /// Free units.
    pub available: u32,
    /// Whether it is sold now with the code: also before its sale, if the code unlocks it.
    pub on_sale: bool,
}

/// Reads a code.
///
/// # Errors
///
/// [`ApiError::Invalid`] when it cannot be one.
pub fn code(text: &str) -> Result<VoucherCode, ApiError> {
    text.parse().map_err(|_| {
        ApiError::Invalid(vec![FieldError {
            pointer: "/voucher".into(),
            detail: Cow::Borrowed("must be 4 to 40 letters A to Z, digits or dashes"),
        }])
    })
}

/// Says why a code is not taken.
pub fn refused(refusal: VoucherRefusal) -> ApiError {
    match refusal {
        VoucherRefusal::Unknown => ProblemKind::UnknownVoucher.into(),
        VoucherRefusal::NotNow => ProblemKind::VoucherNotNow.into(),
        VoucherRefusal::UsedUp => ProblemKind::VoucherUsedUp.into(),
        VoucherRefusal::NotForThese => ProblemKind::VoucherNotForThese.into(),
        VoucherRefusal::TooMany(most) => OrderDetail::TooManyWithCode { most }.into(),
    }
}

/// Returns what a code is good for now. Nothing is held and no use of it is counted; a wrong one counts as a place that was held in vain.
#[utoipa::path(post, path = "/v1/vouchers/check", tag = "reservations", request_body = VoucherCheck, responses(
    (status = 200, body = VoucherCheckView),
    (status = 404, description = "No such event is on sale, or it has no such voucher (`unknown-voucher`)"),
    (status = 409, description = "It is not valid now (`voucher-not-now`), or was used as often as it may be (`voucher-used-up`)"),
    (status = 429, headers(("Retry-After" = u64), ("RateLimit-Policy" = String), ("RateLimit" = String)),
        description = "Too many wrong codes came from this session, address or network, or places were held there and not paid for (`held-in-vain`). Wait as long as Retry-After says"),
))]
pub async fn check(
    State(app): State<Arc<AppState>>,
    asking: Asking,
    JsonBody(request): JsonBody<VoucherCheck>,
) -> Result<(HeaderMap, Json<VoucherCheckView>), ApiError> {
    let (event, voucher) = good(&app, &asking, &request).await?;
    let now = app.clock.now();
    let query = OccupancyQuery { event: event.id, now };
    let tiers = app.store.occupancy(query).await?.tiers;
    let left: Vec<_> = tiers
        .iter()
        .map(|count| (count.tier.0, count.available))
        .collect();
    let mut headers = HeaderMap::new();
    if let Some(cookie) = asking.new_cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok((
        headers,
        Json(view(&event.priced(&tiers, now), &voucher, (&left, now))),
    ))
}

/// Finds a voucher that is good now, and its event.
async fn good(app: &AppState, asking: &Asking, request: &VoucherCheck) -> Result<(Event, Voucher), ApiError> {
    let now = app.clock.now();
    let check_code = CodeCheck {
        guess: ReservationId::draw(request.event_id, now),
        code: code(&request.voucher)?,
        claimant: asking.claimant,
        bounds: app.config.reservations.hold_bounds(),
        now,
    };
    let voucher = match app.store.check_code(check_code).await? {
        CodeCheckOutcome::Good(voucher) => voucher,
        CodeCheckOutcome::Refused(refusal) => return Err(refused(refusal)),
        CodeCheckOutcome::InVain(in_vain) => return Err(held_in_vain(&in_vain, now)),
        CodeCheckOutcome::NoSuchEvent => return Err(ApiError::NotFound(Missing::EventOnSale)),
    };
    let event = app.store.event(request.event_id).await?;
    Ok((event.ok_or(ApiError::NotFound(Missing::EventOnSale))?, voucher))
}

fn view(event: &Event, voucher: &Voucher, (left, now): (&[(u16, u32)], Timestamp)) -> VoucherCheckView {
    let shown = event
        .tiers
        .iter()
        .filter(|tier| voucher.is_for(tier.id) && (!tier.sale.is_hidden || voucher.unlocks(tier.id)));
    let tiers = shown.map(|tier| VoucherTierView {
        tier: tier.id.0,
        name: tier.name.clone(),
        price: tier.charged().price,
        price_with_code: tier.sale.charges.of(voucher.price(tier.id, tier.price)).price,
        available: left
            .iter()
            .find(|(id, _)| *id == tier.id.0)
            .map_or(0, |(_, left)| *left),
        on_sale: voucher.sells(tier.id, (event.sale, tier.sale), now),
    });
    VoucherCheckView {
        voucher: voucher.code.to_string(),
        max_per_order: voucher.terms.max_per_order,
        currency: event.currency.code().to_owned(),
        tiers: tiers.collect(),
    }
}
