//! Letters: what buyers are told by mail, as plain values, and the rules of when each is sent again and when it is given up.
//!
//! A letter is a row that is written in the transaction of its cause, where mail is set. It says what it is about and not how that stands: it is
//! put into words when it is sent. It is sent at least once, each time under the same Message-ID.

pub mod facts;
pub mod link_wording;
pub mod mailings;
mod notices;
pub mod wording;

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::ids::{BookingId, ChargeReference, LOCAL_BYTES, LetterId};
use crate::languages::Language;
use crate::selling::BookingState;
use crate::selling::booking_code::BookingCode;
use crate::selling::jobs::LeaseHolder;

/// The pauses after the first failures; then the last one, until it is given up. A server that greets strangers with "try again later" takes
/// them after some minutes.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(4),
];
/// How long a letter is tried before it is given up: a weekend, and a day more.
const TRIED_FOR: Duration = Duration::from_hours(72);
/// How long it is kept that a letter was sent or given up.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterKind {
    /// A booking has its tickets.
    BookingConfirmed,
    /// A ticket has a new code, for its holder.
    TicketReissued,
    /// A ticket is somebody else's; for whoever had it.
    TicketTransferred,
    /// A ticket is theirs; for whoever has it now.
    TicketReceived,
    /// Money of a booking was given back.
    RefundGiven,
    /// The event has another date.
    EventMoved,
    /// The event does not take place.
    EventCanceled,
    /// Places have come back for which they waited.
    PlacesOffered,
    /// What the organizer writes.
    Note,
}

impl LetterKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::BookingConfirmed,
        Self::TicketReissued,
        Self::TicketTransferred,
        Self::TicketReceived,
        Self::RefundGiven,
        Self::EventMoved,
        Self::EventCanceled,
        Self::PlacesOffered,
        Self::Note,
    ];

    /// Returns the word for it in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::BookingConfirmed => "booking_confirmed",
            Self::TicketReissued => "ticket_reissued",
            Self::TicketTransferred => "ticket_transferred",
            Self::TicketReceived => "ticket_received",
            Self::RefundGiven => "refund_given",
            Self::EventMoved => "event_moved",
            Self::EventCanceled => "event_canceled",
            Self::PlacesOffered => "places_offered",
            Self::Note => "note",
        }
    }

    /// Finds the kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Tells whether a mailing of this kind also goes to people whom a ticket was handed over to: it says what becomes of the event, and they come
    /// in vain otherwise.
    pub fn goes_to_holders(self) -> bool {
        match self {
            Self::EventMoved | Self::EventCanceled => true,
            Self::BookingConfirmed
            | Self::TicketReissued
            | Self::TicketTransferred
            | Self::TicketReceived
            | Self::RefundGiven
            | Self::PlacesOffered
            | Self::Note => false,
        }
    }
}

/// How far a letter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It is to be sent, or sent again.
    Waiting,
    /// A mail server has taken it.
    Sent,
    /// It was refused, or tried for three days: it waits for a person.
    GivenUp,
}

impl LetterState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::GivenUp];

    /// Returns the word for it in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }

    /// Finds the state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What came of handing a letter to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It has taken it.
    Taken,
    /// It will not, however often it is asked: with this answer (RFC 5321).
    Refused(u16),
    /// It has not, with this answer.
    PutOff(u16),
    /// It cannot be written to where it should go: that is no address.
    NoAddress,
    /// There was no answer that says anything of the letter: why, in a word.
    Failed(&'static str),
}

impl Delivery {
    /// Reads the answer of a mail server. Those of its answers that speak of a mailbox or of the letter are the last word; that it wants
    /// another password, or is out of order, is mended by whoever runs it.
    pub fn of_answer(code: u16) -> Self {
        match code {
            200..300 => Self::Taken,
            501 | 521 | 550..=556 => Self::Refused(code),
            _ => Self::PutOff(code),
        }
    }

    /// Returns the word for it.
    pub fn word(self) -> String {
        match self {
            Self::Taken => "taken".into(),
            Self::Refused(code) | Self::PutOff(code) => code.to_string(),
            Self::NoAddress => "no_address".into(),
            Self::Failed(word) => word.into(),
        }
    }
}

/// A letter as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: LetterId,
    pub kind: LetterKind,
    /// Whose booking it is about, if any.
    pub charge: Option<ChargeReference>,
    /// What it is about beside the booking: the second half of the id of a ticket, refund, mailing or waiter. One of a mailing to whoever has a
    /// ticket without its booking is about the ticket.
    pub about: Option<[u8; LOCAL_BYTES]>,
    /// Where it goes, if not to the buyer.
    pub recipient: Option<String>,
    /// In which language it is if it goes there; one to a buyer is in that of the booking.
    pub language: Language,
    pub state: LetterState,
    /// How often it was not taken since it was begun.
    pub failures: u32,
    /// What came of the last try.
    pub answer: Option<String>,
    pub created_at: Timestamp,
    /// When it was begun to be sent: when it was made, or replayed.
    pub begun_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
}

