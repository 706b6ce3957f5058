//! How often each asker may be wrong about ticket codes, so that nobody finds one by trying; where they are looked up is the asked one's.

use std::collections::BTreeMap;

/// Most askers that are remembered: every device that can be linked, and as many tokens. Beyond it, those who were never wrong
/// are forgotten, which costs them nothing.
const MAX_ASKERS: usize = 4_096;

/// Counts the wrong ticket codes of each asker.
#[derive(Debug, Clone)]
pub struct Guesses {
    forgiven: u32,
    one_more_ms: u64,
    askers: BTreeMap<[u8; 32], Wrong>,
}

/// How often an asker was wrong, and from when on time has forgiven nothing of it yet.
#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    since_ms: u64,
}

impl Guesses {
    /// Forgives each asker so many wrong codes, and one more after each `one_more_ms`.
    pub fn new(forgiven: u32, one_more_ms: u64) -> Self {
        Self {
            forgiven,
            one_more_ms,
            askers: BTreeMap::new(),
        }
    }

    /// Counts a code as wrong before it is looked up, so that many at once do not get around the limit; tells whether it may be
    /// looked up.
    pub fn begin(&mut self, asker: [u8; 32], now_ms: u64) -> bool {
        if self.askers.len() >= MAX_ASKERS && !self.askers.contains_key(&asker) {
            self.forget(now_ms);
        }
        let fresh = Wrong {
            count: 0,
            since_ms: now_ms,
        };
        let wrong = self.askers.entry(asker).or_insert(fresh);
        wrong.pass(self.one_more_ms, now_ms);
        if wrong.count >= self.forgiven {
            return false;
        }
        wrong.count += 1;
        true
    }

    /// Takes back what [`Guesses::begin`] has counted: there was such a code, or nobody could look.
    pub fn was_right(&mut self, asker: [u8; 32]) {
        if let Some(wrong) = self.askers.get_mut(&asker) {
            wrong.count = wrong.count.saturating_sub(1);
        }
    }

    fn forget(&mut self, now_ms: u64) {
        self.askers.retain(|_, wrong| {
            wrong.pass(self.one_more_ms, now_ms);
            wrong.count > 0
        });
    }
}

impl Wrong {
    /// Forgives what the time that has passed forgives.
    fn pass(&mut self, one_more_ms: u64, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.since_ms) / one_more_ms.max(1);
        self.count = self
            .count
            .saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX));
        self.since_ms = if self.count == 0 {
            now_ms
        } else {
            self.since_ms + passed * one_more_ms
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: [u8; 32] = [1; 32];
    const BOB: [u8; 32] = [2; 32];

    #[test]
    fn whoever_is_wrong_too_often_waits_and_nobody_else_does() {
        let mut guesses = Guesses::new(3, 1_000);
        for _ in 0..3 {
            assert!(guesses.begin(ADA, 0));
        }
        assert!(!guesses.begin(ADA, 999));
        assert!(guesses.begin(BOB, 999));
        assert!(guesses.begin(ADA, 1_000));
        assert!(!guesses.begin(ADA, 1_999));
        assert!(guesses.begin(ADA, 2_000));
    }

    #[test]
    fn what_was_right_counts_for_nothing() {
        let mut guesses = Guesses::new(2, 1_000);
        for _ in 0..100 {
            assert!(guesses.begin(ADA, 0));
            guesses.was_right(ADA);
        }
    }

    #[test]
    fn a_long_rest_forgives_everything_and_no_more() {
        let mut guesses = Guesses::new(2, 1_000);
        assert!(guesses.begin(ADA, 0));
        for _ in 0..2 {
            assert!(guesses.begin(ADA, 1_000_000));
        }
        assert!(!guesses.begin(ADA, 1_000_000));
        // A clock that was set back forgives nothing, and takes nothing.
        assert!(!guesses.begin(ADA, 0));
    }

    #[test]
    fn those_who_were_never_wrong_are_forgotten_and_the_others_are_not() {
        let mut guesses = Guesses::new(1, 1_000_000);
        assert!(guesses.begin(ADA, 0));
        for number in 0..2 * MAX_ASKERS as u64 {
            let mut asker = [9; 32];
            asker[..8].copy_from_slice(&number.to_le_bytes());
            assert!(guesses.begin(asker, 0));
            guesses.was_right(asker);
        }
        assert!(guesses.askers.len() <= MAX_ASKERS);
        assert!(!guesses.begin(ADA, 0));
    }
}
