//! Explores an event to its end.

use stateright::{Checker, Model};

use super::event::Event;
use super::promises::PROMISES;
use super::world::SmallEvent;

/// Explores an event to its end and demands every promise in every state; prints how many there are.
#[track_caller]
#[expect(clippy::print_stdout, reason = "tests print")]
pub fn explore(name: &str, event: Event) {
    let checker = SmallEvent::of(event)
        .checker()
        .threads(threads())
        .spawn_dfs()
        .join();
    println!(
        "{name}: {} states, {} steps between them, at most {} steps in a row",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    for promise in PROMISES {
        if let Some(path) = checker.discovery(promise) {
            let why = path.last_state().why().unwrap_or_default();
            let story = path.into_actions();
            panic!("{name}: \"{promise}\" does not hold: {why}\n{story:#?}");
        }
    }
    checker.assert_properties();
}

/// Returns how many threads explore.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
