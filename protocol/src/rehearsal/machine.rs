//! One machine in a test: a ledger and what it has stored; the network between machines is the test's.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_keys::{DeviceIdentity, Role, SecretKey, SignedBundle, Timestamp};

use super::{EVENT, NOW, authority, hub, identity, scanner, shared_trust};
use crate::admission::Verdict;
use crate::assurance::Assurance;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::fork::ForkProof;
use crate::ident::{Origin, Seq};
use crate::ledger::{Accepted, Entry, JudgingAs, Ledger, ScanQuestion};
use crate::log::{Head, MAX_RUN_RECORDS, Run, RunError, Tail};
use crate::record::Body;
use crate::sync::Held;
use crate::trust::Trust;

pub struct Machine {
    pub key: SecretKey,
    /// The certificate it shows to peers; an authority's ledger has none.
    pub identity: DeviceIdentity,
    pub ledger: Ledger,
    pub checkpoint: Option<SignedCheckpoint>,
    role: Role,
    logs: BTreeMap<Origin, Vec<Entry>>,
    heads: BTreeMap<Origin, BTreeMap<Seq, Head>>,
}

impl Machine {
    /// Says how far its own log has come.
    pub fn assure(&self, at: Timestamp) -> Assurance {
        Assurance::sign(EVENT, at, self.ledger.tail(&self.me()), &self.key)
    }

    pub fn new(key: SecretKey, role: Role) -> Self {
        let identity = identity(&key, role);
        Self::with_identity(key, identity)
    }

