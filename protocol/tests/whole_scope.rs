//! Explores what takes minutes: a ticket whose home moves because a hub joins or leaves, the last place, a revocation and a crash. `make soak`
//! runs it, last: a hub that joins has two million states, and nobody has waited for the end of the last place and of the crash yet.

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

use event::{Event, Which, Word};
use explore::explore;
use usher_fixtures::STRICT;

/// A hub joins, and a ticket's home moves to it; the ticket is shown at its old home and at its new one.
const JOINS: Event = Event {
    tier: STRICT,
    capacity: None,
    words: &[Word::LastHubJoins],
    shown: &[(Which::Moves, 0), (Which::Moves, 2)],
    crashes: 0,
    broken: None,
};

#[test]
fn a_ticket_whose_home_moves_to_a_hub_that_joins_lets_nobody_in_twice() {
    explore("a hub joins", JOINS);
}

#[test]
fn a_ticket_whose_home_moves_when_a_hub_leaves_lets_nobody_in_twice() {
    let leaves = Event {
        words: &[Word::FirstHubLeaves],
        ..JOINS
    };
    explore("a hub leaves", leaves);
}

#[test]
fn the_last_place_is_one_persons() {
    let last_place = Event {
        capacity: Some(1),
        words: &[],
        shown: &[(Which::Moves, 0), (Which::Stays, 2)],
        ..JOINS
    };
    explore("the last place", last_place);
}

#[test]
fn a_ticket_that_is_known_to_be_void_lets_nobody_in_after_a_crash() {
    let revoked = Event {
        words: &[Word::Revoked],
        shown: &[(Which::Moves, 0), (Which::Moves, 1)],
        crashes: 1,
        ..JOINS
    };
    explore("a revocation and a crash", revoked);
}

#[test]
fn a_ticket_whose_home_moves_while_a_hub_crashes_lets_nobody_in_twice() {
    explore("a hub joins and one crashes", Event { crashes: 1, ..JOINS });
}
