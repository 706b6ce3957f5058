//! The half of a reader that looks at every frame and remembers; leaves out the passes that take their time.

use std::cmp::Ordering;
use std::mem;

use super::fusion::Fusion;
use super::region::Region;
use super::{Findings, FrameReading, hint};
use crate::detection::Detection;
use crate::pass::Effort;
use crate::plan::Plan;
use crate::{Allowance, LumaFrame, add_others, codes, rounded};

/// Frames a region is looked at without a detection before the code counts as gone: a third of a second.
const FRAMES_TO_LOSE: u32 = 10;

/// Frames from one in which other codes are looked for beside one that is read to the next: it costs as much as a new
/// frame, and nobody notices a tenth of a second.
const FRAMES_TO_OTHERS: u32 = 4;

/// Looks at every frame of a camera in a few milliseconds. A code that stays in view is read again in each.
#[derive(Debug, Default)]
pub struct QuickReader {
    tracked: Option<Tracked>,
    fusion: Fusion,
    /// Frames until other codes are looked for beside the one that is read.
    frames_to_others: u32,
    /// What was seen in the last frame, for what a deep pass finds in it.
    last: Vec<Detection>,
}

#[derive(Debug, Clone, Copy)]
struct Tracked {
    region: Region,
    frames_without_sight: u32,
}

impl QuickReader {
    /// Looks at the next frame: first where the code was last, then everywhere; now and then for others beside one that
    /// is read, so that a poster's code does not hide a ticket's.
    #[must_use]
    pub fn read(&mut self, frame: &LumaFrame, allowance: &Allowance) -> FrameReading {
        let mut detections = match self.region() {
            Some(region) => region.detections(frame, Effort::Quick, allowance),
            None => Vec::new(),
        };
        if !any_read(&detections) {
            let mut plan = Plan::of(frame, allowance);
            if let Some(plan) = &mut plan {
                plan.run(Effort::Quick);
            }
            detections.extend(plan.into_iter().flat_map(|plan| plan.detections));
        }
        if !any_read(&detections) {
            self.frames_to_others = 0;
        } else if self.frames_to_others > 0 {
            self.frames_to_others -= 1;
        } else {
            self.frames_to_others = FRAMES_TO_OTHERS - 1;
            add_others(frame, &mut detections, allowance);
        }
        self.follow(frame, &detections);
        if !any_read(&detections) {
            detections.extend(self.fusion.read(&detections, allowance));
        }
        self.reading_of(detections)
    }

    /// Where a code was seen in the last frames.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.tracked.map(|tracked| tracked.region)
    }

    /// Takes what a deep pass found in the last frame or one shortly before: with the frames remembered it may
    /// tell what none of them does.
    #[must_use]
    pub fn learn(&mut self, frame: &LumaFrame, findings: Findings, allowance: &Allowance) -> FrameReading {
        if self.tracked.is_none() {
            self.follow(frame, &findings.0);
        }
        let mut detections = mem::take(&mut self.last);
        detections.extend(findings.0);
        if !any_read(&detections) {
            detections.extend(self.fusion.read_better(&detections, allowance));
        }
        self.reading_of(detections)
    }

    /// Returns what was seen, and remembers it.
    fn reading_of(&mut self, detections: Vec<Detection>) -> FrameReading {
        let codes = codes(&detections);
        if !codes.is_empty() {
            self.fusion.forget();
            self.last.clear();
            return FrameReading {
                codes,
                ..FrameReading::default()
            };
        }
        let likely = hint::likeliest(&detections);
        let reading = FrameReading {
            codes,
            hint: likely.map(hint::of),
            seen: likely.map(|detection| detection.corners.map(rounded)),
        };
        self.last = detections;
        reading
    }

    /// Remembers where the best detection is, or that there was none.
    fn follow(&mut self, frame: &LumaFrame, detections: &[Detection]) {
        let best = detections
            .iter()
            .filter(|detection| detection.is_worth_more())
            .max_by(|a, b| {
                let rank = |detection: &Detection| (detection.content.is_some(), detection.fit);
                rank(a).partial_cmp(&rank(b)).unwrap_or(Ordering::Equal)
            });
        if let Some(region) = best.and_then(|detection| Region::around(frame, &detection.corners)) {
            self.tracked = Some(Tracked {
                region,
                frames_without_sight: 0,
            });
            return;
        }
        self.tracked = self.tracked.take().and_then(|tracked| {
            let frames_without_sight = tracked.frames_without_sight + 1;
            (frames_without_sight < FRAMES_TO_LOSE).then_some(Tracked {
                frames_without_sight,
                ..tracked
            })
        });
    }
}

fn any_read(detections: &[Detection]) -> bool {
    detections.iter().any(|detection| detection.content.is_some())
}
