//! Who asks as an organizer: whoever shows an API key or an access token that is good, or is logged in. Wrong keys are few.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use usher_keys::Timestamp;
use usher_words::problems::ProblemKind;

use crate::acts::Actor;
use crate::ids::OrganizerId;
use crate::rights::{Grant, Operation};
use crate::selling::claimant::ClientAddress;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::access_tokens::PREFIX;
use crate::store::api_keys::{ApiKey, NoteKeyUse};
use crate::store::organizing::KeyHash;

use super::claimant::address_of;
use super::error::ApiError;
use super::logged_in::{self, LoggedIn};

/// How exactly it is known when a key was last used, in milliseconds: a write in so long, and not with each request.
const USE_STEP_MS: u64 = 5 * 60_000;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The organizer.
    pub organizer: OrganizerId,
    /// The key, the one that a token stands for, or the person.
    pub by: Actor,
    /// What the caller may do.
    pub grant: Grant,
    /// Whether operations that need a fresh one-time code are allowed: for a key, or for somebody who has just entered one.
    pub is_fresh: bool,
}

impl Caller {
    /// Returns somebody who is logged in. Whoever calls it has made sure that the request is from a page of ours, or changes nothing.
    pub fn of_member(logged_in: &LoggedIn, now: Timestamp) -> Self {
        let session = &logged_in.session;
        Self {
            organizer: session.organizer,
            by: Actor::Staff(session.staff),
            grant: Grant::whole(session.role),
            is_fresh: session.is_fresh(now),
        }
    }

    /// Requires that an operation may be done now.
    ///
    /// # Errors
    ///
    /// [`ProblemKind::NotAllowed`], [`ProblemKind::FreshCodeNeeded`].
    pub fn may_now(self, operation: Operation) -> Result<(), ProblemKind> {
        if !self.grant.may(operation) {
            return Err(ProblemKind::NotAllowed);
        }
        if operation.takes_a_fresh_code() {
            return self.has_fresh_code();
        }
        Ok(())
    }

    /// Requires a fresh one-time code, of somebody who is logged in.
    ///
    /// # Errors
    ///
    /// [`ProblemKind::FreshCodeNeeded`].
    pub fn has_fresh_code(self) -> Result<(), ProblemKind> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(ProblemKind::FreshCodeNeeded)
        }
    }
}

/// What somebody showed with a request that lasts, by which it is asked again whether they still may.
#[derive(Debug, Clone, Copy)]
pub enum ShownSecret {
    /// That of an API key.
    Key(KeyHash),
    /// An access token.
    Token(KeyHash),
    /// The cookie of a session.
    Session(KeyHash),
}

impl ShownSecret {
    /// Finds what came with a request, as [`Caller`] takes it.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        match bearer(headers) {
            Some(token) if token.starts_with(PREFIX) => Some(Self::Token(KeyHash::of(token))),
            Some(key) => Some(Self::Key(KeyHash::of(key))),
            None => logged_in::secret(headers).map(|secret| Self::Session(KeyHash::of(secret))),
        }
    }

    /// Tells whether whoever showed it may still do an operation for an organizer: it was not revoked, logged out or given a lesser role since.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn still_may(
        self,
        (organizer, operation): (OrganizerId, Operation),
        app: &AppState,
    ) -> Result<bool, StoreError> {
        let (store, now) = (&app.store, app.clock.now());
        let found = match self {
            Self::Key(hash) => {
                let key = store.api_key(hash).await?.filter(|key| key.is_good(now));
                key.map(|key| (key.organizer, key.grant()))
            }
            Self::Token(hash) => {
                let token = store.access_token(hash).await?;
                token.and_then(|token| Some((token.key.organizer, token.grant(now)?)))
            }
            Self::Session(hash) => {
                let session = store.staff_session(hash).await?;
                let session = session.filter(|session| session.is_good(now));
                session.map(|session| (session.organizer, Grant::whole(session.role)))
            }
        };
        Ok(found.is_some_and(|(of, grant)| of == organizer && grant.may(operation)))
    }
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        // The route table asks before any handler does.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(*caller);
        }
        let address = address_of(parts, app).into();
        let caller = match bearer(&parts.headers) {
            Some(token) if token.starts_with(PREFIX) => of_token(token, address, app).await?,
            None if let Some(logged_in) = LoggedIn::of(&parts.headers, app).await? => {
                of_session(&logged_in, parts, app.clock.now())?
            }
            shown => of_key(&good_key(shown, address, app).await?),
        };
        parts.extensions.insert(caller);
        Ok(caller)
    }
}

