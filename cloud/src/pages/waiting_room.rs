//! `/events/{event_id}/wait`: the waiting room as people see it. It works without scripts by loading itself again, keeps a browser's place
//! through reloads and second tabs, and leads on to the event's page when it is their turn.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::api::claimant::AskedFrom;
use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::waiting_room::carried::{self, Browser};
use crate::api::waiting_room::{PassView, joined, room_of};
use crate::languages::{Language, ScriptWords, Text};
use crate::rooms::KnownRoom;
use crate::seat_maps::SeatMap;
use crate::selling::sale::SaleStatus;
use crate::state::AppState;
use crate::waiting_room::RoomPhase;

use super::reader::PageReader;
use super::{PageError, assets, page};

/// After how many seconds the page loads itself again without scripts.
const LOOK_AGAIN_SECONDS: u64 = 15;

/// Up to how many minutes a wait is told in minutes; `cloud/assets/room.js` has the same.
const MINUTES_SAID: u64 = 90;
/// What its script says.
static ROOM_WORDS: LazyLock<ScriptWords> = LazyLock::new(|| ScriptWords::of(assets::ROOM, false));

#[derive(Template)]
#[template(path = "waiting_room.html")]
struct WaitingRoomPage {
    id: EventId,
    event: String,
    /// When the first are let through.
    opens: String,
    /// `lobby`, `drawing` or `open`.
    phase: &'static str,
    /// How it stands with this browser's pass, if it has one: `undrawn`, `waiting` or `spent`.
    status: Option<&'static str>,
    /// Its rank, for the script.
    rank: Option<u64>,
    ahead: u64,
    /// How long that takes, in words.
    wait: String,
    /// How many have joined.
    registered: u64,
    /// Whether nothing is free now.
    is_full: bool,
    /// Which public value the draw goes by, and the commitment to its seed, if there is a draw.
    draw: Option<(String, String)>,
    /// The beacon, once it is known.
    beacon: Option<String>,
    look_again_seconds: u64,
    reader: PageReader,
    /// What its script says.
    words: &'static str,
}

impl WaitingRoomPage {
    fn new(reader: PageReader, (map, known): (&SeatMap, &KnownRoom), view: Option<&PassView>) -> Self {
        let language = reader.language;
        let room = &known.room;
        let opens_at = room.terms.opens_at;
        let draw = room.terms.is_drawn;
        Self {
            id: room.event,
            event: map.event.name.clone(),
            opens: language.day_and_time(opens_at, map.event.policy.offset_at(opens_at)),
            phase: room.phase().word(),
            status: view.map(|view| view.status),
            rank: view.and_then(|view| view.rank),
            ahead: view.and_then(|view| view.ahead).unwrap_or(0),
            wait: takes(language, view.and_then(|view| view.wait_seconds).unwrap_or(0)),
            registered: room.registered,
            is_full: room.phase() == RoomPhase::Open && map.tiers.iter().all(|tier| tier.available == 0),
            draw: draw.then(|| {
                (
                    room.terms.beacon_source.clone(),
                    HEXLOWER.encode(&room.commitment),
                )
            }),
            beacon: room.drawn.as_ref().map(|(_, beacon)| beacon.clone()),
            look_again_seconds: LOOK_AGAIN_SECONDS,
            words: ROOM_WORDS.in_language(language),
            reader,
        }
    }
}

/// Says how long somebody waits, as honestly as it is known.
fn takes(language: Language, seconds: u64) -> String {
    let minutes = seconds.div_ceil(60).max(1);
    let phrase = if minutes <= MINUTES_SAID {
        language.say(Text::TakesMinutes).counted(minutes)
    } else {
        language.say(Text::TakesHours).counted(minutes.div_ceil(60))
    };
    phrase.to_string()
}

/// Shows how it stands with this browser's pass; leads on when it is its turn.
pub async fn show(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(event): Id<EventId>,
    browser: Browser,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let map = app.seat_maps.of(event, now).await?;
    let map = map.ok_or(ApiError::NotFound(Missing::EventOnSale))?;
    if matches!(map.status, SaleStatus::Over | SaleStatus::Canceled) {
        // Nobody's turn comes any more, and the event's page says why.
        return Ok(leads_to(&format!("/events/{event}"))?.into_response());
    }
    let known = room_of(&app, event, now).await?;
    let view = match carried::pass(&headers, &known, browser.holder) {
        Some(pass) => Some(PassView::take_turn(&app, &known, &pass).await?),
        None => None,
    };
    if let Some(view) = view.as_ref().filter(|view| view.status == "through") {
        let cookies = browser.with(view.cookies(&app, event));
        return Ok((cookies, leads_to(&format!("/events/{event}"))?).into_response());
    }
    page(&WaitingRoomPage::new(reader, (&map, &known), view.as_ref()))
}

/// Joins, and shows the page of it.
pub async fn join(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    AskedFrom(address): AskedFrom,
    browser: Browser,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let view = joined(&app, event, (address.into(), &browser, &headers)).await?;
    let cookies = browser.with(view.cookies(&app, event));
    Ok((cookies, leads_to(&format!("/events/{event}/wait"))?).into_response())
}

fn leads_to(path: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::from_str(path).map_err(|_| ApiError::Internal)?;
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, no_store)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
