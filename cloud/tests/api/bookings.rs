//! `/v1/bookings`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Cloud, HOLD_MS};
use super::patience::until_so;

#[tokio::test]
async fn a_booking_has_a_code_for_speaking_of_it() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let bookings = [cloud.buy(&event, &[0]).await, cloud.buy(&event, &[1]).await];
    let codes = bookings
        .each_ref()
        .map(|booking| booking["code"].as_str().unwrap());
    assert_ne!(codes[0], codes[1]);
    assert_eq!((codes[0].len(), codes[0].find('-')), (8, Some(3)));
    let page = cloud.get(cloud.path(&bookings[0]["page"])).await.text();
    assert!(
        page.contains(&format!("Booking code: <bdi><strong>{}</strong></bdi>", codes[0])),
        "{page}"
    );
}

#[tokio::test]
async fn a_booking_has_its_tickets_and_is_found_again() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0, 6]).await.ok(201);
    let answer = cloud.book(&held, "key", "tok_ok").await;
    let booking = answer.ok(201);
    assert_eq!(
        (&booking["status"], &booking["amount"]),
        (&json!("confirmed"), &json!(9000))
    );
    assert_eq!(
        (&booking["email"], &booking["event_id"]),
        (&json!("owl@example.org"), &json!(event))
    );
    let ticket = &booking["tickets"][1];
    assert_eq!(
        ticket["seat"],
        json!({"section": "Stalls", "row": "B", "number": "2"})
    );
    assert_eq!(
        (&ticket["unit"], &ticket["generation"], &ticket["admits"]),
        (&json!(6), &json!(1), &json!(1))
    );
    assert!(
        ticket["payload"]
            .as_str()
            .unwrap()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    );
    assert!(
        answer
            .header("location")
            .ends_with(booking["booking_id"].as_str().unwrap())
    );
    let again = cloud
        .get(&format!(
            "/v1/bookings/{}",
            booking["booking_id"].as_str().unwrap()
        ))
        .await
        .ok(200);
    assert_eq!(again, booking);
}

#[tokio::test]
async fn the_same_request_gives_the_same_booking() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let answers = join_all((0..16).map(|_| cloud.book(&held, "key", "tok_slow_30"))).await;
    let bookings: Vec<Value> = answers.iter().map(|answer| answer.ok(201)).collect();
    assert!(bookings.iter().all(|booking| *booking == bookings[0]));
    cloud.clock.advance_ms(10 * HOLD_MS);
    assert_eq!(cloud.book(&held, "key", "tok_slow_30").await.ok(201), bookings[0]);
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (first, second) = (
        cloud.hold(&event, &[0]).await.ok(201),
        cloud.hold(&event, &[1]).await.ok(201),
    );
    cloud.book(&first, "key", "tok_ok").await.ok(201);
    cloud
        .book(&second, "key", "tok_ok")
        .await
        .check_problem(409, "idempotency-key-reused");
    cloud
        .book(&first, "key", "tok_decline")
        .await
        .check_problem(409, "idempotency-key-reused");
    cloud
        .book(&first, "other", "tok_ok")
        .await
        .check_problem(409, "already-booked");
    cloud.book(&second, "other", "tok_ok").await.ok(201);
}

#[tokio::test]
async fn a_declined_payment_leaves_the_reservation_as_it_was() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    cloud
        .book(&held, "a", "tok_decline")
        .await
        .check_problem(402, "card_declined");
    cloud
        .book(&held, "b", "4242 4242")
        .await
        .check_problem(402, "unknown_token");
    cloud
        .book(&held, "a", "tok_decline")
        .await
        .check_problem(402, "card_declined");
    assert_eq!(cloud.seats(&event).await["seats"][0]["status"], "held");
    cloud.book(&held, "c", "tok_ok").await.ok(201);
}

#[tokio::test]
async fn an_ended_reservation_is_not_charged() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    cloud.clock.advance_ms(HOLD_MS);
    cloud
        .book(&held, "a", "tok_ok")
        .await
        .check_problem(400, "reservation-ended");
    let held = cloud.hold(&event, &[0]).await.ok(201);
    cloud
        .delete(&format!(
            "/v1/reservations/{}",
            held["reservation_id"].as_str().unwrap()
        ))
        .await;
    cloud
        .book(&held, "b", "tok_ok")
        .await
        .check_problem(400, "reservation-ended");
}

