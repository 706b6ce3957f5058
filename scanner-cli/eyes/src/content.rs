//! Takes the data of a code apart into what it says; leaves out how the data were read and corrected.
//!
//! The data are segments: digits, letters, bytes or kanji, each with its mode and how many there are. Between them may
//! stand the number of a character set (an ECI, extended channel interpretation), which holds for what follows.
//! **Source**: ISO/IEC 18004, 7.4.

use super::symbol::Version;

/// The letters of the alphanumeric mode.
const LETTERS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Bits of a mode.
const MODE_BITS: usize = 4;

/// In which character set a code says that its bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// The code does not say.
    #[default]
    Unsaid,
    /// One, by its ECI number: 3 is Latin-1, 26 is UTF-8.
    Eci(u32),
    /// Several, one after another.
    Several,
}

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) charset: Charset,
}

impl Content {
    /// Reads the data codewords of a code; `None` when they break off, or hold what no code does.
    pub(super) fn of(data: &[u8], version: Version) -> Option<Self> {
        let mut bits = Bits { data, at: 0 };
        let mut content = Self::default();
        let lengths = Lengths::of(version);
        while bits.left() >= MODE_BITS {
            match bits.take(MODE_BITS)? {
                0 => break,
                1 => content.add_digits(&mut bits, lengths.digits)?,
                2 => content.add_letters(&mut bits, lengths.letters)?,
                // One of several codes that belong together: which, and a parity of them all.
                3 => _ = bits.take(16)?,
                4 => content.add_bytes(&mut bits, lengths.bytes)?,
                // The data are in a form of GS1, or in that of the industry with this number.
                5 => {}
                9 => _ = bits.take(8)?,
                7 => content.add_charset(bits.eci()?),
                8 => content.add_kanji(&mut bits, lengths.kanji)?,
                _ => return None,
            }
        }
        Some(content)
    }

    fn add_digits(&mut self, bits: &mut Bits, length_bits: usize) -> Option<()> {
        let mut left = bits.take(length_bits)?;
        while left > 0 {
            let digits = left.min(3);
            let (number, limit) = match digits {
                3 => (bits.take(10)?, 1_000),
                2 => (bits.take(7)?, 100),
                _ => (bits.take(4)?, 10),
            };
            if number >= limit {
                return None;
            }
            let text = format!("{number:0width$}", width = digits as usize);
            self.bytes.extend_from_slice(text.as_bytes());
            left -= digits;
        }
        Some(())
    }

    fn add_letters(&mut self, bits: &mut Bits, length_bits: usize) -> Option<()> {
        let letter = |number: u32| LETTERS.get(number as usize).copied();
        let mut left = bits.take(length_bits)?;
        while left > 1 {
            let pair = bits.take(11)?;
            self.bytes.extend([letter(pair / 45)?, letter(pair % 45)?]);
            left -= 2;
        }
        if left == 1 {
            self.bytes.push(letter(bits.take(6)?)?);
        }
        Some(())
    }

    fn add_bytes(&mut self, bits: &mut Bits, length_bits: usize) -> Option<()> {
        for _ in 0..bits.take(length_bits)? {
            self.bytes.push(u8::try_from(bits.take(8)?).ok()?);
        }
        Some(())
    }

    /// Kanji are pairs of bytes of Shift_JIS, packed.
    fn add_kanji(&mut self, bits: &mut Bits, length_bits: usize) -> Option<()> {
        for _ in 0..bits.take(length_bits)? {
            let packed = bits.take(13)?;
            let pair = packed / 0xC0 * 0x100 + packed % 0xC0;
            let pair = pair + if pair < 0x1F00 { 0x8140 } else { 0xC140 };
            self.bytes.extend(u16::try_from(pair).ok()?.to_be_bytes());
        }
        Some(())
    }

    fn add_charset(&mut self, eci: u32) {
        self.charset = match self.charset {
            Charset::Unsaid => Charset::Eci(eci),
            Charset::Eci(said) if said == eci => self.charset,
            Charset::Eci(_) | Charset::Several => Charset::Several,
        };
    }
}

/// Bits that say how long a segment is, by its mode.
struct Lengths {
    digits: usize,
    letters: usize,
    bytes: usize,
    kanji: usize,
}

impl Lengths {
    fn of(version: Version) -> Self {
        let [digits, letters, bytes, kanji] = match version.number() {
            ..10 => [10, 9, 8, 8],
            10..27 => [12, 11, 16, 10],
            _ => [14, 13, 16, 12],
        };
        Self {
            digits,
            letters,
            bytes,
            kanji,
        }
    }
}

/// Bits, the highest of each byte first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.data.len() * 8 - self.at
    }

    /// The next bits as a number, at most 24; `None` when there are not so many.
    fn take(&mut self, count: usize) -> Option<u32> {
        if self.left() < count {
            return None;
        }
        let bits = self.at..self.at + count;
        self.at = bits.end;
        let bit = |at: usize| u32::from(self.data[at / 8] >> (7 - at % 8) & 1);
        Some(bits.fold(0, |number, at| number << 1 | bit(at)))
    }

    /// A number of 7, 14 or 21 bits, after as many ones as it has further bytes.
    fn eci(&mut self) -> Option<u32> {
        let first = self.take(8)?;
        match first >> 5 {
            0..4 => Some(first),
            4 | 5 => Some((first & 0x3F) << 8 | self.take(8)?),
            6 => Some((first & 0x1F) << 16 | self.take(16)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
