//! Ways of scans: whom a machine asks in which order, when it gives up, and what it says then.

use usher_keys::SecretKey;

use super::*;
use crate::admission::Reason;
use crate::request::JudgedBy;

const SCAN: ScanId = ScanId([7; 16]);
const LEAST_MS: u64 = 300;
const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };
const DENY: Verdict = Verdict::Deny(Reason::Revoked);

fn hub(n: u8) -> PublicKey {
    SecretKey::from_seed(&[n; 32]).public()
}

/// The line with that number, to the hub with that number.
fn line(n: u8) -> Line {
    Line {
        id: LineId(u64::from(n)),
        hub: hub(n),
        round_trip_ms: 1,
    }
}

fn answer(verdict: Verdict, silent: Option<u8>) -> Heard {
    Heard::Response(Ok(Answer {
        scan: SCAN,
        verdict,
        by: JudgedBy::Hub(hub(1)),
        ticket: None,
        silent: silent.map(hub),
    }))
}

fn error(error: RequestError) -> Heard {
    Heard::Response(Err(error))
}

/// What happens on a scan's way: at which moment, and what.
enum Event {
    Hears(u8, Heard),
    Linked(u8),
}

use Event::{Hears, Linked};

/// Plays a way to its end: gives what was done at which moment, and the conclusion.
fn play(
    mut routing: Routing,
    lines: &[u8],
    events: Vec<(u64, Event)>,
    ours: Option<Verdict>,
) -> (Vec<String>, Conclusion) {
    let (mut now_ms, mut done) = (0, Vec::new());
    let mut lines: Vec<Line> = lines.iter().map(|n| line(*n)).collect();
    let mut events = events.into_iter().peekable();
    loop {
        match routing.next(|| lines.clone(), now_ms) {
            Next::Ask(LineId(n)) => done.push(format!("{now_ms} ask {n}")),
            Next::Judge(judging_as) => {
                done.push(format!("{now_ms} judge as {judging_as:?}"));
                routing.judged(ours, true, now_ms);
            }
            Next::Withdraw => {
                done.push(format!("{now_ms} withdraw"));
                routing.withdrawn();
            }
            Next::Say(conclusion) => return (done, conclusion),
            Next::Wait { until_ms } => match events.next_if(|(at, _)| *at <= until_ms) {
                Some((at, Hears(n, heard))) => {
                    now_ms = at;
                    routing.hear(LineId(u64::from(n)), heard, at);
                }
                Some((at, Linked(n))) => {
                    now_ms = at;
                    lines.push(line(n));
                }
                None => {
                    assert!(until_ms > now_ms, "nobody waits for what has been");
                    now_ms = until_ms;
                }
            },
        }
    }
}

fn reader() -> Routing {
    Routing::of_reader(SCAN, false, LEAST_MS)
}

#[track_caller]
fn check_reader(lines: &[u8], events: Vec<(u64, Event)>, ours: Option<Verdict>, expected: (&[&str], &Word)) {
    let (done, mut conclusion) = play(reader(), lines, events, ours);
    if let Word::Theirs(answer) = &mut conclusion.word {
        answer.silent = None;
    }
    assert_eq!(
        (done, &conclusion.word),
        (
            expected.0.iter().map(|one| (*one).to_owned()).collect(),
            expected.1
        )
    );
}

fn theirs(verdict: Verdict) -> Word {
    let Heard::Response(Ok(answer)) = answer(verdict, None) else {
        unreachable!("it is one");
    };
    Word::Theirs(answer)
}

#[test]
fn the_next_hub_is_asked_when_one_is_slow_and_what_comes_first_is_said() {
    check_reader(
        &[1, 2],
        vec![(40, Hears(1, answer(DENY, None)))],
        None,
        (&["0 ask 1"], &theirs(DENY)),
    );
    let second = vec![(150, Hears(2, answer(ADMIT, None)))];
    check_reader(&[1, 2], second, None, (&["0 ask 1", "120 ask 2"], &theirs(ADMIT)));
    // A hub that is linked meanwhile is asked like any other.
    let later = vec![(50, Linked(2)), (170, Hears(2, answer(ADMIT, None)))];
    check_reader(&[1], later, None, (&["0 ask 1", "120 ask 2"], &theirs(ADMIT)));
    // One that is lost is not waited for.
    let lost = vec![(10, Hears(1, Heard::Lost)), (30, Hears(2, answer(ADMIT, None)))];
    check_reader(&[1, 2], lost, None, (&["0 ask 1", "10 ask 2"], &theirs(ADMIT)));
}

