//! Staff type at the screen of a scanner that reads from a camera; here there is none, so only what is typed is read.
//! That takes a program with camera support.

use usher_scan::source::camera::ensure_built;

use crate::scanner::{Attended, Scanner};
use crate::venue::{STRICT, Venue, group_ticket, ticket};

/// A camera that no machine has.
const BROKEN_CAMERA: [&str; 4] = ["--gate", "1", "--camera", "63"];

#[track_caller]
fn scans(attended: &mut Attended, code: &str, outcome: &str, words: &str) {
    attended.types(code);
    let scan = attended.next_scan();
    assert_eq!(scan["outcome"], outcome, "{scan}");
    assert!(scan.to_string().contains(words), "no {words:?} in {scan}");
}

fn at_the_keys(scanner: &Scanner) -> Attended {
    let mut attended = scanner.at_terminal(&BROKEN_CAMERA);
    attended.is_told("camera");
    attended
}

#[test]
fn a_camera_is_tried_only_by_a_program_with_camera_support() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    match ensure_built() {
        Ok(()) => drop(at_the_keys(&scanner)),
        Err(fault) => scanner
            .call("run", &BROKEN_CAMERA)
            .check_refused(2, &fault.to_string()),
    }
}

#[test]
fn staff_say_how_many_pass_with_the_next_scan_and_which_way() {
    let venue = Venue::open();
    let mut attended = at_the_keys(&venue.scanner("one", &[], false));
    let group = group_ticket(7, 5);
    attended.presses("3\n");
    attended.is_told("next scan: 3 people");
    scans(&mut attended, &group, "admitted", "3 people, 2 more may follow");
    scans(&mut attended, &group, "admitted", "1 more may follow");
    attended.presses("9\n");
    scans(&mut attended, &group, "group_too_large", "Only 1 more");
    attended.presses("out\n");
    attended.is_told("gate 1 (Gate North), out");
    attended.presses("4\n");
    scans(&mut attended, &group, "exited", "4 people");
    attended.presses("in\n");
    scans(&mut attended, &ticket(8, STRICT), "admitted", "Seated, place 8");
}

#[test]
fn a_supervisor_overrides_at_the_screen_with_name_and_reason() {
    let venue = Venue::open();
    let mut attended = at_the_keys(&venue.scanner("supervisor", &[], true));
    attended.presses("override\nAda\nlost in the crowd\n");
    attended.is_told("Show the ticket first");
    let code = ticket(7, STRICT);
    scans(&mut attended, &code, "admitted", "Come in");
    scans(&mut attended, &code, "already_used", "just now, this gate");
    attended.presses("override\n");
    attended.is_told("the supervisor's name?");
    attended.presses("Ada\n");
    attended.is_told("the reason");
    scans(&mut attended, "lost in the crowd", "admitted", "Come in");
    assert_eq!(venue.admitted(7), 2);
}

#[test]
fn a_supervisor_overrides_at_an_ordinary_scanner_with_a_pin_that_is_not_shown() {
    let venue = Venue::open();
    let mut attended = at_the_keys(&venue.scanner("one", &[], false));
    let code = ticket(7, STRICT);
    scans(&mut attended, &code, "admitted", "Come in");
    let mut overriding = |outcome: &str, words: &str| {
        attended.presses("override\nAda\nlost in the crowd\n");
        attended.is_told("the supervisor's PIN?");
        scans(&mut attended, "482913", outcome, words);
    };
    overriding("no_pin", "has a PIN at the hub");
    venue.set_pin("Ada", "482913");
    overriding("admitted", "Come in");
    assert_eq!(
        (venue.admitted(7), venue.overridden_by()),
        (2, vec!["Ada (PIN)".to_owned()])
    );
    assert!(attended.has_shown("lost in the crowd") && !attended.has_shown("482913"));
    attended.presses("what now\n");
    attended.is_told("a number = so many people");
}

#[test]
fn whoever_leaves_needs_no_override_and_the_screen_says_so() {
    let venue = Venue::open();
    let mut attended = at_the_keys(&venue.scanner("supervisor", &[], true));
    let code = ticket(7, STRICT);
    scans(&mut attended, &code, "admitted", "Come in");
    attended.presses("out\noverride\n");
    attended.is_told("Whoever leaves is let out anyway: scan the ticket");
    scans(&mut attended, &code, "exited", "Checked out");
    assert_eq!(venue.admitted(7), 2, "one passage in and one out");
}

#[test]
fn an_override_lets_in_as_many_as_were_refused_unless_another_number_is_typed() {
    let venue = Venue::open();
    let mut attended = at_the_keys(&venue.scanner("supervisor", &[], true));
    let group = group_ticket(7, 4);
    attended.presses("9\n");
    attended.is_told("next scan: 9 people");
    scans(&mut attended, &group, "group_too_large", "Only 4 more");
    attended.presses("override\nAda\n");
    scans(&mut attended, "vip", "admitted", "9 people");
    assert_eq!(venue.admitted(7), 1);
    scans(&mut attended, &group, "already_used", "just now, this gate");
    attended.presses("2\noverride\nAda\n");
    scans(&mut attended, "vip", "admitted", "2 people");
    attended.presses("override\nAda\n");
    scans(&mut attended, "vip", "admitted", "1 person");
    assert_eq!(venue.admitted(7), 3);
}
