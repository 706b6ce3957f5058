//! Reads the frames of a camera one after another, remembering what the last ones showed; leaves out where
//! frames come from and what a code means.
//!
//! A code seen in one frame is close by in the next: that region is looked at first, and only there is a deep
//! look worth its time. A code that was seen but not read in several frames is read from all of them
//! together.

mod fusion;
mod hint;

use super::look::{Effort, Sight};
use super::plan::Plan;
use super::point::Point;
use super::{Allowance, Code, LumaFrame, codes};
use fusion::Fusion;

pub use hint::Hint;

/// Frames a region is looked at without a sight before the code counts as gone: a third of a second.
const FRAMES_TO_LOSE: u32 = 10;

/// How much further than a code its region reaches, in parts of the code's size: as far as a hand moves in a
/// frame.
const REGION_MARGIN: f32 = 0.5;

/// Shortest side of a region in pixels: less is a view gone wrong.
const SHORTEST_REGION: f32 = 64.0;

/// What one frame gave, with the help of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The codes that were read.
    pub codes: Vec<Code>,
    /// What would help, when a code is seen but not read.
    pub hint: Option<Hint>,
}

/// Reads the frames of one camera. A code that stays in view is read again in each frame.
#[derive(Debug, Default)]
pub struct Reader {
    region: Option<Region>,
    fusion: Fusion,
    /// Which of the deep looks is next while no code is seen.
    turn: usize,
}

/// Where a code was seen last, in pixels of the frame.
#[derive(Debug, Clone, Copy)]
struct Region {
    left: u32,
    top: u32,
    size: (u32, u32),
    frames_without_sight: u32,
}

impl Reader {
    /// Looks at the next frame: quickly everywhere, and as long as the allowance allows where a code is seen.
    ///
    /// **Units**: corners and regions are in pixels of this frame; when the frames change their size, what
    /// was remembered is searched anew.
    #[must_use]
    pub fn look(&mut self, frame: &LumaFrame, allowance: &Allowance) -> Reading {
        let mut sights = self.look_at_region(frame, Effort::Quick, allowance);
        if !any_read(&sights) {
            let mut plan = Plan::of(frame, allowance);
            if let Some(plan) = &mut plan {
                plan.look(Effort::Quick);
            }
            sights.extend(plan.into_iter().flat_map(|plan| plan.sights));
        }
        self.follow(frame, &sights);
        if !any_read(&sights) {
            sights.extend(self.fusion.read(&sights, allowance));
        }
        if !any_read(&sights) {
            sights.extend(self.look_deeper(frame, allowance));
            if !any_read(&sights) {
                sights.extend(self.fusion.read_better(&sights, allowance));
            }
        }
        if any_read(&sights) {
            self.fusion.forget();
        }
        let codes = codes(&sights);
        let hint = if codes.is_empty() { hint::of(&sights) } else { None };
        Reading { codes, hint }
    }

    /// Looks with everything where a code is seen; where none is, with one more look of the deep ones in each
    /// frame, so that a code too small or too blurred for the quick looks is found before long.
    fn look_deeper(&mut self, frame: &LumaFrame, allowance: &Allowance) -> Vec<Sight> {
        if self.region.is_some() {
            return self.look_at_region(frame, Effort::Deep, allowance);
        }
        let Some(mut plan) = Plan::of(frame, allowance) else {
            return Vec::new();
        };
        self.turn = plan.look_in_turn(self.turn);
        self.follow(frame, &plan.sights);
        plan.sights
    }

    /// Looks at the part of the frame where the code was last.
    fn look_at_region(&self, frame: &LumaFrame, effort: Effort, allowance: &Allowance) -> Vec<Sight> {
        let Some(region) = self.region else {
            return Vec::new();
        };
        let Some(part) = frame.cropped(region.left, region.top, region.size) else {
            return Vec::new();
        };
        let Some(mut plan) = Plan::of(&part, allowance) else {
            return Vec::new();
        };
        plan.look(effort);
        let offset = Point::new(region.left as f32, region.top as f32);
        plan.sights.into_iter().map(|sight| sight.moved(offset)).collect()
    }

    /// Remembers where the best sight is, or that there was none.
    fn follow(&mut self, frame: &LumaFrame, sights: &[Sight]) {
        let best = sights
            .iter()
            .filter(|sight| sight.is_worth_more())
            .max_by(|a, b| {
                let rank = |sight: &Sight| (sight.bytes.is_some(), sight.fit);
                rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal)
            });
        if let Some(region) = best.and_then(|sight| Region::around(frame, &sight.corners)) {
            self.region = Some(region);
            return;
        }
        self.region = self.region.take().and_then(|region| {
            let frames_without_sight = region.frames_without_sight + 1;
            (frames_without_sight < FRAMES_TO_LOSE).then_some(Region {
                frames_without_sight,
                ..region
            })
        });
    }
}

impl Region {
    /// The rectangle around the corners with a margin, as far as it lies in the frame.
    fn around(frame: &LumaFrame, corners: &[Point; 4]) -> Option<Self> {
        let span = |values: [f32; 4], side: u32| {
            let least = values.into_iter().fold(f32::MAX, f32::min);
            let most = values.into_iter().fold(f32::MIN, f32::max);
            let margin = ((most - least) * REGION_MARGIN).max(0.0);
            let start = (least - margin).clamp(0.0, side as f32);
            let end = (most + margin).clamp(0.0, side as f32);
            (end - start >= SHORTEST_REGION).then_some((start as u32, (end - start) as u32))
        };
        let (left, width) = span(corners.map(|corner| corner.x), frame.width())?;
        let (top, height) = span(corners.map(|corner| corner.y), frame.height())?;
        Some(Self {
            left,
            top,
            size: (width, height),
            frames_without_sight: 0,
        })
    }
}

fn any_read(sights: &[Sight]) -> bool {
    sights.iter().any(|sight| sight.bytes.is_some())
}
