//! Taking a trust bundle that the organizer's roots have signed, and saying everything anew when the authority's own key has changed.

use std::sync::Arc;

use usher_keys::SignedBundle;
use usher_protocol::record::Body;

use super::{Draft, Scribe};
use crate::authority::AuthorityError;
use crate::authority::upload::{self, Checked, Known, UploadError};
use crate::store::authority::{NewBundle, NewBundleOutcome, PinnedBundle};
use crate::store::selling::TicketState;

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
    /// Takes the next version of the trust bundle, whoever brings it: the roots' signatures speak for it.
    ///
    /// **Errors**: [`AuthorityError`].
    pub async fn renew_trust(&mut self, signed: SignedBundle) -> Result<UploadOutcome, AuthorityError> {
        self.ready().await?;
        let held = Arc::clone(self.ledger.trust());
        if signed == *held.signed() {
            let version = held.bundle().version;
            return Ok(UploadOutcome::InForce { version });
        }
        let (event, now) = (self.parts.event, self.now());
        let keys = self
            .parts
            .vault
            .in_background(move |vault| vault.event_keys(event))
            .await?;
        let known = Known {
            event,
            held: Some(&held),
            keys: &keys,
            now,
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
        // Whatever becomes of it: what is stored counts from here on.
        self.is_sound = false;
        match self
            .parts
            .store
            .add_bundle(NewBundle {
                event,
                version,
                bundle,
                now,
            })
            .await?
        {
            NewBundleOutcome::NotNewer => Err(AuthorityError::Conflict),
            NewBundleOutcome::Added => {
                self.ready().await?;
                self.restate().await?;
                Ok(UploadOutcome::InForce { version })
            }
        }
    }

    /// Says again, in a new authority's log, all that the log of a struck one said: fresh devices will not listen to that.
    pub(super) async fn restate(&mut self) -> Result<(), AuthorityError> {
        let begins = self.ledger.tail(&self.ledger.me()).seq.0 == 0;
        let state = self.ledger.state();
        let has_predecessor = state.policy().is_some() || state.devices().next().is_some();
        if !begins || !has_predecessor {
            return Ok(());
        }
        let mut draft = Draft::default();
        for body in self.standing_words().await? {
            self.write(&mut draft, body)?;
        }
        self.commit(draft).await
    }

    async fn standing_words(&self) -> Result<Vec<Body>, AuthorityError> {
        let state = self.ledger.state();
        let policy = state.policy().map(|(version, policy)| Body::Policy {
            version: version.saturating_add(1),
            policy: policy.clone(),
        });
        let devices = state.devices().map(|identity| Body::DeviceEnrolled {
            identity: identity.clone(),
        });
        let roster = state.rosters().current().map(|(epoch, hubs)| Body::Roster {
            epoch: epoch.saturating_add(1),
            hubs: hubs.to_vec(),
        });
        let revoked = state
            .revoked_devices()
            .iter()
            .map(|device| Body::DeviceRevoked { device: *device });
        let retired = state
            .rosters()
            .retired()
            .iter()
            .map(|hub| Body::HubRetired { hub: *hub });
        let tickets = self.parts.store.changed_tickets(self.parts.event).await?;
        let tickets = tickets.into_iter().map(|(unit, generation, state)| match state {
            TicketState::Revoked => Body::Revoked { unit, generation },
            TicketState::Valid | TicketState::Superseded => Body::Superseded { unit, generation },
        });
        let words = policy
            .into_iter()
            .chain(devices)
            .chain(roster)
            .chain(revoked)
            .chain(retired);
        Ok(words.chain(tickets).collect())
    }
}
