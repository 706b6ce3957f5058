//! `/v1/organizer/events/{event_id}/bookings/{booking_id}/refunds`.

use reqwest::Method;
use serde_json::{Value, json};

use usher_cloud::payment::PaymentName;

use super::client::{Answer, Cloud};

fn path(event: &str, booking: &Value) -> String {
    let booking = booking["booking_id"].as_str().unwrap();
    format!("/v1/organizer/events/{event}/bookings/{booking}/refunds")
}

async fn refund(cloud: &Cloud, event: &str, booking: &Value, body: Value) -> Answer {
    cloud.organize(Method::POST, &path(event, booking), &body).await
}

async fn shown(cloud: &Cloud, booking: &Value) -> Value {
    let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    cloud.get(&path).await.ok(200)
}

#[tokio::test]
async fn a_ticket_is_given_back_and_its_seat_is_sold_again() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let body = json!({"tickets": [ticket], "idempotency_key": "one"});
    let given = refund(&cloud, &event, &booking, body.clone()).await.ok(201);
    assert_eq!(
        (&given["status"], &given["amount"]),
        (&json!("given"), &json!(4_500))
    );
    // The same request is the same refund; another one needs another key.
    assert_eq!(refund(&cloud, &event, &booking, body).await.ok(201), given);
    refund(&cloud, &event, &booking, json!({"idempotency_key": "one"}))
        .await
        .check_problem(409, "idempotency-key-reused");

    let after = shown(&cloud, &booking).await;
    assert_eq!(
        (&after["status"], &after["given_back"]),
        (&json!("partly_refunded"), &json!(4_500))
    );
    assert_eq!(after["tickets"][0]["status"], "revoked");
    let page = cloud.get(cloud.path(&after["page"])).await.text();
    assert!(page.contains("Given back: 45.00 EUR"), "{page}");
    let again = format!("/v1/organizer/events/{event}/tickets/{ticket}");
    for deed in ["reinstate", "reissue", "transfer"] {
        let answer = cloud
            .organize(Method::POST, &format!("{again}/{deed}"), &Value::Null)
            .await;
        answer.check_problem(409, "ticket-refunded");
    }
    let next = cloud.buy(&event, &[0]).await;
    assert_eq!(next["tickets"][0]["generation"], 2);
    let sales = cloud
        .organize(
            Method::GET,
            &format!("/v1/organizer/events/{event}"),
            &Value::Null,
        )
        .await
        .ok(200);
    assert_eq!(sales["sales"]["revenue"], 9_000);
}

#[tokio::test]
async fn no_more_is_given_back_than_was_paid_and_the_key_may_be_a_header() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let with_key = async |key: &str, body: Value| {
        let request = cloud
            .request(Method::POST, &path(&event, &booking))
            .bearer_auth(&cloud.key)
            .header("Idempotency-Key", key)
            .json(&body);
        cloud.send(request).await
    };
    let goodwill = with_key("a", json!({"tickets": [], "amount": 500})).await.ok(201);
    assert_eq!(
        (&goodwill["status"], &goodwill["tickets"]),
        (&json!("given"), &json!([]))
    );
    with_key("b", json!({"amount": 8_501}))
        .await
        .check_problem(409, "refund-exceeds-payment");
    with_key("b", json!({"idempotency_key": "c"}))
        .await
        .check_problem(422, "invalid-request");
    refund(&cloud, &event, &booking, json!({}))
        .await
        .check_problem(422, "invalid-request");
    // A fee is kept, and the places too.
    let rest = with_key("d", json!({"amount": 8_000, "keep_units": true}))
        .await
        .ok(201);
    assert_eq!(
        (&rest["status"], &rest["keep_units"]),
        (&json!("given"), &json!(true))
    );
    cloud.hold(&event, &[0]).await.check_problem(409, "units-taken");
    assert_eq!(shown(&cloud, &booking).await["status"], "partly_refunded");
    let list = cloud
        .organize(Method::GET, &path(&event, &booking), &Value::Null)
        .await
        .ok(200);
    assert_eq!(list.as_array().unwrap().len(), 2);
    let retry = format!(
        "/v1/organizer/events/{event}/refunds/{}/retry",
        rest["refund_id"].as_str().unwrap()
    );
    cloud
        .organize(Method::POST, &retry, &Value::Null)
        .await
        .check_problem(409, "refund-not-refused");
}

