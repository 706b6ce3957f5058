//! What the pixels of one block tell: whether an edge goes through it, and the level between its sides.

use super::super::LumaFrame;

/// Pixels along a side of a block.
pub(crate) const BLOCK: usize = 8;

/// Grey levels within a block from which on it has an edge, whatever the noise.
const SURELY_AN_EDGE: u8 = 24;

/// Grey levels within a block up to which it has none, however little noise there is: compression leaves as many.
const FAINTEST_EDGE: u8 = 6;

/// How much noise there is tells the plainest block but one in so many.
const PLAIN_BLOCKS: usize = 5;

/// What the plainest blocks are multiplied by, in per cent, to be more than noise makes of any.
const ABOVE_NOISE_PERCENT: u32 = 160;

/// How far under what a block tells its level lies: this part of it, but not more than so much of its contrast. Blur leaves
/// thin light rings open that way.
const UNDER: (u32, u32) = (50, 10);

/// The pixels of a block and those right around it, for an edge may lie just between two blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    darkest: u8,
    /// Grey levels from the darkest to the lightest.
    pub(super) width: u8,
    mean: u32,
}

impl Block {
    pub(super) fn of(frame: &LumaFrame, column: usize, row: usize) -> Self {
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
    pub(super) fn level(&self) -> u32 {
        let halfway = u32::from(self.darkest) + u32::from(self.width) / 2;
        let level = (self.mean + halfway).div_ceil(2);
        level - (level / UNDER.0).min(u32::from(self.width) / UNDER.1)
    }
}

/// Grey levels within a block up to which it has no edge: more than noise makes of the plainest blocks.
pub(super) fn faintest_edge(blocks: &[Block]) -> u8 {
    let plain = plain_width(blocks.iter().copied());
    let above_noise = (u32::from(plain) * ABOVE_NOISE_PERCENT / 100).min(255) as u8;
    above_noise.clamp(FAINTEST_EDGE, SURELY_AN_EDGE)
}

/// Grey levels from the darkest to the lightest pixel of the plainest blocks.
pub(super) fn plain_width(blocks: impl Iterator<Item = Block>) -> u8 {
    let mut widths: Vec<u8> = blocks.map(|block| block.width).collect();
    let at = widths.len() / PLAIN_BLOCKS;
    *widths.select_nth_unstable(at).1
}
