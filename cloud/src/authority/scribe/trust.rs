//! Taking a trust bundle that the organizer's roots have signed: stored first, then used and passed on.

use std::sync::Arc;

use usher_keys::SignedBundle;

use super::Scribe;
use crate::authority::AuthorityError;
use crate::authority::upload::{self, Checked, Known, UploadError};
use crate::authority::vault::EventKeys;
use crate::store::authority::{NewBundle, NewBundleOutcome, PinnedBundle};

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

impl Scribe {
    /// Takes the next version of the trust bundle.
    pub async fn renew_trust(
        &mut self,
        signed: SignedBundle,
        keys: EventKeys,
    ) -> Result<UploadOutcome, AuthorityError> {
        self.ready().await?;
        let held = Arc::clone(self.ledger.trust());
        let version = held.bundle().version;
        if signed == *held.signed() {
            return Ok(UploadOutcome::InForce { version });
        }
        let known = Known {
            event: self.parts.event,
            held: Some(&held),
            keys: &keys,
            now: self.now(),
        };
        let Checked { trust, roots } = match upload::check(signed, &known) {
            Ok(checked) => checked,
            Err(refused) => return Ok(UploadOutcome::Refused(refused)),
        };
        let version = trust.bundle().version;
        let bundle = PinnedBundle {
            roots,
            signed: trust.signed().clone(),
        };
        let request = NewBundle {
            event: self.parts.event,
            version,
            bundle,
            now: self.now(),
        };
        match self.parts.store.add_bundle(request).await? {
            NewBundleOutcome::NotNewer => Err(AuthorityError::Conflict),
            NewBundleOutcome::Added => {
                self.keys = keys;
                self.believe(Arc::new(trust)).await?;
                Ok(UploadOutcome::InForce { version })
            }
        }
    }

    async fn believe(&mut self, trust: Arc<usher_protocol::trust::Trust>) -> Result<(), AuthorityError> {
        let identity = self.identity_under(&trust)?;
        self.rebuild_with(Arc::clone(&trust)).await?;
        self.install_ticket_key();
        self.view.trust_in(trust, identity);
        Ok(())
    }
}
