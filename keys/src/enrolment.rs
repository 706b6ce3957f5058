//! How a fresh machine becomes a device: the code a person types, the request and the grant; sending and storing them is left to others.

use std::fmt;
use std::str::FromStr;

use bincode::{Decode, Encode};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bundle::{BundleError, RootSet, SignedBundle, TrustBundle};
use crate::certificate::{CertificateError, DeviceIdentity, MAX_NAME_BYTES};
use crate::codec::{self, CodecError};
use crate::ident::{EventId, Timestamp};
use crate::key::{Domain, PublicKey, SecretKey, Signature};

/// What every enrolment code begins with, so that nobody takes it for something else.
pub const CODE_PREFIX: &str = "usher-enrol:";
/// Longest base URL in a code, in bytes.
pub const MAX_URL_BYTES: usize = 200;
/// Largest code, in bytes before its text form: sixteen roots and the longest URL.
pub const MAX_CODE_BYTES: usize = 1024;
/// Most addresses a grant names: every hub of the largest venue.
pub const MAX_UPLINKS: usize = 64;

/// The one-time secret of an enrolment code: 16 bytes from a secure random source.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrolmentSecret(pub [u8; 16]);

impl EnrolmentSecret {
    /// Gives what is stored in place of the secret.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }
}

impl fmt::Debug for EnrolmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentSecret(..)")
    }
}

impl TryFrom<String> for EnrolmentSecret {
    type Error = EnrolmentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let array = bytes.and_then(|bytes| bytes.try_into().ok());
        array.map(Self).ok_or(EnrolmentError::BadSecret)
    }
}

impl From<EnrolmentSecret> for String {
    fn from(secret: EnrolmentSecret) -> Self {
        HEXLOWER.encode(&secret.0)
    }
}

/// What a person carries to a fresh machine: where to enrol, for which event, whom to believe, and the right to do so once.
///
/// **Shape**: [`CODE_PREFIX`] and the encoded fields in base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnrolmentCode {
    url: String,
    event: EventId,
    roots: RootSet,
    secret: EnrolmentSecret,
}

/// Why a code, a request or a grant is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnrolmentError {
    /// The text does not begin like an enrolment code.
    #[error("not an enrolment code: it begins with {CODE_PREFIX}")]
    NotACode,
    /// The text behind the prefix is not the one form of a code.
    #[error("the enrolment code is incomplete or was altered: copy the whole of it")]
    Damaged,
    /// The fields of the code do not decode.
    #[error("the enrolment code does not decode: copy the whole of it")]
    Malformed(#[source] CodecError),
    /// The address is not one.
    #[error(
        "the address must begin with http:// or https:// and have at most {MAX_URL_BYTES} bytes, without spaces"
    )]
    BadUrl,
    /// A secret is not 16 bytes in hexadecimal.
    #[error("the secret of an enrolment is 32 hexadecimal digits")]
    BadSecret,
    /// A device needs a name that fits a status page row.
    #[error("a device's name has 1 to {MAX_NAME_BYTES} bytes")]
    BadName,
    /// The asker does not hold the key it asks a certificate for.
    #[error("the request is not signed by the device's own key")]
    BadProof,
    /// The roots or the bundle are refused.
    #[error("the trust bundle is refused")]
    Bundle(#[from] BundleError),
    /// The certificate is refused.
    #[error("the certificate is refused")]
    Certificate(#[from] CertificateError),
    /// The grant is for another event or another device than asked for.
    #[error("the grant is for another event or another device")]
    OtherDevice,
    /// The grant names too many addresses.
    #[error("the grant names more than {MAX_UPLINKS} addresses")]
    TooManyUplinks,
}

impl EnrolmentCode {
    /// Makes a code; a slash at the end of the address is dropped.
    ///
    /// **Errors**: [`EnrolmentError::BadUrl`], [`EnrolmentError::Bundle`] for impossible roots.
    pub fn new(
        url: &str,
        event: EventId,
        roots: RootSet,
        secret: EnrolmentSecret,
    ) -> Result<Self, EnrolmentError> {
        let url = url.trim_end_matches('/').to_owned();
        let code = Self {
            url,
            event,
            roots,
            secret,
        };
        code.check()?;
        Ok(code)
    }

    fn check(&self) -> Result<(), EnrolmentError> {
        let rest = self
            .url
            .strip_prefix("http://")
            .or_else(|| self.url.strip_prefix("https://"));
        let plain = self.url.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = self.url.len() <= MAX_URL_BYTES && !self.url.ends_with('/');
        if !plain || !fits || rest.is_none_or(str::is_empty) {
            return Err(EnrolmentError::BadUrl);
        }
        Ok(self.roots.check()?)
    }

    /// Gives the base URL to enrol at, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Gives the event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Gives the roots to pin.
    pub fn roots(&self) -> &RootSet {
        &self.roots
    }

    /// Gives the one-time secret.
    pub fn secret(&self) -> EnrolmentSecret {
        self.secret
    }
}

impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CODE_PREFIX}{}", BASE64URL_NOPAD.encode(&codec::encode(self)))
    }
}

