//! What must hold once everything is mended: everyone who is left holds everything, nothing shown is lost, forks and doubles are known to all.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::TrustedKey;
use usher_protocol::log::Tail;
use usher_protocol::policy::{EntryRule, Offline};
use usher_protocol::record::{Body, Passage, Record};
use usher_protocol::state::Incident;
use usher_protocol::state::units::ANNUL_WITHIN_MS;
use usher_protocol::{Origin, ScanId, Seq, Stamp, Unit};

use super::disk::Disk;
use super::node::NodeId;
use super::setting::{TIERS, admits, level, tier_of};
use super::world::{CLOUD, World};

impl World {
    /// Returns those who must agree: whoever was neither destroyed nor revoked, and does not lie.
    pub fn members(&self) -> Vec<NodeId> {
        (0..self.nodes.len())
            .filter(|node| !self.is_outcast(*node) && !self.is_liar(*node))
            .collect()
    }

    /// Returns the members that hear of the cloud without a liar in between: what one of the others sees, a liar may keep to itself.
    fn in_touch(&self) -> Vec<NodeId> {
        let (mut found, mut rest) = (vec![CLOUD], self.members());
        rest.retain(|node| *node != CLOUD);
        let is_line = |a: NodeId, b: NodeId| self.pairs.contains(&(a.min(b), a.max(b)));
        while let Some(at) = rest
            .iter()
            .position(|node| found.iter().any(|known| is_line(*known, *node)))
        {
            found.push(rest.swap_remove(at));
        }
        found
    }

    /// Finds the origins of which two members hold different histories.
    fn forked(&self) -> BTreeSet<Origin> {
        let members = self.in_touch();
        let has_forked = |origin: &Origin| {
            let mut pairs = members.iter().flat_map(|a| members.iter().map(move |b| (a, b)));
            pairs.any(|(a, b)| self.differ(origin, *a, *b))
        };
        let liars = self.liars.iter().map(|liar| liar.node);
        let suspects = self.restored.into_iter().chain(liars);
        let suspects = suspects.map(|node| self.nodes[node].key.public());
        suspects.filter(has_forked).collect()
    }

    /// Returns where a node's copies end, but for those that need not be the same everywhere.
    pub fn tails(&self, node: NodeId) -> BTreeMap<Origin, Tail> {
        let tails = self.nodes[node].ledger.tails().into_iter();
        let tails = tails.filter(|(_, tail)| tail.seq.0 > 0);
        tails
            .filter(|(origin, _)| self.must_be_everywhere(origin))
            .collect()
    }

    /// Copies of a frozen origin end where each heard of the fork. Nobody sends or takes logs of a struck authority, nor of a
    /// device that nobody stands for. Of strangers that nobody vouches for each replica holds as many as it may.
    fn must_be_everywhere(&self, origin: &Origin) -> bool {
        let cloud = &self.nodes[CLOUD].ledger;
        let is_vouched = cloud.state().register().enrolled.contains_key(origin);
        let is_stranger = self.strangers.contains(origin) && !is_vouched;
        let authority = cloud.trust().bundle().authority_key(origin);
        let is_struck = authority.is_some_and(TrustedKey::is_struck);
        let owner = self.observer.owner(origin);
        let is_forsaken = owner.is_some_and(|owner| self.is_forsaken(owner));
        !cloud.state().is_frozen(origin) && !is_stranger && !is_struck && !is_forsaken
    }

    /// Tells whether everyone who is left holds the same and knows of every fork.
    pub fn agrees(&self) -> bool {
        let forked = self.forked();
        let (tails, bundle) = (self.tails(CLOUD), self.bundle_version);
        self.members().into_iter().all(|node| {
            let ledger = &self.nodes[node].ledger;
            self.tails(node) == tails
                && ledger.trust().bundle().version == bundle
                && forked.iter().all(|origin| self.knows_of_fork(node, origin))
                && self.nodes[node].batch.entries.is_empty()
        })
    }

