//! What a record can say, and its bytes; chaining and signing records is the log's, folding them into state the state's.

use bincode::{Decode, Encode};
use thiserror::Error;
use usher_keys::codec::{self, CodecError};
use usher_keys::{DeviceIdentity, PublicKey, Timestamp};

use crate::admission::Refused;
use crate::chain::{Hash, Tail};
use crate::fork::ForkProof;
use crate::ident::{GateId, Generation, Hlc, Origin, ScanId, ScanSecret, Seq, TierId, Unit, ZoneId};
use crate::policy::Policy;
use crate::ticket::Rejection;
use crate::ticket::foreign::{self, ForeignList};

/// Largest record, in bytes: a policy with every part at its limit.
pub const MAX_RECORD_BYTES: usize = 96 * 1024;
/// Longest name or reason a person gives for an override, in bytes.
pub const MAX_WORDS_BYTES: usize = 200;
/// Most counterparts of a passage: a group that came in one by one, on every level.
pub const MAX_COUNTERPARTS: usize = 64;
/// How many kinds of record this build knows.
const KINDS: u32 = 24;

/// One record of a log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// When it was written.
    pub hlc: Hlc,
    critical: bool,
    /// What it says.
    pub body: Body,
}

/// Why bytes are no record that this build understands.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unread {
    /// A later version wrote it.
    #[error("a record of a kind that this build does not know: update it")]
    Later {
        /// When it was written.
        hlc: Hlc,
        /// Whether going on without it could let the wrong people in.
        critical: bool,
    },
    /// No version writes such bytes.
    #[error("bytes that are no record")]
    Malformed(#[source] CodecError),
}

/// What every version finds at the front of a record.
#[derive(Encode, Decode)]
struct Front {
    hlc: Hlc,
    critical: bool,
    kind: u32,
}

impl Record {
    /// Makes a record.
    pub fn new(hlc: Hlc, body: Body) -> Self {
        Self {
            hlc,
            critical: body.is_authority(),
            body,
        }
    }

    /// Returns the bytes that are chained, stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Unread`]; a record of a later version is kept and relayed by its bytes, but not understood.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unread> {
        let error = match codec::decode::<MAX_RECORD_BYTES, Self>(bytes) {
            Ok(record) if record.critical == record.body.is_authority() => return Ok(record),
            Ok(_) => CodecError::NotCanonical,
            Err(error) => error,
        };
        match codec::decode_front::<MAX_RECORD_BYTES, Front>(bytes) {
            Ok(Front { hlc, critical, kind }) if kind >= KINDS => Err(Unread::Later { hlc, critical }),
            Ok(_) | Err(_) => Err(Unread::Malformed(error)),
        }
    }
}

/// An earlier entry with the same unit's ticket, and how many of its people a passage is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Counterpart {
    /// The scan by which they went in.
    pub scan: ScanId,
    /// How many of them.
    pub persons: u8,
}

/// Most logs that a count names: an event has 256 hubs at most, and there is the counter.
pub const MAX_COUNTED_LOGS: usize = 257;

/// Which places in a zone a hub has, and gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum PlacesOf {
    /// Those of the zone itself: so many people more it holds.
    Room,
    /// Those of the slot that this moment belongs to: so many people more may go in within it.
    TimeSlot(Timestamp),
    /// Those of every slot that begins then or later.
    TimeSlotsFrom(Timestamp),
}

/// People passing a gate with one ticket, as a log holds it: with the code that entitles them.
///
/// What the ticket says is not repeated beside the code, so that nobody can say anything else of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShownPassage {
    /// The scan that let them pass.
    pub scan: ScanId,
    /// The bytes of the code: the ticket's signed payload, with its moving part if it is a live one.
    pub code: Vec<u8>,
    /// How many pass now.
    pub persons: u8,
    pub gate: GateId,
    /// The zone behind the gate.
    pub zone: ZoneId,
    /// When it was judged, by the judge's rule time.
    pub at: Timestamp,
    /// For an exit, the entries it closes; for an entry, those that had to be over before it: at most [`MAX_COUNTERPARTS`].
    pub counterparts: Vec<Counterpart>,
}

