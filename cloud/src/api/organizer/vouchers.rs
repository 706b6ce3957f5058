//! `/v1/organizer/events/{event_id}/vouchers`: codes that lower prices or unlock tiers, and how often they were used.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::catalogue::Event;
use crate::ids::VoucherId;
use crate::moment::Moment;
use crate::money::MAX_PRICE;
use crate::rights::may;
use crate::selling::sale::SaleWindow;
use crate::selling::vouchers::{
    Discount, NewVouchers, NewVouchersOutcome, Voucher, VoucherCode, VoucherTerms, VouchersQuery,
};
use crate::state::AppState;

use super::draft::MAX_UNITS;
use super::owned::{OwnEvent, PartOfOwnEvent};
use super::venues::NAME_BYTES;

/// Codes that one request may make: each is a row, and buyers go on buying meanwhile.
pub const MAX_CODES: usize = 500;
/// Vouchers in one answer.
const PAGE: u32 = 500;
/// Percent that may be taken off.
pub const PERCENT: std::ops::RangeInclusive<u8> = 1..=100;

/// Asks for vouchers of the same terms: either a discount by `percent`, by `amount` or to a fixed `price`, or `unlocks`, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"codes": ["OWLS-27"], "name": "Friends of the owls", "percent": 20, "tiers": [2], "max_uses": 50, "max_per_order": 4}))]
pub struct VouchersRequest {
    /// Their codes, each 4 to 40 letters A to Z, digits or dashes; small letters are the same.
    #[schema(example = json!(["OWLS-27"]))]
    pub codes: Vec<String>,
    /// What they are for, to you.
    #[schema(example = "Friends of the owls")]
    pub name: String,
    /// So many percent less for each ticket; what is taken off is rounded to the nearest minor unit.
    pub percent: Option<u8>,
    /// So many minor units less for each ticket, and never less than nothing.
    pub amount: Option<i64>,
    /// So many minor units for each ticket, unless its price is lower already.
    pub price: Option<i64>,
    /// Whether hidden tiers may be had with them, and all their tiers before the sale begins.
    #[serde(default)]
    pub unlocks: bool,
    /// The tiers that they are for; all, unless it is said.
    pub tiers: Option<Vec<u16>>,
    /// How many orders may use each of them; any number, unless it is said.
    pub max_uses: Option<u32>,
    /// How many tickets of these tiers an order may have with one of them.
    pub max_per_order: Option<u32>,
    /// From when they are valid.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_from: Option<Moment>,
    /// Until when they are valid.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Moment>,
}

/// A voucher as its organizer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherView {
    /// Its id. It opens nothing.
    #[schema(value_type = String)]
    pub voucher_id: VoucherId,
    /// What buyers type.
    pub code: String,
    /// What it is for.
    pub name: String,
    /// So many percent less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// So many minor units less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// So many minor units at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    /// Whether it unlocks hidden tiers and the time before the sale.
    pub unlocks: bool,
    /// The tiers that it is for, unless it is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Vec<u16>>,
    /// How many orders may use it, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// How many tickets an order with it may have, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
    /// From when it is valid, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_from: Option<Moment>,
    /// Until when it is valid, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Moment>,
    /// Whether it is stopped, for good.
    pub stopped: bool,
    /// How many orders are held, being paid or booked with it. What lapses or is given back is none.
    pub uses: u32,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
}

/// Vouchers of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct VouchersView {
    /// The vouchers, the first one first.
    pub vouchers: Vec<VoucherView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which vouchers to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListVouchers {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: String,
}

impl ListVouchers {
    fn into_query(self, event: EventId, now: Timestamp) -> Result<VouchersQuery, ApiError> {
        let after: Option<VoucherId> = self.cursor.parse().ok();
        let mut checks = Checks::default();
        checks.require(
            self.cursor.is_empty() || after.is_some(),
            "/cursor",
            "must be next_cursor of a page before",
        );
        checks.finish()?;
        Ok(VouchersQuery {
            event,
            after,
            limit: PAGE,
            now,
        })
    }
}

impl From<Voucher> for VoucherView {
    fn from(voucher: Voucher) -> Self {
        let terms = voucher.terms;
        let (percent, amount, price) = match terms.discount {
            None => (None, None, None),
            Some(Discount::Percent(percent)) => (Some(percent), None, None),
            Some(Discount::Amount(amount)) => (None, Some(amount), None),
            Some(Discount::Price(price)) => (None, None, Some(price)),
        };
        Self {
            voucher_id: voucher.id,
            code: voucher.code.to_string(),
            name: terms.name,
            percent,
            amount,
            price,
            unlocks: terms.unlocks,
            tiers: terms.tiers.map(|tiers| tiers.iter().map(|tier| tier.0).collect()),
            max_uses: terms.max_uses,
            max_per_order: terms.max_per_order,
            valid_from: terms.valid.from.map(Moment),
            valid_until: terms.valid.until.map(Moment),
            stopped: voucher.is_stopped,
            uses: voucher.uses,
            created_at: Moment(voucher.created_at),
        }
    }
}

