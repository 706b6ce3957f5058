//! Who comes: of each ticket two people with the same code, where they are, and what they were shown; held to look or to write down, never longer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::ensure;
use usher_tests::sim::random::Random;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::STANDING;

use super::code_readers::Way;
use super::scene::PLACES;

/// People with the same code.
const PEOPLE: usize = 2;
/// Tickets that are tried at the same time, so that copies meet at several gates at once.
const AT_ONCE: usize = 14;
/// Showings after which another ticket is tried in place of one.
const TRIED: usize = 5;

/// A ticket and who has it.
#[derive(Debug, Clone)]
pub struct Party {
    pub ticket: BoughtTicket,
    /// Where each of them is.
    pub people: [Place; PEOPLE],
    pub revoked: bool,
}

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Outside,
    AtAGate,
    Inside,
}

/// What stood on a screen for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    ComeIn,
    /// The name of the reason.
    Refused(String),
    /// The scanner was killed before it showed anything.
    Nothing,
}

/// A code that was shown at a gate. What it was and where is read by people, in a failure.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "gate and words are told in failures alone")]
pub struct Showing {
    pub unit: u32,
    pub gate: u16,
    pub way: Way,
    pub begun: Instant,
    pub ended: Instant,
    pub said: Said,
    pub is_by_turnstile: bool,
    /// Everything on the screen.
    pub words: String,
}

/// Everybody.
pub struct Crowd {
    parties: Mutex<Vec<Party>>,
    showings: Mutex<Vec<Showing>>,
    tried: AtomicUsize,
    is_over: AtomicBool,
}

/// Somebody at a gate.
#[derive(Debug, Clone)]
pub struct Guest {
    pub party: usize,
    pub person: usize,
    pub ticket: BoughtTicket,
}

impl Party {
    /// Two people outside.
    pub fn new(ticket: BoughtTicket) -> Self {
        Self {
            ticket,
            people: [Place::Outside; PEOPLE],
            revoked: false,
        }
    }
}

impl Crowd {
    /// Everybody is outside.
    pub fn new(parties: Vec<Party>) -> Self {
        Self {
            parties: Mutex::new(parties),
            showings: Mutex::default(),
            tried: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    pub fn parties(&self) -> MutexGuard<'_, Vec<Party>> {
        self.parties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns everything that was shown, in the order in which it was answered.
    pub fn showings(&self) -> Vec<Showing> {
        self.book().clone()
    }

    fn book(&self) -> MutexGuard<'_, Vec<Showing>> {
        self.showings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody comes any more.
    pub fn go_home(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Picks somebody who comes to a gate now, of the tickets that are being tried.
    pub fn comes(&self, way: Way, random: &mut Random) -> Option<Guest> {
        let wanted = match way {
            Way::In => Place::Outside,
            Way::Out => Place::Inside,
        };
        let mut parties = self.parties();
        let first = self.tried.load(Ordering::SeqCst) / TRIED;
        let party = match way {
            Way::In => (first + random.index(AT_ONCE)) % parties.len(),
            Way::Out => random.index(parties.len()),
        };
        let person = random.index(PEOPLE);
        let ticket = parties[party].ticket.clone();
        let place = &mut parties[party].people[person];
        if *place != wanted {
            return None;
        }
        *place = Place::AtAGate;
        self.tried.fetch_add(1, Ordering::SeqCst);
        Some(Guest {
            party,
            person,
            ticket,
        })
    }

    /// Somebody goes back to where they came from, without having shown anything.
    pub fn turns_back(&self, guest: &Guest, way: Way) {
        self.parties()[guest.party].people[guest.person] = match way {
            Way::In => Place::Outside,
            Way::Out => Place::Inside,
        };
    }

    /// Counts the people who are in.
    pub fn inside(&self) -> i64 {
        let people = |party: &Party| party.people;
        let parties = self.parties();
        let all = parties.iter().flat_map(people);
        i64::try_from(all.filter(|place| *place == Place::Inside).count()).unwrap_or(i64::MAX)
    }

    /// Writes down what somebody was shown, and lets them in or not; whoever leaves is out whatever the screen says.
    pub fn was_shown(&self, guest: &Guest, showing: Showing) -> anyhow::Result<()> {
        let mut parties = self.parties();
        let party = &mut parties[guest.party];
        let is_in = showing.way == Way::In && showing.said == Said::ComeIn;
        party.people[guest.person] = if is_in { Place::Inside } else { Place::Outside };
        let inside = |party: &Party| {
            party
                .people
                .iter()
                .filter(|place| **place == Place::Inside)
                .count()
        };
        ensure!(
            party.ticket.tier == STANDING || inside(party) <= 1,
            "two people are in on one ticket: {showing:?}"
        );
        let all: usize = parties.iter().map(inside).sum();
        ensure!(
            all <= PLACES,
            "{all} people are in a zone for {PLACES}: {showing:?}"
        );
        self.book().push(showing);
        Ok(())
    }
}
