//! What a run showed, and how often each kind of fault happened in it: a suite can tell by that a kind which never happens any more.

use super::node::NodeId;
use super::shape::Kind;
use super::world::{CLOUD, World};

/// How often each kind of fault happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Happened([u64; Kind::ALL.len()]);

impl Happened {
    /// Takes note that something of a kind happened.
    pub fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    /// Returns how often something of a kind happened.
    pub fn times(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// Adds another run's.
    fn and(mut self, other: Self) -> Self {
        for (times, more) in self.0.iter_mut().zip(other.0) {
            *times += more;
        }
        self
    }
}

/// What a run showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Steps taken.
    pub steps: u64,
    /// Scans that let people in, as shown to staff.
    pub admitted: u64,
    /// Scans that were refused, as shown to staff.
    pub refused: u64,
    /// Doubles reported after healing.
    pub incidents: u64,
    /// Forks that everybody knows of after healing.
    pub forks: u64,
    /// Connections on which a message was altered.
    pub altered: u64,
    /// Devices that began at a checkpoint.
    pub begun: u64,
    /// Tickets that lies were about and of whose people it was checked where they are said to be.
    pub lied_about: u64,
    /// How often each kind of fault happened.
    pub happened: Happened,
}

impl Outcome {
    /// Adds another run's.
    pub fn and(self, other: Self) -> Self {
        Self {
            steps: self.steps + other.steps,
            admitted: self.admitted + other.admitted,
            refused: self.refused + other.refused,
            incidents: self.incidents + other.incidents,
            forks: self.forks + other.forks,
            altered: self.altered + other.altered,
            begun: self.begun + other.begun,
            lied_about: self.lied_about + other.lied_about,
            happened: self.happened.and(other.happened),
        }
    }
}

impl World {
    /// Takes note that something of a kind happened.
    pub fn happens(&mut self, kind: Kind) {
        self.happened.add(kind);
    }

    /// Takes note of what was drawn for the whole run.
    pub fn note_what_was_drawn(&mut self) {
        let policy = self.nodes[CLOUD].ledger.state().policy();
        let zones = policy.map(|(_, policy)| policy.zones.clone()).unwrap_or_default();
        let mut powers = self.nodes.iter().map(|node| node.identity.unverified());
        let drawn = [
            (Kind::Nesting, self.setting.zones().len() > 1),
            (Kind::Days, self.setting.calendar.is_special()),
            (Kind::Slots, zones.iter().any(|zone| zone.time_slots.is_some())),
            (Kind::Powers, powers.any(|given| !given.gates.is_empty())),
        ];
        for (kind, _) in drawn.into_iter().filter(|(_, is_drawn)| *is_drawn) {
            self.happens(kind);
        }
    }

    /// Returns what the run showed.
    pub fn outcome(&self) -> Outcome {
        let state = self.nodes[CLOUD].ledger.state();
        let is_frozen = |node: &NodeId| state.is_frozen(&self.nodes[*node].key.public());
        Outcome {
            steps: self.step,
            admitted: self.observer.let_in.len() as u64,
            refused: self.observer.refused,
            incidents: self.observer.incidents,
            forks: self.hubs().iter().filter(|hub| is_frozen(hub)).count() as u64,
            altered: self.altered.len() as u64,
            begun: self.begun_at_checkpoint,
            lied_about: self.lied_about_and_checked(),
            happened: self.happened,
        }
    }
}
