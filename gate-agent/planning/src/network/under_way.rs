//! A scan on its way at a device: what is asked, whom, and what is known so far.

use std::sync::Arc;

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::ledger::JudgingAs;
use usher_protocol::request::Scan;
use usher_protocol::routing::Routing;
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_protocol::{GateId, ScanId, ScanSecret};

use super::names::{At, DeviceId};

/// A scan somebody waits for.
#[derive(Clone)]
pub(super) struct Job {
    pub number: u64,
    pub scan: ScanId,
    /// What the id was drawn from.
    pub secret: ScanSecret,
    pub text: Arc<[u8]>,
    /// What comes of verifying it, which is done where it is read and holds wherever the same trust is pinned.
    pub ticket: Arc<Result<VerifiedTicket, Rejection>>,
    pub gate: GateId,
    pub direction: Direction,
}

impl Job {
    pub(super) fn question(&self) -> Scan {
        Scan {
            id: self.scan,
            code: self.text.to_vec(),
            gate: self.gate,
            direction: self.direction,
            persons: 1,
        }
    }
}

/// A scan on its way at a device.
pub(super) struct UnderWay {
    pub job: Job,
    /// The ticket's home hub.
    pub home: Option<DeviceId>,
    pub routing: Routing,
    pub to: To,
    /// The device's own verdict.
    pub ours: Option<(Verdict, JudgingAs)>,
}

/// To whom an answer goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    /// The staff at this scanner.
    Screen,
    /// Whoever has asked.
    Asker(At),
}
