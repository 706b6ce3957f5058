//! `/v1/events/{event_id}/seats`: the seat map, out of memory, as bytes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::seat_maps::{SeatMap, SeatsView};
use crate::state::AppState;

use super::error::ApiError;
use super::input::Id;

/// Shows every seat with its status, and how full each tier is. Answers 304 to a matching `If-None-Match`.
#[utoipa::path(get, path = "/v1/events/{event_id}/seats", tag = "events", params(("event_id" = String, Path)),
    responses(
        (status = 200, body = SeatsView<'static>, headers(("ETag" = String))),
        (status = 304, description = "Nothing has changed since the ETag the request names"),
        (status = 404, description = "No such event is on sale"),
    )
)]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let map = app
        .seat_maps
        .of(event, app.clock.now())
        .await?
        .ok_or(ApiError::NotFound(Missing::Event))?;
    Ok(respond(&map, &headers))
}

fn respond(map: &SeatMap, headers: &HeaderMap) -> Response {
    let common = [
        (
            header::ETAG,
            HeaderValue::from_str(&map.etag).expect("a tag is hexadecimal"),
        ),
        // To be asked for each time: a map that is seconds old sends buyers to seats that are gone.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if is_known(headers, &map.etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let json: (HeaderName, _) = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if takes_gzip(headers) {
        let gzip: (HeaderName, _) = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        (common, [json, gzip], map.gzip.clone()).into_response()
    } else {
        (common, [json], map.body.clone()).into_response()
    }
}

/// Tells whether a client says in `If-None-Match` that it has this already.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    known.is_some_and(|known| names(known, etag))
}

/// Tells whether a list of tags names ours, by the weak comparison of RFC 9110.
fn names(list: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.split(',')
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

/// Tells whether a client takes answers that are compressed by gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let refused = |parameters: &str| {
        let quality = parameters
            .split(';')
            .find_map(|part| part.trim().strip_prefix("q="));
        quality.is_some_and(|quality| quality.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0))
    };
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.split(',').any(|coding| {
                let (name, parameters) = coding.trim().split_once(';').unwrap_or((coding.trim(), ""));
                name.trim().eq_ignore_ascii_case("gzip") && !refused(parameters)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_gzip(accept: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        assert_eq!(takes_gzip(&headers), expected, "{accept}");
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        check_gzip("gzip, deflate, br", true);
        check_gzip("br;q=1.0, GZIP;q=0.5", true);
        check_gzip("gzip;q=0", false);
        check_gzip("gzip; q=0.000", false);
        check_gzip("identity", false);
    }

    #[test]
    fn tags_are_compared_weakly() {
        assert!(names("\"a\", W/\"b\"", "W/\"b\""));
        assert!(names("\"b\"", "W/\"b\""));
        assert!(names("*", "W/\"b\""));
        assert!(!names("W/\"a\"", "W/\"b\""));
    }
}
