//! What this process knows of an event's free seats between one claim and the next. It is a guess, which the store corrects: nobody
//! gets a seat because it stands here.

use std::sync::{Arc, Mutex, MutexGuard};

use usher_keys::Timestamp;

use super::best_available::FreeSeats;

/// The free seats of an event, as far as this process knows; clones share them.
#[derive(Debug, Clone, Default)]
pub struct KnownSeats(Arc<Mutex<Option<SeatsRead>>>);

impl PartialEq for KnownSeats {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for KnownSeats {}

/// Free seats that were read from the store, and claims that were made since.
#[derive(Debug)]
pub struct SeatsRead {
    pub free: FreeSeats,
    /// When they were read.
    pub at: Timestamp,
}

impl SeatsRead {
    /// Returns how long ago they were read, in milliseconds.
    pub fn age_ms(&self, now: Timestamp) -> u64 {
        now.0.abs_diff(self.at.0)
    }
}

impl KnownSeats {
    /// Lends what is known, to one claim at a time; nothing before the first.
    ///
    /// # Panics
    ///
    /// After a claim has panicked.
    pub fn lend(&self) -> MutexGuard<'_, Option<SeatsRead>> {
        self.0.lock().expect("no claim panics")
    }
}
