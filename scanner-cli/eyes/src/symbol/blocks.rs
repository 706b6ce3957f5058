//! How the codewords of a code are dealt out to blocks that are corrected one by one.

use super::Version;

/// How much a code corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Level {
    /// About 7 % of the codewords.
    Low,
    /// About 15 %.
    Medium,
    /// About 25 %.
    Quartile,
    /// About 30 %.
    High,
}

/// Check codewords of each block and number of blocks for versions 1 to 40.
#[rustfmt::skip]
const LOW: [(u8, u8); 40] = [
    (7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2), (18, 4),
    (20, 4), (24, 4), (26, 4), (30, 4), (22, 6), (24, 6), (28, 6), (30, 6), (28, 7), (28, 8),
    (28, 8), (28, 9), (30, 9), (30, 10), (26, 12), (28, 12), (30, 12), (30, 13), (30, 14), (30, 15),
    (30, 16), (30, 17), (30, 18), (30, 19), (30, 19), (30, 20), (30, 21), (30, 22), (30, 24), (30, 25),
];
#[rustfmt::skip]
const MEDIUM: [(u8, u8); 40] = [
    (10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5),
    (30, 5), (22, 8), (22, 9), (24, 9), (24, 10), (28, 10), (28, 11), (26, 13), (26, 14), (26, 16),
    (26, 17), (28, 17), (28, 18), (28, 20), (28, 21), (28, 23), (28, 25), (28, 26), (28, 28), (28, 29),
    (28, 31), (28, 33), (28, 35), (28, 37), (28, 38), (28, 40), (28, 43), (28, 45), (28, 47), (28, 49),
];
#[rustfmt::skip]
const QUARTILE: [(u8, u8); 40] = [
    (13, 1), (22, 1), (18, 2), (26, 2), (18, 4), (24, 4), (18, 6), (22, 6), (20, 8), (24, 8),
    (28, 8), (26, 10), (24, 12), (20, 16), (30, 12), (24, 17), (28, 16), (28, 18), (26, 21), (30, 20),
    (28, 23), (30, 23), (30, 25), (30, 27), (30, 29), (28, 34), (30, 34), (30, 35), (30, 38), (30, 40),
    (30, 43), (30, 45), (30, 48), (30, 51), (30, 53), (30, 56), (30, 59), (30, 62), (30, 65), (30, 68),
];
#[rustfmt::skip]
const HIGH: [(u8, u8); 40] = [
    (17, 1), (28, 1), (22, 2), (16, 4), (22, 4), (28, 4), (26, 5), (26, 6), (24, 8), (28, 8),
    (24, 11), (28, 11), (22, 16), (24, 16), (24, 18), (30, 16), (28, 19), (28, 21), (26, 25), (28, 25),
    (30, 25), (24, 34), (30, 30), (30, 32), (30, 35), (30, 37), (30, 40), (30, 42), (30, 45), (30, 48),
    (30, 51), (30, 54), (30, 57), (30, 60), (30, 63), (30, 66), (30, 70), (30, 74), (30, 77), (30, 81),
];

/// A block: which codewords of the code are its own, data first, then its check codewords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Block {
    pub(in super::super) codewords: Vec<usize>,
    pub(in super::super) checks: usize,
}

/// Deals `codewords` out: one to each block in turn, the data first, then the checks. Blocks differ by at
/// most one data codeword; the longer ones come last.
pub(in super::super) fn blocks(version: Version, level: Level, codewords: usize) -> Vec<Block> {
    let table = match level {
        Level::Low => &LOW,
        Level::Medium => &MEDIUM,
        Level::Quartile => &QUARTILE,
        Level::High => &HIGH,
    };
    let (checks, count) = table[version.number() - 1];
    let (checks, count) = (usize::from(checks), usize::from(count));
    let short_data = codewords / count - checks;
    let short_blocks = count - codewords % count;
    let mut blocks = vec![
        Block {
            codewords: Vec::with_capacity(short_data + 1 + checks),
            checks
        };
        count
    ];
    let mut codewords = 0..codewords;
    for at in 0..=short_data {
        let first = if at < short_data { 0 } else { short_blocks };
        for block in &mut blocks[first..] {
            block.codewords.extend(codewords.next());
        }
    }
    for _ in 0..checks {
        for block in &mut blocks {
            block.codewords.extend(codewords.next());
        }
    }
    blocks
}
