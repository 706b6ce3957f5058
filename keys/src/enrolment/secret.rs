//! The secret of an enrolment code and what is derived from it: the name it goes by, and the key that both sides prove it with; the secret itself never travels.

use std::fmt;

use bincode::{Decode, Encode};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::EnrolmentError;

/// What separates the derivations from each other and from everything else that is hashed.
///
/// **Source**: `docs/PROTOCOL.md`, Enrolment.
const ID_CONTEXT: &str = "usher/enrolment/2 id";
const KEY_CONTEXT: &str = "usher/enrolment/2 key";
const GRANT_CONTEXT: &str = "usher/enrolment/2 grant";

/// The one-time secret of an enrolment code: 16 bytes from a secure random source.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct EnrolmentSecret(pub [u8; 16]);

impl EnrolmentSecret {
    /// Returns the name the code goes by in requests and stores.
    pub fn id(&self) -> EnrolmentId {
        EnrolmentId(blake3::derive_key(ID_CONTEXT, &self.0))
    }

    /// Returns the key with which the device proves that it holds the code, and the issuer that it made it.
    pub fn key(&self) -> EnrolmentKey {
        EnrolmentKey(blake3::derive_key(KEY_CONTEXT, &self.0))
    }
}

impl fmt::Debug for EnrolmentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentSecret(..)")
    }
}

/// Names an enrolment code: a hash of its secret, which tells nothing of it.
///
/// **Shape**: 64 lower-case hexadecimal digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrolmentId(pub [u8; 32]);

impl TryFrom<String> for EnrolmentId {
    type Error = EnrolmentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex(&text).map(Self)
    }
}

impl From<EnrolmentId> for String {
    fn from(id: EnrolmentId) -> Self {
        HEXLOWER.encode(&id.0)
    }
}

/// The key of an enrolment code: whoever holds it can enrol one device, so its store is as private as a code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EnrolmentKey(pub [u8; 32]);

impl EnrolmentKey {
    /// Authenticates a request.
    pub(super) fn of_request(&self, body: &[u8]) -> EnrolmentMac {
        EnrolmentMac(blake3::keyed_hash(&self.0, body))
    }

    /// Authenticates a grant; with a key of its own, so that neither can ever stand for the other.
    pub(super) fn of_grant(&self, body: &[u8]) -> EnrolmentMac {
        let key = blake3::derive_key(GRANT_CONTEXT, &self.0);
        EnrolmentMac(blake3::keyed_hash(&key, body))
    }
}

impl fmt::Debug for EnrolmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentKey(..)")
    }
}

/// What only a holder of the code's key can make: a keyed BLAKE3 hash. Comparing two takes the same time wherever they differ.
///
/// **Shape**: 64 lower-case hexadecimal digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrolmentMac(blake3::Hash);

impl TryFrom<String> for EnrolmentMac {
    type Error = EnrolmentError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex(&text).map(|bytes| Self(bytes.into()))
    }
}

impl From<EnrolmentMac> for String {
    fn from(mac: EnrolmentMac) -> Self {
        HEXLOWER.encode(mac.0.as_bytes())
    }
}

fn hex(text: &str) -> Result<[u8; 32], EnrolmentError> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(EnrolmentError::NotHex)
}