#[test]
fn before_anything_but_a_yes_is_said_a_scan_that_somebody_may_have_said_yes_to_is_given_up() {
    let alone = ["0 ask 1", "300 judge as CutOff"];
    check_reader(&[1], vec![], Some(ADMIT), (&alone, &Word::Ours));
    let refused = ["0 ask 1", "300 judge as CutOff", "300 withdraw"];
    check_reader(&[1], vec![], Some(DENY), (&refused, &Word::Ours));
    // Nothing can be judged either: the disk is full, or the device is not welcome any more.
    check_reader(&[1], vec![], None, (&refused, &Word::Ours));
    // The hub that answers has asked a home that has not answered.
    let silent_home = vec![(60, Hears(1, answer(DENY, Some(2))))];
    let (done, conclusion) = play(reader(), &[1], silent_home, None);
    assert_eq!(done, ["0 ask 1", "60 withdraw"]);
    assert_eq!((conclusion.silent, conclusion.is_withdrawn), (Some(hub(2)), true));
    // Another hub was asked before, and may have said yes.
    let other = vec![(150, Hears(2, answer(DENY, None)))];
    let (done, conclusion) = play(reader(), &[1, 2], other, None);
    assert_eq!(done, ["0 ask 1", "120 ask 2", "150 withdraw"]);
    assert_eq!(conclusion.silent, Some(hub(1)));
    // Whoever nobody was asked has nothing to take back.
    check_reader(&[], vec![], Some(DENY), (&["0 judge as CutOff"], &Word::Ours));
}

#[test]
fn a_hub_that_could_not_write_down_its_own_word_may_have_asked_the_home_before() {
    for cannot in [RequestError::Unavailable, RequestError::Busy] {
        let events = vec![(20, Hears(1, error(cannot)))];
        let done = ["0 ask 1", "20 judge as CutOff", "20 withdraw"];
        check_reader(&[1], events, Some(DENY), (&done, &Word::Ours));
    }
}

#[test]
fn what_one_hub_may_not_another_may() {
    for may_not in [RequestError::NotAllowed, RequestError::NoPin] {
        let refusal = || (20, Hears(1, error(may_not)));
        let refused = Word::Refused(may_not);
        check_reader(&[1], vec![refusal()], None, (&["0 ask 1"], &refused));
        let (done, conclusion) = play(
            reader(),
            &[1, 2],
            vec![refusal(), (40, Hears(2, answer(ADMIT, None)))],
            None,
        );
        assert_eq!(done, ["0 ask 1", "20 ask 2"]);
        assert!(matches!(conclusion.word, Word::Theirs(_)), "{conclusion:?}");
        let both = vec![refusal(), (40, Hears(2, error(may_not)))];
        check_reader(&[1, 2], both, None, (&["0 ask 1", "20 ask 2"], &refused));
    }
}

#[test]
fn signs_of_life_are_waited_for_but_nobody_is_kept_for_ever() {
    let signs = |from: u64| (1..).map(move |n| from + n * SIGN_OF_LIFE_MS);
    let working = |until| {
        signs(0)
            .take_while(move |at| *at < until)
            .map(|at| (at, Hears(1, Heard::Working)))
    };
    let mut events: Vec<_> = working(900).collect();
    events.push((900, Hears(1, answer(ADMIT, None))));
    check_reader(&[1], events, None, (&["0 ask 1"], &theirs(ADMIT)));
    let (done, _) = play(reader(), &[1], working(10_000).collect(), Some(DENY));
    assert_eq!(done, ["0 ask 1", "4000 judge as CutOff", "4000 withdraw"]);
}

#[test]
fn an_answer_that_comes_late_or_to_another_scan_changes_nothing() {
    let mut routing = reader();
    assert_eq!(routing.next(|| vec![line(1)], 0), Next::Ask(LineId(1)));
    assert_eq!(routing.next(Vec::new, 300), Next::Judge(JudgingAs::CutOff));
    routing.hear(LineId(1), answer(ADMIT, None), 301);
    assert_eq!(routing.next(Vec::new, 301), Next::Judge(JudgingAs::CutOff));
    routing.judged(Some(DENY), false, 310);
    routing.hear(LineId(1), answer(ADMIT, None), 311);
    assert_eq!(routing.next(Vec::new, 311), Next::Withdraw);
    let mistaken = Heard::Response(Ok(Answer {
        scan: ScanId([1; 16]),
        verdict: ADMIT,
        by: JudgedBy::Alone,
        ticket: None,
        silent: None,
    }));
    let events = vec![(20, Hears(1, mistaken))];
    let done = ["0 ask 1", "20 judge as CutOff", "20 withdraw"];
    check_reader(&[1], events, Some(DENY), (&done, &Word::Ours));
}

