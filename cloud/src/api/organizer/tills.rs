//! `/v1/organizer/events/{event_id}/tills`: opened, counted and closed by the person who sells from them, and reported by till and person.

pub mod report;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use usher_words::problems::{Missing, OrderDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::ids::TillId;
use crate::money::MAX_ORDER;
use crate::rights::may;
use crate::selling::tills::{CloseTill, CloseTillOutcome, NewTill, NewTillOutcome, TillRefusal};
use crate::state::AppState;

use super::owned::{OwnEvent, PartOfOwnEvent};
use super::venues::NAME_BYTES;
use report::{TillView, TillsView, people};

/// Asks to open a till.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "North counter", "cash": 20_000}))]
pub struct TillRequest {
    /// What it is called: which counter.
    pub name: String,
    /// The cash that is in it, in minor units of the event's currency.
    pub cash: i64,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key within a day is
    /// done once and answered as it was.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da1")]
    pub idempotency_key: Option<String>,
}

/// What was counted in a till.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"cash": 47_500}))]
pub struct TillCount {
    /// The cash that is in it, in minor units of the event's currency.
    pub cash: i64,
}

/// Says why a till is not used.
pub fn refused(refusal: TillRefusal) -> ApiError {
    match refusal {
        TillRefusal::NotFound => ApiError::NotFound(Missing::Till),
        TillRefusal::Closed => ProblemKind::TillClosed.into(),
        TillRefusal::AnotherPersons => ProblemKind::AnotherPersonsTill.into(),
    }
}

/// Opens a till for the caller, who sells from it, counts it and closes it: one at a time at an event.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tills", tag = "organizer",
    params(("event_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = TillRequest,
    security(("organizer_key" = [])), responses(
    (status = 201, body = TillView, description = "It is open, and the caller's"),
    (status = 409, description = "The caller has one open, or the event has as many as it can"),
))]
pub async fn open(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, allowed): OwnEvent<may::OpenTill>,
    JsonBody(request): JsonBody<TillRequest>,
) -> Result<(StatusCode, Json<TillView>), ApiError> {
    let mut checks = Checks::default();
    checks.text(&request.name, "/name", NAME_BYTES);
    checks.range(request.cash, "/cash", 0..=MAX_ORDER);
    checks.finish()?;
    let now = app.clock.now();
    let new = NewTill {
        id: TillId::draw(event.id, now),
        name: request.name,
        opened_by: allowed.caller.by.to_string(),
        opened_with: request.cash,
        now,
    };
    match app.store.open_till(new).await? {
        NewTillOutcome::Open(till) => Ok((StatusCode::CREATED, Json(till.into()))),
        NewTillOutcome::HasOpen(till) => {
            let till = till.to_string();
            Err(OrderDetail::TillOpen { till: &till }.into())
        }
        NewTillOutcome::TooMany => Err(ProblemKind::TooManyTills.into()),
    }
}

/// Lists the tills of an event with what was sold, given back and counted, till by till and person by person.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/tills", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = TillsView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeTills>,
) -> Result<Json<TillsView>, ApiError> {
    let tills = app.store.tills(event.id).await?;
    Ok(Json(TillsView {
        currency: event.currency.code().to_owned(),
        people: people(&tills),
        tills: tills.into_iter().map(Into::into).collect(),
    }))
}

/// Closes a till with the cash that was counted, for good: nothing is sold or given back at it any more. Doing it again with the same count
/// changes nothing.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tills/{till_id}/close", tag = "organizer",
    params(("event_id" = String, Path), ("till_id" = String, Path)), request_body = TillCount,
    security(("organizer_key" = [])), responses(
    (status = 200, body = TillView, description = "It is closed: `difference` says how much was too much"),
    (status = 404, description = "No such till of this event"),
    (status = 409, description = "It was closed before with another count, or something at it has no end yet"),
))]
pub async fn close(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, till, _): PartOfOwnEvent<may::CloseTill, TillId>,
    JsonBody(request): JsonBody<TillCount>,
) -> Result<Json<TillView>, ApiError> {
    if till.event != event.id {
        return Err(refused(TillRefusal::NotFound));
    }
    let mut checks = Checks::default();
    checks.range(request.cash, "/cash", 0..=MAX_ORDER);
    checks.finish()?;
    let close = CloseTill {
        till,
        counted: request.cash,
        now: app.clock.now(),
    };
    match app.store.close_till(close).await? {
        CloseTillOutcome::Closed(till) => Ok(Json((*till).into())),
        CloseTillOutcome::NotFound => Err(refused(TillRefusal::NotFound)),
        CloseTillOutcome::ClosedBefore => Err(ProblemKind::TillCounted.into()),
        CloseTillOutcome::Busy => Err(ProblemKind::TillBusy.into()),
    }
}
