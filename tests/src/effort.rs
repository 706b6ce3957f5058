//! How long a test that draws its faults goes on, and from which seed: little in the default suite, much in `make soak`, as told for a repetition.

use std::env;
use std::io::{self, Write};

/// Set for the long versions.
const SOAK: &str = "USHER_SOAK";
/// The seed to begin from, to repeat a failure.
const SEED: &str = "USHER_SEED";
/// How many rounds to go, whatever the suite.
const ROUNDS: &str = "USHER_ROUNDS";

/// How often a test draws faults, and from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// What everything is drawn from; every failure names it.
    pub seed: u64,
    pub rounds: u64,
}

/// Rounds of a test: in the default suite, and in `make soak`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds {
    /// In the default suite.
    pub suite: u64,
    /// In `make soak`.
    pub soak: u64,
}

impl Effort {
    /// Returns the effort of a test and says it, also while the test goes on.
    pub fn of(what: &str, seed: u64, rounds: Rounds) -> Self {
        let usual = if env::var_os(SOAK).is_some() {
            rounds.soak
        } else {
            rounds.suite
        };
        let effort = Self {
            seed: number(SEED).unwrap_or(seed),
            rounds: number(ROUNDS).unwrap_or(usual),
        };
        let Self { seed, rounds } = effort;
        // Not through `eprintln!`, which is shown only for tests that fail. Nobody misses a line that cannot be said.
        let _ = writeln!(io::stderr(), "{what}: seed {seed}, {rounds} rounds");
        effort
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
