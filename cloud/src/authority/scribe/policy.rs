//! Bringing the policy that gates go by up to what the organizer has decided.

use usher_protocol::policy::Policy;
use usher_protocol::record::Body;

use super::{Draft, Scribe};
use crate::authority::AuthorityError;

/// Counts an event's policies, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVersion(pub u32);

impl Scribe {
    /// Writes the policy down as the next version, unless it is the one in force.
    pub async fn decree(&mut self, policy: Policy) -> Result<PolicyVersion, AuthorityError> {
        self.ready().await?;
        let version = match self.ledger.state().policy() {
            Some((version, held)) if *held == policy => return Ok(PolicyVersion(version)),
            Some((version, _)) => version.saturating_add(1),
            None => 1,
        };
        let mut draft = Draft::default();
        self.write(&mut draft, Body::Policy { version, policy })?;
        self.commit(draft).await?;
        Ok(PolicyVersion(version))
    }
}
