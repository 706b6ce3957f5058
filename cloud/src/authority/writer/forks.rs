//! Origins with two histories: writing them down with the proof, saying which history counts, and fetching that one.

use usher_keys::PublicKey;
use usher_protocol::Origin;
use usher_protocol::fork::ForkProof;
use usher_protocol::log::Tail;
use usher_protocol::record::Body;

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::store::StoreError;
use crate::store::authority::{DropLog, RunQuery};

/// Which of two histories counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForkHistory {
    /// The one that the cloud holds.
    Held,
    /// The other one.
    Other,
}

/// What became of settling a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleOutcome {
    /// From now on that history counts.
    Settled(Tail),
    /// There is no such device, or it has one history only.
    NotForked,
}

impl LogWriter {
    /// Writes down that an origin has two histories, once.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn report_fork(&mut self, found: ForkProof) -> Result<(), AuthorityError> {
        self.catch_up().await?;
        let origin = found.origin();
        if !self.ledger.is_news(&found) {
            return Ok(());
        }
        tracing::warn!(event = %self.parts.event, %origin, seq = %found.one.tail.seq, "an origin has two histories");
        let mut draft = Draft::default();
        self.write(&mut draft, Body::ForkSeen(Box::new(found)))?;
        self.commit(draft).await
    }

    /// Takes down a person's word which history of a device counts; the device goes on from there.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn settle_fork(
        &mut self,
        device: PublicKey,
        history: ForkHistory,
    ) -> Result<SettleOutcome, AuthorityError> {
        self.catch_up().await?;
        let state = self.ledger.state();
        let fork = state.forks().find(|fork| fork.origin == device).copied();
        let Some(fork) = fork.filter(|_| state.is_frozen(&device)) else {
            return Ok(SettleOutcome::NotForked);
        };
        let held = self.hash_at(&device, fork.seq).await?;
        let ours = fork.hashes.into_iter().find(|hash| Some(*hash) == held);
        let chosen = match history {
            ForkHistory::Held => ours,
            ForkHistory::Other => fork.hashes.into_iter().find(|hash| Some(*hash) != ours),
        };
        let Some(hash) = chosen else {
            return Ok(SettleOutcome::NotForked);
        };
        let tail = Tail { seq: fork.seq, hash };
        let mut draft = Draft::default();
        let body = Body::ForkSettled { origin: device, tail };
        self.write(&mut draft, body)?;
        self.commit(draft).await?;
        self.drop_other_histories().await;
        Ok(SettleOutcome::Settled(tail))
    }

    async fn hash_at(
        &self,
        origin: &Origin,
        seq: usher_protocol::Seq,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let tail = self.ledger.tail(origin);
        if tail.seq == seq {
            return Ok(Some(tail.hash));
        }
        let query = RunQuery {
            event: self.parts.event,
            origin: *origin,
            after: seq,
        };
        Ok(self.parts.store.run(query).await?.map(|run| run.base.hash))
    }

    /// Drops our copies of histories that do not count, so that those that do are fetched. What fails is tried again at the
    /// next occasion.
    pub(super) async fn drop_other_histories(&mut self) {
        if let Err(error) = self.try_to_drop().await {
            tracing::error!(error = &error as &dyn std::error::Error, event = %self.parts.event, "a copy that does not count was not dropped");
        }
    }

    async fn try_to_drop(&mut self) -> Result<(), AuthorityError> {
        for (origin, tail) in self.ledger.copies_in_question() {
            if self.hash_at(&origin, tail.seq).await? != Some(tail.hash) {
                let event = self.parts.event;
                self.parts.store.drop_log(DropLog { event, origin }).await?;
            }
        }
        self.catch_up().await
    }
}