    pub fn with_identity(key: SecretKey, identity: DeviceIdentity) -> Self {
        let role = identity.unverified().role;
        Self {
            ledger: empty_ledger(&key, role, &identity, shared_trust(1)),
            key,
            identity,
            checkpoint: None,
            role,
            logs: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }

    /// The cloud, which has published the policy and a roster of these hubs.
    pub fn cloud(hubs: &[u8]) -> Self {
        let mut cloud = Self::new(authority(), Role::Cloud);
        let policy = super::policy();
        cloud.write(Body::Policy { version: 1, policy });
        cloud.publish_roster(1, hubs);
        cloud
    }

    /// Another authority of the event, which has not said a word yet.
    pub fn authority(key: SecretKey, bundle: SignedBundle) -> Self {
        let mut authority = Self::new(key, Role::Cloud);
        authority.renew_trust(bundle);
        authority
    }

    /// A device with that certificate that has opened its log and heard all that the other knows.
    pub fn opened(key: SecretKey, identity: DeviceIdentity, heard: &Self) -> Self {
        let mut device = Self::with_identity(key, identity);
        device.write_due_records();
        device.hear(heard);
        device
    }

    /// A hub that has opened its log and heard all that the other knows.
    pub fn hub(number: u8, heard: &Self) -> Self {
        let mut hub = Self::new(hub(number), Role::Hub);
        hub.write_due_records();
        hub.hear(heard);
        hub
    }

    pub fn scanner(number: u8, heard: &Self) -> Self {
        let mut scanner = Self::new(scanner(number), Role::Scanner);
        scanner.write_due_records();
        scanner.hear(heard);
        scanner
    }

    pub fn me(&self) -> Origin {
        self.key.public()
    }

    pub fn write(&mut self, body: Body) {
        self.write_at(body, NOW);
    }

    pub fn write_at(&mut self, body: Body, now: Timestamp) {
        let entry = self.ledger.write(body, now);
        self.store(vec![entry], None);
    }

    pub fn publish_roster(&mut self, epoch: u32, hubs: &[u8]) {
        let hubs = hubs.iter().map(|number| hub(*number).public()).collect();
        self.write(Body::Roster { epoch, hubs });
    }

    pub fn write_due_records(&mut self) {
        self.write_due_records_at(NOW);
    }

    pub fn write_due_records_at(&mut self, now: Timestamp) {
        let entries = self.ledger.write_due_records(now);
        self.store(entries, None);
    }

    /// Shares its places with hubs that it is linked with.
    pub fn share_places(&mut self, with: &[u8]) {
        let linked = with.iter().map(|number| hub(*number).public()).collect();
        let entries = self.ledger.share_places(&linked, NOW);
        self.store(entries, None);
    }

    /// Judges a scan and writes down what came of it.
    pub fn judge(&mut self, asked: &ScanQuestion, judging_as: JudgingAs) -> Verdict {
        self.judge_at(asked, judging_as, NOW)
    }

    pub fn judge_at(&mut self, asked: &ScanQuestion, judging_as: JudgingAs, now: Timestamp) -> Verdict {
        let judged = self.ledger.judge(asked, judging_as, now);
        if let Some(body) = judged.body {
            self.write_at(body, now);
        }
        judged.verdict
    }

    /// Takes what the other holds and we lack, and writes what is due.
    pub fn hear(&mut self, other: &Self) {
        for origin in other.logs.keys() {
            self.hear_log(other, *origin).unwrap();
        }
        self.write_due_records();
    }

    /// Takes what we may of what the other holds, and writes nothing.
    pub fn listen(&mut self, other: &Self) {
        for origin in other.logs.keys() {
            let _ = self.hear_log(other, *origin);
        }
    }

    /// Takes what we lack of one log.
    pub fn hear_log(&mut self, other: &Self, origin: Origin) -> Result<(), RunError> {
        while let Some(run) = other.run(origin, self.ledger.tail(&origin).seq) {
            self.take(&run)?;
        }
        Ok(())
    }

    /// Takes the other's own log from there on, though we may hold records of that number already.
    pub fn hear_log_from(&mut self, other: &Self, after: Seq) -> Result<(), RunError> {
        let run = other.run(other.me(), after).expect("records behind that one");
        self.take(&run).map(drop)
    }

    /// Takes a newer bundle, and reads the stored logs again if it brings a key that they rest on.
    pub fn renew_trust(&mut self, bundle: SignedBundle) {
        self.ledger.renew_trust(bundle).unwrap();
        if self.ledger.must_be_rebuilt() {
            self.restart();
        }
    }

    /// Drops the copies that do not pass through a settled tail, as a shell does, to fetch them anew.
    pub fn drop_copies_in_question(&mut self) {
        let mut dropped = false;
        for (origin, tail) in self.ledger.copies_in_question() {
            let log = self.logs.get(&origin);
            let passes = log.is_some_and(|log| log.iter().any(|entry| entry.tail == tail));
            if !passes {
                self.logs.remove(&origin);
                self.heads.remove(&origin);
                dropped = true;
            }
        }
        if dropped {
            self.restart();
        }
    }

    pub fn take(&mut self, run: &Run) -> Result<Accepted, RunError> {
        let accepted = self.ledger.accept(run, None, NOW)?;
        self.store(accepted.entries.clone(), accepted.head.clone());
        Ok(accepted)
    }

    /// Writes down that an origin has two histories; tells whether that was news.
    pub fn report_fork(&mut self, found: ForkProof) -> bool {
        let entry = self.ledger.report_fork(found, NOW);
        let is_news = entry.is_some();
        self.store(entry.into_iter().collect(), None);
        is_news
    }

    pub fn take_checkpoint(&mut self, signed: &SignedCheckpoint) {
        if self.ledger.adopt(signed).is_ok() {
            self.checkpoint = Some(signed.clone());
        }
    }

    pub fn make_checkpoint(&mut self, now: Timestamp) {
        let trust = Arc::clone(self.ledger.trust());
        let checkpoint = Checkpoint::of(self.ledger.state(), &trust, self.ledger.heads(), now);
        self.checkpoint = Some(checkpoint.sign(&self.key));
    }

    fn store(&mut self, entries: Vec<Entry>, head: Option<Head>) {
        for entry in entries {
            self.logs.entry(entry.origin).or_default().push(entry);
        }
        for head in head.into_iter().chain(self.ledger.seal(&self.key)) {
            self.heads
                .entry(head.origin)
                .or_default()
                .insert(head.tail.seq, head);
        }
    }

    /// Returns a run of these bytes behind our own log, properly signed, whatever they are.
    pub fn run_of(&self, bytes: Vec<u8>) -> Run {
        let base = self.ledger.tail(&self.me());
        let tail = base.push(EVENT, &self.me(), &bytes);
        Run {
            base,
            records: vec![bytes],
            head: Head::sign(EVENT, tail, &self.key),
        }
    }

    /// Returns the records of a log after that number, up to the farthest head within one run.
    pub fn run(&self, origin: Origin, after: Seq) -> Option<Run> {
        let reachable = after.next()..=Seq(after.0 + MAX_RUN_RECORDS as u64);
        let (_, head) = self.heads.get(&origin)?.range(reachable).next_back()?;
        let log = self.logs.get(&origin)?;
        let first = log.iter().position(|entry| entry.tail.seq == after.next())?;
        let base = match first {
            0 if after.0 > 0 => self.covered(&origin).filter(|tail| tail.seq == after)?,
            0 => Tail::default(),
            _ => log[first - 1].tail,
        };
        let within = log[first..]
            .iter()
            .take_while(|entry| entry.tail.seq <= head.tail.seq);
        Some(Run {
            base,
            records: within.map(|entry| entry.bytes.clone()).collect(),
            head: head.clone(),
        })
    }

    /// Where the checkpoint that we began at left a log.
    fn covered(&self, origin: &Origin) -> Option<Tail> {
        let checkpoint = self.checkpoint.as_ref()?.verify_stored(self.ledger.trust());
        let covered = checkpoint.ok()?.covered;
        let head = covered.into_iter().find(|head| head.origin == *origin)?;
        Some(head.tail)
    }

    pub fn held(&self) -> Vec<Held> {
        let heads = self.ledger.heads();
        let signature = |origin: Origin, tail: Tail| {
            let signed = heads
                .iter()
                .find(|head| head.origin == origin && head.tail == tail);
            signed.map(|head| head.signature)
        };
        let tails = self.ledger.tails().into_iter();
        let held = tails.map(|(origin, tail)| Held {
            origin,
            tail,
            signature: signature(origin, tail),
        });
        held.collect()
    }

    pub fn held_of(&self, origin: &Origin) -> Held {
        let held = self.held().into_iter().find(|held| held.origin == *origin);
        held.unwrap_or(Held {
            origin: *origin,
            tail: Tail::default(),
            signature: None,
        })
    }

    /// The same machine after a restart from what it stored.
    pub fn restart(&mut self) {
        let trust = Arc::clone(self.ledger.trust());
        self.ledger = empty_ledger(&self.key, self.role, &self.identity, trust);
        if let Some(checkpoint) = self.checkpoint.as_ref().filter(|_| self.role != Role::Cloud) {
            self.ledger.adopt_again(checkpoint).unwrap();
        }
        let chained = self.ledger.replay_all(self.logs.values().flatten(), NOW);
        assert!(chained, "a stored record does not chain");
        let newest = self.heads.values().filter_map(|heads| heads.values().next_back());
        for head in newest {
            self.ledger.replay_head(head.clone());
        }
    }

    /// Forgets all but the first records of its own log, as a disk restored from an old copy does.
    pub fn restore_old_copy(&mut self, records: usize) {
        let me = self.me();
        self.logs.get_mut(&me).unwrap().truncate(records);
        self.heads
            .get_mut(&me)
            .unwrap()
            .retain(|seq, _| seq.0 <= records as u64);
        self.restart();
    }

    pub fn digest(&self) -> [u8; 32] {
        self.ledger.state().digest()
    }
}

fn empty_ledger(key: &SecretKey, role: Role, identity: &DeviceIdentity, trust: Arc<Trust>) -> Ledger {
    let own = (role != Role::Cloud).then(|| identity.clone());
    Ledger::new(key.public(), own, trust)
}
