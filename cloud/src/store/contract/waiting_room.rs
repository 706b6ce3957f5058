//! Waiting rooms: numbers are given out once, one process steers, and whoever was let through holds one reservation at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use usher_keys::{EventId, Timestamp};
use usher_protocol::Unit;

use crate::selling::canceling::CancelEvent;
use crate::selling::jobs::LeaseHolder;
use crate::selling::{Claim, HoldOutcome, HoldRequest, ReleaseRequest};
use crate::waiting_room::draw::{root, sha256};
use crate::waiting_room::{
    BeaconRefusal, DrawLobby, JoinRoom, LetThrough, LetThroughOutcome, LobbyQuery, PassTurn, PublishRoot,
    ResealRoom, Room, RoomPhase, RoomRefusal, RoomTerms, SetRoom, SteerRoom,
};

use super::case::{Case, HOLDER, START};

const ME: LeaseHolder = LeaseHolder([1; 16]);
const OTHER: LeaseHolder = LeaseHolder([2; 16]);
const OPENS: Timestamp = Timestamp(START.0 + 60_000);
/// Ten in a second.
const PER_MINUTE: u32 = 600;

fn terms(is_drawn: bool) -> RoomTerms {
    RoomTerms {
        opens_at: OPENS,
        per_minute: PER_MINUTE,
        is_drawn,
        beacon_source: if is_drawn { "a die".into() } else { String::new() },
    }
}

async fn set(case: &Case, terms: RoomTerms) -> Result<Room, RoomRefusal> {
    let request = SetRoom {
        event: case.event,
        terms,
        sealed: vec![1, 2, 3],
        commitment: [4; 32],
    };
    case.store.set_room(request).await.unwrap()
}

async fn join(case: &Case, passes: impl Iterator<Item = u8>) -> Option<u64> {
    let request = JoinRoom {
        event: case.event,
        passes: passes.map(|pass| [pass; 32]).collect(),
    };
    case.store.join_room(request).await.unwrap()
}

async fn steer(case: &Case, holder: LeaseHolder, now: Timestamp) -> Option<Room> {
    let step = SteerRoom {
        event: case.event,
        holder,
        latency_ms: 1,
        free: 1_000,
        now,
    };
    case.store.steer_room(step).await.unwrap()
}

async fn let_through(case: &Case, number: u64, now: Timestamp) -> LetThroughOutcome {
    let event = case.event;
    case.store
        .let_through(LetThrough { event, number, now })
        .await
        .unwrap()
}

async fn lobby(case: &Case, from: u64) -> Vec<[u8; 32]> {
    let event = case.event;
    case.store.lobby_passes(LobbyQuery { event, from }).await.unwrap()
}

pub async fn numbers_are_given_out_once_whoever_comes_at_once(case: Case) {
    assert_eq!(join(&case, 0..1).await, None);
    let opened = set(&case, terms(true)).await.unwrap();
    let early = Timestamp(OPENS.0 - 1);
    assert_eq!(case.store.busy_rooms(early).await.unwrap(), Vec::<EventId>::new());
    assert_eq!((opened.registered, opened.phase()), (0, RoomPhase::Lobby));
    assert!(opened.is_published);
    let case = Arc::new(case);
    let mut joins = JoinSet::new();
    for number in 0..40_u8 {
        let case = Arc::clone(&case);
        joins.spawn(async move {
            (
                number,
                join(&case, [number, number + 100].into_iter()).await.unwrap(),
            )
        });
    }
    let given = joins.join_all().await;
    let firsts: BTreeSet<u64> = given.iter().map(|(_, first)| *first).collect();
    assert_eq!(firsts, (0..40).map(|number| number * 2).collect());
    let listed = lobby(&case, 0).await;
    assert_eq!(listed.len(), 80);
    for (pass, first) in given {
        let pair = &listed[first as usize..first as usize + 2];
        assert_eq!(pair, [[pass; 32], [pass + 100; 32]]);
    }
    assert_eq!(lobby(&case, 80).await, Vec::<[u8; 32]>::new());
    assert_eq!(case.store.room(case.event).await.unwrap().unwrap().registered, 80);
}

