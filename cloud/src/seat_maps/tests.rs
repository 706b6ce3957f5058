//! Maps that are kept as long as they are true, and no longer.

use std::time::Duration;

use futures_util::future::join_all;
use usher_keys::SecretKey;

use super::*;
use crate::ids::draw_event_id;
use crate::selling::sale::keys_needed_until;
use crate::store::contract::case::{Case, HOLD_MS, START, changed, unchanged};
use crate::store::organizing::EventChange;

fn signer(case: &Case) -> TicketSigner {
    let signer = TicketSigner::default();
    signer.install(case.event, &SecretKey::from_seed(&[7; 32]), Timestamp::FOREVER);
    signer
}

async fn map(maps: &SeatMaps, case: &Case, now: Timestamp) -> Arc<SeatMap> {
    maps.of(case.event, now).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_map_is_made_once_for_each_change() {
    let case = Case::on_sqlite().await;
    let maps = SeatMaps::new(case.store.clone(), signer(&case));
    let first = map(&maps, &case, START).await;
    assert!(Arc::ptr_eq(&first, &map(&maps, &case, START).await));
    case.held(&[0], START).await;
    maps.changed(case.event);
    let waiting = join_all((0..16).map(|_| map(&maps, &case, START))).await;
    assert!(waiting.iter().all(|map| Arc::ptr_eq(map, &waiting[0])));
    assert_ne!(waiting[0].etag, first.etag);
}

#[tokio::test(start_paused = true)]
async fn a_map_that_was_just_made_rests_before_it_is_made_again() {
    let case = Case::on_sqlite().await;
    let maps = SeatMaps::new(case.store.clone(), signer(&case));
    let begun = Instant::now();
    let first = map(&maps, &case, START).await;
    map(&maps, &case, START).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    case.held(&[0], START).await;
    maps.changed(case.event);
    let second = map(&maps, &case, START).await;
    assert_ne!(second.etag, first.etag);
    assert!(begun.elapsed() > Duration::ZERO);
}

#[tokio::test]
async fn a_map_goes_out_of_date_when_a_hold_expires_and_not_before() {
    let case = Case::on_sqlite().await;
    let maps = SeatMaps::new(case.store.clone(), signer(&case));
    let empty = map(&maps, &case, START).await;
    case.held(&[0], START).await;
    maps.changed(case.event);
    let held = map(&maps, &case, START).await;
    assert!(Arc::ptr_eq(
        &held,
        &map(&maps, &case, START.plus_ms(HOLD_MS - 1)).await
    ));
    let expired = map(&maps, &case, START.plus_ms(HOLD_MS)).await;
    assert_eq!((&expired.body, &expired.etag), (&empty.body, &empty.etag));
}

#[tokio::test]
async fn a_map_says_that_the_sale_is_paused_while_the_key_ends_before_the_event() {
    let case = Case::on_sqlite().await;
    let signer = signer(&case);
    let maps = SeatMaps::new(case.store.clone(), signer.clone());
    let key = SecretKey::from_seed(&[7; 32]);
    let open = map(&maps, &case, START).await;
    let ends_at = open.event.ends_at;
    for (until, status) in [
        (ends_at, SaleStatus::Paused),
        (Timestamp(keys_needed_until(ends_at).0 - 1), SaleStatus::Paused),
        (keys_needed_until(ends_at), SaleStatus::OnSale),
    ] {
        signer.install(case.event, &key, until);
        assert_eq!(map(&maps, &case, START).await.status, status, "{until:?}");
    }
    assert_eq!(map(&maps, &case, START).await.etag, open.etag);
    signer.withdraw(case.event);
    let paused = map(&maps, &case, START).await;
    assert_eq!(paused.status, SaleStatus::Paused);
    assert_eq!(map(&maps, &case, ends_at).await.status, SaleStatus::Over);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_has_sold_and_changed_is_shown_within_a_second() {
    let case = Case::on_postgres().await;
    let (maps, others) = (
        SeatMaps::new(case.store.clone(), signer(&case)),
        SeatMaps::new(case.store.clone(), signer(&case)),
    );
    let before = map(&maps, &case, START).await;
    assert_eq!(map(&others, &case, START).await.etag, before.etag);
    case.held(&[0], START).await;
    maps.changed(case.event);
    let change = EventChange {
        name: Some("Night of Two Owls".into()),
        ..unchanged(case.event)
    };
    changed(&case, change).await;
    maps.forget(case.event);
    let here = map(&maps, &case, START).await;
    assert_ne!(here.etag, before.etag);
    let there = map(&others, &case, START.plus_ms(SHARED_LIFE_MS)).await;
    assert_eq!((&there.etag, &there.event.name), (&here.etag, &here.event.name));
}

#[tokio::test]
async fn events_that_are_not_on_sale_take_no_place() {
    let case = Case::on_sqlite().await;
    let maps = SeatMaps::new(case.store.clone(), signer(&case));
    for _ in 0..2 * EVENTS_KEPT {
        assert!(maps.of(draw_event_id(START), START).await.unwrap().is_none());
    }
    assert!(maps.maps().is_empty());
}