impl ShownPassage {
    /// Takes the code apart without believing it.
    ///
    /// # Errors
    ///
    /// [`Rejection`] when it is no ticket at all.
    pub fn unverified(&self) -> Result<Passage, Rejection> {
        let ticket = foreign::told(&self.code)?;
        Ok(Passage {
            scan: self.scan,
            unit: ticket.unit,
            generation: ticket.generation,
            tier: ticket.tier,
            admits: ticket.admits,
            persons: self.persons,
            gate: self.gate,
            zone: self.zone,
            at: self.at,
            counterparts: self.counterparts.clone(),
        })
    }
}

/// People passing a gate with one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Passage {
    /// The scan that let them pass.
    pub scan: ScanId,
    pub unit: Unit,
    pub generation: Generation,
    pub tier: TierId,
    /// How many people the ticket admits.
    pub admits: u8,
    /// How many pass now.
    pub persons: u8,
    pub gate: GateId,
    /// The zone behind the gate.
    pub zone: ZoneId,
    /// When it was judged, by the judge's rule time.
    pub at: Timestamp,
    /// The earlier entries that it closes or follows.
    pub counterparts: Vec<Counterpart>,
}

/// A scan that let nobody pass.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    pub scan: ScanId,
    /// The ticket's unit and generation.
    pub ticket: (Unit, Generation),
    pub gate: GateId,
    pub why: Refused,
}

/// What a record says. The order of variants is the wire format: only ever append.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// Authority: the policy in force.
    Policy {
        /// Rises with each change.
        version: u32,
        policy: Policy,
    },
    /// Authority: the hubs that share the units among them.
    Roster {
        /// Rises with each change.
        epoch: u32,
        hubs: Vec<PublicKey>,
    },
    /// Authority: only this generation of the unit's ticket is valid from now on (transfer, reissue).
    Superseded {
        unit: Unit,
        /// The newest generation.
        generation: Generation,
    },
    /// Authority: this ticket is void.
    Revoked {
        unit: Unit,
        /// The generation that is void.
        generation: Generation,
    },
    /// Authority: this ticket is valid again.
    Reinstated {
        unit: Unit,
        /// The generation that is valid again.
        generation: Generation,
    },
    /// Authority: this device belongs to the event, whoever certified it first.
    DeviceEnrolled {
        /// Its newest certificate.
        identity: DeviceIdentity,
    },
    /// Authority: nobody talks to this device any more, and what its log says beyond that record counts for nothing.
    DeviceRevoked {
        device: PublicKey,
        /// The last record of its log that counts; a later word moves it.
        after: Seq,
    },
    /// Authority: this hub will never admit anyone again; a person vouches for it.
    HubRetired {
        hub: PublicKey,
        /// The hub to which its places in zones fall, if there is one.
        heir: Option<PublicKey>,
    },
    /// Authority: of an origin's two histories, the one through here counts.
    ForkSettled {
        origin: Origin,
        /// Where both its number and its hash are those of the history that counts.
        tail: Tail,
    },
    /// Authority: whatever an earlier authority key's log said and still holds was said again in this log.
    Restated,
    /// Device: the first record of a log, and again when the certificate was renewed.
    Opened { identity: DeviceIdentity },
    /// Hub: renews the certificate of a scanner it has enrolled.
    Renewed {
        /// The scanner's new certificate.
        identity: DeviceIdentity,
    },
    /// Hub: decides by this roster from here on.
    RosterAdopted {
        /// The roster's epoch.
        epoch: u32,
        /// The hash of its hubs, so that nobody can put another roster in its place.
        roster: Hash,
    },
    /// Device: let people in.
    Admitted(ShownPassage),
    /// Device: let people out.
    Exited(ShownPassage),
    /// Device: let nobody pass.
    Refused(Refusal),
    /// Device: a supervisor let people in against the rules.
    Overridden {
        /// Who passed.
        passage: ShownPassage,
        /// The supervisor, at most [`MAX_WORDS_BYTES`].
        by: String,
        /// The reason given, at most [`MAX_WORDS_BYTES`].
        why: String,
    },
    /// Anybody: an origin has two histories, and here is the proof.
    ForkSeen(Box<ForkProof>),
    /// Device: gave up waiting for others' answer to a scan of its own, and lets nobody in by it any more, whatever they say.
    Withdrawn {
        /// Who would have passed.
        passage: ShownPassage,
        /// What proves that the scan was its own.
        secret: ScanSecret,
    },
    /// Hub: says as the unit's home which entries an exit closes that named too few.
    ExitMatched {
        unit: Unit,
        exit: ScanId,
        /// The entries, at most [`MAX_COUNTERPARTS`].
        closes: Vec<Counterpart>,
    },
    /// Hub: gives another hub some of its own places in a zone.
    Lent {
        zone: ZoneId,
        /// The other hub.
        to: PublicKey,
        places: u32,
        /// Which places these are.
        of: PlacesOf,
    },
    /// Device: nobody passed by a scan that was answered with a yes: a mistake, or a turnstile that did not turn.
    Annulled {
        /// Who was taken to have passed; the time is that of the annulment.
        passage: ShownPassage,
        /// What entitles the writer to say so.
        right: RightToAnnul,
        /// Who says so, at most [`MAX_WORDS_BYTES`].
        by: String,
        /// The reason given, at most [`MAX_WORDS_BYTES`].
        why: String,
    },
    /// Hub or supervisor: somebody has counted the people in a zone.
    Counted {
        count: Count,
        /// Who counted, at most [`MAX_WORDS_BYTES`].
        by: String,
    },
    /// Authority: codes that another seller's tickets have, and what they entitle to.
    Foreign(ForeignList),
}

