//! Runs the loop over recorded readings with a judge written on the spot.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use usher_fixtures::{SHOW, STRICT, key};
use usher_keys::{Timestamp, WarningLevel};
use usher_protocol::ticket::Ticket;
use usher_words::certificates::CertificateNote;

use super::*;
use crate::readings::SeenFrame;
use crate::screen::Style;
use crate::source::SourceError;
use usher_eyes::Hint;

fn answer(signal: Signal, words: impl Into<String>) -> ScanOutcome {
    ScanOutcome {
        signal,
        words: words.into(),
        reason: None,
        details: Vec::new(),
        alone: false,
        outcome: "tested",
        is_withdrawn: false,
        took_ms: 3,
    }
}

/// Codes seen at a time.
fn codes(at_ms: u64, codes: &[&str]) -> Reading {
    let view = SeenFrame {
        codes: codes.iter().map(|code| code.as_bytes().to_vec()).collect(),
        ..SeenFrame::default()
    };
    Reading {
        at_ms,
        sight: Sight::View(view),
    }
}

fn fault(at_ms: u64) -> Reading {
    Reading {
        at_ms,
        sight: Sight::Fault(SourceError::LineTooLong),
    }
}

/// Judges as a gate would: `ok…` once, `ask…` is referred, everything else is foreign.
#[derive(Default)]
struct Gate {
    used: RefCell<HashSet<Vec<u8>>>,
    scans: RefCell<Vec<ShownCode>>,
}

impl Gate {
    fn judge(&self, scan: ShownCode) -> ScanOutcome {
        self.scans.borrow_mut().push(scan.clone());
        if scan.code.starts_with(b"ask") {
            answer(Signal::Refer, "Gate 1")
        } else if !scan.code.starts_with(b"ok") {
            answer(Signal::Deny, "Not a ticket")
        } else if self.used.borrow_mut().insert(scan.code) {
            answer(Signal::Admit, "Welcome")
        } else {
            ScanOutcome {
                outcome: "already_used",
                ..answer(Signal::Deny, "Already used")
            }
        }
    }
}

/// Plays readings to a station and returns what it wrote.
async fn played(pace: Pace, gate: &Gate, readings: Vec<Reading>) -> (String, ScanCounts) {
    let (sender, receiver) = mpsc::channel(readings.len().max(1));
    for reading in readings {
        sender.send(reading).await.unwrap();
    }
    drop(sender);
    written(pace, gate, receiver).await
}

async fn written(pace: Pace, gate: &Gate, readings: mpsc::Receiver<Reading>) -> (String, ScanCounts) {
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Plain);
    let station = Station::new(
        screen,
        "Gate 2, in".to_owned(),
        ScannerStatus::default,
        pace,
        RunClock::start(),
    );
    let judge = async |scan, _| gate.judge(scan);
    let counts = station
        .run(readings, judge, CancellationToken::new())
        .await
        .unwrap();
    (String::from_utf8(out).unwrap(), counts)
}

#[tokio::test]
async fn a_live_code_that_its_phone_renews_is_one_showing() {
    let phone = key(3);
    let ticket = Ticket {
        holder: Some(phone.public()),
        ..usher_fixtures::ticket(7, STRICT)
    };
    let payload = ticket.sign(&SHOW.tickets());
    let [first, renewed] =
        [0, 10_000].map(|ms| payload.shown_live(&phone, Timestamp(1_800_000_000_000 + ms)));
    let gate = Gate::default();
    let seen = vec![
        codes(0, &[&first]),
        codes(900, &[&renewed]),
        codes(1_800, &[&renewed]),
        codes(9_000, &[&renewed]),
    ];
    played(Pace::CAMERA, &gate, seen).await;
    assert_eq!(gate.scans.borrow().len(), 2, "once until it was gone for a while");
}

#[tokio::test]
async fn each_code_is_judged_once_while_it_stays_in_view() {
    let gate = Gate::default();
    let seen = vec![
        codes(0, &["ok1"]),
        codes(33, &[]),
        codes(66, &["ok1"]),
        codes(1_000, &["ok1", "ok2"]),
        codes(1_900, &["ok1", "ok2"]),
        codes(9_000, &["ok1"]),
    ];
    let (out, counts) = played(Pace::CAMERA, &gate, seen).await;
    assert_eq!(
        out,
        "ADMIT Welcome\nADMIT Welcome\nDENY Already used | just now, this gate (9 s ago)\n"
    );
    assert_eq!(
        counts,
        ScanCounts {
            admitted: 2,
            denied: 1,
            referred: 0
        }
    );
}

