//! The frame in the sizes it is looked at; leaves out in which order.

use std::ops::RangeInclusive;

use super::levels;
use super::{Allowance, LumaFrame};

/// A frame is halved once unless its shorter side would get under this many pixels: a code would have none
/// left.
const SHORTEST_HALVED_SIDE: u32 = 64;

/// It is halved again as long as its shorter side keeps this many pixels: enough for a ticket that fills a
/// third of it.
const SHORTEST_QUARTERED_SIDE: u32 = 320;

/// Most pixels of a frame that is doubled: small codes in larger frames have pixels enough.
const MAX_DOUBLED_PIXELS: usize = 2_100_000;

/// Grey levels that noise makes of the plainest blocks where evening it out shows codes that are lost in it. With less they are
/// seen without, and what makes more is a pattern.
const MUCH_NOISE: RangeInclusive<u8> = 40..=140;

/// A frame and its halvings.
pub(super) struct Sizes<'a> {
    full: &'a LumaFrame,
    /// From the frame's half downwards.
    halved: Vec<LumaFrame>,
}

/// One size of a frame; a pixel of it is `factor` pixels of the frame wide.
#[derive(Clone, Copy)]
pub(super) struct Sized<'a> {
    pub(super) frame: &'a LumaFrame,
    pub(super) factor: f32,
}

impl<'a> Sizes<'a> {
    pub(super) fn of(full: &'a LumaFrame, allowance: &Allowance) -> Option<Self> {
        let mut halved: Vec<LumaFrame> = Vec::new();
        loop {
            let last = halved.last().unwrap_or(full);
            let shortest = if halved.is_empty() {
                SHORTEST_HALVED_SIDE
            } else {
                SHORTEST_QUARTERED_SIDE
            };
            allowance.spend(last.luma().len() as u64 / 8)?;
            let Some(next) = last.halved(shortest) else { break };
            halved.push(next);
        }
        Some(Self { full, halved })
    }

    /// The frame in its own size.
    pub(super) fn full(&self) -> &'a LumaFrame {
        self.full
    }

    /// Whether even the plainest parts of the frame are full of noise.
    pub(super) fn are_noisy(&self) -> bool {
        MUCH_NOISE.contains(&levels::noise(self.full))
    }

    /// The size that is `up` doublings above the smallest, as far as the frame's own.
    pub(super) fn above_smallest(&self, up: usize) -> Option<Sized<'_>> {
        let halvings = self.halved.len().checked_sub(up)?;
        let frame = if halvings == 0 {
            self.full
        } else {
            &self.halved[halvings - 1]
        };
        Some(Sized {
            frame,
            factor: (1_u32 << halvings) as f32,
        })
    }

    /// The frame in twice its size, when it is small enough to gain by it.
    pub(super) fn doubled(&self, allowance: &Allowance) -> Option<LumaFrame> {
        (self.full.luma().len() <= MAX_DOUBLED_PIXELS)
            .then(|| self.full.doubled(allowance))
            .flatten()
    }
}
