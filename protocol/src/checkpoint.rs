//! Checkpoints: the state up to a vector, signed by an authority, so that a new hub need not verify all that was said before; when to make one is the cloud's.

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::codec::{self, CodecError};
use usher_keys::{Domain, EventId, SecretKey, Signature, Timestamp, TrustedKey};

use crate::ident::Origin;
use crate::log::Head;
use crate::state::{State, Summary};
use crate::trust::Trust;

/// Largest checkpoint, in bytes: some 300,000 passages. An event that has more sends its records instead.
pub const MAX_CHECKPOINT_BYTES: usize = 15 * 1024 * 1024;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Checkpoint {
    pub event: EventId,
    /// When it was made.
    pub at: Timestamp,
    /// The version of the trust bundle it was summed up by.
    pub bundle_version: u64,
    /// Where each log stood: records up to there are summed up in it.
    pub covered: Vec<Head>,
    /// The state there.
    pub summary: Summary,
}

/// A checkpoint with an authority's signature over its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedCheckpoint {
    pub authority: Origin,
    /// The encoded checkpoint.
    pub bytes: Vec<u8>,
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
    /// It was summed up by a trust bundle that is not here yet.
    #[error("a checkpoint by a newer trust bundle")]
    NewerTrust,
    /// This replica has records already and needs none.
    #[error("a checkpoint for a replica that already has records")]
    NotFresh,
}

impl Checkpoint {
    /// Sums a state up. Of the authorities' logs only that of the one in force is covered: the others count for nothing. Nor is
    /// a log with a record that was not understood, because of a key that is not known yet or of a later version: whoever begins
    /// here must be able to read it.
    pub fn of(state: &State, trust: &Trust, heads: Vec<Head>, now: Timestamp) -> Self {
        let bundle = trust.bundle();
        let left_out = state.not_wholly_read();
        let is_covered = |head: &Head| {
            let is_authority = bundle.authority_key(&head.origin).is_some();
            let in_force = state.authority() == Some(head.origin);
            (!is_authority || in_force) && !left_out.contains(&head.origin)
        };
        let mut summary = if left_out.is_empty() {
            Summary::of(state)
        } else {
            let mut read = state.clone();
            read.forget(&left_out);
            Summary::of(&read)
        };
        if state.authority().is_some_and(|one| left_out.contains(&one)) {
            // Nor an earlier one's word in its place.
            summary.forget_authority();
        }
        Self {
            event: state.event(),
            at: now,
            bundle_version: bundle.version,
            covered: heads.into_iter().filter(is_covered).collect(),
            summary,
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
    /// Verifies that an authority signed it which is trusted now and may speak for the one whose word it sums up, and takes it
    /// apart.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn verify(&self, trust: &Trust) -> Result<Checkpoint, CheckpointError> {
        let key = trust.bundle().authority_key(&self.authority);
        if key.is_none_or(TrustedKey::is_struck) {
            return Err(CheckpointError::NotSigned);
        }
        let checkpoint = self.verify_stored(trust)?;
        // Later keys take over from earlier ones, so an earlier one has no word to give for a later one.
        let keys = &trust.bundle().authority_keys;
        let place = |authority: &Origin| keys.iter().position(|key| key.key == *authority);
        let spoken_for = checkpoint.summary.authority();
        if spoken_for.is_some_and(|authority| place(authority) > place(&self.authority)) {
            return Err(CheckpointError::NotSigned);
        }
        Ok(checkpoint)
    }

    /// Verifies one that was adopted before; its authority's key may have been struck out since.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn verify_stored(&self, trust: &Trust) -> Result<Checkpoint, CheckpointError> {
        let known = trust.bundle().authority_key(&self.authority).is_some();
        let signed = || {
            self.authority
                .verify(Domain::Checkpoint, &self.bytes, &self.signature)
        };
        if !known || signed().is_err() {
            return Err(CheckpointError::NotSigned);
        }
        let checkpoint = self.unverified()?;
        if checkpoint.event != trust.event() {
            return Err(CheckpointError::OtherEvent);
        }
        if checkpoint.bundle_version > trust.bundle().version {
            return Err(CheckpointError::NewerTrust);
        }
        if !checkpoint.summary.is_sound() {
            return Err(CheckpointError::Malformed(CodecError::Malformed));
        }
        Ok(checkpoint)
    }

    /// Takes it apart without believing it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Malformed`].
    pub fn unverified(&self) -> Result<Checkpoint, CheckpointError> {
        codec::decode::<MAX_CHECKPOINT_BYTES, _>(&self.bytes).map_err(CheckpointError::Malformed)
    }
}

#[cfg(test)]
mod tests;
