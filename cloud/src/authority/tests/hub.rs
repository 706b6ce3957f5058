//! A hub as the authority sees it: a log of scans that comes in runs.

use usher_keys::{Capabilities, Certificate, DeviceIdentity, Role, SecretKey, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{MAX_RUN_RECORDS, Run, Tail};
use usher_protocol::record::{Body, ShownPassage};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::ticket::foreign::{ForeignCodes, ForeignList, ListedCode};
use usher_protocol::{GateId, Generation, Origin, ScanId, Seq, TierId, Unit, ZoneId};

use super::super::writer::EnrolOutcome;
use super::scene::{START, Scene, key};
use crate::ids::draw;
use crate::selling::UnitToIssue;
use crate::signing::TicketSigner;

/// A hub with an own log.
pub struct Hub {
    key: SecretKey,
    identity: DeviceIdentity,
    ledger: Ledger,
    signer: TicketSigner,
    written: Vec<Vec<u8>>,
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
            written: Vec::new(),
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
            written: Vec::new(),
        }
    }

    /// Makes a scanner that this hub has enrolled.
    pub fn scanner(&self, seed: u8) -> Self {
        let own = self.identity.unverified();
        let certificate = Certificate {
            device: key(seed).public(),
            role: Role::Scanner,
            name: format!("Scanner {seed}"),
            capabilities: Capabilities::default(),
            ..own.clone()
        };
        let identity = DeviceIdentity {
            certificate: certificate.sign(&self.key),
            via: Some(self.identity.certificate.clone()),
        };
        let trust = std::sync::Arc::clone(self.ledger.trust());
        let ledger = Ledger::new(key(seed).public(), Some(identity.clone()), trust);
        Self {
            key: key(seed),
            identity,
            ledger,
            signer: self.signer.clone(),
            written: Vec::new(),
        }
    }

    /// Opens the log with another's certificate of it too.
    pub fn open_as(&mut self, other: &Self) {
        let identity = other.identity.clone();
        let entry = self.ledger.write(Body::Opened { identity }, START);
        self.written.push(entry.bytes);
        self.ledger.seal(&self.key).unwrap();
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
            runs.push(self.run(base, some, (START, START)));
        }
        runs
    }

    /// Returns all that was written after that record.
    pub fn run_from(&self, after: Seq) -> Run {
        let skipped = usize::try_from(after.0).unwrap();
        let event = self.ledger.event();
        let push = |tail: Tail, record: &Vec<u8>| tail.push(event, &self.key.public(), record);
        Run {
            base: self.written[..skipped].iter().fold(Tail::default(), push),
            records: self.written[skipped..].to_vec(),
            head: self.ledger.heads().remove(0),
        }
    }

    /// Writes so many scans down at that time.
    pub fn scan_at(&mut self, count: usize, at: Timestamp) -> Run {
        self.scan_judged(count, (at, at))
    }

    /// Writes so many scans down while its log's clock shows another time than the one that they are judged by.
    pub fn scan_judged(&mut self, count: usize, times: (Timestamp, Timestamp)) -> Run {
        let base = self.ledger.tail(&self.origin());
        self.run(base, count, times)
    }

    /// Writes down that one person came in by each of these codes of another seller, whoever has listed them.
    pub fn scan_listed(&mut self, codes: &[(String, Unit)]) -> Run {
        let base = self.ledger.tail(&self.origin());
        let mut entries = self.ledger.write_due_records(START);
        for (text, unit) in codes {
            let identity = identify(text.as_bytes()).unwrap();
            let mut listed = ForeignCodes::default();
            let salt = [1; 32];
            listed.take(ForeignList {
                salt,
                sellers: Vec::new(),
                codes: vec![ListedCode {
                    code: identity.hash(&salt),
                    unit: *unit,
                    tier: TierId(1),
                    admits: 1,
                    used: 0,
                }],
            });
            let read = listed.read(text.as_bytes(), self.ledger.event()).unwrap();
            let passage = ShownPassage {
                code: read.code().to_vec(),
                ..self.passage(*unit, START)
            };
            entries.push(self.ledger.write(Body::Admitted(passage), START));
        }
        let head = self.ledger.seal(&self.key).unwrap();
        let records: Vec<_> = entries.into_iter().map(|entry| entry.bytes).collect();
        self.written.extend(records.iter().cloned());
        Run { base, records, head }
    }

    fn run(&mut self, base: Tail, count: usize, (clock, judged): (Timestamp, Timestamp)) -> Run {
        let mut entries = self.ledger.write_due_records(clock);
        for unit in 0..count {
            let unit = Unit(u32::try_from(unit).unwrap());
            let passage = self.passage(unit, judged);
            entries.push(self.ledger.write(Body::Admitted(passage), clock));
        }
        let head = self.ledger.seal(&self.key).unwrap();
        let records: Vec<_> = entries.into_iter().map(|entry| entry.bytes).collect();
        self.written.extend(records.iter().cloned());
        Run { base, records, head }
    }

    fn passage(&self, unit: Unit, at: Timestamp) -> ShownPassage {
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
            at,
            counterparts: Vec::new(),
        }
    }
}
