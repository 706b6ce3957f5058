//! How long a test that draws its faults goes on, and from which seed: little in the default suite, much in `make soak`, as told for a repetition.

use std::env;

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
    /// How many rounds.
    pub rounds: u64,
}

impl Effort {
    /// Gives the effort of a test that goes so many rounds in the default suite and so many in `make soak`.
    pub fn of(seed: u64, suite: u64, soak: u64) -> Self {
        let usual = if env::var_os(SOAK).is_some() { soak } else { suite };
        Self {
            seed: number(SEED).unwrap_or(seed),
            rounds: number(ROUNDS).unwrap_or(usual),
        }
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