// The address is personal and stays out of logs.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("failures", &self.failures)
            .field("answer", &self.answer)
            .field("next_at", &self.next_at)
            .finish_non_exhaustive()
    }
}

impl Letter {
    /// Returns what becomes of it after a try.
    pub fn tried(self, delivery: Delivery, now: Timestamp) -> Self {
        let is_over = now >= self.begun_at.plus_ms(ms(TRIED_FOR));
        let state = match delivery {
            Delivery::Taken => LetterState::Sent,
            Delivery::Refused(_) | Delivery::NoAddress => LetterState::GivenUp,
            Delivery::PutOff(_) | Delivery::Failed(_) if is_over => LetterState::GivenUp,
            Delivery::PutOff(_) | Delivery::Failed(_) => LetterState::Waiting,
        };
        let place = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let pause = PAUSES[place.min(PAUSES.len() - 1)];
        Self {
            state,
            failures: self.failures + u32::from(delivery != Delivery::Taken),
            answer: Some(delivery.word()),
            next_at: now.plus_ms(ms(pause)),
            ..self
        }
    }

    /// Returns it as it is begun to be sent anew; `None` while it waits.
    pub fn replayed(self, now: Timestamp) -> Option<Self> {
        match self.state {
            LetterState::Waiting => None,
            LetterState::Sent | LetterState::GivenUp => Some(Self {
                state: LetterState::Waiting,
                failures: 0,
                begun_at: now,
                next_at: now,
                ..self
            }),
        }
    }
}

/// Tells whether a letter can go to the buyer of a booking: their address is known, and was not erased.
pub fn is_known(email: &str) -> bool {
    !email.is_empty()
}

/// Decides whether the letter that confirms a booking is written again: it has tickets, and somebody to go to.
pub fn may_resend(state: BookingState, email: &str) -> bool {
    match state {
        BookingState::Confirmed => is_known(email),
        BookingState::Paying
        | BookingState::ActionRequired
        | BookingState::Processing
        | BookingState::Declined(_)
        | BookingState::Expired
        | BookingState::Canceled
        | BookingState::Refunding
        | BookingState::Refunded => false,
    }
}

/// Returns since when it is known that letters were sent or given up; what was made before is forgotten, unless it still waits.
pub fn kept_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(ms(KEPT_FOR)))
}

/// Returns a duration in milliseconds.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a buyer is to be told.
#[derive(Debug)]
pub struct LetterCause<'a> {
    pub event: EventId,
    pub kind: LetterKind,
    /// Whose booking it is about, if any.
    pub charge: Option<ChargeReference>,
    /// What it is about beside the booking.
    pub about: Option<[u8; LOCAL_BYTES]>,
    /// Who reads it, if not the buyer.
    pub recipient: Option<Recipient<'a>>,
    pub now: Timestamp,
}

/// Who reads a letter that does not go to a buyer.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    pub address: &'a str,
    pub language: Language,
}

// The address is personal and stays out of logs.
impl std::fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipient")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// Writes the letter again that confirms a booking, with what stands now.
#[derive(Debug, Clone, Copy)]
pub struct ResendTickets {
    pub booking: BookingId,
    pub now: Timestamp,
}

/// Puts the right address in place of a buyer's wrong one.
#[derive(Clone)]
pub struct CorrectAddress {
    pub booking: BookingId,
    pub email: String,
}

/// What letters a reissued or transferred ticket leads to.
#[derive(Clone)]
pub struct ReissueLetters {
    /// The address of whoever has the ticket now, if it is somebody else and that is known.
    pub recipient: Option<String>,
}

/// Begins to send a letter anew that was sent or given up.
#[derive(Debug, Clone, Copy)]
pub struct ReplayLetter {
    pub id: LetterId,
    pub now: Timestamp,
}

/// Asks for letters of an event that are to be sent now, those that have waited longest first.
#[derive(Debug, Clone, Copy)]
pub struct DueLetters {
    pub event: EventId,
    pub limit: u32,
    pub now: Timestamp,
}

/// Asks for letters of an event, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct LettersQuery {
    pub event: EventId,
    /// Only those that stand so.
    pub state: Option<LetterState>,
    /// Only those about the booking with this code.
    pub booking: Option<BookingCode>,
    pub limit: u32,
}

/// A letter in its organizer's list, with the code of its booking.
pub type LetterLine = (Letter, Option<BookingCode>);

/// Writes down what came of trying to send letters of an event, and when its job goes on.
#[derive(Debug, Clone)]
pub struct NoteLetters {
    pub event: EventId,
    /// What became of each.
    pub tried: Vec<Letter>,
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

#[cfg(test)]
mod tests;
