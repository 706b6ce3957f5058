//! Who comes to the gates, with what ticket: honest guests, copies, forgeries, and those who try again; and what staff do with the answer.

use std::collections::{BTreeMap, BTreeSet};

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::policy::EntryRule;
use usher_protocol::routing::LONGEST_WAIT_MS;
use usher_protocol::{GateId, ScanId, ScanSecret, ZoneId};

use super::node::NodeId;
use super::scans::{Errand, Job};
use super::sellers::{foreign_paper, is_foreign};
use super::setting::{OUTER, Setting, Step, TIERS, admits, level, tier_of};
use super::shape::Kind;
use super::world::{Happening, World};

/// How long somebody stands at a gate from one zone to the next at most, in milliseconds: what an answer may take, and more.
const MOVES_WITHIN_MS: u64 = 2 * LONGEST_WAIT_MS;
/// Until when people stand still where nobody says when they go on.
pub const FOR_GOOD: u64 = u64::MAX;
/// How long an answer takes where lines are quick and nothing is lost, in milliseconds.
const ANSWERED_WITHIN_MS: u64 = 400;

/// What a ticket on paper is really worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Signed by the event's first key.
    Genuine,
    /// Signed by the event's second key.
    Succeeding,
    /// Signed by the key that is struck out during the run.
    Doomed,
    /// Signed by nobody the event knows, or altered.
    False,
    /// Another seller's, good once the organizer has listed it.
    Listed,
}

impl Worth {
    /// Tells whether whoever knows that version of the bundle may let such a ticket in.
    pub fn is_good_under(self, bundle: u64, setting: &Setting) -> bool {
        match self {
            Self::Genuine => !setting.has_made(Step::Close, bundle),
            Self::Succeeding => setting.has_made(Step::Rotate, bundle),
            Self::Doomed => !setting.has_made(Step::StrikeDoomed, bundle),
            Self::False => false,
            Self::Listed => true,
        }
    }
}

/// What somebody shows at a gate.
#[derive(Clone)]
pub struct Paper {
    /// The text of its code.
    pub text: String,
    /// The unit it claims.
    pub unit: u32,
    /// The generation it claims.
    pub generation: u32,
    pub worth: Worth,
}

impl std::fmt::Debug for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "unit {} ({}) generation {} {:?}",
            self.unit,
            TIERS[tier_of(self.unit)].0,
            self.generation,
            self.worth
        )
    }
}

/// What the world knows of the guests.
pub struct People {
    generations: BTreeMap<u32, u32>,
    inside: BTreeMap<(u32, ZoneId), u32>,
    /// Until when people with these units' tickets go nowhere but from one zone to the next.
    moving: BTreeMap<u32, u64>,
    /// Until when nobody comes or goes.
    pub still_until: u64,
    /// Tickets the organizer has revoked.
    pub voided: BTreeSet<(u32, u32)>,
    /// Whether people still come.
    pub coming: bool,
}

impl People {
    /// Makes a crowd with one ticket for each unit; nobody comes by themselves unless told so.
    pub fn new(coming: bool) -> Self {
        Self {
            generations: BTreeMap::new(),
            inside: BTreeMap::new(),
            moving: BTreeMap::new(),
            still_until: 0,
            voided: BTreeSet::new(),
            coming,
        }
    }

    /// Returns the newest generation of a unit's ticket.
    pub fn newest(&self, unit: u32) -> u32 {
        self.generations.get(&unit).copied().unwrap_or(1)
    }

    /// Issues a unit's ticket anew and gives its generation.
    pub fn reissue(&mut self, unit: u32) -> u32 {
        let newest = self.newest(unit) + 1;
        self.generations.insert(unit, newest);
        newest
    }

    /// Returns how many people with that unit's ticket are in a zone.
    pub fn inside(&self, unit: u32, zone: ZoneId) -> u32 {
        self.inside.get(&(unit, zone)).copied().unwrap_or(0)
    }

