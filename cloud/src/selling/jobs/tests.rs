//! Who may take a job, and when it is tried again.

use usher_keys::EventId;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const US: LeaseHolder = LeaseHolder([1; 16]);
const THEM: LeaseHolder = LeaseHolder([2; 16]);

fn job(holder: Option<LeaseHolder>, due_at: Timestamp) -> Job {
    let booking = BookingId {
        event: EventId([7; 16]),
        local: [7; 24],
    };
    Job {
        id: JobId::SettleBooking(booking),
        failures: 0,
        holder,
        due_at,
    }
}

fn before(ms: u64) -> Timestamp {
    Timestamp(NOW.0 - ms)
}

#[track_caller]
fn check(holder: Option<LeaseHolder>, due_at: Timestamp, is_due: bool, may_take: bool) {
    let job = job(holder, due_at);
    assert_eq!(job.is_due(NOW), is_due);
    let leased = job.leased(US, NOW);
    assert_eq!(leased.is_some(), may_take);
    if let Some(leased) = leased {
        assert_eq!((leased.holder, leased.due_at), (Some(US), NOW.plus_ms(ms(LEASE))));
    }
}

#[test]
fn a_lease_keeps_others_away_until_its_end() {
    check(Some(THEM), NOW.plus_ms(1), false, false);
    check(Some(THEM), NOW, true, true);
    check(Some(THEM), before(1), true, true);
    check(Some(US), NOW.plus_ms(1), false, true);
}

#[test]
fn a_pause_is_for_those_who_look_for_work_and_not_for_who_asks_for_the_job() {
    check(None, NOW.plus_ms(1), false, true);
    check(None, NOW, true, true);
}

#[test]
fn a_time_that_no_lease_and_no_pause_reaches_is_due() {
    let longest = ms(LONGEST_PAUSE);
    check(Some(THEM), NOW.plus_ms(longest), false, false);
    check(Some(THEM), NOW.plus_ms(longest + 1), true, true);
    check(None, Timestamp::FOREVER, true, true);
}

#[test]
fn each_failure_doubles_the_pause_up_to_a_minute() {
    let mut failing = Job::begun(job(None, NOW).id, US, NOW);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        failing = failing.put_off(US, NOW).unwrap();
        assert_eq!(failing.holder, None);
        pauses.push(failing.due_at.since_ms(NOW) / 1_000);
        failing = failing.leased(US, NOW).unwrap();
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(failing.failures, 8);
    assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
}

#[test]
fn nobody_puts_off_what_another_has_taken() {
    assert_eq!(job(Some(THEM), NOW).put_off(US, NOW), None);
    assert_eq!(job(None, NOW).put_off(US, NOW), None);
}

#[test]
fn what_a_process_left_behind_is_due_at_once() {
    let left = Job::begun(job(None, NOW).id, THEM, NOW);
    assert!(!left.is_due(NOW));
    assert!(left.freed(NOW).is_due(NOW));
}

#[test]
fn a_holder_that_dies_is_followed_within_15_seconds() {
    let one_look = Duration::from_secs(2);
    assert!(LEASE + one_look < Duration::from_secs(15));
    assert!(3 * RENEW_EVERY < LEASE, "two renewals may get lost");
}

#[test]
fn failures_are_told_seldom_and_not_at_first() {
    let told: Vec<_> = (0..70)
        .filter(|failures| Job::is_worth_a_word(*failures))
        .collect();
    assert_eq!(told, [4, 8, 16, 32, 64]);
}

#[test]
fn what_waits_is_looked_at_at_its_moment_and_each_minute_after_it() {
    let waits = |until| Job::begun(job(None, NOW).id, US, NOW).waiting(US, until, NOW);
    let pause = |until| waits(until).unwrap().due_at.since_ms(NOW) / 1_000;
    assert_eq!(pause(NOW.plus_ms(1)), 1);
    assert_eq!(pause(NOW.plus_ms(30_000)), 30);
    assert_eq!(pause(NOW.plus_ms(900_000)), 60);
    assert_eq!(pause(NOW), 60);
    assert_eq!(pause(before(900_000)), 60);
}
