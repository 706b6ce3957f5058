//! Device certificates: who may speak as hub, scanner or cloud of an event, and what it may do; enrolment itself is left to others.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bundle::TrustBundle;
use crate::codec;
use crate::ident::{EventId, Timestamp, Window};
use crate::key::{Domain, PublicKey, SecretKey, Signature};

/// Longest device name, in bytes: fits a status page row.
pub const MAX_NAME_BYTES: usize = 64;
/// Most gates one certificate can name; none named means every gate.
pub const MAX_GATES: usize = 64;

/// What a device is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The cloud, in its role as a replica on the network.
    Cloud,
    /// A gate-agent on a venue machine.
    Hub,
    /// A reading device.
    Scanner,
}

/// What a device may do beyond its role.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// May enrol scanners by signing their certificates (hubs only).
    pub enrol_scanners: bool,
    /// May override a refusal with a supervisor's name and reason.
    pub override_refusals: bool,
}

/// What an issuer says about a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub event: EventId,
    /// The device's public key, which is also its name as origin.
    pub device: PublicKey,
    pub role: Role,
    /// How people call it, at most [`MAX_NAME_BYTES`].
    pub name: String,
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
    /// What else it may do.
    pub capabilities: Capabilities,
    /// When it is valid; after that the device dies by itself.
    pub window: Window,
}

impl Certificate {
    /// Signs the certificate.
    pub fn sign(self, issuer: &SecretKey) -> SignedCertificate {
        let signature = issuer.sign(Domain::Certificate, &codec::encode(&self));
        SignedCertificate {
            certificate: self,
            issuer: issuer.public(),
            signature,
        }
    }

    /// Tells whether the device may serve that gate.
    pub fn serves(&self, gate: u16) -> bool {
        self.gates.is_empty() || self.gates.contains(&gate)
    }

    /// Tells whether another certificate of the same device lets it do no more than this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.device == other.device && self.role == other.role && self.has_powers_of(other)
    }

    /// Tells whether the other certificate has no gate and no capability that this one lacks.
    fn has_powers_of(&self, other: &Self) -> bool {
        let gates_within = self.gates.is_empty()
            || (!other.gates.is_empty() && other.gates.iter().all(|gate| self.serves(*gate)));
        let (ours, theirs) = (self.capabilities, other.capabilities);
        gates_within
            && (ours.enrol_scanners || !theirs.enrol_scanners)
            && (ours.override_refusals || !theirs.override_refusals)
    }

    /// Tells whether this device may sign that certificate: hubs enrol scanners, and give away no more than they have.
    pub fn may_enrol(&self, other: &Self) -> bool {
        self.role == Role::Hub
            && self.capabilities.enrol_scanners
            && other.role == Role::Scanner
            && !other.capabilities.enrol_scanners
            && self.has_powers_of(other)
    }
}

/// A certificate with its issuer's signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificate {
    /// What is said.
    pub certificate: Certificate,
    /// Who says it: an issuing key of the bundle, or a hub with the capability to enrol scanners.
    pub issuer: PublicKey,
    /// The issuer's signature over the encoded certificate.
    pub signature: Signature,
}

/// A device's certificate and, when a hub issued it, that hub's certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceIdentity {
    /// The device's own certificate.
    pub certificate: SignedCertificate,
    /// The certificate of the hub that issued it, if a hub did.
    pub via: Option<SignedCertificate>,
}

/// Why a certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// It is for another event.
    #[error("the certificate is for another event")]
    OtherEvent,
    /// Nobody the bundle trusts signed it.
    #[error("the certificate's issuer is not trusted")]
    UnknownIssuer,
    /// The issuer's key was struck out.
    #[error("the certificate's issuer was struck out")]
    StruckIssuer,
    /// The signature does not verify.
    #[error("the certificate's signature does not verify")]
    BadSignature,
    /// The issuing hub may not enrol this kind of device.
    #[error("the issuing hub may not enrol this device")]
    IssuerNotAllowed,
    /// Its name is too long or it names too many gates.
    #[error("the certificate's name is over {MAX_NAME_BYTES} bytes or it names over {MAX_GATES} gates")]
    OverLimit,
    /// It has expired.
    #[error(
        "the certificate has ended: enrol the device anew, or set this machine's clock right if it is ahead"
    )]
    OutOfWindow,
}

impl DeviceIdentity {
    /// Returns the certificate, unchecked.
    pub fn unverified(&self) -> &Certificate {
        &self.certificate.certificate
    }

    /// Checks signatures and capabilities, whatever the time: for logs, whose authors may have expired since.
    ///
    /// # Errors
    ///
    /// [`CertificateError`].
    pub fn verify_chain(&self, bundle: &TrustBundle) -> Result<&Certificate, CertificateError> {
        let issuer = bundle
            .issuing_key(&self.root_issuer())
            .ok_or(CertificateError::UnknownIssuer)?;
        if issuer.is_struck() {
            return Err(CertificateError::StruckIssuer);
        }
        self.verify_signatures(bundle)
    }

    /// Tells whether an issuing key stands behind it, be it struck out by now: for what logs say of their writers, which
    /// must not mean one thing before a key was struck and another after.
    pub fn was_issued(&self, bundle: &TrustBundle) -> bool {
        bundle.issuing_key(&self.root_issuer()).is_some() && self.verify_signatures(bundle).is_ok()
    }

    /// Returns the key that must be one of the bundle's issuing keys.
    pub fn root_issuer(&self) -> PublicKey {
        self.via
            .as_ref()
            .map_or(self.certificate.issuer, |via| via.issuer)
    }

    fn verify_signatures(&self, bundle: &TrustBundle) -> Result<&Certificate, CertificateError> {
        let own = &self.certificate;
        if let Some(via) = &self.via {
            let hub = verify_one(via, bundle)?;
            if !hub.may_enrol(&own.certificate) || hub.device != own.issuer {
                return Err(CertificateError::IssuerNotAllowed);
            }
        }
        verify_one(own, bundle)
    }

    /// Checks the chain and that nothing of it has ended by that moment: for anyone who wants to talk. That it begins later only says
    /// that a clock is behind, and whose it is comes out when they talk.
    ///
    /// # Errors
    ///
    /// [`CertificateError`].
    pub fn verify(&self, bundle: &TrustBundle, now: Timestamp) -> Result<&Certificate, CertificateError> {
        let certificate = self.verify_chain(bundle)?;
        let via = self.via.as_ref().map(|via| via.certificate.window);
        let issuer = bundle.issuing_key(&self.root_issuer()).map(|key| key.window);
        let windows = [Some(certificate.window), via, issuer];
        if windows.into_iter().flatten().any(|window| window.has_ended(now)) {
            return Err(CertificateError::OutOfWindow);
        }
        Ok(certificate)
    }
}

fn verify_one<'a>(
    signed: &'a SignedCertificate,
    bundle: &TrustBundle,
) -> Result<&'a Certificate, CertificateError> {
    let certificate = &signed.certificate;
    if certificate.event != bundle.event {
        return Err(CertificateError::OtherEvent);
    }
    if certificate.name.len() > MAX_NAME_BYTES || certificate.gates.len() > MAX_GATES {
        return Err(CertificateError::OverLimit);
    }
    signed
        .issuer
        .verify(
            Domain::Certificate,
            &codec::encode(certificate),
            &signed.signature,
        )
        .map_err(|_| CertificateError::BadSignature)?;
    Ok(certificate)
}

#[cfg(test)]
mod tests;