    /// Returns how many people with that unit's ticket are in the zones of a level.
    pub fn inside_level(&self, unit: u32, at: u8) -> u32 {
        let zones = self.inside.range((unit, ZoneId(0))..=(unit, ZoneId(u16::MAX)));
        let there = zones.filter(|((_, zone), _)| level(*zone) == at);
        there.map(|(_, persons)| persons).sum()
    }

    /// Tells whether anybody with that unit's ticket is in some zone.
    pub fn is_anywhere(&self, unit: u32) -> bool {
        self.inside_level(unit, 0) + self.inside_level(unit, 1) > 0
    }

    /// Returns how many people are in a zone.
    pub fn all_inside(&self, zone: ZoneId) -> u32 {
        let there = self.inside.iter().filter(|((_, of), _)| *of == zone);
        there.map(|(_, persons)| persons).sum()
    }

    fn enter(&mut self, job: &Job, zone: ZoneId, persons: u32) {
        let unit = job.paper.unit;
        *self.inside.entry((unit, zone)).or_default() += persons;
        if let Some(from) = job.comes_from {
            self.leave(unit, from);
        }
        self.moving.remove(&unit);
    }

    fn leave(&mut self, unit: u32, zone: ZoneId) {
        if let Some(persons) = self.inside.get_mut(&(unit, zone)) {
            *persons = persons.saturating_sub(1);
        }
    }

    fn is_moving(&self, unit: u32, now: u64) -> bool {
        self.moving.get(&unit).is_some_and(|until| *until > now)
    }
}

impl World {
    /// Somebody comes to a gate, now and then with a copy of the ticket at a second gate.
    pub fn somebody_comes(&mut self) {
        if !self.people.coming {
            return;
        }
        let pause = self.rhythm.between(20, 250);
        self.plan(pause, Happening::Person);
        if self.people.still_until <= self.now {
            self.act(Self::come);
        }
    }

    fn come(&mut self) {
        let unit = self.draw_guests_unit();
        if self.is_between_zones(unit) {
            return;
        }
        let reentry = TIERS[tier_of(unit)].1 == EntryRule::Reentry;
        let zones = self.setting.zones().iter().copied();
        let left = zones.rev().find(|zone| self.people.inside(unit, *zone) > 0);
        if let Some(left) = left.filter(|_| reentry && self.random.percent(50)) {
            return self.somebody_leaves(unit, left);
        }
        let paper = self.paper(unit);
        let persons = if admits(unit) > 1 {
            u8::try_from(self.random.between(1, 2)).expect("few")
        } else {
            1
        };
        let copies = if self.random.percent(20) { 3 } else { 1 };
        for _ in 0..copies {
            let job = self.job(paper.clone(), Direction::In, persons);
            match self.setting.behind(job.gate).1 {
                None => self.read(job),
                Some(from) => self.go_on_from(from, job),
            }
        }
    }

    /// Tells whether somebody with a unit's ticket stands at a gate from one zone to the next, be it one whose scanner stands still.
    fn is_between_zones(&self, unit: u32) -> bool {
        let is_read = || self.nodes.iter().any(|node| node.reads_on_the_way_on(unit));
        self.people.is_moving(unit, self.now) || is_read()
    }

    /// Somebody goes on from one zone to the one beside it, if they are there.
    fn go_on_from(&mut self, from: ZoneId, job: Job) {
        let unit = job.paper.unit;
        let is_there = self.people.inside(unit, from) > 0 && !self.is_between_zones(unit);
        if !is_there || !self.runs(job.scanner) {
            return;
        }
        self.people.moving.insert(unit, self.now + MOVES_WITHIN_MS);
        let (persons, comes_from) = (1, Some(from));
        self.read(Job {
            persons,
            comes_from,
            ..job
        });
    }

    /// Somebody shows a unit's genuine ticket at a scanner and waits for the answer.
    pub fn ask(&mut self, unit: u32, scanner: NodeId) -> Option<Verdict> {
        let paper = self.genuine(unit, self.people.newest(unit));
        self.ask_about(paper, scanner)
    }

