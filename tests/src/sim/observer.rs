//! Sees everything and checks the promises: what staff were shown, what was durable, and whether replicas agree.

use std::collections::{BTreeMap, BTreeSet};

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::ledger::{Entry, Judged};
use usher_protocol::policy::{Entry as EntryRule, Offline};
use usher_protocol::record::{Body, Record};
use usher_protocol::state::Incident;
use usher_protocol::{Origin, ScanId, Seq, TierId, Unit, ZoneId};

use super::node::NodeId;
use super::people::Worth;
use super::scans::Job;
use super::setting::{TIERS, admits, tier_of};
use super::world::{CLOUD, Outcome, World};

/// Digests are compared at one in so many changes of a replica, and always at the end: they cost more than the rest.
const DIGEST_EVERY: u64 = 4;

/// Checks the promises of one run.
pub struct Observer {
    seed: u64,
    heard: BTreeMap<NodeId, BTreeSet<(u32, u32)>>,
    let_in: BTreeMap<ScanId, (u32, u8)>,
    totals: BTreeMap<u32, u32>,
    states: BTreeMap<(u64, BTreeMap<Origin, Seq>), [u8; 32]>,
    vectors: BTreeMap<NodeId, BTreeMap<Origin, Seq>>,
    outcome: Outcome,
}

impl Observer {
    /// Makes an observer of a seed's run.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            heard: BTreeMap::new(),
            let_in: BTreeMap::new(),
            totals: BTreeMap::new(),
            states: BTreeMap::new(),
            vectors: BTreeMap::new(),
            outcome: Outcome::default(),
        }
    }

    /// Names seed and step, for every complaint.
    pub fn place(&self, step: u64) -> String {
        format!(
            "seed {} step {step} (replay: cargo run --release -p usher-tests --bin usher-sim -- --seed {} --trace)",
            self.seed, self.seed
        )
    }

    /// Notes the revocations that become durable at a node.
    pub fn stored(&mut self, node: NodeId, entries: &[Entry]) {
        for entry in entries {
            if let Ok(Record {
                body: Body::Revoked { unit, generation },
                ..
            }) = Record::from_bytes(&entry.bytes)
            {
                self.heard.entry(node).or_default().insert((unit.0, generation.0));
            }
        }
    }

    /// Checks a decision where it is made, at a node that knows that version of the bundle: promises 6 and 7.
    pub fn decided(&mut self, step: u64, (node, bundle): (NodeId, u64), job: &Job, judged: &Judged) {
        let Verdict::Admit { .. } = judged.verdict else {
            return;
        };
        let (place, paper) = (self.place(step), &job.paper);
        assert!(
            paper.worth != Worth::False,
            "{place}: a forged ticket was admitted: {paper:?}"
        );
        let struck = paper.worth == Worth::Doomed && bundle > 1;
        assert!(
            !struck,
            "{place}: a ticket of a struck-out key was admitted: {paper:?}"
        );
        let heard = self
            .heard
            .get(&node)
            .is_some_and(|heard| heard.contains(&(paper.unit, paper.generation)));
        let again = judged.body.is_none();
        let inwards = job.direction == Direction::In;
        assert!(
            !heard || again || !inwards,
            "{place}: node {node} forgot a revocation: {paper:?}"
        );
    }

    /// Notes what staff were shown; tells whether this scan lets people in for the first time.
    pub fn shown(&mut self, job: &Job, verdict: Verdict) -> bool {
        let Verdict::Admit { persons, .. } = verdict else {
            self.outcome.refused += 1;
            return false;
        };
        if job.direction == Direction::Out || self.let_in.contains_key(&job.scan) {
            return false;
        }
        self.outcome.admitted += 1;
        self.let_in.insert(job.scan, (job.paper.unit, persons));
        *self.totals.entry(job.paper.unit).or_default() += u32::from(persons);
        true
    }

    /// Checks that a strict ticket lets in no more people than it should: promise 4.
    pub fn went_in(&self, step: u64, job: &Job, inside: u32) {
        let unit = job.paper.unit;
        let (name, entry, offline) = TIERS[tier_of(unit)];
        if offline != Offline::Strict {
            return;
        }
        let (limit, count) = match entry {
            EntryRule::Single => (u32::from(admits(unit)), self.totals[&unit]),
            EntryRule::Reentry => (u32::from(admits(unit)), inside),
            EntryRule::PerDay(times) => (u32::from(times), self.totals[&unit]),
        };
        assert!(
            count <= limit,
            "{}: unit {unit} ({name}) let {count} people in, not {limit}",
            self.place(step)
        );
    }

    /// Gives what the run showed.
    pub fn outcome(&self, steps: u64) -> Outcome {
        Outcome {
            steps,
            ..self.outcome
        }
    }
}

