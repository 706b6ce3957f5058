//! What the store is asked by whoever looks for events, beside the search itself.

use usher_keys::Timestamp;

/// Asks for cities that have events.
#[derive(Debug, Clone)]
pub struct CitiesQuery {
    /// How they begin, folded into one word.
    pub begins: String,
    /// At most so many.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

/// Asks to take listings of past events away.
#[derive(Debug, Clone, Copy)]
pub struct ForgetListings {
    /// When they had ended.
    pub ended_by: Timestamp,
    /// At most so many.
    pub limit: u32,
}
