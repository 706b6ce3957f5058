//! A wedge in settings that are not ours: what it types is read, or it is told what to set.

use std::sync::mpsc;
use std::time::Duration;

use usher_words::scanner::COUNTS_ONCE;

use crate::venue::{STRICT, Venue, group_ticket, ticket};

/// From one typing to the next, where a wedge types again and again what lies under it.
const REPEATS_EVERY: Duration = Duration::from_millis(1_300);

/// Digits as the digit keys of a French or a Czech keyboard give them.
fn in_layout(layout: [char; 10], digits: &str) -> String {
    let key = |digit: char| layout[digit.to_digit(10).unwrap() as usize];
    digits.chars().map(key).collect()
}

const FRENCH: [char; 10] = ['à', '&', 'é', '"', '\'', '(', '-', 'è', '_', 'ç'];
const CZECH: [char; 10] = ['é', '+', 'ě', 'š', 'č', 'ř', 'ž', 'ý', 'á', 'í'];
const LITHUANIAN: [char; 10] = ['0', 'ą', 'č', 'ę', 'ė', 'į', 'š', 'ų', 'ū', '9'];

#[test]
fn a_wedge_is_read_in_whatever_setting_it_is() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    let typings = [
        format!("]Q1{}\r", ticket(1, STRICT)),
        format!(" {} \n", ticket(2, STRICT)),
        format!("{}\t", ticket(3, STRICT)),
        format!("]d2{}\t\r\n", ticket(4, STRICT)),
        format!("$A&{}\n", in_layout(FRENCH, &ticket(5, STRICT))),
        format!("{}\n", in_layout(CZECH, &ticket(6, STRICT))),
        // Nothing ends these but the pause behind them.
        ticket(7, STRICT),
        format!("]Q3{}", ticket(8, STRICT)),
    ];
    for typing in typings {
        attended.presses(&typing);
        let line = attended.next();
        assert_eq!(line["outcome"], "admitted", "{typing}: {line}");
    }
    attended.presses(&format!("{}{}", ticket(9, STRICT), ticket(10, STRICT)));
    for place in ["Seated, place 9", "Seated, place 10"] {
        assert_eq!(attended.next()["details"][0], place);
    }
    attended.unplug();
    assert_eq!(attended.next()["counts"]["admitted"], 10);
    assert_eq!(attended.ended(), Some(0));
}

#[test]
fn a_wedge_that_cannot_be_read_is_told_what_to_set() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    let told = [
        (
            format!("{}\n", in_layout(LITHUANIAN, &ticket(1, STRICT))),
            "set the scanner's keyboard layout to US",
        ),
        (
            format!("SCAN:{}\n", ticket(1, STRICT)),
            "switch its prefix and suffix off",
        ),
        (
            format!("{}{}\n", ticket(1, STRICT), &ticket(2, STRICT)[..90]),
            "scan one after the other",
        ),
    ];
    for (typing, words) in told {
        attended.presses(&typing);
        let line = attended.next();
        assert_eq!(line["kind"], "notice", "{line}");
        assert!(line["text"].as_str().unwrap().contains(words), "{line}");
    }
    assert_eq!(attended.scans(&ticket(1, STRICT)), "admitted");
}

#[test]
fn a_terminal_does_not_hold_back_a_wedge_that_presses_no_enter() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.at_terminal(&["--gate", "1", "--wedge"]);
    assert_eq!(attended.next()["kind"], "ready");
    for (unit, suffix) in [(1, ""), (2, "\t"), (3, "\r")] {
        attended.presses(&format!("{}{suffix}", ticket(unit, STRICT)));
        assert_eq!(attended.next()["outcome"], "admitted", "{suffix:?}");
    }
}

#[test]
fn a_group_ticket_that_a_wedge_types_again_and_again_lets_one_person_in() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    let group = group_ticket(7, 5);
    assert_eq!(attended.scans(&group), "admitted");
    for _ in 0..2 {
        let (_nobody, pause) = mpsc::channel::<()>();
        assert!(pause.recv_timeout(REPEATS_EVERY).is_err());
        attended.types(&group);
    }
    let told = attended.next();
    assert_eq!(
        (&told["kind"], &told["text"]),
        (&"notice".into(), &COUNTS_ONCE.into())
    );
    // It is told once, and nothing comes of the third typing.
    assert_eq!(attended.scans(&ticket(8, STRICT)), "admitted");
    assert_eq!((venue.admitted(7), venue.admitted(8)), (1, 1));
}
