//! The two ids in a path such as `/events/{event_id}/devices/{device}`; a text that is no id of its kind names nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::ApiError;

/// Reads the two ids in the path.
#[derive(Debug)]
pub struct Pair<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for Pair<A, B>
where
    A: FromStr + Send,
    B: FromStr + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NotFound("page"))?;
        let invalid = || ApiError::NotFound("thing: an id in the address is not valid");
        let first = first.parse().map_err(|_| invalid())?;
        Ok(Self(first, second.parse().map_err(|_| invalid())?))
    }
}
