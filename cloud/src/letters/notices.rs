//! Letters of a few sentences: what has become of a ticket, of money, of an event, and what its organizer writes.

use crate::languages::{Language, Phrase, Text};
use crate::selling::SoldTicket;

use super::LetterKind;
use super::facts::{LetterFacts, OfferedPlaces};

/// A letter of a few sentences, with one thing to do.
pub struct ShortLetter {
    pub language: Language,
    /// One line.
    pub subject: String,
    /// Each a paragraph.
    pub sentences: Vec<String>,
    /// What the link is called that leads on.
    pub link: Phrase,
}

/// Finds the words of a letter; `None` when what it is about is not there any more.
pub fn of(kind: LetterKind, facts: &LetterFacts<'_>) -> Option<ShortLetter> {
    let language = facts.language;
    match kind {
        LetterKind::BookingConfirmed => None,
        LetterKind::TicketReissued => facts.ticket.map(|ticket| {
            let says = [Text::LetterReissued, Text::LetterReissuedMore];
            of_ticket(
                facts,
                ticket,
                (Text::LetterReissuedSubject, says, Text::ShowMyTickets),
            )
        }),
        LetterKind::TicketTransferred => facts.ticket.map(|ticket| {
            let says = [Text::LetterTransferred, Text::LetterTransferredMore];
            of_ticket(
                facts,
                ticket,
                (Text::LetterTransferredSubject, says, Text::ShowMyTickets),
            )
        }),
        LetterKind::TicketReceived => facts.ticket.map(|ticket| {
            let says = [Text::LetterReceived, Text::LetterReceivedMore];
            of_ticket(
                facts,
                ticket,
                (Text::LetterReceivedSubject, says, Text::LetterShowTicket),
            )
        }),
        LetterKind::RefundGiven => facts.given.map(|given| {
            let given = language
                .say(Text::LetterRefund)
                .with("amount", language.money(given));
            let sentences = [given, language.say(Text::LetterRefundMore)];
            letter(
                facts,
                (Text::LetterRefundSubject, Text::ShowMyTickets),
                &sentences,
            )
        }),
        LetterKind::EventMoved | LetterKind::EventCanceled => Some(of_event(kind, facts)),
        LetterKind::PlacesOffered => facts.offer.map(|offer| of_offer(offer, facts)),
        LetterKind::Note => facts.mailing.map(|mailing| ShortLetter {
            language,
            subject: mailing.subject.clone(),
            sentences: mailing.body.split("\n\n").map(str::to_owned).collect(),
            link: language.say(Text::ShowMyTickets),
        }),
    }
}

/// Makes a letter about the event of these facts, whose subject names it.
fn letter(facts: &LetterFacts<'_>, (subject, link): (Text, Text), sentences: &[Phrase]) -> ShortLetter {
    let language = facts.language;
    let subject = language.say(subject).with("event", &facts.event.name);
    ShortLetter {
        language,
        subject: subject.to_string(),
        sentences: sentences.iter().map(ToString::to_string).collect(),
        link: language.say(link),
    }
}

fn of_ticket(
    facts: &LetterFacts<'_>,
    ticket: &SoldTicket,
    (subject, [said, more], link): (Text, [Text; 2], Text),
) -> ShortLetter {
    let language = facts.language;
    let named = language.say(Text::LetterTicket).with("tier", &ticket.tier_name);
    let named = named.with("place", language.place(&ticket.label));
    let sentences = [language.say(said).with("ticket", named), language.say(more)];
    letter(facts, (subject, link), &sentences)
}

fn of_offer(offer: OfferedPlaces<'_>, facts: &LetterFacts<'_>) -> ShortLetter {
    let language = facts.language;
    let held = language
        .say(Text::LetterOfferHeld)
        .counted(u64::try_from(offer.quantity).unwrap_or(u64::MAX))
        .with("tier", offer.tier)
        .with("until", facts.said(offer.until));
    let waited = language.say(Text::LetterOffer).with("event", &facts.event.name);
    letter(
        facts,
        (Text::LetterOfferSubject, Text::LetterOfferTake),
        &[waited, held],
    )
}

/// Says what becomes of the event, to a buyer or to whoever has a ticket without its booking.
fn of_event(kind: LetterKind, facts: &LetterFacts<'_>) -> ShortLetter {
    let (language, is_holder) = (facts.language, facts.ticket.is_some());
    let event = &facts.event.name;
    if kind == LetterKind::EventMoved {
        let starts = facts.said(facts.event.starts_at);
        let moved = language
            .say(Text::LetterMoved)
            .with("event", event)
            .with("starts", starts);
        let sentences = [moved, language.say(Text::LetterMovedMore)];
        let link = match is_holder {
            true => Text::LetterShowTicket,
            false => Text::ShowMyTickets,
        };
        return letter(facts, (Text::LetterMovedSubject, link), &sentences);
    }
    let (more, link) = match is_holder {
        true => (Text::LetterCanceledHolder, Text::LetterShowTicket),
        false => (Text::LetterCanceledMore, Text::LetterShowBooking),
    };
    let canceled = language.say(Text::LetterCanceled).with("event", event);
    let sentences = [canceled, language.say(more)];
    letter(facts, (Text::LetterCanceledSubject, link), &sentences)
}
