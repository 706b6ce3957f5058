//! `/v1/organizer/events/{event_id}/key-request` and `/trust-bundle`: how an event comes to be trusted without its roots ever leaving home.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::{KeyRequest, SignedBundle};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::JsonBody;
use crate::authority::writer::UploadOutcome;
use crate::rights::may;
use crate::state::AppState;

use super::owned::OwnEvent;

/// The trust bundle that is in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrustView {
    /// Its version.
    pub version: u64,
    /// The short name of the key that signs tickets; absent when none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "9f3b01c4")]
    pub ticket_key: Option<String>,
}

/// Makes the keys an event lacks and gives the request to sign offline with `usher-keys bundle` or `usher-keys rotate`.
///
/// Once a bundle names the ticket key, the next request is for a new one: that is how ticket keys are rotated.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/key-request", tag = "keys",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = Object, description = "`event`, `ticket_key`, `authority_key`, `issuing_key`, `not_before`, `not_after`"),
))]
pub async fn request(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::RequestKeys>,
) -> Result<Json<KeyRequest>, ApiError> {
    Ok(Json(app.authorities.key_request(&event).await?))
}

/// Takes a signed trust bundle. The first one pins its roots; each later one must be signed by them and rise in version.
#[utoipa::path(put, path = "/v1/organizer/events/{event_id}/trust-bundle", tag = "keys",
    params(("event_id" = String, Path)), security(("organizer_key" = [])),
    request_body(content = Object, description = "What `usher-keys` wrote: `bundle` and `signatures`",
        example = json!({"bundle": "AQID", "signatures": [{"root": "abababababababababababababababababababababababababababababababab", "signature": "03030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303"}]})), responses(
    (status = 200, body = TrustView, description = "In force, now or before"),
    (status = 422, description = "Not signed, not newer, of another event, or of keys that are not held here"),
))]
pub async fn upload(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeTrust>,
    JsonBody(signed): JsonBody<SignedBundle>,
) -> Result<Json<TrustView>, ApiError> {
    let id = event.id;
    match app.authorities.upload(id, signed).await? {
        UploadOutcome::Refused(refused) => Err(refused.into()),
        UploadOutcome::InForce { version } => {
            let ticket_key = app.signer.key_in_use(id).map(|key| key.to_string());
            Ok(Json(TrustView { version, ticket_key }))
        }
    }
}
