//! Mailings: a letter to each buyer of an event or of one of its tiers, as plain values. The letters are written some at a time, by a job.

use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;

use crate::ids::{MailingId, OrganizerId};
use crate::selling::RequestHash;
use crate::selling::jobs::LeaseHolder;

use super::LetterKind;

/// Mailings of one event that its people write: a buyer is told so much, and no more.
pub const MAX_MAILINGS: u32 = 50;
/// Letters that are written in one commit.
pub const WRITTEN_AT_ONCE: u32 = 200;

/// How often an organizer may have mailings sent to an address for a try within [`TRIES_COUNTED_MS`]: enough to get one right, and no way to write to
/// strangers.
pub const MAX_TRIES: u32 = 20;
/// For how long a try counts, in milliseconds: a day.
pub const TRIES_COUNTED_MS: u64 = 24 * 3_600_000;

/// A letter to each buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailing {
    pub id: MailingId,
    /// What its letters are about: the event's new date or its end, or what somebody writes.
    pub kind: LetterKind,
    /// Only those who have a ticket of this tier.
    pub tier: Option<TierId>,
    /// One line; of what somebody writes.
    pub subject: String,
    /// Plain text; of what somebody writes.
    pub body: String,
    /// How many letters are written, those to holders of transferred tickets included.
    pub written: u32,
    pub created_at: Timestamp,
    /// When the last of them was written.
    pub ended_at: Option<Timestamp>,
}

/// Begins a mailing.
#[derive(Debug, Clone)]
pub struct NewMailing {
    pub mailing: Mailing,
    /// What makes it one mailing however often it is asked for; without one each request is another.
    pub key: Option<MailingKey>,
    pub now: Timestamp,
}

/// The key of a request for a mailing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingKey {
    /// What the client has drawn.
    pub text: String,
    /// What is asked for.
    pub request: RequestHash,
}

/// What becomes of a mailing that somebody writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewMailingOutcome {
    /// It is begun, now or by an earlier request with the same key.
    Begun(Box<Mailing>),
    /// The key was used for another one.
    KeyReused,
    /// The event has had as many as it can.
    TooMany,
}

/// Writes the next letters of a mailing.
#[derive(Debug, Clone, Copy)]
pub struct WriteLetters {
    pub mailing: MailingId,
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// Asks how many would get a mailing that somebody writes.
#[derive(Debug, Clone, Copy)]
pub struct RecipientsQuery {
    pub event: EventId,
    /// Only those who have a ticket of this tier.
    pub tier: Option<TierId>,
}

/// Writes down that an organizer has a mailing sent to some address for a try.
#[derive(Debug, Clone, Copy)]
pub struct TryMailing {
    pub organizer: OrganizerId,
    pub now: Timestamp,
}
