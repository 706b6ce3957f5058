//! A supervisor's PIN: what it looks like, and how long whoever was wrong about one waits; keeping PINs and comparing them is the hub's.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use bincode::{Decode, Encode};
use thiserror::Error;

/// How many digits a PIN has: a person remembers twelve, and six are found by trying in years.
pub const PIN_DIGITS: RangeInclusive<usize> = 6..=12;
/// How many digits a PIN has that is drawn.
const DRAWN_DIGITS: usize = 6;
/// Wrong PINs after which an asker waits: fingers are cold at a gate.
const FORGIVEN: u32 = 3;
/// How long the first wait is, in milliseconds; each further wrong PIN doubles it.
const FIRST_REST_MS: u64 = 30_000;
/// The longest wait, in milliseconds: 24 tries a day, of a million PINs.
const LONGEST_REST_MS: u64 = 60 * 60 * 1000;
/// After how long a rest all is forgiven, in milliseconds: the next evening begins anew.
const FORGIVEN_AFTER_MS: u64 = 24 * 60 * 60 * 1000;
/// Most askers that are remembered: more devices than can be linked.
const MAX_ASKERS: usize = 4_096;

/// A supervisor's PIN, digits alone. It never prints itself.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pin(String);

/// A text that is no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a PIN has {} to {} digits: type it again", PIN_DIGITS.start(), PIN_DIGITS.end())]
pub struct NotAPin;

impl Pin {
    /// Makes one of random bits.
    #[must_use]
    pub fn draw_from(random: u64) -> Self {
        let most = 10_u64.pow(u32::try_from(DRAWN_DIGITS).unwrap_or_default());
        Self(format!("{:0DRAWN_DIGITS$}", random % most))
    }

    /// Takes what a person typed, with or without blanks between digits.
    ///
    /// # Errors
    ///
    /// [`NotAPin`].
    pub fn typed(text: &str) -> Result<Self, NotAPin> {
        let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let is_pin = PIN_DIGITS.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_pin.then_some(Self(digits)).ok_or(NotAPin)
    }

    /// Tells whether it has the form of a PIN: what came over the network may be anything.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        Self::typed(&self.0).as_ref() == Ok(self)
    }

    /// Returns the digits, for whoever compares them or tells the supervisor.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Counts the wrong PINs of each asker; times are of any clock that only goes forward.
#[derive(Debug, Clone, Default)]
pub struct PinGuesses {
    askers: BTreeMap<[u8; 32], WrongPins>,
}

/// How often an asker was wrong, and until when it waits.
#[derive(Debug, Clone, Copy)]
struct WrongPins {
    count: u32,
    rests_until_ms: u64,
}

impl PinGuesses {
    /// Counts a PIN as wrong before it is looked at, so that many at once are no way around.
    ///
    /// # Errors
    ///
    /// The asker waits for so many milliseconds more, and the PIN is not to be looked at.
    pub fn begin(&mut self, asker: [u8; 32], now_ms: u64) -> Result<(), u64> {
        self.askers
            .retain(|_, wrong| now_ms < wrong.rests_until_ms.saturating_add(FORGIVEN_AFTER_MS));
        let rest_ms = self.rest_ms(asker, now_ms);
        if rest_ms > 0 {
            return Err(rest_ms);
        }
        let is_new = !self.askers.contains_key(&asker);
        if is_new && self.askers.len() >= MAX_ASKERS {
            let oldest = self.askers.iter().min_by_key(|(_, wrong)| wrong.rests_until_ms);
            let oldest = oldest.map(|(asker, _)| *asker);
            oldest.and_then(|oldest| self.askers.remove(&oldest));
        }
        let fresh = WrongPins {
            count: 0,
            rests_until_ms: now_ms,
        };
        let wrong = self.askers.entry(asker).or_insert(fresh);
        wrong.count = wrong.count.saturating_add(1);
        wrong.rests_until_ms = now_ms.saturating_add(rest_after(wrong.count));
        Ok(())
    }

    /// Forgives an asker everything: the PIN was right.
    pub fn was_right(&mut self, asker: [u8; 32]) {
        self.askers.remove(&asker);
    }

    /// Returns how long an asker still waits, in milliseconds.
    #[must_use]
    pub fn rest_ms(&self, asker: [u8; 32], now_ms: u64) -> u64 {
        let wrong = self.askers.get(&asker);
        wrong.map_or(0, |wrong| wrong.rests_until_ms.saturating_sub(now_ms))
    }
}

/// Returns how long an asker waits who was wrong so often.
fn rest_after(count: u32) -> u64 {
    let Some(doublings) = count.checked_sub(FORGIVEN) else {
        return 0;
    };
    let doubled = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    FIRST_REST_MS.saturating_mul(doubled).min(LONGEST_REST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: [u8; 32] = [1; 32];
    const BOB: [u8; 32] = [2; 32];

    #[test]
    fn what_is_typed_is_a_pin_or_is_not() {
        for (text, digits) in [
            ("482913", Some("482913")),
            (" 482 913 ", Some("482913")),
            ("123456789012", Some("123456789012")),
            ("48291", None),
            ("1234567890123", None),
            ("48291a", None),
            ("\u{664}\u{668}\u{662}\u{669}\u{661}\u{663}", None),
            ("", None),
        ] {
            let pin = Pin::typed(text);
            assert_eq!(pin.as_ref().ok().map(Pin::digits), digits, "{text:?}");
        }
        assert!(!Pin("4829 13".to_owned()).is_sound());
    }

    #[test]
    fn a_drawn_pin_is_one_and_never_prints_itself() {
        for random in [0, 7, 999_999, u64::MAX] {
            let pin = Pin::draw_from(random);
            assert!(pin.is_sound() && pin.digits().len() == 6, "{random}");
            assert_eq!(format!("{pin:?}"), "Pin(..)");
        }
    }

    #[test]
    fn whoever_is_wrong_waits_longer_each_time_and_nobody_else_does() {
        let mut tries = PinGuesses::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..13 {
            now += tries.rest_ms(ADA, now);
            assert_eq!(tries.begin(ADA, now), Ok(()));
            waits.push(tries.rest_ms(ADA, now) / 1_000);
        }
        assert_eq!(
            waits,
            [
                0, 0, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600
            ]
        );
        assert_eq!(tries.begin(ADA, now), Err(3_600_000));
        assert_eq!(tries.begin(BOB, now), Ok(()));
    }

    #[test]
    fn a_right_pin_or_a_day_of_rest_forgives_everything() {
        let mut tries = PinGuesses::default();
        for _ in 0..3 {
            tries.begin(ADA, 0).unwrap();
        }
        tries.was_right(ADA);
        for now in [0, 0, 0, 30_000 + FORGIVEN_AFTER_MS, 30_000 + FORGIVEN_AFTER_MS] {
            assert_eq!(tries.begin(ADA, now), Ok(()), "{now}");
        }
    }

    #[test]
    fn no_more_askers_are_remembered_than_there_is_room_for() {
        let mut tries = PinGuesses::default();
        for number in 0..2 * MAX_ASKERS as u64 {
            let mut asker = [9; 32];
            asker[..8].copy_from_slice(&number.to_le_bytes());
            tries.begin(asker, number).unwrap();
        }
        assert_eq!(tries.askers.len(), MAX_ASKERS);
    }
}