    /// Somebody shows a ticket at a scanner's own gate and waits for the answer.
    pub fn ask_about(&mut self, paper: Paper, scanner: NodeId) -> Option<Verdict> {
        let mut job = self.job(paper, Direction::In, 1);
        let gate = self.scanners().iter().position(|one| *one == scanner);
        let gate = gate.expect("a scanner stands at a gate");
        (job.scanner, job.gate) = (scanner, gate_at(gate));
        job.scan = ScanId::of(&self.nodes[scanner].key.public(), &job.secret);
        let scan = job.scan;
        self.read(job);
        let mut waited = 0;
        while waited < LONGEST_WAIT_MS && !self.observer.shown.contains_key(&scan) {
            self.play(ANSWERED_WITHIN_MS);
            waited += ANSWERED_WITHIN_MS;
        }
        self.observer.shown.get(&scan).copied()
    }

    /// Returns a unit's newest ticket, by the newest key.
    pub fn newest_paper(&self, unit: u32) -> Paper {
        if is_foreign(unit) {
            return foreign_paper(unit);
        }
        let (key, worth) = if self.setting.has_made(Step::Rotate, self.bundle_version) {
            (&self.setting.successor, Worth::Succeeding)
        } else {
            (&self.setting.tickets, Worth::Genuine)
        };
        let generation = self.people.newest(unit);
        Paper {
            text: self.setting.ticket(unit, generation, key),
            unit,
            generation,
            worth,
        }
    }

    /// Somebody leaves a zone, or out of it and all around it: through the door whatever the screen says.
    fn somebody_leaves(&mut self, unit: u32, innermost: ZoneId) {
        let is_in_both = innermost != OUTER && self.people.inside(unit, OUTER) > 0;
        let zone = if is_in_both && self.random.percent(40) {
            OUTER
        } else {
            innermost
        };
        let left: BTreeSet<_> = [innermost, zone].into();
        for left in &left {
            self.people.leave(unit, *left);
            self.observer.zones.leaves(*left);
        }
        self.observer.leaves.leaves(unit, left);
        let generation = self.people.newest(unit);
        let paper = self.genuine(unit, generation);
        let Some(job) = self.job_out(paper.clone(), zone) else {
            return;
        };
        self.observer.leaves.is_scanned(job.scan);
        self.read(job);
        if self.random.percent(20) {
            // The same person once more, or a friend with a copy: at any gate.
            if let Some(again) = self.job_out(paper, zone) {
                self.observer.leaves.is_scanned(again.scan);
                self.read(again);
            }
        }
    }

    /// Somebody shows a ticket on the way out of a zone, at a scanner whose gate leads into it.
    fn job_out(&mut self, paper: Paper, zone: ZoneId) -> Option<Job> {
        let scanners = self.scanners().into_iter().enumerate();
        let leads = |at: &usize| self.setting.behind(gate_at(*at)) == (zone, None);
        let there: Vec<_> = scanners.filter(|(at, _)| leads(at)).collect();
        if there.is_empty() {
            return None;
        }
        let (gate, scanner) = there[self.random.index(there.len())];
        let (scanner, gate) = (scanner, gate_at(gate));
        let job = self.job(paper, Direction::Out, 1);
        let scan = ScanId::of(&self.nodes[scanner].key.public(), &job.secret);
        Some(Job {
            scan,
            scanner,
            gate,
            ..job
        })
    }

    fn job(&mut self, paper: Paper, direction: Direction, persons: u8) -> Job {
        let scanners = self.scanners();
        let gate = self.random.index(scanners.len());
        let scanner = scanners[gate];
        let elsewhere = self.shape.has(Kind::Powers) && self.random.percent(3);
        let other = self.random.index(scanners.len());
        // Whoever is read at a gate from one zone to the next stands there.
        let is_plain = self.setting.behind(gate_at(other)).1.is_none();
        let gate = if elsewhere && is_plain { other } else { gate };
        let secret = ScanSecret(self.random.bytes16());
        Job {
            scan: ScanId::of(&self.nodes[scanner].key.public(), &secret),
            secret,
            withdrawn: false,
            is_override: false,
            paper,
            scanner,
            gate: gate_at(gate),
            direction,
            persons,
            comes_from: None,
        }
    }

