//! Versions and changes that add up to what the store holds, whichever process tells them.

use futures_util::future::join_all;
use usher_protocol::Unit;

use super::*;
use crate::catalogue::Status;
use crate::ids::draw_event_id;
use crate::selling::inventory::TierSale;
use crate::selling::{Claim, HoldOutcome, ReleaseRequest};
use crate::signing::TicketSigner;
use crate::store::contract::case::{Case, HOLD_MS, STALLS, START, changed, unchanged};
use crate::store::organizing::EventChange;

const HEADER: usize = 8 + 16;

fn seat_maps(case: &Case) -> SeatMaps {
    SeatMaps::new(case.store.clone(), TicketSigner::default())
}

async fn availability(maps: &SeatMaps, case: &Case, now: Timestamp) -> Arc<Availability> {
    maps.availability(case.event, now).await.unwrap().unwrap()
}

async fn after(maps: &SeatMaps, case: &Case, from: u64, now: Timestamp) -> VersionChanges {
    maps.changes_after(case.event, from, now).await.unwrap().unwrap()
}

/// Someone who has read an availability and follows its changes.
struct Follower {
    version: u64,
    seats: Vec<u8>,
}

impl Follower {
    fn of(availability: &Availability, seats: usize) -> Self {
        let body = &availability.body[HEADER..];
        let packed = SeatBits::from_packed(body.to_vec());
        let packed = packed.seats();
        let seats = (0..seats).map(|seat| packed[seat / 4] >> (2 * (seat % 4)) & 3);
        assert_eq!(
            availability.body[..8],
            availability.version.to_be_bytes(),
            "the body begins with its version"
        );
        Self {
            version: availability.version,
            seats: seats.collect(),
        }
    }

    /// Follows one step; tells whether there was one.
    fn take(&mut self, changes: &VersionChanges) -> bool {
        let json = match changes {
            VersionChanges::Closed(changes) => &changes.json,
            VersionChanges::Open(json) => json,
            VersionChanges::Unknown => panic!("the version {} is unknown", self.version),
        };
        let read: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(read["from"], self.version);
        for (bits, list) in [(0, "available"), (1, "held"), (2, "booked")] {
            for seat in read[list].as_array().into_iter().flatten() {
                self.seats[usize::try_from(seat.as_u64().unwrap()).unwrap()] = bits;
            }
        }
        let is_open = matches!(changes, VersionChanges::Open(_));
        self.version = read["to"].as_u64().unwrap();
        assert_eq!(is_open, read["from"] == read["to"]);
        !is_open
    }
}

#[tokio::test]
async fn it_is_looked_up_once_a_second_and_changes_have_an_end() {
    let case = Case::on_sqlite().await;
    let maps = seat_maps(&case);
    let first = availability(&maps, &case, START).await;
    assert_eq!(first.version, START.0 / 1_000);
    let mut follower = Follower::of(&first, 6);
    assert_eq!(follower.seats, [0; 6]);

    case.held(&[1], START).await;
    maps.changed(case.event);
    let soon = START.plus_ms(LIFE_MS - 1);
    assert!(Arc::ptr_eq(&first, &availability(&maps, &case, soon).await));
    assert!(!follower.take(&after(&maps, &case, first.version, soon).await));

    let later = START.plus_ms(LIFE_MS);
    let waiting = join_all((0..16).map(|_| availability(&maps, &case, later))).await;
    assert!(waiting.iter().all(|found| Arc::ptr_eq(found, &waiting[0])));
    assert_eq!(waiting[0].version, first.version + 1);
    assert!(follower.take(&after(&maps, &case, first.version, later).await));
    assert_eq!(follower.seats, [0, 1, 0, 0, 0, 0]);

    let expired = START.plus_ms(HOLD_MS);
    assert!(follower.take(&after(&maps, &case, follower.version, expired).await));
    assert_eq!(follower.seats, [0; 6]);
    let unknown = after(&maps, &case, first.version - 1, expired).await;
    assert!(matches!(unknown, VersionChanges::Unknown));
}

