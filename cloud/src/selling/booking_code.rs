//! The booking code: seven characters by which people speak of a booking; finding the booking is the store's.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use usher_protocol::ticket::Mistyped;
use usher_protocol::ticket::check_symbol;

/// How many of its characters are digits: one fewer than a ticket code has, so that nobody takes one for the other.
const DIGITS: u32 = 6;

/// A booking code.
///
/// **Shape**: six digits of Crockford's base 32 and his check symbol, 30 bits in all. It is drawn at random, unique within its event, says
/// nothing of how many bookings there are, and opens nothing: it is for speaking to staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookingCode(u64);

impl BookingCode {
    /// Draws a code from random bits.
    pub fn draw_from(random: u64) -> Self {
        Self(check_symbol::draw_from(random, DIGITS))
    }

    /// Returns the code for a stored number, if it is one of a code.
    pub fn of_value(value: u64) -> Option<Self> {
        check_symbol::is_value(value, DIGITS).then_some(Self(value))
    }

    /// Returns the numbers of the codes that begin with these characters; `None` if no code does.
    pub fn values_beginning(text: &str) -> Option<Range<u64>> {
        check_symbol::values_beginning(text, DIGITS)
    }

    /// Returns the number to store.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Returns the code behind this one, for when this one is taken.
    pub fn next(self) -> Self {
        Self(check_symbol::next(self.0, DIGITS))
    }
}

impl fmt::Display for BookingCode {
    /// Writes a group of three and one of four, as it is printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&check_symbol::write(self.0, DIGITS))
    }
}

impl FromStr for BookingCode {
    type Err = Mistyped;

    /// Reads a code as people type it: in any case, with blanks and hyphens anywhere, with O for 0 and I or L for 1.
    fn from_str(text: &str) -> Result<Self, Mistyped> {
        check_symbol::read(text, DIGITS).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::ticket::TicketCode;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it_and_is_no_ticket_code() {
        for random in [0, 1, 0x1234_5678_9abc_def0, u64::MAX] {
            let code = BookingCode::draw_from(random);
            let text = code.to_string();
            assert_eq!((text.len(), text.find('-')), (8, Some(3)), "{text}");
            assert_eq!(text.to_lowercase().replace('-', " ").parse(), Ok(code));
            assert_eq!(BookingCode::of_value(code.value()), Some(code));
            assert_ne!(code.next(), code);
            assert_eq!(text.parse::<TicketCode>(), Err(Mistyped::Length { chars: 7 }));
        }
    }
}