    /// After healing everyone holds everything, nothing shown is lost, and each double is reported exactly once.
    pub fn check_agreement(&mut self) {
        let forked = self.forked();
        for node in self.members() {
            self.check_forks_known(node, &forked);
            let (place, name) = (self.place(), self.name(node));
            let (tails, wanted) = (self.tails(node), self.tails(CLOUD));
            assert!(
                tails == wanted,
                "{place}: {name} did not catch up: {}",
                self.gaps(&tails, &wanted)
            );
            let bundle = self.nodes[node].ledger.trust().bundle().version;
            assert_eq!(
                bundle, self.bundle_version,
                "{place}: {name} has an old trust bundle"
            );
            self.compare(node);
            self.check_same_state(node);
            self.check_word(node);
            let held = |node: NodeId| -> Vec<_> {
                let held = self.nodes[node].disk.held().into_iter();
                held.filter(|held| tails.contains_key(&held.origin)).collect()
            };
            assert!(held(node) == held(CLOUD), "{place}: {name} holds other heads");
        }
        self.check_nothing_lost();
        self.check_counts();
        self.check_truth();
        self.check_nobody_counted_who_was_turned_away();
        self.check_incidents();
    }

    /// A person who was not let in is not counted as in. A scanner that stopped in between has not shown the last word, and
    /// of one whose log does not count as a whole, or followed a history that was settled away, the giving up may not either. What
    /// was annulled by a clock too far from the home's for the fold is a supervisor's to annul.
    fn check_nobody_counted_who_was_turned_away(&self) {
        let state = self.nodes[CLOUD].ledger.state();
        for (scan, (unit, scanner, life)) in &self.observer.turned_away {
            let node = &self.nodes[*scanner];
            let is_excused = self.observer.not_withdrawn.contains(scan)
                || self.observer.perished.contains(scan)
                || node.life != *life
                || self.is_outcast(*scanner)
                || !self.counts_whole(*scanner);
            let mut records = state.records_of(Unit(*unit), *scan);
            let undone_at = self.observer.undone_at.get(scan);
            let counted = records.any(|(_, _, passage)| {
                undone_at.is_none_or(|at| at.0.abs_diff(passage.at.0) <= ANNUL_WITHIN_MS)
            });
            assert!(
                is_excused || !counted,
                "{}: scan {scan:?} of unit {unit} counts, though {} let nobody in by it",
                self.place(),
                self.name(*scanner)
            );
        }
    }

    /// Tells whether all that a device has written counts at the cloud.
    pub fn counts_whole(&self, node: NodeId) -> bool {
        let (origin, cloud) = (self.nodes[node].key.public(), &self.nodes[CLOUD].ledger);
        let is_whole = self.nodes[node].ledger.tail(&origin) == cloud.tail(&origin);
        is_whole && cloud.state().limit(&origin) == Seq(u64::MAX) && !cloud.state().is_frozen(&origin)
    }

    /// Everybody believes the authority that writes now and, where every log must be everywhere, the
    /// same of everything, whatever they happened to hear of authorities whose key was struck out.
    fn check_same_state(&self, node: NodeId) {
        let (place, name) = (self.place(), self.name(node));
        let (state, cloud) = (self.nodes[node].ledger.state(), self.nodes[CLOUD].ledger.state());
        let writing = self.nodes[CLOUD].key.public();
        assert!(
            state.authority() == Some(writing),
            "{place}: {name} believes {:?}, not the authority that writes",
            state.authority()
        );
        let is_open = cloud.forks().any(|fork| cloud.is_frozen(&fork.origin));
        let is_forsaken = (0..self.nodes.len()).any(|node| self.is_forsaken(node));
        let may_differ = is_open || is_forsaken || !self.strangers.is_empty();
        assert!(
            may_differ || state.digest() == cloud.digest(),
            "{place}: {name} differs from the cloud in the end"
        );
        for zone in self.setting.zones() {
            let (here, there) = (state.occupancy(*zone), cloud.occupancy(*zone));
            assert!(
                may_differ || here == there,
                "{place}: {name} knows of {here} people in zone {zone}, and the cloud of {there}"
            );
        }
    }

