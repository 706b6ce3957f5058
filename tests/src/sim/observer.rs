//! Sees everything and checks the promises while the world runs: what was decided, stored and shown, and by whom; agreement after healing is checked elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{Certificate, Role, Timestamp};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::assurance::Assurance;
use usher_protocol::clock::AGREEMENT_MS;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::{Entry, Judged};
use usher_protocol::log::{Hash, Head, Tail};
use usher_protocol::policy::{EntryRule, Offline, TierRules};
use usher_protocol::record::{Body, Record};
use usher_protocol::{Origin, ScanId, Seq};

use super::calendar::{DayWatch, is_closed};
use super::counted::AuthorityWord;
use super::disk::Disk;
use super::lied::LieWatch;
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::scans::Job;
use super::setting::{TIERS, admits, tier_of};
use super::slots::SlotWatch;
use super::truth::LeaveWatch;
use super::world::{CLOUD, World};
use super::zones::ZoneWatch;

/// How long a clock that was heard counts as that of a peer who is linked, in milliseconds.
const CLOCKS_COUNT_FOR_MS: u64 = 20_000;

/// Digests are compared at one in so many changes of a replica, and always at the end: they cost more than the rest.
const DIGEST_EVERY: u64 = 8;

/// A bundle version and where every log ends: what a state follows from.
type Holdings = (u64, Vec<(Origin, Hash)>);

/// Remembers what the promises are about.
pub struct Observer {
    /// Hubs of which a person has said that they are gone.
    pub retired: BTreeSet<NodeId>,
    /// Scans that let people in: the unit and how many.
    pub let_in: BTreeMap<ScanId, (u32, u8)>,
    /// Scans by which nobody was let in: the unit, the scanner, and in which of its lives it showed that.
    pub turned_away: BTreeMap<ScanId, (u32, NodeId, u64)>,
    /// Scans that a scanner gave up: the unit, and the scanner.
    pub given_up: BTreeMap<ScanId, (u32, NodeId)>,
    /// When scans were annulled, by the time that their readers went by.
    pub undone_at: BTreeMap<ScanId, Timestamp>,
    /// Scans that liars may annul, as supervisors.
    pub annulled_by_liars: BTreeSet<ScanId>,
    /// Those of them that the scanner could not write down, because it may write nothing.
    pub not_withdrawn: BTreeSet<ScanId>,
    /// The last verdict staff were shown for a scan.
    pub shown: BTreeMap<ScanId, Verdict>,
    /// Scans whose record was on a disk that is lost.
    pub perished: BTreeSet<ScanId>,
    /// Hubs that are excused for one ticket too many if their fork is known in the end.
    pub suspects: BTreeSet<NodeId>,
    /// What lies say of people that is not plainly false.
    pub lies: LieWatch,
    /// Chain hashes of records that are plainly false, so that their writer must be named.
    pub false_records: BTreeSet<Hash>,
    /// What is known of the zones that are limited.
    pub zones: ZoneWatch,
    /// What is known of slots of time.
    pub slots: SlotWatch,
    /// Who left, whatever the gates saw of it.
    pub leaves: LeaveWatch,
    /// What is known of days.
    pub days: DayWatch,
    /// The hub that enrolled a device, where one did.
    pub enrolled_by: BTreeMap<NodeId, Origin>,
    /// Certificates by a struck issuing key that liars drew for their logs, and that let them do more than they were given: where
    /// each would stand.
    pub unfounded: BTreeMap<Origin, Vec<Tail>>,
    /// Units judged by somebody whose clock was far off and who could not know.
    pub misjudged: BTreeSet<u32>,
    /// Scans on the way out that somebody judged whose clock was off and who could not know.
    pub misjudged_exits: BTreeSet<ScanId>,
    /// How far each device's own log reaches by its own signatures that others hold.
    pasts: BTreeMap<NodeId, Tail>,
    /// Scans that a supervisor decided against the rules, each with its unit.
    pub overridden: BTreeMap<ScanId, u32>,
    /// Scans as their readers began them, each with its secret.
    pub read: BTreeMap<ScanId, Job>,
    /// The scans of tickets that their scanner knew to be void when it read them first.
    pub known_void: BTreeSet<ScanId>,
    /// What the authority has said durably.
    pub word: AuthorityWord,
    /// Doubles reported in the end.
    pub incidents: u64,
    seed: u64,
    owners: BTreeMap<Origin, NodeId>,
    heard: BTreeMap<NodeId, BTreeSet<(u32, u32)>>,
    bundles: BTreeMap<NodeId, u64>,
    /// The newest policy that each node has heard: its version and its tiers.
    tiers: BTreeMap<NodeId, (u32, Vec<TierRules>)>,
    /// Who decided that a scan lets people in.
    pub judges: BTreeMap<ScanId, BTreeSet<NodeId>>,
    /// On which unit's level the people of a scan are new.
    entered: BTreeMap<ScanId, (u32, u8)>,
    /// How many went in with a unit's ticket, on each level.
    totals: BTreeMap<(u32, u8), u32>,
    states: BTreeMap<Holdings, Hash>,
    /// Scans that were refused, as shown to staff.
    pub refused: u64,
}

