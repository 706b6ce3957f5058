//! Keys and lines as staff type them, and what they ask for.

use super::*;

fn say(words: &str) -> Meant {
    Meant::Say(words.to_owned())
}

#[track_caller]
fn check(lines: &[(&str, Meant)]) {
    let mut keys = Keys::default();
    for (line, meant) in lines {
        assert_eq!(keys.entered(line, None), *meant, "{line:?}");
    }
}

#[test]
fn numbers_are_people_and_words_are_ways() {
    check(&[
        ("3", Meant::Do(KeyCommand::Persons(3))),
        (" 255 ", Meant::Do(KeyCommand::Persons(255))),
        ("256", say(words::KEYS)),
        ("0", say(words::KEYS)),
        ("-1", say(words::KEYS)),
        ("out", Meant::Do(KeyCommand::Direction(Direction::Out))),
        ("IN", Meant::Do(KeyCommand::Direction(Direction::In))),
        ("", say(words::KEYS)),
        ("help", say(words::KEYS)),
    ]);
}

#[test]
fn a_long_line_is_a_code() {
    let code = "1".repeat(200);
    check(&[
        (
            &format!("]Q1{code} "),
            Meant::Do(KeyCommand::Codes(vec![code.clone()])),
        ),
        (
            "https://example.org/menu",
            Meant::Do(KeyCommand::Codes(vec!["https://example.org/menu".to_owned()])),
        ),
    ]);
}

#[test]
fn eight_characters_are_a_ticket_code_or_were_mistyped() {
    let codes = |code: &str| Meant::Do(KeyCommand::Codes(vec![code.to_owned()]));
    let mistyped = say(&words::mistyped());
    check(&[
        (" 0000-0011 ", codes("0000-0011")),
        ("oooo 014u", codes("oooo 014u")),
        ("00000012", mistyped.clone()),
        ("0000001O", mistyped),
        ("0000 001", say(words::KEYS)),
        ("override", say(words::WHO_OVERRIDES)),
        ("Override", say(words::WHY_OVERRIDE)),
    ]);
}

#[test]
fn an_undo_says_why_in_the_same_line() {
    let undo = |why: &str| Meant::Do(KeyCommand::Undo { why: why.to_owned() });
    check(&[
        (
            "undo the turnstile did not turn",
            undo("the turnstile did not turn"),
        ),
        ("Undo 3", undo("3")),
        ("undone by mistake", say(words::KEYS)),
    ]);
    let mut keys = Keys::default();
    let nothing_shown = Some(words::SHOW_IT_FIRST);
    assert_eq!(keys.entered("undo", nothing_shown), say(words::WHY_UNDO));
    let long = format!("undo {}", "x".repeat(10_000));
    assert!(matches!(keys.entered(&long, None), Meant::Say(_)));
}

#[test]
fn an_override_asks_for_name_and_reason() {
    let overruling = Overruling {
        by: "Ada".to_owned(),
        why: "3".to_owned(),
        pin: None,
    };
    check(&[
        ("override", say(words::WHO_OVERRIDES)),
        ("Ada", say(words::WHY_OVERRIDE)),
        ("3", Meant::Do(KeyCommand::Override(overruling))),
        ("3", Meant::Do(KeyCommand::Persons(3))),
        ("override", say(words::WHO_OVERRIDES)),
        ("", say(words::TAKEN_BACK)),
        ("3", Meant::Do(KeyCommand::Persons(3))),
    ]);
    let mut keys = Keys::default();
    keys.entered("override", None);
    assert!(matches!(keys.entered(&"x".repeat(10_000), None), Meant::Say(_)));
    assert_eq!(keys.entered("Ada", None), say(words::WHY_OVERRIDE));
}

#[test]
fn a_scanner_that_may_not_override_asks_for_the_pin_last_and_hides_it() {
    let mut keys = Keys::asking_pins();
    assert_eq!(keys.entered("override", None), say(words::WHO_OVERRIDES));
    assert_eq!(keys.entered("Ada", None), say(words::WHY_OVERRIDE));
    assert!(!keys.is_secret());
    assert_eq!(keys.entered("lost", None), say(words::TYPE_PIN));
    assert!(keys.is_secret());
    assert!(matches!(keys.entered("4829", None), Meant::Say(_)));
    assert!(keys.is_secret());
    let overruling = Overruling {
        by: "Ada".to_owned(),
        why: "lost".to_owned(),
        pin: Pin::typed("482913").ok(),
    };
    let meant = keys.entered("482 913", None);
    assert!(!format!("{meant:?}").contains("482"), "{meant:?}");
    assert_eq!(meant, Meant::Do(KeyCommand::Override(overruling)));
    assert!(!keys.is_secret());
}

#[test]
fn where_nothing_can_be_overridden_nobody_is_asked_for_a_name() {
    let mut keys = Keys::default();
    let why = Some(words::OVERRIDES_LET_IN);
    assert_eq!(keys.entered("override", why), say(words::OVERRIDES_LET_IN));
    assert_eq!(keys.entered("3", why), Meant::Do(KeyCommand::Persons(3)));
}

#[test]
fn a_supervisor_undoes_and_counts_with_name_and_pin() {
    let pin = Pin::typed("482913").ok();
    let overruling = |pin| Overruling {
        by: "Ada".to_owned(),
        why: "went home".to_owned(),
        pin,
    };
    let counted = |pin| CountedBy {
        inside: 412,
        by: "Ada".to_owned(),
        pin,
    };
    let undoing = [
        ("undo", say(words::WHO_UNDOES_OR_YOU)),
        ("Ada", say(words::WHY_UNDONE)),
    ];
    let counting = [
        ("count", say(words::HOW_MANY_INSIDE)),
        ("many", say(words::HOW_MANY_INSIDE)),
        ("412", say(words::WHO_COUNTS)),
    ];
    check(&undoing);
    check(
        &[
            &undoing[..],
            &[("went home", Meant::Do(KeyCommand::UndoLast(overruling(None))))],
            &counting,
            &[("Ada", Meant::Do(KeyCommand::Count(counted(None))))],
        ]
        .concat(),
    );
    let mut keys = Keys::asking_pins();
    for (line, meant) in undoing {
        assert_eq!(keys.entered(line, None), meant);
    }
    assert_eq!(keys.entered("went home", None), say(words::TYPE_PIN));
    assert!(keys.is_secret());
    let meant = Meant::Do(KeyCommand::UndoLast(overruling(pin.clone())));
    assert_eq!(keys.entered("482913", None), meant);
    for (line, meant) in counting {
        assert_eq!(keys.entered(line, None), meant);
    }
    assert_eq!(keys.entered("Ada", None), say(words::TYPE_PIN));
    assert_eq!(
        keys.entered("482913", None),
        Meant::Do(KeyCommand::Count(counted(pin)))
    );
}

#[test]
fn beside_a_wedge_only_what_a_pin_proves_is_a_supervisors() {
    let mut keys = Keys::beside_a_wedge();
    for guests in ["3", "out", "undo nobody passed", "0000-0011", "", "hello"] {
        assert!(!keys.takes(guests), "{guests:?}");
    }
    assert!(keys.takes(" Override "));
    assert_eq!(keys.entered("override", None), say(words::WHO_OVERRIDES));
    assert!(keys.takes("3") && keys.takes(""));
    keys.entered("Ada", None);
    assert_eq!(keys.entered("lost", None), say(words::TYPE_PIN));
    assert!(keys.forget() && !keys.forget());
    assert!(!keys.is_secret() && !keys.takes("482913"));
}
