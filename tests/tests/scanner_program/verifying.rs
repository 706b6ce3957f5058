//! `usher-scan verify` and `status`: what a scanner knows without a network, and that looking changes nothing.

use serde_json::Value;

use crate::scanner::Scanner;
use crate::venue::{AVAILABLE, REVOKED, STRICT, Venue, forged_ticket, ticket};

/// A scanner that has heard the policy and let one ticket in, and whose hub is gone.
fn cut_off() -> (Venue, Scanner) {
    let mut venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let used = venue.picture(1, AVAILABLE);
    assert_eq!(scanner.scan("1", &[&venue.blank()]).kept(), 0);
    venue.stop_hub();
    scanner
        .scan_cut_off("1", &[&used])
        .check_outcomes(&["admitted alone"]);
    (venue, scanner)
}

#[track_caller]
fn check(scanner: &Scanner, arguments: &[&str], code: i32, starts: &str) {
    let told = scanner.call("verify", arguments);
    assert_eq!(told.code, Some(code), "{told:?}");
    assert!(told.out.starts_with(starts), "{told:?}");
    assert!(told.out.ends_with("| nothing recorded\n"), "{told:?}");
    assert_eq!(told.complaints, "");
}

#[test]
fn a_ticket_is_judged_by_what_is_known_and_the_exit_code_says_how() {
    let (_venue, scanner) = cut_off();
    let records = own_records(&scanner);
    let fresh = ticket(2, AVAILABLE);
    check(
        &scanner,
        &[&fresh],
        0,
        "ADMIT Come in | Standing, place 2 | Gate North | ",
    );
    check(
        &scanner,
        &["--gate", "2", &fresh],
        0,
        "ADMIT Come in | Standing, place 2 | Gate South | ",
    );
    check(
        &scanner,
        &["--gate", "3", &fresh],
        1,
        "DENY Wrong gate | Send to Gate North or Gate South | ",
    );
    check(&scanner, &[&ticket(1, AVAILABLE)], 1, "DENY Already used | ");
    check(
        &scanner,
        &[&ticket(3, STRICT)],
        2,
        "UNANSWERED A hub decides | Nothing known here speaks against this ticket",
    );
    check(&scanner, &["0000-0011"], 2, "UNANSWERED Cannot look up | ");
    check(&scanner, &[&ticket(REVOKED, AVAILABLE)], 1, "DENY Cancelled | ");
    check(&scanner, &[&forged_ticket(4)], 1, "DENY Not for this event | ");
    check(&scanner, &["hello"], 1, "DENY Not a ticket | ");
    check(&scanner, &[&format!("0{fresh}")], 1, "DENY Not a ticket | ");
    check(&scanner, &[&format!("]Q1{fresh} ")], 0, "ADMIT Come in");
    // Whoever leaves is let out.
    check(&scanner, &["--direction", "out", &fresh], 0, "ADMIT Checked out");
    check(&scanner, &[&fresh], 0, "ADMIT Come in");
    assert_eq!(own_records(&scanner), records);
}

#[test]
fn the_status_of_a_scanner_that_runs_names_the_hub_it_is_linked_to() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    assert_eq!(attended.scans(&ticket(1, AVAILABLE)), "admitted");
    let linked = |facts: &Value| facts["last_known"]["hubs"][0]["name"] == "Hub A";
    // What runs notes it down within a second or two.
    let found = (0..1_000).map(|_| facts(&scanner)).find(linked);
    let facts = found.expect("the hub is named");
    assert_eq!(facts["clock_warning"], Value::Null);
    assert!(
        facts["linked"]
            .as_str()
            .unwrap()
            .starts_with("Hub A (last heard "),
        "{facts}"
    );
    // It changed nothing: the scanner goes on.
    assert_eq!(attended.scans(&ticket(2, AVAILABLE)), "admitted");
    drop(attended);
    let told = scanner.call("status", &[]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.contains("linked       Hub A (last heard "), "{told:?}");
}

