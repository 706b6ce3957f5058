//! Many buyers at once, over HTTP.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use super::client::Cloud;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_buyers_fight_for_one_seat_and_one_gets_it() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let answers = join_all((0..64).map(|_| cloud.hold(&event, &[5]))).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(winners.len(), 1);
    assert!(answers.iter().filter(|answer| answer.status == 409).count() == 63);
    cloud.book(&winners[0].json(), "key", "tok_ok").await.ok(201);
    assert_eq!(cloud.seats(&event).await["seats"][5]["status"], "booked");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_buyers_empty_a_tier_and_no_unit_is_sold_twice() {
    let cloud = Cloud::with(|config| config.reservations.unpaid_percent_per_network = 100).await;
    let event = cloud.event(|draft| draft["tiers"][1]["price"] = json!(1)).await;
    let buy = async |buyer: usize| {
        let held = cloud.hold_tier(&event, 2, 1).await;
        if held.status == 409 {
            return None;
        }
        let booked = cloud.book(&held.ok(201), &buyer.to_string(), "tok_ok").await;
        Some(booked.ok(201)["tickets"][0]["unit"].as_u64().unwrap())
    };
    let sold: Vec<_> = join_all((0..64).map(buy)).await.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = sold.iter().collect();
    assert_eq!((sold.len(), distinct.len()), (20, 20));
    assert_eq!(cloud.seats(&event).await["tiers"][1]["booked"], 20);
}