impl World {
    /// Compares the state of replicas that hold the same records: promise 8.
    pub fn check_step(&mut self) {
        for id in 0..self.nodes.len() {
            let vector = self.nodes[id].ledger.vector();
            if self.observer.vectors.get(&id) == Some(&vector) {
                continue;
            }
            let records: u64 = vector.values().map(|seq| seq.0).sum();
            if records.is_multiple_of(DIGEST_EVERY) {
                self.compare(id, vector.clone());
            }
            self.observer.vectors.insert(id, vector);
        }
    }

    fn compare(&mut self, id: NodeId, vector: BTreeMap<Origin, Seq>) {
        let ledger = &self.nodes[id].ledger;
        let digest = ledger.state().digest();
        // Unwritten logs count as held nowhere.
        let vector = vector.into_iter().filter(|(_, seq)| seq.0 > 0).collect();
        let known = self
            .observer
            .states
            .entry((ledger.trust().bundle().version, vector))
            .or_insert(digest);
        assert!(
            *known == digest,
            "{}: node {id} differs with the same records",
            self.observer.place(self.step)
        );
    }

    /// After healing everyone holds everything, nothing shown is lost, and each double is reported exactly once.
    pub fn check_agreement(&mut self) {
        let place = self.observer.place(self.step);
        let vector = self.nodes[CLOUD].ledger.vector();
        for id in 0..self.nodes.len() {
            assert_eq!(
                self.nodes[id].ledger.vector(),
                vector,
                "{place}: node {id} did not catch up"
            );
            self.compare(id, vector.clone());
            let held = self.nodes[id].disk.held();
            assert_eq!(
                held,
                self.nodes[CLOUD].disk.held(),
                "{place}: node {id} holds other heads"
            );
        }
        self.check_nothing_lost(&place);
        self.check_incidents(&place);
    }

    fn check_nothing_lost(&self, place: &str) {
        let state = self.nodes[CLOUD].ledger.state();
        for (scan, (unit, _)) in &self.observer.let_in {
            assert!(
                state.passage_of(Unit(*unit), *scan).is_some(),
                "{place}: scan {scan:?} of unit {unit} was answered and is lost"
            );
        }
    }

    /// Counts the doubles from the bare passages and demands as many incidents, the same at every node.
    fn check_incidents(&mut self, place: &str) {
        let incidents = self.nodes[CLOUD].ledger.state().incidents();
        let distinct: BTreeSet<_> = incidents.iter().collect();
        assert_eq!(
            distinct.len(),
            incidents.len(),
            "{place}: an incident is reported twice"
        );
        for (id, node) in self.nodes.iter().enumerate() {
            assert_eq!(
                node.ledger.state().incidents(),
                incidents,
                "{place}: node {id} reports other incidents"
            );
        }
        for unit in 0..self.shape.units {
            let (name, entry, offline) = TIERS[tier_of(unit)];
            let reported = incidents.iter().filter(|incident| is_of(incident, unit)).count();
            let recorded = self.nodes[CLOUD].ledger.state().passages(Unit(unit));
            let admitted = recorded.filter(|(_, inwards, passage)| {
                debug_assert!(passage.tier == TierId(u16::try_from(tier_of(unit)).expect("few")));
                *inwards && passage.zone == ZoneId(1)
            });
            let admitted = admitted.count();
            if offline == Offline::Strict {
                assert_eq!(
                    reported, 0,
                    "{place}: unit {unit} ({name}) has a double under strict policy"
                );
            } else if entry == EntryRule::Single && admits(unit) == 1 {
                let doubles = admitted.saturating_sub(1);
                assert_eq!(
                    reported, doubles,
                    "{place}: unit {unit} ({name}) has {doubles} doubles"
                );
            }
        }
        self.observer.outcome.incidents = incidents.len() as u64;
    }
}

fn is_of(incident: &Incident, of: u32) -> bool {
    match incident {
        Incident::DoubleAdmission { unit, .. } => unit.0 == of,
        Incident::Forked { .. } => false,
    }
}
