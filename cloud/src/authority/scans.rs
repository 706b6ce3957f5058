//! What the scan records of an event's devices say, one by one; what follows from all of them is the state's.

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::admission::Refused;
use usher_protocol::dating::{Dated, Dating};
use usher_protocol::record::{Body, Record, Refusal, ShownPassage};
use usher_protocol::{GateId, Generation, ScanId, Unit, ZoneId};

use crate::store::authority::StoredRecord;

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanKind {
    /// People were let in.
    Admitted,
    /// People were let out.
    Exited,
    /// Nobody passed: the rules say no.
    Denied {
        /// The reason's short name.
        reason: &'static str,
    },
    /// Nobody passed: somebody else had to say.
    Referred {
        /// The reason's short name.
        reason: &'static str,
    },
    /// A supervisor let people in against the rules.
    Overridden {
        /// The supervisor.
        by: String,
        /// The reason given.
        why: String,
    },
    /// Whoever read the code gave up: nobody passed by that scan, whoever wrote so.
    Withdrawn,
    /// Nobody passed by a scan that was answered with a yes: somebody at the gate has said so.
    Annulled {
        /// Who.
        by: String,
        /// The reason given.
        why: String,
    },
}

/// A scan as its device has written it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRecord {
    /// Its place in the order in which records came.
    pub position: u64,
    /// When it was.
    pub at: Timestamp,
    /// By whose word: the `judge`'s, or that of the `log` around it.
    pub at_by: &'static str,
    /// The device that wrote it.
    pub device: PublicKey,
    /// Its id.
    pub id: ScanId,
    /// What came of it.
    pub kind: ScanKind,
    /// The unit of the ticket.
    pub unit: Unit,
    /// The ticket's generation.
    pub generation: Generation,
    /// The gate.
    pub gate: GateId,
    /// The zone behind the gate, if anyone passed.
    pub zone: Option<ZoneId>,
    /// How many passed.
    pub persons: u8,
}

impl ScanRecord {
    /// Reads those of these records that are of scans.
    pub fn read_all(stored: &[StoredRecord]) -> Vec<Self> {
        let mut dating = Dating::default();
        let scans = stored.iter().filter_map(|stored| Self::read(stored, &mut dating));
        scans.collect()
    }

    fn read(stored: &StoredRecord, dating: &mut Dating) -> Option<Self> {
        let record = Record::from_bytes(&stored.entry.bytes).ok()?;
        let blank = Blank {
            position: stored.position,
            dated: dating.date(stored.entry.origin, &record),
            device: stored.entry.origin,
        };
        match record.body {
            Body::Admitted(passage) => blank.passage(ScanKind::Admitted, &passage),
            Body::Exited(passage) => blank.passage(ScanKind::Exited, &passage),
            Body::Overridden { passage, by, why } => {
                blank.passage(ScanKind::Overridden { by, why }, &passage)
            }
            Body::Withdrawn { passage, .. } => blank.passage(ScanKind::Withdrawn, &passage),
            Body::Annulled { passage, by, why, .. } => {
                blank.passage(ScanKind::Annulled { by, why }, &passage)
            }
            Body::Refused(refusal) => Some(blank.refusal(&refusal)),
            Body::Policy { .. }
            | Body::Roster { .. }
            | Body::Superseded { .. }
            | Body::Revoked { .. }
            | Body::Reinstated { .. }
            | Body::DeviceEnrolled { .. }
            | Body::DeviceRevoked { .. }
            | Body::HubRetired { .. }
            | Body::ForkSettled { .. }
            | Body::Restated
            | Body::Opened { .. }
            | Body::Renewed { .. }
            | Body::RosterAdopted { .. }
            | Body::ForkSeen(_)
            | Body::ExitMatched { .. }
            | Body::Lent { .. }
            | Body::Counted { .. } => None,
        }
    }
}

/// A scan of which only the frame is known.
struct Blank {
    position: u64,
    dated: Dated,
    device: PublicKey,
}

impl Blank {
    /// Returns the scan of a passage; one whose code is no ticket at all is an incident, not a scan.
    fn passage(self, kind: ScanKind, shown: &ShownPassage) -> Option<ScanRecord> {
        let passage = shown.unverified().ok()?;
        Some(ScanRecord {
            position: self.position,
            at: self.dated.at(),
            at_by: self.dated.word(),
            device: self.device,
            id: passage.scan,
            kind,
            unit: passage.unit,
            generation: passage.generation,
            gate: passage.gate,
            zone: Some(passage.zone),
            persons: passage.persons,
        })
    }

    fn refusal(self, refusal: &Refusal) -> ScanRecord {
        let reason = refusal.why.kind().name();
        let kind = match refusal.why {
            Refused::Deny(_) => ScanKind::Denied { reason },
            Refused::Refer(_) => ScanKind::Referred { reason },
        };
        let (unit, generation) = refusal.ticket;
        ScanRecord {
            position: self.position,
            at: self.dated.at(),
            at_by: self.dated.word(),
            device: self.device,
            id: refusal.scan,
            kind,
            unit,
            generation,
            gate: refusal.gate,
            zone: None,
            persons: 0,
        }
    }
}