#[test]
fn a_slow_line_is_given_the_time_it_takes() {
    for (round_trip_ms, patience) in [(0, 300), (60, 300), (600, 1_920), (5_000, 2_000)] {
        assert_eq!(patience_ms(LEAST_MS, round_trip_ms), patience);
    }
    assert_eq!(patience_ms(5_000, 9_000), 5_000);
}

#[test]
fn a_hub_asks_the_home_and_judges_in_its_place_when_it_is_silent() {
    let asks = |is_reader| Routing::of_hub(SCAN, Route::Ask(hub(1)), is_reader, 150);
    let (done, conclusion) = play(asks(false), &[1], vec![], Some(DENY));
    assert_eq!(done, ["0 ask 1", "150 judge as CutOff"]);
    assert_eq!(
        (conclusion.silent, conclusion.is_withdrawn),
        (Some(hub(1)), false)
    );
    let (done, conclusion) = play(asks(true), &[1], vec![], Some(DENY));
    assert_eq!(done, ["0 ask 1", "150 judge as CutOff", "150 withdraw"]);
    assert!(conclusion.is_withdrawn);
    // A former home was asked before, and may have said yes.
    let other = vec![(140, Hears(2, answer(DENY, None)))];
    let (_, conclusion) = play(asks(false), &[1, 2], other, None);
    let Word::Theirs(told) = conclusion.word else {
        unreachable!("the second has answered");
    };
    assert_eq!(told.silent, Some(hub(1)));
    // Whoever is no home any more has decided nothing.
    let not_home = vec![(5, Hears(1, error(RequestError::NotHome)))];
    let (done, conclusion) = play(asks(false), &[1], not_home, Some(DENY));
    assert_eq!(done, ["0 ask 1", "5 judge as CutOff"]);
    assert_eq!(conclusion.silent, None);
    let (done, _) = play(
        Routing::of_hub(SCAN, Route::Here, false, 150),
        &[],
        vec![],
        Some(ADMIT),
    );
    assert_eq!(done, ["0 judge as Home"]);
}

#[test]
fn a_reader_that_knows_a_ticket_to_be_void_asks_nobody() {
    let (done, conclusion) = play(
        Routing::of_reader(SCAN, true, LEAST_MS),
        &[1, 2],
        vec![],
        Some(DENY),
    );
    assert_eq!(done, ["0 judge as Home"]);
    assert_eq!(conclusion.word, Word::Ours);
    assert!(!conclusion.is_withdrawn);
}

#[test]
fn whoever_waits_for_a_slow_line_looks_for_others_now_and_then_and_not_all_the_time() {
    let mut routing = Routing::of_reader(SCAN, false, LEAST_MS);
    let slow = Line {
        round_trip_ms: 600,
        ..line(1)
    };
    let (mut now_ms, mut looks) = (0, 0);
    loop {
        match routing.next(|| vec![slow], now_ms) {
            Next::Wait { until_ms } => (now_ms, looks) = (until_ms, looks + 1),
            Next::Ask(_) => {}
            next @ (Next::Judge(_) | Next::Withdraw | Next::Say(_)) => {
                assert_eq!((next, now_ms), (Next::Judge(JudgingAs::CutOff), 1_920));
                break;
            }
        }
    }
    assert!(looks <= 50, "it looked {looks} times in two seconds");
}

#[test]
fn places_are_waited_for_a_few_times() {
    let full = Some(Verdict::Refer(Referral::NoPlaces));
    let here = || Routing::of_hub(SCAN, Route::Here, false, 150);
    let (done, _) = play(here(), &[], vec![], full);
    let judged = ["0", "60", "210", "510"].map(|at| format!("{at} judge as Home"));
    assert_eq!(done, judged);
    let mut alone = here();
    assert_eq!(alone.next(Vec::new, 0), Next::Judge(JudgingAs::Home));
    alone.judged(full, false, 0);
    assert!(
        matches!(alone.next(Vec::new, 0), Next::Say(_)),
        "nobody could help"
    );
}
