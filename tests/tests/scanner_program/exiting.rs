//! The exit codes that `usher-scan --help` promises, command by command.

use std::fs::OpenOptions;
use std::process::Command;

use crate::scanner::{Told, finished, program};
use crate::venue::{AVAILABLE, Venue, bare, ticket};

const HUB_AWAY: [&str; 3] = ["--json", "--wait-for-hub", "0"];

#[track_caller]
fn check(what: &str, told: &Told, code: i32) {
    assert_eq!(told.code, Some(code), "{what}: {told:?}");
}

#[test]
fn a_command_that_does_what_it_should_exits_with_0() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], true);
    let (good, code) = (venue.picture(1, AVAILABLE), ticket(2, AVAILABLE));
    let who = ["--gate", "1", "--by", "Ada", "--why", "lost"];
    // A guest who is refused is no fault of the run.
    let run = scanner.scan("1", &[&good, &good, &venue.blank()]);
    check("run", &run, 0);
    check("verify", &scanner.call("verify", &[&code]), 0);
    check(
        "override",
        &scanner.call("override", &[&who[..], &[&code]].concat()),
        0,
    );
    check("status", &scanner.call("status", &[]), 0);
    check("events", &scanner.call("events", &[]), 0);
    check("decode", &Told::of(&bare(&["decode", &good])), 0);
    check("sheet", &Told::of(&bare(&["sheet"])), 0);
    check("--help", &Told::of(&bare(&["--help"])), 0);
    check("--version", &Told::of(&bare(&["--version"])), 0);
}

#[test]
fn what_is_not_as_it_should_be_exits_with_1() {
    let venue = Venue::open();
    let scanner = venue.scanner("one", &[], true);
    let who = ["--gate", "1", "--by", "Ada", "--why", "lost"];
    let blank = venue.blank();
    check("verify", &scanner.call("verify", &["hello"]), 1);
    check(
        "override",
        &scanner.call("override", &[&who[..], &["hello"]].concat()),
        1,
    );
    check("decode", &Told::of(&bare(&["decode", &blank])), 1);
    check("decode", &Told::of(&bare(&["decode", "/no/such/file"])), 1);
    let onto_a_full_disk = |command: &mut Command| {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.stdout(full).status().unwrap().code()
    };
    assert_eq!(onto_a_full_disk(program().arg("sheet")), Some(1), "sheet");
    for name in ["status", "events"] {
        assert_eq!(onto_a_full_disk(&mut scanner.command(name)), Some(1), "{name}");
    }
    let mut run = scanner.command("run");
    let arguments = ["--gate", "1", "--image", &blank];
    assert_eq!(
        onto_a_full_disk(run.args(HUB_AWAY).args(arguments)),
        Some(1),
        "run"
    );
}

#[test]
fn a_command_that_can_do_nothing_exits_with_2() {
    let mut venue = Venue::open();
    let (stranger, plain, supervisor) = (
        venue.stranger(),
        venue.scanner("plain", &[], false),
        venue.scanner("supervisor", &[], true),
    );
    let (blank, code) = (venue.blank(), ticket(2, AVAILABLE));
    let who = ["--gate", "1", "--by", "Ada", "--why", "lost"];
    check("no command", &Told::of(&bare(&[])), 2);
    check("unknown command", &Told::of(&bare(&["stand"])), 2);
    check("decode", &Told::of(&bare(&["decode"])), 2);
    check("enroll", &stranger.call("enroll", &["no code"]), 2);
    check("run", &stranger.call("run", &["--gate", "1", "--wedge"]), 2);
    check("status", &stranger.call("status", &[]), 2);
    check("verify", &stranger.call("verify", &[&code]), 2);
    check("verify", &plain.call("verify", &["--image", &blank]), 2);
    check(
        "override",
        &plain.call("override", &[&who[..], &[&code]].concat()),
        2,
    );
    check("run", &plain.call("run", &["--gate", "East", "--wedge"]), 2);
    venue.stop_hub();
    check(
        "override",
        &supervisor.call("override", &[&who[..], &[&code]].concat()),
        2,
    );
    let again = supervisor.call("enroll", &[&format!("{code} ")]);
    check("enroll", &again, 2);
}

#[test]
fn the_help_says_what_the_exit_codes_mean() {
    let help = String::from_utf8(finished(program().arg("--help")).stdout).unwrap();
    for line in [
        "Exit codes:",
        "verify    0 every ticket would be admitted, 1 one would not, 2 one could not be judged",
        "decode    0 every picture had a code, 1 one had none or cannot be opened",
    ] {
        assert!(help.contains(line), "no {line:?} in {help}");
    }
}
