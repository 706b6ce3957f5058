//! What is asked of waiting rooms in the store, as plain values.

use usher_keys::{EventId, Timestamp};

use crate::selling::jobs::LeaseHolder;

use super::RoomTerms;

/// Opens a waiting room, or changes what is said of it.
#[derive(Debug, Clone)]
pub struct SetRoom {
    pub event: EventId,
    pub terms: RoomTerms,
    /// The secret of a room that is new, sealed.
    pub sealed: Vec<u8>,
    /// And its commitment.
    pub commitment: [u8; 32],
}

/// Gives out passes, in the order of their hashes.
#[derive(Debug, Clone)]
pub struct JoinRoom {
    pub event: EventId,
    /// SHA-256 of the id of each pass.
    pub passes: Vec<[u8; 32]>,
}

/// Lets the pass of a number through, if it is its turn.
#[derive(Debug, Clone, Copy)]
pub struct LetThrough {
    pub event: EventId,
    pub number: u64,
    pub now: Timestamp,
}

/// What becomes of a pass that asks to be let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetThroughOutcome {
    /// There is no waiting room.
    NoRoom,
    /// It is not its turn.
    Waits,
    /// Its holder may hold places until then; asking again changes nothing.
    Through(Timestamp),
    /// Its time is over: whoever still wants places waits anew.
    Spent,
}

/// Raises the threshold, if nobody else is the one who does.
#[derive(Debug, Clone, Copy)]
pub struct SteerRoom {
    pub event: EventId,
    /// Who would.
    pub holder: LeaseHolder,
    /// How long the store took for what was written last, in milliseconds.
    pub latency_ms: u64,
    /// How many places are free.
    pub free: u64,
    pub now: Timestamp,
}

/// Publishes the root of a lobby that is closed.
#[derive(Debug, Clone, Copy)]
pub struct PublishRoot {
    pub event: EventId,
    pub root: [u8; 32],
}

/// Gives the beacon of a draw, with which its seed becomes known.
#[derive(Debug, Clone)]
pub struct DrawLobby {
    pub event: EventId,
    pub seed: [u8; 32],
    pub beacon: String,
}

/// Asks for hashes of the lobby's passes.
#[derive(Debug, Clone, Copy)]
pub struct LobbyQuery {
    pub event: EventId,
    /// The number of the first one.
    pub from: u64,
}

/// Puts the secret of a room that is sealed anew in place of what it was.
#[derive(Debug, Clone)]
pub struct ResealRoom {
    pub event: EventId,
    pub was: Vec<u8>,
    pub sealed: Vec<u8>,
}
