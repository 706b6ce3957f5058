//! Explores small events completely: the real ledger and the real way of a scan at three hubs, with two tickets and copies of them, words of
//! the authority, a crash, and messages that come late, in any order or never. The simulation draws; here nothing is left to chance.
//!
//! What takes minutes is in `whole_scope.rs`.

#[path = "small_scope/acting.rs"]
mod acting;
#[path = "small_scope/broken.rs"]
mod broken;
#[path = "small_scope/event.rs"]
mod event;
#[path = "small_scope/explore.rs"]
mod explore;
#[path = "small_scope/hub.rs"]
mod hub;
#[path = "small_scope/promises.rs"]
mod promises;
#[path = "small_scope/world.rs"]
mod world;

use broken::Broken;
use event::{Event, Which, Word};
use explore::{explore, threads};
use promises::PROMISES;
use stateright::{Checker, HasDiscoveries, Model};
use usher_fixtures::{AVAILABLE, STRICT};
use world::SmallEvent;

/// A ticket and its copy are shown away from its home, and a hub may crash.
const COPIES: Event = Event {
    tier: STRICT,
    capacity: None,
    words: &[],
    shown: &[(Which::Moves, 0), (Which::Moves, 1)],
    crashes: 1,
    broken: None,
};

#[test]
fn copies_let_nobody_in_twice_and_what_is_written_of_them_is_true() {
    explore("copies of a strict ticket", COPIES);
}

#[test]
fn doubles_of_an_available_ticket_are_reported_once() {
    explore(
        "copies of an available ticket",
        Event {
            tier: AVAILABLE,
            ..COPIES
        },
    );
}

#[test]
fn nobody_is_let_in_by_a_ticket_that_is_known_to_be_void() {
    let revoked = Event {
        words: &[Word::Revoked],
        crashes: 0,
        ..COPIES
    };
    explore("a revocation", revoked);
    let started_again = Event {
        shown: &[(Which::Moves, 0)],
        crashes: 1,
        ..revoked
    };
    explore("a revocation and a crash", started_again);
}

#[test]
fn every_rule_that_is_broken_is_noticed() {
    let joins = Event {
        words: &[Word::LastHubJoins],
        shown: &[(Which::Moves, 0), (Which::Moves, 2)],
        ..COPIES
    };
    let revoked = Event {
        words: &[Word::Revoked],
        shown: &[(Which::Moves, 0)],
        ..COPIES
    };
    let last_place = Event {
        capacity: Some(1),
        shown: &[(Which::Moves, 0), (Which::Stays, 2)],
        crashes: 0,
        ..COPIES
    };
    is_found(COPIES, Broken::CutOffSaysYes);
    is_found(joins, Broken::FormerHomesAreForgotten);
    is_found(COPIES, Broken::AnswersTooEarly);
    is_found(COPIES, Broken::NobodyWithdraws);
    is_found(revoked, Broken::RevocationsAreForgotten);
    is_found(revoked, Broken::VoidTicketsAreAskedAbout);
    is_found(last_place, Broken::PlacesAreNotCounted);
}

/// Breaks a rule on purpose and demands that some state shows it.
#[track_caller]
#[expect(clippy::print_stdout, reason = "tests print")]
fn is_found(event: Event, broken: Broken) {
    let event = Event {
        broken: Some(broken),
        ..event
    };
    let found = HasDiscoveries::AnyOf(PROMISES.into_iter().collect());
    let checker = SmallEvent::of(event).checker().threads(threads());
    let checker = checker.finish_when(found).spawn_dfs().join();
    let mut promises = PROMISES.into_iter();
    let promise = promises.find(|promise| checker.discovery(promise).is_some());
    let states = checker.unique_state_count();
    println!("{broken:?}: found after {states} states: {promise:?}");
    assert!(promise.is_some(), "nobody noticed {broken:?} in {states} states");
}
