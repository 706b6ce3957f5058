//! Codes that people read out and type: digits of Crockford's base 32 and his check symbol behind them; what a code is for is said where its
//! number of digits is.
//!
//! **Source**: Douglas Crockford, "Base 32".

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use bincode::{Decode, Encode};
use thiserror::Error;

/// A code of so many digits and a check symbol.
///
/// **Shape**: 5 bits a digit; the check symbol follows from them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct CheckedCode<const CODE_DIGITS: u32>(u64);

impl<const CODE_DIGITS: u32> CheckedCode<CODE_DIGITS> {
    /// Draws a code from random bits.
    pub fn draw_from(random: u64) -> Self {
        Self(draw_from(random, CODE_DIGITS))
    }

    /// Returns the code for a stored number, if it is one of a code.
    pub fn of_value(value: u64) -> Option<Self> {
        is_value(value, CODE_DIGITS).then_some(Self(value))
    }

    /// Returns the numbers of the codes that begin with these characters; `None` if no code does.
    pub fn values_beginning(text: &str) -> Option<Range<u64>> {
        values_beginning(text, CODE_DIGITS)
    }

    /// Returns the number to store.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Returns the code behind this one, for when this one is taken.
    pub fn next(self) -> Self {
        Self(next(self.0, CODE_DIGITS))
    }
}

impl<const CODE_DIGITS: u32> fmt::Display for CheckedCode<CODE_DIGITS> {
    /// Writes two groups, of which the second has four characters, as it is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write(self.0, CODE_DIGITS))
    }
}

// Whoever may ask gets what the code is of, so that it stays out of logs.
impl<const CODE_DIGITS: u32> fmt::Debug for CheckedCode<CODE_DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckedCode(..)")
    }
}

impl<const CODE_DIGITS: u32> FromStr for CheckedCode<CODE_DIGITS> {
    type Err = Mistyped;

    /// Reads a code as people type it: in any case, with blanks and hyphens anywhere, with O for 0 and I or L for 1.
    fn from_str(text: &str) -> Result<Self, Mistyped> {
        read(text, CODE_DIGITS).map(Self)
    }
}

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Mistyped {
    /// It has more or fewer characters.
    #[error("such a code has {wanted} characters, this has {chars}")]
    Length {
        /// How many it has, blanks and hyphens left out.
        chars: usize,
        /// How many a code of its kind has, its check symbol included.
        wanted: usize,
    },
    /// A character that no code has.
    #[error("such a code has digits and letters, and no {0:?} there")]
    Character(char),
    /// The check symbol is another one: at least one character is wrong, or two have changed places.
    #[error("one character is wrong")]
    Check,
}

/// The digits of Crockford's base 32, and behind them the symbols that only a check symbol can be.
const SYMBOLS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const DIGITS: u64 = 32;
const CHECKS: u64 = 37;
/// The check symbols `*~$=` are on few keyboards and hard to read out: codes that would end in one are never drawn.
const UNSAID: Range<u64> = 32..36;
/// How many check symbols are left.
const SAID: u64 = CHECKS - (UNSAID.end - UNSAID.start);

/// Returns how many times the values of so many digits hold all check symbols.
const fn rounds(digits: u32) -> u64 {
    (1 << (5 * digits)) / CHECKS
}

/// Draws the value of a code of so many digits from random bits.
fn draw_from(random: u64, digits: u32) -> u64 {
    let at = random % (rounds(digits) * SAID);
    let check = at % SAID;
    let check = if check < UNSAID.start { check } else { UNSAID.end };
    at / SAID * CHECKS + check
}

/// Tells whether a number is the value of a code of so many digits.
fn is_value(value: u64, digits: u32) -> bool {
    value / CHECKS < rounds(digits) && !UNSAID.contains(&(value % CHECKS))
}

/// Returns the value behind this one, the first one behind the last.
fn next(value: u64, digits: u32) -> u64 {
    let mut value = value;
    loop {
        value = (value + 1) % (rounds(digits) * CHECKS);
        if is_value(value, digits) {
            return value;
        }
    }
}

/// Writes a code of so many digits in two groups, of which the second has four characters.
fn write(value: u64, digits: u32) -> String {
    let mut text = String::new();
    for place in (0..digits).rev() {
        text.push(symbol((value >> (5 * place)) % DIGITS));
        if place == 3 {
            text.push('-');
        }
    }
    text.push(symbol(value % CHECKS));
    text
}

/// Returns the value of a code of so many digits as people type it: in any case, with blanks and hyphens anywhere, with O for 0 and I or L for 1.
fn read(text: &str, digits: u32) -> Result<u64, Mistyped> {
    let (chars, wanted) = (typed(text).count(), digits as usize + 1);
    if chars != wanted {
        return Err(Mistyped::Length { chars, wanted });
    }
    let mut value = 0;
    for (place, typed) in typed(text).enumerate() {
        let at = place_of(typed).ok_or(Mistyped::Character(typed))?;
        if place < digits as usize {
            if at >= DIGITS {
                return Err(Mistyped::Character(typed));
            }
            value = value << 5 | at;
        } else if value % CHECKS != at {
            return Err(Mistyped::Check);
        }
    }
    if is_value(value, digits) {
        Ok(value)
    } else {
        Err(Mistyped::Check)
    }
}

/// Returns the values of codes of so many digits that begin with these characters; `None` if no code begins so, or they are more than its digits.
fn values_beginning(text: &str, digits: u32) -> Option<Range<u64>> {
    let mut value = 0;
    let mut places = 0;
    for typed in typed(text) {
        let at = place_of(typed).filter(|at| *at < DIGITS)?;
        value = value << 5 | at;
        places += 1;
        if places > digits {
            return None;
        }
    }
    let left = 5 * (digits - places);
    Some(value << left..(value + 1) << left)
}

fn typed(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|typed| !typed.is_whitespace() && *typed != '-')
}

fn symbol(at: u64) -> char {
    let at = usize::try_from(at).unwrap_or_default();
    char::from(SYMBOLS[at])
}

fn place_of(typed: char) -> Option<u64> {
    let symbol = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        symbol => symbol,
    };
    let at = SYMBOLS.iter().position(|known| char::from(*known) == symbol)?;
    u64::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_digits_stand_for_the_codes_that_begin_with_them() {
        let code = draw_from(0x1234_5678_9abc_def0, 6);
        let text = write(code, 6);
        for count in 0..=6 {
            let first: String = text.replace('-', "").chars().take(count).collect();
            let values = values_beginning(&first.to_lowercase(), 6).unwrap();
            assert!(values.contains(&code), "{first}");
            assert_eq!(values.end - values.start, 1 << (5 * (6 - count)));
        }
        assert_eq!(values_beginning("0000000", 6), None);
        assert_eq!(values_beginning("a@b", 6), None);
        assert_eq!(values_beginning("U", 6), None);
    }
}
