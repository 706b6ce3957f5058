//! How bookings, tickets, refunds and letters stand, in the words that `usher-words` has for the console.

use usher_words::console::bookings::{
    self, BookingStatus, LetterAbout, LetterStatus, RefundProgress, TicketStatus,
};

use crate::api::organizer::letters::LetterView;
use crate::letters::{LetterKind, LetterState};
use crate::selling::refunds::RefundState;
use crate::selling::{SoldTicket, TicketState};

/// Says how a booking stands, of its word.
pub fn booking(word: &str) -> &'static str {
    BookingStatus::from_word(word).map_or("", bookings::booking)
}

/// Says how a ticket stands.
pub fn ticket(ticket: &SoldTicket) -> &'static str {
    bookings::ticket(match ticket.state {
        TicketState::Valid => TicketStatus::Valid,
        TicketState::Superseded if ticket.transferred => TicketStatus::Transferred,
        TicketState::Superseded => TicketStatus::Superseded,
        TicketState::Revoked => TicketStatus::Revoked,
    })
}

/// Says how a refund stands, of its word.
pub fn refund(word: &str) -> &'static str {
    let said = RefundState::from_word(word).map(|state| match state {
        RefundState::Revoking => RefundProgress::Revoking,
        RefundState::Giving => RefundProgress::Giving,
        RefundState::Given => RefundProgress::Given,
        RefundState::Refused => RefundProgress::Refused,
        RefundState::GivenOutside => RefundProgress::GivenOutside,
    });
    said.map_or("", bookings::refund)
}

/// Says what a letter is about, and how it stands.
pub fn letter(letter: &LetterView) -> (&'static str, &'static str) {
    let status = LetterState::from_word(letter.status).map(|state| match state {
        LetterState::Waiting => LetterStatus::Waiting,
        LetterState::Sent => LetterStatus::Sent,
        LetterState::GivenUp => LetterStatus::GivenUp,
    });
    let about = LetterKind::from_word(letter.r#type).map(|kind| match kind {
        LetterKind::BookingConfirmed => LetterAbout::Tickets,
        LetterKind::TicketReissued => LetterAbout::NewCode,
        LetterKind::TicketTransferred => LetterAbout::TicketGone,
        LetterKind::TicketReceived => LetterAbout::TicketReceived,
        LetterKind::RefundGiven => LetterAbout::MoneyBack,
        LetterKind::EventMoved => LetterAbout::NewDate,
        LetterKind::EventCanceled => LetterAbout::NoEvent,
        LetterKind::PlacesOffered => LetterAbout::PlacesBack,
        LetterKind::Note => LetterAbout::Message,
    });
    (
        about.map_or("", bookings::letter_about),
        status.map_or("", bookings::letter),
    )
}
