//! Many buyers at once, over HTTP.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use usher_cloud::config::Config;

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

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_groups_that_come_at_once_get_seats_beside_each_other_and_none_is_refused() {
    let many = |config: &mut Config| {
        config.reservations.unpaid_orders_per_address = 64;
        config.reservations.unpaid_percent_per_network = 100;
    };
    let cloud = Cloud::with(many).await;
    let rows: Vec<_> = (0..20)
        .map(|row| json!({"name": row.to_string(), "seats": 50}))
        .collect();
    let event = cloud
        .event(|draft| draft["seat_map"]["sections"][0]["rows"] = json!(rows))
        .await;
    let request = json!({"event_id": event, "best_available": {"tier": 1, "count": 4}});
    let answers = join_all((0..64).map(|_| cloud.post("/v1/reservations", &request))).await;
    let mut sold = BTreeSet::new();
    for answer in answers {
        let held = answer.ok(201);
        let seats: Vec<u64> = held["units"]
            .as_array()
            .unwrap()
            .iter()
            .map(|unit| unit["unit"].as_u64().unwrap())
            .collect();
        assert_eq!(seats, (seats[0]..seats[0] + 4).collect::<Vec<_>>());
        assert_eq!(seats[0] / 50, seats[3] / 50, "in one row");
        sold.extend(seats);
    }
    assert_eq!(sold.len(), 64 * 4);
    // Rows are twice as far apart as seats: 256 seats are a half circle of 18 seats to either side, 9 rows deep.
    assert!(sold.iter().all(|seat| *seat < 12 * 50), "{sold:?}");
    assert!(sold.contains(&25), "the middle of the first row is the best seat");
}

#[tokio::test]
async fn a_group_for_which_there_are_too_few_seats_is_told_how_many_there_are() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.hold(&event, &[0, 1, 2, 3, 4, 5, 6]).await.ok(201);
    let best =
        |tier: u16, count: u32| json!({"event_id": event, "best_available": {"tier": tier, "count": count}});
    let problem = cloud
        .post("/v1/reservations", &best(1, 4))
        .await
        .check_problem(409, "units-short");
    assert_eq!(
        problem["short"],
        json!([{"tier": 1, "requested": 4, "available": 3}])
    );
    cloud
        .post("/v1/reservations", &best(9, 1))
        .await
        .check_problem(422, "invalid-request");
    let held = cloud.post("/v1/reservations", &best(1, 3)).await.ok(201);
    assert_eq!(held["amount"], 3 * 4_500);
}
