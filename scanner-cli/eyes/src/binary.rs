//! Tells dark from light by comparing each pixel with its surroundings; leaves out what the dark pixels form.

use super::levels::{self, Levels};
use super::{Allowance, LumaFrame};

/// Shadows and screens change the light slowly: a pixel counts as dark when it is under this part (per cent)
/// of the mean around it. Close to 100 so that the edges of blurred modules stay where they are.
const DARK_BELOW_PERCENT: u32 = 98;

/// Pixels along a side of a block.
const BLOCK: usize = 8;

/// Grey levels within a block under which it is of one colour.
const PLAIN_BLOCK: u8 = 24;

/// What a pixel is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threshold {
    /// The mean of the square around it, which follows shadows closely.
    Around,
    /// The mean of 5 × 5 blocks around its own, where blocks of one colour count as light unless their
    /// neighbours are lighter: keeps wide dark areas whole and noise on plain paper out.
    Blocks,
    /// The same in a picture that was sharpened, which parts blurred modules.
    SharpBlocks,
    /// The level of the blocks around that have an edge: tells large and pale modules from their ground, and light
    /// ones from a dark ground as well.
    Levels,
}

/// A picture of dark (1) and light (0) pixels.
#[derive(Debug, Clone)]
pub(super) struct Binary {
    pub(super) width: usize,
    pub(super) height: usize,
    dark: Vec<u8>,
}

impl Binary {
    pub(super) fn of(frame: &LumaFrame, threshold: Threshold, allowance: &Allowance) -> Option<Self> {
        let side = frame.width().min(frame.height()) as usize;
        match threshold {
            Threshold::Around => Self::adaptive(frame, (side / 40).max(3), allowance),
            Threshold::Blocks => Self::blocks(frame, allowance),
            Threshold::Levels => Self::levels(frame, allowance),
            Threshold::SharpBlocks => {
                allowance.spend(frame.luma().len() as u64)?;
                Self::blocks(&frame.sharpened((side / 180).max(2)), allowance)
            }
        }
    }

    /// Compares every pixel with the mean of the square of `2 * radius + 1` pixels around it.
    ///
    /// The sums of the columns of the square are carried from row to row and their prefix sums along the row,
    /// so the cost does not depend on the radius.
    fn adaptive(frame: &LumaFrame, radius: usize, allowance: &Allowance) -> Option<Self> {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let luma = frame.luma();
        let mut dark = vec![0; luma.len()];
        let mut columns = vec![0_u32; width];
        let mut prefix = vec![0_u32; width + 1];
        let mut rows = 0..0;
        for y in 0..height {
            allowance.spend(width as u64 / 2)?;
            while rows.end < (y + radius + 1).min(height) {
                for (sum, &pixel) in columns.iter_mut().zip(&luma[rows.end * width..]) {
                    *sum += u32::from(pixel);
                }
                rows.end += 1;
            }
            while rows.start < y.saturating_sub(radius) {
                for (sum, &pixel) in columns.iter_mut().zip(&luma[rows.start * width..]) {
                    *sum -= u32::from(pixel);
                }
                rows.start += 1;
            }
            let mut sum = 0_u32;
            for (prefix, &column) in prefix[1..].iter_mut().zip(&columns) {
                sum += column;
                *prefix = sum;
            }
            let row = PixelRow {
                luma: &luma[y * width..][..width],
                prefix: &prefix,
                rows: rows.len() as u32,
                radius,
            };
            row.compare(&mut dark[y * width..][..width]);
        }
        Some(Self { width, height, dark })
    }

