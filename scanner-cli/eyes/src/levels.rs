//! The brightness that parts dark from light in each part of a picture; leaves out comparing pixels with it.
//!
//! A block tells a level when an edge goes through it: the middle between the mean of its pixels
//! and the halfway of their span. A block of one colour tells none and takes
//! over what the nearest blocks with an edge say, so that a dark area stays dark to its middle and a light one light,
//! however wide they are and however little sets them apart, whichever of the two is the ink.

use super::LumaFrame;

/// Pixels along a side of a block.
pub(super) const BLOCK: usize = 8;

/// Grey levels within a block from which on it has an edge, whatever the noise.
const SURELY_AN_EDGE: u8 = 24;

/// Grey levels within a block up to which it has none, however little noise there is: compression leaves as many.
const FAINTEST_EDGE: u8 = 6;

/// How much noise there is tells the plainest block but one in so many.
const PLAIN_BLOCKS: usize = 5;

/// Blocks from one to the next, across and down, that noise is told from.
const NOISE_STEP: usize = 4;

/// What the plainest blocks are multiplied by, in per cent, to be more than noise makes of any.
const ABOVE_NOISE_PERCENT: u32 = 160;

/// Blocks to each side whose levels are averaged: over single modules, not over shadows.
const REACH: usize = 2;

/// How far under what a block tells its level lies: this part of it, but not more than so much of its contrast. Blur leaves
/// thin light rings open that way.
const UNDER: (u32, u32) = (50, 10);

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
    /// Tells the levels of all blocks.
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
struct Told {
    sum: u32,
    blocks: u32,
}

impl Told {
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
    told: Vec<Told>,
}

impl Grid {
    fn of_edges(frame: &LumaFrame) -> Self {
        let (columns, rows) = sides(frame);
        let blocks = (0..columns * rows).map(|at| Block::of(frame, at % columns, at / columns));
        let blocks: Vec<Block> = blocks.collect();
        let faintest = faintest_edge(&blocks);
        let told = blocks.iter().map(|block| {
            if block.width > faintest {
                Told {
                    sum: block.level(),
                    blocks: 1,
                }
            } else {
                Told::default()
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
        let mut sums = vec![Told::default(); width * (self.rows + 1)];
        for y in 0..self.rows {
            let mut row = Told::default();
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
        let mut told = vec![Told::default(); columns * rows];
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

/// The pixels of a block and those right around it, for an edge may lie just between two blocks.
#[derive(Debug, Clone, Copy)]
struct Block {
    darkest: u8,
    /// Grey levels from the darkest to the lightest.
    width: u8,
    mean: u32,
}

impl Block {
    fn of(frame: &LumaFrame, column: usize, row: usize) -> Self {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        // The last blocks are moved back to be whole.
        let span = |at: usize, side: usize| {
            let start = (at * BLOCK).min(side.saturating_sub(BLOCK));
            start.saturating_sub(1)..(start + BLOCK + 1).min(side)
        };
        let (across, down) = (span(column, width), span(row, height));
        let (mut darkest, mut lightest, mut sum) = (u8::MAX, 0, 0);
        for y in down.clone() {
            for &luma in &frame.luma()[y * width..][across.clone()] {
                darkest = darkest.min(luma);
                lightest = lightest.max(luma);
                sum += u32::from(luma);
            }
        }
        Self {
            darkest,
            width: lightest - darkest,
            mean: sum / (across.len() * down.len()) as u32,
        }
    }
}

impl Block {
    /// What is darker than this is dark, by this block. The mean alone is off where an edge only touches the block, the
    /// halfway alone where it is noisy.
    fn level(&self) -> u32 {
        let halfway = u32::from(self.darkest) + u32::from(self.width) / 2;
        let level = (self.mean + halfway).div_ceil(2);
        level - (level / UNDER.0).min(u32::from(self.width) / UNDER.1)
    }
}

/// Grey levels within a block up to which it has no edge: more than noise makes of the plainest blocks.
fn faintest_edge(blocks: &[Block]) -> u8 {
    let plain = plain_width(blocks.iter().copied());
    let above_noise = (u32::from(plain) * ABOVE_NOISE_PERCENT / 100).min(255) as u8;
    above_noise.clamp(FAINTEST_EDGE, SURELY_AN_EDGE)
}

/// Grey levels from the darkest to the lightest pixel of the plainest blocks.
fn plain_width(blocks: impl Iterator<Item = Block>) -> u8 {
    let mut widths: Vec<u8> = blocks.map(|block| block.width).collect();
    let at = widths.len() / PLAIN_BLOCKS;
    *widths.select_nth_unstable(at).1
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
