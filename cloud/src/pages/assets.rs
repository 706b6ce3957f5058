//! The few files pages load, from within the program.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;

/// The script of an event's page: files of one idea each, as one, so that a browser never has parts of two versions.
pub const SELL: &str = concat!(
    include_str!("../../assets/words.js"),
    include_str!("../../assets/map/house.js"),
    include_str!("../../assets/map/feed.js"),
    include_str!("../../assets/map/view.js"),
    include_str!("../../assets/map/paint.js"),
    include_str!("../../assets/map/map.js"),
    include_str!("../../assets/map/list.js"),
    include_str!("../../assets/sell.js"),
);

/// The script of a ticket's page, likewise.
pub const TICKET: &str = concat!(
    include_str!("../../assets/words.js"),
    include_str!("../../assets/ticket/code.js"),
    include_str!("../../assets/ticket/phone.js"),
    include_str!("../../assets/ticket/clock.js"),
    include_str!("../../assets/ticket/live.js"),
);
/// The script of the front page.
pub const SEARCH: &str = concat!(
    include_str!("../../assets/words.js"),
    include_str!("../../assets/search.js"),
);
/// The script of waiting rooms.
pub const ROOM: &str = concat!(
    include_str!("../../assets/words.js"),
    include_str!("../../assets/room.js"),
);
/// What may a service worker ask that keeps pages: our own files.
const WORKER_ASKS: HeaderValue = HeaderValue::from_static("default-src 'none'; connect-src 'self'");
/// Which pages it keeps; it lies elsewhere itself.
const WORKER_SCOPE: HeaderValue = HeaderValue::from_static("/tickets/");

/// Serves the worker that keeps pages of tickets for when there is no network.
pub async fn ticket_worker() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/javascript; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, WORKER_ASKS),
        (HeaderName::from_static("service-worker-allowed"), WORKER_SCOPE),
    ];
    (headers, include_str!("../../assets/ticket/worker.js")).into_response()
}

/// Serves a file.
pub async fn show(Id(name): Id<String>) -> Result<Response, ApiError> {
    let (content_type, text) = match name.as_str() {
        "usher.css" => ("text/css; charset=utf-8", include_str!("../../assets/usher.css")),
        "console.css" => (
            "text/css; charset=utf-8",
            include_str!("../../assets/console.css"),
        ),
        "altcha-pbkdf2.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/altcha/pbkdf2.js"),
        ),
        "sell.js" => ("text/javascript; charset=utf-8", SELL),
        "ticket.js" => ("text/javascript; charset=utf-8", TICKET),
        "search.js" => ("text/javascript; charset=utf-8", SEARCH),
        "bounds.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/bounds.js"),
        ),
        "resume.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/resume.js"),
        ),
        "booking.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/booking.js"),
        ),
        "counter.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/counter.js"),
        ),
        "wallboard.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/wallboard.js"),
        ),
        "room.js" => ("text/javascript; charset=utf-8", ROOM),
        "waiting.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/waiting.js"),
        ),
        _ => return Err(ApiError::NotFound(Missing::File)),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=300")),
    ];
    Ok((headers, text).into_response())
}
