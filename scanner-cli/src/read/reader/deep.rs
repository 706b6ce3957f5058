//! The half of a reader that takes its time; leaves out what is remembered of a code, which the quick half does.

use super::region::Region;
use crate::read::look::{Effort, Sight};
use crate::read::plan::Plan;
use crate::read::{Allowance, Code, LumaFrame, codes};

/// Looks deeply at frames in which the quick looks read nothing. Any of them will do: none needs the one before.
#[derive(Debug, Default)]
pub struct DeepReader {
    /// Which of the deep looks is next while no code is seen.
    turn: usize,
}

/// What a deep look saw, for [`QuickReader::learn`](super::QuickReader::learn).
#[derive(Debug, Default)]
pub struct Findings(pub(super) Vec<Sight>);

impl Findings {
    /// The codes that were read.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        codes(&self.0)
    }
}

impl DeepReader {
    /// Looks with everything where a code is seen; where none is, with one more look of the deep ones in each
    /// frame, so that a code too small or too blurred for the quick looks is found before long.
    #[must_use]
    pub fn look(&mut self, frame: &LumaFrame, region: Option<Region>, allowance: &Allowance) -> Findings {
        if let Some(region) = region {
            return Findings(region.look(frame, Effort::Deep, allowance));
        }
        let Some(mut plan) = Plan::of(frame, allowance) else {
            return Findings::default();
        };
        self.turn = plan.look_in_turn(self.turn);
        Findings(plan.sights)
    }
}
