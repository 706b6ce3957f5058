//! Finds QR codes in a frame: grey frame in, codes out; leaves out where frames come from and what a code means.
//!
//! It is pure and compiles for browsers: no clock, no thread, no file. Whoever wants to stop it early lends it a question
//! ([`Allowance::asking`]), which may look at a clock.
//!
//! Begin with [`QuickReader`], which looks at every frame, and [`DeepReader`], which looks at few.

pub mod advice;
mod allowance;
mod attempts;
mod binary;
mod bits;
mod content;
pub mod debounce;
mod detection;
mod finder;
mod frame;
mod levels;
mod linear;
mod location;
mod mapping;
mod pass;
mod plan;
mod point;
mod reader;
mod reed_solomon;
mod rings;
mod samples;
mod sizes;
mod symbol;
mod third;
mod trio;
mod warp;

use detection::Detection;
use pass::Effort;
use plan::Plan;
use point::Point;

pub use allowance::Allowance;
pub use content::Charset;
pub use frame::{LumaFrame, LumaFrameError, MAX_FRAME_PIXELS, MAX_FRAME_SIDE};
pub use reader::{DeepReader, Findings, FrameReading, Hint, QuickReader, Reader, Region};

/// Steps that [`read`] spends on one frame at most: half a second on a computer of 2020.
pub const STEPS_A_FRAME: u64 = 50_000_000;

/// Steps that looking for other codes beside those that were read takes at most: what is read already must not wait long.
const STEPS_FOR_OTHERS: u64 = 5_000_000;

/// Times that other codes are looked for beside those that were read: a sheet of tickets has a few, and each takes some
/// milliseconds.
const MOST_OTHERS: usize = 4;

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
pub struct QrCode {
    /// The bytes as encoded, which need not be text. Never empty.
    pub bytes: Vec<u8>,
    /// In which character set the code says that they are.
    pub charset: Charset,
    /// Top left, top right, bottom right, bottom left as the code itself is turned.
    pub corners: [Corner; 4],
}

/// Reads the codes of a frame, with everything there is, within [`STEPS_A_FRAME`].
///
/// Goes from the cheapest pass to the dearest and stops at the first that reads something of them; then quickly, in all
/// sizes, for others beside it. Whatever is in the
/// frame, it answers; a frame without a code gives none.
#[must_use]
pub fn read(frame: &LumaFrame) -> Vec<QrCode> {
    read_within(frame, &Allowance::of_steps(STEPS_A_FRAME))
}

/// Reads the codes of a frame, with everything there is, as long as the allowance allows.
#[must_use]
pub fn read_within(frame: &LumaFrame, allowance: &Allowance) -> Vec<QrCode> {
    let Some(mut plan) = Plan::of(frame, allowance) else {
        return Vec::new();
    };
    let is_read = plan.run(Effort::Quick) || plan.run(Effort::Deep);
    let mut detections = plan.detections;
    if is_read {
        add_others(frame, &mut detections, allowance);
    }
    codes(&detections)
}

/// Adds what is read beside the codes that were: where they are, the frame is made plain, so that each further code is looked
/// at as if it were alone.
fn add_others(frame: &LumaFrame, detections: &mut Vec<Detection>, allowance: &Allowance) {
    allowance.lend(STEPS_FOR_OTHERS, |part| look_for_others(frame, detections, part));
}

fn look_for_others(frame: &LumaFrame, detections: &mut Vec<Detection>, allowance: &Allowance) {
    let mut rest = frame.clone();
    let mut known = 0;
    for _ in 0..MOST_OTHERS {
        let read = detections[known..]
            .iter()
            .filter(|detection| detection.content.is_some());
        rest = read.fold(rest, |rest, detection| rest.without(&detection.corners));
        known = detections.len();
        let Some(mut plan) = Plan::of(&rest, allowance) else {
            return;
        };
        let is_read = plan.run_in_all_sizes();
        detections.extend(plan.detections);
        if !is_read {
            return;
        }
    }
}

/// Reads the codes of a frame as fast as a camera takes frames: the passes that every frame is worth and no
/// more.
#[must_use]
pub fn read_quickly(frame: &LumaFrame, allowance: &Allowance) -> Vec<QrCode> {
    let Some(mut plan) = Plan::of(frame, allowance) else {
        return Vec::new();
    };
    plan.run(Effort::Quick);
    codes(&plan.detections)
}

/// The codes among what was seen, each once.
fn codes(detections: &[Detection]) -> Vec<QrCode> {
    let mut codes: Vec<QrCode> = Vec::new();
    for detection in detections {
        let Some(content) = &detection.content else {
            continue;
        };
        let code = QrCode {
            bytes: content.bytes.clone(),
            charset: content.charset,
            corners: detection.corners.map(rounded),
        };
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

fn rounded(point: Point) -> Corner {
    Corner {
        x: point.x.round() as i32,
        y: point.y.round() as i32,
    }
}

#[cfg(test)]
mod tests;
