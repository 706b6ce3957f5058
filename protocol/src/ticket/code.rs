//! The ticket code: eight characters printed on a ticket beside its QR code, for people to read out and to type; finding its ticket is the cloud's.

use std::fmt;
use std::str::FromStr;

use bincode::{Decode, Encode};
use thiserror::Error;

/// How many characters a ticket code has, its check symbol included.
pub const TICKET_CODE_CHARS: usize = 8;

/// The digits of Crockford's base 32, and behind them the symbols that only a check symbol can be.
///
/// **Source**: Douglas Crockford, "Base 32".
const SYMBOLS: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const DIGITS: u64 = 32;
const CHECKS: u64 = 37;
/// The check symbols `*~$=` are on few keyboards and hard to read out: codes that would end in one are never drawn.
const UNSAID: std::ops::Range<u64> = 32..36;
/// How many check symbols are left.
const SAID: u64 = CHECKS - (UNSAID.end - UNSAID.start);
/// How many times a value can hold all check symbols: seven digits hold 35 bits.
const ROUNDS: u64 = (1 << 35) / CHECKS;

/// A ticket code.
///
/// **Shape**: seven digits of Crockford's base 32 and his check symbol, 35 bits in all. It is drawn at random, says nothing of
/// the ticket, and opens nothing by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct TicketCode(u64);

/// Why a text is no ticket code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Mistyped {
    /// It has more or fewer characters.
    #[error("a ticket code has {TICKET_CODE_CHARS} characters, this has {chars}")]
    Length {
        /// How many it has, blanks and hyphens left out.
        chars: usize,
    },
    /// A character that no ticket code has.
    #[error("a ticket code has digits and letters, and no {0:?} there")]
    Character(char),
    /// The check symbol is another one: at least one character is wrong, or two have changed places.
    #[error("one character is wrong")]
    Check,
}

impl TicketCode {
    /// Draws a code from random bits.
    pub fn draw_from(random: u64) -> Self {
        let at = random % (ROUNDS * SAID);
        let check = at % SAID;
        let check = if check < UNSAID.start { check } else { UNSAID.end };
        Self(at / SAID * CHECKS + check)
    }

    /// Returns the code for a stored number, if it is one of a code.
    pub fn of_value(value: u64) -> Option<Self> {
        let is_said = !UNSAID.contains(&(value % CHECKS));
        (value / CHECKS < ROUNDS && is_said).then_some(Self(value))
    }

    /// Returns the number to store.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Returns the code behind this one, for when this one is taken.
    pub fn next(self) -> Self {
        let mut value = self.0;
        loop {
            value = (value + 1) % (ROUNDS * CHECKS);
            if let Some(code) = Self::of_value(value) {
                return code;
            }
        }
    }

    fn symbol(at: u64) -> char {
        let at = usize::try_from(at % CHECKS).unwrap_or_default();
        char::from(SYMBOLS[at])
    }
}

impl fmt::Display for TicketCode {
    /// Writes two groups of four, as it is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..7).rev() {
            let digit = (self.0 >> (5 * place)) % DIGITS;
            write!(f, "{}", Self::symbol(digit))?;
            if place == 3 {
                f.write_str("-")?;
            }
        }
        write!(f, "{}", Self::symbol(self.0))
    }
}

// Whoever may ask gets the ticket for it, so that it stays out of logs.
impl fmt::Debug for TicketCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketCode(..)")
    }
}

impl FromStr for TicketCode {
    type Err = Mistyped;

    /// Reads a code as people type it: in any case, with blanks and hyphens anywhere, with O for 0 and I or L for 1.
    fn from_str(text: &str) -> Result<Self, Mistyped> {
        let typed = text
            .chars()
            .filter(|typed| !typed.is_whitespace() && *typed != '-');
        let chars = typed.clone().count();
        if chars != TICKET_CODE_CHARS {
            return Err(Mistyped::Length { chars });
        }
        let mut value = 0;
        for (place, typed) in typed.enumerate() {
            let at = place_of(typed).ok_or(Mistyped::Character(typed))?;
            if place < TICKET_CODE_CHARS - 1 {
                if at >= DIGITS {
                    return Err(Mistyped::Character(typed));
                }
                value = value << 5 | at;
            } else if value % CHECKS != at {
                return Err(Mistyped::Check);
            }
        }
        Self::of_value(value).ok_or(Mistyped::Check)
    }
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

    #[track_caller]
    fn check(text: &str, expected: Result<&str, Mistyped>) {
        let read = text.parse::<TicketCode>().map(|code| code.to_string());
        assert_eq!(read, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        // 0 * 32^6 + ... + 1 is 1, and its check symbol 1.
        check("00000011", Ok("0000-0011"));
        check("oooo-ooil", Ok("0000-0011"));
        check("  0000 0011 ", Ok("0000-0011"));
        // 32^5 + 36 leaves 36 beyond a multiple of 37 less what 32^5 leaves.
        let code = TicketCode::of_value(36).unwrap().to_string();
        assert_eq!(code, "0000-014U");
        check("0000014u", Ok("0000-014U"));
    }

    #[test]
    fn what_is_mistyped_is_said() {
        check("0000-001", Err(Mistyped::Length { chars: 7 }));
        check("", Err(Mistyped::Length { chars: 0 }));
        check("0000001!", Err(Mistyped::Character('!')));
        check("u0000000", Err(Mistyped::Character('u')));
        check("*0000000", Err(Mistyped::Character('*')));
        check("00000012", Err(Mistyped::Check));
        // The right check symbol of 32, but no such code is drawn.
        check("0000010*", Err(Mistyped::Check));
        check("\u{1f39f}0000000", Err(Mistyped::Character('\u{1f39f}')));
    }

    #[test]
    fn one_wrong_character_and_two_that_changed_places_are_seen() {
        let letters: Vec<char> = SYMBOLS[..32].iter().map(|&symbol| char::from(symbol)).collect();
        for random in [0, 1, 0x1234_5678_9abc_def0, u64::MAX, 99_999_999_999] {
            let typed: Vec<char> = TicketCode::draw_from(random)
                .to_string()
                .replace('-', "")
                .chars()
                .collect();
            for place in 0..TICKET_CODE_CHARS {
                for &other in letters.iter().filter(|&&other| other != typed[place]) {
                    let mut wrong = typed.clone();
                    wrong[place] = other;
                    let wrong: String = wrong.iter().collect();
                    assert!(wrong.parse::<TicketCode>().is_err(), "{wrong}");
                }
                let mut swapped = typed.clone();
                swapped.swap(place, (place + 1) % TICKET_CODE_CHARS);
                if swapped != typed && place + 1 < TICKET_CODE_CHARS {
                    let swapped: String = swapped.iter().collect();
                    assert!(swapped.parse::<TicketCode>().is_err(), "{swapped}");
                }
            }
        }
    }

    #[test]
    fn every_code_that_is_drawn_can_be_said_and_stored() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..10_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let code = TicketCode::draw_from(random);
            assert!(!code.to_string().contains(['*', '~', '$', '=']));
            assert_eq!(TicketCode::of_value(code.value()), Some(code));
            assert_eq!(code.to_string().parse(), Ok(code));
            assert_eq!(code.next().to_string().parse(), Ok(code.next()));
            assert_ne!(code.next(), code);
        }
        let last = TicketCode::of_value(ROUNDS * CHECKS - 1).unwrap();
        assert_eq!(last.next(), TicketCode(0));
        assert_eq!(TicketCode::of_value(ROUNDS * CHECKS), None);
        assert_eq!(format!("{last:?}"), "TicketCode(..)");
    }
}