/// Returns what came with a request as a bearer's.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    Some(value.to_str().ok()?.strip_prefix("Bearer ")?.trim())
}

/// Finds a key by what was shown, and notes now and then that it was used.
///
/// # Errors
///
/// [`ProblemKind::Unauthorized`], also of one that has ended; [`ProblemKind::TooManyWrongKeys`] when the address has shown too many.
pub async fn good_key(
    shown: Option<&str>,
    address: ClientAddress,
    app: &AppState,
) -> Result<ApiKey, ApiError> {
    let (now, hash) = (app.clock.now(), shown.map(KeyHash::of));
    if !hash.is_some_and(|hash| app.wrong_keys.remembers(hash, now)) {
        may_try(address, app)?;
    }
    let hash = hash.ok_or(ProblemKind::Unauthorized)?;
    let found = app.store.api_key(hash).await?;
    let Some(key) = found.filter(|key| key.is_good(now)) else {
        app.wrong_keys.forget(hash);
        return Err(wrong(address, app));
    };
    app.wrong_keys.remember(hash, now);
    note_use(&key, hash, app, now).await;
    Ok(key)
}

fn of_key(key: &ApiKey) -> Caller {
    Caller {
        organizer: key.organizer,
        by: Actor::Key(key.id),
        grant: key.grant(),
        is_fresh: true,
    }
}

/// Finds who is logged in, if the request comes from one of our own pages or changes nothing.
fn of_session(logged_in: &LoggedIn, parts: &Parts, now: Timestamp) -> Result<Caller, ApiError> {
    if !parts.method.is_safe() {
        logged_in.check_header(&parts.headers)?;
    }
    Ok(Caller::of_member(logged_in, now))
}

/// Finds who shows an access token. The store is asked also where an address has to wait: tokens are too many to be remembered, and nobody
/// finds one by trying.
async fn of_token(text: &str, address: ClientAddress, app: &AppState) -> Result<Caller, ApiError> {
    let Some(token) = app.store.access_token(KeyHash::of(text)).await? else {
        may_try(address, app)?;
        return Err(wrong(address, app));
    };
    // One that has ended is no guess: its program asks for another.
    let grant = token.grant(app.clock.now()).ok_or(ProblemKind::TokenEnded)?;
    Ok(Caller {
        grant,
        ..of_key(&token.key)
    })
}

fn may_try(address: ClientAddress, app: &AppState) -> Result<(), ApiError> {
    let wait = app.wrong_keys.wait(address, app.clock.now());
    wait.map_or(Ok(()), |retry_after| {
        Err(ApiError::too_many(ProblemKind::TooManyWrongKeys, retry_after))
    })
}

/// Counts a wrong key or token to its address.
fn wrong(address: ClientAddress, app: &AppState) -> ApiError {
    app.metrics.add("usher_wrong_keys_total", 1);
    if app.wrong_keys.count(address, app.clock.now()) {
        tracing::warn!("an address has sent so many wrong API keys that it has to wait");
    }
    ProblemKind::Unauthorized.into()
}

async fn note_use(key: &ApiKey, hash: KeyHash, app: &AppState, now: Timestamp) {
    let is_due = key
        .last_used_at
        .is_none_or(|used| used.plus_ms(USE_STEP_MS) <= now);
    if is_due && let Err(error) = app.store.note_key_use(NoteKeyUse { hash, now }).await {
        // Whoever only looks can do so while nothing is written.
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the use of an API key was not noted");
    }
}
