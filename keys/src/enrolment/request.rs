//! What a fresh device asks: bound to its code, its key and its name, so that nobody on the way can ask for something else.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::secret::{EnrolmentId, EnrolmentKey, EnrolmentMac};
use super::{EnrolmentCode, EnrolmentError};
use crate::certificate::MAX_NAME_BYTES;
use crate::codec;
use crate::ident::EventId;
use crate::key::{Domain, PublicKey, SecretKey, Signature};

/// Asks for a certificate for the key a device has just made. Nothing in it is secret.
///
/// **Shape**: a JSON object, the body of `POST {url}/v1/enrolments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// Which code.
    pub id: EnrolmentId,
    /// The device's public key.
    pub device: PublicKey,
    /// How people call the device.
    pub name: String,
    /// Proves that the asker holds the code: over event, key and name.
    pub mac: EnrolmentMac,
    /// Proves that the asker holds the key: its signature over the same and the id.
    pub proof: Signature,
}

/// The version of what devices ask here; the label that a request is signed under names it too.
pub const ENROLMENT_VERSION: u64 = 2;

/// What a fresh device asks, whatever version of the protocol its program speaks.
///
/// **Shape**: a JSON object: an [`EnrolmentRequest`], or whatever says that it is of another version: of version 1 by its
/// member `secret`, of a later one by its member `version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolmentAsked {
    /// One of this version.
    Known(EnrolmentRequest),
    /// One of this other version, of which nothing else was read.
    OtherVersion(u64),
}

impl EnrolmentAsked {
    /// Returns the request if it is of this version.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::OlderProgram`], [`EnrolmentError::NewerProgram`].
    pub fn known(self) -> Result<EnrolmentRequest, EnrolmentError> {
        match self {
            Self::Known(request) => Ok(request),
            Self::OtherVersion(version) if version < ENROLMENT_VERSION => {
                Err(EnrolmentError::OlderProgram { version })
            }
            Self::OtherVersion(version) => Err(EnrolmentError::NewerProgram { version }),
        }
    }
}

impl<'de> Deserialize<'de> for EnrolmentAsked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(from)?;
        match other_version(&mut value) {
            Some(version) => Ok(Self::OtherVersion(version)),
            None => EnrolmentRequest::deserialize(value)
                .map(Self::Known)
                .map_err(Error::custom),
        }
    }
}

/// Returns the version of a request that is not of ours; one that says ours is read without it.
fn other_version(asked: &mut Value) -> Option<u64> {
    let members = asked.as_object_mut()?;
    if let Some(version) = members.get("version").and_then(Value::as_u64) {
        members.remove("version");
        return (version != ENROLMENT_VERSION).then_some(version);
    }
    members.contains_key("secret").then_some(1)
}

impl EnrolmentRequest {
    /// Makes the request of the device with that key.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::BadName`].
    pub fn new(code: &EnrolmentCode, name: String, key: &SecretKey) -> Result<Self, EnrolmentError> {
        check_name(&name)?;
        let (id, event, device) = (code.secret().id(), code.event(), key.public());
        let body = codec::encode(&(event, device, name.as_str()));
        Ok(Self {
            id,
            device,
            mac: code.secret().key().of_request(&body),
            proof: key.sign(
                Domain::Enrolment,
                &codec::encode(&(id, event, device, name.as_str())),
            ),
            name,
        })
    }

    /// Checks that whoever asks holds the code and the key, and that nobody has changed what was asked.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError::BadName`], [`EnrolmentError::Altered`], [`EnrolmentError::BadProof`].
    pub fn verify(&self, event: EventId, key: &EnrolmentKey) -> Result<(), EnrolmentError> {
        check_name(&self.name)?;
        let body = codec::encode(&(event, self.device, self.name.as_str()));
        if key.of_request(&body) != self.mac {
            return Err(EnrolmentError::Altered);
        }
        let body = codec::encode(&(self.id, event, self.device, self.name.as_str()));
        self.device
            .verify(Domain::Enrolment, &body, &self.proof)
            .map_err(|_| EnrolmentError::BadProof)
    }
}

fn check_name(name: &str) -> Result<(), EnrolmentError> {
    let printable = !name.chars().any(char::is_control);
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && printable {
        return Ok(());
    }
    Err(EnrolmentError::BadName)
}
