//! What goes wrong and when: cuts in one or both directions, crashes, clocks set anew; and the healing at the end.

use super::node::NodeId;
use super::world::{Happening, World};

/// Largest clock error of a device, in milliseconds.
const MAX_SKEW_MS: u64 = 10 * 60 * 1000;

/// A fault or its end.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Time for the next fault.
    Next,
    /// These directions work again.
    Mend(Vec<(NodeId, NodeId)>),
    /// A crashed node starts again.
    Restart(NodeId),
}

impl World {
    /// Breaks or mends something.
    pub fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Next if self.stormy => {
                let pause = self.random.between(400, 4_000);
                self.plan(pause, Happening::Fault(Fault::Next));
                self.break_something();
            }
            Fault::Next => {}
            Fault::Mend(directions) => {
                for direction in directions {
                    self.cut.remove(&direction);
                }
            }
            Fault::Restart(node) => self.restart(node),
        }
    }

    fn break_something(&mut self) {
        let node = self.random.index(self.nodes.len());
        match self.random.below(10) {
            0..3 => {
                let pair = self.random.index(self.pairs.len());
                let (a, b) = self.pairs[pair];
                let one_way = self.random.percent(40);
                let cut = if one_way {
                    vec![(a, b)]
                } else {
                    vec![(a, b), (b, a)]
                };
                self.cut_for_a_while(cut);
            }
            3..6 => {
                let others = (0..self.nodes.len()).filter(|other| *other != node);
                let cut = others.flat_map(|other| [(node, other), (other, node)]).collect();
                self.cut_for_a_while(cut);
            }
            6..9 if self.nodes[node].up => {
                self.say(|| format!("{node}: crashes"));
                self.nodes[node].crash();
                let pause = self.random.between(300, 6_000);
                self.plan(pause, Happening::Fault(Fault::Restart(node)));
            }
            _ => {
                let skew = self.random.between(0, 2 * MAX_SKEW_MS);
                self.nodes[node].skew_ms = i64::try_from(skew).expect("minutes") - 600_000;
            }
        }
    }

    fn cut_for_a_while(&mut self, directions: Vec<(NodeId, NodeId)>) {
        self.say(|| format!("cut {directions:?}"));
        self.cut.extend(directions.iter().copied());
        let pause = self.random.between(500, 15_000);
        self.plan(pause, Happening::Fault(Fault::Mend(directions)));
    }

    fn restart(&mut self, node: NodeId) {
        if !self.nodes[node].up {
            self.say(|| format!("{node}: starts again"));
            let now = self.now;
            self.nodes[node].restart(now);
            self.keep_house(node);
        }
    }

    /// Ends the storm: everything runs, everyone hears everyone, nobody new comes.
    pub fn heal(&mut self) {
        self.say(|| "heals".to_owned());
        self.stormy = false;
        self.people.coming = false;
        self.cut.clear();
        for node in 0..self.nodes.len() {
            self.restart(node);
        }
    }
}