    /// Tells whether neither of two copies of a log is the beginning of the other.
    fn differ(&self, origin: &Origin, a: NodeId, b: NodeId) -> bool {
        let [a, b] = [a, b].map(|node| &self.nodes[node].disk);
        let end = |disk: &Disk| disk.held_of(origin).tail.seq;
        let both = end(a).min(end(b));
        let tails = a.tail_at(origin, both).zip(b.tail_at(origin, both));
        tails.is_some_and(|(a, b)| a != b)
    }

    fn check_forks_known(&self, node: NodeId, forked: &BTreeSet<Origin>) {
        let (place, name) = (self.place(), self.name(node));
        let suspects = self
            .observer
            .suspects
            .iter()
            .map(|hub| self.nodes[*hub].key.public());
        for origin in forked.iter().copied().chain(suspects) {
            let owner = self.observer.owner(&origin).map(|owner| self.name(owner));
            assert!(
                self.knows_of_fork(node, &origin),
                "{place}: {name} does not know that {} has two histories",
                owner.unwrap_or_default()
            );
        }
    }

    /// Tells whether a node knows of a fork, or that a person has settled it. Whoever has two histories itself writes nothing down, and may
    /// not hold the record of it that stands in the other one: it tells of what it has seen.
    fn knows_of_fork(&self, node: NodeId, origin: &Origin) -> bool {
        let (ledger, own) = (&self.nodes[node].ledger, self.nodes[node].key.public());
        let state = ledger.state();
        let has_seen = || ledger.unheard_forks().iter().any(|seen| seen.origin() == *origin);
        state.is_frozen(origin) || state.settled(origin).is_some() || state.is_frozen(&own) && has_seen()
    }

    fn gaps(&self, tails: &BTreeMap<Origin, Tail>, wanted: &BTreeMap<Origin, Tail>) -> String {
        let origins: BTreeSet<_> = tails.keys().chain(wanted.keys()).collect();
        let gaps = origins
            .into_iter()
            .filter(|origin| tails.get(origin) != wanted.get(origin));
        let gap = |origin: &Origin| {
            let name = self.observer.owner(origin).map(|owner| self.name(owner));
            let seq = |tails: &BTreeMap<Origin, Tail>| tails.get(origin).map_or(0, |tail| tail.seq.0);
            format!(
                "{} of {} records of {}",
                seq(tails),
                seq(wanted),
                name.unwrap_or_default()
            )
        };
        gaps.map(gap).collect::<Vec<_>>().join(", ")
    }

    fn check_nothing_lost(&self) {
        let state = self.nodes[CLOUD].ledger.state();
        let elsewhere = self.elsewhere();
        for (scan, (unit, _)) in &self.observer.let_in {
            let excused = self.observer.perished.contains(scan)
                || self.observer.annulled_by_liars.contains(scan)
                || elsewhere.contains(scan);
            assert!(
                excused || state.passage_of(Unit(*unit), *scan).is_some(),
                "{}: scan {scan:?} of unit {unit} was answered and is lost",
                self.place()
            );
        }
    }

