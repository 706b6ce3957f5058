//! What a supervisor says against the records by a PIN: what a scanner asks of a hub, and what comes of it; whether it may be is the ledger's to say.

use bincode::{Decode, Encode};
use usher_keys::Timestamp;

use crate::admission::Direction;
use crate::ident::{GateId, ZoneId};
use crate::pin::Pin;
use crate::record::Passage;

/// What is to be corrected.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Correction {
    /// Nobody passed by the last scan of a ticket, that way.
    Undo {
        /// The text of the ticket's code.
        code: Vec<u8>,
        direction: Direction,
        why: String,
    },
    /// So many people are in a zone now.
    Count { zone: ZoneId, inside: u32 },
}

/// A correction, with the PIN that proves it at a hub which knows the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PinnedCorrection {
    pub correction: Correction,
    /// The supervisor, under the name that the hub knows.
    pub by: String,
    pub pin: Pin,
}

/// What came of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum CorrectionOutcome {
    /// That scan no longer counts.
    Undone(AnnulledScan),
    /// It goes on counting.
    NotUndone(NotAnnulled),
    /// The zone holds as many as were counted.
    Counted,
    /// It holds as many as before.
    NotCounted(NotCounted),
    /// The hub does not hear all others, so that somebody could be counted twice.
    HubsMissing,
}

/// A scan that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct AnnulledScan {
    /// How many people had passed by it, from 1.
    pub persons: u8,
    pub gate: GateId,
    /// When it was judged.
    pub at: Timestamp,
}

impl From<&Passage> for AnnulledScan {
    fn from(passage: &Passage) -> Self {
        Self {
            persons: passage.persons.max(1),
            gate: passage.gate,
            at: passage.at,
        }
    }
}

/// Why a scan is not annulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum NotAnnulled {
    /// Nobody passed by it: it was annulled or given up before, or the code is no ticket.
    NobodyPassed,
    /// It was so long ago that a supervisor must say so.
    TooLate,
    /// Clocks are so far apart that nobody can tell whether it was in time: a supervisor must say so.
    ClockInDoubt,
    /// Its people have gone on or out since, or others have come in on their places.
    WentOn,
    /// It is not ours to annul, or our log is not to be written.
    NotAllowed,
}

/// Why a count is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum NotCounted {
    /// The policy knows no such zone.
    NoSuchZone,
    /// Our certificate does not let us say so, or our log is not to be written.
    NotAllowed,
}
