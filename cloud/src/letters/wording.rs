//! What letters say: plain facts in, a subject, a text and the same as HTML out. The words are in `templates/letters`.

use askama::Template;
use usher_keys::Timestamp;

use crate::catalogue::Event;
use crate::local_time::day_and_time;
use crate::selling::{Booking, SoldTicket, TicketState};

use super::LetterKind;

/// What a letter is made of.
#[derive(Debug)]
pub struct LetterFacts<'a> {
    pub booking: &'a Booking,
    pub event: &'a Event,
    /// What the organizer is called.
    pub organizer: &'a str,
    /// The address of the booking's page.
    pub page: String,
}

/// A letter in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterWords {
    /// One line.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A ticket as a letter names it.
struct TicketLine {
    tier: String,
    place: String,
    admits: u8,
}

#[derive(Template)]
#[template(path = "letters/confirmation.txt")]
struct ConfirmationText<'a> {
    of: &'a Confirmation<'a>,
}

#[derive(Template)]
#[template(path = "letters/confirmation.html")]
struct ConfirmationHtml<'a> {
    of: &'a Confirmation<'a>,
}

/// What the letter says that confirms a booking.
struct Confirmation<'a> {
    event: &'a str,
    organizer: &'a str,
    place: String,
    starts: String,
    /// When the first of its tickets lets people in, if that is told apart.
    doors: Option<String>,
    code: String,
    paid: Option<String>,
    receipt: Option<String>,
    page: &'a str,
    tickets: Vec<TicketLine>,
}

/// Writes a letter.
///
/// # Errors
///
/// When a template fails, which none does.
pub fn of(kind: LetterKind, facts: &LetterFacts<'_>) -> Result<LetterWords, askama::Error> {
    match kind {
        LetterKind::BookingConfirmed => confirmation(facts),
    }
}

fn confirmation(facts: &LetterFacts<'_>) -> Result<LetterWords, askama::Error> {
    let LetterFacts {
        booking,
        event,
        organizer,
        page,
    } = facts;
    let of = Confirmation {
        event: &event.name,
        organizer,
        place: format!("{}, {}", event.venue_name, event.city),
        starts: said(event, event.starts_at),
        doors: doors(event, &booking.tickets).map(|at| said(event, at)),
        code: booking.code.to_string(),
        paid: (booking.amount.minor > 0).then(|| booking.amount.to_string()),
        receipt: booking.receipt.as_ref().map(|number| number.to_string()),
        page,
        tickets: booking
            .tickets
            .iter()
            .filter(|ticket| is_good(ticket))
            .map(line)
            .collect(),
    };
    Ok(LetterWords {
        subject: format!("Your tickets for {}", event.name),
        text: ConfirmationText { of: &of }.render()?,
        html: ConfirmationHtml { of: &of }.render()?,
    })
}

fn is_good(ticket: &SoldTicket) -> bool {
    ticket.state == TicketState::Valid
}

fn line(ticket: &SoldTicket) -> TicketLine {
    TicketLine {
        tier: ticket.tier_name.clone(),
        place: ticket.label.to_string(),
        admits: ticket.admits,
    }
}

/// Shows a moment as people at the event say it.
pub fn said(event: &Event, at: Timestamp) -> String {
    day_and_time(at, event.policy.offset_at(at))
}

/// Finds when the first of some tickets lets people in, if the event's policy says so and it is not the start.
pub fn doors(event: &Event, tickets: &[SoldTicket]) -> Option<Timestamp> {
    let tiers = event.policy.tiers.iter();
    let of_tickets = tiers.filter(|rules| tickets.iter().any(|ticket| ticket.tier == rules.id));
    let first = of_tickets
        .flat_map(|rules| rules.windows.iter().map(|window| window.from))
        .min()?;
    (first > Timestamp(0) && first != event.starts_at).then_some(first)
}
