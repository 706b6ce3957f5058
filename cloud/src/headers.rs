//! What browsers are told with answers, so that no other site frames, reads or alters them; pages say themselves what they load.

use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::origins::WebOrigin;

/// Content policy of answers that are no page: load nothing, be framed by nobody.
pub const LOADS_NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
/// What the page to try the API may load: its own files; it sets styles of its own, and runs no script that is written into a page.
pub const LOADS_DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                              font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Keeps a window of ours apart from one of another site that opened it.
pub const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// For how long a browser asks this host over TLS alone: a year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// How the paths begin that other sites may ask for, if they are named.
const FOR_BUYERS: [&str; 8] = [
    "/v1/events",
    "/v1/reservations",
    "/v1/vouchers/",
    "/v1/bookings",
    "/v1/tickets/",
    "/v1/waiting-list",
    "/v1/my-tickets",
    "/.well-known/",
];
/// How long a browser remembers what another site may ask.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Sets a header of every answer.
pub fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Sets a header of answers that do not have it.
pub fn unless_said(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Has browsers use TLS alone from now on, where links begin with `https://`.
pub fn only_tls(public_url: &str) -> SetResponseHeaderLayer<Option<HeaderValue>> {
    let value = public_url.starts_with("https://").then_some(ONLY_TLS);
    SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, value)
}

/// Lets other sites ask for what buyers ask for. Cookies and keys do not come along.
pub fn from_other_sites(origins: &[WebOrigin]) -> CorsLayer {
    let named = origins.to_vec();
    let may_ask = move |origin: &HeaderValue, asked: &Parts| {
        let is_for_buyers = FOR_BUYERS.iter().any(|start| asked.uri.path().starts_with(start));
        is_for_buyers
            && named
                .iter()
                .any(|named| named.as_str().as_bytes() == origin.as_bytes())
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(may_ask))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER, header::ETAG])
        .max_age(REMEMBERED)
}