pub async fn a_lobby_is_drawn_by_what_was_announced(case: Case) {
    set(&case, terms(true)).await.unwrap();
    join(&case, 0..5).await.unwrap();
    let other = RoomTerms {
        beacon_source: "another die".into(),
        ..terms(true)
    };
    assert_eq!(set(&case, other).await, Err(RoomRefusal::DrawAnnounced));
    let seed = [5; 32];
    let event = case.event;
    let beacon = async |beacon: &str| {
        let beacon = beacon.to_owned();
        case.store
            .draw_lobby(DrawLobby { event, seed, beacon })
            .await
            .unwrap()
    };
    let publish = async |root| {
        case.store
            .publish_root(PublishRoot { event, root })
            .await
            .unwrap()
    };
    assert_eq!(beacon("4").await, Err(BeaconRefusal::NoRoot));
    assert!(!publish([0; 32]).await, "the lobby is still open");
    assert_eq!(
        steer(&case, ME, Timestamp(OPENS.0 - 1)).await.unwrap().lobby,
        None
    );
    assert_eq!(steer(&case, ME, OPENS).await.unwrap().phase(), RoomPhase::Drawing);
    // Whoever comes now is late, and not in the list.
    assert_eq!(join(&case, 90..91).await, Some(5));
    assert_eq!(case.store.busy_rooms(OPENS).await.unwrap(), [event]);
    let listed = lobby(&case, 0).await;
    assert_eq!(listed.len(), 5);
    assert!(publish(root(&listed)).await);
    assert!(!publish([0; 32]).await, "a root is published once");
    assert_eq!(case.store.busy_rooms(OPENS).await.unwrap(), Vec::<EventId>::new());
    assert_eq!(let_through(&case, 0, OPENS).await, LetThroughOutcome::Waits);
    let room = beacon("4").await.unwrap();
    assert_eq!(beacon("4").await.unwrap(), room);
    assert_eq!(beacon("5").await, Err(BeaconRefusal::Drawn));
    let known = case.store.room(event).await.unwrap().unwrap();
    assert_eq!(
        (known.phase(), &known.drawn, known.root),
        (RoomPhase::Open, &room.drawn, Some(root(&listed)))
    );
    let late = OPENS.plus_ms(300);
    let open = steer(&case, ME, late).await.unwrap();
    assert_eq!(open.threshold, 3);
    for number in 0..6 {
        let is_through = let_through(&case, number, late).await != LetThroughOutcome::Waits;
        assert_eq!(is_through, open.turn(number) == PassTurn::Through, "{number}");
    }
}

pub async fn a_room_that_is_open_keeps_its_opening_and_changes_its_rate(case: Case) {
    set(&case, terms(false)).await.unwrap();
    join(&case, 0..5).await.unwrap();
    steer(&case, ME, OPENS).await.unwrap();
    assert_eq!(steer(&case, ME, OPENS.plus_ms(300)).await.unwrap().threshold, 3);
    let later = RoomTerms {
        opens_at: OPENS.plus_ms(1),
        ..terms(false)
    };
    assert_eq!(set(&case, later).await, Err(RoomRefusal::Opened));
    let faster = RoomTerms {
        per_minute: 6_000,
        ..terms(false)
    };
    assert_eq!(set(&case, faster).await.unwrap().threshold, 3);
}

pub async fn a_room_whose_event_is_over_or_canceled_is_not_steered(case: Case) {
    set(&case, terms(false)).await.unwrap();
    join(&case, 0..5).await.unwrap();
    let busy = async |now: Timestamp| case.store.busy_rooms(now).await.unwrap();
    let ends_at = case.store.event(case.event).await.unwrap().unwrap().ends_at;
    assert_eq!(busy(Timestamp(ends_at.0 - 1)).await, [case.event]);
    assert_eq!(busy(ends_at).await, [], "nobody has steered it yet");
    steer(&case, ME, OPENS).await.unwrap();
    let room = case.store.room(case.event).await.unwrap().unwrap();
    assert!(room.takes_visitors(Timestamp(ends_at.0 - 1)) && !room.takes_visitors(ends_at));
    assert_eq!(busy(Timestamp(ends_at.0 - 1)).await, [case.event]);
    assert_eq!(busy(ends_at).await, [], "some still wait, for nothing");
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: false,
        now: OPENS,
    };
    case.store.cancel_event(cancel).await.unwrap();
    assert_eq!(busy(OPENS.plus_ms(1)).await, []);
    let room = case.store.room(case.event).await.unwrap().unwrap();
    assert!(!room.takes_visitors(OPENS.plus_ms(1)));
}

