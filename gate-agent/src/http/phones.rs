//! The door for phones: the API that the app pretixSCAN speaks, over our own admission path. Whether people are let in is decided there;
//! what the app is told of it is in `answer`.
//!
//! **Source**: docs/DOOR.md.

mod answer;
mod asker;
mod device;
mod lists;
mod notes;
mod recent;
mod scan;
mod search;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use usher_protocol::ticket::guesses::Guesses;
use usher_words::hub::phones as words;

use super::REQUEST_TIMEOUT;
use crate::doors::Doors;
use recent::RecentScans;

/// The organizer in the paths of the API: there is one.
const ORGANIZER: &str = "usher";

/// Wrong set-up codes that each address is forgiven: a person who types one badly needs a few.
const FORGIVEN: u32 = 10;
/// When one more is forgiven, in milliseconds.
const ONE_MORE_MS: u64 = 30_000;

/// What the requests of all phones share.
pub struct PhoneDoor {
    doors: Arc<Doors>,
    began: Instant,
    /// Guards the wrong set-up codes; never held across an await.
    wrong_codes: Mutex<Guesses>,
    recent: RecentScans,
}

/// The way in for phones.
pub fn entrance(doors: Arc<Doors>) -> Router {
    let door = Arc::new(PhoneDoor {
        doors,
        began: Instant::now(),
        wrong_codes: Mutex::new(Guesses::new(FORGIVEN, ONE_MORE_MS)),
        recent: RecentScans::default(),
    });
    let organizer = Router::new()
        .route("/events/", get(lists::events))
        .route("/events/{event}/", get(lists::event))
        .route("/subevents/", get(lists::nothing))
        .route("/reusablemedia/", get(lists::nothing))
        .route("/reusablemedia/lookup/", post(notes::no_medium))
        .route("/checkinrpc/redeem/", post(scan::redeem))
        .route("/checkinrpc/annul/", post(notes::annul))
        .route("/checkinrpc/search/", get(search::search))
        .nest("/events/{event}", of_event());
    Router::new()
        .route("/api/v1/device/initialize", post(device::initialize))
        .route("/api/v1/device/info", get(device::info))
        .route("/api/v1/device/update", post(device::update))
        .route("/api/v1/device/roll", post(device::roll))
        .route("/api/v1/device/revoke", post(device::revoke))
        .route("/api/v1/device/eventselection", get(device::event_selection))
        .route("/api/v1/version", get(device::version))
        .nest("/api/v1/organizers/usher", organizer)
        .fallback(|| async { nothing_here() })
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::new())
        .with_state(door)
}

fn of_event() -> Router<Arc<PhoneDoor>> {
    let list = "/checkinlists/{list}";
    Router::new()
        .route("/subevents/", get(lists::nothing))
        .route("/categories/", get(lists::nothing))
        .route("/items/", get(lists::items))
        .route("/questions/", get(lists::nothing))
        .route("/badgelayouts/", get(lists::nothing))
        .route("/badgeitems/", get(lists::nothing))
        .route("/revokedsecrets/", get(lists::nothing))
        .route("/blockedsecrets/", get(lists::nothing))
        .route("/orders/", get(lists::nothing))
        .route("/settings/", get(lists::settings))
        .route("/checkinlists/", get(lists::lists))
        .route(&format!("{list}/"), get(lists::list))
        .route(&format!("{list}/status/"), get(lists::status))
        .route(&format!("{list}/positions/"), get(search::positions))
        .route(
            &format!("{list}/positions/{{secret}}/redeem/"),
            post(scan::redeem_at_list),
        )
        .route(&format!("{list}/failed_checkins/"), post(notes::failed))
        .route("/orderpositions/{position}/printlog/", post(notes::printed))
}

/// Says that there is nothing: in plain text, because apps take a 404 in JSON for an answer.
fn nothing_here() -> Response {
    (StatusCode::NOT_FOUND, words::NOTHING_HERE).into_response()
}
