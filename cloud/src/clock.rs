//! Where the time comes from: the system, or a test's hand; everything below the rim gets it as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use usher_keys::Timestamp;

/// A source of the current time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The clock of the machine, set right by the database's if there is one: processes of one store compare the times that each has
    /// written there.
    System(ClockCorrection),
    /// A clock that stands still until it is moved, for tests.
    Manual(ManualClock),
}

/// How many milliseconds the database's clock is ahead of the machine's; clones have the same.
#[derive(Debug, Clone, Default)]
pub struct ClockCorrection(Arc<AtomicI64>);

impl Clock {
    /// Returns the clock of the machine, which nothing has set right yet.
    pub fn system() -> Self {
        Self::System(ClockCorrection::default())
    }

    /// Tells the time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System(correction) => correction.correct(machine_now()),
            Self::Manual(clock) => clock.now(),
        }
    }

    /// Begins to ask a database for its time.
    pub fn ask(&self) -> AskedAt {
        match self {
            Self::System(_) => AskedAt(machine_now()),
            Self::Manual(clock) => AskedAt(clock.now()),
        }
    }

    /// Hears what the database's clock showed between the question and now, and goes by that from now on; as little is changed as that
    /// proves, so that answers which take long change nothing.
    pub fn hear(&self, asked: AskedAt, showed: Timestamp) {
        match self {
            Self::System(correction) => correction.hear(asked, showed, machine_now()),
            Self::Manual(_) => {}
        }
    }

    /// Tells when a database was asked, as is known by now.
    pub fn time_of(&self, asked: AskedAt) -> Timestamp {
        match self {
            Self::System(correction) => correction.correct(asked.0),
            Self::Manual(_) => asked.0,
        }
    }

    /// Returns how many milliseconds the machine's clock is ahead of the database's.
    pub fn ahead_of_database_ms(&self) -> i64 {
        match self {
            Self::System(correction) => correction.0.load(Ordering::Relaxed).saturating_neg(),
            Self::Manual(_) => 0,
        }
    }
}

/// When a database was asked for its time, by a clock that is not set right.
#[derive(Debug, Clone, Copy)]
pub struct AskedAt(Timestamp);

impl ClockCorrection {
    fn correct(&self, ours: Timestamp) -> Timestamp {
        Timestamp(ours.0.saturating_add_signed(self.0.load(Ordering::Relaxed)))
    }

    fn hear(&self, asked: AskedAt, showed: Timestamp, heard: Timestamp) {
        let ahead_of = |ours: Timestamp| {
            let [theirs, ours] = [showed, ours].map(|at| i64::try_from(at.0).unwrap_or(i64::MAX));
            theirs.saturating_sub(ours)
        };
        let (least, most) = (ahead_of(heard), ahead_of(asked.0));
        // Set back in between, the machine's clock proves nothing.
        if least <= most {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(before.clamp(least, most), Ordering::Relaxed);
        }
    }
}

fn machine_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// The hand on a manual clock; clones move the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Makes a clock that stands at a moment.
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(at.0)))
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    /// Moves the clock forward.
    pub fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_changes_by_as_little_as_an_answer_proves() {
        let correction = ClockCorrection::default();
        let check = |(asked, showed, heard): (u64, u64, u64), ahead: i64| {
            correction.hear(AskedAt(Timestamp(asked)), Timestamp(showed), Timestamp(heard));
            assert_eq!(correction.0.load(Ordering::Relaxed), ahead);
        };
        // The database's clock is right as far as can be told.
        check((1_000, 1_003, 1_005), 0);
        // It is a minute behind, to the milliseconds that the answer took.
        check((62_000, 2_004, 62_010), -59_996);
        check((63_000, 3_001, 63_002), -59_999);
        // An answer that takes long agrees with what is known.
        check((64_000, 9_000, 70_000), -59_999);
        // It is set ahead of the machine's.
        check((70_000, 75_000, 70_000), 5_000);
        // The machine's clock was set back between question and answer.
        check((80_000, 80_000, 20_000), 5_000);
    }
}
