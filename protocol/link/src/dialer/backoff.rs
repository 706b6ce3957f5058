//! How long to wait before dialing again: growing, so that a dead peer costs little, and jittered, so that a venue's hubs do not return as one.

use std::time::Duration;

/// The first wait: a peer that restarts is soon back.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest wait: nobody at the gate notices ten seconds after an hour offline.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Starts anew after a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns how long to wait now: half to all of a time that doubles up to [`LONGEST_DELAY`].
    pub(super) fn next_delay(&mut self) -> Duration {
        let whole = FIRST_DELAY
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(LONGEST_DELAY);
        self.failures = self.failures.saturating_add(1);
        // Without randomness the whole time is as good, only less spread.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        whole.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let first = backoff.next_delay();
        assert!(first >= FIRST_DELAY / 2 && first <= FIRST_DELAY);
        let later: Vec<_> = (0..64).map(|_| backoff.next_delay()).collect();
        assert!(later.iter().all(|delay| *delay <= LONGEST_DELAY));
        assert!(later[40..].iter().all(|delay| *delay >= LONGEST_DELAY / 2));
        backoff.reset();
        assert!(backoff.next_delay() <= FIRST_DELAY);
    }
}