#[tokio::test]
async fn a_payment_in_progress_keeps_its_seats_past_the_expiry() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let pay = cloud.book(&held, "key", "tok_slow_300");
    let meanwhile = async {
        let path = format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
        until_so("the payment to begin", async || {
            cloud.get(&path).await.ok(200)["status"] == "paying"
        })
        .await;
        cloud.clock.advance_ms(10 * HOLD_MS);
        cloud.hold(&event, &[0]).await.check_problem(409, "units-taken");
        cloud.delete(&path).await.check_problem(409, "being-paid");
    };
    let (paid, ()) = tokio::join!(pay, meanwhile);
    paid.ok(201);
}

#[tokio::test]
async fn what_is_free_needs_no_payment() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let request = |reservation: &Value| {
        json!({
            "reservation_id": reservation["reservation_id"],
            "idempotency_key": reservation["reservation_id"],
            "email": "owl@example.org",
        })
    };
    let free = cloud.hold_tier(&event, 3, 2).await.ok(201);
    let booking = cloud.post("/v1/bookings", &request(&free)).await.ok(201);
    assert_eq!(
        (&booking["amount"], booking["tickets"].as_array().unwrap().len()),
        (&json!(0), 2)
    );
    let paid = cloud.hold(&event, &[0]).await.ok(201);
    let problem = cloud
        .post("/v1/bookings", &request(&paid))
        .await
        .check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/payment_token");
    cloud.book(&paid, "key", "tok_ok").await.ok(201);
}

#[tokio::test]
async fn a_failing_gateway_charges_nothing_and_says_so() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let answer = cloud.book(&held, "a", "tok_unreachable").await;
    answer.check_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
    let lost = cloud.book(&held, "b", "tok_lost_reply").await.ok(201);
    assert_eq!(lost["status"], "confirmed");
}

#[tokio::test]
async fn a_booking_that_makes_no_sense_is_told_why() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let good = json!({
        "reservation_id": held["reservation_id"],
        "payment_token": "tok_ok",
        "idempotency_key": "key",
        "email": "owl@example.org",
    });
    for (field, value) in [
        ("email", json!("owl")),
        ("email", json!("owl@example.org\r\nBcc: all@example.org")),
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("x".repeat(256))),
        ("payment_token", json!("")),
    ] {
        let mut request = good.clone();
        request[field] = value;
        let problem = cloud
            .post("/v1/bookings", &request)
            .await
            .check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    let unknown = json!({"reservation_id": format!("rsv_{}", "0".repeat(64))});
    cloud
        .book(&unknown, "key", "tok_ok")
        .await
        .check_problem(404, "not-found");
    cloud
        .get(&format!("/v1/bookings/bkg_{}", "0".repeat(64)))
        .await
        .check_problem(404, "not-found");
}

#[tokio::test]
async fn a_renewed_booking_has_left_its_old_address() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0, 1]).await.ok(201);
    let before = cloud.book(&held, "key", "tok_ok").await.ok(201);
    let old = before["booking_id"].as_str().unwrap();
    let renew = async |id: &str| {
        let path = format!("/v1/organizer/events/{event}/bookings/{id}/renew");
        cloud.organize(Method::POST, &path, &Value::Null).await
    };
    let renewed = renew(old).await.ok(200);
    for path in ["/v1/bookings/", "/bookings/"] {
        assert_eq!(cloud.get(&format!("{path}{old}")).await.status, 404);
    }
    // The buyer's own request again: paid, and the new address is for the organizer to tell.
    let again = cloud.book(&held, "key", "tok_ok").await;
    let problem = again.check_problem(409, "booking-renewed");
    assert!(!problem.to_string().contains("bkg_"), "{problem}");

    let new = renewed["booking_id"].as_str().unwrap();
    let after = cloud.get(&format!("/v1/bookings/{new}")).await.ok(200);
    assert_eq!(
        (&after["tickets"], &after["email"], &after["page"]),
        (&before["tickets"], &before["email"], &renewed["page"])
    );
    assert_eq!(cloud.get(cloud.path(&renewed["page"])).await.status, 200);
    assert_eq!(renew(old).await.ok(200), renewed);

    let other = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{other}/bookings/{new}/renew");
    let elsewhere = cloud.organize(Method::POST, &path, &Value::Null).await;
    elsewhere.check_problem(404, "not-found");
    let path = format!("/v1/organizer/events/{event}/bookings/{new}/renew");
    cloud
        .post(&path, &Value::Null)
        .await
        .check_problem(401, "unauthorized");
    renew(&format!("bkg_{}", "0".repeat(64)))
        .await
        .check_problem(404, "not-found");
}

