//! A line through what may be a finder, and how long its dark and light runs are.

use super::super::binary::Binary;
use super::super::point::Point;

/// The lengths of five runs, dark first, in pixels.
pub(super) type Runs = [f32; 5];

/// A line through a dark middle, measured to both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    pub(super) from: Point,
    pub(super) direction: Point,
    pub(super) longest_px: f32,
}

impl Probe {
    /// The five runs around the start, and how far along the line their middle lies from it.
    pub(super) fn runs(&self, binary: &Binary) -> Option<(Runs, f32)> {
        let back = self.side(binary, -1.0)?;
        let ahead = self.side(binary, 1.0)?;
        let runs = [back[2], back[1], back[0] + ahead[0], ahead[1], ahead[2]];
        Some((runs, (ahead[0] - back[0]) / 2.0))
    }

    /// Half of the dark middle, the light ring and the dark ring on one side, in half-pixel steps.
    fn side(&self, binary: &Binary, sign: f32) -> Option<[f32; 3]> {
        let mut lengths = [0.0; 3];
        let mut run = 0;
        let mut ended_at = 0.0;
        let mut at = 0.0;
        if binary.dark(self.from.x, self.from.y) != Some(true) {
            return None;
        }
        loop {
            at += 0.5;
            if at > self.longest_px {
                return None;
            }
            let position = self.from + self.direction * (at * sign);
            let seen = binary.dark(position.x, position.y);
            if seen == Some(run != 1) {
                continue;
            }
            lengths[run] = at - ended_at;
            ended_at = at;
            run += 1;
            if run == 3 {
                return Some(lengths);
            }
            seen?;
        }
    }
}
