//! Who comes to the gates, with what ticket: honest guests, copies, forgeries, and those who try again; and what staff do with the answer.

use std::collections::BTreeMap;

use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::policy::Entry;
use usher_protocol::record::Body;
use usher_protocol::{GateId, Generation, ScanId, Unit};

use super::node::NodeId;
use super::scans::Job;
use super::setting::{TIERS, admits, tier_of};
use super::world::{CLOUD, Happening, World};

/// What a ticket on paper is really worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Signed by the event's key.
    Genuine,
    /// Signed by the key that is struck out during the run.
    Doomed,
    /// Signed by nobody the event knows, or altered.
    False,
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
    /// What it is worth.
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
    units: u32,
    generations: BTreeMap<u32, u32>,
    inside: BTreeMap<u32, u32>,
    /// Whether people still come.
    pub coming: bool,
}

impl People {
    /// Makes a crowd with one ticket for each unit.
    pub fn new(units: u32) -> Self {
        Self {
            units,
            generations: BTreeMap::new(),
            inside: BTreeMap::new(),
            coming: true,
        }
    }

    fn newest(&self, unit: u32) -> u32 {
        self.generations.get(&unit).copied().unwrap_or(1)
    }

    /// Tells how many people with that unit's ticket are inside.
    pub fn inside(&self, unit: u32) -> u32 {
        self.inside.get(&unit).copied().unwrap_or(0)
    }
}

impl World {
    /// Somebody comes to a gate, now and then with a copy of the ticket at a second gate.
    pub fn somebody_comes(&mut self) {
        if !self.people.coming {
            return;
        }
        let pause = self.random.between(20, 250);
        self.plan(pause, Happening::Person);
        let unit = u32::try_from(self.random.below(u64::from(self.people.units))).expect("a unit");
        let reentry = TIERS[tier_of(unit)].1 == Entry::Reentry;
        if reentry && self.people.inside(unit) > 0 && self.random.percent(50) {
            return self.somebody_leaves(unit);
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
            self.read(job);
        }
    }

    /// Somebody leaves: out of the door whatever the screen says.
    fn somebody_leaves(&mut self, unit: u32) {
        *self.people.inside.entry(unit).or_default() -= 1;
        let generation = self.people.newest(unit);
        let paper = self.genuine(unit, generation);
        let job = self.job(paper, Direction::Out, 1);
        self.read(job);
    }

    fn job(&mut self, paper: Paper, direction: Direction, persons: u8) -> Job {
        let gate = self.random.index(self.shape.scanners);
        Job {
            scan: ScanId(self.random.bytes16()),
            paper,
            scanner: self.nodes.len() - self.shape.scanners + gate,
            gate: GateId(u16::try_from(gate).expect("few gates")),
            direction,
            persons,
        }
    }

    fn paper(&mut self, unit: u32) -> Paper {
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

    fn genuine(&self, unit: u32, generation: u32) -> Paper {
        let text = self.setting.ticket(unit, generation, &self.setting.tickets);
        Paper {
            text,
            unit,
            generation,
            worth: Worth::Genuine,
        }
    }

    /// Staff see the answer and act on it; who was referred often tries again.
    pub fn show(&mut self, job: &Job, verdict: Verdict) {
        self.say(|| format!("{}: shows {:?} {verdict:?}", job.scanner, job.paper));
        let first = self.observer.shown(job, verdict);
        match verdict {
            Verdict::Admit { persons, .. } if job.direction == Direction::In && first => {
                *self.people.inside.entry(job.paper.unit).or_default() += u32::from(persons);
                let inside = self.people.inside(job.paper.unit);
                self.observer.went_in(self.step, job, inside);
            }
            Verdict::Refer(_) if self.random.percent(50) => {
                let pause = self.random.between(500, 3_000);
                let hub = self
                    .pairs
                    .iter()
                    .find(|(_, end)| *end == job.scanner)
                    .map(|(hub, _)| *hub);
                if let Some(hub) = hub {
                    self.retry(job, hub, pause);
                }
            }
            Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => {}
        }
    }

    /// The same scan again, later, with the same id.
    fn retry(&mut self, job: &Job, hub: NodeId, pause_ms: u64) {
        self.nodes[job.scanner]
            .waiting
            .insert(job.scan, super::scans::Waiting(job.clone()));
        let errand = super::scans::Errand::AtHub(hub, job.clone());
        self.plan(pause_ms, Happening::Errand(Box::new(errand)));
        let life = self.nodes[job.scanner].life;
        let patience = super::scans::Errand::OutOfPatience(job.scanner, life, job.scan);
        self.plan(pause_ms + 300, Happening::Errand(Box::new(patience)));
    }

    /// The organizer revokes, reissues, strikes out a key or changes the roster.
    pub fn organize(&mut self) {
        if !self.people.coming {
            return;
        }
        let pause = self.random.between(1_500, 6_000);
        self.plan(pause, Happening::Organizer);
        if !self.nodes[CLOUD].up {
            return;
        }
        let now = self.nodes[CLOUD].clock(self.now);
        let unit = u32::try_from(self.random.below(u64::from(self.people.units))).expect("a unit");
        let generation = self.people.newest(unit);
        match self.random.below(10) {
            0..4 => {
                let body = Body::Revoked {
                    unit: Unit(unit),
                    generation: Generation(generation),
                };
                self.nodes[CLOUD].write(body, now);
            }
            4..7 => {
                self.people.generations.insert(unit, generation + 1);
                let body = Body::Superseded {
                    unit: Unit(unit),
                    generation: Generation(generation + 1),
                };
                self.nodes[CLOUD].write(body, now);
            }
            7 if self.bundle_version == 1 => self.strike_out(),
            _ if self.shape.faults => self.change_roster(),
            _ => {}
        }
        self.plan_commit(CLOUD);
    }

    fn strike_out(&mut self) {
        self.bundle_version = 2;
        let bundle = self.setting.bundle(2);
        self.nodes[CLOUD]
            .ledger
            .renew_trust(bundle.clone())
            .expect("a newer bundle by the same root");
        self.nodes[CLOUD].batch.bundle = Some(bundle);
    }

    /// Every hub joins; or one is taken out of the roster while it may still be running.
    fn change_roster(&mut self) {
        let all: Vec<NodeId> = (1..=self.shape.hubs).collect();
        let mut hubs = all.clone();
        if self.roster.1 == all && hubs.len() > 1 {
            let out = self.random.index(hubs.len());
            hubs.remove(out);
        }
        self.publish_roster(hubs);
    }
}
