//! The part of a frame where a code was seen; leaves out how long that is believed.

use crate::detection::Detection;
use crate::pass::Effort;
use crate::plan::Plan;
use crate::point::Point;
use crate::{Allowance, LumaFrame};

/// How much further than a code its region reaches, in parts of the code's size: as far as a hand moves in a
/// frame.
const REGION_MARGIN: f32 = 0.5;

/// Shortest side of a region in pixels: less is a view gone wrong.
const SHORTEST_REGION: f32 = 64.0;

/// Where a code was seen last, in pixels of the frame.
#[derive(Debug, Clone, Copy)]
pub struct Region {
    left: u32,
    top: u32,
    size: (u32, u32),
}

impl Region {
    /// The rectangle around the corners with a margin, as far as it lies in the frame.
    pub(super) fn around(frame: &LumaFrame, corners: &[Point; 4]) -> Option<Self> {
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
        })
    }

    /// Looks at this part of a frame alone; what it sees is in pixels of the frame.
    pub(super) fn detections(
        &self,
        frame: &LumaFrame,
        effort: Effort,
        allowance: &Allowance,
    ) -> Vec<Detection> {
        let Some(part) = frame.cropped(self.left, self.top, self.size) else {
            return Vec::new();
        };
        let Some(mut plan) = Plan::of(&part, allowance) else {
            return Vec::new();
        };
        plan.run(effort);
        let offset = Point::new(self.left as f32, self.top as f32);
        plan.detections
            .into_iter()
            .map(|detection| detection.moved(offset))
            .collect()
    }
}