impl VouchersRequest {
    fn into_vouchers(self, event: &Event, now: Timestamp) -> Result<NewVouchers, ApiError> {
        let mut checks = Checks::default();
        let codes = self.codes(&mut checks);
        checks.text(&self.name, "/name", NAME_BYTES);
        let discount = self.discount(&mut checks);
        for (index, tier) in self.tiers.iter().flatten().enumerate() {
            let known = event.tier(TierId(*tier)).is_some();
            checks.require(
                known,
                format!("/tiers/{index}"),
                "must be one of the event's tiers",
            );
        }
        let is_empty = self.tiers.as_ref().is_some_and(Vec::is_empty);
        checks.require(!is_empty, "/tiers", "must name a tier, or be left out for all");
        for (pointer, most) in [
            ("/max_uses", self.max_uses),
            ("/max_per_order", self.max_per_order),
        ] {
            if let Some(most) = most {
                checks.range(most, pointer, 1..=MAX_UNITS);
            }
        }
        let valid = SaleWindow {
            from: self.valid_from.map(|at| at.0),
            until: self.valid_until.map(|at| at.0),
        };
        let is_real = valid
            .from
            .zip(valid.until)
            .is_none_or(|(from, until)| from < until);
        checks.require(is_real, "/valid_until", "must be later than valid_from");
        checks.finish()?;
        let codes = codes
            .into_iter()
            .map(|code| (VoucherId::draw(event.id, now), code));
        Ok(NewVouchers {
            event: event.id,
            codes: codes.collect(),
            terms: VoucherTerms {
                name: self.name,
                discount,
                unlocks: self.unlocks,
                tiers: self.tiers.map(|tiers| tiers.into_iter().map(TierId).collect()),
                max_uses: self.max_uses,
                max_per_order: self.max_per_order,
                valid,
            },
            now,
        })
    }

    fn codes(&self, checks: &mut Checks) -> Vec<VoucherCode> {
        checks.range(self.codes.len(), "/codes", 1..=MAX_CODES);
        let (mut codes, mut seen) = (Vec::new(), BTreeSet::new());
        for (index, text) in self.codes.iter().take(MAX_CODES).enumerate() {
            let pointer = format!("/codes/{index}");
            match text.parse::<VoucherCode>() {
                Ok(code) => {
                    checks.require(
                        seen.insert(code.clone()),
                        pointer,
                        "must be another than those before",
                    );
                    codes.push(code);
                }
                Err(_) => {
                    checks.require(false, pointer, "must be 4 to 40 letters A to Z, digits or dashes");
                }
            }
        }
        codes
    }

    fn discount(&self, checks: &mut Checks) -> Option<Discount> {
        if let Some(percent) = self.percent {
            checks.range(percent, "/percent", PERCENT);
        }
        if let Some(amount) = self.amount {
            checks.range(amount, "/amount", 1..=MAX_PRICE);
        }
        if let Some(price) = self.price {
            checks.range(price, "/price", 0..=MAX_PRICE);
        }
        let discounts = [
            self.percent.map(Discount::Percent),
            self.amount.map(Discount::Amount),
            self.price.map(Discount::Price),
        ];
        let mut discounts = discounts.into_iter().flatten();
        let discount = discounts.next();
        let is_one = discounts.next().is_none();
        checks.require(is_one, "", "must have one of percent, amount and price at most");
        let does_something = discount.is_some() || self.unlocks;
        checks.require(
            does_something,
            "",
            "must have percent, amount or price, or unlock something",
        );
        discount
    }
}

/// Makes vouchers of the same terms, all of them or none. They change no price of what is held or sold.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/vouchers", tag = "organizer",
    params(("event_id" = String, Path)), request_body = VouchersRequest, security(("organizer_key" = [])), responses(
    (status = 201, body = VouchersView),
    (status = 409, description = "The event has or had vouchers of these codes (`voucher-taken`), or as many as it can. None is made"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeVouchers>,
    JsonBody(request): JsonBody<VouchersRequest>,
) -> Result<(StatusCode, Json<VouchersView>), ApiError> {
    let new = request.into_vouchers(&event, app.clock.now())?;
    match app.store.add_vouchers(new).await? {
        NewVouchersOutcome::Added(vouchers) => {
            let vouchers = vouchers.into_iter().map(Into::into).collect();
            let view = VouchersView {
                vouchers,
                next_cursor: None,
            };
            Ok((StatusCode::CREATED, Json(view)))
        }
        NewVouchersOutcome::Taken(codes) => {
            let codes: Vec<_> = codes.iter().take(20).map(|code| code.text().to_owned()).collect();
            Err(OrderDetail::VouchersTaken { codes: &codes }.into())
        }
        NewVouchersOutcome::TooMany => Err(ProblemKind::TooManyVouchers.into()),
    }
}

/// Lists vouchers of an event with how often each is in use, 500 at a time.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/vouchers", tag = "organizer",
    params(("event_id" = String, Path), ListVouchers), security(("organizer_key" = [])), responses(
    (status = 200, body = VouchersView),
    (status = 422, description = "See `errors`"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeVouchers>,
    Params(list): Params<ListVouchers>,
) -> Result<Json<VouchersView>, ApiError> {
    let query = list.into_query(event.id, app.clock.now())?;
    let found = app.store.vouchers(query).await?;
    let last = found.last().filter(|_| found.len() == PAGE as usize);
    let next_cursor = last.map(|last| last.id.to_string());
    let vouchers = found.into_iter().map(Into::into).collect();
    Ok(Json(VouchersView {
        vouchers,
        next_cursor,
    }))
}

/// Stops a voucher for good: buyers are told that there is none. What is held with it can still be paid for at its price.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/vouchers/{voucher_id}/stop", tag = "organizer",
    params(("event_id" = String, Path), ("voucher_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 204, description = "It is stopped, now or before"),
    (status = 404, description = "No such voucher of this event"),
))]
pub async fn stop(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ChangeVouchers, VoucherId>,
) -> Result<StatusCode, ApiError> {
    let is_stopped = id.event == event.id && app.store.stop_voucher(id).await?;
    if is_stopped {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound(Missing::Voucher))
    }
}
