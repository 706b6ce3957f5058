//! Device certificates: who may speak as hub, scanner or cloud of an event, and what it may do; enrolment itself is left to others.

mod identity;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::ident::{EventId, Window};
use crate::key::{Domain, PublicKey, SecretKey, Signature};

pub use identity::{CertificateError, DeviceIdentity};

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

#[cfg(test)]
mod tests;
