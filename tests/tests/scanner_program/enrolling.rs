//! `usher-scan enroll` at a real hub.

use std::os::unix::fs::PermissionsExt;

use crate::venue::{AVAILABLE, STRICT, Venue, bare};

#[test]
fn a_code_makes_a_scanner_that_knows_its_hub() {
    let venue = Venue::open();
    let scanner = venue.stranger();
    let code = venue.code(&[1, 2], false);
    let told = scanner.call("enroll", &[&code, "--name", "North 1"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.starts_with("Asking http://127.0.0.1:"), "{told:?}");
    let said = |what: &str| {
        let line = told.out.lines().find_map(|line| line.trim().strip_prefix(what));
        line.unwrap_or_else(|| panic!("{what} is missing: {told:?}"))
            .trim()
    };
    assert_eq!(said("name"), "North 1");
    assert!(said("event").starts_with("\"Festival\" (evt_"), "{told:?}");
    assert_eq!(said("gates"), "1 (Gate North), 2 (Gate South)");
    assert_eq!(
        said("may"),
        "scan tickets, and judge alone when no hub is reached"
    );
    assert!(said("valid until").contains("(UTC"), "{told:?}");
    assert_eq!(said("enrolled by"), "the hub \"Hub A\"");
    assert!(said("links to").starts_with("127.0.0.1:"), "{told:?}");
    let key = std::path::Path::new(said("folder")).join("device.pem");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let picture = venue.picture(1, STRICT);
    scanner.scan("1", &[&picture]).check_outcomes(&["admitted"]);
}

#[test]
fn a_used_code_an_enrolled_folder_and_a_damaged_code_are_refused() {
    let venue = Venue::open();
    let code = venue.code(&[], false);
    let scanner = venue.stranger();
    assert_eq!(scanner.call("enroll", &[&code]).code, Some(0));
    scanner
        .call("enroll", &[&code])
        .check_refused(2, "belongs to a device already");
    let other = crate::scanner::Scanner::at(tempfile::tempdir().unwrap().path().join("other"));
    other
        .call("enroll", &[&code])
        .check_refused(2, "was used by another device");
    assert_eq!(bare(&["enroll", &code[..40]]).status.code(), Some(2));
    assert_eq!(bare(&["enroll", "hello"]).status.code(), Some(2));
}

#[test]
fn a_hub_that_cannot_be_reached_leaves_the_code_good() {
    let mut venue = Venue::open();
    let code = venue.code(&[], false);
    let scanner = venue.stranger();
    venue.stop_hub();
    scanner
        .call("enroll", &[&code])
        .check_refused(2, "try again with the same code");
}

#[test]
fn a_scanner_that_is_enrolled_anew_keeps_what_it_wrote_down_before() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("north", &[], false);
    let picture = venue.picture(7, AVAILABLE);
    scanner.scan("1", &[&venue.picture(1, STRICT)]);
    let code = venue.code(&[], false);
    scanner.call("enroll", &[&code]).check_refused(2, "add --anew");
    venue.stop_hub();
    scanner
        .scan_cut_off("1", &[&picture])
        .check_outcomes(&["admitted alone"]);
    venue.start_hub();
    let code = venue.code(&[], false);
    let anew = scanner.call("enroll", &[&code, "--anew"]);
    assert_eq!(anew.code, Some(0), "{anew:?}");
    assert!(anew.out.contains(".2\n"), "{anew:?}");
    // No hub has heard of it yet, and the device that saw it is another one now.
    assert_eq!(venue.admitted(7), 0);
    scanner.scan("1", &[&picture]);
    venue.wait_for_admission(7);
    scanner.scan("1", &[&picture]).check_outcomes(&["already_used"]);
}