    fn paper(&mut self, unit: u32) -> Paper {
        if is_foreign(unit) {
            return self.foreign_paper(unit);
        }
        let newest = self.people.newest(unit);
        match self.random.below(100) {
            0..5 => Paper {
                text: self.setting.ticket(unit, newest, &self.setting.forger),
                unit,
                generation: newest,
                worth: Worth::False,
            },
            5..10 => {
                let mut text = self
                    .setting
                    .ticket(unit, newest, &self.setting.tickets)
                    .into_bytes();
                let at = self.random.index(text.len());
                text[at] = b'0' + (text[at] - b'0' + 1) % 10;
                let text = String::from_utf8(text).expect("digits");
                Paper {
                    text,
                    unit,
                    generation: newest,
                    worth: Worth::False,
                }
            }
            10..18 => Paper {
                text: self.setting.ticket(unit, newest, &self.setting.doomed),
                unit,
                generation: newest,
                worth: Worth::Doomed,
            },
            18..28 => self.genuine(unit, newest.saturating_sub(1).max(1)),
            _ => self.genuine(unit, newest),
        }
    }

    /// A ticket as the organizer issued it: half of them again once there is a new key, and hardly any before that was needed.
    fn genuine(&mut self, unit: u32, generation: u32) -> Paper {
        if is_foreign(unit) {
            return foreign_paper(unit);
        }
        let has_made = |step| self.setting.has_made(step, self.bundle_version);
        let renewed_percent = match (has_made(Step::Rotate), has_made(Step::Close)) {
            (true, true) => 90,
            (true, false) => 50,
            (false, _) => 0,
        };
        let renewed = renewed_percent > 0 && self.random.percent(renewed_percent);
        let (key, worth) = if renewed {
            (&self.setting.successor, Worth::Succeeding)
        } else {
            (&self.setting.tickets, Worth::Genuine)
        };
        Paper {
            text: self.setting.ticket(unit, generation, key),
            unit,
            generation,
            worth,
        }
    }

    /// Staff see the answer and act on it; who was referred often tries again.
    pub fn show(&mut self, job: &Job, verdict: Verdict) {
        self.tell(|| format!("{} shows {verdict:?} for {:?}", self.name(job.scanner), job.paper));
        if self.is_liar(job.scanner) {
            // Whoever stands there lets in whom they like.
            return;
        }
        let life = self.nodes[job.scanner].life;
        let zone = self.setting.behind(job.gate).0;
        let first = self.observer.shown(job, verdict, (life, level(zone)));
        match verdict {
            Verdict::Admit { .. } if first && goes_away(job) && self.annul(job) => {}
            Verdict::Admit { persons, .. } if job.direction == Direction::In && first => {
                assert!(
                    job.is_override || !self.observer.known_void.contains(&job.scan),
                    "{}: {} lets people in on a ticket that it knew to be void: {:?}",
                    self.place(),
                    self.name(job.scanner),
                    job.paper
                );
                self.people.enter(job, zone, u32::from(persons));
                self.observer.zones.goes_in(job, zone, self.now);
                self.check_went_in(job.paper.unit, level(zone));
                self.check_crowd();
                self.check_slot(job, zone);
            }
            Verdict::Deny(_) | Verdict::Refer(_)
                if self.shape.has(Kind::Overrides)
                    && job.direction == Direction::In
                    && !job.is_override
                    && job.comes_from.is_none()
                    && self.random.percent(8) =>
            {
                self.override_refusal(job);
            }
            Verdict::Refer(_) if !job.is_override && job.comes_from.is_none() && self.random.percent(50) => {
                let pause = self.random.between(500, 3_000);
                let again = Errand::Again(job.clone());
                self.plan(pause, Happening::Errand(Box::new(again)));
            }
            Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => {}
        }
    }
}

/// Tells whether whoever has shown a ticket turns back at the open gate: by the scan's id, which is drawn at random.
fn goes_away(job: &Job) -> bool {
    job.scan.0[0] < 10
}

/// Returns the gate of the scanner at that place.
pub fn gate_at(scanner: usize) -> GateId {
    GateId(u16::try_from(scanner).expect("few gates"))
}
