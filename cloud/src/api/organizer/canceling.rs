//! `/v1/organizer/events/{event_id}/cancellation`: canceling an event, first as a plan and then done, and how far the refunds have come.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::JsonBody;
use crate::catalogue::{Event, EventStatus};
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::canceling::CancelOutcome;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::organizing::RetryRefused;

use super::owned::OwnEvent;

/// Refused refunds that are tried again at one request.
const RETRIED_AT_ONCE: u32 = 500;

/// Asks what canceling an event would do, or does it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"apply": false}))]
pub struct CancelRequest {
    /// Whether to do it. Unless it is true, nothing changes and the answer is a plan.
    #[serde(default)]
    pub apply: bool,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key within a day is
    /// done once and answered as it was.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0")]
    pub idempotency_key: Option<String>,
}

/// How the cancellation of an event stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancellationView {
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// `planned` (it is not canceled), `revoking` (its tickets are being revoked), `refunding` (money is being given back), `refused` (the
    /// payment service has refused what is left: list the refunds with `status=refused`), or `done`.
    #[schema(example = "refunding")]
    pub status: &'static str,
    /// When it was canceled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub canceled_at: Option<Moment>,
    /// Tickets that are still valid.
    pub tickets_left: u32,
    /// Bookings whose refund has not begun.
    pub bookings_left: u32,
    /// Payments that are not over: what they bring is given back.
    pub payments_running: u32,
    /// Refunds that are on their way.
    pub refunds_running: u32,
    /// Refunds that the payment service has refused: somebody has to look into them.
    pub refunds_refused: u32,
    /// Refunds that buyers have, those from before it was canceled too.
    pub refunds_given: u32,
    /// What was earned and is not yet promised to anybody, in minor units of the currency: all of it is to be given back.
    pub to_give_back: i64,
    /// What is on its way to buyers, or was refused.
    pub owed: i64,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl CancellationView {
    async fn of(app: &AppState, event: &Event) -> Result<Self, StoreError> {
        let progress = app.store.cancel_progress(event.id).await?;
        let balances = app.store.balances(event.id).await?;
        Ok(Self {
            event_id: event.id,
            status: progress.status().word(),
            canceled_at: progress.canceled_at.map(Moment),
            tickets_left: progress.tickets_left,
            bookings_left: progress.bookings_left,
            payments_running: progress.payments_running,
            refunds_running: progress.refunds_running,
            refunds_refused: progress.refunds_refused,
            refunds_given: progress.refunds_given,
            // What was earned is what the account stands for.
            to_give_back: -(balances.sales + balances.fees + balances.taxes),
            owed: -balances.owed,
            currency: event.currency.code().to_owned(),
        })
    }
}

/// Cancels an event for good, or tells what that would do. Its sale stops at once: what is held is given back, and what is being paid is
/// refunded when it arrives. Then all tickets are revoked, and all that was paid is given back, fees included, by a job that goes on in
/// whatever process is there. Doing it again changes nothing more.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/cancellation", tag = "organizer",
    params(("event_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = CancelRequest, security(("organizer_key" = [])), responses(
    (status = 200, body = CancellationView, description = "A plan: nothing has changed"),
    (status = 202, body = CancellationView, description = "It is canceled, now or before: ask how far it has come"),
    (status = 409, description = "It was never put on sale; or the server runs on an older copy of its data, and nothing has changed"),
))]
pub async fn cancel(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::CancelEvent>,
    JsonBody(request): JsonBody<CancelRequest>,
) -> Result<(StatusCode, Json<CancellationView>), ApiError> {
    if event.status != EventStatus::Published {
        return Err(ProblemKind::EventNotOnSale.into());
    }
    let status = if request.apply {
        match app.desk.cancel_event(event.id).await? {
            CancelOutcome::Canceled => StatusCode::ACCEPTED,
            CancelOutcome::NotPublished => return Err(ProblemKind::EventNotOnSale.into()),
            CancelOutcome::Halted => return Err(ProblemKind::OldCopy.into()),
        }
    } else {
        StatusCode::OK
    };
    Ok((status, Json(CancellationView::of(&app, &event).await?)))
}

/// Returns how far the cancellation of an event has come.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/cancellation", tag = "organizer", params(("event_id" = String, Path)),
    security(("organizer_key" = [])), responses(
    (status = 200, body = CancellationView),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeRefunds>,
) -> Result<Json<CancellationView>, ApiError> {
    Ok(Json(CancellationView::of(&app, &event).await?))
}

/// Tries refunds of an event again that the payment service has refused, 500 at a time, after somebody has looked into it.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/cancellation/retry", tag = "organizer",
    params(("event_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), security(("organizer_key" = [])), responses(
    (status = 202, body = CancellationView, description = "They are tried again: ask how far they have come"),
))]
pub async fn retry(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::RetryRefund>,
) -> Result<(StatusCode, Json<CancellationView>), ApiError> {
    let retry = RetryRefused {
        event: event.id,
        limit: RETRIED_AT_ONCE,
        now: app.clock.now(),
    };
    app.store.retry_refused(retry).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(CancellationView::of(&app, &event).await?),
    ))
}
