//! Checkpoints: the state up to a vector, signed by an authority, so that a new hub is ready from kilobytes; when to make one is the cloud's.

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::codec::{self, CodecError};
use usher_keys::{Domain, EventId, SecretKey, Signature, Timestamp};

use crate::ident::{Hlc, Origin};
use crate::log::Tail;
use crate::state::{State, Summary};
use crate::trust::Trust;

/// Largest checkpoint, in bytes: a frame holds it.
pub const MAX_CHECKPOINT_BYTES: usize = 768 * 1024;
/// How long a passage stays whole in checkpoints, in milliseconds: a scanner and a hub that both recorded one scan have
/// merged within a quarter of an hour, unless they were cut off.
pub const RECENT_MS: u64 = 15 * 60 * 1000;
/// Most passages that stay whole in a checkpoint, the newest: some 300 KiB, so that one made while everybody comes in at
/// once is still within [`MAX_CHECKPOINT_BYTES`].
pub const MAX_RECENT_PASSAGES: usize = 4_000;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Checkpoint {
    /// The event.
    pub event: EventId,
    /// When it was made.
    pub at: Timestamp,
    /// Where each log stood: records up to there are summed up in it.
    pub covered: Vec<(Origin, Tail)>,
    /// The state there.
    pub summary: Summary,
}

/// A checkpoint with an authority's signature over its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedCheckpoint {
    /// The authority.
    pub authority: Origin,
    /// The encoded checkpoint.
    pub bytes: Vec<u8>,
    /// The authority's signature.
    pub signature: Signature,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// No trusted authority signed it.
    #[error("a checkpoint that no trusted authority signed")]
    NotSigned,
    /// It does not decode.
    #[error("a checkpoint that does not decode")]
    Malformed(#[source] CodecError),
    /// It is of another event.
    #[error("a checkpoint of another event")]
    OtherEvent,
    /// This replica has records already and needs none.
    #[error("a checkpoint for a replica that already has records")]
    NotFresh,
}

impl Checkpoint {
    /// Sums a state up.
    pub fn of(state: &State, covered: Vec<(Origin, Tail)>, now: Timestamp) -> Self {
        let earliest = Hlc {
            ms: now.0.saturating_sub(RECENT_MS),
            count: 0,
        };
        let recent_from = Summary::recent_from(state, earliest, MAX_RECENT_PASSAGES);
        Self {
            event: state.event(),
            at: now,
            covered,
            summary: Summary::of(state, Some(recent_from)),
        }
    }

    /// Signs it as an authority.
    pub fn sign(&self, authority: &SecretKey) -> SignedCheckpoint {
        let bytes = codec::encode(self);
        let signature = authority.sign(Domain::Checkpoint, &bytes);
        SignedCheckpoint {
            authority: authority.public(),
            bytes,
            signature,
        }
    }
}

impl SignedCheckpoint {
    /// Verifies who signed it and takes it apart.
    ///
    /// **Errors**: [`CheckpointError`].
    pub fn verify(&self, trust: &Trust) -> Result<Checkpoint, CheckpointError> {
        let known = trust
            .bundle()
            .authority_key(&self.authority)
            .is_some_and(|key| !key.is_struck());
        let signed = known
            && self
                .authority
                .verify(Domain::Checkpoint, &self.bytes, &self.signature)
                .is_ok();
        if !signed {
            return Err(CheckpointError::NotSigned);
        }
        let checkpoint: Checkpoint =
            codec::decode::<MAX_CHECKPOINT_BYTES, _>(&self.bytes).map_err(CheckpointError::Malformed)?;
        if checkpoint.event != trust.event() {
            return Err(CheckpointError::OtherEvent);
        }
        if !checkpoint.summary.is_readable() {
            return Err(CheckpointError::Malformed(CodecError::Malformed));
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests;