#[tokio::test]
async fn seats_of_a_hidden_tier_are_taken_until_it_is_shown() {
    let case = Case::on_sqlite().await;
    let maps = seat_maps(&case);
    let hide = async |is_hidden| {
        let sale = TierSale {
            is_hidden,
            ..TierSale::default()
        };
        let change = EventChange {
            tier_sales: vec![(STALLS, sale)],
            ..unchanged(case.event)
        };
        changed(&case, change).await;
        maps.forget(case.event);
    };
    hide(true).await;
    let hidden = availability(&maps, &case, START).await;
    assert_eq!(Follower::of(&hidden, 6).seats, [1; 6]);
    hide(false).await;
    let shown = availability(&maps, &case, START.plus_ms(LIFE_MS)).await;
    assert_eq!(Follower::of(&shown, 6).seats, [0; 6]);
}

#[tokio::test]
async fn changes_are_the_same_after_a_restart_and_go_when_they_are_old() {
    let case = Case::on_sqlite().await;
    let maps = seat_maps(&case);
    let first = availability(&maps, &case, START).await.version;
    let mut told = Vec::new();
    for (seat, seconds) in [(0, 1), (1, 2), (2, 590)] {
        let now = START.plus_ms(1_000 * seconds);
        case.held(&[seat], now).await;
        maps.changed(case.event);
        availability(&maps, &case, now).await;
        if seat < 2 {
            let from = first + u64::from(seat);
            let VersionChanges::Closed(changes) = after(&maps, &case, from, now).await else {
                panic!("{from} has no end")
            };
            told.push((from, changes.json));
        }
    }
    let restarted = seat_maps(&case);
    let now = START.plus_ms(590_000);
    for (from, changes) in &told {
        let again = after(&restarted, &case, *from, now).await;
        assert!(matches!(again, VersionChanges::Closed(again) if again.json == changes));
    }
    case.held(&[3], now).await;
    let much_later = START.plus_ms(603_000);
    availability(&restarted, &case, much_later).await;
    for (from, _) in told {
        let gone = after(&restarted, &case, from, much_later).await;
        assert!(matches!(gone, VersionChanges::Unknown), "{from}");
    }
}

#[tokio::test]
async fn events_that_are_not_on_sale_have_none_and_take_no_place() {
    let case = Case::on_sqlite().await;
    let maps = seat_maps(&case);
    let other = draw_event_id(START);
    assert!(maps.availability(other, START).await.unwrap().is_none());
    assert!(maps.layout(other).await.unwrap().is_none());
    assert!(maps.changes_after(other, 1, START).await.unwrap().is_none());
    assert!(maps.maps().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_process_is_asked_no_change_is_lost() {
    let case = Case::on_postgres().await;
    let processes = [seat_maps(&case), seat_maps(&case), seat_maps(&case)];
    let mut followers = Vec::new();
    for maps in &processes {
        let first = availability(maps, &case, START).await;
        followers.push(Follower::of(&first, 6));
    }
    let mut held = Vec::new();
    // A fixed walk: which seat, which process, how much later; nothing here is left to chance.
    let mut now = START;
    for step in 0_u64..120 {
        let drawn = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        now = now.plus_ms(drawn % 900);
        let seat = Unit(u32::try_from(drawn % 6).unwrap());
        let outcome = case.hold(Claim::Seats(vec![seat]), now).await;
        if let HoldOutcome::Held(reservation) = outcome {
            held.push(reservation.id);
        } else {
            assert!(matches!(outcome, HoldOutcome::Taken(_)), "{outcome:?}");
            let reservation = held.swap_remove(usize::try_from(drawn).unwrap() % held.len());
            let release = ReleaseRequest { reservation, now };
            case.store.release(release).await.unwrap();
        }
        // All look at once, and everybody asks any of them.
        join_all(processes.iter().map(|maps| availability(maps, &case, now))).await;
        for (index, follower) in followers.iter_mut().enumerate() {
            let asked = &processes[(index + usize::try_from(step).unwrap()) % processes.len()];
            follower.take(&after(asked, &case, follower.version, now).await);
        }
    }
    let end = now.plus_ms(2 * LIFE_MS);
    let occupancy = case.occupancy(end).await;
    let stored: Vec<u8> = occupancy
        .seats
        .iter()
        .map(|status| u8::from(*status != Status::Available))
        .collect();
    for (index, follower) in followers.iter_mut().enumerate() {
        while follower.take(&after(&processes[index], &case, follower.version, end).await) {}
        assert_eq!(follower.seats, stored, "follower {index}");
    }
}
