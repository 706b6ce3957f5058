//! The few files pages load, from within the program.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;

/// The script of an event's page: files of one idea each, as one, so that a browser never has parts of two versions.
const SELL: &str = concat!(
    include_str!("../../assets/map/house.js"),
    include_str!("../../assets/map/feed.js"),
    include_str!("../../assets/map/view.js"),
    include_str!("../../assets/map/paint.js"),
    include_str!("../../assets/map/map.js"),
    include_str!("../../assets/map/list.js"),
    include_str!("../../assets/sell.js"),
);

/// Serves a file.
pub async fn show(Id(name): Id<String>) -> Result<Response, ApiError> {
    let (content_type, text) = match name.as_str() {
        "usher.css" => ("text/css; charset=utf-8", include_str!("../../assets/usher.css")),
        "sell.js" => ("text/javascript; charset=utf-8", SELL),
        "search.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/search.js"),
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
        "room.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/room.js"),
        ),
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
