//! What a shift of each line by itself does to a code.

use super::super::point::Point;

/// A shift that is the same all along each line across an axis of the picture, and another for the next line: what rows
/// that are taken one after another do to a code that swings, and a fold to what lies beyond it.
#[derive(Debug, Clone)]
pub(crate) struct LineShifts {
    /// The direction that tells the lines apart, of length 1.
    pub(crate) axis: Point,
    /// The direction of the shift, of length 1.
    pub(crate) way: Point,
    /// Where along the axis the first shift belongs, in pixels.
    pub(crate) start: f32,
    /// Pixels from one shift to the next.
    pub(crate) step: f32,
    /// Pixels along the way; between two they are blended.
    pub(crate) shifts: Vec<f32>,
}

impl LineShifts {
    pub(super) fn at(&self, pixel: Point) -> Point {
        let last = self.shifts.len() - 1;
        let position = ((pixel.dot(self.axis) - self.start) / self.step).clamp(0.0, last as f32);
        let before = position as usize;
        let part = position - before as f32;
        let shift = self.shifts[before] * (1.0 - part) + self.shifts[(before + 1).min(last)] * part;
        pixel + self.way * shift
    }
}
