//! A waiting room of a million, in virtual time: the code that decides, with nothing around it.

use super::*;
use crate::waiting_room::steering::FULL_PACE;

const EVENT: EventId = EventId([7; 16]);
const OPENS: Timestamp = Timestamp(1_800_000_000_000);
const ME: LeaseHolder = LeaseHolder([1; 16]);
const OTHER: LeaseHolder = LeaseHolder([2; 16]);

fn room(per_minute: u32) -> Room {
    Room {
        event: EVENT,
        is_published: true,
        is_canceled: false,
        ends_at: Timestamp::FOREVER,
        terms: RoomTerms {
            opens_at: OPENS,
            per_minute,
            is_drawn: true,
            beacon_source: "a die".into(),
        },
        sealed: Vec::new(),
        commitment: [0; 32],
        registered: 0,
        lobby: None,
        root: None,
        drawn: None,
        threshold: 0,
        raised_at: Timestamp(0),
        pace: FULL_PACE,
        lease: None,
    }
}

/// A room that was drawn at its opening, with so many early and late comers.
fn drawn(per_minute: u32, lobby: u64, late: u64) -> Room {
    Room {
        registered: lobby + late,
        lobby: Some(lobby),
        root: Some([2; 32]),
        drawn: Some(([1; 32], "4".into())),
        raised_at: OPENS,
        ..room(per_minute)
    }
}

fn step(latency_ms: u64, free: u64, now: Timestamp) -> SteerRoom {
    SteerRoom {
        event: EVENT,
        holder: ME,
        latency_ms,
        free,
        now,
    }
}

#[test]
fn a_million_are_let_through_at_the_rate_and_nobody_overtakes() {
    const EARLY: u64 = 600_000;
    const LATE: u64 = 400_000;
    const PER_MINUTE: u32 = 60_000;
    let mut room = room(PER_MINUTE);
    room.registered = EARLY;
    let closed = room.steered(&step(1, u64::MAX / 100, OPENS), 0).unwrap();
    assert_eq!((closed.lobby, closed.phase()), (Some(EARLY), RoomPhase::Drawing));
    assert_eq!(closed.turn(0), PassTurn::Undrawn);
    room = Room {
        root: Some([2; 32]),
        drawn: Some(([1; 32], "4".into())),
        ..closed
    };
    let ranks = room.draw().unwrap().ranks();
    // When the holder of each rank was let through, in seconds.
    let mut through = Vec::with_capacity((EARLY + LATE) as usize);
    let mut seconds = 0;
    while (through.len() as u64) < EARLY + LATE {
        seconds += 1;
        assert!(seconds < 2_000, "a million take 1,000 s at this rate");
        // The late ones come within ten minutes of the opening.
        room.registered = EARLY + (LATE * seconds / 600).min(LATE);
        // The store is slow for a while, and now and then.
        let latency = if (100..130).contains(&seconds) || seconds % 97 == 0 {
            900
        } else {
            20
        };
        let now = OPENS.plus_ms(seconds * 1_000);
        let before = room.threshold;
        room = room.steered(&step(latency, 10_000_000, now), 0).unwrap();
        let count = room.threshold - before;
        assert!(count <= u64::from(PER_MINUTE) / 60, "{count} in one second");
        through.extend((0..count).map(|_| seconds));
    }
    assert!(seconds > 1_000 && seconds < 1_300, "{seconds}");
    // Ranks are those of everybody, each once, and late comers have the number with which they came.
    let mut seen = vec![false; EARLY as usize];
    for (number, rank) in ranks.iter().enumerate() {
        assert!(!std::mem::replace(&mut seen[*rank as usize], true), "{number}");
    }
    for number in [EARLY, EARLY + LATE - 1] {
        assert_eq!(room.draw().unwrap().rank(number), number);
    }
    // Whoever has the lower rank is never let through later.
    assert!(through.is_sorted());
    assert_eq!(room.turn(0), PassTurn::Through);
    assert_eq!(
        room.turn(EARLY + LATE),
        PassTurn::Waits {
            rank: EARLY + LATE,
            ahead: 0
        }
    );
}

/// Pearson's χ² of how often each of so many equal parts was hit.
fn chi_square(parts: usize, lobby: u64, ranks: impl Iterator<Item = u64>) -> f64 {
    let mut hits = vec![0_u32; parts];
    let mut all = 0;
    for rank in ranks {
        hits[(rank * parts as u64 / lobby) as usize] += 1;
        all += 1;
    }
    let expected = f64::from(all) / parts as f64;
    hits.iter()
        .map(|hit| (f64::from(*hit) - expected).powi(2) / expected)
        .sum()
}

#[test]
fn ranks_are_uniform_whenever_somebody_came() {
    const LOBBY: u64 = 1_000_000;
    // 99 degrees of freedom: one draw in a thousand is above 149. The first, the middle and the last comers each.
    let ranks = drawn(1, LOBBY, 0).draw().unwrap().ranks();
    for from in [0, 495_000, 990_000] {
        let some = ranks[from..from + 10_000].iter().copied();
        let chi = chi_square(100, LOBBY, some);
        assert!((56.0..149.0).contains(&chi), "{chi} from {from}");
    }
    // Of every hundredth comer too, and of neighbours by how far apart they are drawn.
    let chi = chi_square(100, LOBBY, ranks.iter().copied().step_by(100));
    assert!((56.0..149.0).contains(&chi), "{chi}");
    let apart = ranks
        .windows(2)
        .step_by(50)
        .map(|pair| (pair[1] + LOBBY - pair[0]) % LOBBY);
    let chi = chi_square(100, LOBBY, apart);
    assert!((56.0..149.0).contains(&chi), "{chi}");
    // What is in order is found to be.
    assert!(chi_square(100, LOBBY, 0..10_000) > 1_000.0);
}

