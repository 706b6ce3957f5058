//! `/bookings/{booking_id}` and `/tickets/{ticket_id}`: what a buyer keeps on the phone and shows at the gate.

mod print;

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_keys::{EventId, PublicKey};
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::api::tickets::code_of;
use crate::catalogue::Event;
use crate::ids::{BookingId, TicketId};
use crate::languages::{Language, Phrase, ScriptWords, Text};
use crate::money::Money;
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{BookingState, ReservationState, SoldTicket, TicketState};
use crate::state::AppState;

use super::reader::PageReader;
use super::{PageError, assets, page};
pub use print::print;

/// What the script of a ticket's page says.
static TICKET_WORDS: LazyLock<ScriptWords> = LazyLock::new(|| ScriptWords::of(assets::TICKET, true));

/// What both pages say of the event.
struct EventLines {
    name: String,
    place: String,
    when: String,
    /// Whether it does not take place.
    canceled: bool,
}

impl EventLines {
    fn of(event: Event, language: Language) -> Self {
        Self {
            name: event.name,
            place: format!("{}, {}", event.venue_name, event.city),
            when: language.day_and_time(event.starts_at, event.policy.offset_at(event.starts_at)),
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
    reader: PageReader,
    /// What its script says.
    words: &'static str,
}

/// What a page says of a ticket.
struct TicketLines {
    id: TicketId,
    tier: String,
    place: String,
    admits: u64,
    code: String,
    valid: bool,
    /// Why it is no longer valid, if it is not.
    void: String,
}

impl TicketLines {
    fn of(ticket: &SoldTicket, is_canceled: bool, language: Language) -> Self {
        let void = void(ticket, is_canceled);
        Self {
            id: ticket.id,
            tier: ticket.tier_name.clone(),
            place: language.place(&ticket.label),
            admits: ticket.admits.into(),
            code: ticket.code.to_string(),
            valid: ticket.state == TicketState::Valid && !is_canceled,
            void: void.map_or_else(String::new, |text| language.say(text).to_string()),
        }
    }
}

/// Names the text that says why a ticket is no longer valid; nothing of the one that took its place.
fn void(ticket: &SoldTicket, is_canceled: bool) -> Option<Text> {
    match ticket.state {
        TicketState::Valid | TicketState::Revoked if is_canceled => Some(Text::VoidEventCanceled),
        TicketState::Valid => None,
        TicketState::Superseded if ticket.transferred => Some(Text::VoidTransferred),
        TicketState::Superseded => Some(Text::VoidReplaced),
        TicketState::Revoked => Some(Text::VoidRevoked),
    }
}

/// Shows a ticket with its code, to be held before a scanner.
pub async fn show(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(id): Id<TicketId>,
) -> Result<Response, PageError> {
    let language = reader.language;
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
            ShownOn::PaperUntil(until) => Some(language.day_and_time(until, event.policy.offset_at(until))),
            ShownOn::Paper | ShownOn::PhoneToCome | ShownOn::Phone => None,
        },
        svg: (state == "static").then(svg).transpose()?,
        state,
        holder: ticket.holder(),
        payload: (state == "live").then(|| ticket.payload.clone()),
        ticket: TicketLines::of(&ticket, is_canceled, language),
        event: EventLines::of(event, language),
        words: TICKET_WORDS.in_language(language),
        reader,
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
    no_tickets: Option<Phrase>,
    tickets: Vec<TicketLines>,
    reader: PageReader,
}

/// Names the text that says why there are no tickets, and what became of the money.
fn no_tickets(state: BookingState, is_held: bool) -> Option<Text> {
    Some(match state {
        BookingState::Confirmed => return None,
        BookingState::Paying => Text::BookingPaying,
        BookingState::ActionRequired => Text::BookingActionRequired,
        BookingState::Processing => Text::BookingProcessing,
        BookingState::Refunding => Text::BookingRefunding,
        BookingState::Refunded => Text::BookingRefunded,
        BookingState::Declined(_) if !is_held => Text::BookingDeclinedAndFree,
        BookingState::Declined(_) => Text::BookingDeclined,
        BookingState::Expired | BookingState::Canceled => Text::BookingUnpaid,
    })
}

/// Shows a booking and leads to its tickets.
pub async fn booking(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(id): Id<BookingId>,
) -> Result<Response, PageError> {
    let language = reader.language;
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
    let event = EventLines::of(event, language);
    let lines = |ticket: &SoldTicket| TicketLines::of(ticket, event.canceled, language);
    page(&BookingPage {
        tickets: booking.tickets.iter().map(lines).collect(),
        event,
        given_back: (booking.given_back.amount > 0).then(|| {
            language.money(Money {
                minor: booking.given_back.amount,
                ..booking.amount
            })
        }),
        amount: language.money(booking.amount),
        confirmed: booking.state == BookingState::Confirmed,
        id,
        code: booking.code.to_string(),
        event_id: id.event,
        status: booking.word(),
        open: booking.state.is_open(),
        action: booking.action.map(|action| action.url),
        no_tickets: no_tickets(booking.state, is_held).map(|text| language.say(text)),
        reader,
    })
}
