//! How a fresh machine becomes a device: the code a person carries, the request and the grant; sending and storing them is left to others.

mod grant;
mod request;
mod secret;

use std::fmt;
use std::str::FromStr;

use bincode::{Decode, Encode};
use data_encoding::BASE64URL_NOPAD;
use thiserror::Error;

pub use grant::{EnrolmentGrant, NamedGate, SealedGrant};
pub use request::{ENROLMENT_VERSION, EnrolmentAsked, EnrolmentRequest};
pub use secret::{EnrolmentId, EnrolmentKey, EnrolmentMac, EnrolmentSecret};

use crate::bundle::{BundleError, RootSet};
use crate::certificate::{CertificateError, MAX_NAME_BYTES};
use crate::codec::{self, CodecError};
use crate::ident::EventId;

/// What every enrolment code begins with, so that nobody takes it for something else.
pub const CODE_PREFIX: &str = "usher-enrol:";
/// Longest base URL in a code, in bytes.
pub const MAX_URL_BYTES: usize = 200;
/// Largest code, in bytes before its text form: sixteen roots and the longest URL.
pub const MAX_CODE_BYTES: usize = 1024;
/// Most addresses a grant names: every hub of the largest venue.
pub const MAX_UPLINKS: usize = 64;

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
    /// An id or a proof is not 32 bytes in hexadecimal.
    #[error("an enrolment's id and mac are 64 lower-case hexadecimal digits each")]
    NotHex,
    /// A device needs a name that fits a status page row.
    #[error("a device's name has 1 to {MAX_NAME_BYTES} bytes")]
    BadName,
    /// The asker's program is of an older version of the protocol.
    #[error(
        "the program on the device is too old: it enrols by version {version} of the protocol, and this one by version \
         {ENROLMENT_VERSION}. Update the program on the device, then enrol with the same code"
    )]
    OlderProgram {
        /// The version it speaks.
        version: u64,
    },
    /// The asker's program is of a later version of the protocol.
    #[error(
        "the program on the device is newer than this one: it enrols by version {version} of the protocol, and this one by \
         version {ENROLMENT_VERSION}. Update this one, or enrol at a machine that is up to date"
    )]
    NewerProgram {
        /// The version it speaks.
        version: u64,
    },
    /// The asker does not hold the key it asks a certificate for.
    #[error("the request is not signed by the device's own key")]
    BadProof,
    /// The request was not made with the code, or not as it arrived.
    #[error(
        "the request was altered on its way, or not made with this code: try again over a network you trust"
    )]
    Altered,
    /// The grant was not made with the code, or not as it arrived.
    #[error("the answer was altered on its way: try again with the same code, over a network you trust")]
    GrantAltered,
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
    /// # Errors
    ///
    /// [`EnrolmentError::BadUrl`], [`EnrolmentError::Bundle`] for impossible roots.
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

    /// Returns the base URL to enrol at, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Returns the roots to pin.
    pub fn roots(&self) -> &RootSet {
        &self.roots
    }

    /// Returns the one-time secret.
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

#[cfg(test)]
mod tests;
