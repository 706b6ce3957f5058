//! Who really is in each zone, and what the records say of it once everything is mended: nobody who is in goes missing, and nobody who was
//! seen to leave stays, but for what no rule can know.

use std::collections::{BTreeMap, BTreeSet};

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::clock::AGREEMENT_MS;
use usher_protocol::{ScanId, Unit, ZoneId};

use super::node::NodeId;
use super::scans::Job;
use super::world::{CLOUD, World};

/// Within how long of an entry an exit that does not name it may be another's, in milliseconds: each of the two clocks may be off by
/// as much as nobody is told of.
const IN_DOUBT_MS: u64 = 2 * AGREEMENT_MS;

/// Everybody who left, whatever the gates saw of it.
#[derive(Debug, Default)]
pub struct LeaveWatch {
    leaves: Vec<Leave>,
    /// The scans on the way out, and whose leaving each was.
    by_scan: BTreeMap<ScanId, usize>,
}

/// One person who left some zones.
#[derive(Debug)]
struct Leave {
    unit: u32,
    zones: BTreeSet<ZoneId>,
}

/// How the records may differ from the truth about a ticket's people in a zone.
#[derive(Debug, Default)]
struct Doubt {
    /// People who left, of whom no gate said that it let them out.
    unseen: u32,
    /// Exits that were recorded once more, be it of the same person or of a friend with a copy.
    repeated: u32,
    /// Exits that named no entry, so soon before or after one that clocks leave open which was first: by right ones minutes, by those that
    /// were wrong where nobody could tell, whatever they were off.
    too_soon: u32,
    /// People who went on from one zone to the next where it was not known that they were in the first.
    moved_unknown: u32,
    /// People of whose passage the records do not tell, or tell though no gate has shown it.
    not_told: u32,
    /// People whom lies are about.
    lied_about: u32,
}

impl LeaveWatch {
    /// Takes note that somebody leaves these zones.
    pub fn leaves(&mut self, unit: u32, zones: BTreeSet<ZoneId>) {
        self.leaves.push(Leave { unit, zones });
    }

    /// Takes note that whoever left last is scanned, or a friend with a copy of the ticket.
    pub fn is_scanned(&mut self, scan: ScanId) {
        if let Some(last) = self.leaves.len().checked_sub(1) {
            self.by_scan.insert(scan, last);
        }
    }

    /// Takes note that a scan is tried again as another.
    pub fn tries_again(&mut self, scan: ScanId, again: ScanId) {
        if let Some(leave) = self.by_scan.get(&scan).copied() {
            self.by_scan.insert(again, leave);
        }
    }

    fn of(&self, unit: u32, zone: ZoneId) -> impl Iterator<Item = Vec<ScanId>> {
        let of_it = move |leave: &Leave| leave.unit == unit && leave.zones.contains(&zone);
        let leaves = self
            .leaves
            .iter()
            .enumerate()
            .filter(move |(_, leave)| of_it(leave));
        leaves.map(|(number, _)| {
            let scans = self.by_scan.iter().filter(|(_, leave)| **leave == number);
            scans.map(|(scan, _)| *scan).collect()
        })
    }
}

impl World {
    /// Checks that the records say of each ticket's people where they are, and that a zone holds who is in it by the tickets: whoever lies, but
    /// for the passages that lies are about.
    pub fn check_truth(&self) {
        let state = self.nodes[CLOUD].ledger.state();
        for zone in self.setting.zones() {
            let by_tickets: u32 = self
                .units()
                .map(|unit| state.tally(Unit(unit)).inside(*zone))
                .sum();
            assert!(
                state.last_counts(*zone, 1).iter().any(|count| count.is_in_force)
                    || state.occupancy(*zone) == i64::from(by_tickets),
                "{}: {} people are said to be in zone {zone}, and {by_tickets} by their tickets",
                self.place(),
                state.occupancy(*zone)
            );
        }
        let elsewhere = self.elsewhere();
        for unit in self.units().filter(|unit| !self.is_overridden(*unit)) {
            for zone in self.setting.zones() {
                self.check_ticket(unit, *zone, &elsewhere);
            }
        }
    }