#[tokio::test]
async fn foreign_codes_and_faults_do_not_stop_the_loop() {
    let seen = vec![
        codes(0, &["http://example.org"]),
        fault(1),
        fault(2),
        codes(3, &["\u{0}\u{7f}"]),
        codes(4, &["ok"]),
    ];
    let (out, _) = played(Pace::CAMERA, &Gate::default(), seen).await;
    let notice = format!("NOTICE {}", SourceError::LineTooLong);
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        ["DENY Not a ticket", &notice, "DENY Not a ticket", "ADMIT Welcome"],
        "the same notice is told once"
    );
}

#[tokio::test]
async fn a_referred_code_shown_again_is_the_same_scan_and_an_answered_one_is_not() {
    let gate = Gate::default();
    let seen = [
        ("ask", 0),
        ("ask", 10_000),
        ("ask", 45_000),
        ("ok", 46_000),
        ("ok", 50_000),
    ];
    let readings = seen.map(|(code, at_ms)| codes(at_ms, &[code])).into();
    played(Pace::CAMERA, &gate, readings).await;
    let scans = gate.scans.into_inner();
    let same = |one: usize, other: usize| scans[one].secret == scans[other].secret;
    assert!(same(0, 1) && !same(1, 2) && !same(3, 4), "{scans:?}");
}

#[tokio::test]
async fn a_code_that_is_repeated_stays_green_and_is_told_once_to_count_once() {
    let gate = Gate::default();
    let lying_there = (0..20).map(|n| Reading {
        at_ms: n * 1_200,
        sight: Sight::Code(b"ok".to_vec()),
    });
    let (out, counts) = played(Pace::WEDGE, &gate, lying_there.collect()).await;
    assert_eq!(out, format!("ADMIT Welcome\nNOTICE {}\n", words::COUNTS_ONCE));
    assert_eq!((counts.admitted, counts.denied), (1, 0));
}

#[tokio::test]
async fn a_code_that_is_really_shown_again_was_used_just_now_at_this_gate() {
    let typed = |at_ms| Reading {
        at_ms,
        sight: Sight::Code(b"ok".to_vec()),
    };
    let readings = vec![typed(0), typed(8_000), typed(20_000), typed(90_000)];
    let (out, _) = played(Pace::WEDGE, &Gate::default(), readings).await;
    assert_eq!(
        out,
        "ADMIT Welcome\n\
         DENY Already used | just now, this gate (8 s ago)\n\
         DENY Already used | just now, this gate (20 s ago)\n\
         DENY Already used\n"
    );
}

#[tokio::test]
async fn the_same_picture_twice_is_two_scans() {
    let (out, _) = played(
        Pace::PICTURES,
        &Gate::default(),
        vec![codes(0, &["ok"]), codes(0, &["ok"])],
    )
    .await;
    assert_eq!(
        out,
        "ADMIT Welcome\nDENY Already used | just now, this gate (0 s ago)\n"
    );
}

#[tokio::test]
async fn a_stopped_station_returns_though_its_source_goes_on() {
    let (sender, readings) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let screen = Screen::new(Vec::new(), Style::Plain);
    let station = Station::new(
        screen,
        String::new(),
        ScannerStatus::default,
        Pace::CAMERA,
        RunClock::start(),
    );
    let judge = async |_, _| {
        stop.cancel();
        answer(Signal::Admit, "Welcome")
    };
    sender.send(codes(0, &["ok"])).await.unwrap();
    let counts = station.run(readings, judge, stop.clone()).await.unwrap();
    assert_eq!(counts.admitted, 1);
    assert!(sender.is_closed());
}

/// An output whose reader went away.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_went_away_ends_the_loop_without_an_error() {
    let (sender, readings) = mpsc::channel(1);
    sender.send(codes(0, &["ok"])).await.unwrap();
    let station = Station::new(
        Screen::new(Closed, Style::Plain),
        String::new(),
        ScannerStatus::default,
        Pace::CAMERA,
        RunClock::start(),
    );
    let judge = async |_, _| answer(Signal::Admit, "Welcome");
    assert_eq!(
        station
            .run(readings, judge, CancellationToken::new())
            .await
            .unwrap()
            .admitted,
        1
    );
}

/// A frame in which a code is seen but not read.
fn unread(at_ms: u64, hint: Hint) -> Reading {
    let view = SeenFrame {
        hint: Some(hint),
        ..SeenFrame::default()
    };
    Reading {
        at_ms,
        sight: Sight::View(view),
    }
}

#[tokio::test]
async fn a_code_that_stays_unread_gets_one_hint_and_a_read_one_none() {
    let mut seen: Vec<Reading> = (0..20).map(|frame| unread(frame * 40, Hint::TooFar)).collect();
    seen.push(codes(800, &["ok"]));
    seen.extend((20..60).map(|frame| unread(frame * 40, Hint::HoldStill)));
    let (out, _) = played(Pace::CAMERA, &Gate::default(), seen).await;
    assert_eq!(
        out,
        "HINT Too far: Hold the code closer to the camera\nADMIT Welcome\n"
    );
}