#[tokio::test]
async fn refunds_that_a_person_has_to_look_into_are_listed() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (first, second) = (cloud.buy(&event, &[0]).await, cloud.buy(&event, &[1]).await);
    // Somebody has given the second one's money back at the payment service, by hand.
    let state = cloud.server.state();
    let booking = second["booking_id"].as_str().unwrap().parse().unwrap();
    let charge = state.store.booking(booking).await.unwrap().unwrap().charge;
    let name = PaymentName {
        reference: charge,
        id: None,
    };
    let gateway = state.desk.gateways().in_use();
    gateway.refund(&name, None).await.unwrap();
    for (booking, status) in [(&first, "given"), (&second, "refused")] {
        let key = json!({"idempotency_key": status});
        let answer = refund(&cloud, &event, booking, key).await.ok(201);
        assert_eq!(answer["status"], status);
    }
    let list = async |rest: &str| {
        let path = format!("/v1/organizer/events/{event}/refunds{rest}");
        cloud.organize(Method::GET, &path, &Value::Null).await
    };
    let refused = list("?status=refused").await.ok(200);
    let [only] = &refused["refunds"].as_array().unwrap()[..] else {
        panic!("{refused}")
    };
    assert_eq!(only["booking_id"], second["booking_id"]);
    let all = list("").await.ok(200);
    let all = all["refunds"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    list("?status=lost").await.check_problem(422, "invalid-request");
    let after = |refund: &Value| format!("?cursor={}", refund["refund_id"].as_str().unwrap());
    assert_eq!(list(&after(&all[0])).await.ok(200)["refunds"], json!([all[1]]));
    assert_eq!(list(&after(&all[1])).await.ok(200)["refunds"], json!([]));
    let retry = format!(
        "/v1/organizer/events/{event}/refunds/{}/retry",
        only["refund_id"].as_str().unwrap()
    );
    let again = cloud.organize(Method::POST, &retry, &Value::Null).await.ok(200);
    assert_eq!(
        (&again["status"], &again["attempt"]),
        (&json!("refused"), &json!(2))
    );
    let given = all.iter().find(|one| one["refund_id"] != only["refund_id"]);
    end_by_hand(&cloud, (&event, &second), (only, given.unwrap())).await;
}

/// A person gives the money of a refused refund by another way and says so, once or twice; of one that was given nobody can.
async fn end_by_hand(cloud: &Cloud, (event, booking): (&str, &Value), (refused, given): (&Value, &Value)) {
    let of_refund = |refund: &Value, what: &str| {
        let id = refund["refund_id"].as_str().unwrap();
        format!("/v1/organizer/events/{event}/refunds/{id}/{what}")
    };
    for _ in 0..2 {
        let path = of_refund(refused, "given-outside");
        let closed = cloud.organize(Method::POST, &path, &Value::Null).await;
        assert_eq!(closed.ok(200)["status"], "given_outside");
    }
    assert_eq!(shown(cloud, booking).await["status"], "refunded");
    let list = format!("/v1/organizer/events/{event}/refunds?status=refused");
    let left = cloud.organize(Method::GET, &list, &Value::Null).await.ok(200);
    assert_eq!(left["refunds"], json!([]));
    for path in [of_refund(refused, "retry"), of_refund(given, "given-outside")] {
        let late = cloud.organize(Method::POST, &path, &Value::Null).await;
        late.check_problem(409, "refund-not-refused");
    }
    let id = refused["refund_id"].as_str().unwrap();
    let elsewhere = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{elsewhere}/refunds/{id}/given-outside");
    let missing = cloud.organize(Method::POST, &path, &Value::Null).await;
    missing.check_problem(404, "not-found");
}

#[tokio::test]
async fn who_only_sees_refunds_is_not_told_what_opens_tickets() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let ticket = &booking["tickets"][0]["ticket_id"];
    let body = json!({"tickets": [ticket], "idempotency_key": "one"});
    refund(&cloud, &event, &booking, body).await.ok(201);
    let list = format!("/v1/organizer/events/{event}/refunds");
    for (role, is_told) in [
        ("manager", true),
        ("box_office", true),
        ("support", false),
        ("auditor", false),
    ] {
        let made = cloud.make_key(role).await;
        let asked = cloud.request(Method::GET, &list);
        let answer = cloud.send(asked.bearer_auth(made["key"].as_str().unwrap())).await;
        let text = answer.text();
        for id in [&booking["booking_id"], ticket] {
            assert_eq!(text.contains(id.as_str().unwrap()), is_told, "{role}: {text}");
        }
        let refund = &answer.ok(200)["refunds"][0];
        assert_eq!(
            (&refund["status"], &refund["amount"]),
            (&json!("given"), &json!(4_500)),
            "{role}"
        );
    }
}
