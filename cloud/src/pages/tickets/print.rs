//! `/bookings/{booking_id}/print`: all valid tickets of a booking, for whoever hands them out on paper.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::ids::BookingId;
use crate::qr::QrImage;
use crate::selling::{SoldTicket, TicketState};
use crate::state::AppState;

use super::super::{PageError, page};
use super::{EventLines, TicketLines};

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    event: EventLines,
    booking_code: String,
    /// The tickets that are valid, each with its code as SVG of our own making.
    tickets: Vec<(TicketLines, String)>,
}

/// Shows all valid tickets of a booking with their codes, each to be printed on a sheet of its own.
pub async fn print(State(app): State<Arc<AppState>>, Id(id): Id<BookingId>) -> Result<Response, PageError> {
    let booking = app.store.booking(id).await?;
    let booking = booking.ok_or(ApiError::NotFound(Missing::Booking))?;
    let event = app.store.event(id.event).await?;
    let event = EventLines::from(event.ok_or(ApiError::NotFound(Missing::Event))?);
    let is_valid = |ticket: &&SoldTicket| ticket.state == TicketState::Valid && !event.canceled;
    let sheet = |ticket: &SoldTicket| {
        let image = QrImage::of_digits(&ticket.payload).map_err(|_| ApiError::Internal)?;
        Ok((TicketLines::of(ticket, false), image.to_svg()))
    };
    let tickets = booking.tickets.iter().filter(is_valid).map(sheet);
    page(&PrintPage {
        tickets: tickets.collect::<Result<_, ApiError>>()?,
        event,
        booking_code: booking.code.to_string(),
    })
}