#[tokio::test]
async fn what_was_seen_before_a_fault_does_not_take_its_notice_away() {
    let seen = vec![
        codes(5, &[]),
        fault(20),
        codes(10, &[]),
        fault(30),
        codes(40, &[]),
        fault(50),
    ];
    let (out, _) = played(Pace::CAMERA, &Gate::default(), seen).await;
    let notice = format!("NOTICE {}\n", SourceError::LineTooLong);
    assert_eq!(
        out,
        notice.repeat(2),
        "once before the camera was back and once after"
    );
}

#[tokio::test]
async fn news_of_the_certificate_is_told_once_although_its_words_go_on_changing() {
    let notes = [
        (Some(WarningLevel::Day), "ends in 7 h 0 min"),
        (Some(WarningLevel::Day), "ends in 6 h 59 min"),
        (Some(WarningLevel::SixHours), "ends in 5 h 59 min"),
        (None, "was renewed"),
    ];
    let notes = notes.map(|(level, words)| CertificateNote {
        level,
        words: words.to_owned(),
    });
    let left = RefCell::new(VecDeque::from(notes));
    let status = || ScannerStatus {
        line: String::new(),
        certificate: left.borrow_mut().pop_front(),
        ..ScannerStatus::default()
    };
    let (sender, readings) = mpsc::channel(8);
    for at_ms in 0..6 {
        sender.send(codes(at_ms, &[&format!("ok{at_ms}")])).await.unwrap();
    }
    drop(sender);
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Plain);
    let station = Station::new(screen, String::new(), status, Pace::CAMERA, RunClock::start());
    let judge = async |_, _| answer(Signal::Admit, "Welcome");
    station
        .run(readings, judge, CancellationToken::new())
        .await
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    let warnings: Vec<_> = out.lines().filter(|line| line.starts_with("WARNING")).collect();
    assert_eq!(
        warnings,
        [
            "WARNING ends in 7 h 0 min",
            "WARNING ends in 5 h 59 min",
            "WARNING was renewed"
        ]
    );
}

#[tokio::test]
async fn a_wrong_clock_is_told_again_when_it_is_off_in_another_way_and_not_with_each_minute() {
    let clocks = [
        (ClockHealth::Wrong(2_700_000), "45 min ahead"),
        (ClockHealth::Wrong(2_760_000), "46 min ahead"),
        (ClockHealth::InDoubt(2_760_000), "nobody can tell"),
        (ClockHealth::Wrong(72_000_000), "20 h ahead"),
    ];
    let left = RefCell::new(VecDeque::from(clocks));
    let status = || {
        let next = left.borrow_mut().pop_front();
        next.map_or_else(ScannerStatus::default, |(clock_health, words)| ScannerStatus {
            clock: Some(words.to_owned()),
            clock_health,
            ..ScannerStatus::default()
        })
    };
    let (sender, readings) = mpsc::channel(8);
    for at_ms in 0..6 {
        sender.send(codes(at_ms, &[&format!("ok{at_ms}")])).await.unwrap();
    }
    drop(sender);
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Plain);
    let station = Station::new(screen, String::new(), status, Pace::CAMERA, RunClock::start());
    let judge = async |_, _| answer(Signal::Admit, "Welcome");
    station
        .run(readings, judge, CancellationToken::new())
        .await
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    let notices: Vec<_> = out.lines().filter(|line| line.starts_with("NOTICE")).collect();
    assert_eq!(
        notices,
        [
            "NOTICE 45 min ahead",
            "NOTICE nobody can tell",
            "NOTICE 20 h ahead"
        ]
    );
}

#[tokio::test]
async fn that_a_scanner_may_judge_nothing_is_told_when_it_begins_and_not_with_each_look() {
    let bars = [
        None,
        Some("refused"),
        Some("refused"),
        None,
        Some("refused"),
        Some("withdrawn"),
    ];
    let left = RefCell::new(VecDeque::from(bars));
    let status = || ScannerStatus {
        bar: left.borrow_mut().pop_front().flatten().map(str::to_owned),
        ..ScannerStatus::default()
    };
    let (sender, readings) = mpsc::channel(8);
    for at_ms in 0..8 {
        sender.send(codes(at_ms, &[&format!("ok{at_ms}")])).await.unwrap();
    }
    drop(sender);
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Plain);
    let station = Station::new(screen, String::new(), status, Pace::CAMERA, RunClock::start());
    let judge = async |_, _| answer(Signal::Barred, "Do not use");
    let counts = station
        .run(readings, judge, CancellationToken::new())
        .await
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    let notices: Vec<_> = out.lines().filter(|line| line.starts_with("NOTICE")).collect();
    assert_eq!(notices, ["NOTICE refused", "NOTICE refused", "NOTICE withdrawn"]);
    assert!(out.contains("BARRED Do not use"), "{out}");
    assert_eq!(
        counts,
        ScanCounts::default(),
        "no guest was turned away for a ticket"
    );
}

