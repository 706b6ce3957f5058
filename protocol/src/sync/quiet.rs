//! How long a peer has said nothing, by a clock that somebody may set meanwhile.

use usher_keys::Timestamp;

/// How often a side shows that it is there, in milliseconds: the resolution of "revocations as of".
pub const BEAT_MS: u64 = 2_000;
/// The most that passes between two looks, in milliseconds: a session is woken for each beat. A clock that says more was set,
/// or the machine was asleep, and then the peer was not to be heard.
const LONGEST_STEP_MS: u64 = 2 * BEAT_MS;

/// How long a peer has said nothing.
#[derive(Debug, Clone, Default)]
pub struct Quiet {
    looked: Timestamp,
    ms: u64,
}

impl Quiet {
    /// Takes that the peer has just said something.
    pub fn heard(&mut self, now: Timestamp) {
        (self.looked, self.ms) = (now, 0);
    }

    /// Returns how long it has said nothing, in milliseconds.
    pub fn silence_ms(&mut self, now: Timestamp) -> u64 {
        let passed = now.since_ms(self.looked).min(LONGEST_STEP_MS);
        self.looked = now;
        self.ms = self.ms.saturating_add(passed);
        self.ms
    }
}
