//! `/v1/events/{event_id}/waiting-room`: joining, how it stands for everybody in one answer that caches keep, and changing a pass for a sale
//! token once it is its turn.

pub mod carried;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::ids::draw;
use crate::moment::Moment;
use crate::rooms::{KnownRoom, RoomStatus};
use crate::selling::claimant::ClientAddress;
use crate::state::AppState;
use crate::store::StoreError;
use crate::waiting_room::passes::{PassHolder, QueuePass, SaleToken};
use crate::waiting_room::proof::PublishedDraw;
use crate::waiting_room::{LetThrough, LetThroughOutcome, LobbyQuery, Turn};

use super::claimant::AskedFrom;
use super::error::ApiError;
use super::input::{Id, JsonBody};
use carried::{Browser, cookie_of};

/// What is true for a second.
const FOR_A_SECOND: HeaderValue =
    HeaderValue::from_static("public, max-age=1, s-maxage=1, stale-while-revalidate=2");

/// Changes a pass for a sale token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pass": "AXAGzAWa8uubdJhDBcMB5oMqAAAAAAAAAAcA"}))]
pub struct PassRequest {
    /// The pass, as it was given to this browser.
    pub pass: String,
}

/// How it stands with a pass.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassView {
    /// The pass. It is good with the cookie `usher_holder` alone that came with it.
    pub pass: String,
    /// `undrawn` (the opening or the draw is to come), `waiting`, `through` (hold places now) or `spent` (the time for it is over: join again).
    #[schema(example = "waiting")]
    pub status: &'static str,
    /// Its rank, once that is known: it is its turn when `through` of the waiting room's status is above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u64>,
    /// How many are before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<u64>,
    /// How long that takes at the rate of now, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    /// What `POST /v1/reservations` takes as `sale_token`, or as the cookie that comes with this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_token: Option<String>,
    /// Until when that may hold places.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
}

impl PassView {
    fn new(pass: String, status: &'static str) -> Self {
        Self {
            pass,
            status,
            rank: None,
            ahead: None,
            wait_seconds: None,
            sale_token: None,
            until: None,
        }
    }

    /// Tells how it stands with a pass, and lets it through if it is its turn.
    pub async fn look(app: &AppState, known: &KnownRoom, pass: &QueuePass) -> Result<Self, ApiError> {
        let text = known.keys.write_pass(pass);
        match known.turn(pass.number) {
            Turn::Undrawn => Ok(Self::new(text, "undrawn")),
            Turn::Waits { rank, ahead } => Ok(Self {
                rank: Some(rank),
                ahead: Some(ahead),
                wait_seconds: Some(known.room.wait_seconds(ahead)),
                ..Self::new(text, "waiting")
            }),
            Turn::Through => Self::through(app, known, (pass, text)).await,
        }
    }

    async fn through(
        app: &AppState,
        known: &KnownRoom,
        (pass, text): (&QueuePass, String),
    ) -> Result<Self, ApiError> {
        let asked = LetThrough {
            event: known.room.event,
            number: pass.number,
            now: app.clock.now(),
        };
        match app.store.let_through(asked).await? {
            LetThroughOutcome::NoRoom => Err(ApiError::NotFound(Missing::WaitingRoom)),
            LetThroughOutcome::Waits => Ok(Self::new(text, "waiting")),
            LetThroughOutcome::Spent => Ok(Self::new(text, "spent")),
            LetThroughOutcome::Through(until) => {
                let token = known.keys.write_token(&SaleToken {
                    number: pass.number,
                    holder: pass.holder,
                    until,
                });
                Ok(Self {
                    sale_token: Some(token),
                    until: Some(Moment(until)),
                    ..Self::new(text, "through")
                })
            }
        }
    }

    /// Returns the cookies that a browser keeps of it.
    pub fn cookies(&self, app: &AppState, event: EventId) -> Vec<HeaderValue> {
        let sale = self.sale_token.as_ref();
        let pass = Some(cookie_of(app, &carried::pass_cookie(event), &self.pass));
        let sale = sale.map(|token| cookie_of(app, &carried::sale_cookie(event), token));
        pass.into_iter().chain(sale).flatten().collect()
    }
}

/// Finds the waiting room of a published event.
pub async fn room_of(app: &AppState, event: EventId, now: Timestamp) -> Result<Arc<KnownRoom>, ApiError> {
    let known = app.rooms.of(event, now).await?;
    let known = known.filter(|known| known.room.is_published);
    known.ok_or(ApiError::NotFound(Missing::WaitingRoom))
}

/// Tells how it stands with the waiting room of an event: about a hundred bytes, the same for everybody. Ask again after a second.
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
        let view = PassView::look(app, &known, &pass).await?;
        if view.status != "spent" {
            return Ok(view);
        }
    }
    let taken = app.room_joins.take(address, now);
    taken.map_err(|seconds| ApiError::too_many(ProblemKind::TooManyPasses, seconds))?;
    let (id, holder) = (draw(), browser.holder);
    let mut pass = QueuePass {
        number: 0,
        id,
        holder,
    };
    let number = app.rooms.join(event, pass.hash()).await?;
    pass.number = number.ok_or(ApiError::NotFound(Missing::WaitingRoom))?;
    PassView::look(app, &known, &pass).await
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
    let view = PassView::look(&app, &known, &pass).await?;
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
    let known = room_of(&app, event, app.clock.now()).await?;
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
    let headers = [
        (header::CACHE_CONTROL, FOR_A_SECOND),
        (header::CONTENT_TYPE, text),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}
