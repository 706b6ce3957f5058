//! The event or key in an organizer's path, which handlers get from here alone: another's is as if it were not there.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::catalogue::Event;
use crate::ids::{ApiKeyId, OrganizerId};
use crate::rights::{Right, may};
use crate::state::AppState;
use crate::store::api_keys::ApiKey;

use super::allowed::{Allowed, ChecksRight};

const NOT_YOURS: ApiError = ApiError::NotFound(Missing::OwnEvent);

/// The caller's event in a path such as `/events/{event_id}/policy`, with which they may do an operation.
#[derive(Debug)]
pub struct OwnEvent<R>(pub Event, pub Allowed<R>);

/// The same, and the second id of a path such as `/events/{event_id}/devices/{device}`.
#[derive(Debug)]
pub struct PartOfOwnEvent<R, T>(pub Event, pub T, pub Allowed<R>);

/// The organizer's API key in a path such as `/api-keys/{key_id}/revoke`.
#[derive(Debug)]
pub struct OwnApiKey<R>(pub ApiKey, pub Allowed<R>);

/// The id in a path such as `/staff/{staff_id}`, of something that the store looks for among the organizer's own.
#[derive(Debug)]
pub struct Named<R, T>(pub T, pub Allowed<R>);

impl<R: Right, T> ChecksRight for Named<R, T> {
    type Right = R;
}

impl<R: Right, T: FromStr + Send> FromRequestParts<Arc<AppState>> for Named<R, T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let allowed: Allowed<R> = Allowed::from_request_parts(parts, app).await?;
        let Id(id) = Id::<T>::from_request_parts(parts, app).await?;
        Ok(Self(id, allowed))
    }
}

impl<R: Right> ChecksRight for OwnApiKey<R> {
    type Right = R;
}

impl<R: Right> FromRequestParts<Arc<AppState>> for OwnApiKey<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let allowed: Allowed<R> = Allowed::from_request_parts(parts, app).await?;
        let Id(id) = Id::<ApiKeyId>::from_request_parts(parts, app).await?;
        let keys = app.store.api_keys(allowed.caller.organizer).await?;
        let found = keys.into_iter().find(|key| key.id == id);
        let key = found.ok_or(ApiError::NotFound(Missing::ApiKey))?;
        Ok(Self(key, allowed))
    }
}

impl<R: Right> ChecksRight for OwnEvent<R> {
    type Right = R;
}

impl<R: Right, T> ChecksRight for PartOfOwnEvent<R, T> {
    type Right = R;
}

impl<R: Right> FromRequestParts<Arc<AppState>> for OwnEvent<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let allowed = Allowed::from_request_parts(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let event = find(app, allowed.caller.organizer, id).await?;
        Ok(Self(event, allowed))
    }
}

impl<R: Right, T: FromStr + Send> FromRequestParts<Arc<AppState>> for PartOfOwnEvent<R, T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let allowed: Allowed<R> = Allowed::from_request_parts(parts, app).await?;
        let Path((event, part)) = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::NotFound(Missing::Page))?;
        let invalid = || ApiError::NotFound(Missing::IdWithin);
        let event = event.parse().map_err(|_| invalid())?;
        let part = part.parse().map_err(|_| invalid())?;
        let event = find(app, allowed.caller.organizer, event).await?;
        Ok(Self(event, part, allowed))
    }
}

async fn find(app: &AppState, organizer: OrganizerId, id: EventId) -> Result<Event, ApiError> {
    let event = app.store.event(id).await?;
    event
        .filter(|event| event.organizer == organizer)
        .ok_or(NOT_YOURS)
}

impl<R: Right, T: Copy> PartOfOwnEvent<R, T> {
    /// Returns the same part for another operation, if the caller may do that too.
    pub fn also<Other: Right>(&self) -> Option<PartOfOwnEvent<Other, T>> {
        let Self(event, part, allowed) = self;
        Some(PartOfOwnEvent(event.clone(), *part, allowed.also()?))
    }

    /// Returns the event alone.
    pub fn of_event(self) -> OwnEvent<R> {
        let Self(event, _, allowed) = self;
        OwnEvent(event, allowed)
    }
}

impl OwnEvent<may::AddEvent> {
    /// Finds the event of this id that the caller has just made.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Store`].
    pub async fn made(
        app: &AppState,
        allowed: Allowed<may::AddEvent>,
        id: EventId,
    ) -> Result<Self, ApiError> {
        let event = find(app, allowed.caller.organizer, id).await?;
        Ok(Self(event, allowed))
    }
}

impl<R: Right> OwnEvent<R> {
    /// Returns the same event for another operation, if the caller may do that too.
    pub fn also<Other: Right>(&self) -> Option<OwnEvent<Other>> {
        let Self(event, allowed) = self;
        Some(OwnEvent(event.clone(), allowed.also()?))
    }

    /// Reads it again, after it was changed or after a body that took its time to arrive.
    ///
    /// # Errors
    ///
    /// [`ApiError::NotFound`], [`ApiError::Store`].
    pub async fn reread(self, app: &AppState) -> Result<Self, ApiError> {
        let Self(event, allowed) = self;
        let event = find(app, allowed.caller.organizer, event.id).await?;
        Ok(Self(event, allowed))
    }
}
