//! Where the time comes from: the machine's clock, which a test may shift; nobody else reads a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use usher_keys::Timestamp;

/// The wall clock, with an offset.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Gives the machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Tells the time.
    pub fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        Timestamp(ms.saturating_add_signed(self.offset_ms.load(Ordering::Relaxed)))
    }

    /// Shifts this clock and its clones, as a person at the machine's settings would.
    pub fn shift_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }
}
