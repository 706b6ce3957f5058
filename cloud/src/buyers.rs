//! Buyers who prove that they read an address: a link that is mailed to it opens all that was bought with it, once, in one browser. What
//! may be asked is decided here; rows are the store's, cookies and forms are at the rim.

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::ids::BookingId;
use crate::key_hash::KeyHash;
use crate::letters::ms;
use crate::link_letters::LinkLetter;
use crate::selling::booking_code::BookingCode;
use crate::selling::claimant::ClientAddress;

/// How long a link opens something: mail that is greylisted takes some minutes.
pub const LINK_FOR: Duration = Duration::from_hours(1);
/// How long somebody sees their tickets in a browser: a day with its evening.
pub const SESSION_FOR: Duration = Duration::from_hours(14);
/// Letters that one address gets within [`LINK_FOR`] while nobody opens their links: nobody fills another's mailbox.
pub const LINKS_TO_ADDRESS: usize = 3;
/// Links that one client may ask for within [`LINK_FOR`], whatever the addresses.
pub const LINKS_FROM_CLIENT: usize = 10;
/// Bookings that are listed, the newest first: more than anybody looks through.
pub const BOOKINGS_LISTED: u32 = 200;

/// Returns the one form of an address by which links and sessions name it, however it was typed.
pub fn address_key(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

/// Asks for a link to what was bought with an address.
#[derive(Clone)]
pub struct AskForLink {
    /// What the link opens with.
    pub hash: KeyHash,
    /// The address, as [`address_key`] writes it.
    pub email: String,
    /// Where whoever asks is.
    pub client: ClientAddress,
    /// The letter with the link.
    pub letter: LinkLetter,
    pub now: Timestamp,
}

/// What became of asking for a link: the same whether or not anything was bought with the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskOutcome {
    /// A letter is on its way, if there is anything to see.
    Asked,
    /// The client has asked so often that it waits until then.
    TooMany(Timestamp),
}

/// Which links were asked for within [`LINK_FOR`].
#[derive(Debug, Default)]
pub struct LinksAsked {
    /// When, by the same client, the first one first.
    pub by_client: Vec<Timestamp>,
    /// How many to the same address that nobody has opened.
    pub to_address: usize,
}

impl LinksAsked {
    /// Returns from when on links are counted.
    pub fn since(now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(ms(LINK_FOR)))
    }

    /// Decides whether another letter is written, and what the client hears.
    pub fn may_ask(&self) -> (bool, AskOutcome) {
        let surplus = (self.by_client.len() + 1).saturating_sub(LINKS_FROM_CLIENT);
        match surplus.checked_sub(1).and_then(|place| self.by_client.get(place)) {
            Some(first) => (false, AskOutcome::TooMany(first.plus_ms(ms(LINK_FOR)))),
            None => (self.to_address < LINKS_TO_ADDRESS, AskOutcome::Asked),
        }
    }
}

/// Opens a link, once, and begins a session.
#[derive(Debug, Clone)]
pub struct OpenLink {
    pub link: KeyHash,
    /// What the session opens with.
    pub session: KeyHash,
    /// The network of the client.
    pub from: String,
    pub now: Timestamp,
}

/// Somebody who has proven that they read an address, in one browser.
#[derive(Clone, PartialEq, Eq)]
pub struct BuyerSession {
    /// The address, as [`address_key`] writes it.
    pub email: String,
    /// The network it was begun from.
    pub from: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Ends a session, or all of its address.
#[derive(Debug, Clone, Copy)]
pub struct EndBuyerSession {
    pub session: KeyHash,
    pub everywhere: bool,
}

/// Asks for what was bought with an address, the newest first.
#[derive(Clone)]
pub struct OwnBookings {
    /// The address, as [`address_key`] writes it.
    pub email: String,
    pub limit: u32,
}

/// A booking as its buyer's list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBooking {
    pub id: BookingId,
    pub code: BookingCode,
    pub event: EventId,
    pub event_name: String,
    pub venue_name: String,
    pub city: String,
    pub starts_at: Timestamp,
    /// What local time is at the start, in minutes from UTC.
    pub offset_minutes: i16,
    /// How many of its tickets are valid.
    pub tickets: u32,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn a_client_asks_so_often_and_an_address_gets_so_many_letters() {
        let asked = |by_client: usize, to_address| LinksAsked {
            by_client: (0..by_client as u64).map(|at| NOW.plus_ms(at)).collect(),
            to_address,
        };
        assert_eq!(asked(0, 0).may_ask(), (true, AskOutcome::Asked));
        // Whoever asks for somebody else's address does not learn that it has got its letters.
        assert_eq!(asked(3, LINKS_TO_ADDRESS).may_ask(), (false, AskOutcome::Asked));
        assert_eq!(
            asked(LINKS_FROM_CLIENT - 1, 0).may_ask(),
            (true, AskOutcome::Asked)
        );
        let waits = |first: u64| (false, AskOutcome::TooMany(NOW.plus_ms(ms(LINK_FOR) + first)));
        assert_eq!(asked(LINKS_FROM_CLIENT, 0).may_ask(), waits(0));
        assert_eq!(asked(LINKS_FROM_CLIENT + 1, 0).may_ask(), waits(1));
    }

    #[test]
    fn an_address_is_the_same_however_it_is_typed() {
        assert_eq!(address_key(" Owl@Example.ORG "), "owl@example.org");
    }
}
