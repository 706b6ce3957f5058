//! What is asked and told of halted events: nothing is sold or ordered for them, because the database may be an older copy.

use usher_keys::{EventId, Timestamp};
use usher_protocol::log::Head;

/// Why nothing is sold or ordered for an event: the database may be an older copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// Since when that is known.
    pub since: Timestamp,
    /// The head of the authority's own log that a device was seen to hold beyond what was stored then, whether or not it has come
    /// back since; none if the database was restored and nobody has shown more yet.
    pub past: Option<Head>,
}

/// Asks to halt every event, because the database was restored.
#[derive(Debug, Clone, Copy)]
pub struct HaltAll {
    /// The time.
    pub now: Timestamp,
}

/// Asks to end the halt of an event, unless more has become known since.
#[derive(Debug, Clone)]
pub struct Resume {
    /// The event.
    pub event: EventId,
    /// What is known of the halt.
    pub known: Halt,
}

/// Asks to halt an event and to note that a device holds more of the authority's own log than is stored.
#[derive(Debug, Clone)]
pub struct NoteOwnPast {
    /// The event.
    pub event: EventId,
    /// The head that the device holds; it is verified.
    pub head: Head,
    /// The time.
    pub now: Timestamp,
}