#[tokio::test]
async fn what_a_secret_id_leads_to_is_kept_by_no_cache_and_told_to_no_other_site() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let booking = cloud.book(&held, "key", "tok_ok").await;
    let ticket = cloud
        .get(cloud.path(&booking.json()["tickets"][0]["links"]["self"]))
        .await;
    let reservation = cloud
        .get(&format!(
            "/v1/reservations/{}",
            held["reservation_id"].as_str().unwrap()
        ))
        .await;
    for answer in [booking, ticket, reservation] {
        assert_eq!(
            (answer.header("cache-control"), answer.header("referrer-policy")),
            ("no-store", "no-referrer")
        );
    }
}

#[tokio::test]
async fn what_was_held_before_the_end_is_not_sold_after_it() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["starts_at"] = json!("2027-01-15T07:00:00Z");
            draft["ends_at"] = json!("2027-01-15T08:05:00Z");
        })
        .await;
    let (first, second) = (
        cloud.hold(&event, &[0]).await.ok(201),
        cloud.hold(&event, &[1]).await.ok(201),
    );
    let booking = cloud.book(&first, "a", "tok_ok").await.ok(201);
    cloud.clock.advance_ms(5 * 60_000);
    cloud
        .book(&second, "b", "tok_ok")
        .await
        .check_problem(409, "sales-closed");
    assert_eq!(cloud.book(&first, "a", "tok_ok").await.ok(201), booking);
}

#[tokio::test]
async fn a_bank_that_asks_the_buyer_is_answered_before_there_are_tickets() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let reservation = format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
    assert_eq!(held["booking"], Value::Null);
    let answer = cloud.book(&held, "key", "tok_action").await;
    let booking = answer.ok(202);
    assert_eq!(
        (&booking["status"], &booking["tickets"]),
        (&json!("action_required"), &json!([]))
    );
    assert!(
        answer
            .header("location")
            .ends_with(booking["booking_id"].as_str().unwrap())
    );
    assert_eq!(cloud.book(&held, "key", "tok_action").await.ok(202), booking);
    let booking_path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    assert_eq!(cloud.get(&booking_path).await.ok(200), booking);
    // Whoever has closed the page finds the way back by the reservation, whose time is long over.
    cloud.clock.advance_ms(HOLD_MS + 1);
    let found = cloud.get(&reservation).await.ok(200);
    assert_eq!(found["status"], "paying");
    assert_eq!(
        found["booking"],
        json!({"booking_id": booking["booking_id"], "status": "action_required"})
    );

    let bank = cloud.path(&booking["action"]["redirect_to"]).to_owned();
    assert!(cloud.get(&bank).await.text().contains("Confirm your payment"));
    let pay = cloud.request(Method::POST, &bank).body("pay=true");
    let pay = pay.header("content-type", "application/x-www-form-urlencoded");
    let back = cloud.send(pay).await;
    // It leads back to the event's page.
    assert!(back.text().contains("Choose your tickets"), "{back:?}");
    cloud.clock.advance_ms(2_000);
    let booking = cloud.get(&booking_path).await.ok(200);
    assert_eq!(
        (&booking["status"], &booking["action"]),
        (&json!("confirmed"), &Value::Null)
    );
    assert_eq!(booking["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.book(&held, "key", "tok_action").await.ok(201), booking);
    assert!(cloud.get(&bank).await.text().contains("nothing to confirm"));
}

#[tokio::test]
async fn a_payment_that_is_refused_at_the_bank_is_declined_with_its_reason() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let booking = cloud.book(&held, "key", "tok_action").await.ok(202);
    let bank = cloud.path(&booking["action"]["redirect_to"]).to_owned();
    let refuse = cloud.request(Method::POST, &bank).body("pay=false");
    cloud
        .send(refuse.header("content-type", "application/x-www-form-urlencoded"))
        .await;
    cloud.clock.advance_ms(2_000);
    cloud
        .book(&held, "key", "tok_action")
        .await
        .check_problem(402, "card_declined");
    let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    let declined = cloud.get(&path).await.ok(200);
    assert_eq!(
        (&declined["status"], &declined["decline"]),
        (&json!("declined"), &json!("card_declined"))
    );
    cloud.book(&held, "other", "tok_ok").await.ok(201);
}

#[tokio::test]
async fn a_payment_that_nobody_finishes_in_time_is_over() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    cloud.book(&held, "key", "tok_action").await.ok(202);
    cloud.clock.advance_ms(15 * 60_000 + HOLD_MS);
    cloud
        .book(&held, "key", "tok_action")
        .await
        .check_problem(400, "reservation-ended");
    assert_eq!(cloud.seats(&event).await["seats"][0]["status"], "available");
}
