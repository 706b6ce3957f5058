//! Finds QR codes in a frame: frame in, codes out; leaves out where frames come from and what a code means.

mod frame;
mod metered;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rqrr::{BitGrid, Grid, PreparedImage};

use metered::Metered;

pub use frame::{FrameError, LumaFrame, MAX_FRAME_PIXELS, MAX_FRAME_SIDE};

/// Shortest side a frame may be halved to, in pixels: below it the modules of a ticket held at arm's length
/// get too small to be told apart.
const SHORTEST_HALVED_SIDE: u32 = 480;

/// Steps the decoder may take on any picture, however small: three times what the most crowded small picture took.
const STEPS_FOR_ANY: u64 = 10_000_000;

/// Steps it may take on top for each pixel: twice what large pictures took. On noise it would take thousands.
const STEPS_FOR_A_PIXEL: u64 = 20;

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
    let looks = looks(frame);
    let light_on_dark = looks.iter().map(Look::inverted);
    looks
        .iter()
        .cloned()
        .chain(light_on_dark)
        .map(|look| {
            let steps = look.steps();
            look.read(steps)
        })
        .find(|codes| !codes.is_empty())
        .unwrap_or_default()
}

/// One way to look at the frame; a pixel of it is `factor` pixels of the original wide.
#[derive(Clone)]
struct Look {
    factor: i32,
    frame: LumaFrame,
}

/// The frame and its halvings, the smallest first.
fn looks(frame: &LumaFrame) -> Vec<Look> {
    let mut looks = vec![Look {
        factor: 1,
        frame: frame.clone(),
    }];
    while let Some(last) = looks.last()
        && let Some(half) = last.frame.halved(SHORTEST_HALVED_SIDE)
    {
        let factor = last.factor * 2;
        looks.push(Look { factor, frame: half });
    }
    looks.reverse();
    looks
}

impl Look {
    fn inverted(&self) -> Self {
        Self {
            frame: self.frame.inverted(),
            ..*self
        }
    }

    /// How much work this look is worth.
    fn steps(&self) -> u64 {
        STEPS_FOR_ANY + STEPS_FOR_A_PIXEL * self.frame.luma().len() as u64
    }

    /// Runs the decoder. Its assertions can fail on odd frames, and on noise its steps run out: what it read
    /// until then counts.
    fn read(self, steps: u64) -> Vec<Code> {
        let mut codes = Vec::new();
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut prepared = PreparedImage::prepare(Metered::new(self.frame, steps));
            for grid in prepared.detect_grids() {
                if let Some(code) = decoded(&grid, self.factor)
                    && !codes.contains(&code)
                {
                    codes.push(code);
                }
            }
        }));
        if run.is_err() {
            tracing::debug!("the decoder gave up on a frame");
        }
        codes
    }
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
