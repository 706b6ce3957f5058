//! `/v1/organizer/events/{event_id}/key-request` and `/trust-bundle`: how an event comes to be trusted without its roots ever leaving home.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::{KeyId, KeyRequest, SignedBundle};
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{JsonBody, Params};
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

const NO_SUCH_KEY: ApiError = ApiError::NotFound(Missing::BundleKey);

/// Which key is to have a successor.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RequestKeysParams {
    /// The short name of a key of the bundle in force that is going to be struck out, so that a new one is asked for in its place.
    #[param(example = "9f3b01c4")]
    instead_of: Option<String>,
}

/// Makes the keys an event lacks and gives the request to sign offline with `usher-keys bundle` or `usher-keys rotate`.
///
/// Once a bundle names the ticket key, the next request is for a new one: that is how ticket keys are rotated. Authority and issuing
/// keys stay; `instead_of` asks for the successor of one before it is struck out, so that one bundle does both (`usher-keys strike --request`).
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/key-request", tag = "keys",
    params(("event_id" = String, Path), RequestKeysParams), security(("organizer_key" = [])), responses(
    (status = 200, body = Object, description = "`event`, `ticket_key`, `authority_key`, `issuing_key`, `not_before`, `not_after`"),
    (status = 404, description = "No such event, or no key of that name to be struck out"),
))]
pub async fn request(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::RequestKeys>,
    Params(wish): Params<RequestKeysParams>,
) -> Result<Json<KeyRequest>, ApiError> {
    let Some(key) = &wish.instead_of else {
        return Ok(Json(app.authorities.key_request(&event).await?));
    };
    let key = KeyId::from_hex(key).map_err(|_| NO_SUCH_KEY)?;
    let request = app.authorities.key_request_instead_of(&event, key).await?;
    Ok(Json(request.ok_or(NO_SUCH_KEY)?))
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
