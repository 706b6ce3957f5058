//! One simulated machine: ledger, disk, clock and the batch that becomes durable together; the network is the world's.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_keys::{Certificate, DeviceIdentity, PublicKey, Role, RootSet, SecretKey, SignedBundle, Timestamp};
use usher_protocol::Origin;
use usher_protocol::admission::Verdict;
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::clock::{ClockReading, RuleClock, RuleTime};
use usher_protocol::ledger::{Entry, JudgingAs, Ledger};
use usher_protocol::log::{Hash, Head};
use usher_protocol::record::Body;
use usher_protocol::sync::Session;
use usher_protocol::trust::{Register, Trust};

use super::disk::Disk;
use super::sabotage::Sabotage;
use super::scans::{At, UnderWay};

/// Names a node by its index in the world.
pub type NodeId = usize;

/// A session and the connection it belongs to.
pub struct Live {
    /// The state machine.
    pub session: Session,
    /// Which connection of the pair this is.
    pub epoch: u64,
    /// Since when it stands.
    pub since: u64,
}

/// What is told once the batch is durable.
pub enum Then {
    /// Tell a session that its run was stored.
    Stored {
        peer: NodeId,
        /// The connection.
        epoch: u64,
        origin: Origin,
    },
    /// Tell a scan's way what the node itself has decided.
    Judged(At, Verdict, JudgingAs),
    /// Tell a scan's way that the scan is given up.
    Withdrawn(At),
    /// Tell a session that its checkpoint was stored.
    Began {
        peer: NodeId,
        /// The connection.
        epoch: u64,
    },
}

/// What becomes durable together.
#[derive(Default)]
pub struct Batch {
    /// Records.
    pub entries: Vec<Entry>,
    /// Heads of foreign logs.
    pub heads: Vec<Head>,
    /// A newer bundle.
    pub bundle: Option<SignedBundle>,
    /// A checkpoint to begin at.
    pub checkpoint: Option<(SignedCheckpoint, Checkpoint)>,
    /// What to tell afterwards.
    pub then: Vec<Then>,
}

/// A machine.
pub struct Node {
    /// Its key: the origin of its log.
    pub key: SecretKey,
    pub role: Role,
    /// Its certificate as a peer.
    pub identity: DeviceIdentity,
    /// The key its connections prove.
    pub link_key: PublicKey,
    /// Its memory.
    pub ledger: Ledger,
    pub disk: Disk,
    pub up: bool,
    /// Whether it was destroyed.
    pub gone: bool,
    /// Whether the organizer has revoked it.
    pub revoked: bool,
    /// Whether its memory has changed since the observer last looked.
    pub changed: bool,
    /// Chain hashes of all it ever wrote itself, lost or not.
    pub genuine: BTreeSet<Hash>,
    /// Counts its starts: what was planned in an earlier life does not happen.
    pub life: u64,
    /// How far its clock is off, in milliseconds.
    pub skew_ms: i64,
    /// Its clock beside its peers'.
    rule: RefCell<RuleClock>,
    /// What was heard of peers' clocks since it started: how far each was from the right time, in milliseconds, and when.
    heard: RefCell<BTreeMap<PublicKey, (i64, u64)>>,
    /// Whether it judges by its own clock, whatever its peers' show.
    compares_no_clocks: bool,
    /// How many bytes of a device's log count for it.
    most_bytes: u64,
    /// Its sessions by peer.
    pub sessions: BTreeMap<NodeId, Live>,
    /// What waits to become durable.
    pub batch: Batch,
    pub commit_planned: bool,
    /// The newest assurance it has heard.
    pub assurance: Option<Assurance>,
    /// The register of devices that its sessions were last told of.
    pub register_known: Arc<Register>,
    /// Scans on their way here, by number.
    pub under_way: BTreeMap<u64, UnderWay>,
    /// How many scans were on their way here so far.
    numbered: u64,
    /// How long a packet takes to a peer and back, smoothed, in milliseconds.
    pub round_trips: BTreeMap<NodeId, u64>,
    roots: RootSet,
    first_bundle: SignedBundle,
}

/// What a node is made of.
pub struct NodeConfig {
    /// The key of its log.
    pub key: SecretKey,
    pub role: Role,
    pub identity: DeviceIdentity,
    /// The roots it pins.
    pub roots: RootSet,
    /// The bundle it was enrolled with.
    pub bundle: SignedBundle,
    /// How far its clock is off.
    pub skew_ms: i64,
    /// Whether it judges by its own clock alone.
    pub compares_no_clocks: bool,
    /// How many bytes of a device's log count.
    pub most_bytes: u64,
}

