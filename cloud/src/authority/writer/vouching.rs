//! Standing for devices: the cloud vouches for each one it hears of, so that no hub's end takes its scanners along, and renews certificates.

use std::collections::BTreeSet;

use usher_keys::{Certificate, DeviceIdentity, PublicKey, Purpose, TrustedKey};
use usher_protocol::Origin;
use usher_protocol::ledger::ruling;
use usher_protocol::record::Body;

use super::{Draft, LogWriter, RACES};
use crate::authority::AuthorityError;

impl LogWriter {
    /// Vouches for devices that others enrolled and whose logs are held, as after a start.
    pub(super) async fn vouch_for_all(&mut self) {
        let held = self.ledger.tails();
        self.vouch(held.into_iter().map(|(origin, _)| origin).collect())
            .await;
    }

    /// Vouches for devices that others enrolled, when their logs are heard of, and renews what they were given before the
    /// event's end moved: their hub may not have heard of that. Without a key that may sign now, nobody is vouched for until
    /// there is one; what else fails is tried again when their logs grow, or at the next start.
    pub(super) async fn vouch(&mut self, heard: Vec<Origin>) {
        for _ in 0..RACES {
            match self.try_to_vouch(&heard).await {
                Ok(()) => return,
                // Another process has vouched for some of them.
                Err(AuthorityError::Conflict) => self.follow().await,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, event = %self.parts.event, "new devices are not vouched for yet");
                    return;
                }
            }
        }
    }

    async fn try_to_vouch(&mut self, heard: &[Origin]) -> Result<(), AuthorityError> {
        let bundle = self.ledger.trust().bundle();
        let newcomers = ruling::devices_to_vouch_for(self.ledger.state(), bundle, heard);
        if newcomers.is_empty() || !self.may_write() {
            return Ok(());
        }
        let mut draft = Draft::default();
        for identity in newcomers {
            self.write(&mut draft, Body::DeviceEnrolled { identity })?;
        }
        self.commit(draft).await?;
        self.renew_certificates().await
    }

    /// Returns new certificates to devices whose own rests on a struck issuing key, and to those that last as long as the event,
    /// or as long as a hub that does, when its end has moved; both signed by the present key.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub(super) async fn renew_certificates(&mut self) -> Result<(), AuthorityError> {
        let trust = std::sync::Arc::clone(self.ledger.trust());
        let bundle = trust.bundle();
        let Some(issuer) = self.keys.in_use(Purpose::Issuing, bundle, self.now()).cloned() else {
            return Ok(());
        };
        let trusted = bundle.issuing_key(&issuer.public());
        let last = trusted.map(|trusted| trusted.window.until).unwrap_or_default();
        let until = self.certified_until(None).await?.min(last);
        let lasting: BTreeSet<_> = self
            .parts
            .store
            .lasting_devices(self.parts.event)
            .await?
            .into_iter()
            .collect();
        let renewed = |identity: &DeviceIdentity| {
            let issuer = bundle.issuing_key(&identity.root_issuer());
            let is_struck = issuer.is_none_or(TrustedKey::is_struck);
            let mut certificate = identity.unverified().clone();
            let ends_early = lasts_with_event(identity, &lasting) && certificate.window.until < until;
            if ends_early {
                certificate.window.until = until;
            }
            (is_struck || ends_early).then_some(certificate)
        };
        let register = self.ledger.state().register();
        let standing = register.enrolled.iter();
        let standing = standing.filter(|(device, _)| !register.revoked.contains_key(device));
        let certificates: Vec<Certificate> = standing.filter_map(|(_, identity)| renewed(identity)).collect();
        let mut draft = Draft::default();
        for certificate in certificates {
            let identity = DeviceIdentity {
                certificate: certificate.sign(&issuer),
                via: None,
            };
            self.write(&mut draft, Body::DeviceEnrolled { identity })?;
        }
        self.commit(draft).await
    }
}

/// Tells whether a device was enrolled to last as long as the event, by the cloud or by a hub whose own certificate does.
pub fn lasts_with_event(identity: &DeviceIdentity, lasting: &BTreeSet<PublicKey>) -> bool {
    let certificate = identity.unverified();
    let by_hub = identity.via.as_ref().is_some_and(|via| {
        let hub = &via.certificate;
        lasting.contains(&hub.device) && hub.window.until <= certificate.window.until
    });
    by_hub || lasting.contains(&certificate.device)
}
