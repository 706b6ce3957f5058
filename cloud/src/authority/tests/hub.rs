//! A hub as the authority sees it: a log of scans that comes in runs.

use usher_keys::{DeviceIdentity, Role, SecretKey};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::{Body, ShownPassage};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{GateId, Generation, Origin, ScanId, TierId, Unit, ZoneId};

use super::super::scribe::EnrolOutcome;
use super::scene::{START, Scene, key};
use crate::ids::draw;
use crate::signing::TicketSigner;
use crate::store::selling::UnitToIssue;

/// A hub with an own log.
pub struct Hub {
    key: SecretKey,
    identity: DeviceIdentity,
    ledger: Ledger,
    signer: TicketSigner,
}

impl Hub {
    /// Enrols a hub.
    pub async fn new(scene: &Scene, seed: u8) -> Self {
        let code = scene.code(Role::Hub).await;
        let outcome = scene.ask_to_enrol(&code, seed).await;
        let EnrolOutcome::Granted(identity) = outcome else {
            panic!("not enrolled: {outcome:?}")
        };
        let trust = scene.authority().view().trust();
        let ledger = Ledger::new(key(seed).public(), Some((*identity).clone()), trust);
        Self {
            key: key(seed),
            identity: *identity,
            ledger,
            signer: scene.signer.clone(),
        }
    }

    /// Makes a second hub out of the same key, with an empty log.
    pub fn copy(&self) -> Self {
        let trust = std::sync::Arc::clone(self.ledger.trust());
        let ledger = Ledger::new(self.key.public(), Some(self.identity.clone()), trust);
        Self {
            key: self.key.clone(),
            identity: self.identity.clone(),
            ledger,
            signer: self.signer.clone(),
        }
    }

    pub fn origin(&self) -> Origin {
        self.key.public()
    }

    /// Writes scans down and gives the runs that tell of them.
    pub fn scan(&mut self, count: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut left = count;
        while left > 0 {
            let base = self.ledger.tail(&self.origin());
            let some = left.min(MAX_RUN_RECORDS - 1);
            left -= some;
            runs.push(self.run(base, some));
        }
        runs
    }

    fn run(&mut self, base: Tail, count: usize) -> Run {
        let mut entries = self.ledger.keep_house(START);
        for unit in 0..count {
            let unit = Unit(u32::try_from(unit).unwrap());
            let passage = self.passage(unit);
            entries.push(self.ledger.write(Body::Admitted(passage), START));
        }
        let head = self.ledger.seal(&self.key).unwrap();
        Run {
            base,
            records: entries.into_iter().map(|entry| entry.bytes).collect(),
            head,
        }
    }

    fn passage(&self, unit: Unit) -> ShownPassage {
        let ticket = UnitToIssue {
            unit,
            tier: TierId(1),
            generation: Generation(1),
            admits: 1,
            flags: TicketFlags::default(),
        };
        let payload = self.signer.sign(self.ledger.event(), &ticket).unwrap();
        ShownPassage {
            scan: ScanId(draw()),
            code: payload.bytes().to_vec(),
            persons: 1,
            gate: GateId(1),
            zone: ZoneId(1),
        }
    }
}
