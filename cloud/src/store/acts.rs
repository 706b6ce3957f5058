//! What the store is asked about acts: adding one at the end, and reading on.

use usher_keys::Timestamp;

use crate::acts::Act;
use crate::ids::OrganizerId;

/// Asks to write down an act at the end of an organizer's.
#[derive(Debug, Clone)]
pub struct NewAct {
    /// Whose it is.
    pub organizer: OrganizerId,
    /// The time.
    pub at: Timestamp,
    /// What it says.
    pub act: Act,
}

/// Asks for the lines of an organizer's acts.
#[derive(Debug, Clone, Copy)]
pub struct ActsQuery {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// The number of the line after which to begin; 0 for all.
    pub after: u64,
    /// Lines at most.
    pub limit: u32,
}
