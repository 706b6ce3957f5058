//! What paper that curves along one side of a code does to it.

use super::super::point::Point;
use super::super::symbol::FINDER_INSET;

/// Along which side of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The upper one.
    Across,
    /// The left one.
    Down,
}

/// What paper that curves along one side does to a code: it leaves the finders where they are, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Curvature {
    pub(crate) side: Side,
    /// How far the middle moves.
    pub(crate) rise: Point,
    /// How far the quarters move apart.
    pub(crate) stretch: Point,
}

impl Curvature {
    pub(crate) fn none(side: Side) -> Self {
        Self {
            side,
            rise: Point::default(),
            stretch: Point::default(),
        }
    }

    /// How much of the rise and of the stretch a position takes part in, `along` modules from the edge.
    pub(crate) fn parts(along: f32, side: usize) -> [f32; 2] {
        let x = 2.0 * along / side as f32 - 1.0;
        let end = 1.0 - 2.0 * FINDER_INSET / side as f32;
        let inside = 1.0 - x * x / (end * end);
        [inside, x * inside]
    }
}