#[test]
fn a_text_that_cannot_be_read_is_told() {
    let (_venue, scanner) = cut_off();
    let call = |text: &str| scanner.call("verify", &[text]);
    call(" ").check_refused(2, "no code was given");
    call(&format!("SCAN:{}", ticket(2, AVAILABLE))).check_refused(2, "prefix and suffix");
}

#[test]
fn pictures_are_judged_one_by_one_and_the_worst_decides() {
    let (venue, scanner) = cut_off();
    let (good, used, blank) = (
        venue.picture(2, AVAILABLE),
        venue.picture(1, AVAILABLE),
        venue.blank(),
    );
    let told = scanner.call("verify", &["--json", "--image", &good, &used]);
    assert_eq!(told.code, Some(1), "{told:?}");
    told.check_outcomes(&["admitted", "already_used"]);
    let told = scanner.call("verify", &["--json", "--image", &blank, &good]);
    told.check_outcomes(&["admitted"]);
    told.check_refused(2, "blank.png: no code could be read in this picture");
}

#[test]
fn a_scanner_that_has_heard_nothing_refers_and_says_why() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    check(
        &scanner,
        &["--gate", "1", &ticket(1, STRICT)],
        2,
        "REFER Not ready | ",
    );
    check(&scanner, &[&ticket(1, STRICT)], 2, "REFER Not ready | ");
    scanner
        .call("verify", &["--gate", "North", "1"])
        .check_refused(2, "choose the gate by its number");
}

#[test]
fn a_machine_that_is_no_scanner_is_told_to_enrol() {
    let venue = Venue::open();
    let stranger = venue.stranger();
    let picture = venue.picture(1, STRICT);
    let hint = "enrol it first with `usher-scan enroll CODE`";
    stranger.call("verify", &["123"]).check_refused(2, hint);
    stranger.call("status", &[]).check_refused(2, hint);
    stranger.scan("1", &[&picture]).check_refused(2, hint);
    let overriding = ["--gate", "1", "--by", "Ada", "--why", "lost", "123"];
    stranger.call("override", &overriding).check_refused(2, hint);
}

fn facts(scanner: &Scanner) -> Value {
    let told = scanner.call("status", &["--json"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    serde_json::from_str(&told.out).unwrap()
}

fn own_records(scanner: &Scanner) -> u64 {
    let facts = facts(scanner);
    let mut logs = facts["logs"].as_array().unwrap().iter();
    let own = logs.find(|log| log["own"] == true).unwrap();
    own["records"].as_u64().unwrap()
}

#[test]
fn the_status_names_gates_hubs_and_logs() {
    let (_venue, scanner) = cut_off();
    let facts = facts(&scanner);
    assert_eq!(facts["name"], "one");
    assert_eq!(facts["event_name"], "Festival");
    assert_eq!(facts["usable"], true);
    assert_eq!(facts["may_override"], false);
    assert_eq!(facts["hubs"].as_array().unwrap().len(), 1);
    let logs = facts["logs"].as_array().unwrap();
    let names: Vec<&str> = logs.iter().map(|log| log["name"].as_str().unwrap()).collect();
    assert!(
        ["Hub A", "one", "the organizer's cloud"]
            .iter()
            .all(|name| names.contains(name)),
        "{names:?}"
    );
    let told = scanner.call("status", &[]);
    for line in [
        "scanner      one\n",
        "event        Festival (",
        "gates        every gate",
        "records      2 of one (own)",
    ] {
        assert!(told.out.contains(line), "no {line:?} in {told:?}");
    }
}

#[test]
fn the_status_of_a_scanner_that_hubs_refuse_does_not_call_it_usable() {
    let (_venue, scanner) = cut_off();
    assert_eq!(facts(&scanner)["usable"], true);
    scanner.notes(r#"{"compared_ms": 1, "hubs": [], "clock": null, "refused": true}"#);
    let facts = facts(&scanner);
    assert_eq!(
        (&facts["usable"], &facts["refused"]),
        (&false.into(), &true.into())
    );
    let told = scanner.call("status", &[]);
    assert!(told.out.contains("A hub refuses this scanner"), "{told:?}");
    assert!(!told.out.contains("valid until"), "{told:?}");
}
