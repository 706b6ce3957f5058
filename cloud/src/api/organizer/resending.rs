//! `/v1/organizer/events/{event_id}/bookings/{booking_id}/resend` and `…/address`: what the box office does when a letter did not reach its buyer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_words::problems::{Missing, ProblemKind};
use utoipa::ToSchema;

use crate::api::bookings::{EMAIL_BYTES, is_address};
use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::ids::{BookingId, LetterId};
use crate::letters::{CorrectAddress, ResendTickets};
use crate::rights::may;
use crate::state::AppState;

use super::owned::PartOfOwnEvent;

/// A buyer's right address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "owl@example.org", "resend": true}))]
pub struct AddressRequest {
    /// The address.
    #[schema(example = "owl@example.org")]
    pub email: String,
    /// Whether the tickets are sent there, too.
    #[serde(default)]
    pub resend: bool,
}

/// A letter that waits to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResentView {
    /// Its id, by which `GET …/letters` tells what came of it; none when no letter was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub letter_id: Option<LetterId>,
}

/// Requires an address that a letter can go to.
pub fn check_address(checks: &mut Checks, email: &str) {
    checks.text(email, "/email", EMAIL_BYTES);
    checks.require(
        is_address(email),
        "/email",
        "must be an address such as name@example.org",
    );
}

async fn resend_to(app: &AppState, booking: BookingId) -> Result<LetterId, ApiError> {
    if app.mailer.is_none() {
        return Err(ProblemKind::NoMail.into());
    }
    let now = app.clock.now();
    let resent = app.store.resend_tickets(ResendTickets { booking, now }).await?;
    resent.ok_or(ApiError::NotFound(Missing::BookingToResend))
}

fn of_event(event: usher_keys::EventId, id: BookingId) -> Result<(), ApiError> {
    let is_own = id.event == event;
    is_own
        .then_some(())
        .ok_or(ApiError::NotFound(Missing::BookingOfEvent))
}

/// Sends a booking's tickets to its buyer again, as they stand now.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/resend", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 202, body = ResentView, description = "It is sent within seconds"),
    (status = 404, description = "No such booking of your event, or it has no tickets or no address"),
    (status = 409, description = "This server has no mail server to send it with"),
))]
pub async fn resend(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::SendLetters, BookingId>,
) -> Result<(StatusCode, Json<ResentView>), ApiError> {
    of_event(event.id, id)?;
    let letter_id = Some(resend_to(&app, id).await?);
    Ok((StatusCode::ACCEPTED, Json(ResentView { letter_id })))
}

/// Puts the right address in place of one that a buyer has mistyped; letters that wait go there. If somebody else may have got the tickets, give
/// the booking a new id too (`renew`).
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/bookings/{booking_id}/address", tag = "organizer",
    params(("event_id" = String, Path), ("booking_id" = String, Path)), request_body = AddressRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = ResentView, description = "The address is corrected"),
    (status = 404, description = "No such booking of your event, or its address was erased"),
    (status = 409, description = "This server has no mail server to send the tickets with"),
))]
pub async fn correct(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, booking, _): PartOfOwnEvent<may::CorrectAddress, BookingId>,
    JsonBody(request): JsonBody<AddressRequest>,
) -> Result<Json<ResentView>, ApiError> {
    of_event(event.id, booking)?;
    let mut checks = Checks::default();
    check_address(&mut checks, &request.email);
    checks.finish()?;
    if request.resend && app.mailer.is_none() {
        return Err(ProblemKind::NoMail.into());
    }
    let correct = CorrectAddress {
        booking,
        email: request.email,
    };
    if !app.store.correct_address(correct).await? {
        return Err(ApiError::NotFound(Missing::BookingWithAddress));
    }
    let letter_id = match request.resend {
        true => Some(resend_to(&app, booking).await?),
        false => None,
    };
    Ok(Json(ResentView { letter_id }))
}
