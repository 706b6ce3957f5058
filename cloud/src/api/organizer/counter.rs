//! `/v1/organizer/events/{event_id}/counter-sales`: tickets that are sold and handed out at a counter, for cash or by a card terminal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::acts::Actor;
use crate::api::bookings::{BUYER_BYTES, BookingView, EMAIL_BYTES, accept, is_address};
use crate::api::claims::TierRequest;
use crate::api::error::ApiError;
use crate::api::idempotency::IdempotencyHeader;
use crate::api::input::{Checks, JsonBody};
use crate::api::reservations::{BestRequest, NewReservation, not_held};
use crate::api::vouchers;
use crate::booking::CounterSale;
use crate::ids::TillId;
use crate::rights::may;
use crate::selling::counter::CounterRefusal;
use crate::selling::tills::AtTill;
use crate::selling::{GatewayKind, RequestHash};
use crate::state::AppState;

use super::owned::OwnEvent;
use super::tills;

/// Asks to sell at a counter: either seats, or quantities of tiers, or the best seats of a tier.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "till_id": "til_06e9pvb1pdqm380000000000000a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s", "paid_by": "cash",
    "tiers": [{"tier": 2, "quantity": 2}], "idempotency_key": "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da2",
}))]
pub struct CounterSaleRequest {
    /// The caller's open till.
    #[schema(value_type = String)]
    pub till_id: TillId,
    /// How it is paid: the money is there before the tickets are.
    pub paid_by: CounterPayment,
    /// These seats, by their `seat_id`.
    pub seat_ids: Option<Vec<u32>>,
    /// Any free units of these tiers.
    pub tiers: Option<Vec<TierRequest>>,
    /// The best free seats of a tier, beside each other where that can be.
    pub best_available: Option<BestRequest>,
    /// A code that lowers the price.
    #[serde(default)]
    #[schema(example = "OWLS-27")]
    pub voucher: Option<String>,
    /// The buyer's address, if they want a message; may be empty.
    #[serde(default)]
    pub email: String,
    /// The buyer's name; may be empty.
    #[serde(default)]
    pub name: String,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key is one sale.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da2")]
    pub idempotency_key: Option<String>,
}

/// How something is paid at a counter.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CounterPayment {
    /// In cash, which is in the till then.
    Cash,
    /// By card, at a terminal of its own.
    CardTerminal,
}

impl From<CounterPayment> for GatewayKind {
    fn from(payment: CounterPayment) -> Self {
        match payment {
            CounterPayment::Cash => Self::Cash,
            CounterPayment::CardTerminal => Self::CardTerminal,
        }
    }
}

impl CounterSaleRequest {
    fn check(&self, event: EventId) -> Result<(), ApiError> {
        if self.till_id.event != event {
            return Err(ApiError::NotFound(Missing::Till));
        }
        let mut checks = Checks::default();
        checks.text(&self.email, "/email", 0..=*EMAIL_BYTES.end());
        checks.require(
            self.email.is_empty() || is_address(&self.email),
            "/email",
            "must be empty, or an address such as name@example.org",
        );
        checks.text(&self.name, "/name", BUYER_BYTES);
        checks.finish()
    }

    /// Hashes what makes two requests the same.
    fn hash(&self) -> RequestHash {
        let best = self.best_available.as_ref().map(|best| (best.tier, best.count));
        let tiers = self.tiers.iter().flatten();
        let tiers: Vec<_> = tiers.map(|tier| (tier.tier, tier.quantity)).collect();
        let of = (self.till_id, self.paid_by, &self.seat_ids, tiers, best);
        let said = (of, &self.voucher, &self.email, &self.name);
        let said = serde_json::to_string(&said).expect("ids, numbers and texts are plain");
        RequestHash(*blake3::hash(said.as_bytes()).as_bytes())
    }

    fn into_sale(self, app: &AppState, (key, by): (String, Actor)) -> Result<CounterSale, ApiError> {
        let (event, request_hash) = (self.till_id.event, self.hash());
        let voucher = self.voucher.as_deref().map(vouchers::code).transpose()?;
        let units = NewReservation {
            proof: None,
            event_id: event,
            seat_ids: self.seat_ids,
            tiers: self.tiers,
            best_available: self.best_available,
            voucher: None,
            sale_token: None,
            idempotency_key: None,
        };
        let known_seats = |event| app.seat_maps.known_seats(event);
        Ok(CounterSale {
            at: AtTill {
                till: self.till_id,
                by: by.to_string(),
            },
            way: self.paid_by.into(),
            claim: units.into_claim(app.config.reservations.max_units, known_seats)?,
            voucher,
            email: self.email,
            name: self.name,
            idempotency_key: key,
            request_hash,
        })
    }
}

/// Sells at a counter, from the caller's own open till: the money is taken there, the units are booked at today's prices with their fees and
/// taxes, and the tickets are issued at once; `page` is theirs, to be printed. Windows, hidden tiers and limits of an order are for buyers and do
/// not hold here.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/counter-sales", tag = "organizer",
    params(("event_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = CounterSaleRequest, security(("organizer_key" = [])), responses(
    (status = 201, body = BookingView, description = "Sold, now or by an earlier request with the same key"),
    (status = 404, description = "No such till of this event, or no such voucher"),
    (status = 409, description = "Units are taken: see `taken` or `short`; the till is closed or another person's; the event is over, canceled or paused; or the key was used for another request. Nothing is sold"),
    (status = 422, description = "No such seat or tier, or too many units"),
    (status = 503, description = "No outcome yet: ask again with the same key"),
))]
pub async fn sell(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::SellAtCounter>,
    header: IdempotencyHeader,
    JsonBody(mut request): JsonBody<CounterSaleRequest>,
) -> Result<(StatusCode, Json<BookingView>), ApiError> {
    request.check(event.id)?;
    let key = header.or(request.idempotency_key.take())?;
    let sale = request.into_sale(&app, (key, allowed.caller.by))?;
    match app.desk.sell(sale).await? {
        Ok(outcome) => {
            let booking = accept(outcome, app.clock.now())?;
            Ok((StatusCode::CREATED, Json(BookingView::of(&app, booking))))
        }
        Err(CounterRefusal::Till(refusal)) => Err(tills::refused(refusal)),
        Err(CounterRefusal::Units(refusal)) => Err(not_held(refusal, app.clock.now())),
    }
}
