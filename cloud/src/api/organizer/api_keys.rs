//! `/v1/organizer/api-keys`: keys for programs and people, each with a role, an end and its last use.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::Timestamp;
use usher_words::problems::{Missing, ProblemDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::ids::{ApiKeyId, OrganizerId};
use crate::moment::Moment;
use crate::rights::{Grant, Scopes, StaffRole, may};
use crate::state::AppState;
use crate::store::api_keys::{ApiKey, NewApiKey, NewKeyOutcome, RevokeKey, RevokeKeyOutcome};
use crate::store::organizing::KeyHash;

use super::allowed::Allowed;
use super::owned::OwnApiKey;
use super::venues::NAME_BYTES;

/// Asks for a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Box office till", "role": "box_office", "expires_at": "2031-01-01T00:00:00Z"}))]
pub struct ApiKeyRequest {
    /// What people know it by, 1 to 80 bytes.
    #[schema(example = "Box office till")]
    pub name: String,
    /// What it may do: `owner`, `manager`, `box_office`, `support`, `gate_admin`, `auditor` or `viewer`.
    #[schema(value_type = String, example = "box_office")]
    pub role: StaffRole,
    /// Operations of that role that it is for alone; all of them, if not said.
    #[schema(value_type = Option<Vec<String>>, example = json!(["see_events", "see_counts"]))]
    pub scopes: Option<Scopes>,
    /// When it ends; never, if not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Moment>,
}

/// An API key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyView {
    /// Its id, which opens nothing.
    #[schema(value_type = String, example = "key_06e9pvb1pdqm38000000000000")]
    pub key_id: ApiKeyId,
    /// What people know it by.
    pub name: String,
    /// What it may do.
    #[schema(value_type = String, example = "box_office")]
    pub role: StaffRole,
    /// Operations of that role that it is for alone; absent when it is for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>)]
    pub scopes: Option<Scopes>,
    /// Whether it opens anything now.
    pub good: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// When it ends; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Option<Moment>,
    /// When it was last used, to five minutes; absent when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Option<Moment>,
    /// When it was revoked; absent when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub revoked_at: Option<Moment>,
}

impl ApiKeyRequest {
    /// Makes the key of an organizer, if the request makes sense.
    fn key_for(self, organizer: OrganizerId, now: Timestamp) -> Result<ApiKey, ApiError> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", NAME_BYTES);
        let is_to_come = self.expires_at.is_none_or(|end| now < end.0);
        checks.require(is_to_come, "/expires_at", "must be later than now");
        let is_of_role = self.scopes.is_none_or(|scopes| {
            !scopes.is_empty() && scopes.are_within(Grant::whole(self.role).operations())
        });
        let detail = "must be operations of the role, one at least; leave it out for all of them";
        checks.require(is_of_role, "/scopes", detail);
        checks.finish()?;
        Ok(ApiKey {
            id: ApiKeyId::draw(now),
            organizer,
            name: self.name,
            role: self.role,
            scopes: self.scopes,
            created_at: now,
            expires_at: self.expires_at.map(|end| end.0),
            last_used_at: None,
            revoked_at: None,
        })
    }
}

impl ApiKeyView {
    fn of(app: &AppState, key: ApiKey) -> Self {
        Self {
            key_id: key.id,
            good: key.is_good(app.clock.now()),
            role: key.role,
            scopes: key.scopes,
            created_at: Moment(key.created_at),
            expires_at: key.expires_at.map(Moment),
            last_used_at: key.last_used_at.map(Moment),
            revoked_at: key.revoked_at.map(Moment),
            name: key.name,
        }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApiKeyView {
    /// The key: a secret, which is not shown again.
    #[schema(example = "uok_0123456789abcdefghijklmnopqrstuv0123456789abcdefghij")]
    pub key: String,
    /// What it is.
    pub api_key: ApiKeyView,
}

/// The keys of an organizer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeysView {
    /// The keys, oldest first; those that have ended for 90 days more.
    pub api_keys: Vec<ApiKeyView>,
}

/// Makes an API key and shows it, this once.
#[utoipa::path(post, path = "/v1/organizer/api-keys", tag = "organizer", request_body = ApiKeyRequest,
    security(("organizer_key" = [])), responses(
    (status = 201, body = NewApiKeyView),
    (status = 409, description = "There are as many keys as there can be"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::MakeApiKey>,
    JsonBody(request): JsonBody<ApiKeyRequest>,
) -> Result<(StatusCode, Json<NewApiKeyView>), ApiError> {
    let key = request.key_for(allowed.caller.organizer, app.clock.now())?;
    if !allowed.caller.grant.covers(key.grant()) {
        return Err(ProblemDetail::KeyTooWide.into());
    }
    let (text, hash) = KeyHash::draw();
    let new = NewApiKey {
        key: key.clone(),
        hash,
    };
    match app.store.add_api_key(new).await? {
        NewKeyOutcome::TooMany => Err(ProblemKind::TooManyApiKeys.into()),
        NewKeyOutcome::Added => {
            let api_key = ApiKeyView::of(&app, key);
            Ok((StatusCode::CREATED, Json(NewApiKeyView { key: text, api_key })))
        }
    }
}

/// Lists the organizer's API keys.
#[utoipa::path(get, path = "/v1/organizer/api-keys", tag = "organizer", security(("organizer_key" = [])), responses(
    (status = 200, body = ApiKeysView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::SeeApiKeys>,
) -> Result<Json<ApiKeysView>, ApiError> {
    let now = app.clock.now();
    let keys = app.store.api_keys(allowed.caller.organizer).await?;
    let listed = keys.into_iter().filter(|key| !key.is_forgotten(now));
    Ok(Json(ApiKeysView {
        api_keys: listed.map(|key| ApiKeyView::of(&app, key)).collect(),
    }))
}

/// Revokes an API key: it opens nothing any more. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/organizer/api-keys/{key_id}/revoke", tag = "organizer", params(("key_id" = String, Path)),
    security(("organizer_key" = [])), responses(
    (status = 200, body = ApiKeyView, description = "Revoked, now or before"),
    (status = 409, description = "It is the last key of an owner that does not end"),
))]
pub async fn revoke(
    State(app): State<Arc<AppState>>,
    OwnApiKey(key, allowed): OwnApiKey<may::RevokeApiKey>,
) -> Result<Json<ApiKeyView>, ApiError> {
    let request = RevokeKey {
        organizer: allowed.caller.organizer,
        id: key.id,
        now: app.clock.now(),
    };
    match app.store.revoke_api_key(request).await? {
        RevokeKeyOutcome::Revoked(key) => Ok(Json(ApiKeyView::of(&app, key))),
        RevokeKeyOutcome::NotFound => Err(ApiError::NotFound(Missing::ApiKey)),
        RevokeKeyOutcome::LastOwner => Err(ProblemKind::LastOwnerKey.into()),
    }
}
