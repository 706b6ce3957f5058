//! Keystrokes in portions and with pauses, and the codes that are cut from them.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use usher_keys::{KeyId, SecretKey};
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::{Generation, TierId, Unit};

use super::keystrokes::PORTION_BYTES;
use super::*;
use usher_protocol::ticket::typed::Garbled;

fn ticket(unit: u32) -> String {
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    };
    ticket.sign(&SecretKey::from_seed(&[1; 32])).to_text()
}

fn told(capture: Capture) -> Option<String> {
    match capture {
        Capture::Typed(text) => Some(text),
        Capture::Keyed(line) => Some(format!("<keyed {line}>")),
        Capture::Fault(SourceError::LineTooLong) => Some("<too long>".to_owned()),
        Capture::Fault(SourceError::LineNotText) => Some("<no text>".to_owned()),
        Capture::Fault(SourceError::Garbled(garbled)) => Some(format!("<{garbled:?}>")),
        Capture::Fault(SourceError::Input(_)) => Some("<broken>".to_owned()),
        Capture::End => None,
        other
        @ (Capture::Frame(_) | Capture::Picture { .. } | Capture::Fault(_) | Capture::Outage { .. }) => {
            panic!("a wedge never yields {other:?}")
        }
    }
}

/// What happens at the keys.
#[derive(Debug)]
enum Step<'a> {
    Typed(&'a str),
    /// Silence for as long as a scanner may take between two keys.
    Moment,
    /// Silence for as long as it takes to aim.
    Pause,
    /// Silence for long.
    Rest,
}

/// What the cutter makes of these steps; nobody waits for the time between them.
#[track_caller]
fn check_steps(steps: &[Step<'_>], expected: &[&str]) {
    let mut cutter = Cutter::default();
    let mut now = Instant::now();
    for step in steps {
        let silence_ms = match step {
            Step::Typed(typed) => {
                cutter.typed_at(now, typed.as_bytes());
                continue;
            }
            Step::Moment => 100,
            Step::Pause => 300,
            Step::Rest => 3_000,
        };
        now += Duration::from_millis(silence_ms);
    }
    cutter.end();
    let told: Vec<String> = cutter.ready.into_iter().filter_map(told).collect();
    assert_eq!(told, expected, "{steps:?}");
}

/// What a wedge makes of an input that is read so many bytes at a time, and then ends.
#[track_caller]
fn check(typed: impl AsRef<[u8]>, expected: &[&str]) {
    for portion_bytes in [1, 3, PORTION_BYTES] {
        let mut cutter = Cutter::default();
        for portion in typed.as_ref().chunks(portion_bytes) {
            cutter.typed(portion);
        }
        cutter.end();
        let told: Vec<String> = cutter.ready.into_iter().filter_map(told).collect();
        assert_eq!(told, expected, "read {portion_bytes} bytes at a time");
    }
}

#[test]
fn every_way_to_end_a_code_ends_it() {
    check("12\n34\n", &["12", "34"]);
    check("12\r34\r", &["12", "34"]);
    check("12\r\n34\r\n", &["12", "34"]);
    check("12\t34\t", &["12", "34"]);
    check("12\t\r\n34\t\t", &["12", "34"]);
    check("12\r\r\n\n34", &["12", "34"]);
    check("", &[]);
    check("\n\r\n\t \n", &[]);
}

#[test]
fn blanks_around_a_code_are_the_scanners() {
    check(" 12 \n\u{feff}34\n", &["12", "34"]);
    check("+12\n0012\n1 2\n", &["+12", "0012", "1 2"]);
}

#[test]
fn two_guests_codes_are_never_one() {
    let (one, two) = (ticket(1), ticket(2));
    use Step::{Moment, Pause, Rest, Typed};
    let expected = [one.as_str(), &two];
    check_steps(&[Typed(&one), Pause, Typed(&two), Pause], &expected);
    check_steps(&[Typed(&format!("{one}{two}")), Pause], &expected);
    check_steps(&[Typed(&one), Moment, Typed(&two), Pause], &expected);
    check_steps(&[Typed(&one), Typed("\t"), Typed(&two), Typed("\t")], &expected);
    let (head, tail) = two.split_at(90);
    check_steps(
        &[Typed(&one), Moment, Typed(head), Pause, Typed(tail), Pause],
        &expected,
    );
    check_steps(&[Typed(head), Pause, Typed(tail), Pause], &[&two]);
    check_steps(
        &[
            Typed(&one),
            Pause,
            Typed("\r\n"),
            Typed(&two),
            Pause,
            Typed("\r\n"),
        ],
        &expected,
    );
    check_steps(
        &[
            Typed("]Q1"),
            Moment,
            Typed(&one),
            Pause,
            Typed("]Q1"),
            Typed(&two),
            Pause,
        ],
        &expected,
    );
    check_steps(
        &[
            Typed("hello"),
            Pause,
            Typed("\n"),
            Typed("world"),
            Rest,
            Typed("!"),
            Rest,
        ],
        &["hello", "world", "!"],
    );
    check_steps(&[Typed(&one), Typed(head), Rest], &["<RanTogether>"]);
}

#[test]
fn what_is_too_long_is_skipped_up_to_the_next_code() {
    let longest = "ab".repeat(MAX_LINE_BYTES / 2);
    let other_layout = format!("<{:?}>", Garbled::OtherLayout);
    check(format!("{longest}\n2\n"), &[&other_layout, "2"]);
    check(format!("{longest}1\n2\n"), &["<too long>", "2"]);
    check(format!("{}\r\n2", longest.repeat(3)), &["<too long>", "2"]);
}

#[test]
fn bytes_that_are_no_text_are_told_and_the_next_code_is_read() {
    check(b"\xff\xfe12\n34\n", &["<no text>", "34"]);
    check(b"1\x002\n\xc3\n", &["1\u{0}2", "<no text>"]);
}

/// An input that fails after its first bytes.
struct Unplugged(&'static [u8]);

impl Read for Unplugged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::Error::other("gone"));
        }
        self.0.read(buffer)
    }
}

