//! Who is logged in: a cookie that only this host sets and reads, and what a request that changes something must say beside it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use data_encoding::HEXLOWER;
use usher_words::problems::ProblemKind;

use crate::staff::password::is_same;
use crate::staff::{SESSION_FOR, StaffSession};
use crate::state::AppState;
use crate::store::organizing::KeyHash;

use super::claimant::cookie_named;
use super::error::ApiError;

/// The cookie. A browser takes one that is called so over TLS alone (or from its own machine), for this host and all of its paths.
const COOKIE: &str = "__Host-usher_staff";
/// Prefix of a session's secret.
pub const SECRET_PREFIX: &str = "uss_";
/// Where programs in a browser say what the page told them.
const FOREIGN_REQUEST_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Their session.
    pub session: StaffSession,
    /// What forms of ours say and other sites cannot.
    pub form_token: String,
}

impl LoggedIn {
    /// Finds who is logged in with the cookie that came with a request.
    ///
    /// # Errors
    ///
    /// [`ApiError::Store`].
    pub async fn of(headers: &HeaderMap, app: &AppState) -> Result<Option<Self>, ApiError> {
        let Some(secret) = secret(headers) else {
            return Ok(None);
        };
        let found = app.store.staff_session(KeyHash::of(secret)).await?;
        let good = found.filter(|session| session.is_good(app.clock.now()));
        Ok(good.map(|session| Self {
            session,
            form_token: form_token(secret),
        }))
    }

    /// Requires what only our own pages know, since a browser sends cookies along with the forms of other sites too.
    ///
    /// # Errors
    ///
    /// [`ProblemKind::ForeignRequest`].
    pub fn check(&self, shown: &str) -> Result<(), ApiError> {
        if is_same(shown.as_bytes(), self.form_token.as_bytes()) {
            Ok(())
        } else {
            Err(ProblemKind::ForeignRequest.into())
        }
    }

    /// Requires it of a request that a program in the browser makes.
    ///
    /// # Errors
    ///
    /// [`ProblemKind::ForeignRequest`].
    pub fn check_header(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let shown = headers.get(FOREIGN_REQUEST_HEADER);
        self.check(shown.and_then(|value| value.to_str().ok()).unwrap_or_default())
    }
}

impl FromRequestParts<Arc<AppState>> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        // Before pages of the console it is asked for once.
        if let Some(found) = parts.extensions.get::<Self>() {
            return Ok(found.clone());
        }
        let found = Self::of(&parts.headers, app).await?;
        found.ok_or_else(|| ProblemKind::LogInNeeded.into())
    }
}

/// Returns the secret of a session that came with a request.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, COOKIE)
}

/// Derives what the forms of a session say from its secret.
fn form_token(secret: &str) -> String {
    HEXLOWER.encode(&KeyHash::of(&format!("form {secret}")).0)
}

/// Returns the header that gives a browser the secret of a session; an empty one takes it away.
pub fn set_cookie(secret: &str) -> HeaderValue {
    let seconds = if secret.is_empty() {
        0
    } else {
        SESSION_FOR.as_secs()
    };
    let cookie = format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&cookie).expect("a secret has letters and digits only")
}
