//! A hub as the authority sees it: a log of scans that comes in runs.

use usher_keys::{DeviceIdentity, Role, SecretKey};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::{Body, Passage};
use usher_protocol::{GateId, Generation, Origin, ScanId, TierId, Unit, ZoneId};

use super::super::scribe::EnrolOutcome;
use super::scene::{START, Scene, key};
use crate::ids::draw;

/// A hub with an own log.
pub struct Hub {
    key: SecretKey,
    identity: DeviceIdentity,
    ledger: Ledger,
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
            entries.push(self.ledger.write(Body::Admitted(passage(unit)), START));
        }
        let head = self.ledger.seal(&self.key).unwrap();
        Run {
            base,
            records: entries.into_iter().map(|entry| entry.bytes).collect(),
            head,
        }
    }
}

fn passage(unit: Unit) -> Passage {
    Passage {
        scan: ScanId(draw()),
        unit,
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        persons: 1,
        gate: GateId(1),
        zone: ZoneId(1),
    }
}