    /// Compares every pixel with the mean of the blocks around its own.
    fn blocks(frame: &LumaFrame, allowance: &Allowance) -> Option<Self> {
        allowance.spend(frame.luma().len() as u64 / 2)?;
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let means = block_means(frame, columns, rows);
        let mut dark = vec![0; width * height];
        let around = |at: usize, count: usize| {
            let middle = at.max(2).min(count.saturating_sub(3));
            middle.saturating_sub(2)..(middle + 3).min(count)
        };
        for (at, _) in means.iter().enumerate() {
            let (x, y) = (at % columns, at / columns);
            let near = around(y, rows).flat_map(|y| around(x, columns).map(move |x| y * columns + x));
            let (sum, count) = near.fold((0, 0), |(sum, count), near| (sum + means[near], count + 1));
            let threshold = sum / count;
            for row in y * BLOCK..((y + 1) * BLOCK).min(height) {
                let line = row * width + x * BLOCK..row * width + ((x + 1) * BLOCK).min(width);
                for (dark, &luma) in dark[line.clone()].iter_mut().zip(&frame.luma()[line]) {
                    *dark = u8::from(u32::from(luma) <= threshold);
                }
            }
        }
        Some(Self { width, height, dark })
    }

    /// Compares every pixel with the level of its block.
    fn levels(frame: &LumaFrame, allowance: &Allowance) -> Option<Self> {
        allowance.spend(frame.luma().len() as u64 / 2)?;
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let levels = Levels::of(frame);
        let mut dark = vec![0; width * height];
        let rows = dark.chunks_exact_mut(width).zip(frame.luma().chunks_exact(width));
        for (y, (dark, luma)) in rows.enumerate() {
            let blocks = dark.chunks_mut(levels::BLOCK).zip(luma.chunks(levels::BLOCK));
            for ((dark, luma), level) in blocks.zip(levels.row(y / levels::BLOCK)) {
                for (dark, &luma) in dark.iter_mut().zip(luma) {
                    *dark = u8::from(luma < level);
                }
            }
        }
        Some(Self { width, height, dark })
    }

    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.dark[y * self.width..][..self.width]
    }

    /// Whether the pixel is dark; `None` outside the picture.
    pub(super) fn dark(&self, x: f32, y: f32) -> Option<bool> {
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (x, y) = (x as usize, y as usize);
        (x < self.width && y < self.height).then(|| self.dark[y * self.width + x] == 1)
    }
}

/// One row with the prefix sums of the columns around it.
struct PixelRow<'a> {
    luma: &'a [u8],
    prefix: &'a [u32],
    rows: u32,
    radius: usize,
}

impl PixelRow<'_> {
    /// A row has up to 16,384 pixels and a square up to 1,000 rows: sums stay under 2³², products need 64
    /// bits.
    fn compare(&self, dark: &mut [u8]) {
        let width = self.luma.len();
        let verdict = |x: usize, start: usize, end: usize| {
            let sum = u64::from(self.prefix[end] - self.prefix[start]);
            let pixels = (end - start) as u64 * u64::from(self.rows);
            u8::from(u64::from(self.luma[x]) * pixels * 100 < sum * u64::from(DARK_BELOW_PERCENT))
        };
        let inner = self.radius.min(width)..width.saturating_sub(self.radius + 1).max(self.radius.min(width));
        for x in (0..inner.start).chain(inner.end..width) {
            dark[x] = verdict(x, x.saturating_sub(self.radius), (x + self.radius + 1).min(width));
        }
        let pixels = (2 * self.radius + 1) as f32 * self.rows as f32;
        let factor = pixels * 100.0 / DARK_BELOW_PERCENT as f32;
        if inner.is_empty() {
            return;
        }
        let ends = &self.prefix[inner.start + self.radius + 1..];
        let starts = &self.prefix[inner.start - self.radius..];
        let sums = ends.iter().zip(starts).map(|(end, start)| end - start);
        let pixels = dark[inner.clone()].iter_mut().zip(&self.luma[inner]);
        for ((dark, &luma), sum) in pixels.zip(sums) {
            *dark = u8::from(f32::from(luma) * factor < sum as f32);
        }
    }
}

/// The brightness that parts dark from light in each block. In a block of one colour that is half of its
/// darkest pixel, so that it counts as light; but when the blocks before it were brighter, it is a dark one
/// among them and takes over their mean.
fn block_means(frame: &LumaFrame, columns: usize, rows: usize) -> Vec<u32> {
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
