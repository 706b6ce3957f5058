//! `usher-scan override`: only where the certificate allows it, and never without a hub.

use crate::venue::{AVAILABLE, STRICT, Venue, forged_ticket, ticket};

const WHO: [&str; 6] = ["--gate", "1", "--by", "Ada", "--why", "lost in the crowd"];

#[test]
fn a_supervisor_lets_people_in_whom_the_rules_refuse() {
    let venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    let picture = venue.picture(7, STRICT);
    scanner
        .scan("1", &[&picture, &picture])
        .check_outcomes(&["admitted", "already_used"]);
    let told = scanner.call("override", &[&WHO[..], &["--image", &picture]].concat());
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.out.starts_with("ADMIT Come in | Seated, place 7"),
        "{told:?}"
    );
    assert_eq!(venue.admitted(7), 2);
}

#[test]
fn a_forged_ticket_cannot_be_overridden() {
    let venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    let told = scanner.call("override", &[&WHO[..], &["--json", &forged_ticket(7)]].concat());
    assert_eq!(told.code, Some(1), "{told:?}");
    told.check_outcomes(&["unknown_key"]);
}

#[test]
fn an_ordinary_scanner_may_not_override() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let code = ticket(7, STRICT);
    let told = scanner.call("override", &[&WHO[..], &[&code]].concat());
    told.check_refused(2, "use a supervisor's");
    assert_eq!(venue.admitted(7), 0);
}

#[test]
fn a_supervisors_pin_lets_people_in_at_an_ordinary_scanner_and_the_record_says_whose() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let picture = venue.picture(7, STRICT);
    let used = scanner.scan("1", &[&picture, &picture]);
    used.check_outcomes(&["admitted", "already_used"]);
    let by_pin = |pin: &str| {
        let arguments = [&WHO[..], &["--pin", "--json", "--image", &picture]].concat();
        scanner.call_typing("override", &arguments, &format!("{pin}\n"))
    };
    by_pin("482913").check_outcomes(&["no_pin"]);
    venue.set_pin("ADA", "482913");
    by_pin("482914").check_outcomes(&["wrong_pin"]);
    assert_eq!(venue.admitted(7), 1);
    let told = by_pin("482 913");
    told.check_outcomes(&["admitted"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(venue.admitted(7), 2);
    assert_eq!(venue.overridden_by(), ["ADA (PIN)"]);
    by_pin("no PIN").check_refused(2, "a PIN has 6 to 12 digits");
    assert!(!scanner.keeps(b"482913") && !scanner.keeps(b"482 913"));
}

#[test]
fn whoever_types_wrong_pins_waits_also_for_the_right_one() {
    let venue = Venue::open();
    let (one, other) = (
        venue.scanner("one", &[], false),
        venue.scanner("other", &[], false),
    );
    venue.set_pin("Ada", "482913");
    let code = ticket(7, STRICT);
    let arguments = [&WHO[..], &["--pin", "--json", &code]].concat();
    for wrong in ["111111\n", "222222\n", "333333\n"] {
        one.call_typing("override", &arguments, wrong)
            .check_outcomes(&["wrong_pin"]);
    }
    let told = one.call_typing("override", &arguments, "482913\n");
    told.check_outcomes(&["too_many_tries"]);
    assert!(
        told.out.contains(" s, or use a supervisor's own scanner"),
        "{told:?}"
    );
    assert_eq!(venue.admitted(7), 0);
    let told = other.call_typing("override", &arguments, "482913\n");
    told.check_outcomes(&["admitted"]);
}

#[test]
fn nobody_says_without_a_pin_that_it_was_seen() {
    let venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    let code = ticket(7, STRICT);
    let arguments = [
        "--gate",
        "1",
        "--by",
        "Ada (PIN)",
        "--why",
        "lost",
        "--json",
        &code,
    ];
    scanner
        .call("override", &arguments)
        .check_outcomes(&["not_understood"]);
    assert_eq!(venue.admitted(7), 0);
}

#[test]
fn without_a_hub_nothing_is_decided() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    venue.stop_hub();
    let code = ticket(7, STRICT);
    let told = scanner.call("override", &[&WHO[..], &[&code]].concat());
    told.check_refused(2, "no hub answered, so nothing was decided");
}

#[test]
fn an_override_outwards_is_refused_and_says_to_scan_the_exit() {
    let venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    let code = ticket(7, STRICT);
    let told = scanner.call("override", &[&WHO[..], &["--direction", "out", &code]].concat());
    told.check_refused(2, "scan the ticket on its way out");
    let (refused, json) = (["--json", "--direction", "out"], [&WHO[..], &[&code]].concat());
    let told = scanner.call("override", &[&json[..], &refused].concat());
    told.check_refused(2, "Whoever leaves is let out anyway");
    assert_eq!(told.out, "");
}

#[test]
fn an_undo_that_no_hub_hears_of_says_so() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("supervisor", &[], true);
    let (heard, unheard) = (venue.picture(7, AVAILABLE), venue.picture(8, AVAILABLE));
    let undo =
        |picture: &str| scanner.call("undo", &["--by", "Ada", "--why", "went home", "--image", picture]);
    scanner.scan("1", &[&heard]).check_outcomes(&["admitted"]);
    let told = undo(&heard);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("1 person at Gate North, "), "{told:?}");
    venue.stop_hub();
    scanner
        .scan_cut_off("1", &[&unheard])
        .check_outcomes(&["admitted alone"]);
    let told = undo(&unheard);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.contains("No hub has heard of it"), "{told:?}");
}