impl FromStr for EnrolmentCode {
    type Err = EnrolmentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let body = text.strip_prefix(CODE_PREFIX).ok_or(EnrolmentError::NotACode)?;
        let bytes = BASE64URL_NOPAD
            .decode(body.as_bytes())
            .map_err(|_| EnrolmentError::Damaged)?;
        let code: Self = codec::decode::<MAX_CODE_BYTES, _>(&bytes).map_err(EnrolmentError::Malformed)?;
        code.check()?;
        Ok(code)
    }
}

/// What a fresh device asks: a certificate for the key it has just made.
///
/// **Shape**: a JSON object, the body of `POST {url}/v1/enrolments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The one-time secret of the code.
    pub secret: EnrolmentSecret,
    /// The device's public key.
    pub device: PublicKey,
    /// How people call the device.
    pub name: String,
    /// The device's signature over secret and key, so that nobody enrols a key that is not theirs.
    pub proof: Signature,
}

impl EnrolmentRequest {
    /// Makes the request of the device with that key.
    ///
    /// **Errors**: [`EnrolmentError::BadName`].
    pub fn new(secret: EnrolmentSecret, name: String, key: &SecretKey) -> Result<Self, EnrolmentError> {
        let device = key.public();
        let proof = key.sign(Domain::Enrolment, &codec::encode(&(secret, device)));
        let request = Self {
            secret,
            device,
            name,
            proof,
        };
        request.check_name()?;
        Ok(request)
    }

    /// Checks that whoever asks holds the key, and the name; whether the secret is good is the issuer's to know.
    ///
    /// **Errors**: [`EnrolmentError::BadName`], [`EnrolmentError::BadProof`].
    pub fn verify(&self) -> Result<(), EnrolmentError> {
        self.check_name()?;
        let body = codec::encode(&(self.secret, self.device));
        self.device
            .verify(Domain::Enrolment, &body, &self.proof)
            .map_err(|_| EnrolmentError::BadProof)
    }

    fn check_name(&self) -> Result<(), EnrolmentError> {
        let printable = !self.name.chars().any(char::is_control);
        if (1..=MAX_NAME_BYTES).contains(&self.name.len()) && printable {
            return Ok(());
        }
        Err(EnrolmentError::BadName)
    }
}

/// What a device is given: its certificate, what to believe and whom to link to.
///
/// **Shape**: a JSON object, the answer to `POST {url}/v1/enrolments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentGrant {
    /// The device's certificate.
    pub identity: DeviceIdentity,
    /// The newest trust bundle.
    pub bundle: SignedBundle,
    /// The event.
    pub event: EventId,
    /// Where to link to, as `host:port`.
    pub uplink: Vec<String>,
    /// The hub that granted, if a hub did.
    #[serde(default)]
    pub hub_name: Option<String>,
}

impl EnrolmentGrant {
    /// Checks the grant against the roots the code pinned and our own key, and gives the bundle.
    ///
    /// **Errors**: [`EnrolmentError`].
    pub fn verify(
        &self,
        code: &EnrolmentCode,
        device: &PublicKey,
        now: Timestamp,
    ) -> Result<TrustBundle, EnrolmentError> {
        let bundle = self.bundle.verify(code.roots())?;
        let certificate = self.identity.verify(&bundle, now)?;
        if self.event != code.event || bundle.event != code.event || certificate.device != *device {
            return Err(EnrolmentError::OtherDevice);
        }
        if self.uplink.len() > MAX_UPLINKS {
            return Err(EnrolmentError::TooManyUplinks);
        }
        Ok(bundle)
    }
}

#[cfg(test)]
mod tests;
