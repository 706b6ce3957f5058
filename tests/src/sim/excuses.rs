//! Why more people may be in by a strict ticket than it should let in: passages that nobody else could know of, each of them and no more.

use std::collections::BTreeMap;

use usher_protocol::ScanId;
use usher_protocol::record::{Body, Record};

use super::node::NodeId;
use super::world::{CLOUD, World};

impl World {
    /// Tells whether a double under strict policy is one of those that are reported because of passages that nobody else could know of.
    pub fn are_doubles_explained(&mut self, unit: u32, reported: u32) -> bool {
        if reported == 0 {
            return true;
        }
        let read = self.observer.read.values();
        let of_unit = read.filter(|job| job.paper.unit == unit);
        let passages: Vec<_> = of_unit.map(|job| (job.scan, 1)).collect();
        let told =
            self.observer.lies.about(unit) + self.stayed_counted(unit) + self.let_out_for_nothing(unit);
        self.is_explained(unit, reported.saturating_sub(told), &passages)
    }

    /// Returns how many people stay counted who were not let in: their scan was given up at a scanner whose word may not count.
    fn stayed_counted(&self, unit: u32) -> u32 {
        let given_up = self.observer.given_up.iter();
        let stayed = given_up.filter(|(scan, (of, scanner))| {
            let is_written = !self.observer.not_withdrawn.contains(scan);
            *of == unit && !(is_written && self.counts_whole(*scanner))
        });
        let read = stayed.filter_map(|(scan, _)| self.observer.read.get(scan));
        read.map(|job| u32::from(job.persons.max(1))).sum()
    }

    /// Returns how many people left by exits that do not count in the end, so that others may have come in again: the device that wrote them
    /// was revoked from an earlier record on.
    fn let_out_for_nothing(&self, unit: u32) -> u32 {
        let cloud = self.nodes[CLOUD].ledger.state();
        let entries = self.nodes.iter().flat_map(|node| node.disk.entries());
        let void = entries.filter(|entry| entry.tail.seq > cloud.limit(&entry.origin));
        let exits = void.filter_map(|entry| {
            let Body::Exited(passage) = Record::from_bytes(&entry.bytes).ok()?.body else {
                return None;
            };
            let is_of_unit = passage.unverified().ok()?.unit.0 == unit;
            is_of_unit.then(|| (entry.tail.hash, u32::from(passage.persons.max(1))))
        });
        let exits: BTreeMap<_, _> = exits.collect();
        exits.values().sum()
    }

    /// Tells whether so many people of a strict unit may be in beyond its limit, of those who passed: as many as came by passages that
    /// nobody else could know of, or were let out by a liar. A hub that was put back to an old copy is a suspect if it was needed.
    pub fn is_explained(&mut self, unit: u32, beyond: u32, passages: &[(ScanId, u32)]) -> bool {
        let sum = |is_one: &dyn Fn(&ScanId) -> bool| -> u32 {
            let some = passages.iter().filter(|(scan, _)| is_one(scan));
            some.map(|(_, persons)| *persons).sum()
        };
        let excused = sum(&|scan| self.is_excused(scan)) + self.let_out_by_liars(unit);
        if beyond <= excused {
            return true;
        }
        let by_suspect = sum(&|scan| !self.is_excused(scan) && self.is_by_restored(scan));
        if by_suspect > 0 {
            self.tell(|| format!("unit {unit} is used too often by a hub that was put back"));
            self.observer.suspects.extend(self.restored);
        }
        beyond <= excused + by_suspect
    }

    /// Tells whether a passage may be one too many: its record burned with a disk, a supervisor ordered it or took it back and lied,
    /// its hub was destroyed and a person vouched for that, or a liar decided of it.
    fn is_excused(&self, scan: &ScanId) -> bool {
        let is_gone = |node: &NodeId| self.observer.retired.contains(node) || self.is_tainted_key(*node);
        self.observer.overridden.contains_key(scan)
            || self.observer.perished.contains(scan)
            || self.observer.annulled_by_liars.contains(scan)
            || self.is_decided_by(scan, is_gone)
    }

    /// Tells whether a hub that was put back to an old copy decided of a passage, which must come out as a fork.
    fn is_by_restored(&self, scan: &ScanId) -> bool {
        self.is_decided_by(scan, |node| self.restored == Some(*node))
    }

    fn is_decided_by(&self, scan: &ScanId, is_one: impl Fn(&NodeId) -> bool) -> bool {
        let judges = self.observer.judges.get(scan);
        judges.is_some_and(|judges| judges.iter().all(is_one))
    }
}
