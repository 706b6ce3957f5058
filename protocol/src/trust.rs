//! What a replica believes: its pinned roots, the newest bundle, and whether a peer may talk; loading and storing is the shell's.

use std::collections::BTreeSet;

use thiserror::Error;
use usher_keys::{
    BundleError, Certificate, CertificateError, DeviceIdentity, EventId, PublicKey, RootSet, SignedBundle,
    Timestamp, TrustBundle,
};

use crate::ticket::Keyring;

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
    /// **Errors**: [`BundleError`].
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
    /// **Errors**: [`BundleError::NotNewer`] for the same or an older version, else as it fails.
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
        Self::pin(&self.bundle.roots, signed)
    }

    /// Gives the event.
    pub fn event(&self) -> EventId {
        self.bundle.event
    }

    /// Gives the bundle.
    pub fn bundle(&self) -> &TrustBundle {
        &self.bundle
    }

    /// Gives the bundle as it travels.
    pub fn signed(&self) -> &SignedBundle {
        &self.signed
    }

    /// Gives the keyring that verifies tickets.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Decides whether a peer may talk now: the key its connection proved, its certificate, and not revoked.
    ///
    /// **Errors**: [`PeerError`].
    pub fn check_peer<'a>(
        &self,
        identity: &'a DeviceIdentity,
        proven: PublicKey,
        revoked: &BTreeSet<PublicKey>,
        now: Timestamp,
    ) -> Result<&'a Certificate, PeerError> {
        let certificate = identity.verify(&self.bundle, now)?;
        if certificate.device != proven {
            return Err(PeerError::OtherKey);
        }
        let via_revoked = identity
            .via
            .as_ref()
            .is_some_and(|via| revoked.contains(&via.certificate.device));
        if revoked.contains(&certificate.device) || via_revoked {
            return Err(PeerError::Revoked);
        }
        Ok(certificate)
    }
}
