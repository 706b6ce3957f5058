//! Clocks that agree, that differ, and that are set while the machine runs.

use usher_keys::SecretKey;

use super::*;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// The true time, in milliseconds.
const TRUE_MS: i64 = 1_000 * HOUR_MS;

fn peer(n: u8) -> PublicKey {
    SecretKey::from_seed(&[n; 32]).public()
}

fn reading(wall_ms: i64, up_ms: i64) -> ClockReading {
    ClockReading {
        wall: stamp(wall_ms),
        up_ms,
    }
}

/// Demands the moment that a machine judges by whose own clock is so many hours ahead, beside peers that are.
#[track_caller]
fn check(own: i64, peers: &[i64], judged_by: (i64, i64, i64)) {
    let (mut clock, now) = (RuleClock::default(), reading(TRUE_MS + own * HOUR_MS, 5));
    for (n, ahead) in (1..).zip(peers) {
        clock.hear(peer(n), stamp(TRUE_MS + ahead * HOUR_MS), now);
    }
    let (moment, worth) = clock.read(now);
    let hours = |at: Timestamp| (i64::try_from(at.0).unwrap() - TRUE_MS) / HOUR_MS;
    let found = (hours(moment.at), hours(moment.earliest), hours(moment.latest));
    assert_eq!(found, judged_by, "own {own}, peers {peers:?}: {worth:?}");
    let is_doubted = moment.earliest != moment.latest;
    assert_eq!(is_doubted, matches!(worth, ClockHealth::InDoubt(_)), "{worth:?}");
    if let ClockHealth::Wrong(ahead) = worth {
        assert_eq!(ahead / HOUR_MS, own - judged_by.0);
    }
}

#[test]
fn most_clocks_that_agree_are_believed_and_without_a_majority_nobody_is() {
    check(20, &[], (20, 20, 20));
    check(0, &[0], (0, 0, 0));
    check(20, &[0], (20, 0, 20));
    check(20, &[0, 0], (0, 0, 0));
    check(-120, &[0, 0, 20], (0, -120, 20));
    check(-120, &[0, 0, 0, 20], (0, 0, 0));
    check(0, &[0, 20], (0, 0, 0));
    check(0, &[20, 20, 0], (0, 0, 20));
    check(0, &[20, -20], (0, -20, 20));
    check(120, &[1, 2, 3], (3, 1, 120));
    check(0, &[20, 20], (20, 20, 20));
}

#[test]
fn a_clock_that_is_set_while_running_is_believed_once_somebody_confirms_it() {
    for (peers, judged_by, worth) in [
        (vec![], (0, 0, 22), ClockHealth::InDoubt(22 * HOUR_MS)),
        (vec![0], (0, 0, 0), ClockHealth::Wrong(22 * HOUR_MS)),
        (vec![22], (22, 22, 22), ClockHealth::Right),
        (vec![0, 22], (0, 0, 22), ClockHealth::InDoubt(22 * HOUR_MS)),
        (vec![22, 22], (22, 22, 22), ClockHealth::Right),
    ] {
        let mut clock = RuleClock::default();
        clock.read(reading(TRUE_MS, 0));
        let now = reading(TRUE_MS + 22 * HOUR_MS, 1_000);
        for (n, ahead) in (1..).zip(&peers) {
            clock.hear(peer(n), stamp(TRUE_MS + ahead * HOUR_MS), now);
        }
        let (moment, said) = clock.read(now);
        let hours = |at: Timestamp| (i64::try_from(at.0).unwrap() - TRUE_MS) / HOUR_MS;
        let found = (hours(moment.at), hours(moment.earliest), hours(moment.latest));
        let hours_ahead = match said {
            ClockHealth::Right => ClockHealth::Right,
            ClockHealth::Wrong(ms) => ClockHealth::Wrong((ms + 1_000) / HOUR_MS * HOUR_MS),
            ClockHealth::InDoubt(ms) => ClockHealth::InDoubt((ms + 1_000) / HOUR_MS * HOUR_MS),
        };
        assert_eq!((found, hours_ahead), (judged_by, worth), "peers {peers:?}");
    }
}

#[test]
fn two_that_were_wrong_alike_are_believed_once_both_were_set_right() {
    let mut clocks = [RuleClock::default(), RuleClock::default()];
    for clock in &mut clocks {
        clock.read(reading(TRUE_MS + 20 * HOUR_MS, 0));
    }
    let mut health = [ClockHealth::InDoubt(0); 2];
    // From the second round on both have been set, and a third was right all the time.
    for round in 1..=4 {
        let ahead = if round > 1 { 0 } else { 20 * HOUR_MS };
        let now = reading(TRUE_MS + ahead + round * 2_000, round * 2_000);
        let told = clocks.each_ref().map(|clock| clock.own(now));
        for (at, clock) in clocks.iter_mut().enumerate() {
            clock.hear(peer(3), stamp(TRUE_MS + round * 2_000), now);
            clock.hear(peer(2), told[1 - at], now);
            health[at] = clock.read(now).1;
        }
    }
    assert_eq!(health, [ClockHealth::Right; 2]);
}

