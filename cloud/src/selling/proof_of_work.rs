//! Proof of work: what whoever holds places of an event shows where its organizer asks for it, so that holding many costs something.

use usher_keys::Timestamp;

/// What a claimant has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShownProof {
    /// Nothing.
    #[default]
    Nothing,
    /// That their machine has worked.
    Work(WorkProof),
    /// That they read the mail of an address: whoever cannot have a machine work shows this instead.
    Address,
}

/// A challenge that was solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkProof {
    /// Which one.
    pub id: [u8; 32],
    /// Until when it is taken.
    pub until: Timestamp,
}
