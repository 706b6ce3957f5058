//! `/v1/organizer/events/{event_id}/bookings/{booking_id}/invoice-payment`: bookings that await a bank transfer.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

const DAY_MS: u64 = 24 * 3_600_000;

async fn ask(cloud: &Cloud, event: &str, key: &str) -> Answer {
    let held = cloud.hold_tier(event, 2, 2).await.ok(201);
    let request = json!({
        "reservation_id": held["reservation_id"], "by_invoice": true, "idempotency_key": key,
        "email": "owl@example.org", "name": "Olga Owl",
    });
    cloud.post("/v1/bookings", &request).await
}

async fn transferred(cloud: &Cloud, booking: &Value, amount: i64, reference: &str) -> Answer {
    let (event, id) = (&booking["event_id"], &booking["booking_id"]);
    let (event, id) = (event.as_str().unwrap(), id.as_str().unwrap());
    let path = format!("/v1/organizer/events/{event}/bookings/{id}/invoice-payment");
    let body = json!({"amount": amount, "reference": reference});
    cloud.organize(Method::POST, &path, &body).await
}

async fn with_days(cloud: &Cloud, days: u16) -> String {
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let patch = json!({"invoice_days": days});
    let shown = cloud.organize(Method::PATCH, &path, &patch).await.ok(200);
    assert_eq!(shown["invoice_days"], days);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_by_invoice_has_tickets_once_its_whole_transfer_has_come() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    ask(&cloud, &event, "early")
        .await
        .check_problem(409, "no-invoice");
    let event = with_days(&cloud, 7).await;
    let booking = ask(&cloud, &event, "a").await.ok(202);
    assert_eq!(
        (&booking["status"], &booking["paid_by"], &booking["tickets"]),
        (&json!("processing"), &json!("invoice"), &json!([]))
    );
    // It waits for days.
    cloud.clock.advance_ms(6 * DAY_MS);
    cloud
        .server
        .state()
        .desk
        .settle_now(booking["booking_id"].as_str().unwrap().parse().unwrap())
        .await;
    let little = transferred(&cloud, &booking, 4_900, "s7").await;
    let problem = little.check_problem(409, "wrong-invoice-amount");
    assert!(
        problem["detail"].as_str().unwrap().contains("100 are missing"),
        "{problem}"
    );
    let much = transferred(&cloud, &booking, 5_001, "s7").await;
    assert!(
        much.check_problem(409, "wrong-invoice-amount")["detail"]
            .as_str()
            .unwrap()
            .contains("1 are too much")
    );
    for _ in 0..2 {
        let paid = transferred(&cloud, &booking, 5_000, "s7").await.ok(200);
        assert_eq!(paid["status"], "confirmed");
        assert_eq!(paid["tickets"].as_array().unwrap().len(), 2);
    }
    transferred(&cloud, &booking, 5_000, "s8")
        .await
        .check_problem(409, "not-awaiting-payment");
    let by_card = cloud.buy(&event, &[0]).await;
    transferred(&cloud, &by_card, 4_500, "s9")
        .await
        .check_problem(409, "not-awaiting-payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_by_invoice_that_nobody_paid_expires_and_its_places_are_free() {
    let cloud = Cloud::start().await;
    let event = with_days(&cloud, 2).await;
    let booking = ask(&cloud, &event, "a").await.ok(202);
    assert_eq!(cloud.seats(&event).await["tiers"][1]["available"], 18);
    cloud.clock.advance_ms(2 * DAY_MS);
    let id = booking["booking_id"].as_str().unwrap();
    cloud.server.state().desk.settle_now(id.parse().unwrap()).await;
    let expired = cloud.get(&format!("/v1/bookings/{id}")).await.ok(200);
    assert_eq!(expired["status"], "expired");
    assert_eq!(cloud.seats(&event).await["tiers"][1]["available"], 20);
    transferred(&cloud, &booking, 5_000, "late")
        .await
        .check_problem(409, "not-awaiting-payment");
    let path = format!("/v1/organizer/events/{event}");
    let bad = json!({"invoice_days": 61});
    cloud
        .organize(Method::PATCH, &path, &bad)
        .await
        .check_problem(422, "invalid-request");
}
