//! What a crowd costs: how it stands is asked for by everybody who waits, all the time.

use std::time::Instant;

use crate::store::contract::case::{Case, START};
use crate::waiting_room::{RoomTerms, SetRoom};

use super::*;

/// Looks that are timed together.
const LOOKS: u32 = 10_000;
/// What one may cost.
const MICROSECONDS: u128 = 10;

async fn rooms(case: &Case) -> Rooms {
    let master = MasterKey::parse(&"0".repeat(64)).unwrap();
    let rooms = Rooms::new(case.store.clone(), master);
    let (sealed, keys) = rooms.draw_secret(case.event);
    let set = SetRoom {
        event: case.event,
        terms: RoomTerms {
            opens_at: START,
            per_minute: 600,
            is_drawn: true,
            beacon_source: "a die".into(),
        },
        sealed,
        commitment: keys.commitment(),
    };
    case.store.set_room(set).await.unwrap().unwrap();
    rooms
}

#[tokio::test]
async fn a_look_at_the_status_costs_ten_microseconds_at_most() {
    let case = Case::on_sqlite().await;
    let rooms = rooms(&case).await;
    let mut best = u128::MAX;
    // The fastest of some: whatever else the machine does is not theirs.
    for _ in 0..10 {
        let begun = Instant::now();
        for _ in 0..LOOKS {
            let known = rooms.of(case.event, START).await.unwrap().unwrap();
            assert!(known.status.clone().len() <= 120);
        }
        best = best.min(begun.elapsed().as_micros() / u128::from(LOOKS));
    }
    assert!(best <= MICROSECONDS, "{best} µs a look");
}

#[tokio::test]
async fn a_room_is_read_anew_by_a_clock_that_was_set_back() {
    let case = Case::on_sqlite().await;
    let rooms = rooms(&case).await;
    let later = START.plus_ms(3_600_000);
    let known = rooms.of(case.event, later).await.unwrap().unwrap();
    assert_eq!(known.room.registered, 0);
    rooms.join(case.event, [1; 32]).await.unwrap();
    let known = rooms.of(case.event, START).await.unwrap().unwrap();
    assert_eq!(known.room.registered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_join_at_once_have_numbers_of_their_own_without_gaps() {
    let case = Case::on_sqlite().await;
    let rooms = &rooms(&case).await;
    let joins = (0..2_000_u32).map(|pass| {
        let event = case.event;
        async move {
            let hash = *blake3::hash(&pass.to_be_bytes()).as_bytes();
            rooms.join(event, hash).await
        }
    });
    let numbers = futures_util::future::try_join_all(joins).await.unwrap();
    let mut numbers: Vec<u64> = numbers.into_iter().map(Option::unwrap).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
    let room = case.store.room(case.event).await.unwrap().unwrap();
    assert_eq!(room.registered, 2_000);
}

#[tokio::test]
async fn a_room_that_was_sealed_under_another_master_key_is_told_and_one_sealed_anew_opens() {
    let case = Case::on_sqlite().await;
    let rooms = rooms(&case).await;
    let room = case.store.room(case.event).await.unwrap().unwrap();
    let commitment = rooms.keys(&room).unwrap().commitment();
    assert_eq!(commitment, room.commitment);
    let both = MasterKey::parse(&format!("{}\n{}", "1".repeat(64), "0".repeat(64))).unwrap();
    assert_eq!(reseal(&case.store, &both).await.unwrap(), 1);
    assert_eq!(reseal(&case.store, &both).await.unwrap(), 0);
    let room = case.store.room(case.event).await.unwrap().unwrap();
    assert!(rooms.keys(&room).is_err());
    let newest = MasterKey::parse(&"1".repeat(64)).unwrap();
    let newest = Rooms::new(case.store.clone(), newest);
    assert_eq!(newest.keys(&room).unwrap().commitment(), commitment);
}
