//! What letters are made of, and how they and printed tickets tell times.

use usher_keys::Timestamp;

use crate::catalogue::Event;
use crate::languages::Language;
use crate::local_time::day_and_time;
use crate::money::Money;
use crate::selling::{Booking, SoldTicket};

use super::mailings::Mailing;

/// What a letter is made of.
#[derive(Debug)]
pub struct LetterFacts<'a> {
    pub event: &'a Event,
    /// In which language it is written.
    pub language: Language,
    /// What the organizer is called.
    pub organizer: &'a str,
    /// Its buyer's booking, if it is about one.
    pub booking: Option<&'a Booking>,
    /// The address of the booking's page, or of the ticket's where there is no booking.
    pub page: &'a str,
    /// The ticket that it is about, if any.
    pub ticket: Option<&'a SoldTicket>,
    /// What was given back, if it is about that.
    pub given: Option<Money>,
    /// The places that it offers, if it does.
    pub offer: Option<OfferedPlaces<'a>>,
    /// The mailing that it is of, if any.
    pub mailing: Option<&'a Mailing>,
}

/// Places that are held for somebody who waited for them.
#[derive(Debug, Clone, Copy)]
pub struct OfferedPlaces<'a> {
    /// What their tier is called.
    pub tier: &'a str,
    pub quantity: usize,
    /// Until when they are held.
    pub until: Timestamp,
}

impl LetterFacts<'_> {
    /// Shows a moment as people at the event say it, in the language of the letter.
    pub fn said(&self, at: Timestamp) -> String {
        self.language.day_and_time(at, self.event.policy.offset_at(at))
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
