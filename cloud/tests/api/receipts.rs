//! `/v1/organizer/events/{event_id}/receipts`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Cloud;

async fn listed(cloud: &Cloud, event: &str) -> Vec<Value> {
    let path = format!("/v1/organizer/events/{event}/receipts");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let told = shown["receipts"].as_array().unwrap().iter();
    told.map(|receipt| json!([receipt["number"], receipt["kind"], receipt["amount"]]))
        .collect()
}

#[tokio::test]
async fn what_is_paid_and_given_back_is_numbered_without_gaps_over_all_events() {
    let cloud = Cloud::start().await;
    let (first, second) = (cloud.event(|_| {}).await, cloud.event(|_| {}).await);
    let booked = cloud.buy(&first, &[0, 1]).await;
    assert_eq!(booked["receipt"], "1");
    assert_eq!(cloud.buy(&second, &[0]).await["receipt"], "2");
    // What is declined or costs nothing takes no number, and neither does asking again.
    let held = cloud.hold(&first, &[2]).await.ok(201);
    cloud
        .book(&held, "declined", "tok_decline")
        .await
        .check_problem(402, "card_declined");
    let free = cloud.hold_tier(&first, 3, 1).await.ok(201);
    assert_eq!(
        cloud.book(&free, "free", "tok_ok").await.ok(201).get("receipt"),
        None
    );
    let paid = cloud.book(&held, "paid", "tok_ok").await.ok(201);
    assert_eq!(cloud.book(&held, "paid", "tok_ok").await.ok(201)["receipt"], "3");
    assert_eq!(paid["receipt"], "3");

    let id = booked["booking_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{first}/bookings/{id}/refunds");
    let refund = json!({"tickets": [booked["tickets"][0]["ticket_id"]], "idempotency_key": "r"});
    cloud.organize(Method::POST, &path, &refund).await.ok(201);
    assert_eq!(
        listed(&cloud, &first).await,
        [
            json!(["1", "sale", 9000]),
            json!(["3", "sale", 4500]),
            json!(["4", "annulment", 4500]),
        ]
    );
    assert_eq!(listed(&cloud, &second).await, [json!(["2", "sale", 4500])]);
}

#[tokio::test]
async fn sales_at_once_leave_no_number_out() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let mut sales = Vec::new();
    for seat in 0..8 {
        sales.push(cloud.hold(&event, &[seat]).await.ok(201));
    }
    let keys: Vec<_> = (0..8).map(|sale| format!("key {sale}")).collect();
    let bought = sales
        .iter()
        .zip(&keys)
        .map(|(held, key)| cloud.book(held, key, "tok_ok"));
    let bought = futures_util::future::join_all(bought).await;
    let mut numbers: Vec<u32> = bought
        .iter()
        .map(|answer| answer.ok(201)["receipt"].as_str().unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
}
