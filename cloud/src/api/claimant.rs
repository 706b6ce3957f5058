//! Who asks for units: the address a request comes from, and the browser session, which is a cookie and nothing else.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use data_encoding::HEXLOWER;

use crate::config::proxies::client_address;
use crate::ids::draw;
use crate::selling::claimant::{Claimant, SessionHash};
use crate::state::AppState;

/// The cookie that is a session. It says nothing about its client and is known to nobody else.
const SESSION_COOKIE: &str = "usher_session";
/// Length of what is in it.
const SESSION_BYTES: usize = 16;
/// How long a client keeps it: longer than any reservation.
const SESSION_SECONDS: u32 = 2 * 86_400;
/// Where proxies write from whom they have a request.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The machine at the other end of the connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Who asks, and the cookie to be sent with the answer.
#[derive(Debug)]
pub struct Asking {
    pub claimant: Claimant,
    /// The cookie of a session that begins with this request.
    pub new_cookie: Option<HeaderValue>,
}

impl FromRequestParts<Arc<AppState>> for Asking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Infallible> {
        let address = address_of(parts, app);
        let (session, new_cookie) = match session(&parts.headers) {
            Some(session) => (session, None),
            None => {
                let session = draw();
                (session, cookie(app, session))
            }
        };
        let claimant = Claimant {
            address: address.into(),
            session: hash(session),
        };
        Ok(Self { claimant, new_cookie })
    }
}

/// Where a request comes from.
#[derive(Debug)]
pub struct AskedFrom(pub IpAddr);

impl FromRequestParts<Arc<AppState>> for AskedFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Infallible> {
        Ok(Self(address_of(parts, app)))
    }
}

/// Finds where a request comes from: the other end of its connection, or what a trusted proxy says.
pub fn address_of(parts: &Parts, app: &AppState) -> IpAddr {
    // What came over no connection, in tests alone, comes from nowhere; all of it together.
    let peer = parts
        .extensions
        .get::<Peer>()
        .map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
    let said = parts.headers.get_all(FORWARDED_FOR);
    let hops: Vec<&str> = said
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .collect();
    let trusted = &app.config.trusted_proxies;
    if !hops.is_empty()
        && !trusted.iter().any(|network| network.contains(peer))
        && !app.told_of_proxy.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            "a request says in X-Forwarded-For where it comes from, and comes from a machine that is not among \
             trusted_proxies: if that is your proxy, add it, or all buyers behind it share what one address may hold"
        );
    }
    client_address(trusted, peer, hops.into_iter())
}

/// Returns the network of an address: enough to tell an office from elsewhere, and not a person.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// Finds a cookie that came with a request.
pub fn cookie_named<'a>(headers: &'a HeaderMap, named: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == named)
        .map(|(_, text)| text)
}

/// Finds the session that a client has kept; anything that is not of our making begins a new one.
fn session(headers: &HeaderMap) -> Option<[u8; SESSION_BYTES]> {
    let text = cookie_named(headers, SESSION_COOKIE)?;
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn cookie(app: &AppState, session: [u8; SESSION_BYTES]) -> Option<HeaderValue> {
    let secure = if app.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let text = HEXLOWER.encode(&session);
    let cookie = format!(
        "{SESSION_COOKIE}={text}; Path=/v1/reservations; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    );
    HeaderValue::from_str(&cookie).ok()
}

/// Names a session in the store, which has no use for what the client keeps.
fn hash(session: [u8; SESSION_BYTES]) -> SessionHash {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(&session).as_bytes()[..16]);
    SessionHash(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cookies: &[&'static str], expected: Option<[u8; 16]>) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_static(cookie));
        }
        assert_eq!(session(&headers), expected, "{cookies:?}");
    }

    #[test]
    fn a_session_is_a_cookie_of_our_making() {
        let ours = "usher_session=0101010101010101010101010101010a";
        let mut bytes = [1; 16];
        bytes[15] = 10;
        check(&[ours], Some(bytes));
        check(
            &["a=b; usher_session=0101010101010101010101010101010a; c=d"],
            Some(bytes),
        );
        check(&["a=b", ours], Some(bytes));
        for other in [
            "",
            "usher_session",
            "usher_session=",
            "usher_session=01",
            "usher_session=me",
            "session=01",
        ] {
            check(&[other], None);
        }
    }
}
