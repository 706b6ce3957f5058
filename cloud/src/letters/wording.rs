//! What letters say: plain facts in, a subject, a text and the same as HTML out. The words are in `templates/letters`.

use askama::Template;

use crate::catalogue::Event;
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{Booking, SoldTicket, TicketState};

use super::LetterKind;
use super::facts::{LetterFacts, doors, said};
use super::notices::{self, ShortLetter};

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
    /// Since when, or from when on, a phone alone shows its code, in words.
    live: Option<String>,
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

#[derive(Template)]
#[template(path = "letters/notice.txt")]
struct NoticeText<'a> {
    of: &'a ShortLetter,
    facts: &'a LetterFacts<'a>,
}

#[derive(Template)]
#[template(path = "letters/notice.html")]
struct NoticeHtml<'a> {
    of: &'a ShortLetter,
    facts: &'a LetterFacts<'a>,
}

/// Writes a letter; `None` when what it is about is not there any more.
///
/// # Errors
///
/// When a template fails, which none does.
pub fn of(kind: LetterKind, facts: &LetterFacts<'_>) -> Result<Option<LetterWords>, askama::Error> {
    if kind == LetterKind::BookingConfirmed {
        let booking = facts.booking;
        return booking.map(|booking| confirmation(booking, facts)).transpose();
    }
    let Some(notice) = notices::of(kind, facts) else {
        return Ok(None);
    };
    let of = &notice;
    Ok(Some(LetterWords {
        text: NoticeText { of, facts }.render()?,
        html: NoticeHtml { of, facts }.render()?,
        subject: notice.subject,
    }))
}

fn confirmation(booking: &Booking, facts: &LetterFacts<'_>) -> Result<LetterWords, askama::Error> {
    let event = facts.event;
    let tickets = booking.tickets.iter();
    let of = Confirmation {
        event: &event.name,
        organizer: facts.organizer,
        place: format!("{}, {}", event.venue_name, event.city),
        starts: said(event, event.starts_at),
        doors: doors(event, &booking.tickets).map(|at| said(event, at)),
        code: booking.code.to_string(),
        paid: (booking.amount.minor > 0).then(|| booking.amount.to_string()),
        receipt: booking.receipt.as_ref().map(|number| number.to_string()),
        page: facts.page,
        tickets: tickets
            .filter(|ticket| is_good(ticket))
            .map(|ticket| line(event, ticket))
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

fn line(event: &Event, ticket: &SoldTicket) -> TicketLine {
    TicketLine {
        live: match shown_on(ticket, &event.policy) {
            ShownOn::Paper => None,
            ShownOn::PaperUntil(until) => Some(format!("from {} on only on your phone", said(event, until))),
            ShownOn::PhoneToCome | ShownOn::Phone => Some("only on your phone".to_owned()),
        },
        tier: ticket.tier_name.clone(),
        place: ticket.label.to_string(),
        admits: ticket.admits,
    }
}
