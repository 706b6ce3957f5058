//! A waiting room and its draw, as their organizer sees them.

use data_encoding::HEXLOWER;
use serde::Serialize;
use utoipa::ToSchema;

use crate::moment::Moment;
use crate::state::AppState;
use crate::waiting_room::Room;

/// A waiting room, as its organizer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoomView {
    /// When the first are let through.
    #[schema(value_type = String, format = DateTime)]
    pub opens_at: Moment,
    /// How many are let through in a minute at most.
    pub per_minute: u32,
    /// How many now: less while the store is slow.
    pub per_minute_now: u32,
    /// `lobby`, `drawing` or `open`.
    #[schema(example = "lobby")]
    pub phase: &'static str,
    /// How many have joined.
    pub registered: u64,
    /// How many of them came before the opening, once that is past.
    pub lobby: Option<u64>,
    /// How many were let through.
    pub through: u64,
    /// What is published of the draw, if there is one.
    pub draw: Option<DrawView>,
    /// Where buyers wait.
    pub page: String,
}

/// What is published of a draw.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawView {
    /// Which public value it goes by.
    pub beacon_source: String,
    /// SHA-256 of the seed, in hexadecimal: tell it before anybody comes.
    pub commitment: String,
    /// The Merkle root of the lobby's passes, in hexadecimal, once that is closed: the beacon is taken from then on.
    pub root: Option<String>,
    /// The beacon, once it was given.
    pub beacon: Option<String>,
    /// Where the file is that `usher-cloud draw verify` checks.
    pub file: String,
}

impl RoomView {
    /// Returns how a room stands.
    pub fn of(app: &AppState, room: &Room) -> Self {
        let event = room.event;
        let draw = room.terms.is_drawn.then(|| DrawView {
            beacon_source: room.terms.beacon_source.clone(),
            commitment: HEXLOWER.encode(&room.commitment),
            root: room.root.map(|root| HEXLOWER.encode(&root)),
            beacon: room.drawn.as_ref().map(|(_, beacon)| beacon.clone()),
            file: app.link(&format!("/v1/events/{event}/waiting-room/draw")),
        });
        Self {
            opens_at: Moment(room.terms.opens_at),
            per_minute: room.terms.per_minute,
            per_minute_now: room.per_minute_now(),
            phase: room.phase().word(),
            registered: room.registered,
            lobby: room.lobby,
            through: room.threshold,
            draw,
            page: app.link(&format!("/events/{event}/wait")),
        }
    }
}