pub async fn one_process_steers_a_room_and_another_one_once_that_is_silent(case: Case) {
    set(&case, terms(false)).await.unwrap();
    join(&case, 0..100).await.unwrap();
    assert_eq!(lobby(&case, 0).await.len(), 0, "nothing is drawn");
    assert_eq!(steer(&case, ME, OPENS).await.unwrap().phase(), RoomPhase::Open);
    let second = OPENS.plus_ms(1_000);
    assert_eq!(steer(&case, OTHER, second).await, None);
    let case = Arc::new(case);
    let mut steps = JoinSet::new();
    for _ in 0..8 {
        let case = Arc::clone(&case);
        steps.spawn(async move { steer(&case, ME, second).await.unwrap().threshold });
    }
    // However often it is asked for, one second lets through what one second may.
    assert_eq!(steps.join_all().await, [10; 8]);
    assert_eq!(steer(&case, OTHER, second.plus_ms(4_999)).await, None);
    let taken = steer(&case, OTHER, second.plus_ms(5_000)).await.unwrap();
    assert_eq!(taken.threshold, 20, "no more than a second is made up for");
    assert_eq!(steer(&case, ME, second.plus_ms(6_000)).await, None);
}

pub async fn whoever_is_let_through_holds_one_reservation_at_a_time_and_not_for_ever(case: Case) {
    set(&case, terms(false)).await.unwrap();
    join(&case, 0..20).await.unwrap();
    steer(&case, ME, OPENS).await.unwrap();
    let now = OPENS.plus_ms(1_000);
    steer(&case, ME, now).await.unwrap();
    let until = now.plus_ms(600_000);
    assert_eq!(
        let_through(&case, 9, now).await,
        LetThroughOutcome::Through(until)
    );
    assert_eq!(let_through(&case, 10, now).await, LetThroughOutcome::Waits);
    assert_eq!(let_through(&case, 20, now).await, LetThroughOutcome::Waits);
    let again = let_through(&case, 9, now.plus_ms(1_000)).await;
    assert_eq!(again, LetThroughOutcome::Through(until));
    let hold = async |seat: u32, pass: u64, now: Timestamp| {
        let request = HoldRequest {
            pass: Some(pass),
            ..case.hold_request(Claim::Seats(vec![Unit(seat)]), now)
        };
        case.store.hold(request).await.unwrap()
    };
    assert_eq!(hold(0, 8, now).await, HoldOutcome::NotLetThrough);
    let HoldOutcome::Held(first) = hold(0, 9, now).await else {
        panic!("free")
    };
    assert_eq!(hold(1, 9, now).await, HoldOutcome::OneAtATime);
    let reservation = first.id;
    case.store
        .release(ReleaseRequest { reservation, now })
        .await
        .unwrap();
    let HoldOutcome::Held(second) = hold(1, 9, now).await else {
        panic!("free")
    };
    let paying = case.begun(second.id, "a", now).await;
    assert_eq!(hold(2, 9, now).await, HoldOutcome::OneAtATime);
    case.confirm(&paying, now).await;
    assert!(matches!(hold(2, 9, now).await, HoldOutcome::Held(_)));
    assert_eq!(hold(3, 9, until).await, HoldOutcome::NotLetThrough);
    assert_eq!(let_through(&case, 9, until).await, LetThroughOutcome::Spent);
    // Secrets are sealed anew, once each.
    let secrets = case.store.room_secrets(()).await.unwrap();
    assert_eq!(secrets, [(case.event, vec![1, 2, 3])]);
    let reseal = ResealRoom {
        event: case.event,
        was: vec![1, 2, 3],
        sealed: sha256(&[&[7]]).to_vec(),
    };
    assert!(case.store.reseal_room(reseal.clone()).await.unwrap());
    assert!(!case.store.reseal_room(reseal).await.unwrap());
    assert!(case.store.close_room(case.event).await.unwrap());
    assert!(!case.store.close_room(case.event).await.unwrap());
    assert_eq!(case.store.room(case.event).await.unwrap(), None);
    assert_eq!(let_through(&case, 9, now).await, LetThroughOutcome::NoRoom);
}
