//! Which heads of a log a replica keeps: the newest, and milestones so close that the run between two of them always fits; keeping them is the store's.

use super::{MAX_RUN_BYTES, MAX_RUN_RECORDS};

/// Consecutive records of a log, as far as their number and size tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub records: u64,
    /// Their bytes together.
    pub bytes: u64,
}

impl Stretch {
    /// Tells whether one run holds all of it.
    pub fn is_one_run(self) -> bool {
        self.records <= MAX_RUN_RECORDS as u64 && self.bytes <= MAX_RUN_BYTES as u64
    }

    /// Tells whether the newest kept head is dropped for the next one: as long as one run reaches there from the head before it,
    /// which is this stretch. Otherwise it stays for good, a milestone.
    pub fn drops_head_within(self) -> bool {
        self.is_one_run()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(records: usize, bytes: usize, drops: bool) {
        let stretch = Stretch {
            records: records as u64,
            bytes: bytes as u64,
        };
        assert_eq!(stretch.drops_head_within(), drops, "{stretch:?}");
    }

    #[test]
    fn a_head_is_dropped_while_one_run_reaches_over_it() {
        check(1, 1, true);
        check(MAX_RUN_RECORDS, MAX_RUN_BYTES, true);
        check(MAX_RUN_RECORDS + 1, 1, false);
        check(1, MAX_RUN_BYTES + 1, false);
    }
}
