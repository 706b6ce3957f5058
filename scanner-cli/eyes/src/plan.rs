//! Which passes over a frame are worth it, and in which order; leaves out what a pass does.
//!
//! The quick passes go to every frame: they cost milliseconds and read most codes. The deep ones cost ten
//! times as much and go on until something is read or the allowance is used up.

use std::collections::BTreeMap;

use super::attempts::Attempts;
use super::binary::Threshold;
use super::detection::Detection;
use super::pass::{Effort, Pass, Seen, Sketch};
use super::sizes::{Sized, Sizes};
use super::{Allowance, LumaFrame};

/// Sizes above the smallest that are looked at: a frame of 50 megapixels has four.
const MOST_SIZES: usize = 4;

/// Steps after which passes over a frame end in which nothing that was seen is hopeful: codes in noise and of little ink, which
/// look worst, are read by then.
const STEPS_OF_HOPE: u64 = 6_500_000;

/// As many more for each pixel.
const STEPS_OF_HOPE_A_PIXEL: u64 = 2;

/// Steps, as a part of those, that passes may take which saw something hopeful but no code beyond doubt: codes with a hidden finder
/// or on curled paper are read by then.
const MORE_HOPE_PERCENT: u64 = 250;

/// Steps that a pass is worth when it is taken at all: a code that it is the first to see must be read in it.
const LEAST_STEPS_A_PASS: u64 = 4_000_000;

/// Most pixels of a frame of which sketches are kept from the quick passes to the deep ones: each takes as many bytes.
const MOST_SKETCHED_PIXELS: usize = 2_100_000;

/// Which codes to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Polarity {
    /// Dark modules on light ground.
    Dark,
    /// Light modules on dark ground, as dark mode shows them.
    Light,
}

/// Size, polarity and threshold of a pass, whatever its effort.
type Key = (usize, Polarity, Threshold);

/// One pass of a plan.
#[derive(Debug, Clone, Copy)]
struct Step {
    polarity: Polarity,
    threshold: Threshold,
    effort: Effort,
}

const fn step(polarity: Polarity, threshold: Threshold, effort: Effort) -> Step {
    Step {
        polarity,
        threshold,
        effort,
    }
}

/// What every frame is worth, at the smallest size.
const QUICK: [Step; 4] = [
    step(Polarity::Dark, Threshold::Blocks, Effort::Quick),
    step(Polarity::Light, Threshold::Levels, Effort::Quick),
    step(Polarity::Dark, Threshold::Levels, Effort::Quick),
    step(Polarity::Dark, Threshold::Around, Effort::Quick),
];

/// The larger sizes, quickly: for codes too small for the smallest.
const LARGER: [Step; 4] = [
    step(Polarity::Dark, Threshold::Blocks, Effort::Quick),
    step(Polarity::Dark, Threshold::SharpBlocks, Effort::Quick),
    step(Polarity::Light, Threshold::Levels, Effort::Quick),
    step(Polarity::Dark, Threshold::Levels, Effort::Quick),
];

/// Everything, at each size.
const DEEP: [Step; 5] = [
    step(Polarity::Dark, Threshold::Blocks, Effort::Deep),
    step(Polarity::Dark, Threshold::Around, Effort::Deep),
    step(Polarity::Dark, Threshold::SharpBlocks, Effort::Deep),
    step(Polarity::Light, Threshold::Levels, Effort::Deep),
    step(Polarity::Dark, Threshold::Levels, Effort::Deep),
];

/// In twice the frame's size: what is too soft for its own.
const DOUBLED: [Step; 3] = [
    step(Polarity::Dark, Threshold::Blocks, Effort::Deep),
    step(Polarity::Dark, Threshold::SharpBlocks, Effort::Deep),
    step(Polarity::Light, Threshold::Levels, Effort::Deep),
];

/// In pictures in which noise was evened out.
const SOFTENED: [Step; 2] = [
    step(Polarity::Dark, Threshold::Levels, Effort::Deep),
    step(Polarity::Dark, Threshold::Around, Effort::Deep),
];

