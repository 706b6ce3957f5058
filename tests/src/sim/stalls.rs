//! Machines that stand still for a while and go on, as a frozen process does: they find later all that came meanwhile, and clocks that ran on.

use std::collections::BTreeMap;

use super::node::NodeId;
use super::random::Random;
use super::scans::Errand;
use super::shape::{Kind, Shape};
use super::world::{Happening, World};

/// In how many of a hundred runs machines stand still, where they may.
const STALLING_PERCENT: u64 = 50;
/// How soon after one machine another stands still, and how late, in milliseconds.
const PAUSE_MS: (u64, u64) = (1_000, 6_000);
/// How many of a hundred stand still for so long that others give them up.
const LONG_PERCENT: u64 = 20;
/// How long machines stand still, in milliseconds: longer than whoever asks them waits.
const SHORT_MS: (u64, u64) = (100, 5_000);
/// How long they stand still where that is long, in milliseconds: longer than a session is kept without a word.
const LONG_MS: (u64, u64) = (10_000, 20_000);

/// Something about a machine that stands still.
pub enum Stall {
    /// Time for the next one to do so.
    Next,
    /// That machine goes on.
    Over(NodeId),
}

/// Which machines stand still.
#[derive(Default)]
pub struct Stalls {
    /// When the next one does; nothing where none ever does.
    pace: Option<Random>,
    /// What waits for each of those that do.
    waiting: BTreeMap<NodeId, Vec<Happening>>,
}

impl Stalls {
    /// Draws whether machines stand still in a seed's run. Drawn apart, so that nothing else changes with it.
    pub fn draw(seed: u64, shape: &Shape) -> Self {
        let mut pace = Random::new(seed ^ 0x7374_616c);
        let is_drawn = pace.percent(STALLING_PERCENT);
        Self {
            pace: (is_drawn && shape.has(Kind::Stalls)).then_some(pace),
            waiting: BTreeMap::new(),
        }
    }
}

impl World {
    /// Tells whether a machine stands still.
    pub fn stands_still(&self, node: NodeId) -> bool {
        self.stalls.waiting.contains_key(&node)
    }

    /// Tells whether a machine runs, and does not stand still.
    pub fn runs(&self, node: NodeId) -> bool {
        self.nodes[node].up && !self.stands_still(node)
    }

    /// A machine stands still now and then, or goes on.
    pub fn stall(&mut self, stall: Stall) {
        match stall {
            Stall::Next => self.plan_stall(),
            Stall::Over(node) => self.go_on_running(node),
        }
    }

    /// Plans when the next machine stands still, until nobody comes any more; in a calm none does.
    pub fn plan_stall(&mut self) {
        let pace = self.stalls.pace.as_mut().filter(|_| self.people.coming);
        let Some(pause) = pace.map(|pace| pace.between(PAUSE_MS.0, PAUSE_MS.1)) else {
            return;
        };
        self.plan(pause, Happening::Stall(Stall::Next));
        if self.stormy {
            self.act(Self::stand_still);
        }
    }

    /// A machine stands still: half of the times one that has something to do.
    fn stand_still(&mut self) {
        let all = 0..self.nodes.len();
        let busy: Vec<_> = all
            .filter(|node| self.nodes[*node].commit_planned || !self.nodes[*node].under_way.is_empty())
            .collect();
        let any = self.random.index(self.nodes.len());
        let node = if busy.is_empty() || self.random.percent(50) {
            any
        } else {
            busy[self.random.index(busy.len())]
        };
        let (least, most) = if self.random.percent(LONG_PERCENT) {
            LONG_MS
        } else {
            SHORT_MS
        };
        let for_ms = self.random.between(least, most);
        if self.runs(node) {
            self.stand_still_for(node, for_ms);
        }
    }

    /// A machine stands still for so long.
    pub fn stand_still_for(&mut self, node: NodeId, for_ms: u64) {
        self.tell(|| format!("{} stands still for {for_ms} ms", self.name(node)));
        self.happens(Kind::Stalls);
        self.stalls.waiting.insert(node, Vec::new());
        self.plan(for_ms, Happening::Stall(Stall::Over(node)));
    }

    /// A machine that stood still goes on with all that came meanwhile, in its order.
    fn go_on_running(&mut self, node: NodeId) {
        let Some(waiting) = self.stalls.waiting.remove(&node) else {
            return;
        };
        self.tell(|| format!("{} goes on, where {} things wait", self.name(node), waiting.len()));
        for what in waiting {
            self.plan(0, what);
        }
    }

    /// Every machine goes on.
    pub fn all_go_on(&mut self) {
        let still: Vec<_> = self.stalls.waiting.keys().copied().collect();
        still.into_iter().for_each(|node| self.go_on_running(node));
    }

    /// A machine stops; what waited for it while it stood still is lost.
    pub fn stop(&mut self, node: NodeId) {
        self.stalls.waiting.remove(&node);
        self.nodes[node].crash();
    }

    /// Returns what happens now: nothing where the machine that it happens to stands still.
    pub fn unless_it_waits(&mut self, what: Happening) -> Option<Happening> {
        let waiting = node_of(&what).and_then(|node| self.stalls.waiting.get_mut(&node));
        match waiting {
            Some(waiting) => {
                waiting.push(what);
                None
            }
            None => Some(what),
        }
    }
}

/// Returns the machine that something happens to.
fn node_of(what: &Happening) -> Option<NodeId> {
    match what {
        Happening::Deliver { to, .. } => Some(*to),
        Happening::Tick { node, .. } | Happening::Commit { node, .. } => Some(*node),
        Happening::Errand(errand) => match &**errand {
            Errand::Request { node, .. } => Some(*node),
            Errand::Back(at, ..) | Errand::Wake(at, _) | Errand::SignOfLife(at) => Some(at.node),
            Errand::Again(_) => None,
        },
        Happening::Connect(..)
        | Happening::Person
        | Happening::Organizer
        | Happening::Fault(_)
        | Happening::Lie(_)
        | Happening::Supervisor
        | Happening::Count(_)
        | Happening::Settled
        | Happening::Stall(_)
        | Happening::SetRight(_) => None,
    }
}
