//! `/v1/bookings/{booking_id}/tickets.pdf` and `calendar.ics`: what a buyer takes along of a booking, as files.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::task::spawn_blocking;
use usher_documents::PageLayout;
use usher_words::problems::Missing;

use crate::calendar::{self, CalendarFacts};
use crate::catalogue::Event;
use crate::ids::BookingId;
use crate::printing;
use crate::selling::{Booking, BookingState};
use crate::state::AppState;

use super::error::ApiError;
use super::input::{Checks, Id, Params};

/// How tickets are printed.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PrintAs {
    /// Tickets on a page: `1` or `4`; one if it is left out.
    #[serde(default)]
    pub per_page: String,
}

impl PrintAs {
    fn layout(&self) -> Result<PageLayout, ApiError> {
        let layout = match self.per_page.as_str() {
            "" | "1" => Some(PageLayout::One),
            "4" => Some(PageLayout::Four),
            _ => None,
        };
        let mut checks = Checks::default();
        checks.require(layout.is_some(), "/per_page", "must be 1 or 4");
        checks.finish()?;
        Ok(layout.unwrap_or(PageLayout::One))
    }
}

async fn find(app: &AppState, id: BookingId) -> Result<(Booking, Event), ApiError> {
    let booking = app
        .store
        .booking(id)
        .await?
        .ok_or(ApiError::NotFound(Missing::Booking))?;
    let event = app
        .store
        .event(id.event)
        .await?
        .ok_or(ApiError::NotFound(Missing::Event))?;
    if booking.state != BookingState::Confirmed {
        return Err(ApiError::NotFound(Missing::BookingWithTickets));
    }
    Ok((booking, event))
}

fn file(media_type: &'static str, name: &'static str, bytes: Vec<u8>) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    (headers, bytes).into_response()
}

/// Prints the valid tickets of a booking, to be kept or brought along on paper.
#[utoipa::path(get, path = "/v1/bookings/{booking_id}/tickets.pdf", tag = "bookings",
    params(("booking_id" = String, Path), PrintAs), responses(
    (status = 200, content((Vec<u8> = "application/pdf")), description = "The tickets"),
    (status = 404, description = "No such booking, or none of its tickets is valid"),
    (status = 422, description = "per_page is neither 1 nor 4"),
))]
pub async fn tickets(
    State(app): State<Arc<AppState>>,
    Id(id): Id<BookingId>,
    Params(asked): Params<PrintAs>,
) -> Result<Response, ApiError> {
    let layout = asked.layout()?;
    let (booking, event) = find(&app, id).await?;
    let organizer = app
        .store
        .organizer_name(event.organizer)
        .await?
        .unwrap_or_default();
    // Drawing takes milliseconds of a core.
    let printed = spawn_blocking(move || printing::tickets_of(&booking, &event, &organizer, layout)).await;
    let printed = printed.map_err(|_| ApiError::Internal)?.map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "tickets could not be printed"
        );
        ApiError::Internal
    })?;
    let pdf = printed.ok_or(ApiError::NotFound(Missing::ValidTicketOfBooking))?;
    Ok(file("application/pdf", "inline; filename=\"tickets.pdf\"", pdf))
}

/// Writes the event of a booking as a calendar file; later ones replace earlier ones in a calendar.
#[utoipa::path(get, path = "/v1/bookings/{booking_id}/calendar.ics", tag = "bookings",
    params(("booking_id" = String, Path)), responses(
    (status = 200, content((String = "text/calendar")), description = "The entry"),
    (status = 404, description = "No such booking, or it has no tickets"),
))]
pub async fn calendar(State(app): State<Arc<AppState>>, Id(id): Id<BookingId>) -> Result<Response, ApiError> {
    let (_, event) = find(&app, id).await?;
    let facts = CalendarFacts {
        event: &event,
        page: &app.link(&format!("/bookings/{id}")),
        now: app.clock.now(),
    };
    let written = calendar::of(&facts).into_bytes();
    Ok(file(
        "text/calendar; charset=utf-8",
        "attachment; filename=\"event.ics\"",
        written,
    ))
}