/// Looks at a frame until something is read.
pub(super) struct Plan<'a> {
    sizes: Sizes<'a>,
    allowance: &'a Allowance<'a>,
    steps_before: u64,
    steps_of_hope: u64,
    /// What was seen so far, in pixels of the frame.
    pub(super) detections: Vec<Detection>,
    /// Sizes, polarities and thresholds that need no deeper pass.
    barren: Vec<Key>,
    sketches: Vec<(Key, Sketch)>,
    attempts: BTreeMap<(usize, Polarity), Attempts>,
    /// There were passes that promise something in a larger picture.
    promising: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn of(frame: &'a LumaFrame, allowance: &'a Allowance<'a>) -> Option<Self> {
        let steps_before = allowance.steps_left();
        let sizes = Sizes::of(frame, allowance)?;
        let pixels = frame.luma().len() as u64;
        Some(Self {
            steps_before,
            steps_of_hope: STEPS_OF_HOPE + STEPS_OF_HOPE_A_PIXEL * pixels,
            sizes,
            allowance,
            detections: Vec::new(),
            barren: Vec::new(),
            sketches: Vec::new(),
            attempts: BTreeMap::new(),
            promising: false,
        })
    }

    /// Takes the passes of one effort: those that every frame gets, or all the others. True when something was
    /// read.
    pub(super) fn run(&mut self, effort: Effort) -> bool {
        match effort {
            Effort::Quick => self.at_size(0, &QUICK),
            Effort::Deep => {
                (self.sizes.are_noisy() && self.softened())
                    || self.larger()
                    || (0..=MOST_SIZES).any(|up| self.at_size(up, &DEEP))
                    || (self.promising && self.doubled())
            }
        }
    }

    /// Takes the quick passes in every size. True when something was read.
    pub(super) fn run_in_all_sizes(&mut self) -> bool {
        self.run(Effort::Quick) || self.larger()
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
            let key = (up, step.polarity, step.threshold);
            if self.barren.contains(&key) {
                continue;
            }
            let Some(steps_of_look) = self.steps_of_look() else {
                return false;
            };
            let frame = match step.polarity {
                Polarity::Dark => frame,
                Polarity::Light => light.get_or_insert_with(|| frame.inverted()),
            };
            let at = self.sketches.iter().position(|(known, _)| *known == key);
            let sketch = at.map(|at| self.sketches.swap_remove(at).1);
            let attempts = self.attempts.entry((up, step.polarity)).or_default();
            let taken = |allowance: &Allowance| step.taken((frame, attempts), sketch, allowance);
            let (seen, sketch) = self.allowance.lend(steps_of_look, taken);
            if let Some(sketch) = sketch
                && frame.luma().len() <= MOST_SKETCHED_PIXELS
            {
                self.sketches.push((key, sketch));
            }
            if seen.barren {
                self.barren.push(key);
            }
            self.promising |= seen.promising;
            if keep(&mut self.detections, seen, factor) {
                return true;
            }
        }
        false
    }

    /// Steps that the next pass may take; `None` when more was tried than what was seen is worth.
    fn steps_of_look(&self) -> Option<u64> {
        let spent = self.steps_before - self.allowance.steps_left();
        let sees = |is: fn(&Detection) -> bool| self.detections.iter().any(is);
        let hope = if sees(Detection::is_beyond_doubt) {
            u64::MAX
        } else if sees(Detection::is_hopeful) {
            self.steps_of_hope * MORE_HOPE_PERCENT / 100
        } else {
            self.steps_of_hope
        };
        let left = hope.checked_sub(spent)?;
        Some(left.max(LEAST_STEPS_A_PASS))
    }

    /// Looks at pictures in which noise was evened out, from the frame's own size to twice that.
    fn softened(&mut self) -> bool {
        self.softened_once_or_twice() || self.softened_in_twice_the_size()
    }

    fn softened_once_or_twice(&mut self) -> bool {
        let once = self.sizes.full().softened();
        let is_read = self.at_softened(&once, 1.0);
        is_read || self.at_softened(&once.softened(), 1.0)
    }

    fn softened_in_twice_the_size(&mut self) -> bool {
        let Some(frame) = self.sizes.doubled(self.allowance) else {
            return false;
        };
        self.at_softened(&frame.softened(), 0.5)
    }

    fn at_softened(&mut self, frame: &LumaFrame, factor: f32) -> bool {
        let attempts = Attempts::default();
        SOFTENED.iter().any(|step| {
            let Some(steps_of_look) = self.steps_of_look() else {
                return false;
            };
            let taken = |allowance: &Allowance| step.taken((frame, &attempts), None, allowance);
            let (seen, _) = self.allowance.lend(steps_of_look, taken);
            keep(&mut self.detections, seen, factor)
        })
    }

    fn doubled(&mut self) -> bool {
        if self.steps_of_look().is_none() {
            return false;
        }
        let Some(frame) = self.sizes.doubled(self.allowance) else {
            return false;
        };
        let light = frame.inverted();
        let (on_light, on_dark) = (Attempts::default(), Attempts::default());
        DOUBLED.iter().any(|step| {
            let Some(steps_of_look) = self.steps_of_look() else {
                return false;
            };
            let frame = match step.polarity {
                Polarity::Dark => (&frame, &on_light),
                Polarity::Light => (&light, &on_dark),
            };
            let taken = |allowance: &Allowance| step.taken(frame, None, allowance);
            let (seen, _) = self.allowance.lend(steps_of_look, taken);
            keep(&mut self.detections, seen, 0.5)
        })
    }
}

impl Step {
    /// Passes over a frame, with the sketch that an earlier step made of it; returns it back, or the one made now.
    fn taken(
        &self,
        (frame, attempts): (&LumaFrame, &Attempts),
        sketch: Option<Sketch>,
        allowance: &Allowance,
    ) -> (Seen, Option<Sketch>) {
        let pass = Pass {
            frame,
            threshold: self.threshold,
            effort: self.effort,
            attempts,
            allowance,
        };
        let Some(sketch) = sketch.or_else(|| pass.sketch()) else {
            return (Seen::default(), None);
        };
        (pass.seen(&sketch), Some(sketch))
    }
}

/// Adds what was seen in a picture of which a pixel is `factor` pixels of the frame; true when it was read.
fn keep(detections: &mut Vec<Detection>, seen: Seen, factor: f32) -> bool {
    let read = seen
        .detections
        .iter()
        .any(|detection| detection.content.is_some());
    detections.extend(
        seen.detections
            .into_iter()
            .map(|detection| detection.scaled(factor)),
    );
    read
}
