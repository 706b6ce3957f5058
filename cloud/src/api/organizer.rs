//! `/v1/organizer`: where organizers make and publish what is sold; every request carries an API key.

pub mod admissions;
pub mod bookings;
pub mod codes;
pub mod counts;
pub mod devices;
pub mod draft;
pub mod events;
pub mod incidents;
pub mod keys;
pub mod moving;
pub mod names;
pub mod policy;
pub mod revoking;
pub mod sales;
pub mod signing;
pub mod tickets;
pub mod venues;

use std::sync::Arc;

use usher_keys::EventId;

use crate::catalogue::Event;
use crate::state::AppState;

use super::error::ApiError;
use super::input::Caller;

/// Finds an event of the caller's; another's is as if it were not there.
///
/// # Errors
///
/// [`ApiError::NotFound`], [`ApiError::Store`].
pub async fn own_event(app: &Arc<AppState>, caller: Caller, id: EventId) -> Result<Event, ApiError> {
    let event = app
        .store
        .event(id)
        .await?
        .filter(|event| event.organizer == caller.0);
    event.ok_or(ApiError::NotFound("event of yours"))
}
