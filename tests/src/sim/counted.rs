//! What counts and what does not by the authority's word, followed record by record beside the fold: cuts, rosters, and how many logs of one issuer are kept.

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::PublicKey;
use usher_protocol::ledger::ruling::MAX_VOUCHED_OF_HUB;
use usher_protocol::ledger::{MAX_UNVOUCHED_LOGS, MAX_UNVOUCHED_OF_ISSUER};
use usher_protocol::log::{Hash, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::{Origin, Seq, Unit};

use super::node::NodeId;
use super::world::{CLOUD, World};

/// What the authority has said durably.
#[derive(Debug, Default)]
pub struct AuthorityWord {
    /// What the organizer meant by each record that revokes a device: whose log counts up to where.
    meant: BTreeMap<Hash, (Origin, Seq)>,
    /// Up to where the logs of revoked devices count.
    cuts: BTreeMap<Origin, Seq>,
    rosters: BTreeMap<u32, Vec<PublicKey>>,
    /// Units of other sellers' codes that were listed.
    pub listed: BTreeSet<Unit>,
}

impl World {
    /// Takes note of what the organizer means by the record that the authority has just written.
    pub fn means(&mut self, device: Origin, after: Seq) {
        let authority = self.nodes[CLOUD].key.public();
        let hash = self.nodes[CLOUD].ledger.tail(&authority).hash;
        self.observer.word.meant.insert(hash, (device, after));
    }

    /// Takes note of what the authority has said, once it is durable at the cloud.
    pub fn note_the_authoritys_word(&mut self) {
        for entry in &self.nodes[CLOUD].batch.entries {
            if self.observer.owner(&entry.origin) != Some(CLOUD) {
                continue;
            }
            let word = &mut self.observer.word;
            word.cuts.extend(word.meant.get(&entry.tail.hash).copied());
            match Record::from_bytes(&entry.bytes).map(|record| record.body) {
                Ok(Body::Roster { epoch, hubs }) => {
                    word.rosters.entry(epoch).or_insert(hubs);
                }
                Ok(Body::Foreign(list)) => word.listed.extend(list.codes.iter().map(|listed| listed.unit)),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Checks that no passage counts which is plainly false, or which a revoked device wrote beyond its cut, and that every roster
    /// is known.
    pub fn check_word(&self, node: NodeId) {
        let (place, name) = (self.place(), self.name(node));
        let (state, word) = (self.nodes[node].ledger.state(), &self.observer.word);
        for unit in self.units() {
            for (stamp, ..) in state.passages(Unit(unit)) {
                let cut = word.cuts.get(&stamp.origin);
                assert!(
                    cut.is_none_or(|after| stamp.seq <= *after),
                    "{place}: {name} counts what a device wrote that was revoked before: {stamp:?}, beyond {cut:?}"
                );
                assert!(
                    state.is_revoked(&stamp.origin) || !self.is_unfounded(node, stamp.origin, stamp.seq),
                    "{place}: {name} counts what was written under a struck issuing key: {stamp:?}"
                );
                // Of a log with two histories others may hold the other one.
                let record = self.nodes[node].disk.tail_at(&stamp.origin, stamp.seq);
                assert!(
                    record.is_none_or(|record| !self.observer.false_records.contains(&record.hash)),
                    "{place}: {name} counts a passage that is plainly false: {stamp:?}"
                );
            }
        }
        for (epoch, hubs) in &word.rosters {
            assert!(
                state.rosters().all().get(epoch) == Some(hubs),
                "{place}: {name} does not know roster {epoch}"
            );
        }
    }

    /// Tells whether a record stands behind a certificate by a struck issuing key, which its log opened with; one that its writer lost with a
    /// crash is in no log.
    fn is_unfounded(&self, node: NodeId, origin: Origin, seq: Seq) -> bool {
        let drawn = self.observer.unfounded.get(&origin).into_iter().flatten();
        let holds = |opening: &Tail| {
            let mut copies = [node, CLOUD].into_iter().map(|holder| &self.nodes[holder].disk);
            copies.any(|disk| disk.tail_at(&origin, opening.seq) == Some(*opening))
        };
        drawn
            .into_iter()
            .any(|opening| opening.seq <= seq && holds(opening))
    }

    /// Checks that nobody takes a certificate but from the authority and the hub that enrolled it.
    pub fn check_certificate(&self, node: NodeId) {
        let via = self.nodes[node].identity.via.as_ref();
        let Some(hub) = via.map(|via| via.certificate.device) else {
            return;
        };
        let device = self.clones.get(&node).copied().unwrap_or(node);
        assert!(
            self.is_liar(node) || self.observer.enrolled_by.get(&device) == Some(&hub),
            "{}: {} takes a certificate from a hub that did not enrol it",
            self.place(),
            self.name(node)
        );
    }

    /// Checks that no issuer fills a replica with logs that the authority does not vouch for.
    pub fn check_bounds(&self, node: NodeId) {
        let ledger = &self.nodes[node].ledger;
        let (state, logs) = (ledger.state(), ledger.vector());
        if logs.len() <= MAX_UNVOUCHED_OF_ISSUER {
            return;
        }
        let register = state.register();
        let mut by_hub = BTreeMap::<PublicKey, usize>::new();
        for via in register
            .enrolled
            .values()
            .filter_map(|identity| identity.via.as_ref())
        {
            *by_hub.entry(via.certificate.device).or_default() += 1;
        }
        assert!(
            by_hub.values().all(|devices| *devices <= MAX_VOUCHED_OF_HUB),
            "{}: the authority vouches for more devices of one hub than it may",
            self.place()
        );
        let unvouched = logs
            .keys()
            .filter(|origin| !register.enrolled.contains_key(origin));
        let mut by_issuer = BTreeMap::<PublicKey, usize>::new();
        for identity in unvouched.filter_map(|origin| state.opened_with(origin)) {
            *by_issuer.entry(identity.certificate.issuer).or_default() += 1;
        }
        assert!(
            by_issuer.values().sum::<usize>() <= MAX_UNVOUCHED_LOGS,
            "{}: {} keeps more logs that nobody vouches for than it may",
            self.place(),
            self.name(node)
        );
        assert!(
            by_issuer.values().all(|logs| *logs <= MAX_UNVOUCHED_OF_ISSUER),
            "{}: {} keeps more logs of one issuer than it may",
            self.place(),
            self.name(node)
        );
    }
}
