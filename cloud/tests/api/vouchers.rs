//! `/v1/organizer/events/{event_id}/vouchers`, and codes at `/v1/vouchers/check` and `/v1/reservations`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn make(cloud: &Cloud, event: &str, body: Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}/vouchers");
    cloud.organize(Method::POST, &path, &body).await
}

async fn listed(cloud: &Cloud, event: &str) -> Value {
    let path = format!("/v1/organizer/events/{event}/vouchers");
    cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["vouchers"].clone()
}

async fn check(cloud: &Cloud, event: &str, code: &str) -> Answer {
    cloud
        .post("/v1/vouchers/check", &json!({"event_id": event, "voucher": code}))
        .await
}

async fn hold(cloud: &Cloud, event: &str, seats: &[u32], code: &str) -> Answer {
    let request = json!({"event_id": event, "seat_ids": seats, "voucher": code});
    cloud.post("/v1/reservations", &request).await
}

#[tokio::test]
async fn a_code_lowers_the_price_of_a_hold_and_what_is_paid() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let terms = json!({"codes": ["OWLS-27"], "name": "Friends", "percent": 33, "tiers": [1], "max_uses": 1, "max_per_order": 2});
    let made = make(&cloud, &event, terms).await.ok(201);
    assert_eq!(
        (&made["vouchers"][0]["code"], &made["vouchers"][0]["uses"]),
        (&json!("OWLS-27"), &json!(0))
    );
    let good = check(&cloud, &event, "owls-27").await.ok(200);
    assert_eq!(
        good,
        json!({"voucher": "OWLS-27", "max_per_order": 2, "currency": "EUR", "tiers": [
            {"tier": 1, "name": "Stalls", "price": 4500, "price_with_code": 3015, "available": 10, "on_sale": true},
        ]})
    );
    let refused = hold(&cloud, &event, &[0, 1, 2], "OWLS-27")
        .await
        .check_problem(409, "wrong-quantity");
    assert_eq!(
        refused["detail"],
        "An order with this code has at most 2 of these tickets."
    );
    let held = hold(&cloud, &event, &[0, 1], "OWLS-27").await.ok(201);
    assert_eq!(
        (&held["amount"], &held["units"][0]["price"]),
        (&json!(6030), &json!(3015))
    );
    hold(&cloud, &event, &[2], "OWLS-27")
        .await
        .check_problem(409, "voucher-used-up");
    check(&cloud, &event, "OWLS-27")
        .await
        .check_problem(409, "voucher-used-up");
    let booked = cloud.book(&held, "key", "tok_ok").await.ok(201);
    assert_eq!(booked["amount"], 6030);
    assert_eq!(listed(&cloud, &event).await[0]["uses"], 1);
    // A refund of one ticket gives what was paid for it.
    let booking = booked["booking_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/bookings/{booking}/refunds");
    let refund = json!({"tickets": [booked["tickets"][0]["ticket_id"]], "idempotency_key": "r"});
    let refund = cloud.organize(Method::POST, &path, &refund).await.ok(201);
    assert_eq!(refund["amount"], 3015);
}

#[tokio::test]
async fn a_price_of_nothing_is_booked_without_a_payment() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let terms = json!({"codes": ["FREE-1", "FREE-2"], "name": "Press", "percent": 100, "max_uses": 1});
    make(&cloud, &event, terms).await.ok(201);
    let held = hold(&cloud, &event, &[0], "FREE-1").await.ok(201);
    assert_eq!(held["amount"], 0);
    let id = held["reservation_id"].as_str().unwrap();
    let request = json!({"reservation_id": id, "idempotency_key": "key", "email": "owl@example.org"});
    let booked = cloud.post("/v1/bookings", &request).await.ok(201);
    assert_eq!(
        (&booked["status"], &booked["amount"]),
        (&json!("confirmed"), &json!(0))
    );
    // What is given back can be used again.
    let held = hold(&cloud, &event, &[1], "FREE-2").await.ok(201);
    let path = format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
    assert_eq!(cloud.delete(&path).await.status, 204);
    hold(&cloud, &event, &[1], "FREE-2").await.ok(201);
}

