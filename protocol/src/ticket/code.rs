//! The ticket code: eight characters printed on a ticket beside its QR code, for people to read out and to type; finding its ticket is the cloud's.

use super::check_symbol::CheckedCode;

/// A ticket code.
///
/// **Shape**: seven digits of Crockford's base 32 and his check symbol, 35 bits in all. It is drawn at random, says nothing of
/// the ticket, and opens nothing by itself.
pub type TicketCode = CheckedCode<7>;

#[cfg(test)]
mod tests {
    use super::super::check_symbol::Mistyped;
    use super::*;

    const CHARS: usize = 8;

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
        check("0000-001", Err(Mistyped::Length { chars: 7, wanted: 8 }));
        check("", Err(Mistyped::Length { chars: 0, wanted: 8 }));
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
        let letters: Vec<char> = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().collect();
        for random in [0, 1, 0x1234_5678_9abc_def0, u64::MAX, 99_999_999_999] {
            let typed: Vec<char> = TicketCode::draw_from(random)
                .to_string()
                .replace('-', "")
                .chars()
                .collect();
            for place in 0..CHARS {
                for &other in letters.iter().filter(|&&other| other != typed[place]) {
                    let mut wrong = typed.clone();
                    wrong[place] = other;
                    let wrong: String = wrong.iter().collect();
                    assert!(wrong.parse::<TicketCode>().is_err(), "{wrong}");
                }
                let mut swapped = typed.clone();
                swapped.swap(place, (place + 1) % CHARS);
                if swapped != typed && place + 1 < CHARS {
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
        let rounds = (1 << 35) / 37;
        let last = TicketCode::of_value(rounds * 37 - 1).unwrap();
        assert_eq!(Some(last.next()), TicketCode::of_value(0));
        assert_eq!(TicketCode::of_value(rounds * 37), None);
        assert_eq!(format!("{last:?}"), "CheckedCode(..)");
    }
}
