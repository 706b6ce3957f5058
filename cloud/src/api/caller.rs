//! Who asks as an organizer: whoever shows an API key that is good. Wrong keys are few.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use usher_keys::Timestamp;
use usher_words::problems::ProblemKind;

use crate::ids::{ApiKeyId, OrganizerId};
use crate::rights::StaffRole;
use crate::state::AppState;
use crate::store::api_keys::{ApiKey, NoteKeyUse};
use crate::store::organizing::KeyHash;

use super::claimant::address_of;
use super::error::ApiError;

/// How exactly it is known when a key was last used, in milliseconds: a write in so long, and not with each request.
const USE_STEP_MS: u64 = 5 * 60_000;

/// Whose API key came with the request.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The organizer.
    pub organizer: OrganizerId,
    /// The key.
    pub key: ApiKeyId,
    /// What the key may do.
    pub role: StaffRole,
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        // The route table asks before any handler does.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(*caller);
        }
        let (now, address) = (app.clock.now(), address_of(parts, app).into());
        let hash = key_hash(parts);
        let is_remembered = hash.is_some_and(|hash| app.wrong_keys.remembers(hash, now));
        if !is_remembered && let Some(retry_after) = app.wrong_keys.wait(address, now) {
            return Err(ApiError::too_many(ProblemKind::TooManyWrongKeys, retry_after));
        }
        let hash = hash.ok_or(ProblemKind::Unauthorized)?;
        let Some(key) = good_key(hash, app, now).await? else {
            app.wrong_keys.forget(hash);
            app.metrics.add("usher_wrong_keys_total", 1);
            if app.wrong_keys.count(address, now) {
                tracing::warn!("an address has sent so many wrong API keys that it has to wait");
            }
            return Err(ProblemKind::Unauthorized.into());
        };
        app.wrong_keys.remember(hash, now);
        let caller = Self {
            organizer: key.organizer,
            key: key.id,
            role: key.role,
        };
        parts.extensions.insert(caller);
        Ok(caller)
    }
}

/// Hashes the key that came with a request, if one did.
fn key_hash(parts: &Parts) -> Option<KeyHash> {
    let value = parts.headers.get(header::AUTHORIZATION)?;
    let text = value.to_str().ok()?.strip_prefix("Bearer ")?;
    Some(KeyHash::of(text.trim()))
}

/// Finds a key, if it is good, and notes now and then that it was used.
async fn good_key(hash: KeyHash, app: &AppState, now: Timestamp) -> Result<Option<ApiKey>, ApiError> {
    let found = app.store.api_key(hash).await?;
    let good = found.filter(|key| key.is_good(now));
    let is_due = |key: &ApiKey| {
        key.last_used_at
            .is_none_or(|used| used.plus_ms(USE_STEP_MS) <= now)
    };
    if good.as_ref().is_some_and(is_due)
        && let Err(error) = app.store.note_key_use(NoteKeyUse { hash, now }).await
    {
        // Whoever only looks can do so while nothing is written.
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the use of an API key was not noted");
    }
    Ok(good)
}