#[tokio::test(start_paused = true)]
async fn while_an_answer_is_waited_for_nobody_passes_under_the_one_before() {
    let (sender, readings) = mpsc::channel(2);
    sender.send(codes(0, &["ok1"])).await.unwrap();
    sender.send(codes(100, &["ok2"])).await.unwrap();
    drop(sender);
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Panel { colour: false });
    let place = "Gate 2, in".to_owned();
    let station = Station::new(
        screen,
        place,
        ScannerStatus::default,
        Pace::CAMERA,
        RunClock::start(),
    );
    let judge = async |scan: ShownCode, _| {
        let is_slow = scan.code == b"ok2";
        sleep(Duration::from_millis(if is_slow { 1_500 } else { 5 })).await;
        ScanOutcome {
            reason: Some(if is_slow { "the second" } else { "the first" }.to_owned()),
            ..answer(Signal::Admit, "Welcome")
        }
    };
    station
        .run(readings, judge, CancellationToken::new())
        .await
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    let waiting = &out[out.find(words::BEING_ASKED).unwrap()..out.find("the second").unwrap()];
    assert!(
        waiting.contains("the first"),
        "the one before is still listed: {waiting}"
    );
    let [first, wait, second] = ["the first", words::BEING_ASKED, "the second"].map(|words| out.find(words));
    assert!(
        first < wait && wait < second && first.is_some(),
        "{first:?}, {wait:?}, {second:?}"
    );
}

/// Takes yeses back, as a clerk does; a ticket that was taken back is as new.
async fn undo_at(gate: &Gate, lines: &[(u64, &str)]) -> (String, ScanCounts) {
    let (sender, receiver) = mpsc::channel(16);
    for (at_ms, line) in lines {
        let sight = match line.strip_prefix("code ") {
            Some(code) => Sight::Code(code.as_bytes().to_vec()),
            None => Sight::Entered((*line).to_owned()),
        };
        sender.send(Reading { at_ms: *at_ms, sight }).await.unwrap();
    }
    drop(sender);
    let mut out = Vec::new();
    let screen = Screen::new(&mut out, Style::Plain);
    let place = "Gate 2, in".to_owned();
    let station = Station::new(
        screen,
        place,
        ScannerStatus::default,
        Pace::WEDGE,
        RunClock::start(),
    );
    let judge = async |scan: ShownCode, order: Order| match order.wish {
        Wish::Annul { why } => {
            assert_eq!(why, "did not turn");
            assert!(gate.used.borrow_mut().remove(&scan.code), "it was used");
            ScanOutcome {
                outcome: presentation::ANNULLED,
                ..answer(Signal::Unanswered, "Undone")
            }
        }
        Wish::Judge | Wish::Override(_) => gate.judge(scan),
        Wish::AnnulLast(_) | Wish::Count(_) => unreachable!("no supervisor has typed"),
    };
    let counts = station.run(receiver, judge, CancellationToken::new()).await;
    (String::from_utf8(out).unwrap(), counts.unwrap())
}

#[tokio::test]
async fn the_last_yes_is_undone_once_and_its_ticket_can_be_shown_again() {
    let gate = Gate::default();
    let lines = [
        (0, "undo did not turn"),
        (1, "code ok1"),
        (10, "code ok1"),
        (4_000, "undo did not turn"),
        (4_001, "undo did not turn"),
        (9_000, "code ok1"),
        (9_001, "code ok2"),
    ];
    let (out, counts) = undo_at(&gate, &lines).await;
    let nothing = format!("NOTICE {}\n", words::NOTHING_TO_UNDO);
    let undone = "UNANSWERED Undone\n";
    let expected = format!("{nothing}ADMIT Welcome\n{undone}{nothing}ADMIT Welcome\nADMIT Welcome\n");
    assert_eq!(out, expected);
    assert_eq!(counts.admitted, 2, "whoever did not pass is not counted");
}

#[tokio::test]
async fn a_yes_of_more_than_a_quarter_of_an_hour_ago_is_a_supervisors_to_undo() {
    for (after_ms, outcome) in [(900_000, "UNANSWERED Undone"), (900_001, "UNANSWERED Not undone")] {
        // Whoever judges takes it back, whenever it was.
        let gate = Gate::default();
        let lines = [
            (1_000_000, "code ok1"),
            (1_000_000 + after_ms, "undo did not turn"),
        ];
        let (out, _) = undo_at(&gate, &lines).await;
        let last = out.lines().last().unwrap_or_default();
        assert!(last.starts_with(outcome), "{after_ms} ms: {out}");
    }
}
