//! What a record can say, and its bytes; chaining and signing records is the log's, folding them into state the state's.

use bincode::{Decode, Encode};
use usher_keys::codec::{self, CodecError};
use usher_keys::{DeviceIdentity, PublicKey};

use crate::admission::Refused;
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, Seq, TierId, Unit, ZoneId};
use crate::policy::Policy;

/// Largest record, in bytes: a policy with every part at its limit.
pub const MAX_RECORD_BYTES: usize = 96 * 1024;
/// Longest name or reason a person gives for an override, in bytes.
pub const MAX_WORDS_BYTES: usize = 200;

/// One record of a log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// When it was written.
    pub hlc: Hlc,
    /// What it says.
    pub body: Body,
}

impl Record {
    /// Gives the bytes that are chained, stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a record.
    ///
    /// **Errors**: [`CodecError`]; a record of a later version is kept and relayed by its bytes, but not understood.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode::<MAX_RECORD_BYTES, _>(bytes)
    }
}

/// People passing a gate with one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Passage {
    /// The scan that let them pass.
    pub scan: ScanId,
    /// The ticket's unit.
    pub unit: Unit,
    /// The ticket's generation.
    pub generation: Generation,
    /// The ticket's tier.
    pub tier: TierId,
    /// How many people the ticket admits.
    pub admits: u8,
    /// How many pass now.
    pub persons: u8,
    /// The gate.
    pub gate: GateId,
    /// The zone behind the gate.
    pub zone: ZoneId,
}

/// A scan that let nobody pass.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// The scan.
    pub scan: ScanId,
    /// The ticket's unit and generation.
    pub ticket: (Unit, Generation),
    /// The gate.
    pub gate: GateId,
    /// Why.
    pub why: Refused,
}

/// What a record says. The order of variants is the wire format: only ever append.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// Authority: the policy in force.
    Policy {
        /// Rises with each change.
        version: u32,
        /// The policy.
        policy: Policy,
    },
    /// Authority: the hubs that share the units among them.
    Roster {
        /// Rises with each change.
        epoch: u32,
        /// The hubs.
        hubs: Vec<PublicKey>,
    },
    /// Authority: only this generation of the unit's ticket is valid from now on (transfer, reissue).
    Superseded {
        /// The unit.
        unit: Unit,
        /// The newest generation.
        generation: Generation,
    },
    /// Authority: this ticket is void.
    Revoked {
        /// The unit.
        unit: Unit,
        /// The generation that is void.
        generation: Generation,
    },
    /// Authority: this ticket is valid again.
    Reinstated {
        /// The unit.
        unit: Unit,
        /// The generation that is valid again.
        generation: Generation,
    },
    /// Authority: this device belongs to the event.
    DeviceEnrolled {
        /// Its certificate.
        identity: DeviceIdentity,
    },
    /// Authority: nobody talks to this device any more.
    DeviceRevoked {
        /// The device.
        device: PublicKey,
    },
    /// Authority: this hub will never admit anyone again; a person vouches for it.
    HubRetired {
        /// The hub.
        hub: PublicKey,
    },
    /// Device: the first record of a log, and again when the certificate was renewed.
    Opened {
        /// The writer's certificate.
        identity: DeviceIdentity,
    },
    /// Hub: decides by this roster from here on.
    RosterAdopted {
        /// The roster's epoch.
        epoch: u32,
    },
    /// Device: let people in.
    Admitted(Passage),
    /// Device: let people out.
    Exited(Passage),
    /// Device: let nobody pass.
    Refused(Refusal),
    /// Device: a supervisor let people in against the rules.
    Overridden {
        /// Who passed.
        passage: Passage,
        /// The supervisor, at most [`MAX_WORDS_BYTES`].
        by: String,
        /// The reason given, at most [`MAX_WORDS_BYTES`].
        why: String,
    },
    /// Hub or authority: saw two histories of one origin.
    ForkSeen {
        /// The origin.
        origin: Origin,
        /// The record number at which they differ, as far as is known.
        seq: Seq,
        /// The two chain hashes there, the smaller first.
        hashes: [[u8; 32]; 2],
    },
}

impl Body {
    /// Tells whether only an authority may write this.
    pub fn is_authority(&self) -> bool {
        match self {
            Self::Policy { .. }
            | Self::Roster { .. }
            | Self::Superseded { .. }
            | Self::Revoked { .. }
            | Self::Reinstated { .. }
            | Self::DeviceEnrolled { .. }
            | Self::DeviceRevoked { .. }
            | Self::HubRetired { .. } => true,
            Self::Opened { .. }
            | Self::RosterAdopted { .. }
            | Self::Admitted(_)
            | Self::Exited(_)
            | Self::Refused(_)
            | Self::Overridden { .. }
            | Self::ForkSeen { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
