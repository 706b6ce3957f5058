//! What a supervisor says against the records with a PIN, at a scanner that may not say so itself: `undo`, `count`, and at the running screen.

use usher_protocol::ZoneId;

use crate::scanner::{Scanner, Told};
use crate::venue::{STRICT, Venue, ticket};

const HALL: ZoneId = ZoneId(1);

fn by_pin(scanner: &Scanner, command: &str, arguments: &[&str], pin: &str) -> Told {
    let arguments = [arguments, &["--by", "ADA", "--pin"]].concat();
    scanner.call_typing(command, &arguments, &format!("{pin}\n"))
}

#[test]
fn a_supervisor_undoes_by_a_pin_what_another_gate_let_in_and_the_record_says_whose() {
    let venue = Venue::open();
    venue.set_pin("ADA", "482913");
    let (one, other) = (
        venue.scanner("one", &[], false),
        venue.scanner("other", &[2], false),
    );
    let (code, picture) = (ticket(7, STRICT), venue.picture(7, STRICT));
    one.scan("1", &[&picture, &picture])
        .check_outcomes(&["admitted", "already_used"]);
    let undo =
        |scanner: &Scanner, pin: &str| by_pin(scanner, "undo", &["--why", "went home", "--json", &code], pin);
    undo(&one, "482914").check_outcomes(&["wrong_pin"]);
    // A scanner takes back nothing at gates that are not its own.
    undo(&other, "482913").check_outcomes(&["not_annulled"]);
    assert_eq!(venue.admitted(7), 1);
    let told = undo(&one, "482 913");
    told.check_outcomes(&["annulled"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("1 person at Gate North, "), "{told:?}");
    assert_eq!(venue.annulled_by(), ["ADA (PIN)"]);
    undo(&one, "482913").check_outcomes(&["not_annulled"]);
    one.scan("1", &[&picture]).check_outcomes(&["admitted"]);
    let alone = ["--by", "Ada", "--why", "went home", &code];
    one.call("undo", &alone).check_refused(2, "or give --pin");
}

#[test]
fn a_supervisor_counts_by_a_pin_and_the_zone_holds_as_many() {
    let venue = Venue::open();
    venue.set_pin("ADA", "482913");
    let scanner = venue.scanner("one", &[], false);
    scanner
        .scan("1", &[&venue.picture(7, STRICT)])
        .check_outcomes(&["admitted"]);
    assert_eq!(venue.inside(HALL), 1);
    let count = |pin: &str| by_pin(&scanner, "count", &["--zone", "1", "--inside", "12"], pin);
    count("482914").check_refused(2, "This is not the supervisor's PIN");
    assert_eq!(venue.inside(HALL), 1);
    let told = count("482913");
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains(": 12 inside now"), "{told:?}");
    assert_eq!(venue.inside(HALL), 12);
    let alone = ["--zone", "1", "--inside", "12", "--by", "Ada"];
    scanner.call("count", &alone).check_refused(2, "or give --pin");
}

#[test]
fn beside_a_wedge_a_supervisor_says_it_with_a_pin_that_is_not_shown_and_a_guests_code_says_nothing() {
    let venue = Venue::open();
    venue.set_pin("Ada", "482913");
    // One that may override by itself: what a guest's code says is no word of the supervisor's there, either.
    let scanner = venue.scanner("supervisor", &[], true);
    let mut attended = scanner.at_terminal(&["--gate", "1", "--wedge"]);
    assert_eq!(attended.next()["kind"], "ready");
    let code = ticket(7, STRICT);
    let mut next = |typed: &str, outcome: &str| {
        attended.types(typed);
        assert_eq!(attended.next_scan()["outcome"], outcome, "{typed}");
    };
    next(&code, "admitted");
    next("undo nobody passed", "not_a_ticket");
    next(&ticket(8, STRICT), "admitted");
    assert_eq!(venue.admitted(7), 1);
    for (begun, answers, outcome) in [
        ("undo", "Ada\nwent home\n", "annulled"),
        ("override", "Ada\nlost\n", "admitted"),
        ("count", "12\nAda\n", "counted"),
    ] {
        attended.presses(&format!("{begun}\n{answers}"));
        attended.is_told("the supervisor's PIN?");
        attended.presses("482913\n");
        assert_eq!(attended.next_scan()["outcome"], outcome, "{begun}");
    }
    assert_eq!(venue.annulled_by(), ["Ada (PIN)"]);
    assert_eq!(venue.overridden_by(), ["Ada (PIN)"]);
    assert_eq!(venue.inside(HALL), 12);
    assert!(!attended.has_shown("482913"));
    // A ticket is never the answer to a question.
    attended.presses("override\n");
    attended.is_told("the supervisor's name?");
    attended.types(&ticket(9, STRICT));
    venue.wait_for_admission(9);
    attended.types("Ada");
    // What the terminal showed of the ticket may stand before the line about it.
    while attended.next_scan()["outcome"] != "not_a_ticket" {}
}
