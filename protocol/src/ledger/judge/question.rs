//! What a ledger is asked about a scan; judging it is the ledger's.

use crate::admission::Direction;
use crate::ident::{GateId, ScanId};
use crate::request::Scan;
use crate::ticket::VerifiedTicket;

/// A scan to be judged.
#[derive(Debug, Clone)]
pub struct ScanQuestion {
    /// The scan's id; asking again with the same id is asking about the same people.
    pub scan: ScanId,
    pub ticket: VerifiedTicket,
    pub gate: GateId,
    pub direction: Direction,
    /// How many people, from 1.
    pub persons: u8,
}

impl ScanQuestion {
    /// Makes the question of a scan whose ticket was verified.
    pub fn of(scan: &Scan, ticket: VerifiedTicket) -> Self {
        Self {
            scan: scan.id,
            ticket,
            gate: scan.gate,
            direction: scan.direction,
            persons: scan.persons,
        }
    }
}