    /// Finds the scans recorded where nobody fetches them any more: by outcasts, and in the histories of frozen origins.
    pub fn elsewhere(&self) -> BTreeSet<ScanId> {
        let mut scans = BTreeSet::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let own = node.key.public();
            for entry in node.disk.entries() {
                let outcast = (self.is_outcast(id) || self.is_tainted_key(id)) && entry.origin == own;
                if !outcast && !self.nodes[CLOUD].ledger.state().is_frozen(&entry.origin) {
                    continue;
                }
                if let Ok(Record {
                    body: Body::Admitted(passage) | Body::Exited(passage) | Body::Overridden { passage, .. },
                    ..
                }) = Record::from_bytes(&entry.bytes)
                {
                    scans.insert(passage.scan);
                }
            }
        }
        scans
    }

    /// Finds the units of which a frozen origin recorded a passage: what is known of them depends on which history one has.
    fn tainted(&self) -> BTreeSet<u32> {
        let cloud = self.nodes[CLOUD].ledger.state();
        let units = self.units();
        let is_unvouched = |origin: &Origin| {
            self.strangers.contains(origin) && !cloud.register().enrolled.contains_key(origin)
        };
        let frozen = |stamp: Stamp| cloud.is_frozen(&stamp.origin) || is_unvouched(&stamp.origin);
        let is_tainted = |unit: &u32| {
            self.nodes.iter().any(|node| {
                let mut passages = node.ledger.state().passages(Unit(*unit));
                passages.any(|(stamp, ..)| frozen(stamp))
            })
        };
        let given_up = self.nodes.iter().flat_map(|node| node.disk.entries());
        let given_up = given_up.filter(|entry| cloud.is_frozen(&entry.origin) || is_unvouched(&entry.origin));
        let given_up = given_up.filter_map(|entry| withdrawn_unit(&entry.bytes));
        units.filter(is_tainted).chain(given_up).collect()
    }

    /// Counts the doubles from the bare passages and demands as many incidents, the same at every node.
    fn check_incidents(&mut self) {
        let (place, tainted) = (self.place(), self.tainted());
        let is_clear = |incident: &Incident| unit_of(incident).is_some_and(|unit| !tainted.contains(&unit));
        let clear = |node: NodeId| -> Vec<_> {
            let incidents = self.nodes[node].ledger.state().incidents().into_iter();
            incidents.filter(is_clear).collect()
        };
        let incidents = clear(CLOUD);
        let distinct: BTreeSet<_> = incidents.iter().collect();
        assert!(
            distinct.len() == incidents.len(),
            "{place}: an incident is reported twice"
        );
        for node in self.members() {
            assert!(
                clear(node) == incidents,
                "{place}: {} reports other incidents",
                self.name(node)
            );
        }
        let lied_about = self.lied_about();
        let mut plain: Vec<_> = self.units().collect();
        plain.retain(|unit| !tainted.contains(unit) && !self.is_overridden(*unit));
        for unit in plain {
            let reported = incidents.iter().filter(|one| unit_of(one) == Some(unit)).count();
            if !lied_about.contains(&unit) {
                self.check_doubles(unit, reported);
            }
            self.check_doubles_are_explained(unit, u32::try_from(reported).expect("few"));
        }
        self.observer.incidents = incidents.len() as u64;
    }

    fn check_doubles(&self, unit: u32, reported: usize) {
        let (name, entry, _) = TIERS[tier_of(unit)];
        let state = self.nodes[CLOUD].ledger.state();
        let entries: Vec<_> = state
            .passages(Unit(unit))
            .filter(|(_, inwards, _)| *inwards)
            .collect();
        let comes_on = |passage: &Passage| self.setting.behind(passage.gate).1.is_some();
        let doubles = |at: u8| {
            let there = entries.iter().filter(|(_, _, passage)| level(passage.zone) == at);
            there.count().saturating_sub(1)
        };
        let doubles = doubles(0) + doubles(1);
        let place = self.place();
        let goes_on = entries.iter().any(|(_, _, passage)| comes_on(passage));
        if entry == EntryRule::Single && admits(unit) == 1 && !goes_on {
            assert_eq!(
                reported, doubles,
                "{place}: doubles of unit {unit} ({name}), and how many there are"
            );
        }
    }

    /// Under strict policy each double is one of a passage that nobody else could know of.
    fn check_doubles_are_explained(&mut self, unit: u32, reported: u32) {
        let (name, _, offline) = TIERS[tier_of(unit)];
        assert!(
            offline != Offline::Strict || self.are_doubles_explained(unit, reported),
            "{}: unit {unit} ({name}) has {reported} doubles under strict policy",
            self.place()
        );
    }
}

fn withdrawn_unit(record: &[u8]) -> Option<u32> {
    if let Body::Withdrawn { passage, .. } | Body::Annulled { passage, .. } =
        Record::from_bytes(record).ok()?.body
    {
        return Some(passage.unverified().ok()?.unit.0);
    }
    None
}

fn unit_of(incident: &Incident) -> Option<u32> {
    match incident {
        Incident::DoubleAdmission { unit, .. } => Some(unit.0),
        Incident::ExitTooMany { .. } | Incident::Forked { .. } | Incident::FalseRecord { .. } => None,
    }
}
