//! Showings: when a code is a new scan, when it is the same again, and how long that is remembered.

use super::*;

/// A sighting at a time, what must be made of it, and what then comes of it.
type Step = (&'static str, u64, Seen<u8>, Came);

const FINAL: Came = Came::Passed;
const OPEN: Came = Came::Open;

/// What lasts of the codes here: a phone renews what follows a plus.
fn before_the_plus(code: &[u8]) -> Cow<'_, [u8]> {
    let end = code.iter().position(|byte| *byte == b'+');
    Cow::Borrowed(&code[..end.unwrap_or(code.len())])
}

#[track_caller]
fn check(in_view_ms: u64, steps: &[Step]) {
    let mut debounce = Debounce::new(in_view_ms, before_the_plus);
    let mut next_id = 1;
    for &(code, now_ms, expected, came) in steps {
        let seen = debounce.seen(code.as_bytes(), now_ms);
        assert_eq!(seen, expected, "{code} at {now_ms} ms");
        let id = match seen {
            Seen::New => {
                next_id += 1;
                next_id - 1
            }
            Seen::Again(id) => id,
            Seen::Held | Seen::Repeated => continue,
        };
        debounce.judged(code.as_bytes(), id, came, now_ms);
    }
}

#[test]
fn a_code_that_stays_in_view_is_judged_once() {
    check(
        2_000,
        &[
            ("a", 0, Seen::New, FINAL),
            ("a", 40, Seen::Held, FINAL),
            ("a", 1_900, Seen::Repeated, FINAL),
            ("a", 3_800, Seen::Held, FINAL),
            ("a", 60_000, Seen::New, FINAL),
        ],
    );
}

#[test]
fn a_code_that_left_the_view_is_a_new_scan() {
    check(
        2_000,
        &[
            ("a", 0, Seen::New, FINAL),
            ("a", 2_000, Seen::New, FINAL),
            ("a", 3_999, Seen::Repeated, FINAL),
        ],
    );
}

#[test]
fn a_wedge_that_repeats_a_code_makes_one_scan_of_a_showing() {
    for every_ms in [200, 1_000, 1_200, 1_300, 1_500, 2_900] {
        let mut debounce = Debounce::new(3_000, before_the_plus);
        debounce.judged(b"group", 1, FINAL, 0);
        let seen = (1..100).map(|n| debounce.seen(b"group", n * every_ms));
        let told = seen.map(|seen| match seen {
            Seen::Repeated => 1,
            Seen::Held => 0,
            Seen::New | Seen::Again(_) => panic!("another scan at {every_ms} ms"),
        });
        let expected = u32::from(every_ms >= NOTICED_AFTER_MS);
        assert_eq!(told.sum::<u32>(), expected, "every {every_ms} ms");
        assert_eq!(debounce.seen(b"group", 99 * every_ms + 3_000), Seen::New);
    }
}

#[test]
fn a_code_that_let_somebody_pass_is_remembered_as_just_now_for_a_minute() {
    let mut debounce = Debounce::new(3_000, before_the_plus);
    assert_eq!(debounce.passed_ago_ms(b"a", 0), None);
    debounce.judged(b"a", 1, Came::Passed, 1_000);
    debounce.judged(b"b", 2, Came::Refused, 1_000);
    assert_eq!(debounce.passed_ago_ms(b"a", 9_000), Some(8_000));
    assert_eq!(debounce.passed_ago_ms(b"b", 9_000), None);
    debounce.judged(b"a", 3, Came::Refused, 9_000);
    assert_eq!(debounce.passed_ago_ms(b"a", 11_000), Some(10_000));
    assert_eq!(debounce.passed_ago_ms(b"a", 61_001), None);
}

#[test]
fn another_question_is_no_retry() {
    let mut debounce = Debounce::new(2_000, before_the_plus);
    debounce.judged(b"a", 1, OPEN, 0);
    debounce.ask_anew();
    assert_eq!(debounce.seen(b"a", 500), Seen::Held);
    assert_eq!(debounce.seen(b"a", 5_000), Seen::New);
}

#[test]
fn two_codes_in_view_are_judged_once_each() {
    check(
        2_000,
        &[
            ("a", 0, Seen::New, FINAL),
            ("b", 0, Seen::New, FINAL),
            ("a", 40, Seen::Held, FINAL),
            ("b", 40, Seen::Held, FINAL),
        ],
    );
}

#[test]
fn an_open_scan_shown_again_keeps_its_id_for_half_a_minute() {
    check(
        2_000,
        &[
            ("a", 0, Seen::New, OPEN),
            ("a", 1_000, Seen::Repeated, OPEN),
            ("a", 5_000, Seen::Again(1), OPEN),
            ("a", 29_000, Seen::Again(1), OPEN),
            ("a", 32_000, Seen::New, OPEN),
            ("a", 60_000, Seen::Again(2), FINAL),
            ("a", 63_000, Seen::New, FINAL),
        ],
    );
}

#[test]
fn pictures_are_never_held() {
    check(
        0,
        &[
            ("a", 5, Seen::New, FINAL),
            ("a", 5, Seen::New, OPEN),
            ("a", 5, Seen::Again(2), FINAL),
        ],
    );
}

#[test]
fn a_clock_that_goes_back_holds_and_does_not_panic() {
    check(
        2_000,
        &[
            ("a", 10_000, Seen::New, FINAL),
            ("a", 3, Seen::Held, FINAL),
            ("a", 12_000, Seen::New, FINAL),
        ],
    );
}

#[test]
fn memory_is_bounded_and_the_oldest_goes_first() {
    let mut debounce = Debounce::new(1_000_000, before_the_plus);
    for number in 0..=MAX_REMEMBERED_CODES {
        debounce.judged(&number.to_be_bytes(), number, FINAL, number as u64);
    }
    assert_eq!(debounce.remembered.len(), MAX_REMEMBERED_CODES);
    assert_eq!(debounce.seen(&0_usize.to_be_bytes(), 100), Seen::New);
    assert_eq!(debounce.seen(&1_usize.to_be_bytes(), 100), Seen::Held);
}

#[test]
fn a_code_that_a_phone_renews_is_one_showing() {
    check(
        2_000,
        &[
            ("a+1", 0, Seen::New, FINAL),
            ("a+2", 500, Seen::Held, FINAL),
            ("a+3", 1_900, Seen::Repeated, FINAL),
            ("b+3", 1_900, Seen::New, OPEN),
            ("b+4", 6_000, Seen::Again(2), FINAL),
            ("a+4", 6_000, Seen::New, FINAL),
        ],
    );
}

#[test]
fn a_stale_copy_of_a_code_holds_nothing_but_itself() {
    check(
        2_000,
        &[
            ("a+1", 0, Seen::New, Came::Stale),
            ("a+1", 500, Seen::Held, FINAL),
            ("a+2", 600, Seen::New, FINAL),
            ("a+3", 700, Seen::Held, FINAL),
        ],
    );
}

#[test]
fn what_was_let_in_by_a_code_is_known_after_it_was_renewed() {
    let mut debounce = Debounce::new(2_000, before_the_plus);
    debounce.judged(b"a+1", 1, Came::Passed, 0);
    assert_eq!(debounce.passed_ago_ms(b"a+2", 9_000), Some(9_000));
    debounce.undone(b"a+3");
    assert_eq!(debounce.passed_ago_ms(b"a+2", 9_000), None);
}
