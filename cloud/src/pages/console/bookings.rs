//! `/console/events/{event_id}/bookings`: the bookings of an event, looked for, and one of them with its tickets and letters.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use usher_protocol::TierId;
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::{JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::booking_lists::{
    self, BookingLineView, BookingsView, ListBookings, SearchBookings, may_know_buyers,
};
use crate::api::organizer::letters::{self, LetterView, ListLetters};
use crate::api::organizer::owned::{OwnEvent, PartOfOwnEvent};
use crate::api::organizer::refund_lists;
use crate::api::organizer::resending;
use crate::catalogue::Event;
use crate::ids::BookingId;
use crate::local_time::day_and_time;
use crate::money::{Currency, Money};
use crate::rights::{Operation, may};
use crate::selling::{SoldTicket, TicketState};
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, done, shown};
use super::booking_words;
use super::frame::ConsoleFrame;

#[derive(Template)]
#[template(path = "console/bookings.html")]
struct BookingsPage {
    frame: ConsoleFrame,
    path: String,
    /// What was looked for.
    sought: String,
    bookings: Vec<BookingRow>,
    next: Option<String>,
    /// Whether more was found than is shown.
    is_cut: bool,
}

struct BookingRow {
    /// Where it is shown; absent for roles that do not help buyers.
    path: Option<String>,
    code: String,
    status: &'static str,
    buyer: String,
    tiers: String,
    amount: String,
    given_back: Option<String>,
    when: String,
}

impl BookingRow {
    fn of(line: BookingLineView, event: &Event) -> Self {
        let amount = |minor: i64| money(minor, event.currency);
        let named = |tier: u16| {
            event
                .tier(TierId(tier))
                .map_or_else(String::new, |tier| tier.name.clone())
        };
        let tiers: Vec<String> = line
            .tiers
            .iter()
            .map(|of| format!("{} × {}", of.quantity, named(of.tier)))
            .collect();
        let known = [line.name, line.email].into_iter().flatten();
        let known: Vec<String> = known.filter(|text| !text.is_empty()).collect();
        let at = line.created_at.0;
        Self {
            path: line
                .booking_id
                .map(|id| format!("/console/events/{}/bookings/{id}", event.id)),
            code: line.code,
            status: booking_words::booking(line.status),
            buyer: known.join(", "),
            tiers: tiers.join(", "),
            amount: amount(line.amount),
            given_back: (line.given_back > 0).then(|| amount(line.given_back)),
            when: day_and_time(at, event.policy.offset_at(at)),
        }
    }
}

/// Writes an amount with its currency.
pub fn money(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.to_string()
}

/// Lists the bookings of an event.
pub async fn list(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeBookings>>,
    logged_in: LoggedIn,
    ForPage(list): ForPage<Params<ListBookings>>,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/bookings"), own.0.clone());
    let Json(found) = booking_lists::list(State(app), own, list).await?;
    listed((frame, event), String::new(), found)
}

/// What somebody looks for.
#[derive(Deserialize)]
pub struct SoughtForm {
    #[serde(default)]
    text: String,
}

/// Looks for bookings. What is looked for is in the form, not in the address, which servers on the way write down.
pub async fn search(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeBookings>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<SoughtForm>,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/bookings"), own.0.clone());
    let text = form.text.trim().to_owned();
    let found = if text.is_empty() {
        booking_lists::list(State(app), own, Params(ListBookings::default())).await?
    } else {
        booking_lists::search(State(app), own, JsonBody(search_for(text.clone()))).await?
    };
    listed((frame, event), text, found.0)
}

fn search_for(text: String) -> SearchBookings {
    let only = ListBookings::default();
    SearchBookings { text, only }
}

fn listed(
    (frame, event): (ConsoleFrame, Event),
    sought: String,
    found: BookingsView,
) -> Result<Response, ConsoleError> {
    let rows = found
        .bookings
        .into_iter()
        .map(|line| BookingRow::of(line, &event));
    shown(&BookingsPage {
        frame,
        path: format!("/console/events/{}/bookings", event.id),
        bookings: rows.collect(),
        // The next page of what was looked for is asked for by looking for more of it.
        is_cut: found.next_cursor.is_some() && !sought.is_empty(),
        next: found.next_cursor.filter(|_| sought.is_empty()),
        sought,
    })
}