#[test]
fn an_input_that_breaks_off_is_told_once() {
    let mut wedge = Wedge::new(Keystrokes::of(Unplugged(b"12\n")).unwrap());
    let told: Vec<String> = std::iter::from_fn(|| told(wedge.next())).collect();
    assert_eq!(told, ["12", "<broken>"]);
}

#[test]
fn an_input_that_ends_ends_the_wedge() {
    let mut wedge = Wedge::new(Keystrokes::of(&b"12\n34"[..]).unwrap());
    let told: Vec<String> = std::iter::from_fn(|| told(wedge.next())).collect();
    assert_eq!(told, ["12", "34"]);
}

/// What is cut beside staff, whether or not they were asked something.
#[track_caller]
fn check_beside_staff(is_asked: bool, typed: &[(u64, &str)], expected: &[&str]) {
    let asking = OpenQuestion::default();
    asking.set(is_asked);
    let (mut cutter, mut now) = (Cutter::beside_staff(asking), Instant::now());
    for (pause_ms, keys) in typed {
        now += Duration::from_millis(*pause_ms);
        cutter.typed_at(now, keys.as_bytes());
    }
    let cut: Vec<String> = std::iter::from_fn(|| cutter.next()).filter_map(told).collect();
    assert_eq!(cut, expected);
}

#[test]
fn beside_staff_a_line_that_is_no_ticket_may_be_theirs_and_a_ticket_never_is() {
    let code = ticket(7);
    let with_enter = format!("{code}\r\n");
    for is_asked in [false, true] {
        check_beside_staff(is_asked, &[(0, &with_enter)], &[&code]);
        check_beside_staff(is_asked, &[(0, &code), (200, "4")], &[&code]);
        check_beside_staff(is_asked, &[(0, "override\n")], &["<keyed override>"]);
        check_beside_staff(is_asked, &[(0, "Adaq\u{7f}\n")], &["<keyed Ada>"]);
        check_beside_staff(is_asked, &[(0, "Zo\u{eb}\u{8}e\n")], &["<keyed Zoe>"]);
        check_beside_staff(is_asked, &[(0, &with_enter), (900, "\n")], &[&code, "<keyed >"]);
    }
}

#[test]
fn whoever_was_asked_may_pause_and_a_code_without_enter_may_not() {
    check_beside_staff(true, &[(0, "Ada"), (5_000, " L.\n")], &["<keyed Ada L.>"]);
    check_beside_staff(
        false,
        &[(0, "4006381333931"), (5_000, "x\n")],
        &["4006381333931", "<keyed x>"],
    );
}
