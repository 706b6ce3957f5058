//! `/bookings/{booking_id}` and `/tickets/{ticket_id}`: what a buyer keeps on the phone and shows at the gate.

mod print;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_keys::{EventId, PublicKey};
use usher_words::buyers::{self, NoTickets, Void};
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::tickets::code_of;
use crate::catalogue::Event;
use crate::ids::{BookingId, TicketId};
use crate::local_time::day_and_time;
use crate::money::Money;
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{BookingState, ReservationState, SoldTicket, TicketState};
use crate::state::AppState;

use super::{PageError, page};
pub use print::print;

/// What both pages say of the event.
struct EventLines {
    name: String,
    place: String,
    when: String,
    /// Whether it does not take place.
    canceled: bool,
}

impl From<Event> for EventLines {
    fn from(event: Event) -> Self {
        Self {
            name: event.name,
            place: format!("{}, {}", event.venue_name, event.city),
            when: day_and_time(event.starts_at, event.policy.offset_at(event.starts_at)),
            canceled: event.canceled_at.is_some(),
        }
    }
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    event: EventLines,
    ticket: TicketLines,
    /// The code as SVG of our own making; none when the ticket is no longer valid, or a phone shows it.
    svg: Option<String>,
    /// What shows its code, for the script: `void`, `static`, `phone_only` (no phone has it yet) or `live`.
    state: &'static str,
    /// From when on gates take it live alone, in words, if that is to come.
    live_from: Option<String>,
    /// Of a live ticket the digits that stay.
    payload: Option<String>,
    /// The key of the phone that it is bound to.
    holder: Option<PublicKey>,
}

/// What a page says of a ticket.
struct TicketLines {
    id: TicketId,
    tier: String,
    place: String,
    admits: u8,
    code: String,
    valid: bool,
    /// Why it is no longer valid, if it is not.
    void: &'static str,
}

impl TicketLines {
    fn of(ticket: &SoldTicket, is_canceled: bool) -> Self {
        Self {
            id: ticket.id,
            tier: ticket.tier_name.clone(),
            place: ticket.label.to_string(),
            admits: ticket.admits,
            code: ticket.code.to_string(),
            valid: ticket.state == TicketState::Valid && !is_canceled,
            void: void(ticket, is_canceled),
        }
    }
}

/// Says why a ticket is no longer valid; nothing of the one that took its place.
fn void(ticket: &SoldTicket, is_canceled: bool) -> &'static str {
    match ticket.state {
        TicketState::Valid | TicketState::Revoked if is_canceled => buyers::void(Void::EventCanceled),
        TicketState::Valid => "",
        TicketState::Superseded if ticket.transferred => buyers::void(Void::Transferred),
        TicketState::Superseded => buyers::void(Void::Replaced),
        TicketState::Revoked => buyers::void(Void::Revoked),
    }
}

/// Shows a ticket with its code, to be held before a scanner.
pub async fn show(State(app): State<Arc<AppState>>, Id(id): Id<TicketId>) -> Result<Response, PageError> {
    let ticket = app
        .store
        .ticket(id)
        .await?
        .ok_or(ApiError::NotFound(Missing::Ticket))?;
    let event = app
        .store
        .event(id.event)
        .await?
        .ok_or(ApiError::NotFound(Missing::Event))?;
    let is_canceled = event.canceled_at.is_some();
    let shown_on = shown_on(&ticket, &event.policy);
    let state = match (ticket.state, shown_on) {
        // Its tickets are revoked one after the other, and nobody shall set out with one that still waits for it.
        (TicketState::Valid, _) if is_canceled => "void",
        (TicketState::Superseded | TicketState::Revoked, _) => "void",
        (TicketState::Valid, ShownOn::Phone) => "live",
        (TicketState::Valid, ShownOn::PhoneToCome) => "phone_only",
        (TicketState::Valid, ShownOn::PaperUntil(until)) if until <= app.clock.now() => "phone_only",
        (TicketState::Valid, ShownOn::Paper | ShownOn::PaperUntil(_)) => "static",
    };
    let svg = || Ok::<_, ApiError>(code_of(&ticket)?.to_svg());
    page(&TicketPage {
        live_from: match shown_on {
            ShownOn::PaperUntil(until) => Some(day_and_time(until, event.policy.offset_at(until))),
            ShownOn::Paper | ShownOn::PhoneToCome | ShownOn::Phone => None,
        },
        svg: (state == "static").then(svg).transpose()?,
        state,
        holder: ticket.holder(),
        payload: (state == "live").then(|| ticket.payload.clone()),
        ticket: TicketLines::of(&ticket, is_canceled),
        event: event.into(),
    })
}

#[derive(Template)]
#[template(path = "booking.html")]
struct BookingPage {
    event: EventLines,
    amount: String,
    /// How much of it was given back after the sale.
    given_back: Option<String>,
    confirmed: bool,
    id: BookingId,
    /// By what its buyer speaks of it to staff.
    code: String,
    event_id: EventId,
    /// How it stands, and whether that may change; for the script.
    status: &'static str,
    open: bool,
    /// The bank's page, where the buyer has to go.
    action: Option<String>,
    /// Why there are no tickets, and what became of the money.
    no_tickets: &'static str,
    tickets: Vec<TicketLines>,
}

fn no_tickets(state: BookingState, is_held: bool) -> &'static str {
    match state {
        BookingState::Confirmed => "",
        BookingState::Paying => buyers::no_tickets(NoTickets::Paying),
        BookingState::ActionRequired => buyers::no_tickets(NoTickets::ActionRequired),
        BookingState::Processing => buyers::no_tickets(NoTickets::Processing),
        BookingState::Refunding => buyers::no_tickets(NoTickets::Refunding),
        BookingState::Refunded => buyers::no_tickets(NoTickets::Refunded),
        BookingState::Declined(_) if !is_held => buyers::no_tickets(NoTickets::DeclinedAndFree),
        BookingState::Declined(_) => buyers::no_tickets(NoTickets::Declined),
        BookingState::Expired | BookingState::Canceled => buyers::no_tickets(NoTickets::Unpaid),
    }
}

/// Shows a booking and leads to its tickets.
pub async fn booking(State(app): State<Arc<AppState>>, Id(id): Id<BookingId>) -> Result<Response, PageError> {
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
    let reservation = app.store.reservation(booking.reservation).await?;
    let now = app.clock.now();
    let is_held =
        reservation.is_some_and(|held| held.state == ReservationState::Held && !held.is_expired(now));
    let event = EventLines::from(event);
    let lines = |ticket: &SoldTicket| TicketLines::of(ticket, event.canceled);
    page(&BookingPage {
        tickets: booking.tickets.iter().map(lines).collect(),
        event,
        given_back: (booking.given_back.amount > 0).then(|| {
            Money {
                minor: booking.given_back.amount,
                ..booking.amount
            }
            .to_string()
        }),
        amount: booking.amount.to_string(),
        confirmed: booking.state == BookingState::Confirmed,
        id,
        code: booking.code.to_string(),
        event_id: id.event,
        status: booking.word(),
        open: booking.state.is_open(),
        action: booking.action.map(|action| action.url),
        no_tickets: no_tickets(booking.state, is_held),
    })
}