#[derive(Template)]
#[template(path = "console/booking.html")]
struct BookingPage {
    frame: ConsoleFrame,
    path: String,
    booking: BookingRow,
    /// Absent for roles that do not help buyers.
    tickets: Option<Vec<TicketRow>>,
    /// What they are about, how they stand and when they were made.
    letters: Option<Vec<(&'static str, &'static str, String)>>,
    /// How much, and how it stands.
    refunds: Option<Vec<(String, &'static str)>>,
    may_resend: bool,
    may_refund: bool,
    /// Whether a letter was asked for just now.
    is_resent: bool,
}

/// What a page says of a ticket.
pub struct TicketRow {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub place: String,
    /// The name of its tier.
    pub tier: String,
    /// What staff at gates type.
    pub code: String,
    /// How it stands.
    pub status: &'static str,
    /// Whether it can be taken back.
    pub is_valid: bool,
}

impl From<&SoldTicket> for TicketRow {
    fn from(ticket: &SoldTicket) -> Self {
        Self {
            id: ticket.id.to_string(),
            place: ticket.label.to_string(),
            tier: ticket.tier_name.clone(),
            code: ticket.code.to_string(),
            status: booking_words::ticket(ticket),
            is_valid: ticket.state == TicketState::Valid,
        }
    }
}

/// What a page of a booking was led to by.
#[derive(Default, Deserialize)]
pub struct BookingParams {
    #[serde(default)]
    resent: bool,
}

/// Shows a booking with its tickets.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::SeeBookings, BookingId>>,
    logged_in: LoggedIn,
    ForPage(Params(said)): ForPage<Params<BookingParams>>,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/bookings"), own.0.clone());
    let (id, role) = (own.1, logged_in.session.role);
    let refunds = refunds_of(&app, &own).await?;
    let letters = own.also::<may::SeeLetters>();
    let booking = line_of(&app, own.of_event(), id).await?;
    let letters = letters_of(&app, letters, booking.code.clone()).await?;
    let told = |letter: LetterView| {
        let at = letter.created_at.0;
        let (about, status) = booking_words::letter(&letter);
        (about, status, day_and_time(at, event.policy.offset_at(at)))
    };
    let letters = letters.map(|letters| letters.into_iter().map(told).collect());
    let tickets = match may_know_buyers(role) {
        true => Some(tickets_of(&app, id).await?),
        false => None,
    };
    let is_paid = booking.status == "confirmed" || booking.status == "partly_refunded";
    shown(&BookingPage {
        path: format!("/console/events/{}/bookings/{id}", event.id),
        booking: BookingRow::of(booking, &event),
        tickets,
        letters,
        refunds,
        may_resend: is_paid && app.mailer.is_some() && frame.may(Operation::SendLetters),
        may_refund: is_paid && frame.may(Operation::GiveRefund),
        is_resent: said.resent,
        frame,
    })
}

/// Finds a booking as lists tell of it: to each role what it may know.
async fn line_of(
    app: &Arc<AppState>,
    own: OwnEvent<may::SeeBookings>,
    id: BookingId,
) -> Result<BookingLineView, ConsoleError> {
    let search = JsonBody(search_for(id.to_string()));
    let Json(found) = booking_lists::search(State(Arc::clone(app)), own, search).await?;
    let line = found.bookings.into_iter().next();
    Ok(line.ok_or(ApiError::NotFound(Missing::BookingOfEvent))?)
}

/// Returns the tickets of a booking.
pub async fn tickets_of(app: &AppState, id: BookingId) -> Result<Vec<TicketRow>, ConsoleError> {
    let booking = app.store.booking(id).await?;
    let booking = booking.ok_or(ApiError::NotFound(Missing::BookingOfEvent))?;
    Ok(booking.tickets.iter().map(Into::into).collect())
}

async fn letters_of(
    app: &Arc<AppState>,
    own: Option<PartOfOwnEvent<may::SeeLetters, BookingId>>,
    code: String,
) -> Result<Option<Vec<LetterView>>, ConsoleError> {
    let Some(own) = own else {
        return Ok(None);
    };
    let of_booking = ListLetters {
        booking_code: code,
        ..ListLetters::default()
    };
    let Json(listed) = letters::list(State(Arc::clone(app)), own.of_event(), Params(of_booking)).await?;
    Ok(Some(listed.letters))
}

async fn refunds_of(
    app: &Arc<AppState>,
    own: &PartOfOwnEvent<may::SeeBookings, BookingId>,
) -> Result<Option<Vec<(String, &'static str)>>, ConsoleError> {
    let Some(own) = own.also::<may::SeeRefunds>() else {
        return Ok(None);
    };
    let currency = own.0.currency;
    let Json(refunds) = refund_lists::list(State(Arc::clone(app)), own).await?;
    let told = refunds.into_iter().map(|refund| {
        let said = booking_words::refund(refund.status);
        (money(refund.amount, currency), said)
    });
    Ok(Some(told.collect()))
}

/// Sends the tickets of a booking to its buyer again.
pub async fn resend(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::SendLetters, BookingId>>,
) -> Result<Response, ConsoleError> {
    let back = format!("/console/events/{}/bookings/{}?resent=true", own.0.id, own.1);
    let (_, Json(resent)) = resending::resend(State(app), own).await?;
    Ok(done(&resent, &back))
}
