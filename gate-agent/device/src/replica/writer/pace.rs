//! When scans wait for company, so that a busy hub commits some at once: never the scan of a quiet hour, and never one after another.

use std::time::{Duration, Instant};

/// Shortest time from one group with scans to the next while they come fast: five scans at 1,000 a second, and too short to notice.
const PACE: Duration = Duration::from_millis(5);
/// Fewest commands in a group for which waiting paid: two may be a reader that asks again at once.
const COMPANY: usize = 3;
/// Groups that go without waiting after one that waited in vain: an asker that sends each scan after the answer to the last one
/// loses little by it.
const UNPACED_GROUPS: u32 = 64;

/// The pace of the groups.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    has_rested: bool,
    unpaced: u32,
}

impl Pace {
    /// Returns how long the next group waits for company.
    pub(super) fn rest(&mut self, now: Instant) -> Option<Duration> {
        if self.unpaced > 0 {
            self.unpaced -= 1;
            return None;
        }
        let rest = PACE.checked_sub(now.saturating_duration_since(self.last?))?;
        self.has_rested = !rest.is_zero();
        self.has_rested.then_some(rest)
    }

    /// Takes note that a group of so many commands begins.
    pub(super) fn begins(&mut self, now: Instant, commands: usize) {
        if std::mem::take(&mut self.has_rested) && commands < COMPANY {
            self.unpaced = UNPACED_GROUPS;
        }
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets groups begin at these milliseconds with these many commands; returns how long each of them waited, in milliseconds.
    fn waits(groups: &[(u64, usize)]) -> Vec<u128> {
        let start = Instant::now();
        let mut pace = Pace::default();
        let waited = |&(at_ms, commands)| {
            let now = start + Duration::from_millis(at_ms);
            let rest = pace.rest(now).unwrap_or_default();
            pace.begins(now + rest, commands);
            rest.as_millis()
        };
        groups.iter().map(waited).collect()
    }

    #[test]
    fn a_scan_waits_only_for_company_that_comes() {
        // Scans of a quiet hour.
        assert_eq!(waits(&[(0, 1), (1_000, 1), (1_005, 1)]), [0, 0, 0]);
        // Scans come fast: each group waits until five milliseconds after the last one.
        assert_eq!(waits(&[(0, 1), (1, 5), (7, 5), (12, 5)]), [0, 4, 3, 3]);
    }

    #[test]
    fn one_who_sends_each_scan_after_the_last_answer_waits_once_in_64() {
        let groups: Vec<(u64, usize)> = (0..131).map(|at| (at, 1)).collect();
        let waited: Vec<usize> = (0..131).filter(|&at| waits(&groups)[at] > 0).collect();
        assert_eq!(waited, [1, 66]);
    }
}