#[test]
fn one_process_steers_and_another_takes_over_when_it_is_silent() {
    let room = drawn(600, 1_000, 0);
    let mine = room.steered(&step(1, 1_000, OPENS.plus_ms(1_000)), 0).unwrap();
    assert_eq!(mine.threshold, 10);
    let other = |ms| SteerRoom {
        holder: OTHER,
        ..step(1, 1_000, OPENS.plus_ms(ms))
    };
    assert_eq!(mine.steered(&other(5_999), 0), None);
    // After a pause of five seconds no more are let through than in any second.
    let theirs = mine.steered(&other(6_000), 0).unwrap();
    assert_eq!((theirs.threshold, theirs.lease.unwrap().0), (20, OTHER));
    // Whose clock is two seconds behind lets nobody through until it is later than what was given.
    let behind = SteerRoom {
        now: OPENS.plus_ms(4_000),
        ..other(0)
    };
    let late = theirs.steered(&behind, 0).unwrap();
    assert_eq!((late.threshold, late.raised_at), (20, theirs.raised_at));
}

#[test]
fn no_more_are_let_through_than_there_are_places_for() {
    let room = drawn(6_000, 100_000, 0);
    let now = OPENS.plus_ms(1_000);
    let through = |free, inside| room.steered(&step(1, free, now), inside).unwrap().threshold;
    assert_eq!(through(1_000, 0), 100);
    assert_eq!(through(20, 0), 30);
    assert_eq!(through(20, 25), 5);
    assert_eq!(through(20, 30), 0);
    assert_eq!(through(0, 0), 0);
}

#[test]
fn a_slow_store_halves_the_pace_and_a_fast_one_brings_it_back() {
    let mut room = drawn(6_000, 1_000_000, 0);
    let mut paces = Vec::new();
    for second in 1..=30 {
        let latency = if second <= 6 { 251 } else { 250 };
        room = room
            .steered(&step(latency, 1_000_000, OPENS.plus_ms(second * 1_000)), 0)
            .unwrap();
        paces.push(room.pace);
    }
    assert_eq!(paces[..7], [500, 250, 125, 62, 50, 50, 100]);
    assert_eq!(paces[25], FULL_PACE);
}

#[test]
fn a_low_rate_lets_one_through_after_the_other() {
    let mut room = drawn(7, 100, 0);
    for tenth in 1..=6_000 {
        room = room
            .steered(&step(1, 1_000, OPENS.plus_ms(tenth * 100)), 0)
            .unwrap();
    }
    // Ten minutes of seven each, to the millisecond but one.
    assert_eq!(room.threshold, 69);
    assert_eq!((room.wait_seconds(0), room.wait_seconds(69)), (9, 600));
}

#[test]
fn what_was_announced_is_not_changed_once_people_have_come() {
    let mut room = room(60);
    let other = RoomTerms {
        beacon_source: "another die".into(),
        ..room.terms.clone()
    };
    assert_eq!(room.may_become(&other), Ok(()));
    room.registered = 1;
    assert_eq!(room.may_become(&other), Err(RoomRefusal::DrawAnnounced));
    let later = RoomTerms {
        opens_at: OPENS.plus_ms(1),
        per_minute: 7,
        ..room.terms.clone()
    };
    assert_eq!(room.may_become(&later), Ok(()));
    room.lobby = Some(1);
    assert_eq!(room.may_become(&later), Err(RoomRefusal::Opened));
    assert_eq!(room.may_draw("4"), Err(BeaconRefusal::NoRoot));
    room.root = Some([2; 32]);
    assert_eq!(room.may_draw("4"), Ok(()));
    room.drawn = Some(([1; 32], "4".into()));
    assert_eq!(
        (room.may_draw("4"), room.may_draw("5")),
        (Ok(()), Err(BeaconRefusal::Drawn))
    );
    room.terms.is_drawn = false;
    assert_eq!(room.may_draw("4"), Err(BeaconRefusal::NoDraw));
}

#[test]
fn a_clock_that_was_set_back_holds_nobody_up() {
    let ahead = drawn(600, 100, 0);
    let ahead = ahead
        .steered(&step(1, 1_000, OPENS.plus_ms(3_600_000)), 0)
        .unwrap();
    let now = OPENS.plus_ms(1_000);
    let back = ahead.steered(&step(1, 1_000, now), 0).unwrap();
    let next = back.steered(&step(1, 1_000, now.plus_ms(1_000)), 0).unwrap();
    assert_eq!(next.threshold, ahead.threshold + 10);
    // Two clocks that differ by less make up for nothing.
    let other = next.steered(&step(1, 1_000, now), 0).unwrap();
    assert_eq!(
        (other.threshold, other.raised_at),
        (next.threshold, next.raised_at)
    );
    // Nor does who is gone keep the room for an hour.
    let other = SteerRoom {
        holder: OTHER,
        ..step(1, 1_000, now)
    };
    assert!(ahead.steered(&other, 0).is_some());
    assert!(back.steered(&other, 0).is_none());
}
