//! Whose certificate to believe: the chain from a device by the hub that enrolled it to a key of the bundle.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Certificate, MAX_GATES, MAX_NAME_BYTES, SignedCertificate};
use crate::bundle::TrustBundle;
use crate::codec;
use crate::ident::Timestamp;
use crate::key::{Domain, PublicKey};

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
