//! Reading events, seats and figures.

use std::sync::Arc;

use usher_keys::Timestamp;
use usher_protocol::Unit;

use crate::catalogue::availability::{ChangesQuery, KeptAvailability, NewAvailability, SeatBits};
use crate::catalogue::search::EventQuery;
use crate::catalogue::{EventPage, EventStatus, TierCount};
use crate::ids::draw_event_id;
use crate::selling::Ending;
use crate::store::organizing::SalesQuery;

use super::case::{Case, GUESTS, HOLD_MS, STALLS, STANDING, START};

fn all() -> EventQuery {
    EventQuery::of_all(10, START)
}

fn names(page: &EventPage) -> Vec<&str> {
    page.events.iter().map(|event| event.name.as_str()).collect()
}

pub async fn events_come_page_by_page(case: Case) {
    case.publish("Bats", |_| ()).await;
    case.publish("Cats", |_| ()).await;
    let whole = case.store.events(all()).await.unwrap();
    let first = case.store.events(EventQuery { limit: 2, ..all() }).await.unwrap();
    let second = EventQuery {
        limit: 2,
        after: first.next,
        ..all()
    };
    let second = case.store.events(second).await.unwrap();
    assert_eq!(
        (first.events.len(), second.events.len(), second.next),
        (2, 1, None)
    );
    assert_eq!([names(&first), names(&second)].concat(), names(&whole));
    let exact = case.store.events(EventQuery { limit: 3, ..all() }).await.unwrap();
    assert_eq!(exact.next, None);
}

pub async fn drafts_and_past_events_are_not_listed(case: Case) {
    case.store
        .add_event(case.new_event(draw_event_id(START.plus_ms(1)), "Draft"))
        .await
        .unwrap();
    assert_eq!(
        names(&case.store.events(all()).await.unwrap()),
        ["Night of the Owls"]
    );
    assert_eq!(case.store.published(()).await.unwrap(), [case.event]);
    let over = EventQuery {
        now: START.plus_ms(90_000_000),
        ..all()
    };
    assert_eq!(case.store.events(over).await.unwrap().events.len(), 0);
    let both = case.store.events_of(case.organizer).await.unwrap();
    assert_eq!(
        both.iter().map(|event| event.status).collect::<Vec<_>>(),
        [EventStatus::Draft, EventStatus::Published]
    );
}

pub async fn the_layout_lists_seats_and_not_slots(case: Case) {
    let layout = case.store.layout(case.event).await.unwrap();
    assert_eq!(layout.seats.len(), 6);
    assert_eq!((layout.seats[5].unit, layout.seats[5].tier), (Unit(5), STALLS));
    assert_eq!(&*layout.seats[5].number, "3");
    assert!(Arc::ptr_eq(&layout.seats[4].row, &layout.seats[5].row));
    assert_eq!(case.store.layout(draw_event_id(START)).await.unwrap().seats, []);
}

pub async fn occupancy_tells_when_it_is_out_of_date(case: Case) {
    assert_eq!(
        case.occupancy(START).await.good_until,
        Timestamp(i64::MAX.unsigned_abs())
    );
    case.held(&[0], START).await;
    case.held(&[1], START.plus_ms(1_000)).await;
    case.hold_tier(STANDING, 2, START.plus_ms(2_000)).await;
    let now = START.plus_ms(3_000);
    let occupancy = case.occupancy(now).await;
    assert_eq!(occupancy.good_until, START.plus_ms(HOLD_MS));
    let count = |tier, available, held| TierCount {
        tier,
        available,
        held,
        blocked: 0,
        booked: 0,
    };
    assert_eq!(
        occupancy.tiers,
        [count(STALLS, 4, 2), count(STANDING, 2, 2), count(GUESTS, 2, 0)]
    );
    let next = case.occupancy(occupancy.good_until).await;
    assert_eq!(next.good_until, START.plus_ms(HOLD_MS + 1_000));
    assert_eq!(next.tiers[0], count(STALLS, 5, 1));
}

pub async fn sales_count_what_was_confirmed(case: Case) {
    let sold = case.held(&[0, 1], START).await;
    let open = case.begun(sold.id, "a", START).await;
    case.confirm(&open, START).await;
    let given_back = case.held(&[2], START).await;
    let open = case.begun(given_back.id, "b", START).await;
    case.close(&open, Ending::Refunded, START).await;
    let sales = case
        .store
        .sales(SalesQuery {
            event: case.event,
            now: START,
        })
        .await
        .unwrap();
    assert_eq!((sales.bookings, sales.revenue), (1, 9_000));
    assert_eq!(
        sales.tiers[0],
        TierCount {
            tier: STALLS,
            available: 4,
            held: 0,
            blocked: 0,
            booked: 2
        }
    );
}

pub async fn each_availability_follows_the_one_before_it_and_is_kept_once(case: Case) {
    let event = case.event;
    let kept = |version, seats| KeptAvailability {
        version,
        seats: SeatBits::from_packed(vec![seats]),
    };
    let keep = async |known, next, changes: &str| {
        let changes = changes.into();
        let new = NewAvailability {
            event,
            known,
            next,
            changes,
        };
        case.store.keep_availability(new).await.unwrap()
    };
    let changes = async |from| {
        let query = ChangesQuery { event, from };
        case.store.availability_changes(query).await.unwrap()
    };
    assert_eq!(case.store.availability(event).await.unwrap(), None);
    assert!(keep(None, kept(10, 1), "").await);
    assert!(!keep(None, kept(10, 2), "").await, "another process was first");
    assert!(keep(Some(10), kept(11, 3), "{\"held\":[0]}").await);
    assert!(!keep(Some(10), kept(11, 4), "{}").await, "and here");
    assert_eq!(case.store.availability(event).await.unwrap(), Some(kept(11, 3)));
    assert_eq!(changes(10).await, Some((11, "{\"held\":[0]}".to_owned())));
    assert_eq!(changes(11).await, None);
    // Ten minutes later nobody asks for that change any more.
    assert!(keep(Some(11), kept(612, 5), "{}").await);
    assert_eq!(changes(10).await, None);
    assert_eq!(changes(11).await, Some((612, "{}".to_owned())));
}
