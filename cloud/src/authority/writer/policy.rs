//! Bringing the policy that gates go by up to what the organizer has decided.

use usher_protocol::policy::Policy;
use usher_protocol::record::Body;

use super::{Draft, LogWriter};
use crate::authority::AuthorityError;
use crate::catalogue::EventStatus;
use crate::local_time;

/// Counts an event's policies, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVersion(pub u32);

impl LogWriter {
    /// Writes the policy that is stored down as the next version, unless it is the one in force; a draft's is nobody's
    /// concern yet.
    ///
    /// It is read here and not handed in: of two changes at the same time, the one that was stored last is written last.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn publish_policy(&mut self) -> Result<Option<PolicyVersion>, AuthorityError> {
        self.catch_up().await?;
        let event = self.parts.store.event(self.parts.event).await?;
        let version = match event.filter(|event| event.status == EventStatus::Published) {
            Some(event) => {
                let labels = self.parts.store.layout(event.id).await?.labels();
                let policy = Policy {
                    labels: Some(labels),
                    ..event.policy
                };
                let policy = local_time::with_offsets(policy, event.starts_at, event.ends_at);
                Some(self.write_policy(policy).await?)
            }
            None => None,
        };
        // With the event's end the devices' moves.
        self.renew_certificates().await?;
        Ok(version)
    }

    async fn write_policy(&mut self, policy: Policy) -> Result<PolicyVersion, AuthorityError> {
        let version = match self.ledger.state().policy() {
            Some((version, held)) if *held == policy => return Ok(PolicyVersion(version)),
            held => held.map_or(1, |(version, _)| version.saturating_add(1)),
        };
        let mut draft = Draft::default();
        self.write(&mut draft, Body::Policy { version, policy })?;
        self.commit(draft).await?;
        Ok(PolicyVersion(version))
    }
}
