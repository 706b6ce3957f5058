//! What parts dark from light in each block of a picture, told by its pixels and the blocks before it.

use super::super::LumaFrame;

/// Pixels along a side of a block.
pub(super) const BLOCK: usize = 8;

/// Grey levels within a block under which it is of one colour.
const PLAIN_BLOCK: u8 = 24;

/// The brightness that parts dark from light in each block. In a block of one colour that is half of its
/// darkest pixel, so that it counts as light; but when the blocks before it were brighter, it is a dark one
/// among them and takes over their mean.
pub(super) fn block_means(frame: &LumaFrame, columns: usize, rows: usize) -> Vec<u32> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let mut means = vec![0_u32; columns * rows];
    for at in 0..columns * rows {
        // The last blocks are moved back to be whole.
        let left = (at % columns * BLOCK).min(width.saturating_sub(BLOCK));
        let top = (at / columns * BLOCK).min(height.saturating_sub(BLOCK));
        let (mut sum, mut count, mut darkest, mut lightest) = (0, 0, u8::MAX, 0);
        for row in top..(top + BLOCK).min(height) {
            for &luma in &frame.luma()[row * width + left..row * width + (left + BLOCK).min(width)] {
                sum += u32::from(luma);
                count += 1;
                darkest = darkest.min(luma);
                lightest = lightest.max(luma);
            }
        }
        means[at] = sum / count;
        if lightest - darkest <= PLAIN_BLOCK {
            means[at] = u32::from(darkest) / 2;
            if at % columns > 0 && at >= columns {
                let before = (means[at - columns] + 2 * means[at - 1] + means[at - columns - 1]) / 4;
                if u32::from(darkest) < before {
                    means[at] = before;
                }
            }
        }
    }
    means
}
