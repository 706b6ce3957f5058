//! What a browser carries of waiting rooms: a secret of its own, and for each room a pass and a sale token. None is good without the secret.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::AppendHeaders;
use data_encoding::HEXLOWER;
use usher_keys::{EventId, Timestamp};
use usher_words::problems::ProblemKind;

use crate::api::claimant::cookie_named;
use crate::api::error::ApiError;
use crate::ids::draw;
use crate::rooms::KnownRoom;
use crate::state::AppState;
use crate::waiting_room::passes::{PassHolder, QueuePass};

/// The cookie that is a browser's secret.
const HOLDER_COOKIE: &str = "usher_holder";
/// How long browsers keep what they carry: lobbies open a day or two before.
const KEPT_SECONDS: u32 = 7 * 86_400;

/// The cookie of a pass.
pub fn pass_cookie(event: EventId) -> String {
    format!("usher_pass_{event}")
}

/// The cookie of a sale token.
pub fn sale_cookie(event: EventId) -> String {
    format!("usher_sale_{event}")
}

/// Makes a cookie of ours that scripts do not see.
pub fn cookie_of(app: &AppState, name: &str, text: &str) -> Option<HeaderValue> {
    let secure = if app.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!("{name}={text}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// The browser that asks.
#[derive(Debug)]
pub struct Browser {
    pub holder: PassHolder,
    /// The cookie of one that was not known.
    new_cookie: Option<HeaderValue>,
}

impl FromRequestParts<Arc<AppState>> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Infallible> {
        Ok(match secret(&parts.headers) {
            Some(secret) => Self {
                holder: PassHolder::of(&secret),
                new_cookie: None,
            },
            None => {
                let secret = draw();
                Self {
                    holder: PassHolder::of(&secret),
                    new_cookie: cookie_of(app, HOLDER_COOKIE, &HEXLOWER.encode(&secret)),
                }
            }
        })
    }
}

impl Browser {
    /// Returns headers that have it keep cookies.
    pub fn with(self, cookies: Vec<HeaderValue>) -> AppendHeaders<Vec<(header::HeaderName, HeaderValue)>> {
        let all = self.new_cookie.into_iter().chain(cookies);
        AppendHeaders(all.map(|cookie| (header::SET_COOKIE, cookie)).collect())
    }
}

fn secret(headers: &HeaderMap) -> Option<[u8; 16]> {
    let text = cookie_named(headers, HOLDER_COOKIE)?;
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// Finds the pass of a browser, if it carries one of this room.
pub fn pass(headers: &HeaderMap, known: &KnownRoom, holder: PassHolder) -> Option<QueuePass> {
    let text = cookie_named(headers, &pass_cookie(known.room.event))?;
    known.keys.read_pass(text, holder)
}

/// Requires that whoever asks for places of an event was let through, where it has a waiting room: by the token that they send, or by that
/// of their cookie. Returns the number of their pass.
///
/// # Errors
///
/// [`ProblemKind::WaitFirst`].
pub async fn let_through(
    app: &AppState,
    event: EventId,
    (headers, sent): (&HeaderMap, Option<&str>),
) -> Result<Option<u64>, ApiError> {
    let now = app.clock.now();
    let Some(known) = app.rooms.of(event, now).await? else {
        return Ok(None);
    };
    match number(&known, headers, sent, now) {
        Some(number) => Ok(Some(number)),
        None => Err(ProblemKind::WaitFirst.into()),
    }
}

/// Finds the number of the pass with whose sale token a request comes.
pub fn number(known: &KnownRoom, headers: &HeaderMap, sent: Option<&str>, now: Timestamp) -> Option<u64> {
    let holder = PassHolder::of(&secret(headers)?);
    let named = sale_cookie(known.room.event);
    let token = sent.or_else(|| cookie_named(headers, &named))?;
    Some(known.keys.read_token(token, holder, now)?.number)
}
