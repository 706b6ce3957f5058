//! A device: its ledger, where the copies on its disk end, and what becomes durable together; the line between devices is the network's.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_keys::{DeviceIdentity, Role, SecretKey, Timestamp};
use usher_protocol::Origin;
use usher_protocol::admission::Verdict;
use usher_protocol::assurance::Assurance;
use usher_protocol::ledger::{Entry, JudgingAs, Ledger};
use usher_protocol::sync::Session;
use usher_protocol::trust::{Register, Trust};

use super::kept::{KeptRecords, Vector};
use super::names::{At, DeviceId};
use super::under_way::UnderWay;

/// A session, and which connection of the pair it runs over.
pub(super) struct OpenSession {
    pub session: Session,
    pub epoch: u64,
}

/// What is told once a commit is durable.
pub(super) enum Then {
    Stored {
        peer: DeviceId,
        epoch: u64,
        origin: Origin,
    },
    Judged(At, Verdict, JudgingAs),
    Withdrawn(At),
}

/// What becomes durable with one commit.
#[derive(Default)]
pub(super) struct Batch {
    /// Of its own log.
    pub own: Vec<Entry>,
    /// Where copies of other logs end then.
    pub grown: Vector,
    pub then: Vec<Then>,
}

/// Where a scanner hangs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mount {
    /// The hub whose switch its access point hangs on.
    pub hub: DeviceId,
    pub gate: usize,
    pub access_point: usize,
}

/// A device.
pub(super) struct Device {
    pub key: SecretKey,
    pub role: Role,
    pub identity: DeviceIdentity,
    /// What it knows; of a scanner only while it is needed: a hub judges for it.
    pub ledger: Option<Ledger>,
    pub is_up: bool,
    /// Counts its starts: what was planned in an earlier life does not happen.
    pub life: u64,
    pub disk: Vector,
    /// Where the logs end of which its sessions know.
    pub announced: Vector,
    pub sessions: BTreeMap<DeviceId, OpenSession>,
    pub batch: Batch,
    pub has_planned_commit: bool,
    pub under_way: BTreeMap<u64, UnderWay>,
    pub numbered: u64,
    pub assurance: Option<Assurance>,
    /// What its sessions know of the event's devices.
    pub register: Arc<Register>,
    pub mount: Option<Mount>,
    /// Of a scanner: since when each hub is not heard.
    pub silent: BTreeMap<DeviceId, u64>,
    /// Of a scanner: what it had heard when it lost its last hub.
    pub heard: Option<Vector>,
    /// Of a scanner: whether its ledger holds what it had heard, and not only what it needs to write.
    pub judges_alone: bool,
}

impl Device {
    pub(super) fn new(key: SecretKey, identity: DeviceIdentity, mount: Option<Mount>) -> Self {
        Self {
            role: identity.unverified().role,
            key,
            identity,
            ledger: None,
            is_up: true,
            life: 0,
            disk: Vector::new(),
            announced: Vector::new(),
            sessions: BTreeMap::new(),
            batch: Batch::default(),
            has_planned_commit: false,
            under_way: BTreeMap::new(),
            numbered: 0,
            assurance: None,
            register: Arc::default(),
            mount,
            silent: BTreeMap::new(),
            heard: None,
            judges_alone: false,
        }
    }

    /// Builds the ledger from a disk, as programs do at their start.
    pub(super) fn load(&mut self, disk: &Vector, records: &KeptRecords, trust: &Arc<Trust>, now: Timestamp) {
        let identity = (self.role != Role::Cloud).then(|| self.identity.clone());
        let mut ledger = Ledger::new(self.key.public(), identity, Arc::clone(trust));
        for (origin, until) in disk {
            for entry in records.log(origin, *until) {
                ledger.replay(entry, now);
            }
            if let Some(head) = records.head(origin, *until) {
                ledger.replay_head(head);
            }
        }
        self.register = ledger.state().register();
        self.ledger = Some(ledger);
    }

    /// Stops at once: what was not durable is lost.
    pub(super) fn crash(&mut self) {
        self.is_up = false;
        self.life += 1;
        self.ledger = None;
        self.sessions.clear();
        self.batch = Batch::default();
        self.has_planned_commit = false;
        self.under_way.clear();
        self.assurance = None;
        self.announced.clear();
    }

    /// Makes the batch durable and returns what to tell.
    pub(super) fn commit(&mut self, records: &mut KeptRecords) -> Vec<Then> {
        self.has_planned_commit = false;
        let batch = std::mem::take(&mut self.batch);
        if let Some(head) = self.ledger.as_mut().and_then(|ledger| ledger.seal(&self.key)) {
            self.disk.insert(head.origin, head.tail.seq);
            records.append(batch.own, head);
        }
        for (origin, seq) in batch.grown {
            let held = self.disk.entry(origin).or_default();
            *held = seq.max(*held);
        }
        batch.then
    }

    /// Returns the number of its next scan.
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }
}
