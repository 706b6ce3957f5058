//! `usher-scan run` with a hub, without one, and with one that goes and comes back.

use crate::venue::{AVAILABLE, REVOKED, STRICT, Venue, forged_ticket, ticket};

/// A run for people, with limits wide enough for a busy machine.
const PLAIN: [&str; 7] = [
    "--gate",
    "1",
    "--plain",
    "--answer-within",
    "10000",
    "--wait-for-hub",
    "30",
];

#[test]
fn a_ticket_is_admitted_once_and_other_codes_are_told_apart() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let good = venue.picture(7, STRICT);
    let foreign = venue.picture_of("menu.png", "https://example.org/menu");
    let forged = venue.picture_of("forged.png", &forged_ticket(8));
    let revoked = venue.picture(REVOKED, AVAILABLE);
    let altered = venue.picture_of("altered.png", &format!("0{}", ticket(9, STRICT)));
    let blank = venue.blank();
    let pictures = [&good, &good, &foreign, &blank, &forged, &revoked, &altered].map(String::as_str);
    let told = scanner.scan("gate north", &pictures);
    told.check_outcomes(&[
        "admitted",
        "already_used",
        "not_a_ticket",
        "unknown_key",
        "revoked",
        "not_a_ticket",
    ]);
    let lines = told.lines();
    assert_eq!(lines[0]["kind"], "ready");
    assert_eq!(lines[0]["place"], "gate 1 (Gate North), in");
    assert_eq!(lines[0]["linked"], true);
    assert!(
        lines[0]["standing"]
            .as_str()
            .unwrap()
            .starts_with("linked to Hub A | ")
    );
    assert_eq!(lines[1]["details"][0], "Seated, place 7");
    assert_eq!(lines[4]["kind"], "notice");
    assert_eq!(lines.last().unwrap()["counts"]["denied"], 5);
    assert_eq!(told.kept(), 0);
    assert_eq!(venue.admitted(7), 1);
}

#[test]
fn figures_go_to_the_log_and_a_preview_stays_off_what_is_no_terminal() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let good = venue.picture(7, STRICT);
    let arguments = [&PLAIN[..], &["--verbose", "--preview", "--image", &good]].concat();
    let told = scanner.call("run", &arguments);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.out.lines().all(|line| line.is_ascii()), "{told:?}");
    let figures = told
        .complaints
        .lines()
        .filter(|line| line.contains("frames/s, read in "));
    assert_eq!(figures.count(), 1, "{told:?}");
}

#[test]
fn a_second_scanner_is_told_where_and_when_a_ticket_was_used() {
    let venue = Venue::open();
    let picture = venue.picture(7, STRICT);
    let (one, two) = (venue.scanner("one", &[], false), venue.scanner("two", &[], false));
    one.scan("1", &[&picture]).check_outcomes(&["admitted"]);
    let told = two.scan("2", &[&picture]);
    told.check_outcomes(&["already_used"]);
    let reason = told.lines()[1]["reason"].as_str().unwrap().to_owned();
    assert!(reason.ends_with(", Gate North"), "{reason}");
    assert_eq!(told.lines()[1]["words"], "Already used");
}

#[test]
fn a_scanner_that_is_cut_off_judges_alone_and_its_log_merges_later() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let (strict, available) = (venue.picture(7, STRICT), venue.picture(8, AVAILABLE));
    let revoked = venue.picture(REVOKED, AVAILABLE);
    assert_eq!(scanner.scan("1", &[&venue.blank()]).kept(), 0);
    venue.stop_hub();
    let told = scanner.scan_cut_off("1", &[&strict, &available, &available, &revoked]);
    told.check_outcomes(&[
        "home_unreachable alone",
        "admitted alone",
        "already_used alone",
        "revoked alone",
    ]);
    assert_eq!(told.lines()[0]["linked"], false);
    assert_eq!(told.kept(), 4);
    venue.start_hub();
    let told = scanner.scan("1", &[&strict, &available]);
    told.check_outcomes(&["admitted", "already_used"]);
    assert_eq!(told.kept(), 0);
    assert_eq!(venue.admitted(8), 1);
}

#[test]
fn a_wedge_types_and_the_end_of_its_input_ends_the_run() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[1], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    assert_eq!(attended.scans(&ticket(1, STRICT)), "admitted");
    assert_eq!(attended.scans("4006381333931"), "not_a_ticket");
    assert_eq!(attended.scans(&ticket(2, STRICT)), "admitted");
    attended.types(&"1".repeat(5_000));
    assert_eq!(attended.next()["kind"], "notice");
    assert_eq!(attended.scans(&ticket(3, STRICT)), "admitted");
    attended.unplug();
    assert_eq!(attended.next()["kept"], 0);
    assert_eq!(attended.ended(), Some(0));
}

