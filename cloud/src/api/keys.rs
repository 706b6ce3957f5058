//! `/v1/events/{event_id}/keys` and the JWKS: what an event trusts, for whoever wants to verify its tickets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use usher_keys::{EventId, SignedBundle, jwks};
use usher_words::problems::Missing;

use crate::catalogue::EventStatus;
use crate::state::AppState;

use super::error::ApiError;
use super::input::Id;

/// How long anyone may keep keys without asking again: a struck key is news that should travel within minutes.
const CACHE: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=60"),
);

/// Returns an event's trust bundle as its roots have signed it.
#[utoipa::path(get, path = "/v1/events/{event_id}/keys", tag = "keys", params(("event_id" = String, Path)), responses(
    (status = 200, body = Object, description = "`bundle`: the signed bytes in base64; `signatures`: root and signature in hexadecimal"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SignedBundle>), ApiError> {
    let bundle = published_bundle(&app, event).await?;
    Ok(([CACHE], Json(bundle)))
}

/// Returns an event's public keys as a JSON Web Key Set.
#[utoipa::path(get, path = "/v1/events/{event_id}/jwks.json", tag = "keys", params(("event_id" = String, Path)), responses(
    (status = 200, body = Object, description = "A JWKS (RFC 7517, RFC 8037)"),
))]
pub async fn jwks_of_event(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Value>), ApiError> {
    let bundle = published_bundle(&app, event).await?;
    let bundle = bundle.unverified().map_err(|_| ApiError::Internal)?;
    Ok(([CACHE], Json(jwks::jwks(&bundle))))
}

/// Returns the public keys of all published events as one JSON Web Key Set.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses(
    (status = 200, body = Object, description = "A JWKS (RFC 7517, RFC 8037)"),
))]
pub async fn jwks_of_all(
    State(app): State<Arc<AppState>>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Value>), ApiError> {
    let mut keys = Vec::new();
    for event in app.store.published(()).await? {
        if let Ok(authority) = app.authorities.of(event)
            && let Value::Array(own) = jwks::jwks(authority.view().trust().bundle())["keys"].take()
        {
            keys.extend(own);
        }
    }
    Ok(([CACHE], Json(json!({ "keys": keys }))))
}

/// Finds the bundle of an event that everyone may know of.
async fn published_bundle(app: &AppState, event: EventId) -> Result<SignedBundle, ApiError> {
    let found = app.store.event(event).await?;
    let published = found.is_some_and(|event| event.status == EventStatus::Published);
    match app.authorities.of(event) {
        Ok(authority) if published => Ok(authority.view().trust().signed().clone()),
        Ok(_) | Err(_) => Err(ApiError::NotFound(Missing::Event)),
    }
}
