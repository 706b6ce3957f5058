//! What letters say: plain facts in, a subject, a text and the same as HTML out. Their form is in `templates/letters`, their words in `cloud/words`.

use askama::Template;

use crate::languages::{Language, Phrase, Text};
use crate::selling::binding::{ShownOn, shown_on};
use crate::selling::{Booking, SoldTicket, TicketState};

use super::LetterKind;
use super::facts::{LetterFacts, doors};
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
    admits: u64,
    /// Since when, or from when on, a phone alone shows its code, in words.
    live: Option<Phrase>,
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
    language: Language,
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
    let language = facts.language;
    let tickets = booking.tickets.iter();
    let of = Confirmation {
        language,
        event: &event.name,
        organizer: facts.organizer,
        place: format!("{}, {}", event.venue_name, event.city),
        starts: facts.said(event.starts_at),
        doors: doors(event, &booking.tickets).map(|at| facts.said(at)),
        code: booking.code.to_string(),
        paid: (booking.amount.minor > 0).then(|| language.money(booking.amount)),
        receipt: booking.receipt.as_ref().map(|number| number.to_string()),
        page: facts.page,
        tickets: tickets
            .filter(|ticket| is_good(ticket))
            .map(|ticket| line(facts, ticket))
            .collect(),
    };
    Ok(LetterWords {
        subject: language
            .say(Text::LetterTicketsSubject)
            .with("event", &event.name)
            .to_string(),
        text: ConfirmationText { of: &of }.render()?,
        html: ConfirmationHtml { of: &of }.render()?,
    })
}

fn is_good(ticket: &SoldTicket) -> bool {
    ticket.state == TicketState::Valid
}

fn line(facts: &LetterFacts<'_>, ticket: &SoldTicket) -> TicketLine {
    let language = facts.language;
    TicketLine {
        live: match shown_on(ticket, &facts.event.policy) {
            ShownOn::Paper => None,
            ShownOn::PaperUntil(until) => {
                Some(language.say(Text::LetterLiveFrom).with("from", facts.said(until)))
            }
            ShownOn::PhoneToCome | ShownOn::Phone => Some(language.say(Text::LetterLive)),
        },
        tier: ticket.tier_name.clone(),
        place: language.place(&ticket.label),
        admits: ticket.admits.into(),
    }
}
