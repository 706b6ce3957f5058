//! `/v1/organizer/events/{event_id}/waiting-room`: having buyers wait their turn, how fast they are let through, and the draw of those who
//! come early.

mod view;

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;
use crate::waiting_room::{BeaconRefusal, DrawLobby, RoomRefusal, RoomTerms, SetRoom};

use super::owned::OwnEvent;
pub use view::{DrawView, RoomView};

/// How many may be let through in a minute.
pub const PER_MINUTE: RangeInclusive<u32> = 1..=1_000_000;
/// Bytes of a beacon, and of where it comes from.
pub const BEACON_BYTES: RangeInclusive<usize> = 1..=500;

/// Has buyers of an event wait their turn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"opens_at": "2027-03-01T09:00:00Z", "per_minute": 600, "draw": {"beacon_source": "drand quicknet, round 20000000"}}))]
pub struct RoomRequest {
    /// When the first are let through; whoever comes before waits in the lobby.
    #[schema(value_type = String, format = DateTime)]
    pub opens_at: Moment,
    /// How many are let through in a minute at most.
    pub per_minute: u32,
    /// Has the order of the lobby be drawn; without it whoever comes first goes first.
    pub draw: Option<DrawRequest>,
}

/// Announces a draw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawRequest {
    /// Which public value it goes by that nobody can know before the opening, nor choose: a round of drand, or the numbers of a lottery.
    #[schema(example = "drand quicknet, round 20000000")]
    pub beacon_source: String,
}

/// Gives the value that a draw goes by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"beacon": "8f2b3f0f5e8c4d4d9c1c7b6a"}))]
pub struct BeaconRequest {
    /// The value, as its source writes it.
    pub beacon: String,
}

impl RoomRequest {
    fn checked(self) -> Result<RoomTerms, ApiError> {
        let mut checks = Checks::default();
        checks.range(self.per_minute, "/per_minute", PER_MINUTE);
        if let Some(draw) = &self.draw {
            checks.text(&draw.beacon_source, "/draw/beacon_source", BEACON_BYTES);
        }
        checks.finish()?;
        Ok(RoomTerms {
            opens_at: self.opens_at.0,
            per_minute: self.per_minute,
            is_drawn: self.draw.is_some(),
            beacon_source: self.draw.map(|draw| draw.beacon_source).unwrap_or_default(),
        })
    }
}

/// Shows the waiting room of an event.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/waiting-room", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = RoomView),
    (status = 404, description = "No such event of yours, or it has no waiting room"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeEvents>,
) -> Result<Json<RoomView>, ApiError> {
    let room = app.store.room(event.id).await?;
    let room = room.ok_or(ApiError::NotFound(Missing::WaitingRoom))?;
    Ok(Json(RoomView::of(&app, &room)))
}

/// Has buyers of an event wait their turn from now on, or changes how. The rate can be changed at any time; the opening until it is past; the draw
/// until somebody has joined.
#[utoipa::path(put, path = "/v1/organizer/events/{event_id}/waiting-room", tag = "organizer",
    params(("event_id" = String, Path)), request_body = RoomRequest, security(("organizer_key" = [])), responses(
    (status = 200, body = RoomView),
    (status = 409, description = "Somebody has joined, by what was announced of the draw (`draw-announced`), or the opening is past (`room-opened`)"),
))]
pub async fn replace(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeEvent>,
    JsonBody(request): JsonBody<RoomRequest>,
) -> Result<Json<RoomView>, ApiError> {
    let terms = request.checked()?;
    let (sealed, keys) = app.rooms.draw_secret(event.id);
    let set = SetRoom {
        event: event.id,
        terms,
        sealed,
        commitment: keys.commitment(),
    };
    let set = app.store.set_room(set).await?;
    app.rooms.forget(event.id);
    match set {
        Ok(room) => Ok(Json(RoomView::of(&app, &room))),
        Err(RoomRefusal::DrawAnnounced) => Err(ProblemKind::DrawAnnounced.into()),
        Err(RoomRefusal::Opened) => Err(ProblemKind::RoomOpened.into()),
    }
}

/// Gives the beacon of the draw: the lobby is drawn by it, and the first are let through. The same beacon may be given again.
#[utoipa::path(put, path = "/v1/organizer/events/{event_id}/waiting-room/beacon", tag = "organizer",
    params(("event_id" = String, Path)), request_body = BeaconRequest, security(("organizer_key" = [])), responses(
    (status = 200, body = RoomView),
    (status = 404, description = "No such event of yours, or it has no waiting room"),
    (status = 409, description = "The waiting room has no draw (`no-draw`), its lobby is still open (`lobby-open`), or it is drawn by another beacon (`already-drawn`)"),
))]
pub async fn draw(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeEvent>,
    JsonBody(request): JsonBody<BeaconRequest>,
) -> Result<Json<RoomView>, ApiError> {
    let mut checks = Checks::default();
    checks.text(&request.beacon, "/beacon", BEACON_BYTES);
    checks.finish()?;
    let room = app.store.room(event.id).await?;
    let room = room.ok_or(ApiError::NotFound(Missing::WaitingRoom))?;
    let draw = DrawLobby {
        event: event.id,
        seed: app.rooms.keys(&room)?.seed(),
        beacon: request.beacon,
    };
    let drawn = app.store.draw_lobby(draw).await?;
    app.rooms.forget(event.id);
    match drawn {
        Ok(room) => Ok(Json(RoomView::of(&app, &room))),
        Err(BeaconRefusal::NoDraw) => Err(ProblemKind::NoDraw.into()),
        Err(BeaconRefusal::NoRoot) => Err(ProblemKind::LobbyOpen.into()),
        Err(BeaconRefusal::Drawn) => Err(ProblemKind::AlreadyDrawn.into()),
    }
}

/// Closes the waiting room for good: everybody may hold places at once, and passes are worth nothing. Doing it again changes nothing.
#[utoipa::path(delete, path = "/v1/organizer/events/{event_id}/waiting-room", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 204, description = "The event has no waiting room"),
))]
pub async fn close(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeEvent>,
) -> Result<StatusCode, ApiError> {
    app.store.close_room(event.id).await?;
    app.rooms.forget(event.id);
    Ok(StatusCode::NO_CONTENT)
}