#[test]
fn a_hub_that_goes_and_comes_back_is_noticed_while_scanning() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["linked"], true);
    assert_eq!(attended.scans(&ticket(1, STRICT)), "admitted");
    venue.stop_hub();
    assert_eq!(attended.scans(&ticket(2, AVAILABLE)), "admitted alone");
    assert_eq!(attended.scans(&ticket(3, STRICT)), "home_unreachable alone");
    venue.start_hub();
    // Nothing is typed meanwhile: the log merges by itself.
    venue.wait_for_admission(2);
    assert_eq!(attended.scans(&ticket(4, STRICT)), "admitted");
    attended.unplug();
    assert_eq!(attended.next()["kept"], 0);
    assert_eq!(attended.ended(), Some(0));
}

#[test]
fn signals_end_a_run_in_good_order() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    for signal in ["INT", "TERM"] {
        let mut attended = scanner.attended("1");
        assert_eq!(attended.next()["kind"], "ready");
        attended.signal(signal);
        assert_eq!(attended.next()["kind"], "end", "{signal}");
        assert_eq!(attended.ended(), Some(0), "{signal}");
    }
}

#[test]
fn exits_and_groups_are_judged_as_such() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let picture = venue.picture(7, STRICT);
    let scan = |more: &[&str]| {
        let unhurried = ["--wait-for-hub", "30", "--answer-within", "10000"];
        let arguments = ["--gate", "1", "--json", "--image", &picture];
        scanner.call("run", &[&unhurried[..], &arguments, more].concat())
    };
    // Whoever leaves is let out, also where nobody knows that they came in.
    scan(&["--direction", "out"]).check_outcomes(&["exited"]);
    scan(&["--persons", "3"]).check_outcomes(&["group_too_large"]);
    scan(&[]).check_outcomes(&["admitted"]);
    scan(&["--direction", "out"]).check_outcomes(&["exited"]);
}

#[test]
fn lines_for_people_say_the_same() {
    let mut venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    venue.refresh();
    let picture = venue.picture(7, AVAILABLE);
    let told = scanner.call("run", &[&PLAIN[..], &["--image", &picture]].concat());
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(
        lines[0].starts_with("READY gate 1 (Gate North), in | for Festival | linked to Hub A | "),
        "{told:?}"
    );
    assert_eq!(
        lines[1..],
        [
            "ADMIT Come in | Standing, place 7",
            "END admitted 1, denied 0, referred 0"
        ]
    );
    venue.stop_hub();
    let told = scanner.call(
        "run",
        &["--gate", "1", "--wait-for-hub", "0", "--image", &picture],
    );
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines[0].contains("| no hub linked: judging alone"), "{told:?}");
    assert!(lines[1].starts_with("DENY Already used | "), "{told:?}");
    assert!(
        lines[1].ends_with(" | Standing, place 7 | judged alone"),
        "{told:?}"
    );
    assert!(
        lines[2].starts_with("NOTICE 1 record of this scanner reached no hub yet"),
        "{told:?}"
    );
    assert_eq!(told.code, Some(0));
}

#[test]
fn a_gate_that_does_not_exist_or_is_not_allowed_is_refused_at_the_start() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[2], false);
    let picture = venue.picture(7, STRICT);
    scanner
        .scan("East", &[&picture])
        .check_refused(2, "choose one of 3 (Stage door), 1 (Gate North), 2 (Gate South)");
    scanner
        .scan("1", &[&picture])
        .check_refused(2, "enrolled for 2 (Gate South) only");
    scanner
        .scan("gate south", &[&picture])
        .check_outcomes(&["admitted"]);
}

#[test]
fn two_runs_on_one_folder_are_kept_apart() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let mut attended = scanner.attended("1");
    assert_eq!(attended.next()["kind"], "ready");
    let picture = venue.picture(7, STRICT);
    scanner
        .scan("1", &[&picture])
        .check_refused(2, "another usher program is running on");
    assert_eq!(attended.scans(&ticket(7, STRICT)), "admitted");
}

#[test]
fn a_reader_that_went_away_ends_the_run_with_success() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], false);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let picture = venue.picture(7, STRICT);
    let arguments = ["--gate", "1", "--image", &picture];
    let mut command = scanner.command("run");
    let status = command.args(arguments).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_scanner_whose_certificate_ends_soon_says_so_while_it_goes_on_scanning() {
    let venue = Venue::open();
    let scanner = venue.stranger();
    let code = venue.code_for_hours(5, &[], false);
    assert_eq!(scanner.call("enroll", &[&code]).code, Some(0));
    let told = scanner.scan("1", &[&venue.picture(7, STRICT)]);
    let warning = told.lines().into_iter().find(|line| line["kind"] == "warning");
    let warning = warning.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(warning["level"], "six_hours");
    let words = warning["words"].as_str().unwrap();
    assert!(
        words.starts_with("This scanner's certificate ends in 4 h 59 min"),
        "{words}"
    );
    let status = scanner.call("status", &[]);
    assert!(
        status
            .out
            .contains("WARNING      This scanner's certificate ends in 4 h"),
        "{status:?}"
    );
}
