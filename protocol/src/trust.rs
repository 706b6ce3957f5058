//! What a replica believes: its pinned roots, the newest bundle, and whether a peer may talk; loading and storing is the shell's.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::{
    BundleError, Certificate, CertificateError, DeviceIdentity, EventId, PublicKey, RootSet, SignedBundle,
    Timestamp, TrustBundle,
};

use crate::ident::Seq;
use crate::ticket::Keyring;

/// What the authority has said of the event's devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Register {
    /// The devices that belong to the event, each with its newest certificate.
    pub enrolled: BTreeMap<PublicKey, DeviceIdentity>,
    /// The devices nobody talks to any more, each with the last record of its log that counts.
    pub revoked: BTreeMap<PublicKey, Seq>,
}

impl Register {
    /// Tells whether a hub that was revoked since gave a device that certificate.
    pub fn is_of_revoked_hub(&self, identity: &DeviceIdentity) -> bool {
        let via = identity.via.as_ref();
        via.is_some_and(|via| self.revoked.contains_key(&via.certificate.device))
    }

    /// Tells whether the authority does not vouch for what a revoked hub certified.
    pub fn is_orphan(&self, identity: &DeviceIdentity) -> bool {
        let certificate = identity.unverified();
        let vouched = self.enrolled.get(&certificate.device);
        let is_covered = vouched.is_some_and(|vouched| vouched.unverified().covers(certificate));
        self.is_of_revoked_hub(identity) && !is_covered
    }
}

/// The trust of one event at one replica.
pub struct Trust {
    signed: SignedBundle,
    bundle: TrustBundle,
    keyring: Keyring,
}

/// Why a peer may not talk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeerError {
    /// The certificate names another key than the connection was made with.
    #[error("the certificate is for another key than the one this connection proved")]
    OtherKey,
    /// The device was revoked.
    #[error("the device was revoked")]
    Revoked,
    /// The certificate is refused.
    #[error("the certificate is refused")]
    Certificate(#[from] CertificateError),
}

impl Trust {
    /// Pins the roots and takes the first bundle.
    ///
    /// # Errors
    ///
    /// [`BundleError`].
    pub fn pin(roots: &RootSet, signed: SignedBundle) -> Result<Self, BundleError> {
        let bundle = signed.verify(roots)?;
        Ok(Self {
            keyring: Keyring::new(&bundle),
            signed,
            bundle,
        })
    }

    /// Takes a newer bundle, which the present bundle's roots must have signed.
    ///
    /// # Errors
    ///
    /// [`BundleError::NotNewer`] for the same or an older version, else as it fails.
    pub fn renew(&self, signed: SignedBundle) -> Result<Self, BundleError> {
        let offered = signed.unverified()?;
        if offered.version <= self.bundle.version {
            return Err(BundleError::NotNewer {
                held: self.bundle.version,
                offered: offered.version,
            });
        }
        if offered.event != self.bundle.event {
            return Err(BundleError::OtherEvent);
        }
        let next = Self::pin(&self.bundle.roots, signed)?;
        next.bundle.check_follows(&self.bundle)?;
        Ok(next)
    }

    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.bundle.event
    }

    /// Returns the bundle.
    pub fn bundle(&self) -> &TrustBundle {
        &self.bundle
    }

    /// Returns the bundle as it travels.
    pub fn signed(&self) -> &SignedBundle {
        &self.signed
    }

    /// Returns the keyring that verifies tickets.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Decides whether a peer may talk now: the key its connection proved, its certificate, and not revoked.
    ///
    /// A certificate that is refused is no harm when the authority has given the same key a newer one since.
    ///
    /// # Errors
    ///
    /// [`PeerError`].
    pub fn check_peer<'a>(
        &self,
        (identity, proven): (&'a DeviceIdentity, PublicKey),
        register: &'a Register,
        now: Timestamp,
    ) -> Result<&'a Certificate, PeerError> {
        if identity.unverified().device != proven {
            return Err(PeerError::OtherKey);
        }
        if register.revoked.contains_key(&proven) || register.is_orphan(identity) {
            return Err(PeerError::Revoked);
        }
        let renewed = register.enrolled.get(&proven);
        identity.verify(&self.bundle, now).or_else(|refused| {
            let renewed = renewed.ok_or(refused.clone())?;
            Ok(renewed.verify(&self.bundle, now).map_err(|_| refused)?)
        })
    }
}
