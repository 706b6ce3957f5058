//! When a letter is sent again, and when it is given up.

use usher_keys::EventId;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn letter(failures: u32) -> Letter {
    let event = EventId([1; 16]);
    Letter {
        id: LetterId::draw(event, NOW),
        kind: LetterKind::BookingConfirmed,
        charge: Some(ChargeReference::draw(event, NOW)),
        about: None,
        recipient: Some("buyer@example.org".into()),
        language: Language::English,
        state: LetterState::Waiting,
        failures,
        answer: None,
        created_at: NOW,
        begun_at: NOW,
        next_at: NOW,
    }
}

#[track_caller]
fn check(failures: u32, after: Duration, answer: u16, expected: LetterState, pause: Duration) {
    let now = NOW.plus_ms(ms(after));
    let tried = letter(failures).tried(Delivery::of_answer(answer), now);
    assert_eq!((tried.state, tried.failures), (expected, failures + 1));
    assert_eq!(tried.next_at, now.plus_ms(ms(pause)));
    assert_eq!(tried.answer, Some(answer.to_string()));
}

#[test]
fn what_is_put_off_is_sent_again_with_longer_pauses_for_three_days() {
    let (waiting, hours) = (LetterState::Waiting, Duration::from_hours);
    check(0, Duration::ZERO, 451, waiting, Duration::from_secs(10));
    check(3, hours(1), 421, waiting, Duration::from_mins(30));
    check(u32::MAX - 1, hours(71), 450, waiting, hours(4));
    check(12, hours(72), 451, LetterState::GivenUp, hours(4));
}

#[test]
fn a_mailbox_that_is_not_there_is_asked_for_once_and_a_wrong_password_can_be_mended() {
    let first = Duration::from_secs(10);
    check(0, Duration::ZERO, 550, LetterState::GivenUp, first);
    check(0, Duration::ZERO, 535, LetterState::Waiting, first);
    let silent = letter(0).tried(Delivery::Failed("timeout"), NOW);
    assert_eq!(
        (silent.state, silent.answer.as_deref()),
        (LetterState::Waiting, Some("timeout"))
    );
}

#[test]
fn what_is_taken_is_sent_however_late() {
    let late = NOW.plus_ms(ms(Duration::from_hours(100)));
    let sent = letter(9).tried(Delivery::Taken, late);
    assert_eq!((sent.state, sent.failures), (LetterState::Sent, 9));
}

#[test]
fn a_letter_shows_no_address_in_logs() {
    assert!(!format!("{:?}", letter(0)).contains("buyer@"));
}

#[test]
fn kinds_and_states_have_one_word_each() {
    for kind in LetterKind::ALL {
        assert_eq!(LetterKind::from_word(kind.word()), Some(kind));
    }
    for state in LetterState::ALL {
        assert_eq!(LetterState::from_word(state.word()), Some(state));
    }
}

#[test]
fn what_was_sent_or_given_up_is_sent_anew_and_what_waits_is_left() {
    let later = NOW.plus_ms(5_000);
    for state in LetterState::ALL {
        let replayed = Letter { state, ..letter(7) }.replayed(later);
        let expected = (state != LetterState::Waiting).then_some((LetterState::Waiting, 0, later, later));
        let found = replayed.map(|one| (one.state, one.failures, one.begun_at, one.next_at));
        assert_eq!(found, expected, "{state:?}");
    }
}

#[test]
fn only_a_booking_with_tickets_and_an_address_is_confirmed_again() {
    assert!(may_resend(BookingState::Confirmed, "buyer@example.org"));
    assert!(!may_resend(BookingState::Confirmed, ""), "erased");
    for state in [
        BookingState::Paying,
        BookingState::Processing,
        BookingState::Expired,
        BookingState::Canceled,
    ] {
        assert!(!may_resend(state, "buyer@example.org"), "{state:?}");
    }
}

#[test]
fn letters_are_kept_for_a_month() {
    let month = Duration::from_hours(30 * 24);
    assert_eq!(kept_since(NOW.plus_ms(ms(month))), NOW);
    assert_eq!(kept_since(NOW), Timestamp(0));
}
