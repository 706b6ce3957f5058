//! From the darkness of modules to the bytes of a code; leaves out how the modules were found.
//!
//! The format is the one of 32 that fits its modules best, in the picture as it is or mirrored. Each block of
//! codewords is corrected, first as it is, then with more and more of its unsure codewords erased.

use super::Allowance;
use super::content::Content;
use super::reed_solomon::Received;
use super::samples::Modules;
use super::symbol::{Block, FORMAT_BITS, Format, Symbol, blocks};

/// Formats that are tried, mirrored ones among them: the right one is first unless its modules are covered.
const FORMATS_TRIED: usize = 3;

/// Checks of a block that must be left over when codewords were erased: without them erasing would make any
/// noise a text.
const CHECKS_TO_SPARE: usize = 4;

/// Modules along a side of a square of one colour from which on it is no data but a glare, a sticker or a
/// finger: masks leave such a square in one code of a thousand.
const UNIFORM_SIDE: u8 = 4;

/// What correcting one block once is worth.
const STEPS_A_CORRECTION: u64 = 1_000;

/// Reads the modules; `None` when they are no code or too many are wrong.
pub(super) fn decode(modules: &Modules, symbol: &Symbol, allowance: &Allowance) -> Option<Content> {
    allowance.spend(4 * modules.darkness.len() as u64)?;
    let mirrored = modules.mirrored();
    let mut formats: Vec<(f32, Format, &Modules)> = [modules, &mirrored]
        .into_iter()
        .flat_map(|seen| Format::all().map(move |format| (agreement(seen, format), format, seen)))
        .collect();
    formats.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let order = symbol.data_order();
    formats
        .into_iter()
        .take(FORMATS_TRIED)
        .find_map(|(_, format, seen)| {
            let words = Words::of(seen, format, &order);
            let data = words.corrected(symbol, format, allowance)?;
            // An empty code is what noise corrects to.
            Content::of(&data, symbol.version).filter(|content| !content.bytes.is_empty())
        })
}

/// How well the modules of the format say this one.
fn agreement(modules: &Modules, format: Format) -> f32 {
    let word = format.word();
    let says = |bit: usize| if word >> bit & 1 == 1 { 1.0 } else { -1.0 };
    let seen = |(x, y): (usize, usize)| modules.at(x, y).clamp(-1.5, 1.5);
    (0..FORMAT_BITS)
        .map(|bit| says(bit) * Format::positions(bit, modules.side).map(seen).iter().sum::<f32>())
        .sum()
}

/// The codewords as they were seen, with how sure each is.
struct Words {
    bytes: Vec<u8>,
    sureness: Vec<f32>,
}

impl Words {
    fn of(modules: &Modules, format: Format, order: &[usize]) -> Self {
        let trust = trust(modules);
        let (mut bytes, mut sureness) = (Vec::new(), Vec::new());
        for word in order.chunks_exact(8) {
            let bit = |at: usize| {
                (modules.darkness[at] > 0.0) != format.masks(at % modules.side, at / modules.side)
            };
            bytes.push(word.iter().fold(0, |byte, &at| byte << 1 | u8::from(bit(at))));
            let sure = |at: usize| modules.darkness[at].abs() * trust[at];
            sureness.push(word.iter().map(|&at| sure(at)).fold(f32::MAX, f32::min));
        }
        Self { bytes, sureness }
    }

    /// The data codewords, block by block, when every block can be corrected.
    fn corrected(&self, symbol: &Symbol, format: Format, allowance: &Allowance) -> Option<Vec<u8>> {
        let mut data = Vec::with_capacity(self.bytes.len());
        for block in blocks(symbol.version, format.level(), self.bytes.len()) {
            let bytes = self.corrected_block(&block, allowance)?;
            data.extend_from_slice(&bytes[..bytes.len() - block.checks]);
        }
        Some(data)
    }

    fn corrected_block(&self, block: &Block, allowance: &Allowance) -> Option<Vec<u8>> {
        let bytes = block.codewords.iter().map(|&at| self.bytes[at]).collect();
        let received = Received::new(bytes, block.checks);
        let sureness = |at: usize| self.sureness[block.codewords[at]];
        let mut unsure: Vec<usize> = (0..block.codewords.len()).collect();
        unsure.sort_by(|&a, &b| sureness(a).total_cmp(&sureness(b)));
        let most_erased = block.checks.saturating_sub(CHECKS_TO_SPARE);
        (0..=most_erased).step_by(2).find_map(|erased| {
            allowance.spend(STEPS_A_CORRECTION)?;
            let (bytes, wrong) = received.corrected(&unsure[..erased])?;
            let spared = erased == 0 || 2 * wrong + erased + CHECKS_TO_SPARE <= block.checks;
            spared.then_some(bytes)
        })
    }
}

/// How far each module is to be trusted: one in a square too large for data shows something that lies over
/// the code.
pub(super) fn trust(modules: &Modules) -> Vec<f32> {
    let trust = |square| match square {
        0 => 1.0,
        UNIFORM_SIDE => 0.25,
        _ => 0.02,
    };
    uniform_squares(modules).into_iter().map(trust).collect()
}

/// The part of the modules that lies in light squares too large for data.
pub(super) fn light_part(modules: &Modules) -> f32 {
    let uniform = uniform_squares(modules);
    let light = uniform.iter().zip(&modules.darkness);
    let light = light.filter(|(square, darkness)| **square > UNIFORM_SIDE && **darkness < 0.0);
    light.count() as f32 / uniform.len() as f32
}

/// For each module the side of the largest square of one colour it is in, 0 when under [`UNIFORM_SIDE`].
fn uniform_squares(modules: &Modules) -> Vec<u8> {
    let side = modules.side;
    let dark = |at: usize| modules.darkness[at] > 0.0;
    // The largest square of one colour that ends at each module.
    let mut ending = vec![1_u8; side * side];
    let mut uniform = vec![0; side * side];
    for at in (0..side * side).filter(|at| at % side > 0 && at / side > 0) {
        let before = [at - 1, at - side, at - side - 1];
        if before.iter().all(|&other| dark(other) == dark(at)) {
            ending[at] = 1 + before
                .map(|other| ending[other])
                .into_iter()
                .fold(u8::MAX - 1, u8::min);
        }
        let square = ending[at];
        if square >= UNIFORM_SIDE {
            for row in 0..usize::from(square) {
                let end = at - row * side + 1;
                for cell in &mut uniform[end - usize::from(square)..end] {
                    *cell = square.max(*cell);
                }
            }
        }
    }
    uniform
}
