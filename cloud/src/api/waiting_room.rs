//! `/v1/events/{event_id}/waiting-room`: joining, how it stands for everybody in one answer that caches keep, and changing a pass for a sale
//! token once it is its turn.

pub mod carried;
mod pass_view;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use futures_util::stream;
use serde::Deserialize;
use usher_keys::{EventId, Timestamp};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::ids::draw;
use crate::rooms::{KnownRoom, RoomStatus};
use crate::selling::claimant::ClientAddress;
use crate::state::AppState;
use crate::store::StoreError;
use crate::waiting_room::LobbyQuery;
use crate::waiting_room::passes::{PassHolder, QueuePass};
use crate::waiting_room::proof::PublishedDraw;

use super::claimant::AskedFrom;
use super::error::ApiError;
use super::input::{Id, JsonBody};
use carried::Browser;
pub use pass_view::PassView;

/// What is true for a second.
const FOR_A_SECOND: HeaderValue =
    HeaderValue::from_static("public, max-age=1, s-maxage=1, stale-while-revalidate=2");
/// What does not change any more, and may take 65 MB.
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Changes a pass for a sale token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pass": "AXAGzAWa8uubdJhDBcMB5oMqAAAAAAAAAAcA"}))]
pub struct PassRequest {
    /// The pass, as it was given to this browser.
    pub pass: String,
}

/// Finds the waiting room of a published event that still sells, or will.
pub async fn room_of(app: &AppState, event: EventId, now: Timestamp) -> Result<Arc<KnownRoom>, ApiError> {
    let known = app.rooms.of(event, now).await?;
    let known = known.filter(|known| known.room.takes_visitors(now));
    known.ok_or(ApiError::NotFound(Missing::WaitingRoom))
}

/// Returns how the waiting room of an event stands: about a hundred bytes, the same for everybody. Ask again after a second.
#[utoipa::path(get, path = "/v1/events/{event_id}/waiting-room", tag = "events", params(("event_id" = String, Path)), responses(
    (status = 200, body = RoomStatus, headers(("Cache-Control" = String))),
    (status = 404, description = "No such event is on sale, or it has no waiting room"),
))]
pub async fn show(State(app): State<Arc<AppState>>, Id(event): Id<EventId>) -> Result<Response, ApiError> {
    let known = room_of(&app, event, app.clock.now()).await?;
    let json = HeaderValue::from_static("application/json");
    let headers = [
        (header::CACHE_CONTROL, FOR_A_SECOND),
        (header::CONTENT_TYPE, json),
    ];
    Ok((headers, known.status.clone()).into_response())
}

/// Joins the waiting room of an event. A browser that has a pass already keeps it, and its place.
#[utoipa::path(post, path = "/v1/events/{event_id}/waiting-room/passes", tag = "reservations",
    params(("event_id" = String, Path)), responses(
    (status = 201, body = PassView, headers(("Set-Cookie" = String))),
    (status = 404, description = "No such event is on sale, or it has no waiting room"),
    (status = 429, description = "Too many have joined from this address within a minute"),
))]
pub async fn join(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    AskedFrom(address): AskedFrom,
    browser: Browser,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let view = joined(&app, event, (address.into(), &browser, &headers)).await?;
    let cookies = view.cookies(&app, event);
    Ok((StatusCode::CREATED, browser.with(cookies), Json(view)).into_response())
}

/// Gives a browser a pass, unless it has one that is still worth something.
pub async fn joined(
    app: &AppState,
    event: EventId,
    (address, browser, headers): (ClientAddress, &Browser, &HeaderMap),
) -> Result<PassView, ApiError> {
    let now = app.clock.now();
    let known = room_of(app, event, now).await?;
    if let Some(pass) = carried::pass(headers, &known, browser.holder) {
        let view = PassView::take_turn(app, &known, &pass).await?;
        if view.status != "spent" {
            return Ok(view);
        }
    }
    let taken = app.rooms.joins.take(address, now);
    taken.map_err(|seconds| ApiError::too_many(ProblemKind::TooManyPasses, seconds))?;
    let (id, holder) = (draw(), browser.holder);
    let mut pass = QueuePass {
        number: 0,
        id,
        holder,
    };
    let number = app.rooms.join(event, pass.hash()).await?;
    pass.number = number.ok_or(ApiError::NotFound(Missing::WaitingRoom))?;
    PassView::take_turn(app, &known, &pass).await
}

/// Tells how it stands with a pass, and changes it for a sale token once it is its turn: good for ten minutes, for one reservation at a time, in
/// the browser that joined. Asking again within that time gives the same token.
#[utoipa::path(post, path = "/v1/events/{event_id}/waiting-room/tokens", tag = "reservations",
    params(("event_id" = String, Path)), request_body = PassRequest, responses(
    (status = 200, body = PassView, headers(("Set-Cookie" = String))),
    (status = 404, description = "No such event is on sale, or it has no waiting room"),
    (status = 422, description = "No pass of this waiting room, or another browser's (`not-your-pass`)"),
))]
pub async fn exchange(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    browser: Browser,
    JsonBody(request): JsonBody<PassRequest>,
) -> Result<Response, ApiError> {
    let known = room_of(&app, event, app.clock.now()).await?;
    let pass = read(&known, &request.pass, browser.holder)?;
    let view = PassView::take_turn(&app, &known, &pass).await?;
    let cookies = view.cookies(&app, event);
    Ok((browser.with(cookies), Json(view)).into_response())
}

fn read(known: &KnownRoom, text: &str, holder: PassHolder) -> Result<QueuePass, ApiError> {
    let pass = known.keys.read_pass(text, holder);
    pass.ok_or(ProblemKind::NotYourPass.into())
}

/// Gives what is published of the draw as a file that `usher-cloud draw verify` checks: a line of JSON, then the hash of each early pass.
#[utoipa::path(get, path = "/v1/events/{event_id}/waiting-room/draw", tag = "events", params(("event_id" = String, Path)), responses(
    (status = 200, description = "The published draw, then SHA-256 of the id of each pass in hexadecimal, a line each, in the order of their numbers",
        body = String, content_type = "text/plain; charset=utf-8", headers(("Cache-Control" = String))),
    (status = 404, description = "No such event is on sale, it has no waiting room with a draw, or its lobby is still open"),
))]
pub async fn show_draw(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
) -> Result<Response, ApiError> {
    // Also of an event that is over: a draw is checked when somebody doubts it.
    let known = app.rooms.of(event, app.clock.now()).await?;
    let known = known.filter(|known| known.room.is_published);
    let known = known.ok_or(ApiError::NotFound(Missing::WaitingRoom))?;
    let published = PublishedDraw::of(&known.room).ok_or(ApiError::NotFound(Missing::Draw))?;
    let first = serde_json::to_string(&published).map_err(|_| ApiError::Internal)?;
    let rest = stream::try_unfold(0_u64, move |from| {
        let app = Arc::clone(&app);
        async move {
            let hashes = app.store.lobby_passes(LobbyQuery { event, from }).await?;
            let next = from + hashes.len() as u64;
            let lines: String = hashes
                .iter()
                .map(|hash| format!("\n{}", HEXLOWER.encode(hash)))
                .collect();
            Ok::<_, StoreError>((!hashes.is_empty()).then_some((lines, next)))
        }
    });
    let lines = futures_util::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    let is_final = published.seed.is_some();
    let kept = if is_final { FOR_AN_HOUR } else { FOR_A_SECOND };
    let headers = [(header::CACHE_CONTROL, kept), (header::CONTENT_TYPE, text)];
    Ok((headers, Body::from_stream(lines)).into_response())
}
