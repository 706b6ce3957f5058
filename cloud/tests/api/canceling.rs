//! `/v1/organizer/events/{event_id}/cancellation`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use usher_cloud::payment::PaymentName;

use super::client::{Answer, Cloud};
use super::patience;

fn path(event: &str) -> String {
    format!("/v1/organizer/events/{event}/cancellation")
}

async fn cancel(cloud: &Cloud, event: &str, apply: bool) -> Answer {
    cloud
        .organize(Method::POST, &path(event), &json!({ "apply": apply }))
        .await
}

/// Waits until the cancellation stands so.
async fn stands(cloud: &Cloud, event: &str, status: &str) -> Value {
    patience::until(status, async || {
        let shown = cloud
            .organize(Method::GET, &path(event), &Value::Null)
            .await
            .ok(200);
        Some(shown).filter(|shown| shown["status"] == status)
    })
    .await
}

#[tokio::test]
async fn a_canceled_event_sells_nothing_and_everybody_gets_their_money() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let bookings = [cloud.buy(&event, &[0, 1]).await, cloud.buy(&event, &[2]).await];
    let held = cloud.hold(&event, &[3]).await.ok(201);
    let plan = cancel(&cloud, &event, false).await.ok(200);
    assert_eq!(
        (
            &plan["status"],
            &plan["tickets_left"],
            &plan["bookings_left"],
            &plan["to_give_back"]
        ),
        (&json!("planned"), &json!(3), &json!(2), &json!(13_500))
    );
    cloud.hold(&event, &[4]).await.ok(201);
    assert!(cancel(&cloud, &event, true).await.ok(202)["canceled_at"].is_string());
    cloud
        .hold(&event, &[5])
        .await
        .check_problem(409, "event-canceled");
    let done = stands(&cloud, &event, "done").await;
    assert_eq!(
        (&done["refunds_given"], &done["to_give_back"], &done["owed"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let again = cancel(&cloud, &event, true).await.ok(202);
    assert_eq!(
        (&again["status"], &again["canceled_at"]),
        (&json!("done"), &done["canceled_at"])
    );

    // What was held is free, and cannot be paid any more.
    let id = held["reservation_id"].as_str().unwrap();
    assert_eq!(
        cloud.get(&format!("/v1/reservations/{id}")).await.ok(200)["status"],
        "released"
    );
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(shown["status"], "canceled");
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(page.contains("This event is cancelled"), "{page}");
    for booking in &bookings {
        let id = booking["booking_id"].as_str().unwrap();
        let shown = cloud.get(&format!("/v1/bookings/{id}")).await.ok(200);
        assert_eq!(shown["status"], "refunded");
        let page = cloud.get(cloud.path(&booking["page"])).await.text();
        assert!(page.contains("The event is cancelled"), "{page}");
    }
    let ticket = bookings[0]["tickets"][0]["ticket_id"].as_str().unwrap();
    let page = cloud.get(&format!("/tickets/{ticket}")).await.text();
    assert!(
        page.contains("This ticket lets nobody in") && !page.contains("<svg"),
        "{page}"
    );
}

#[tokio::test]
async fn a_ticket_that_was_given_to_somebody_else_is_void_and_whoever_paid_gets_the_money() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let deed = |ticket: &str, deed: &str| format!("/v1/organizer/events/{event}/tickets/{ticket}/{deed}");
    let given = cloud
        .organize(Method::POST, &deed(ticket, "transfer"), &Value::Null)
        .await
        .ok(200);
    cancel(&cloud, &event, true).await.ok(202);
    stands(&cloud, &event, "done").await;
    let id = booking["booking_id"].as_str().unwrap();
    let shown = cloud.get(&format!("/v1/bookings/{id}")).await.ok(200);
    assert_eq!(shown["given_back"], 4_500);
    let given = given["ticket_id"].as_str().unwrap();
    assert_eq!(
        cloud.get(&format!("/v1/tickets/{given}")).await.ok(200)["status"],
        "revoked"
    );
    for what in ["reinstate", "reissue", "transfer"] {
        let answer = cloud
            .organize(Method::POST, &deed(given, what), &Value::Null)
            .await;
        assert_eq!(answer.status, 409, "{what}");
    }
    let moved =
        json!({"starts_at": "2099-07-02T18:00:00Z", "ends_at": "2099-07-02T23:00:00Z", "apply": true});
    cloud
        .organize(
            Method::POST,
            &format!("/v1/organizer/events/{event}/move"),
            &moved,
        )
        .await
        .check_problem(409, "event-canceled");
}

#[tokio::test]
async fn refunds_that_fail_are_listed_and_tried_again() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    cloud.buy(&event, &[1]).await;
    // Somebody has given the first one's money back at the payment service, by hand.
    let state = cloud.server.state();
    let id = booking["booking_id"].as_str().unwrap().parse().unwrap();
    let reference = state.store.booking(id).await.unwrap().unwrap().charge;
    let name = PaymentName { reference, id: None };
    state.desk.gateways().in_use().refund(&name, None).await.unwrap();
    cancel(&cloud, &event, true).await.ok(202);
    let stuck = stands(&cloud, &event, "refused").await;
    assert_eq!(
        (&stuck["refunds_refused"], &stuck["refunds_given"], &stuck["owed"]),
        (&json!(1), &json!(1), &json!(4_500))
    );
    let list = format!("/v1/organizer/events/{event}/refunds?status=refused");
    let refused = cloud.organize(Method::GET, &list, &Value::Null).await.ok(200);
    assert_eq!(refused["refunds"][0]["booking_id"], booking["booking_id"]);
    let retry = format!("{}/retry", path(&event));
    let retried = cloud.organize(Method::POST, &retry, &Value::Null).await.ok(202);
    assert_eq!(retried["refunds_running"], 1);
    // Nothing has changed there, so that it is refused again.
    let again = loop {
        let refused = cloud.organize(Method::GET, &list, &Value::Null).await.ok(200);
        if let Some(refund) = refused["refunds"].as_array().unwrap().first() {
            break refund.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(again["attempt"], 2);
}

#[tokio::test]
async fn a_draft_is_not_canceled() {
    let cloud = Cloud::start().await;
    let draft = cloud.draft(|_| {}).await;
    cancel(&cloud, &draft, true)
        .await
        .check_problem(409, "event-not-published");
}
