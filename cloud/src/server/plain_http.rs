//! Leads whoever asks over plain HTTP to the same address over TLS, and serves nothing else there.

use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// What whoever sends something in the clear is told: it may have been read on the way, so it is not sent on for them.
const IN_THE_CLEAR: &str = "This server is asked over https alone, and nothing was done. What you have sent may have been read by others on \
                            its way: use https, and replace a key or password that was in it.\n";

/// Returns what answers over plain HTTP; `public_url` is where the same is found over TLS.
pub fn router(public_url: String) -> Router {
    Router::new().fallback(async move |method: Method, uri: Uri| answer(&public_url, &method, &uri))
}

fn answer(public_url: &str, method: &Method, uri: &Uri) -> Response {
    let leads_to = location(public_url, uri).filter(|_| [Method::GET, Method::HEAD].contains(method));
    match leads_to {
        Some(location) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response(),
        None => (StatusCode::FORBIDDEN, IN_THE_CLEAR).into_response(),
    }
}

/// Returns the same path at the public address, whatever host was asked for.
fn location(public_url: &str, uri: &Uri) -> Option<HeaderValue> {
    let path = uri.path_and_query()?.as_str();
    let is_below = path.starts_with('/');
    is_below
        .then(|| HeaderValue::from_str(&format!("{public_url}{path}")).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, uri: &str, expected: Option<&str>) {
        let answer = answer("https://owls.example.org", &method, &uri.parse().unwrap());
        let location = answer
            .headers()
            .get(header::LOCATION)
            .map(|value| value.to_str().unwrap());
        assert_eq!(location, expected, "{method} {uri}");
        let status = if expected.is_some() {
            StatusCode::PERMANENT_REDIRECT
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(answer.status(), status, "{method} {uri}");
    }

    #[test]
    fn nobody_is_led_anywhere_but_to_the_public_address() {
        check(Method::GET, "/", Some("https://owls.example.org/"));
        check(
            Method::HEAD,
            "/events/1?a=b&c",
            Some("https://owls.example.org/events/1?a=b&c"),
        );
        check(
            Method::GET,
            "//evil.example/x",
            Some("https://owls.example.org//evil.example/x"),
        );
        check(
            Method::GET,
            "http://evil.example/x",
            Some("https://owls.example.org/x"),
        );
        check(Method::GET, "*", None);
        check(Method::CONNECT, "evil.example:443", None);
        check(Method::POST, "/v1/bookings", None);
    }
}
