//! `/v1/tickets/{ticket_id}/bind`: a phone becomes the one that shows a ticket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_keys::PublicKey;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::ids::{BookingId, TicketId};
use crate::selling::Booking;
use crate::selling::binding::HolderPhone;
use crate::state::AppState;

use super::error::ApiError;
use super::input::{Checks, Id, JsonBody};
use super::refusal;
use super::tickets::TicketView;

/// A phone that shall show a ticket live.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"holder": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}))]
pub struct BindRequest {
    /// The public half of the Ed25519 key that it made for this ticket, in hexadecimal. The secret half never leaves it.
    #[schema(value_type = String, example = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    pub holder: PublicKey,
    /// The ticket's booking, whose id is its secret: for a second phone, when the ticket is on another one.
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<BookingId>,
}

/// Binds a ticket to a phone: its next generation, with a new id, opens gates only while that phone signs along, and every code from before is
/// dead. The first phone needs nothing more, another one the booking's id, and that twice at most. Asked again by the same phone, it gives the
/// same ticket.
#[utoipa::path(post, path = "/v1/tickets/{ticket_id}/bind", tag = "tickets",
    params(("ticket_id" = String, Path)), request_body = BindRequest, responses(
    (status = 200, body = TicketView, description = "The phone's ticket, now or before"),
    (status = 404, description = "No such ticket, or it is not of that booking"),
    (status = 409, description = "It is on another phone, it was on too many, it is void or replaced, or no key may sign one that lasts until the event's end"),
))]
pub async fn bind(
    State(app): State<Arc<AppState>>,
    Id(id): Id<TicketId>,
    JsonBody(request): JsonBody<BindRequest>,
) -> Result<Json<TicketView>, ApiError> {
    let mut checks = Checks::default();
    checks.require(
        request.holder.verifier().is_ok(),
        "/holder",
        "must be a strong Ed25519 public key: make a new one",
    );
    checks.finish()?;
    let ticket = app.store.ticket(id).await?;
    ticket.ok_or(ApiError::NotFound(Missing::Ticket))?;
    if let Some(booking) = request.booking_id {
        check_booking(&app, booking, id).await?;
    }
    let phone = HolderPhone {
        key: request.holder,
        knows_booking: request.booking_id.is_some(),
    };
    let authority = app.authorities.of(id.event)?;
    let outcome = authority
        .ask(move |writer| Box::pin(writer.bind_ticket(id, phone)))
        .await?;
    Ok(Json(TicketView::of(&app, refusal::ticket(outcome)?)))
}

/// Checks that a booking is the ticket's.
async fn check_booking(app: &AppState, booking: BookingId, ticket: TicketId) -> Result<(), ApiError> {
    let booking = app.store.booking(booking).await?;
    let is_its = |booking: &Booking| booking.tickets.iter().any(|its| its.id == ticket);
    booking
        .filter(is_its)
        .map(drop)
        .ok_or(ApiError::NotFound(Missing::Booking))
}
