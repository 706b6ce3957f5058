//! `/v1/organizer/events/{event_id}/bookings/{booking_id}`: what the box office does to a booking.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::ids::BookingId;
use crate::rights::may;
use crate::selling::{RenewBooking, RenewOutcome};
use crate::state::AppState;

use super::owned::PartOfOwnEvent;

/// Where a booking is found from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewedView {
    /// Its new id: a secret, for the buyer alone.
    #[schema(value_type = String)]
    pub booking_id: BookingId,
    /// Its page, for the buyer.
    pub page: String,
}

/// Gives a booking a new id, because somebody else has got hold of the old one, which leads nowhere from then on. Asked
/// again with the old id, it gives the same new one. Whoever has seen the tickets still has their codes: reissue those too.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/renew", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = RenewedView, description = "Renewed, now or before"),
    (status = 404, description = "No such booking of your event"),
    (status = 409, description = "Its payment is running"),
))]
pub async fn renew(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::RenewBooking, BookingId>,
) -> Result<Json<RenewedView>, ApiError> {
    if id.event != event.id {
        return Err(ApiError::NotFound(Missing::BookingOfEvent));
    }
    let new = BookingId::draw(event.id, app.clock.now());
    let renewed = app.store.renew_booking(RenewBooking { booking: id, new }).await?;
    match renewed {
        RenewOutcome::Renewed(booking_id) => Ok(Json(RenewedView {
            page: app.link(&format!("/bookings/{booking_id}")),
            booking_id,
        })),
        RenewOutcome::NotFound => Err(ApiError::NotFound(Missing::BookingOfEvent)),
        RenewOutcome::Paying => Err(ProblemKind::BeingPaid.into()),
    }
}
