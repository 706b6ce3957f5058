//! The brightness that parts dark from light in each part of a picture; leaves out comparing pixels with it.
//!
//! A block tells a level when an edge goes through it: the middle between the mean of its pixels
//! and the halfway of their span. A block of one colour tells none and takes
//! over what the nearest blocks with an edge say, so that a dark area stays dark to its middle and a light one light,
//! however wide they are and however little sets them apart, whichever of the two is the ink.

mod block;

use super::LumaFrame;
use block::{Block, faintest_edge, plain_width};

pub(super) use block::BLOCK;

/// Blocks from one to the next, across and down, that noise is told from.
const NOISE_STEP: usize = 4;

/// Blocks to each side whose levels are averaged: over single modules, not over shadows.
const REACH: usize = 2;

/// Grey levels that noise makes of the plainest blocks of a picture, told from some of them.
pub(super) fn noise(frame: &LumaFrame) -> u8 {
    let (columns, rows) = sides(frame);
    let some = (0..rows).step_by(NOISE_STEP);
    let some = some.flat_map(|y| (0..columns).step_by(NOISE_STEP).map(move |x| (x, y)));
    plain_width(some.map(|(x, y)| Block::of(frame, x, y)))
}

fn sides(frame: &LumaFrame) -> (usize, usize) {
    (
        (frame.width() as usize).div_ceil(BLOCK),
        (frame.height() as usize).div_ceil(BLOCK),
    )
}

/// Levels of the blocks of a picture.
pub(super) struct Levels {
    grid: Grid,
}

impl Levels {
    /// Returns the levels of all blocks.
    pub(super) fn of(frame: &LumaFrame) -> Self {
        Self {
            grid: Grid::of_edges(frame).around(REACH).filled(),
        }
    }

    /// The levels of a row of blocks: what is darker is dark. 0 where nothing in the picture tells one.
    pub(super) fn row(&self, y: usize) -> impl Iterator<Item = u8> {
        let row = &self.grid.told[y * self.grid.columns..][..self.grid.columns];
        row.iter().map(|told| told.mean().sum.min(255) as u8)
    }
}

/// What blocks tell together: the sum of their levels, and how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    sum: u32,
    blocks: u32,
}

impl Sum {
    fn and(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            blocks: self.blocks + other.blocks,
        }
    }

    /// As if one block told it.
    fn mean(self) -> Self {
        Self {
            sum: self.sum / self.blocks.max(1),
            blocks: self.blocks.min(1),
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            sum: self.sum - other.sum,
            blocks: self.blocks - other.blocks,
        }
    }
}

/// What each block of a picture tells, or each square of blocks.
struct Grid {
    columns: usize,
    rows: usize,
    told: Vec<Sum>,
}

impl Grid {
    fn of_edges(frame: &LumaFrame) -> Self {
        let (columns, rows) = sides(frame);
        let blocks = (0..columns * rows).map(|at| Block::of(frame, at % columns, at / columns));
        let blocks: Vec<Block> = blocks.collect();
        let faintest = faintest_edge(&blocks);
        let told = blocks.iter().map(|block| {
            if block.width > faintest {
                Sum {
                    sum: block.level(),
                    blocks: 1,
                }
            } else {
                Sum::default()
            }
        });
        Self {
            columns,
            rows,
            told: told.collect(),
        }
    }

    /// What the square of `2 * reach + 1` blocks around each tells together.
    fn around(&self, reach: usize) -> Self {
        let width = self.columns + 1;
        let mut sums = vec![Sum::default(); width * (self.rows + 1)];
        for y in 0..self.rows {
            let mut row = Sum::default();
            for x in 0..self.columns {
                row = row.and(self.told[y * self.columns + x]);
                sums[(y + 1) * width + x + 1] = sums[y * width + x + 1].and(row);
            }
        }
        let span = |at: usize, count: usize| (at.saturating_sub(reach), (at + reach + 1).min(count));
        let told = (0..self.told.len()).map(|at| {
            let (left, right) = span(at % self.columns, self.columns);
            let (top, bottom) = span(at / self.columns, self.rows);
            let upper = sums[top * width + right].without(sums[top * width + left]);
            let lower = sums[bottom * width + right].without(sums[bottom * width + left]);
            lower.without(upper)
        });
        Self {
            told: told.collect(),
            ..*self
        }
    }

    /// The same where what tells nothing takes over what four times its area tells, and so on.
    fn filled(mut self) -> Self {
        if self.told.len() == 1 || self.told.iter().all(|told| told.blocks > 0) {
            return self;
        }
        let coarser = self.halved().around(1).filled();
        for (at, told) in self.told.iter_mut().enumerate() {
            if told.blocks == 0 {
                let square = at / self.columns / 2 * coarser.columns + at % self.columns / 2;
                *told = coarser.told[square];
            }
        }
        self
    }

    /// Squares of four blocks in place of each, which tell their mean.
    fn halved(&self) -> Self {
        let (columns, rows) = (self.columns.div_ceil(2), self.rows.div_ceil(2));
        let mut told = vec![Sum::default(); columns * rows];
        for (at, one) in self.told.iter().enumerate() {
            let square = at / self.columns / 2 * columns + at % self.columns / 2;
            told[square] = told[square].and(*one);
        }
        for square in &mut told {
            *square = square.mean();
        }
        Self { columns, rows, told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dark square in the middle of a light picture.
    fn square(side: u32, dark: u8, light: u8) -> LumaFrame {
        let inside = side / 4..side * 3 / 4;
        let luma = (0..side * side).map(|at| {
            let is_dark = inside.contains(&(at % side)) && inside.contains(&(at / side));
            if is_dark { dark } else { light }
        });
        LumaFrame::new(side, side, luma.collect()).unwrap()
    }

    #[test]
    fn a_wide_area_has_the_level_of_its_nearest_edge() {
        for (dark, light) in [(0, 255), (200, 255), (20, 30), (128, 140)] {
            for side in [64, 120, 640] {
                let levels = Levels::of(&square(side, dark, light));
                let rows = (side as usize).div_ceil(BLOCK);
                for level in (0..rows).flat_map(|y| levels.row(y)) {
                    assert!(
                        dark < level && level <= light,
                        "{dark} < {level} <= {light}, {side}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_levels_of_the_largest_pictures_are_told() {
        let levels = Levels::of(&square(7_000, 10, 240));
        assert!(levels.row(437).all(|level| (11..=240).contains(&level)));
    }

    #[test]
    fn a_picture_of_one_colour_has_no_dark_pixel() {
        let levels = Levels::of(&square(100, 90, 90));
        assert!((0..13).flat_map(|y| levels.row(y)).all(|level| level == 0));
    }
}
