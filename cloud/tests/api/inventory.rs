//! `PATCH /v1/organizer/events/{event_id}`: how an event and its tiers are sold.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn patch(cloud: &Cloud, event: &str, body: Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}");
    cloud.organize(Method::PATCH, &path, &body).await
}

#[tokio::test]
async fn a_sale_begins_stops_and_goes_on_as_its_organizer_says() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let shown = async || cloud.get(&format!("/v1/events/{event}")).await.ok(200)["status"].clone();
    let later = patch(&cloud, &event, json!({"sells_from": "2098-01-01T10:00:00Z"}))
        .await
        .ok(200);
    assert_eq!(
        (&later["sale"], &later["sells_from"]),
        (&json!("not_yet"), &json!("2098-01-01T10:00:00Z"))
    );
    assert_eq!(shown().await, "not_yet");
    cloud
        .hold(&event, &[0])
        .await
        .check_problem(409, "not-yet-on-sale");
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(page.contains("Tickets are sold from"), "{page}");
    patch(&cloud, &event, json!({"sells_from": null})).await.ok(200);
    let held = cloud.hold(&event, &[0]).await.ok(201);
    patch(&cloud, &event, json!({"sale_stopped": true})).await.ok(200);
    cloud.hold(&event, &[1]).await.check_problem(409, "sale-stopped");
    cloud.book(&held, "key", "tok_ok").await.ok(201);
    patch(&cloud, &event, json!({"sale_stopped": false}))
        .await
        .ok(200);
    assert_eq!(shown().await, "on_sale");
    cloud.hold(&event, &[1]).await.ok(201);
    let backwards = json!({"sells_from": "2098-01-01T10:00:00Z", "sells_until": "2098-01-01T10:00:00Z"});
    patch(&cloud, &event, backwards)
        .await
        .check_problem(422, "invalid-request");
}

#[tokio::test]
async fn a_hidden_tier_is_seen_by_its_organizer_alone() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let tiers = async || cloud.get(&format!("/v1/events/{event}")).await.ok(200)["tiers"].clone();
    let before = tiers().await.as_array().unwrap().len();
    let hidden = patch(&cloud, &event, json!({"tiers": [{"tier": 1, "hidden": true}]}))
        .await
        .ok(200);
    assert_eq!(hidden["tiers"][0]["hidden"], true);
    assert_eq!(tiers().await.as_array().unwrap().len(), before - 1);
    cloud
        .hold(&event, &[0])
        .await
        .check_problem(422, "invalid-request");
    let seats = cloud.seats(&event).await;
    assert_eq!(seats["seats"][0]["status"], "held");
    patch(
        &cloud,
        &event,
        json!({"tiers": [{"tier": 1, "hidden": false, "order_min": 2}]}),
    )
    .await
    .ok(200);
    let refused = cloud
        .hold(&event, &[0])
        .await
        .check_problem(409, "wrong-quantity");
    assert_eq!(refused["detail"], "An order has at least 2 of these tickets.");
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(
        page.contains("data-min=\"2\"") && page.contains("at least 2 at once"),
        "{page}"
    );
    cloud.hold(&event, &[0, 1]).await.ok(201);
}

#[tokio::test]
async fn a_capacity_is_refused_below_what_is_sold_and_says_how_much_that_is() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold_tier(&event, 2, 3).await.ok(201);
    cloud.book(&held, "key", "tok_ok").await.ok(201);
    let capacity = |capacity: u32| json!({"tiers": [{"tier": 2, "capacity": capacity}]});
    let refused = patch(&cloud, &event, capacity(2))
        .await
        .check_problem(422, "invalid-request");
    assert!(refused.to_string().contains("3 are held, sold"), "{refused}");
    patch(&cloud, &event, capacity(3)).await.ok(200);
    cloud
        .hold_tier(&event, 2, 1)
        .await
        .check_problem(409, "units-short");
    patch(&cloud, &event, capacity(5)).await.ok(200);
    cloud.hold_tier(&event, 2, 2).await.ok(201);
    let seats = json!({"tiers": [{"tier": 1, "capacity": 1}]});
    patch(&cloud, &event, seats)
        .await
        .check_problem(422, "invalid-request");
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_rise_in_steps_and_an_order_has_a_most() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let steps = json!([{"price": 1000, "until_taken": 2}, {"price": 1500, "until": "2027-03-01T00:00:00Z"}]);
    let patch = json!({"tiers": [{"tier": 2, "price_steps": steps}], "order_max": 3});
    let shown = cloud.organize(Method::PATCH, &path, &patch).await.ok(200);
    assert_eq!(
        (&shown["tiers"][1]["price_steps"], &shown["order_max"]),
        (&steps, &json!(3))
    );
    let price = async || cloud.get(&format!("/v1/events/{event}")).await.ok(200)["tiers"][1]["price"].clone();
    assert_eq!(price().await, 1_000);
    cloud
        .hold_tier(&event, 2, 4)
        .await
        .check_problem(409, "wrong-quantity");
    let held = cloud.hold_tier(&event, 2, 3).await.ok(201);
    assert_eq!(held["amount"], 3_500);
    assert_eq!(price().await, 1_500);
    assert_eq!(cloud.seats(&event).await["tiers"][1]["price"], 1_500);
    for wrong in [
        json!([{"price": 1000}]),
        json!([{"price": 1000, "until_taken": 5}, {"price": 1100, "until_taken": 5}]),
        json!([{"price": -1, "until_taken": 5}]),
    ] {
        let patch = json!({"tiers": [{"tier": 2, "price_steps": wrong}]});
        cloud
            .organize(Method::PATCH, &path, &patch)
            .await
            .check_problem(422, "invalid-request");
    }
}
