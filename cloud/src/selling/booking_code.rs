//! The booking code: seven characters by which people speak of a booking; finding the booking is the store's.

use usher_protocol::ticket::check_symbol::CheckedCode;

/// A booking code.
///
/// **Shape**: six digits of Crockford's base 32 and his check symbol, 30 bits in all: one digit fewer than a ticket code has, so that nobody
/// takes one for the other. It is drawn at random, unique within its event, says nothing of how many bookings there are, and opens nothing:
/// it is for speaking to staff.
pub type BookingCode = CheckedCode<6>;

#[cfg(test)]
mod tests {
    use usher_protocol::ticket::{Mistyped, TicketCode};

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
            assert_eq!(
                text.parse::<TicketCode>(),
                Err(Mistyped::Length { chars: 7, wanted: 8 })
            );
        }
    }
}
