//! Service fees and taxes of tiers: shown before paying, in the booking, and given back with it.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Cloud;

async fn charge(cloud: &Cloud, event: &str, charges: Value) {
    let path = format!("/v1/organizer/events/{event}");
    let patch = json!({"tiers": [{"tier": 1, "charges": charges}]});
    cloud.organize(Method::PATCH, &path, &patch).await.ok(200);
}

#[tokio::test]
async fn fees_and_taxes_are_shown_before_paying_and_kept_in_the_booking() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let before = cloud.hold(&event, &[9]).await.ok(201);
    charge(
        &cloud,
        &event,
        json!({"fee": 200, "fee_added": true, "tax": 700, "tax_added": true}),
    )
    .await;
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    let tier = &shown["tiers"][0];
    assert_eq!(
        json!([tier["price"], tier["fee"], tier["tax"]]),
        json!([5029, 200, 329])
    );
    assert_eq!(cloud.seats(&event).await["seats"][0]["price"], 5029);
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(
        page.contains("with 2.00 EUR service fee and 3.29 EUR tax"),
        "{page}"
    );
    let held = cloud.hold(&event, &[0, 1]).await.ok(201);
    assert_eq!(
        json!([held["amount"], held["fees"], held["taxes"]]),
        json!([10_058, 400, 658])
    );
    assert_eq!(
        json!([held["units"][0]["price"], held["units"][0]["tax"]]),
        json!([5029, 329])
    );
    let booked = cloud.book(&held, "key", "tok_ok").await.ok(201);
    assert_eq!(
        json!([booked["amount"], booked["fees"], booked["taxes"]]),
        json!([10_058, 400, 658])
    );
    // What was held before costs what it did.
    let earlier = cloud.book(&before, "earlier", "tok_ok").await.ok(201);
    assert_eq!(
        json!([earlier["amount"], earlier["fees"], earlier["taxes"]]),
        json!([4500, 0, 0])
    );

    let id = booked["booking_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/bookings/{id}/refunds");
    let refund = json!({"tickets": [booked["tickets"][0]["ticket_id"]], "idempotency_key": "r"});
    let refund = cloud.organize(Method::POST, &path, &refund).await.ok(201);
    assert_eq!(
        (&refund["amount"], &refund["status"]),
        (&json!(5029), &json!("given"))
    );
    let event_id = event.parse().unwrap();
    let balances = cloud.server.state().store.balances(event_id).await.unwrap();
    assert_eq!((balances.fees, balances.taxes, balances.sum()), (-200, -329, 0));
    assert_eq!((balances.gateway, balances.sales), (9_529, -9_000));
}

#[tokio::test]
async fn a_discount_comes_before_the_charges_and_what_costs_nothing_has_none() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    charge(
        &cloud,
        &event,
        json!({"fee": 200, "fee_added": true, "tax": 1900}),
    )
    .await;
    let path = format!("/v1/organizer/events/{event}/vouchers");
    for (code, percent) in [("HALF", 50), ("FREE", 100)] {
        let terms = json!({"codes": [code], "name": "Owls", "percent": percent});
        cloud.organize(Method::POST, &path, &terms).await.ok(201);
    }
    let check = json!({"event_id": event, "voucher": "HALF"});
    let good = cloud.post("/v1/vouchers/check", &check).await.ok(200);
    assert_eq!(good["tiers"][0]["price_with_code"], 2450);
    let hold = async |seat: u32, code: &str| {
        let request = json!({"event_id": event, "seat_ids": [seat], "voucher": code});
        let held = cloud.post("/v1/reservations", &request).await.ok(201);
        json!([held["amount"], held["fees"], held["taxes"]])
    };
    assert_eq!(hold(0, "HALF").await, json!([2450, 200, 391]));
    assert_eq!(hold(1, "FREE").await, json!([0, 0, 0]));
}

#[tokio::test]
async fn charges_that_make_no_sense_are_refused() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    for (charges, pointer) in [
        (json!({"fee": -1}), "/tiers/0/charges/fee"),
        (json!({"tax": 10_001}), "/tiers/0/charges/tax"),
    ] {
        let patch = json!({"tiers": [{"tier": 1, "charges": charges}]});
        let refused = cloud.organize(Method::PATCH, &path, &patch).await;
        let refused = refused.check_problem(422, "invalid-request");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    charge(&cloud, &event, json!({"tax": 700})).await;
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let charges = json!({"fee": 0, "fee_added": false, "tax": 700, "tax_added": false});
    assert_eq!(shown["tiers"][0]["charges"], charges);
    assert_eq!(shown["tiers"][1].get("charges"), None);
}