impl Observer {
    /// Makes an observer of a seed's run.
    pub fn new(seed: u64) -> Self {
        Self {
            retired: BTreeSet::new(),
            let_in: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            given_up: BTreeMap::new(),
            known_void: BTreeSet::new(),
            undone_at: BTreeMap::new(),
            annulled_by_liars: BTreeSet::new(),
            not_withdrawn: BTreeSet::new(),
            shown: BTreeMap::new(),
            perished: BTreeSet::new(),
            suspects: BTreeSet::new(),
            lies: LieWatch::default(),
            false_records: BTreeSet::new(),
            zones: ZoneWatch::default(),
            slots: SlotWatch::default(),
            leaves: LeaveWatch::default(),
            days: DayWatch::default(),
            enrolled_by: BTreeMap::new(),
            unfounded: BTreeMap::new(),
            misjudged: BTreeSet::new(),
            misjudged_exits: BTreeSet::new(),
            pasts: BTreeMap::new(),
            overridden: BTreeMap::new(),
            read: BTreeMap::new(),
            word: AuthorityWord::default(),
            incidents: 0,
            seed,
            owners: BTreeMap::new(),
            heard: BTreeMap::new(),
            bundles: BTreeMap::new(),
            tiers: BTreeMap::new(),
            judges: BTreeMap::new(),
            entered: BTreeMap::new(),
            totals: BTreeMap::new(),
            states: BTreeMap::new(),
            refused: 0,
        }
    }

    /// Takes note whose log that is.
    pub fn owns(&mut self, origin: Origin, owner: NodeId) {
        self.owners.insert(origin, owner);
    }

    /// Returns whose log that is.
    pub fn owner(&self, origin: &Origin) -> Option<NodeId> {
        self.owners.get(origin).copied()
    }

    /// Takes note that others hold so much of a device's own log.
    pub fn past(&mut self, node: NodeId, head: &Head) {
        let held = self.pasts.entry(node).or_default();
        if held.seq < head.tail.seq {
            *held = head.tail;
        }
    }

    /// Takes note of what is lost with a hub's disk beyond that number of its own log.
    pub fn perish(&mut self, disk: &Disk, origin: Origin, kept: Seq) {
        for entry in disk.log(&origin).iter().filter(|entry| entry.tail.seq > kept) {
            if let Ok(Record {
                body: Body::Admitted(passage) | Body::Exited(passage) | Body::Overridden { passage, .. },
                ..
            }) = Record::from_bytes(&entry.bytes)
            {
                self.perished.insert(passage.scan);
            }
        }
    }

    /// Takes note of what is lost of a log with a history that does not count, but for the records that the other one has too.
    pub fn lose_history(&mut self, log: &[Entry], kept: &BTreeSet<Hash>) {
        for entry in log.iter().filter(|entry| !kept.contains(&entry.tail.hash)) {
            if let Ok(record) = Record::from_bytes(&entry.bytes)
                && let Some(passage) = record.body.passage()
            {
                self.perished.insert(passage.scan);
            }
        }
    }

