//! `/bookings/{booking_id}/print`: all valid tickets of a booking, for whoever hands them out on paper.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::tickets::code_of;
use crate::ids::BookingId;
use crate::languages::{Phrase, Text};
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{SoldTicket, TicketState};
use crate::state::AppState;

use super::super::reader::PageReader;
use super::super::{PageError, page};
use super::{EventLines, TicketLines};

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    event: EventLines,
    booking_code: String,
    /// The tickets that are valid.
    tickets: Vec<Sheet>,
    reader: PageReader,
}

/// A ticket on a sheet of its own.
struct Sheet {
    ticket: TicketLines,
    /// Its code as SVG of our own making, if paper shows it.
    svg: Option<String>,
    /// What there is to know of a ticket that a phone shows, now or later.
    note: Option<Phrase>,
}

/// Shows all valid tickets of a booking with their codes, each to be printed on a sheet of its own.
pub async fn print(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(id): Id<BookingId>,
) -> Result<Response, PageError> {
    let language = reader.language;
    let booking = app.store.booking(id).await?;
    let booking = booking.ok_or(ApiError::NotFound(Missing::Booking))?;
    let event = app.store.event(id.event).await?;
    let event = event.ok_or(ApiError::NotFound(Missing::Event))?;
    let policy = event.policy.clone();
    let event = EventLines::of(event, language);
    let is_valid = |ticket: &&SoldTicket| ticket.state == TicketState::Valid && !event.canceled;
    let sheet = |ticket: &SoldTicket| {
        let (svg, note) = match shown_on(ticket, &policy) {
            ShownOn::Paper => (Some(code_of(ticket)?.to_svg()), None),
            ShownOn::PaperUntil(until) => {
                let until = language.day_and_time(until, policy.offset_at(until));
                let note = language.say(Text::PaperLiveFrom).with("from", until);
                (Some(code_of(ticket)?.to_svg()), Some(note))
            }
            ShownOn::PhoneToCome | ShownOn::Phone => (None, Some(language.say(Text::PaperOpensNothing))),
        };
        Ok(Sheet {
            ticket: TicketLines::of(ticket, false, language),
            svg,
            note,
        })
    };
    let tickets = booking.tickets.iter().filter(is_valid).map(sheet);
    page(&PrintPage {
        tickets: tickets.collect::<Result<_, ApiError>>()?,
        event,
        booking_code: booking.code.to_string(),
        reader,
    })
}
