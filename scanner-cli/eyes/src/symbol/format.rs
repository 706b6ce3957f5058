//! The format of a code: how much it corrects and which mask lies over its data.

use super::blocks::Level;

/// Bits of the format, each written twice.
pub(in super::super) const FORMAT_BITS: usize = 15;

/// Error correction level and mask, five bits that are written with ten check bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Format(u8);

impl Format {
    /// Every format there is.
    pub(in super::super) fn all() -> impl Iterator<Item = Self> {
        (0..32).map(Self)
    }

    /// The 15 bits as they are written, the lowest first placed.
    pub(in super::super) fn word(self) -> u16 {
        let data = u16::from(self.0);
        let check = (0..10).fold(data, |rest, _| (rest << 1) ^ ((rest >> 9) * 0x537));
        (data << 10 | check) ^ 0x5412
    }

    pub(in super::super) fn level(self) -> Level {
        match self.0 >> 3 {
            0 => Level::Medium,
            1 => Level::Low,
            2 => Level::High,
            _ => Level::Quartile,
        }
    }

    /// Whether the mask turns the module at this position.
    pub(in super::super) fn masks(self, x: usize, y: usize) -> bool {
        match self.0 & 7 {
            0 => (x + y).is_multiple_of(2),
            1 => y.is_multiple_of(2),
            2 => x.is_multiple_of(3),
            3 => (x + y).is_multiple_of(3),
            4 => (x / 3 + y / 2).is_multiple_of(2),
            5 => x * y % 2 + x * y % 3 == 0,
            6 => (x * y % 2 + x * y % 3).is_multiple_of(2),
            _ => ((x + y) % 2 + x * y % 3).is_multiple_of(2),
        }
    }

    /// The two positions of a bit: around the top left finder, and shared between the two others.
    pub(in super::super) fn positions(bit: usize, side: usize) -> [(usize, usize); 2] {
        let corner = match bit {
            0..=5 => (8, bit),
            6 => (8, 7),
            7 => (8, 8),
            8 => (7, 8),
            _ => (14 - bit, 8),
        };
        let shared = if bit < 8 {
            (side - 1 - bit, 8)
        } else {
            (8, side + bit - FORMAT_BITS)
        };
        [corner, shared]
    }
}
