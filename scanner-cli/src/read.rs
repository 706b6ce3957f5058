//! Finds QR codes in a frame: frame in, codes out; leaves out where frames come from and what a code means.

mod frame;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rqrr::{BitGrid, Grid, PreparedImage};

pub use frame::{FrameError, LumaFrame, MAX_FRAME_PIXELS, MAX_FRAME_SIDE};

/// Shortest side a frame may be halved to, in pixels: below it the modules of a ticket held at arm's length
/// get too small to be told apart.
const SHORTEST_HALVED_SIDE: u32 = 480;

/// A point of a frame in pixels from its top left; may lie outside the frame when a code is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corner {
    /// Pixels to the right.
    pub x: i32,
    /// Pixels down.
    pub y: i32,
}

/// What one QR code says, byte for byte, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The bytes as encoded, which need not be text. Never empty.
    pub bytes: Vec<u8>,
    /// Top left, top right, bottom right, bottom left as the code itself is turned.
    pub corners: [Corner; 4],
}

/// Reads the codes of a frame.
///
/// Goes from the cheapest look to the dearest and stops at the first that reads something: dark on light, coarse
/// to fine, then light on dark. Whatever is in the frame, it answers; a frame without a code gives none.
#[must_use]
pub fn read(frame: &LumaFrame) -> Vec<Code> {
    let levels = levels(frame);
    let dark_on_light = levels
        .iter()
        .map(|level| (level.factor, Cow::Borrowed(level.frame.as_ref())));
    let light_on_dark = levels
        .iter()
        .map(|level| (level.factor, Cow::Owned(level.frame.inverted())));
    dark_on_light
        .chain(light_on_dark)
        .map(|(factor, look)| read_once(&look, factor))
        .find(|codes| !codes.is_empty())
        .unwrap_or_default()
}

/// One size of the frame; a pixel of it is `factor` pixels of the original wide.
struct Level<'a> {
    factor: i32,
    frame: Cow<'a, LumaFrame>,
}

/// The frame and its halvings, the smallest first.
fn levels(frame: &LumaFrame) -> Vec<Level<'_>> {
    let mut levels = vec![Level {
        factor: 1,
        frame: Cow::Borrowed(frame),
    }];
    while let Some(last) = levels.last()
        && let Some(half) = last.frame.halved(SHORTEST_HALVED_SIDE)
    {
        let factor = last.factor * 2;
        levels.push(Level {
            factor,
            frame: Cow::Owned(half),
        });
    }
    levels.reverse();
    levels
}

/// Runs the decoder over one picture. Its assertions can fail on odd frames: what it read until then counts.
fn read_once(frame: &LumaFrame, factor: i32) -> Vec<Code> {
    let mut codes = Vec::new();
    let run = catch_unwind(AssertUnwindSafe(|| {
        let width = frame.width() as usize;
        let mut prepared = PreparedImage::prepare_from_greyscale(width, frame.height() as usize, |x, y| {
            frame.luma()[y * width + x]
        });
        for grid in prepared.detect_grids() {
            if let Some(code) = decoded(&grid, factor)
                && !codes.contains(&code)
            {
                codes.push(code);
            }
        }
    }));
    if run.is_err() {
        tracing::debug!(
            width = frame.width(),
            height = frame.height(),
            "the decoder gave up on a frame"
        );
    }
    codes
}

/// Corrects and decodes one grid; an empty code is what noise corrects to, so it does not count.
fn decoded<G: BitGrid>(grid: &Grid<G>, factor: i32) -> Option<Code> {
    let mut bytes = Vec::new();
    grid.decode_to(&mut bytes).ok()?;
    if bytes.is_empty() {
        return None;
    }
    let corners = grid.bounds.map(|point| Corner {
        x: point.x.saturating_mul(factor),
        y: point.y.saturating_mul(factor),
    });
    Some(Code { bytes, corners })
}

#[cfg(test)]
mod tests;
