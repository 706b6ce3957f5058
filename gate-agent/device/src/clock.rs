//! Where the time comes from: the machine's clock beside those of its peers, which a test may shift; nobody else reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::clock::{ClockHealth, ClockReading, RuleClock, RuleTime};
use usher_words::clock::clock_off;

/// The clock that this machine's replicas judge by.
#[derive(Debug, Clone)]
pub struct Clock {
    since: Instant,
    /// Time that has passed for this clock alone.
    passed_ms: Arc<AtomicI64>,
    /// How far the wall clock was set since.
    set_ms: Arc<AtomicI64>,
    /// Our clock beside our peers'; held only to hear or read one.
    rule: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    clock: RuleClock,
    /// What was last written about the clock.
    told: ClockHealth,
}

impl Clock {
    /// Returns the machine's clock.
    pub fn system() -> Self {
        Self {
            since: Instant::now(),
            passed_ms: Arc::default(),
            set_ms: Arc::default(),
            rule: Arc::default(),
        }
    }

    /// Returns the time to judge by.
    pub fn now(&self) -> Timestamp {
        self.moment().at
    }

    /// Returns the time to judge by, and how certain it is.
    pub fn moment(&self) -> RuleTime {
        self.read().0
    }

    /// Returns what this machine's own clock is worth.
    pub fn health(&self) -> ClockHealth {
        self.read().1
    }

    /// Returns the number of other clocks that this machine's is compared with.
    pub fn compared(&self) -> usize {
        let reading = self.reading();
        self.seen().clock.compared(reading)
    }

    /// Returns the time by this machine's own clock, as its peers are told it.
    pub fn own(&self) -> Timestamp {
        let reading = self.reading();
        self.seen().clock.own(reading)
    }

    /// Takes what a peer's clock shows now.
    pub fn hear(&self, peer: PublicKey, theirs: Timestamp) {
        let reading = self.reading();
        self.seen().clock.hear(peer, theirs, reading);
        // What follows from it is written down at once.
        self.read();
    }

    /// Returns how far a linked peer's clock is ahead of the time that is judged by, in milliseconds, if it was heard.
    pub fn ahead_ms_of(&self, peer: &PublicKey) -> Option<i64> {
        let (moment, reading) = (self.now(), self.reading());
        self.seen().clock.ahead_of(peer, moment, reading)
    }

    /// Takes note that a moment is past: a machine that starts without knowing the date goes by others' as soon as it hears one.
    pub fn is_past(&self, moment: Timestamp) {
        self.seen().clock.is_past(moment);
    }

    /// Lets time pass for this clock and its clones.
    pub fn shift_ms(&self, ms: i64) {
        self.passed_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets this clock and its clones, as a person at the machine's settings would.
    pub fn set_ms(&self, ms: i64) {
        self.set_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn read(&self) -> (RuleTime, ClockHealth) {
        let reading = self.reading();
        let mut seen = self.seen();
        let (moment, health) = seen.clock.read(reading);
        if health.is_news_after(seen.told) {
            seen.told = health;
            match clock_off(health, seen.clock.compared(reading)) {
                Some(words) => tracing::warn!(ahead_ms = health.ahead_ms(), "{words}"),
                None => tracing::info!("this machine's clock agrees with the others' again"),
            }
        }
        (moment, health)
    }

    fn reading(&self) -> ClockReading {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        let passed = self.passed_ms.load(Ordering::Relaxed);
        let up_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        ClockReading {
            wall: Timestamp(ms.saturating_add_signed(passed + self.set_ms.load(Ordering::Relaxed))),
            up_ms: up_ms.saturating_add(passed),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.rule.lock().expect("nothing panics while it holds this")
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