#[test]
fn a_clock_that_runs_a_little_fast_is_followed() {
    let mut clock = RuleClock::default();
    for minute in 0..10_000_i64 {
        // A second more each minute: hours after a week.
        let now = reading(TRUE_MS + minute * 61_000, minute * 60_000);
        assert_eq!(clock.read(now).1, ClockHealth::Right);
    }
}

#[test]
fn a_peer_that_was_not_heard_since_yesterday_counts_no_more() {
    let mut clock = RuleClock::default();
    clock.read(reading(TRUE_MS, 0));
    clock.hear(peer(1), stamp(TRUE_MS + HOUR_MS), reading(TRUE_MS, 0));
    assert_eq!(
        clock.read(reading(TRUE_MS + 11 * HOUR_MS, 11 * HOUR_MS)).1,
        ClockHealth::InDoubt(-HOUR_MS)
    );
    assert_eq!(
        clock.read(reading(TRUE_MS + 13 * HOUR_MS, 13 * HOUR_MS)).1,
        ClockHealth::Right
    );
}

#[test]
fn any_clocks_give_a_moment() {
    let ends = [0, 1, u64::MAX / 2, u64::MAX];
    for (wall, theirs) in ends.into_iter().flat_map(|one| ends.map(|other| (one, other))) {
        for up_ms in [i64::MIN, -1, 0, i64::MAX] {
            let (mut clock, now) = (
                RuleClock::default(),
                ClockReading {
                    wall: Timestamp(wall),
                    up_ms,
                },
            );
            clock.hear(peer(1), Timestamp(theirs), now);
            let (moment, _) = clock.read(now);
            assert!(moment.earliest <= moment.at && moment.at <= moment.latest);
        }
    }
}

#[test]
fn people_are_told_again_when_a_clock_is_off_in_another_way_or_by_other_minutes() {
    use ClockHealth::{InDoubt, Right, Wrong};
    for (told, now, is_news) in [
        (Right, Right, false),
        (Right, Wrong(HOUR_MS), true),
        (Wrong(HOUR_MS), Wrong(HOUR_MS + 60_000), false),
        (Wrong(HOUR_MS), Wrong(20 * HOUR_MS), true),
        (Wrong(HOUR_MS), InDoubt(HOUR_MS), true),
        (InDoubt(HOUR_MS), Wrong(HOUR_MS), true),
        (InDoubt(HOUR_MS), InDoubt(-HOUR_MS), true),
        (Wrong(HOUR_MS), Right, true),
    ] {
        assert_eq!(now.is_news_after(told), is_news, "{told:?}, then {now:?}");
    }
}

#[test]
fn a_clock_says_with_how_many_others_it_is_compared() {
    let mut clock = RuleClock::default();
    let now = reading(TRUE_MS, 0);
    assert_eq!(clock.compared(now), 0);
    clock.hear(peer(1), stamp(TRUE_MS), now);
    clock.hear(peer(2), stamp(TRUE_MS), now);
    assert_eq!(clock.compared(now), 2);
}

#[test]
fn a_clock_before_what_is_past_for_certain_gives_way_to_any_that_is_not() {
    const DAY_MS: i64 = 24 * HOUR_MS;
    // By its own clock it is 1970, and it was certified yesterday.
    let begun = || {
        let mut clock = RuleClock::default();
        clock.is_past(stamp(TRUE_MS - DAY_MS));
        clock.read(reading(0, 0));
        clock
    };
    let now = reading(0, 0);
    let mut clock = begun();
    assert_eq!(clock.read(now), (stamp(0).into(), ClockHealth::Right));
    clock.hear(peer(1), stamp(TRUE_MS), now);
    assert_eq!(
        clock.read(now),
        (stamp(TRUE_MS).into(), ClockHealth::Wrong(-TRUE_MS))
    );
    // One that is wrong alike confirms nothing.
    clock.hear(peer(2), stamp(0), now);
    assert_eq!(clock.read(now).1, ClockHealth::Wrong(-TRUE_MS));
    assert_eq!(clock.compared(now), 1);
    // The network sets it right.
    let set = reading(TRUE_MS, 0);
    assert_eq!(clock.read(set), (stamp(TRUE_MS).into(), ClockHealth::Right));
    // Two that differ tell nothing.
    let mut clock = begun();
    clock.hear(peer(1), stamp(TRUE_MS), now);
    clock.hear(peer(2), stamp(TRUE_MS + DAY_MS), now);
    assert!(matches!(clock.read(now).1, ClockHealth::InDoubt(_)));
}