    /// Takes note that a node knows no more than what is on that disk.
    pub fn knows_only(&mut self, node: NodeId, disk: &Disk) {
        self.heard.remove(&node);
        self.bundles.remove(&node);
        self.tiers.remove(&node);
        let entries: Vec<_> = disk.entries().cloned().collect();
        self.stored(node, &entries);
    }

    fn stored(&mut self, node: NodeId, entries: &[Entry]) {
        let by_authority = |entry: &&Entry| self.owners.get(&entry.origin) == Some(&CLOUD);
        for entry in entries.iter().filter(by_authority) {
            match Record::from_bytes(&entry.bytes).map(|record| record.body) {
                Ok(Body::Revoked { unit, generation }) => {
                    self.heard.entry(node).or_default().insert((unit.0, generation.0));
                }
                Ok(Body::Policy { version, policy }) => {
                    let held = self.tiers.entry(node).or_default();
                    if held.0 < version {
                        *held = (version, policy.tiers);
                    }
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Returns the scans by which people came in with a unit's ticket on a level, and how many did.
    pub fn went_in(&self, unit: u32, level: u8) -> impl Iterator<Item = (ScanId, u8)> {
        let entered = self.entered.iter().filter(move |(_, of)| **of == (unit, level));
        entered.filter_map(|(scan, _)| Some((*scan, self.let_in.get(scan)?.1)))
    }

    /// Notes that a device which may write nothing could not give a scan up.
    pub fn cannot_withdraw(&mut self, scan: ScanId) {
        self.not_withdrawn.insert(scan);
    }

    /// Notes that nobody passed by a scan, though staff were shown a yes.
    pub fn annulled(&mut self, job: &Job, (life, at): (u64, Timestamp)) {
        let unit = job.paper.unit;
        self.undone_at.insert(job.scan, at);
        self.given_up.insert(job.scan, (unit, job.scanner));
        self.turned_away.insert(job.scan, (unit, job.scanner, life));
        if let Some((_, persons)) = self.let_in.remove(&job.scan)
            && let Some(total) = self
                .entered
                .remove(&job.scan)
                .and_then(|of| self.totals.get_mut(&of))
        {
            *total -= u32::from(persons);
        }
    }

    /// Notes that nobody was let in by a scan, in that life of its scanner.
    pub fn turns_away(&mut self, job: &Job, life: u64) {
        let turned_away = (job.paper.unit, job.scanner, life);
        self.turned_away.insert(job.scan, turned_away);
    }

    /// Returns how many people a scan let in.
    fn persons(&self, scan: &ScanId) -> u32 {
        self.let_in
            .get(scan)
            .map_or(0, |(_, persons)| u32::from(*persons))
    }

    /// Notes what staff were shown; tells whether this scan lets people in for the first time.
    pub fn shown(&mut self, job: &Job, verdict: Verdict, (life, level): (u64, u8)) -> bool {
        self.shown.insert(job.scan, verdict);
        let Verdict::Admit { persons, .. } = verdict else {
            self.refused += 1;
            self.turns_away(job, life);
            return false;
        };
        self.turned_away.remove(&job.scan);
        if job.direction == Direction::Out || self.let_in.contains_key(&job.scan) {
            return false;
        }
        self.let_in.insert(job.scan, (job.paper.unit, persons));
        if job.comes_from.is_none() {
            let of = (job.paper.unit, level);
            self.entered.insert(job.scan, of);
            *self.totals.entry(of).or_default() += u32::from(persons);
        }
        true
    }
}

impl World {
    /// Names seed and step, for every complaint.
    pub fn place(&self) -> String {
        format!("seed {} step {}", self.observer.seed, self.step)
    }

    /// Checks a decision where it is made: promises 6 and 7.
    pub fn check_decided(&mut self, node: NodeId, job: &Job, judged: &Judged) {
        let Verdict::Admit { .. } = judged.verdict else {
            return;
        };
        let (place, name, paper) = (self.place(), self.name(node), &job.paper);
        let bundle = self.nodes[node].ledger.trust().bundle().version;
        let known = self.observer.bundles.get(&node).copied().unwrap_or(1);
        assert!(
            bundle >= known,
            "{place}: {name} went back from trust bundle {known} to {bundle}"
        );
        assert!(
            paper.worth.is_good_under(bundle, &self.setting),
            "{place}: {name} let in a ticket that trust bundle {bundle} does not vouch for: {paper:?}"
        );
        self.check_listed(node, paper);
        let (again, inwards) = (judged.body.is_none(), job.direction == Direction::In);
        if again || !inwards {
            return self.note_exit(node, job, again);
        }
        let now = self.now;
        self.observer.zones.judged(job.scan, judged.body.as_ref(), now);
        self.note_slot(job.scan, judged.body.as_ref());
        self.note_day(job.scan, judged.body.as_ref());
        self.check_powers(node, job);
        self.check_whole(node);
        self.check_room(node, job);
        if !self.has_right_time(node) {
            self.observer.misjudged.insert(paper.unit);
        }
        self.check_only_home(node, paper);
        let (place, name, paper) = (self.place(), self.name(node), &job.paper);
        let ticket = (paper.unit, paper.generation);
        let heard = self.observer.heard.get(&node);
        assert!(
            !heard.is_some_and(|heard| heard.contains(&ticket)),
            "{place}: {name} forgot a revocation: {paper:?}"
        );
        let is_retired = self.nodes[node]
            .ledger
            .state()
            .rosters()
            .retired()
            .contains(&self.nodes[node].key.public());
        let strict = TIERS[tier_of(paper.unit)].2 == Offline::Strict;
        assert!(
            !(strict && is_retired),
            "{place}: {name} lets in {paper:?} though it was retired"
        );
        // A newer policy may have come that is not durable yet.
        let policy = self.nodes[node].ledger.state().policy();
        let version = policy.map_or(0, |(version, _)| version);
        let tiers = self.observer.tiers.get(&node);
        let at = self.nodes[node].clock(now);
        assert!(
            !tiers.is_some_and(|(heard, tiers)| *heard >= version && is_closed(&tiers[tier_of(paper.unit)], at)),
            "{place}: {name} lets in a ticket of a tier that it knows to be closed: {paper:?}"
        );
        self.observer.judges.entry(job.scan).or_default().insert(node);
    }

    /// Tells whether a device judges by the right time, and checks that it does if most clocks have it that it has heard, its own among
    /// them: also in a storm, and whoever lies. What it has not heard it cannot know.
    pub fn has_right_time(&self, node: NodeId) -> bool {
        let moment = self.nodes[node].moment(self.now);
        if moment.at.0.abs_diff(self.now) <= AGREEMENT_MS {
            return true;
        }
        let own_ms = self.nodes[node].reading(self.now).wall.0.abs_diff(self.now);
        let others = self.nodes[node].clocks_heard(self.now, CLOCKS_COUNT_FOR_MS);
        let all = others.len() + 1;
        let off_ms = others.iter().map(|off_ms| off_ms.unsigned_abs()).chain([own_ms]);
        let right = off_ms.filter(|off_ms| *off_ms <= AGREEMENT_MS / 2).count();
        assert!(
            2 * right <= all || moment.earliest != moment.latest,
            "{}: {} judges by a wrong clock, though {right} of {all} are right",
            self.place(),
            self.name(node)
        );
        false
    }

    /// Checks that a device lets people in at its own gates only.
    fn check_powers(&self, node: NodeId, job: &Job) {
        let powers = self.powers(node);
        assert!(
            powers.role == Role::Hub || powers.serves(job.gate.0) || self.is_liar(node),
            "{}: {} lets people in at a gate that is not in its certificate",
            self.place(),
            self.name(node)
        );
    }

    /// Checks that whoever lets people in has one history and knows all of it.
    fn check_whole(&self, node: NodeId) {
        let (place, name, ledger) = (self.place(), self.name(node), &self.nodes[node].ledger);
        let own = self.nodes[node].key.public();
        assert!(
            !ledger.state().is_frozen(&own),
            "{place}: {name} lets people in though it has two histories"
        );
        let past = self.observer.pasts.get(&node).copied().unwrap_or_default();
        // A past that was another history is nothing to wait for.
        let is_plain = ledger.state().forks().all(|fork| fork.origin != own);
        let is_whole = past.seq <= ledger.tail(&own).seq || !self.has_written(&own, &past.hash);
        assert!(
            !is_plain || is_whole || self.is_tainted_key(node),
            "{place}: {name} writes beside its own past"
        );
    }

    /// Checks what is about to become durable: nothing altered is ever taken for a record.
    pub fn check_stored(&mut self, node: NodeId) {
        for entry in &self.nodes[node].batch.entries {
            let owner = self.observer.owner(&entry.origin);
            assert!(
                self.has_written(&entry.origin, &entry.tail.hash),
                "{}: {} stores a record that nobody wrote: number {} of {}",
                self.place(),
                self.name(node),
                entry.tail.seq,
                owner.map_or_else(|| "a stranger".to_owned(), |owner| self.name(owner))
            );
        }
        self.observer.stored(node, &self.nodes[node].batch.entries);
        if node == CLOUD {
            self.note_the_authoritys_word();
        }
        let bundle = self.nodes[node].batch.bundle.as_ref();
        if let Some(bundle) = bundle.and_then(|bundle| bundle.unverified().ok()) {
            self.observer.bundles.insert(node, bundle.version);
        }
    }

    /// Checks that nobody who has durably heard of a device's revocation still talks to it: promise 10.
    pub fn check_company(&self, node: NodeId) {
        let register = self.nodes[node].ledger.state().register();
        for (peer, live) in &self.nodes[node].sessions {
            assert!(
                live.session
                    .peer()
                    .is_none_or(|peer| !register.revoked.contains_key(&peer.device)),
                "{}: {} talks to {}, which it knows to be revoked",
                self.place(),
                self.name(node),
                self.name(*peer)
            );
            assert!(
                !live.session.peer().is_some_and(|peer| self.is_orphan(node, peer)),
                "{}: {} talks to {}, whose hub it knows to be revoked",
                self.place(),
                self.name(node),
                self.name(*peer)
            );
        }
    }

    /// Tells whether a device was enrolled by a hub that is known to be revoked, and the authority does not vouch for it.
    fn is_orphan(&self, node: NodeId, device: &Certificate) -> bool {
        let register = self.nodes[node].ledger.state().register();
        let owner = self.observer.owner(&device.device);
        let hub = owner.and_then(|owner| self.observer.enrolled_by.get(&owner));
        let vouched = register.enrolled.get(&device.device);
        hub.is_some_and(|hub| register.revoked.contains_key(hub))
            && !vouched.is_some_and(|vouched| vouched.unverified().covers(device))
    }

    /// Checks that only the authority says how fresh its word is, and only to whoever has heard it up to there.
    pub fn check_assured(&self, node: NodeId, assurance: &Assurance) {
        let by_authority = self.observer.owner(&assurance.authority) == Some(CLOUD);
        let heard = self.nodes[node].ledger.tail(&assurance.authority).seq;
        assert!(
            by_authority && heard >= assurance.tail.seq,
            "{}: {} believes that it is fresh: {assurance:?}",
            self.place(),
            self.name(node)
        );
    }

    /// Checks that whoever is accused of two histories really wrote two.
    pub fn check_accusation(&self, node: NodeId, found: &ForkProof) {
        let owner = self.observer.owner(&found.origin());
        let proven = found.check(self.setting.event);
        let guilty = owner.filter(|owner| {
            let wrote = |hash: &Hash| self.has_written(&found.origin(), hash);
            let wrote_both = proven.is_some_and(|found| found.hashes.iter().all(wrote));
            self.may_have_forked(*owner) && wrote_both
        });
        assert!(
            guilty.is_some(),
            "{}: {} says of {owner:?}, which was never put back, that it has two histories: {found:?}",
            self.place(),
            self.name(node)
        );
    }

    /// Tells whether the holder of a log's key, or of a copy of it, has ever written that.
    fn has_written(&self, origin: &Origin, hash: &Hash) -> bool {
        let owner = self.observer.owner(origin);
        let mut nodes = self.nodes.iter().enumerate();
        nodes.any(|(id, node)| {
            (owner == Some(id) || node.key.public() == *origin) && node.genuine.contains(hash)
        })
    }

    /// Tells whether somebody could have written a second history with that node's key.
    pub fn may_have_forked(&self, node: NodeId) -> bool {
        self.restored == Some(node) || self.is_tainted_key(node)
    }

    /// Checks that a strict ticket lets in no more people than it should on a level: promise 4.
    pub fn check_went_in(&mut self, unit: u32, level: u8) {
        let (name, entry, offline) = TIERS[tier_of(unit)];
        if offline != Offline::Strict {
            return;
        }
        let total = self
            .observer
            .totals
            .get(&(unit, level))
            .copied()
            .unwrap_or_default();
        let (limit, count) = match entry {
            EntryRule::Single => (u32::from(admits(unit)), total),
            EntryRule::Reentry => (u32::from(admits(unit)), self.people.inside_level(unit, level)),
            EntryRule::PerDay(_) => {
                let times = u32::from(self.setting.calendar.entries_a_day);
                let is_sure = self.setting.calendar.is_one_day() && !self.observer.misjudged.contains(&unit);
                let by_day = self.most_in_a_day(unit, level);
                (times, if is_sure { total } else { by_day })
            }
        };
        let beyond = count.saturating_sub(limit);
        let there = self
            .observer
            .entered
            .iter()
            .filter(|(_, of)| **of == (unit, level));
        let passages = there.map(|(scan, _)| (*scan, self.observer.persons(scan)));
        let passages: Vec<_> = passages.collect();
        if !self.is_explained(unit, beyond, &passages) {
            let place = self.place();
            panic!("{place}: unit {unit} ({name}) let {count} people in, not {limit}, on level {level}");
        }
    }

    /// Tells whether a supervisor let people in with a unit's ticket.
    pub fn is_overridden(&self, unit: u32) -> bool {
        self.observer.overridden.values().any(|one| *one == unit)
    }

    /// Compares the state of replicas that hold the same records: promise 8.
    pub fn check_step(&mut self) {
        for id in 0..self.nodes.len() {
            if std::mem::take(&mut self.nodes[id].changed) {
                self.check_nobody_honest_is_frozen(id);
                self.check_bounds(id);
                let records: u64 = self.nodes[id].ledger.vector().values().map(|seq| seq.0).sum();
                if records.is_multiple_of(DIGEST_EVERY) {
                    self.compare(id);
                }
            }
        }
    }

    /// Checks that whoever has one history is never taken to have two.
    fn check_nobody_honest_is_frozen(&self, id: NodeId) {
        for fork in self.nodes[id].ledger.state().forks() {
            let owner = self.observer.owner(&fork.origin);
            assert!(
                owner.is_some_and(|owner| self.may_have_forked(owner)),
                "{}: {} believes that {owner:?}, which has one history, has two",
                self.place(),
                self.name(id)
            );
        }
    }

    /// Compares a replica's state with that of any other that held the same records.
    pub fn compare(&mut self, id: NodeId) {
        let ledger = &self.nodes[id].ledger;
        if ledger.must_be_rebuilt() && !self.breaks(Sabotage::MissedListsAreNotReadAgain) {
            return;
        }
        let digest = ledger.state().digest();
        // Unwritten logs count as held nowhere.
        let tails = ledger.tails().into_iter().filter(|(_, tail)| tail.seq.0 > 0);
        let tails = tails.map(|(origin, tail)| (origin, tail.hash)).collect();
        let key = (ledger.trust().bundle().version, tails);
        let known = self.observer.states.entry(key).or_insert(digest);
        assert!(
            *known == digest,
            "{}: {} differs from another with the same records",
            self.place(),
            self.name(id)
        );
    }
}
