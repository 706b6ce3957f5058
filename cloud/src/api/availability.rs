//! `/v1/events/{event_id}/layout/{hash}` and `…/availability`: where the seats are and which are free, in answers that any cache may keep.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::catalogue::availability::AvailabilityChanges;
use crate::seat_maps::{LayoutView, VersionChanges};
use crate::state::AppState;

use super::error::ApiError;
use super::input::Id;
use super::seats::{is_known, takes_gzip};

/// What never changes: a year is as long as caches may say.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What is true for a second: a cache asks once, and gives the old answer to those who come meanwhile.
const FOR_A_SECOND: HeaderValue =
    HeaderValue::from_static("public, max-age=1, s-maxage=1, stale-while-revalidate=2");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Shows where every seat is. The address changes with what it shows, so that the answer is kept for ever: the hash is in each
/// availability.
#[utoipa::path(get, path = "/v1/events/{event_id}/layout/{hash}", tag = "events",
    params(("event_id" = String, Path), ("hash" = String, Path, description = "32 hexadecimal digits")), responses(
    (status = 200, body = LayoutView<'static>, headers(("Cache-Control" = String))),
    (status = 404, description = "No such event is on sale, or its layout is another one"),
))]
pub async fn layout(
    State(app): State<Arc<AppState>>,
    Path((event, hash)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let layout = app.seat_maps.layout(read_event(&event)?).await?;
    let layout = layout.ok_or(ApiError::NotFound(Missing::Event))?;
    if hash != HEXLOWER.encode(&layout.hash) {
        return Err(ApiError::NotFound(Missing::Layout));
    }
    let common = [
        (header::CACHE_CONTROL, FOR_EVER),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CONTENT_TYPE, JSON),
    ];
    Ok(if takes_gzip(&headers) {
        let gzip: (HeaderName, _) = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        (common, [gzip], layout.gzip.clone()).into_response()
    } else {
        (common, layout.body.clone()).into_response()
    })
}

/// Returns which seats are free, in two bits each. Ask for all of it once, and then for what changed. Answers 304 to a matching
/// `If-None-Match`.
#[utoipa::path(get, path = "/v1/events/{event_id}/availability", tag = "events",
    params(("event_id" = String, Path)), responses(
    (status = 200, description = "The version (8 bytes), the hash of the layout (16 bytes), how many tiers (2 bytes), each tier with its free units (2 and 4 bytes), then four seats a byte, the first one in the lowest bits: 0 available, 1 held, 2 booked. Numbers are big-endian",
        body = Vec<u8>, content_type = "application/octet-stream", headers(("ETag" = String), ("Cache-Control" = String))),
    (status = 304, description = "Nothing has changed since the ETag the request names"),
    (status = 404, description = "No such event is on sale"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let availability = app.seat_maps.availability(event, app.clock.now()).await?;
    let availability = availability.ok_or(ApiError::NotFound(Missing::Event))?;
    let etag = format!("\"{}\"", availability.version);
    let is_known = is_known(&headers, &etag);
    let etag = HeaderValue::from_str(&etag).expect("a version is digits");
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, FOR_A_SECOND)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, availability.body.clone()).into_response())
}

/// Returns what changed after a version until the next one. Go on with `to`; while it is the version asked about, nothing has
/// changed yet: ask again after a second.
#[utoipa::path(get, path = "/v1/events/{event_id}/availability/{from}", tag = "events",
    params(("event_id" = String, Path), ("from" = u64, Path)), responses(
    (status = 200, body = AvailabilityChanges, headers(("Cache-Control" = String))),
    (status = 404, description = "No such event is on sale, or the version is none or too old: ask for the whole availability"),
))]
pub async fn changes(
    State(app): State<Arc<AppState>>,
    Path((event, from)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let unknown = ApiError::NotFound(Missing::Version);
    let Ok(from) = from.parse() else {
        return Err(unknown);
    };
    let changes = app
        .seat_maps
        .changes_after(read_event(&event)?, from, app.clock.now())
        .await?;
    match changes.ok_or(ApiError::NotFound(Missing::Event))? {
        VersionChanges::Closed(changes) => Ok(kept(FOR_EVER, changes.json)),
        VersionChanges::Open(changes) => Ok(kept(FOR_A_SECOND, changes)),
        VersionChanges::Unknown => Err(unknown),
    }
}

fn kept(how_long: HeaderValue, changes: Bytes) -> Response {
    let headers = [(header::CACHE_CONTROL, how_long), (header::CONTENT_TYPE, JSON)];
    (headers, changes).into_response()
}

fn read_event(text: &str) -> Result<EventId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(Missing::Id))
}
