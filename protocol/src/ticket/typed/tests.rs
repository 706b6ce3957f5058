//! Typings of scanners in all kinds of settings, and what was meant.

use crate::ticket::{Ticket, TicketFlags};
use crate::{Generation, TierId, Unit};
use proptest::prelude::*;
use usher_keys::{KeyId, SecretKey, Timestamp};

use super::*;

fn ticket(unit: u32) -> Ticket {
    Ticket {
        key: KeyId([0; 4]),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn text(unit: u32) -> String {
    ticket(unit).sign(&SecretKey::from_seed(&[1; 32])).to_text()
}

/// The code of a ticket that a phone signs along.
fn live(unit: u32) -> String {
    let phone = SecretKey::from_seed(&[2; 32]);
    let ticket = Ticket {
        holder: Some(phone.public()),
        ..ticket(unit)
    };
    let payload = ticket.sign(&SecretKey::from_seed(&[1; 32]));
    payload.shown_live(&phone, Timestamp(1_800_000_000_000))
}

/// Digits as the keys of a layout give them.
fn in_layout(layout: &str, digits: &str) -> String {
    let keys: Vec<char> = layout.chars().collect();
    let key = |digit: char| keys[digit.to_digit(10).unwrap() as usize];
    digits.chars().map(key).collect()
}

#[track_caller]
fn reads(typing: &str, expected: &[&str]) {
    let expected = expected.iter().map(|&code| code.to_owned()).collect();
    assert_eq!(codes(typing), Ok(expected), "{typing:?}");
}

#[track_caller]
fn tells(typing: &str, garbled: Garbled) {
    assert_eq!(codes(typing), Err(garbled), "{typing:?}");
}

#[test]
fn what_a_scanner_puts_around_a_ticket_is_taken_away() {
    for code in [text(7), text(70_000), live(7)] {
        let prefixes = [
            "", "]Q1", "]Q3", "]d2", "]Q0", "]C1", " ", "\t", "  ]Q1", "]Q1 ", "\u{2}", "\u{feff}", "\u{a0}",
        ];
        for prefix in prefixes {
            for suffix in ["", " ", "\t", "\u{3}", " \u{0}"] {
                reads(&format!("{prefix}{code}{suffix}"), &[&code]);
            }
        }
    }
}

#[test]
fn digits_of_another_keyboard_layout_are_read() {
    let code = text(7);
    for (layout, identifier) in LAYOUTS.iter().zip(["$A&", "$A&", ")Q+", "äQ+", "úQ1", "}Q!"]) {
        let typed = in_layout(layout, &code);
        reads(&typed, &[&code]);
        reads(&format!(" {identifier}{typed} "), &[&code]);
    }
    // German, Italian, Nordic layouts have the digits but not the bracket.
    for identifier in ["+Q1", "\u{a8}Q1", "Q1"] {
        reads(&format!("{identifier}{code}"), &[&code]);
    }
}

#[test]
fn tickets_without_anything_between_them_are_taken_apart() {
    let (one, two, phone) = (text(1), text(70_000), live(3));
    reads(&format!("{one}{two}"), &[&one, &two]);
    reads(&format!("{two}{one}{two}"), &[&two, &one, &two]);
    reads(&format!("{one}{phone}{two}"), &[&one, &phone, &two]);
    reads(&format!("]Q1{one}]Q1{two}"), &[&one, &two]);
    reads(&format!("{one} {two}"), &[&one, &two]);
    let french = in_layout(LAYOUTS[0], &format!("{one}{two}"));
    reads(&french, &[&one, &two]);
}

#[test]
fn a_ticket_that_cannot_be_told_from_its_surroundings_is_told_and_not_read() {
    let code = text(7);
    let half = &code[..100];
    tells(&format!("{code}{half}"), Garbled::RanTogether);
    tells(&format!("{code}1"), Garbled::RanTogether);
    tells(&"1".repeat(MAX_TEXT_DIGITS + 1), Garbled::RanTogether);
    tells(&format!("SN:{code}"), Garbled::Surrounded);
    tells(&format!("{code}/"), Garbled::Surrounded);
    tells(&format!("https://example.org/?t={code}"), Garbled::Surrounded);
    let lithuanian = in_layout("0ąčęėįšųū9", &code);
    tells(&lithuanian, Garbled::OtherLayout);
    tells(
        &format!("{}&", in_layout(LAYOUTS[0], &code)),
        Garbled::RanTogether,
    );
}

#[test]
fn other_codes_stay_what_they_are() {
    for other in [
        "4006381333931",
        "https://example.org/menu",
        "+12",
        "0012",
        "1 2",
        "a\tb",
    ] {
        reads(other, &[other]);
        reads(&format!("]E0{other}"), &[other]);
    }
    let code = text(7);
    reads(&format!("0{code}"), &[&format!("0{code}")]);
    reads(&code[1..], &[&code[1..]]);
    reads("", &[]);
    reads(" \t\r\n", &[]);
    reads(&"x".repeat(100), &[&"x".repeat(100)]);
}

proptest! {
    #[test]
    fn any_typing_gives_an_answer(typing in "\\PC{0,400}") {
        let _ = codes(&typing);
    }

    #[test]
    fn tickets_run_together_are_never_mixed(units in proptest::collection::vec(any::<u32>(), 1..4)) {
        let tickets: Vec<String> = units.into_iter().map(text).collect();
        prop_assert_eq!(codes(&tickets.concat()), Ok(tickets));
    }
}
