//! Devices whose clocks are far off when the event opens, and that somebody sets right in the middle of it.

use super::chaos::{FAR_OFF_MS, MAX_SKEW_MS};
use super::node::NodeId;
use super::random::Random;
use super::shape::Kind;
use super::world::{CLOUD, Happening, World};

/// In how many of a hundred runs some clocks are far off at first.
const LATE_PERCENT: u64 = 40;
/// How many of a hundred devices have such a clock then.
const OFF_PERCENT: u64 = 35;
/// In how many of a hundred of these runs all of them are off alike: whoever set them up went by one wrong watch.
const ALIKE_PERCENT: u64 = 40;
/// How soon a clock is set right at least, in milliseconds.
const SET_AFTER_MS: u64 = 2_000;

impl World {
    /// In some runs some clocks are far off when the event opens. Drawn apart, so that nothing else changes with it.
    pub fn draw_late_clocks(&mut self, seed: u64) {
        let mut chance = Random::new(seed ^ 0x6c61_7465);
        if !self.shape.has(Kind::LateClocks) || !chance.percent(LATE_PERCENT) {
            return;
        }
        let one = FAR_OFF_MS[chance.index(FAR_OFF_MS.len())];
        let alike = chance.percent(ALIKE_PERCENT).then_some(one);
        for node in (0..self.nodes.len()).filter(|node| *node != CLOUD) {
            let off_ms = FAR_OFF_MS[chance.index(FAR_OFF_MS.len())];
            let set_after = chance.between(SET_AFTER_MS, self.shape.chaos_ms);
            if chance.percent(OFF_PERCENT) {
                self.nodes[node].skew_ms = alike.unwrap_or(off_ms);
                self.plan(set_after, Happening::SetRight(node));
            }
        }
    }

    /// Somebody sets a clock right, if it is still far off.
    pub fn set_right(&mut self, node: NodeId) {
        if self.stormy && self.nodes[node].skew_ms.unsigned_abs() > MAX_SKEW_MS {
            self.act(|world| {
                world.tell(|| format!("somebody sets the clock of {} right", world.name(node)));
                world.nodes[node].skew_ms = 0;
                world.happens(Kind::LateClocks);
            });
        }
    }
}
