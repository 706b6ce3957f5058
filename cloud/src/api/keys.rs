//! `/v1/events/{event_id}/keys` and the JWKS: what an event trusts, for whoever wants to verify its tickets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use usher_keys::{EventId, SignedBundle, jwks};
use usher_words::problems::Missing;

use crate::catalogue::EventStatus;
use crate::state::AppState;
use crate::store::location::CellName;

use super::error::ApiError;
use super::input::Id;

/// How long anyone may keep keys without asking again: a struck key is news that should travel within minutes.
const CACHE: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=60"),
);

/// The same while some of what there is cannot be asked for.
const CACHE_WHILE_AWAY: HeaderValue = HeaderValue::from_static("public, max-age=5");

/// Names the cells that do not answer.
const CELLS_AWAY: HeaderName = HeaderName::from_static("usher-cells-away");

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

/// Returns the public keys of all published events as one JSON Web Key Set. While a database of some events does not answer, what
/// this server knows of them is told, and the header says so.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses(
    (status = 200, body = Object, description = "A JWKS (RFC 7517, RFC 8037)", headers(
        ("usher-cells-away" = String, description = "The cells that do not answer: keys of their newest events may be missing"),
    )),
))]
pub async fn jwks_of_all(State(app): State<Arc<AppState>>) -> Result<impl IntoResponse, ApiError> {
    let published = app.store.published_so_far().await?;
    let mut keys = Vec::new();
    for event in published.events {
        if let Ok(authority) = app.authorities.of(event)
            && let Value::Array(own) = jwks::jwks(authority.view().trust().bundle())["keys"].take()
        {
            keys.extend(own);
        }
    }
    let mut headers = HeaderMap::from_iter([CACHE]);
    let away: Vec<_> = published.unheard.iter().map(CellName::as_str).collect();
    if let Ok(away) = HeaderValue::from_str(&away.join(", "))
        && !away.is_empty()
    {
        headers.insert(header::CACHE_CONTROL, CACHE_WHILE_AWAY);
        headers.insert(CELLS_AWAY, away);
    }
    Ok((headers, Json(json!({ "keys": keys }))))
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
