//! What a device is given, and how it knows that the maker of its code gives it; storing it is left to others.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::secret::{EnrolmentKey, EnrolmentMac};
use super::{EnrolmentCode, EnrolmentError, MAX_UPLINKS};
use crate::bundle::{SignedBundle, TrustBundle};
use crate::certificate::DeviceIdentity;
use crate::codec;
use crate::ident::{EventId, Timestamp};
use crate::key::PublicKey;

/// What a device is given: its certificate, what to believe, whom to link to, and how people call what it joins.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentGrant {
    pub identity: DeviceIdentity,
    /// The newest trust bundle.
    pub bundle: SignedBundle,
    pub event: EventId,
    /// How people call the event; unknown to a hub that has not heard of it yet.
    pub event_name: Option<String>,
    /// How people call the event's gates, as far as the issuer knows.
    pub gates: Vec<NamedGate>,
    /// Where to link to, as `host:port`.
    pub uplink: Vec<String>,
    /// The hub that granted, if a hub did.
    pub hub_name: Option<String>,
}

/// A gate and how people call it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedGate {
    pub id: u16,
    pub name: String,
}

impl EnrolmentGrant {
    /// Seals the grant for the device that holds the code: nobody on the way can change what it is told.
    pub fn seal(self, key: &EnrolmentKey) -> SealedGrant {
        let mac = key.of_grant(&codec::encode(&self));
        SealedGrant { grant: self, mac }
    }

    fn check(
        &self,
        code: &EnrolmentCode,
        device: &PublicKey,
        now: Timestamp,
    ) -> Result<TrustBundle, EnrolmentError> {
        let bundle = self.bundle.verify(code.roots())?;
        let certificate = self.identity.verify(&bundle, now)?;
        if self.event != code.event() || bundle.event != code.event() || certificate.device != *device {
            return Err(EnrolmentError::OtherDevice);
        }
        if self.uplink.len() > MAX_UPLINKS {
            return Err(EnrolmentError::TooManyUplinks);
        }
        Ok(bundle)
    }
}

/// A grant as it travels.
///
/// **Shape**: a JSON object, the answer to `POST {url}/v1/enrolments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedGrant {
    /// What is granted.
    pub grant: EnrolmentGrant,
    /// Proves that the maker of the code grants it.
    pub mac: EnrolmentMac,
}

impl SealedGrant {
    /// Checks the grant against the code, the roots it pinned and our own key, and gives it with its bundle.
    ///
    /// # Errors
    ///
    /// [`EnrolmentError`].
    pub fn verify(
        self,
        code: &EnrolmentCode,
        device: &PublicKey,
        now: Timestamp,
    ) -> Result<(EnrolmentGrant, TrustBundle), EnrolmentError> {
        let bundle = self.grant.check(code, device, now)?;
        // Last, so that roots, event or time that do not fit are named as what they are.
        if code.secret().key().of_grant(&codec::encode(&self.grant)) != self.mac {
            return Err(EnrolmentError::GrantAltered);
        }
        Ok((self.grant, bundle))
    }
}
