//! What the records of logs say of scans, one by one, for people who read them; what follows from all of them is the state's.

use usher_keys::PublicKey;

use crate::admission::{RefusalKind, Refused};
use crate::dating::{Dated, Dating};
use crate::ident::{GateId, Generation, Origin, ScanId, TierId, Unit, ZoneId};
use crate::record::{Body, Record, Refusal, ShownPassage};

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanKind {
    /// People were let in.
    Admitted,
    /// People were let out.
    Exited,
    /// Nobody passed: the rules say no.
    Denied(RefusalKind),
    /// Nobody passed: somebody else had to say.
    Referred(RefusalKind),
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

/// A scan as one device has written it down; one that a scanner and a hub both judged is there twice, with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenScan {
    pub dated: Dated,
    /// Who wrote it down.
    pub device: PublicKey,
    pub id: ScanId,
    pub kind: ScanKind,
    pub unit: Unit,
    pub generation: Generation,
    pub gate: GateId,
    /// The zone behind the gate, of those who passed.
    pub zone: Option<ZoneId>,
    /// The tier, of those who passed.
    pub tier: Option<TierId>,
    /// How many passed.
    pub persons: u8,
}

impl WrittenScan {
    /// Reads the next record of a device's log; `None` for one that is of no scan.
    pub fn read(device: Origin, record: Record, dating: &mut Dating) -> Option<Self> {
        let frame = Frame {
            dated: dating.date(device, &record),
            device,
        };
        match record.body {
            Body::Admitted(passage) => frame.passage(ScanKind::Admitted, &passage),
            Body::Exited(passage) => frame.passage(ScanKind::Exited, &passage),
            Body::Overridden { passage, by, why } => {
                frame.passage(ScanKind::Overridden { by, why }, &passage)
            }
            Body::Withdrawn { passage, .. } => frame.passage(ScanKind::Withdrawn, &passage),
            Body::Annulled { passage, by, why, .. } => {
                frame.passage(ScanKind::Annulled { by, why }, &passage)
            }
            Body::Refused(refusal) => Some(frame.refusal(&refusal)),
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
            | Body::Foreign(_)
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

/// Who wrote a record of a scan, and when.
struct Frame {
    dated: Dated,
    device: PublicKey,
}

impl Frame {
    /// Returns the scan of a passage; one whose code is no ticket at all is an incident, not a scan.
    fn passage(self, kind: ScanKind, shown: &ShownPassage) -> Option<WrittenScan> {
        let passage = shown.unverified().ok()?;
        Some(WrittenScan {
            dated: self.dated,
            device: self.device,
            id: passage.scan,
            kind,
            unit: passage.unit,
            generation: passage.generation,
            gate: passage.gate,
            zone: Some(passage.zone),
            tier: Some(passage.tier),
            persons: passage.persons,
        })
    }

    fn refusal(self, refusal: &Refusal) -> WrittenScan {
        let why = refusal.why.kind();
        let (unit, generation) = refusal.ticket;
        WrittenScan {
            dated: self.dated,
            device: self.device,
            id: refusal.scan,
            kind: match refusal.why {
                Refused::Deny(_) => ScanKind::Denied(why),
                Refused::Refer(_) => ScanKind::Referred(why),
            },
            unit,
            generation,
            gate: refusal.gate,
            zone: None,
            tier: None,
            persons: 0,
        }
    }
}
