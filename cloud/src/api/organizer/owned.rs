//! The event in an organizer's path, which handlers get from here alone: another's is as if it were not there.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use usher_keys::EventId;

use crate::api::error::ApiError;
use crate::api::input::{Caller, Id};
use crate::catalogue::Event;
use crate::state::AppState;

const NOT_YOURS: ApiError = ApiError::NotFound("event of yours");

/// The caller's event in a path such as `/events/{event_id}/policy`.
#[derive(Debug)]
pub struct OwnEvent(pub Event);

/// The caller's event, and the second id of a path such as `/events/{event_id}/devices/{device}`.
#[derive(Debug)]
pub struct PartOfOwnEvent<T>(pub Event, pub T);

impl FromRequestParts<Arc<AppState>> for OwnEvent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        find(app, caller, id).await.map(Self)
    }
}

impl<T: FromStr + Send> FromRequestParts<Arc<AppState>> for PartOfOwnEvent<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let Path((event, part)) = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::NotFound("page"))?;
        let invalid = || ApiError::NotFound("thing: an id in the address is not valid");
        let event = event.parse().map_err(|_| invalid())?;
        let part = part.parse().map_err(|_| invalid())?;
        Ok(Self(find(app, caller, event).await?, part))
    }
}

async fn find(app: &AppState, caller: Caller, id: EventId) -> Result<Event, ApiError> {
    let event = app.store.event(id).await?;
    event.filter(|event| event.organizer == caller.0).ok_or(NOT_YOURS)
}

impl OwnEvent {
    /// Finds the event of this id that the caller has just made.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Store`].
    pub async fn made(app: &AppState, caller: Caller, id: EventId) -> Result<Self, ApiError> {
        find(app, caller, id).await.map(Self)
    }

    /// Reads it again: after it was changed, or after a body that may have taken its time to come.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Store`].
    pub async fn reread(self, app: &AppState) -> Result<Self, ApiError> {
        find(app, Caller(self.0.organizer), self.0.id).await.map(Self)
    }
}
