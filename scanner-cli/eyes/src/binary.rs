//! Tells dark from light by comparing each pixel with its surroundings; leaves out what the dark pixels form.

mod block_means;
mod pixel_row;

use super::levels::{self, Levels};
use super::{Allowance, LumaFrame};
use block_means::{BLOCK, block_means};
use pixel_row::PixelRow;

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
