//! Which looks at a frame are worth it, and in which order; leaves out what a look does.
//!
//! The quick looks go to every frame: they cost milliseconds and read most codes. The deep ones cost ten
//! times as much and go on until something is read or the allowance is used up.

use super::binary::Threshold;
use super::look::{Effort, Look, Seen, Sight};
use super::sizes::{Sized, Sizes};
use super::{Allowance, LumaFrame};

/// Sizes above the smallest that are looked at: a frame of 50 megapixels has four.
const MOST_SIZES: usize = 4;

/// Steps, and one more for each pixel, after which looks at a frame end in which nothing that was seen is hopeful: codes in
/// noise and on curled paper, which look worst, are read by then.
const STEPS_OF_HOPE: u64 = 16_000_000;

/// Which codes to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    /// Dark modules on light ground.
    Dark,
    /// Light modules on dark ground, as dark mode shows them.
    Light,
}

/// One look of a plan.
#[derive(Debug, Clone, Copy)]
struct Step {
    ink: Ink,
    threshold: Threshold,
    effort: Effort,
}

const fn step(ink: Ink, threshold: Threshold, effort: Effort) -> Step {
    Step {
        ink,
        threshold,
        effort,
    }
}

/// What every frame is worth, at the smallest size.
const QUICK: [Step; 4] = [
    step(Ink::Dark, Threshold::Blocks, Effort::Quick),
    step(Ink::Light, Threshold::Levels, Effort::Quick),
    step(Ink::Dark, Threshold::Levels, Effort::Quick),
    step(Ink::Dark, Threshold::Around, Effort::Quick),
];

/// The larger sizes, quickly: for codes too small for the smallest.
const LARGER: [Step; 4] = [
    step(Ink::Dark, Threshold::Blocks, Effort::Quick),
    step(Ink::Dark, Threshold::SharpBlocks, Effort::Quick),
    step(Ink::Light, Threshold::Levels, Effort::Quick),
    step(Ink::Dark, Threshold::Levels, Effort::Quick),
];

/// Everything, at each size.
const DEEP: [Step; 5] = [
    step(Ink::Dark, Threshold::Blocks, Effort::Deep),
    step(Ink::Dark, Threshold::Around, Effort::Deep),
    step(Ink::Dark, Threshold::SharpBlocks, Effort::Deep),
    step(Ink::Light, Threshold::Levels, Effort::Deep),
    step(Ink::Dark, Threshold::Levels, Effort::Deep),
];

/// In twice the frame's size: what is too soft for its own.
const DOUBLED: [Step; 3] = [
    step(Ink::Dark, Threshold::Blocks, Effort::Deep),
    step(Ink::Dark, Threshold::SharpBlocks, Effort::Deep),
    step(Ink::Light, Threshold::Levels, Effort::Deep),
];

/// Looks at a frame until something is read.
pub(super) struct Plan<'a> {
    sizes: Sizes<'a>,
    allowance: &'a Allowance<'a>,
    steps_before: u64,
    steps_of_hope: u64,
    /// What was seen so far, in pixels of the frame.
    pub(super) sights: Vec<Sight>,
    /// Sizes, polarities and thresholds that need no deeper look.
    barren: Vec<(usize, Ink, Threshold)>,
    /// There were looks that promise something in a larger picture.
    promising: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn of(frame: &'a LumaFrame, allowance: &'a Allowance<'a>) -> Option<Self> {
        let steps_before = allowance.steps_left();
        let sizes = Sizes::of(frame, allowance)?;
        let pixels = frame.luma().len() as u64;
        Some(Self {
            steps_before,
            steps_of_hope: STEPS_OF_HOPE + pixels,
            sizes,
            allowance,
            sights: Vec::new(),
            barren: Vec::new(),
            promising: false,
        })
    }

    /// Takes the looks of one effort: those that every frame gets, or all the others. True when something was
    /// read.
    pub(super) fn look(&mut self, effort: Effort) -> bool {
        match effort {
            Effort::Quick => self.at_size(0, &QUICK),
            Effort::Deep => {
                self.larger()
                    || (0..=MOST_SIZES).any(|up| self.at_size(up, &DEEP))
                    || (self.promising && self.doubled())
            }
        }
    }

    /// Takes the quick looks in every size. True when something was read.
    pub(super) fn look_in_all_sizes(&mut self) -> bool {
        self.look(Effort::Quick) || self.larger()
    }

    fn larger(&mut self) -> bool {
        (1..=MOST_SIZES).any(|up| self.at_size(up, &LARGER))
    }

    fn at_size(&mut self, up: usize, steps: &[Step]) -> bool {
        let Some(Sized { frame, factor }) = self.sizes.above_smallest(up) else {
            return false;
        };
        let mut light: Option<LumaFrame> = None;
        for step in steps {
            let key = (up, step.ink, step.threshold);
            if self.barren.contains(&key) {
                continue;
            }
            if self.is_hopeless() {
                return false;
            }
            let frame = match step.ink {
                Ink::Dark => frame,
                Ink::Light => light.get_or_insert_with(|| frame.inverted()),
            };
            let seen = step.taken(frame, self.allowance);
            if seen.barren {
                self.barren.push(key);
            }
            self.promising |= seen.promising;
            if keep(&mut self.sights, seen, factor) {
                return true;
            }
        }
        false
    }

    /// Whether much was tried and nothing seen that may be a code.
    fn is_hopeless(&self) -> bool {
        let spent = self.steps_before - self.allowance.steps_left();
        spent > self.steps_of_hope && !self.sights.iter().any(Sight::is_hopeful)
    }

    fn doubled(&mut self) -> bool {
        let Some(frame) = self.sizes.doubled(self.allowance) else {
            return false;
        };
        let light = frame.inverted();
        DOUBLED.iter().any(|step| {
            if self.is_hopeless() {
                return false;
            }
            let frame = match step.ink {
                Ink::Dark => &frame,
                Ink::Light => &light,
            };
            keep(&mut self.sights, step.taken(frame, self.allowance), 0.5)
        })
    }
}

impl Step {
    fn taken(&self, frame: &LumaFrame, allowance: &Allowance) -> Seen {
        let look = Look {
            frame,
            threshold: self.threshold,
            effort: self.effort,
            allowance,
        };
        look.seen()
    }
}

/// Adds what was seen in a picture of which a pixel is `factor` pixels of the frame; true when it was read.
fn keep(sights: &mut Vec<Sight>, seen: Seen, factor: f32) -> bool {
    let read = seen.sights.iter().any(|sight| sight.content.is_some());
    sights.extend(seen.sights.into_iter().map(|sight| sight.scaled(factor)));
    read
}