impl Node {
    /// Makes a running node with an empty log.
    pub fn new(config: NodeConfig) -> Self {
        let first_bundle = config.bundle.clone();
        let disk = Disk::new(config.bundle.clone());
        let mut ledger = Self::fresh_ledger(&config.key, config.role, &config.identity, &config.roots, &disk);
        ledger.keep_at_most(config.most_bytes);
        Self {
            link_key: config.identity.unverified().device,
            key: config.key,
            role: config.role,
            identity: config.identity,
            ledger,
            disk,
            up: true,
            gone: false,
            revoked: false,
            changed: true,
            genuine: BTreeSet::new(),
            life: 0,
            skew_ms: config.skew_ms,
            rule: RefCell::default(),
            heard: RefCell::default(),
            compares_no_clocks: config.compares_no_clocks,
            most_bytes: config.most_bytes,
            sessions: BTreeMap::new(),
            batch: Batch::default(),
            commit_planned: false,
            assurance: None,
            register_known: Arc::default(),
            under_way: BTreeMap::new(),
            numbered: 0,
            round_trips: BTreeMap::new(),
            roots: config.roots,
            first_bundle,
        }
    }

    /// Makes a copy of the machine with all that is on its disk.
    pub fn cloned(&self) -> Self {
        let mut copy = Self::new(NodeConfig {
            key: self.key.clone(),
            role: self.role,
            identity: self.identity.clone(),
            roots: self.roots.clone(),
            bundle: self.first_bundle.clone(),
            skew_ms: self.skew_ms,
            compares_no_clocks: self.compares_no_clocks,
            most_bytes: self.most_bytes,
        });
        copy.disk = self.disk.clone();
        copy
    }

    fn fresh_ledger(
        key: &SecretKey,
        role: Role,
        identity: &DeviceIdentity,
        roots: &RootSet,
        disk: &Disk,
    ) -> Ledger {
        let trust = Trust::pin(roots, disk.bundle.clone()).expect("the bundle on disk was verified before");
        let own = (role != Role::Cloud).then(|| identity.clone());
        Ledger::new(key.public(), own, Arc::new(trust))
    }

    /// Returns the number of its next scan.
    pub fn next_number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Returns the certificate that it shows its peers: its newest one.
    pub fn shown_identity(&self) -> DeviceIdentity {
        self.ledger.identity().unwrap_or(&self.identity).clone()
    }

    /// Returns the time that it judges by.
    pub fn clock(&self, world_ms: u64) -> Timestamp {
        self.moment(world_ms).at
    }

    /// Returns the time that it judges by, and how certain it is.
    pub fn moment(&self, world_ms: u64) -> RuleTime {
        if self.compares_no_clocks {
            return RuleTime::from(self.reading(world_ms).wall);
        }
        self.rule.borrow_mut().read(self.reading(world_ms)).0
    }

    /// Returns the time on its own clock, as its peers are told it.
    pub fn own_clock(&self, world_ms: u64) -> Timestamp {
        self.rule.borrow().own(self.reading(world_ms))
    }

    /// Looks at its own clocks.
    pub fn reading(&self, world_ms: u64) -> ClockReading {
        ClockReading {
            wall: Timestamp(world_ms.saturating_add_signed(self.skew_ms)),
            up_ms: i64::try_from(world_ms).expect("a run takes no ages"),
        }
    }

    /// Takes what a peer's clock shows.
    pub fn hear_clock(&self, peer: PublicKey, theirs: Timestamp, now: ClockReading) {
        self.rule.borrow_mut().hear(peer, theirs, now);
        let world_ms = u64::try_from(now.up_ms).expect("the world's time");
        let off_ms = i64::try_from(theirs.0)
            .unwrap_or(i64::MAX)
            .saturating_sub(now.up_ms);
        self.heard.borrow_mut().insert(peer, (off_ms, world_ms));
    }

    /// Returns how far those clocks are from the right time, in milliseconds, that were heard so short a time ago, or of all if none was.
    pub fn clocks_heard(&self, world_ms: u64, within_ms: u64) -> Vec<i64> {
        let heard = self.heard.borrow();
        let lately = heard.values().filter(|(_, at)| at + within_ms >= world_ms);
        let lately: Vec<_> = lately.map(|(off_ms, _)| *off_ms).collect();
        if lately.is_empty() {
            return heard.values().map(|(off_ms, _)| *off_ms).collect();
        }
        lately
    }