#[tokio::test]
async fn a_presale_code_sells_a_hidden_tier_before_the_sale_begins() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let later = json!({"sells_from": "2098-01-01T10:00:00Z", "tiers": [{"tier": 1, "hidden": true}]});
    cloud.organize(Method::PATCH, &path, &later).await.ok(200);
    make(
        &cloud,
        &event,
        json!({"codes": ["CLUB"], "name": "Club", "unlocks": true, "tiers": [1]}),
    )
    .await
    .ok(201);
    cloud
        .hold(&event, &[0])
        .await
        .check_problem(409, "not-yet-on-sale");
    let good = check(&cloud, &event, "club").await.ok(200);
    assert_eq!(good["tiers"][0]["name"], "Stalls");
    let held = hold(&cloud, &event, &[0], "club").await.ok(201);
    cloud.book(&held, "key", "tok_ok").await.ok(201);
    let vouchers = listed(&cloud, &event).await;
    let id = vouchers[0]["voucher_id"].as_str().unwrap();
    let stop = format!("{path}/vouchers/{id}/stop");
    assert_eq!(
        cloud.organize(Method::POST, &stop, &Value::Null).await.status,
        204
    );
    assert_eq!(listed(&cloud, &event).await[0]["stopped"], true);
    hold(&cloud, &event, &[1], "club")
        .await
        .check_problem(404, "unknown-voucher");
}

#[tokio::test]
async fn whoever_guesses_codes_waits() {
    let cloud = Cloud::with(|config| config.reservations.minutes_in_vain = 1).await;
    let event = cloud.event(|_| {}).await;
    make(
        &cloud,
        &event,
        json!({"codes": ["OWLS"], "name": "Owls", "amount": 100}),
    )
    .await
    .ok(201);
    let mut guesses = 0;
    let refused = loop {
        let answer = check(&cloud, &event, &format!("GUESS-{guesses}")).await;
        if answer.status == 429 {
            break answer;
        }
        answer.check_problem(404, "unknown-voucher");
        guesses += 1;
        assert!(guesses < 1_000, "nobody was stopped");
    };
    refused.check_problem(429, "held-in-vain");
    assert!(guesses > 0);
    hold(&cloud, &event, &[0], "OWLS")
        .await
        .check_problem(429, "held-in-vain");
}

#[tokio::test]
async fn vouchers_that_make_no_sense_are_refused_with_what_is_wrong() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let with = |member: &str, value: Value| {
        let mut terms = json!({"codes": ["OWLS"], "name": "Owls", "percent": 10});
        terms[member] = value;
        terms
    };
    for (body, pointer) in [
        (with("codes", json!([])), "/codes"),
        (with("codes", json!(["OWLS", "owls"])), "/codes/1"),
        (with("codes", json!(["a b c d"])), "/codes/0"),
        (with("name", json!("")), "/name"),
        (with("percent", json!(0)), "/percent"),
        (with("percent", json!(101)), "/percent"),
        (with("amount", json!(1)), ""),
        (with("percent", Value::Null), ""),
        (with("tiers", json!([9])), "/tiers/0"),
        (with("tiers", json!([])), "/tiers"),
        (with("max_uses", json!(0)), "/max_uses"),
        (with("valid_until", json!("2020-01-01T00:00:00Z")), "/valid_until"),
    ] {
        let mut body = body;
        if pointer == "/valid_until" {
            body["valid_from"] = json!("2020-01-01T00:00:00Z");
        }
        let refused = make(&cloud, &event, body)
            .await
            .check_problem(422, "invalid-request");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    make(&cloud, &event, with("valid_until", json!("2020-01-01T00:00:00Z")))
        .await
        .ok(201);
    check(&cloud, &event, "OWLS")
        .await
        .check_problem(409, "voucher-not-now");
    check(&cloud, &event, "?")
        .await
        .check_problem(422, "invalid-request");
    make(&cloud, &event, with("codes", json!(["BATS", "OWLS"])))
        .await
        .check_problem(409, "voucher-taken");
    assert_eq!(listed(&cloud, &event).await.as_array().unwrap().len(), 1);
}
