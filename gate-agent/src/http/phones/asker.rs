//! Which phone asks, by the token it shows, and what those are told who may not; bodies are read here too, as the apps send them.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;
use usher_device::phone_secret::PhoneSecret;
use usher_device::replica::{Access, PhoneRow, ReplicaError};
use usher_keys::{EventId, Timestamp};
use usher_words::hub::phones as words;
use usher_words::hub::problems::HubProblem;

use super::{PhoneDoor, nothing_here};
use crate::http::problem::{Problem, collect};
use crate::services::Services;

/// What makes an app forget all it holds, word by word.
const WIPE: &str = "Device access has been revoked.";
/// Longest body, in bytes: a phone tells of itself, its keys and its settings in one.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// A phone that shows a token.
pub struct Phone {
    pub services: Arc<Services>,
    pub row: PhoneRow,
    /// What it has shown.
    pub token: PhoneSecret,
}

impl Phone {
    /// Returns the event it is set up for.
    pub fn event(&self) -> EventId {
        self.services.replica.certificate().event
    }

    /// Returns what the hub may be asked by in its name.
    pub fn asker(&self) -> [u8; 32] {
        *blake3::hash(&self.row.serial).as_bytes()
    }

    /// Does something in the file of phones, off the threads that serve requests.
    pub async fn access<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Access, i64) -> Result<T, ReplicaError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (access, id) = (self.services.access.clone(), self.row.id);
        let working = tokio::task::spawn_blocking(move || work(&access, id));
        let done = working.await.map_err(|error| Problem::internal(&error))?;
        done.map_err(|error| Problem::internal(&error))
    }
}

impl FromRequestParts<Arc<PhoneDoor>> for Phone {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<PhoneDoor>) -> Result<Self, Response> {
        let shown = parts.headers.get(header::AUTHORIZATION);
        let shown = shown.and_then(|shown| shown.to_str().ok()?.strip_prefix("Device "));
        let token = PhoneSecret::shown(shown.unwrap_or_default());
        let phone = find(door, token).await?;
        let now = phone.services.replica.clock().now();
        if phone.row.revoked.is_some() {
            return Err(detail(StatusCode::UNAUTHORIZED, WIPE));
        }
        if phone.row.holder.expires <= now {
            return Err(detail(StatusCode::FORBIDDEN, words::PHONE_ENDED));
        }
        let named = RawPathParams::from_request_parts(parts, door).await;
        let named = named.map_err(IntoResponse::into_response)?;
        let event = phone.event().to_string();
        if named
            .iter()
            .any(|(name, value)| name == "event" && value != event)
        {
            return Err(nothing_here());
        }
        note(&phone, now).await;
        Ok(phone)
    }
}

/// Finds the phone at whatever event's hub it is set up.
async fn find(door: &PhoneDoor, token: PhoneSecret) -> Result<Phone, Response> {
    let all = door.doors.all();
    if all.is_empty() {
        return Err(Problem::of(&HubProblem::NoEvent).into_response());
    }
    for (_, way) in all {
        let (access, hash) = (way.services.access.clone(), token.hash());
        let looking = tokio::task::spawn_blocking(move || access.phone(hash));
        let found = looking.await.map_err(|error| internal(&error))?;
        if let Some(row) = found.map_err(|error| internal(&error))? {
            let services = Arc::clone(&way.services);
            return Ok(Phone { services, row, token });
        }
    }
    Err(detail(StatusCode::UNAUTHORIZED, words::UNKNOWN_PHONE))
}

/// A note that is not taken keeps nobody outside.
async fn note(phone: &Phone, now: Timestamp) {
    if phone.row.is_to_be_noted(now)
        && phone
            .access(move |access, id| access.note_phone_use(id, now))
            .await
            .is_err()
    {
        tracing::warn!("the use of a phone is not noted");
    }
}

fn internal(error: &(dyn std::error::Error + 'static)) -> Response {
    Problem::internal(error).into_response()
}

/// Answers with the one member of a problem that apps read.
pub fn detail(status: StatusCode, words: &str) -> Response {
    (status, Json(json!({ "detail": words }))).into_response()
}

/// Reads a JSON body; apps send more than we ask for.
pub async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Response> {
    let bytes = collect(body, MAX_BODY_BYTES).await;
    let bytes = bytes.map_err(IntoResponse::into_response)?;
    serde_json::from_slice(&bytes).map_err(|error| detail(StatusCode::BAD_REQUEST, &error.to_string()))
}
