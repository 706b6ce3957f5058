//! Letters of a few sentences: what has become of a ticket, of money, of an event, and what its organizer writes.

use crate::selling::SoldTicket;

use super::LetterKind;
use super::facts::{LetterFacts, OfferedPlaces, said};

/// A letter of a few sentences, with one thing to do.
pub struct ShortLetter {
    /// One line.
    pub subject: String,
    /// Each a paragraph.
    pub sentences: Vec<String>,
    /// What the link is called that leads on.
    pub link: &'static str,
}

/// What the link to a booking is called.
const TO_TICKETS: &str = "Show my tickets";

/// Finds the words of a letter; `None` when what it is about is not there any more.
pub fn of(kind: LetterKind, facts: &LetterFacts<'_>) -> Option<ShortLetter> {
    match kind {
        LetterKind::BookingConfirmed => None,
        LetterKind::TicketReissued | LetterKind::TicketTransferred | LetterKind::TicketReceived => facts
            .ticket
            .map(|ticket| of_ticket(kind, &facts.event.name, ticket)),
        LetterKind::RefundGiven => facts.given.map(|given| {
            let sentences = [
                format!("{given} of your booking were given back."),
                "It takes your bank some days to show it.".into(),
            ];
            letter(
                format!("Money back for {}", facts.event.name),
                &sentences,
                TO_TICKETS,
            )
        }),
        LetterKind::EventMoved | LetterKind::EventCanceled => Some(of_event(kind, facts)),
        LetterKind::PlacesOffered => facts.offer.map(|offer| of_offer(offer, facts)),
        LetterKind::Note => facts.mailing.map(|mailing| {
            let paragraphs: Vec<String> = mailing.body.split("\n\n").map(str::to_owned).collect();
            letter(mailing.subject.clone(), &paragraphs, TO_TICKETS)
        }),
    }
}

fn letter(subject: String, sentences: &[String], link: &'static str) -> ShortLetter {
    ShortLetter {
        subject,
        sentences: sentences.to_vec(),
        link,
    }
}

fn of_ticket(kind: LetterKind, event: &str, ticket: &SoldTicket) -> ShortLetter {
    let named = format!("{}, {}", ticket.tier_name, ticket.label);
    match kind {
        LetterKind::TicketReissued => letter(
            format!("A new code for your ticket for {event}"),
            &[
                format!("Your ticket {named} has a new code."),
                "The old code lets nobody in any more, also where it is printed or saved.".into(),
            ],
            TO_TICKETS,
        ),
        LetterKind::TicketTransferred => letter(
            format!("Your ticket for {event} belongs to somebody else now"),
            &[
                format!("Your ticket {named} was given to somebody else."),
                "Its code lets nobody in any more. If you did not ask for this, tell the box office at once."
                    .into(),
            ],
            TO_TICKETS,
        ),
        LetterKind::TicketReceived
        | LetterKind::BookingConfirmed
        | LetterKind::RefundGiven
        | LetterKind::EventMoved
        | LetterKind::EventCanceled
        | LetterKind::PlacesOffered
        | LetterKind::Note => letter(
            format!("Your ticket for {event}"),
            &[
                format!("The ticket {named} is yours now."),
                "Keep the address of its page to yourself: whoever has it can use your ticket.".into(),
            ],
            "Show my ticket",
        ),
    }
}

fn of_offer(offer: OfferedPlaces<'_>, facts: &LetterFacts<'_>) -> ShortLetter {
    let event = &facts.event.name;
    let held = match offer.quantity {
        1 => format!("One place ({}) is held for you", offer.tier),
        more => format!("{more} places ({}) are held for you", offer.tier),
    };
    let sentences = [
        format!("You waited for places at {event}, and some have come back."),
        format!(
            "{held} until {}. If you do not take them by then, the next one in line is asked.",
            said(facts.event, offer.until)
        ),
    ];
    letter(
        format!("Places for {event} are held for you"),
        &sentences,
        "Take them",
    )
}

fn of_event(kind: LetterKind, facts: &LetterFacts<'_>) -> ShortLetter {
    let event = &facts.event.name;
    if kind == LetterKind::EventMoved {
        let sentences = [
            format!(
                "{event} has another date: {}.",
                said(facts.event, facts.event.starts_at)
            ),
            "Your tickets stay good for the new date; you need not do anything.".into(),
        ];
        return letter(format!("New date: {event}"), &sentences, TO_TICKETS);
    }
    let sentences = [
        format!("{event} does not take place. Your tickets let nobody in."),
        "What you have paid is given back the way it was paid; you need not do anything.".into(),
    ];
    letter(format!("Cancelled: {event}"), &sentences, "Show my booking")
}