/// How many people were in a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Count {
    /// When, by the counter's rule time.
    pub at: Timestamp,
    pub zone: ZoneId,
    pub inside: u32,
    /// How far the logs of all hubs were known to the counter, and its own: at most [`MAX_COUNTED_LOGS`], in the order of their
    /// origins. What stands behind there comes on top, whatever the hub's clock said.
    pub heard: Vec<(Origin, Seq)>,
}

/// What entitles a device to annul a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RightToAnnul {
    /// The scan was its own.
    Reader(ScanSecret),
    /// A turnstile at this hub has shown what it made the scan's id of.
    Turnstile(ScanSecret),
    /// Its certificate lets it override refusals.
    Supervisor,
}

impl Body {
    /// Returns the passage that it tells of, if any, also one that did not come about.
    pub fn passage(&self) -> Option<&ShownPassage> {
        match self {
            Self::Admitted(passage)
            | Self::Exited(passage)
            | Self::Overridden { passage, .. }
            | Self::Withdrawn { passage, .. }
            | Self::Annulled { passage, .. } => Some(passage),
            Self::Policy { .. }
            | Self::Roster { .. }
            | Self::Superseded { .. }
            | Self::Revoked { .. }
            | Self::Reinstated { .. }
            | Self::DeviceEnrolled { .. }
            | Self::DeviceRevoked { .. }
            | Self::HubRetired { .. }
            | Self::ForkSettled { .. }
            | Self::Restated
            | Self::Foreign(_)
            | Self::Opened { .. }
            | Self::Renewed { .. }
            | Self::RosterAdopted { .. }
            | Self::Refused(_)
            | Self::ForkSeen(_)
            | Self::ExitMatched { .. }
            | Self::Lent { .. }
            | Self::Counted { .. } => None,
        }
    }

    /// Tells whether only an authority may write this. Such records are critical: whoever does not understand one must not
    /// go on as if it had not been said.
    pub fn is_authority(&self) -> bool {
        match self {
            Self::Policy { .. }
            | Self::Roster { .. }
            | Self::Superseded { .. }
            | Self::Revoked { .. }
            | Self::Reinstated { .. }
            | Self::DeviceEnrolled { .. }
            | Self::DeviceRevoked { .. }
            | Self::HubRetired { .. }
            | Self::ForkSettled { .. }
            | Self::Restated
            | Self::Foreign(_) => true,
            Self::Opened { .. }
            | Self::Renewed { .. }
            | Self::RosterAdopted { .. }
            | Self::Admitted(_)
            | Self::Exited(_)
            | Self::Refused(_)
            | Self::Overridden { .. }
            | Self::ForkSeen(_)
            | Self::Withdrawn { .. }
            | Self::ExitMatched { .. }
            | Self::Annulled { .. }
            | Self::Lent { .. }
            | Self::Counted { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