    /// Loses everything that was not durable and stops.
    pub fn crash(&mut self) {
        self.up = false;
        self.life += 1;
        self.sessions.clear();
        self.batch = Batch::default();
        self.commit_planned = false;
        self.assurance = None;
        self.under_way.clear();
        self.rule = RefCell::default();
        self.heard = RefCell::default();
    }

    /// Starts again from the disk.
    pub fn restart(&mut self, world_ms: u64, sabotage: Option<Sabotage>) {
        self.up = true;
        if sabotage == Some(Sabotage::TrustIsRolledBack) {
            self.disk.bundle = self.first_bundle.clone();
        }
        self.load(world_ms);
    }

    /// Rebuilds the memory from the disk.
    pub fn load(&mut self, world_ms: u64) {
        self.changed = true;
        self.ledger = Self::fresh_ledger(&self.key, self.role, &self.identity, &self.roots, &self.disk);
        self.ledger.keep_at_most(self.most_bytes);
        let now = self.clock(world_ms);
        if let Some(signed) = &self.disk.checkpoint {
            let begun = self.ledger.adopt_again(signed);
            let begun = begun.expect("what was adopted once is adopted again");
            for head in &begun.covered {
                if !self.disk.begins_behind(&head.origin) {
                    self.ledger.forget(&head.origin);
                }
            }
        }
        let chained = self.ledger.replay_all(self.disk.entries(), now);
        assert!(chained, "a stored record does not chain");
        for head in self.disk.newest_heads() {
            self.ledger.replay_head(head.clone());
        }
        if let Some(past) = &self.disk.own_past {
            self.ledger.hear_own_past(past);
        }
        self.register_known = self.ledger.state().register();
    }

    /// Takes note of what a peer holds of its own log, or that this was none of its own, for the next start too.
    pub fn hear_own_past(&mut self, head: Option<&Head>) {
        match head {
            Some(head) if self.ledger.hear_own_past(head) => self.disk.own_past = Some(head.clone()),
            Some(_) => {}
            None => self.disk.own_past = None,
        }
    }

    /// Signs new certificates for the scanners it has enrolled whose own end soon.
    pub fn renew_scanners(&mut self, now: Timestamp) -> Vec<Entry> {
        let due = self.ledger.renewals_due(now);
        let signed: Vec<_> = due.into_iter().map(|one| self.enrolled(one)).collect();
        let renewed = signed
            .into_iter()
            .map(|identity| self.ledger.write(Body::Renewed { identity }, now));
        renewed.collect()
    }

    /// Has this certificate from the beginning.
    pub fn enrol(&mut self, identity: DeviceIdentity) {
        self.identity = identity;
        self.ledger = Self::fresh_ledger(&self.key, self.role, &self.identity, &self.roots, &self.disk);
        self.ledger.keep_at_most(self.most_bytes);
    }

    /// Returns the identity of a scanner whose certificate it signs as a hub.
    pub fn enrolled(&self, certificate: Certificate) -> DeviceIdentity {
        DeviceIdentity {
            certificate: certificate.sign(&self.key),
            via: Some(self.identity.certificate.clone()),
        }
    }

    /// Writes a record to its own log, durable with the next commit.
    pub fn write(&mut self, body: Body, now: Timestamp) {
        let entry = self.ledger.write(body, now);
        self.wrote([entry]);
    }

    /// Takes records of its own log into the batch.
    pub fn wrote(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.changed = true;
            self.genuine.insert(entry.tail.hash);
            self.batch.entries.push(entry);
        }
    }

    /// Makes the batch durable and gives what to tell.
    pub fn commit(&mut self) -> Vec<Then> {
        let batch = std::mem::take(&mut self.batch);
        let mut heads = batch.heads;
        heads.extend(self.ledger.seal(&self.key));
        if let Some(bundle) = batch.bundle {
            self.disk.bundle = bundle;
        }
        if let Some((signed, checkpoint)) = batch.checkpoint {
            self.disk.begin_at(signed, &checkpoint);
        }
        self.disk.commit(batch.entries, heads);
        self.commit_planned = false;
        batch.then
    }

    /// Returns the newest assurance it knows of and that counts; the cloud makes it.
    pub fn assurance(&self, now: Timestamp) -> Option<Assurance> {
        let trust = self.ledger.trust();
        if self.role == Role::Cloud {
            let tail = self.ledger.tail(&self.key.public());
            let is_heard = self.ledger.state().authority() == Some(self.key.public());
            return is_heard.then(|| Assurance::sign(trust.event(), now, tail, &self.key));
        }
        self.assurance.filter(|assurance| assurance.counts(trust))
    }
}
