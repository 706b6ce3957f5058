//! `/v1/waiting-list`: waiting for places of a tier, and what is offered to whoever waits.

mod waiter;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::ids::WaiterId;
use crate::languages::Language;
use crate::selling::buyer_bounds::JOINS_COUNTED_MS;
use crate::selling::claimant::ClientAddress;
use crate::selling::waiting_list::{JoinList, JoinOutcome, MAX_PLACES, WaiterQuery};
use crate::state::AppState;

use super::bookings::{EMAIL_BYTES, is_address};
use super::claimant::AskedFrom;
use super::error::{ApiError, Quota};
use super::input::{Checks, Id, JsonBody};
use super::refusal::{not_on_sale, seconds_until};
pub use waiter::WaiterView;

/// Asks to wait for places of a tier.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_id": "evt_06e9pvb1pdqm38000000000000", "tier": 2, "quantity": 2, "email": "buyer@example.org"}))]
pub struct WaitingRequest {
    /// The event.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// The tier.
    pub tier: u16,
    /// How many places.
    pub quantity: u32,
    /// Where an offer is told.
    #[schema(example = "buyer@example.org")]
    pub email: String,
    /// In which language an offer is told. English if it is left out.
    #[serde(default)]
    #[schema(example = "de")]
    pub language: Option<Language>,
}

impl WaitingRequest {
    fn check(&self) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        checks.range(self.quantity, "/quantity", 1..=MAX_PLACES);
        checks.text(&self.email, "/email", EMAIL_BYTES);
        checks.require(
            is_address(&self.email),
            "/email",
            "must be an address such as name@example.org",
        );
        checks.finish()
    }

    fn into_join(
        self,
        client: ClientAddress,
        (believed_until, now): (Option<Timestamp>, Timestamp),
    ) -> JoinList {
        JoinList {
            waiter: WaiterId::draw(self.event_id, now),
            tier: TierId(self.tier),
            quantity: self.quantity,
            email: self.email,
            language: self.language.unwrap_or(Language::English),
            client,
            believed_until,
            now,
        }
    }
}

/// Waits for places of a tier that are not free now: those that come back are offered in the order in which people came, for a day each, and
/// nobody else has them meanwhile.
#[utoipa::path(post, path = "/v1/waiting-list", tag = "reservations", request_body = WaitingRequest, responses(
    (status = 201, body = WaiterView),
    (status = 404, description = "No such event is on sale"),
    (status = 409, description = "As many places are free, and nobody waits (`places-free`); somebody with this address waits already (`already-waiting`); or the event is over or canceled"),
    (status = 422, description = "No such tier, or too many places"),
    (status = 429, description = "Lists of this event were joined too often from here, or with this address"),
))]
pub async fn join(
    State(app): State<Arc<AppState>>,
    AskedFrom(client): AskedFrom,
    JsonBody(request): JsonBody<WaitingRequest>,
) -> Result<(StatusCode, Json<WaiterView>), ApiError> {
    request.check()?;
    let now = app.clock.now();
    let believed_until = app.signer.believed_until(request.event_id);
    let join = request.into_join(client.into(), (believed_until, now));
    let waiter = join.waiter;
    match app.store.join_list(join).await? {
        JoinOutcome::Waits { .. } => {
            let view = WaiterView::find(&app, waiter).await?;
            Ok((StatusCode::CREATED, Json(view)))
        }
        refusal @ (JoinOutcome::NoSuchEvent
        | JoinOutcome::UnknownTier
        | JoinOutcome::NotOnSale(_)
        | JoinOutcome::Free(_)
        | JoinOutcome::AlreadyWaits
        | JoinOutcome::TooMany
        | JoinOutcome::TooOften(_)) => Err(refused(refusal, now)),
    }
}

fn refused(refusal: JoinOutcome, now: Timestamp) -> ApiError {
    match refusal {
        JoinOutcome::Waits { .. } => ApiError::Internal,
        JoinOutcome::NoSuchEvent => ApiError::NotFound(Missing::EventOnSale),
        JoinOutcome::UnknownTier => {
            let mut checks = Checks::default();
            checks.require(false, "/tier", "must be one of the event's tiers");
            checks.finish().err().unwrap_or(ApiError::Internal)
        }
        JoinOutcome::NotOnSale(status) => not_on_sale(status).into(),
        JoinOutcome::Free(_) => ProblemKind::PlacesFree.into(),
        JoinOutcome::AlreadyWaits => ProblemKind::AlreadyWaiting.into(),
        JoinOutcome::TooMany => ProblemKind::TooManyWaiting.into(),
        JoinOutcome::TooOften(reached) => {
            let retry_after_seconds = seconds_until(reached.fits_at, now);
            let detail = OrderDetail::TooManyJoins { retry_after_seconds };
            let window = Some(JOINS_COUNTED_MS / 1000);
            let quota = Quota::of_bound("waiting-list-joins", reached, window);
            ApiError::quota_used(&detail, retry_after_seconds, quota)
        }
    }
}

/// Shows somebody on a waiting list, and what is offered to them.
#[utoipa::path(get, path = "/v1/waiting-list/{waiter_id}", tag = "reservations", params(("waiter_id" = String, Path)),
    responses((status = 200, body = WaiterView), (status = 404, description = "Nobody of this id")))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(waiter): Id<WaiterId>,
) -> Result<Json<WaiterView>, ApiError> {
    Ok(Json(WaiterView::find(&app, waiter).await?))
}

/// Waits no more. Doing it again changes nothing; what is offered is given back by giving its reservation back.
#[utoipa::path(delete, path = "/v1/waiting-list/{waiter_id}", tag = "reservations", params(("waiter_id" = String, Path)),
    responses((status = 204, description = "They wait no more"), (status = 404, description = "Nobody of this id")))]
pub async fn leave(
    State(app): State<Arc<AppState>>,
    Id(waiter): Id<WaiterId>,
) -> Result<StatusCode, ApiError> {
    WaiterView::find(&app, waiter).await?;
    let now = app.clock.now();
    app.store.leave_list(WaiterQuery { waiter, now }).await?;
    Ok(StatusCode::NO_CONTENT)
}
