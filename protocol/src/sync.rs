//! The messages of a sync session and their limits; the session itself is in [`session`], the connection is the link's.

pub mod copies;
pub mod exchange;
pub mod offer;
pub mod outbox;
pub mod parts;
mod quiet;
pub mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{Decode, Encode};
use usher_keys::codec::{self, CodecError};
use usher_keys::{DeviceIdentity, EventId, Signature, SignedBundle, Timestamp};

use crate::assurance::Assurance;
use crate::fork::ForkProof;
use crate::ident::Origin;
use crate::ledger::{Ledger, MAX_STORED_LOGS};
use crate::log::{Hash, Head, Run, Tail};
use parts::Part;

pub use exchange::{Close, Context, Input, LoadError, NotStored, Notice, Output, SessionConfig};
pub use session::Session;

/// Largest frame, in bytes: a part of a checkpoint or a run with one record at the limit, with room.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// Protocol versions this build speaks.
pub const VERSIONS: VersionRange = VersionRange {
    lowest: 2,
    highest: 2,
};
/// Most logs a peer may name: more than an honest replica keeps, so that no liar can make one look like a liar too.
pub const MAX_LOGS: usize = MAX_STORED_LOGS + 512;

/// The protocol versions a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct VersionRange {
    pub lowest: u16,
    pub highest: u16,
}

impl VersionRange {
    /// Returns the highest version both speak.
    pub fn common(self, other: Self) -> Option<u16> {
        let highest = self.highest.min(other.highest);
        (highest >= self.lowest.max(other.lowest)).then_some(highest)
    }
}

/// Where a peer's copy of a log ends, with the origin's signature there if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Held {
    pub origin: Origin,
    /// Up to where.
    pub tail: Tail,
    /// The origin's signature of the head there; missing right behind a checkpoint.
    pub signature: Option<Signature>,
}

impl Held {
    /// Returns the head, if there is a signature.
    pub fn head(&self) -> Option<Head> {
        Some(Head {
            origin: self.origin,
            tail: self.tail,
            signature: self.signature?,
        })
    }

    /// Returns what a ledger holds of every log.
    pub fn all_of(ledger: &Ledger) -> Vec<Self> {
        let heads = ledger.heads().into_iter();
        let mut heads: BTreeMap<_, _> = heads.map(|head| (head.origin, head)).collect();
        let tails = ledger.tails().into_iter().filter(|(_, tail)| tail.seq.0 > 0);
        let held = tails.map(|(origin, tail)| Self {
            origin,
            tail,
            signature: heads
                .remove(&origin)
                .filter(|head| head.tail == tail)
                .map(|head| head.signature),
        });
        held.collect()
    }
}

impl From<Head> for Held {
    fn from(head: Head) -> Self {
        Self {
            origin: head.origin,
            tail: head.tail,
            signature: Some(head.signature),
        }
    }
}

/// The first message of each side.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// Versions spoken.
    pub versions: VersionRange,
    /// The event this is about.
    pub event: EventId,
    pub identity: DeviceIdentity,
    /// The newest trust bundle it knows.
    pub bundle: SignedBundle,
    /// What it holds.
    pub held: Vec<Held>,
    /// Whether the sender has heard the receiver's hello; one that has not is told again.
    pub heard_yours: bool,
}

/// Why a side says goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Farewell {
    /// No protocol version in common: one side must be updated.
    NoCommonVersion,
    /// The events differ.
    OtherEvent,
    /// The certificate is refused (expired, revoked, not for this key or not for this event).
    NotWelcome,
    /// The peer sent what no honest peer sends.
    BadMessage,
    /// Nothing was heard for too long.
    Silent,
    /// The program is shutting down.
    Leaving,
}

/// One message; each travels in one frame. The order of variants is the wire format: only ever append.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// Who I am, what I hold.
    Hello(Box<Hello>),
    /// What I hold now; also the acknowledgement of what was stored.
    Have(Vec<Held>),
    /// Records you lack; shared, because a crowd of peers may lack the same ones.
    Run(Arc<Run>),
    /// A part of the state up to a vector, for a peer that holds nothing yet.
    Checkpoint(Part),
    /// A newer trust bundle.
    Bundle(SignedBundle),
    /// I am here.
    Beat {
        /// Hash over the vector I hold.
        digest: Hash,
        /// My own clock.
        clock: Timestamp,
        /// The newest that I know of.
        assurance: Option<Assurance>,
    },
    /// What you hold is not what I thought: tell me all.
    Recap,
    /// Goodbye.
    Bye(Farewell),
    /// An origin has two histories, of which nobody takes my written word.
    Fork(Box<ForkProof>),
}

impl Message {
    /// Returns the frame's body.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a frame's body.
    ///
    /// # Errors
    ///
    /// [`CodecError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode::<MAX_FRAME_BYTES, _>(bytes)
    }

    /// Returns the versions that the sender of a frame speaks, if it is a hello, also one of a version that we cannot read: so
    /// that the sender is told which side to update.
    pub fn versions_in(bytes: &[u8]) -> Option<VersionRange> {
        let (kind, versions): (u32, VersionRange) = codec::decode_front::<MAX_FRAME_BYTES, _>(bytes).ok()?;
        (kind == 0).then_some(versions)
    }
}
