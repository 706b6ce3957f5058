//! When a checkpoint is made: when a fresh replica asks and too much has happened since the last one.

use usher_keys::Purpose;
use usher_protocol::checkpoint::{Checkpoint, MAX_CHECKPOINT_BYTES, SignedCheckpoint};

use super::LogWriter;
use crate::authority::AuthorityError;
use crate::store::authority::{KeepCheckpoint, StoredCheckpoint};

/// How many new records make a checkpoint stale: the rest travels as one or two runs.
pub const CHECKPOINT_EVERY: u64 = 1_000;

impl LogWriter {
    /// Returns a checkpoint that is not stale; none when its key may not sign or it would be too large.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn checkpoint(&mut self) -> Result<Option<SignedCheckpoint>, AuthorityError> {
        self.catch_up().await?;
        let record_count = self.view.record_count();
        let fresh = |kept: &&StoredCheckpoint| {
            record_count.saturating_sub(kept.record_count) <= CHECKPOINT_EVERY
                && kept.signed.verify(self.ledger.trust()).is_ok()
        };
        if let Some(kept) = self.checkpoint.as_ref().filter(fresh) {
            return Ok(Some(kept.signed.clone()));
        }
        let Some(signed) = self.sum_up() else {
            return Ok(None);
        };
        let checkpoint = StoredCheckpoint { record_count, signed };
        let request = KeepCheckpoint {
            event: self.parts.event,
            checkpoint: checkpoint.clone(),
            now: self.now(),
        };
        self.parts.store.keep_checkpoint(request).await?;
        Ok(Some(self.checkpoint.insert(checkpoint).signed.clone()))
    }

    fn sum_up(&self) -> Option<SignedCheckpoint> {
        let now = self.now();
        let key = self
            .keys
            .in_use(Purpose::Authority, self.ledger.trust().bundle(), now)?;
        let (state, trust) = (self.ledger.state(), self.ledger.trust());
        let signed = Checkpoint::of(state, trust, self.ledger.heads(), now).sign(key);
        if signed.bytes.len() > MAX_CHECKPOINT_BYTES {
            tracing::warn!(event = %self.parts.event, bytes = signed.bytes.len(), "a checkpoint would be too large: fresh hubs are sent every record");
            return None;
        }
        Some(signed)
    }
}