    /// Takes note of an exit that is judged by a wrong clock, the first time that it is.
    pub fn note_exit(&mut self, node: NodeId, job: &Job, again: bool) {
        if !again && job.direction == Direction::Out && !self.has_right_time(node) {
            self.observer.misjudged_exits.insert(job.scan);
        }
    }

    fn check_ticket(&self, unit: u32, zone: ZoneId, elsewhere: &BTreeSet<ScanId>) {
        let known = self.nodes[CLOUD].ledger.state().tally(Unit(unit)).inside(zone);
        let (real, doubt) = (self.people.inside(unit, zone), self.doubt(unit, zone, elsewhere));
        let either_way = doubt.not_told + doubt.lied_about;
        let most = real + doubt.unseen + doubt.too_soon + doubt.moved_unknown + either_way;
        assert!(
            known + doubt.repeated + either_way >= real && known <= most,
            "{}: {known} people with the ticket of unit {unit} are in zone {zone} by the records, and {real} in truth: {doubt:?}",
            self.place()
        );
    }

    /// Returns how many people with a ticket passed by scans of which the records do not tell what gates have shown: burned disks, revoked
    /// devices and liars, those that went by a wrong clock and scanners that stopped in between leave it otherwise.
    fn not_told(&self, unit: u32, elsewhere: &BTreeSet<ScanId>) -> u32 {
        let observer = &self.observer;
        let is_told = |scan: &ScanId, job: &Job| {
            let is_lost = observer.perished.contains(scan) || elsewhere.contains(scan);
            let is_unanswered = self.is_recorded(unit, *scan) && !observer.let_in.contains_key(scan);
            !is_lost && (job.direction == Direction::Out || !is_unanswered)
        };
        let of_unit = observer.read.iter().filter(|(_, job)| job.paper.unit == unit);
        let not_told = of_unit.filter(|(scan, job)| !is_told(scan, job));
        not_told.map(|(_, job)| u32::from(job.persons.max(1))).sum()
    }

    fn is_recorded(&self, unit: u32, scan: ScanId) -> bool {
        let state = self.nodes[CLOUD].ledger.state();
        state.records_of(Unit(unit), scan).next().is_some()
    }

    fn doubt(&self, unit: u32, zone: ZoneId, elsewhere: &BTreeSet<ScanId>) -> Doubt {
        let (state, observer) = (self.nodes[CLOUD].ledger.state(), &self.observer);
        let mut doubt = Doubt {
            not_told: self.not_told(unit, elsewhere),
            lied_about: observer.lies.about(unit),
            ..Doubt::default()
        };
        for scans in observer.leaves.of(unit, zone) {
            let recorded = scans.iter().filter(|scan| self.is_recorded(unit, **scan)).count();
            let recorded = u32::try_from(recorded).expect("few");
            let is_let_out = |scan: &ScanId| matches!(observer.shown.get(scan), Some(Verdict::Admit { .. }));
            let is_seen = recorded > 0 || scans.iter().any(is_let_out);
            doubt.unseen += u32::from(!is_seen);
            doubt.repeated += recorded.saturating_sub(1);
        }
        let tally = state.tally(Unit(unit));
        let is_close = |at: u64| {
            let mut entries = tally.entries.iter();
            entries.any(|entry| entry.passage().at.0.abs_diff(at) < IN_DOUBT_MS)
        };
        // Where nobody can know better, clocks may be further apart than that.
        let by_wrong_clock =
            |scan| observer.misjudged.contains(&unit) || observer.misjudged_exits.contains(&scan);
        let unmatched = tally.unmatched().filter(|exit| {
            let passage = &exit.change.passage;
            is_close(passage.at.0) || by_wrong_clock(passage.scan)
        });
        doubt.too_soon = unmatched.map(usher_protocol::state::tally::Left::unmatched).sum();
        let moves = observer.read.values().filter(|job| {
            let is_move = job.paper.unit == unit && job.comes_from == Some(zone);
            is_move && observer.let_in.contains_key(&job.scan)
        });
        let is_unknown = |scan: ScanId| {
            let passage = state.passage_of(Unit(unit), scan);
            passage.is_some_and(|passage| passage.counterparts.is_empty())
        };
        let unknown = moves.filter(|job| is_unknown(job.scan)).count();
        doubt.moved_unknown = u32::try_from(unknown).expect("few");
        doubt
    }
}
