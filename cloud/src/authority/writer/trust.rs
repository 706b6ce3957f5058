//! Taking a trust bundle that the organizer's roots have signed, and saying everything anew when the authority's own key has changed.

use std::sync::Arc;

use usher_keys::SignedBundle;
use usher_protocol::Seq;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::ruling::restatement;
use usher_protocol::record::{Body, Record};

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::authority::upload::{self, UploadError, UploadGrounds};
use crate::store::authority::RunQuery;

/// What became of an uploaded bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadOutcome {
    /// It is in force, now or before.
    InForce {
        /// Its version.
        version: u64,
    },
    /// It is refused.
    Refused(UploadError),
}

impl LogWriter {
    /// Takes the next version of the trust bundle, whoever brings it: the roots' signatures speak for it.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn renew_trust(&mut self, signed: SignedBundle) -> Result<UploadOutcome, AuthorityError> {
        self.catch_up().await?;
        let held = Arc::clone(self.ledger.trust());
        if signed == *held.signed() {
            // Whoever took it may have failed before it had said all anew.
            self.restate().await?;
            self.make_up_for().await?;
            let version = held.bundle().version;
            return Ok(UploadOutcome::InForce { version });
        }
        let (event, now) = (self.parts.event, self.now());
        let keys = self.parts.keys.event_keys(event).await?;
        let known = UploadGrounds {
            event,
            held: Some(&held),
            keys: &keys,
            now,
        };
        let version = match upload::store(&self.parts.store, signed, &known).await? {
            Ok(version) => version,
            Err(refused) => return Ok(UploadOutcome::Refused(refused)),
        };
        self.catch_up().await?;
        self.restate().await?;
        self.make_up_for().await?;
        Ok(UploadOutcome::InForce { version })
    }

    /// Says what could not be said while no key might sign. Where one is still missing, the bundle is in force all the same.
    async fn make_up_for(&mut self) -> Result<(), AuthorityError> {
        self.vouch_for_all().await;
        match self.publish_policy().await {
            Ok(_) => Ok(()),
            // The next start makes up for it.
            Err(AuthorityError::OldCopy) => Ok(()),
            Err(AuthorityError::NoKey { purpose }) => {
                tracing::warn!(event = %self.parts.event, %purpose, "no key may sign: gates have not heard of the newest policy");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Says again, in a new authority's log, all that its predecessor said and still holds: from then on only this log counts.
    pub(in crate::authority) async fn restate(&mut self) -> Result<(), AuthorityError> {
        let me = self.ledger.me();
        if self.is_heard() || self.ledger.tail(&me).seq.0 > 0 || self.halt.is_some() {
            return Ok(());
        }
        let forks = self.forks_told_before().await?;
        let Some(words) = restatement(self.ledger.state(), forks) else {
            tracing::error!(
                event = %self.parts.event,
                "the event's authority has said something that only a later version of this program understands: update it, or nothing can be ordered with the new key"
            );
            return Ok(());
        };
        let mut draft = Draft::default();
        for body in words {
            self.write_unheard(&mut draft, body)?;
        }
        self.commit(draft).await
    }

    /// Returns the proofs of forks that stand in the logs of other authority keys.
    async fn forks_told_before(&self) -> Result<Vec<ForkProof>, AuthorityError> {
        let (event, me) = (self.parts.event, self.ledger.me());
        let keys = self.ledger.trust().bundle().authority_keys.iter();
        let others = keys.map(|key| key.key).filter(|key| *key != me);
        let mut proofs = Vec::new();
        for origin in others {
            let mut after = Seq(0);
            while let Some(run) = self.parts.store.run(RunQuery { event, origin, after }).await? {
                after = run.head.tail.seq;
                proofs.extend(run.records.iter().filter_map(|record| fork_told(record)));
            }
        }
        Ok(proofs)
    }
}

fn fork_told(record: &[u8]) -> Option<ForkProof> {
    if let Body::ForkSeen(proof) = Record::from_bytes(record).ok()?.body {
        return Some(*proof);
    }
    None
}
