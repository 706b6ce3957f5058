//! `/v1/reservations`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::config::Reservations;

use super::client::{Answer, Cloud, HOLD_MS};
use super::patience::until_so;

#[tokio::test]
async fn seats_are_held_until_they_expire() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let answer = cloud.hold(&event, &[3, 4]).await;
    let held = answer.ok(201);
    assert_eq!(
        (&held["status"], &held["amount"], &held["currency"]),
        (&json!("held"), &json!(9000), &json!("EUR"))
    );
    assert_eq!(held["expires_at"], "2027-01-15T08:10:00Z");
    assert_eq!(
        held["units"][0],
        json!({"unit": 3, "tier": 1, "price": 4500, "fee": 0, "tax": 0})
    );
    let path = format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
    assert!(answer.header("location").ends_with(&path));
    assert_eq!(cloud.get(&path).await.ok(200), held);
    cloud.clock.advance_ms(HOLD_MS);
    assert_eq!(cloud.get(&path).await.ok(200)["status"], "expired");
}

#[tokio::test]
async fn a_claim_gets_all_its_seats_or_is_told_which_are_taken() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.hold(&event, &[1, 3]).await.ok(201);
    let problem = cloud
        .hold(&event, &[0, 1, 2, 3])
        .await
        .check_problem(409, "units-taken");
    assert_eq!(problem["taken"], json!([1, 3]));
    cloud.hold(&event, &[0, 2]).await.ok(201);
}

#[tokio::test]
async fn a_tier_gives_what_it_has() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let both = json!([{"tier": 2, "quantity": 2}, {"tier": 3, "quantity": 1}]);
    let held = cloud
        .post("/v1/reservations", &json!({"event_id": event, "tiers": both}))
        .await
        .ok(201);
    assert_eq!(
        (&held["amount"], held["units"].as_array().unwrap().len()),
        (&json!(5000), 3)
    );
    let problem = cloud
        .hold_tier(&event, 3, 4)
        .await
        .check_problem(409, "units-short");
    assert_eq!(
        problem["short"],
        json!([{"tier": 3, "requested": 4, "available": 3}])
    );
}

#[tokio::test]
async fn a_reservation_is_given_back_once_and_for_all() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let path = format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
    assert_eq!(cloud.delete(&path).await.status, 204);
    assert_eq!(cloud.delete(&path).await.status, 204);
    assert_eq!(cloud.get(&path).await.ok(200)["status"], "released");
    cloud.buy(&event, &[0]).await;

    let booked = cloud.hold(&event, &[1]).await.ok(201);
    cloud.book(&booked, "key", "tok_ok").await.ok(201);
    let path = format!("/v1/reservations/{}", booked["reservation_id"].as_str().unwrap());
    cloud.delete(&path).await.check_problem(409, "already-booked");
    assert_eq!(cloud.get(&path).await.ok(200)["status"], "booked");
}

#[tokio::test]
async fn a_claim_that_makes_no_sense_is_told_why() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let claims = [
        json!({"event_id": event}),
        json!({"event_id": event, "seat_ids": []}),
        json!({"event_id": event, "seat_ids": [1, 1]}),
        json!({"event_id": event, "seat_ids": (0..21).collect::<Vec<_>>()}),
        json!({"event_id": event, "seat_ids": [10]}),
        json!({"event_id": event, "tiers": [{"tier": 9, "quantity": 1}]}),
        json!({"event_id": event, "tiers": [{"tier": 2, "quantity": 0}]}),
        json!({"event_id": event, "seat_ids": [1], "tiers": [{"tier": 2, "quantity": 1}]}),
    ];
    for claim in claims {
        let problem = cloud
            .post("/v1/reservations", &claim)
            .await
            .check_problem(422, "invalid-request");
        assert!(
            !problem["errors"].as_array().unwrap().is_empty(),
            "{claim}: {problem}"
        );
    }
    cloud
        .hold("evt_00000000000000000000000000", &[1])
        .await
        .check_problem(404, "not-found");
}

#[tokio::test]
async fn an_unknown_reservation_is_not_there() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let id = held["reservation_id"].as_str().unwrap();
    let last = if id.ends_with('0') { "1" } else { "0" };
    let neighbour = format!("{}{last}", &id[..id.len() - 1]);
    for id in [neighbour.as_str(), "rsv_1", "..%2f..%2fetc"] {
        cloud
            .get(&format!("/v1/reservations/{id}"))
            .await
            .check_problem(404, "not-found");
        cloud
            .delete(&format!("/v1/reservations/{id}"))
            .await
            .check_problem(404, "not-found");
    }
}

#[tokio::test]
async fn the_event_and_the_settings_say_how_long_a_reservation_holds() {
    let cloud = Cloud::with(|config| {
        config.reservations = Reservations {
            default_seconds: 30,
            max_units: 2,
            ..Reservations::default()
        };
    })
    .await;
    let usual = cloud.event(|_| {}).await;
    assert_eq!(
        cloud.hold(&usual, &[0]).await.ok(201)["expires_at"],
        "2027-01-15T08:00:30Z"
    );
    cloud
        .hold(&usual, &[1, 2, 3])
        .await
        .check_problem(422, "invalid-request");
    let quick = cloud.event(|draft| draft["reservation_seconds"] = json!(1)).await;
    assert_eq!(
        cloud.hold(&quick, &[0]).await.ok(201)["expires_at"],
        "2027-01-15T08:00:01Z"
    );
}

#[tokio::test]
async fn an_event_that_is_over_sells_nothing() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| draft["ends_at"] = json!("2027-06-04T18:00:01Z"))
        .await;
    cloud.clock.advance_ms(365 * 86_400_000);
    cloud.hold(&event, &[0]).await.check_problem(409, "sales-closed");
}

/// Asks for standing places with more in the head of the request.
async fn hold_with(cloud: &Cloud, event: &str, quantity: u32, head: &[(&'static str, &str)]) -> Answer {
    let tiers = json!([{"tier": 2, "quantity": quantity}]);
    let mut request = cloud
        .request(Method::POST, "/v1/reservations")
        .json(&json!({"event_id": event, "tiers": tiers}));
    for (name, value) in head {
        request = request.header(*name, *value);
    }
    cloud.send(request).await
}

async fn small_orders(trusted_proxy: &str) -> (Cloud, String) {
    let proxies = match trusted_proxy {
        "" => Vec::new(),
        proxy => vec![proxy.parse().unwrap()],
    };
    let cloud = Cloud::with(|config| {
        config.reservations.max_units = 2;
        config.reservations.unpaid_orders_per_address = 2;
        config.reservations.unpaid_orders_per_session = 1;
        config.reservations.unpaid_percent_per_network = 100;
        config.reservations.minutes_in_vain = 60;
        config.trusted_proxies = proxies;
    })
    .await;
    let event = cloud.event(|_| {}).await;
    (cloud, event)
}

#[tokio::test]
async fn an_address_holds_two_of_the_largest_orders_and_is_told_what_to_do() {
    let (cloud, event) = small_orders("").await;
    let first = cloud.hold_tier(&event, 2, 2).await.ok(201);
    cloud.clock.advance_ms(60_000);
    let second = cloud.hold_tier(&event, 2, 2).await.ok(201);
    let refused = cloud.hold_tier(&event, 2, 1).await;
    let problem = refused.check_problem(429, "too-many-held");
    assert_eq!(refused.header("retry-after"), "540");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("Pay for them or give them back") && detail.contains("540 seconds"),
        "{detail}"
    );
    // What is paid for does not count, nor what is given back, nor what has expired.
    cloud.book(&first, "key", "tok_ok").await.ok(201);
    let third = cloud.hold_tier(&event, 2, 2).await.ok(201);
    let path = format!("/v1/reservations/{}", second["reservation_id"].as_str().unwrap());
    assert_eq!(cloud.delete(&path).await.status, 204);
    cloud.hold_tier(&event, 2, 2).await.ok(201);
    cloud
        .hold_tier(&event, 2, 2)
        .await
        .check_problem(429, "too-many-held");
    cloud.clock.advance_ms(HOLD_MS);
    cloud.hold_tier(&event, 2, 2).await.ok(201);
    assert_eq!(third["status"], "held");
}

#[tokio::test]
async fn a_session_is_a_cookie_and_holds_one_order_here() {
    let (cloud, event) = small_orders("").await;
    let answer = cloud.hold_tier(&event, 2, 2).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let session = [("cookie", cookie.split(';').next().unwrap())];
    let refused = hold_with(&cloud, &event, 1, &session).await;
    let problem = refused.check_problem(429, "too-many-held");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("You hold 2 unpaid places; you may hold 2 at once."),
        "{problem}"
    );
    assert_eq!(cloud.hold_tier(&event, 2, 2).await.status, 201);
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_a_request_comes_from() {
    let held = async |cloud: &Cloud, event: &str, from: &str| {
        hold_with(cloud, event, 2, &[("x-forwarded-for", from)])
            .await
            .status
            .as_u16()
    };
    let (cloud, event) = small_orders("").await;
    for (from, expected) in [("192.0.2.1", 201), ("192.0.2.2", 201), ("192.0.2.3", 429)] {
        assert_eq!(held(&cloud, &event, from).await, expected, "{from} lies");
    }
    let (cloud, event) = small_orders("127.0.0.0/8").await;
    for (from, expected) in [
        ("192.0.2.1", 201),
        ("198.51.100.1, 192.0.2.1", 201),
        ("198.51.100.1, 192.0.2.1", 429),
        ("192.0.2.2", 201),
        ("2001:db8:1:2::1", 201),
        ("2001:db8:1:2:ffff::1", 201),
        ("2001:db8:1:2:3:4:5:6", 429),
        ("2001:db8:1:3::1", 201),
    ] {
        assert_eq!(held(&cloud, &event, from).await, expected, "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_requests_at_once_stay_within_the_bound() {
    let (cloud, event) = small_orders("").await;
    let answers = join_all((0..64).map(|_| cloud.hold_tier(&event, 2, 1))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 4);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_that_nothing_came_of_is_forgotten() {
    let cloud = Cloud::with(|config| config.reservations.tidy_every_seconds = 1).await;
    let event = cloud.event(|_| {}).await;
    let path = |held: &Value| format!("/v1/reservations/{}", held["reservation_id"].as_str().unwrap());
    let (dead, booked) = (
        cloud.hold(&event, &[0]).await.ok(201),
        cloud.hold(&event, &[1]).await.ok(201),
    );
    cloud.book(&booked, "key", "tok_ok").await.ok(201);
    cloud.clock.advance_ms(HOLD_MS);
    assert_eq!(cloud.get(&path(&dead)).await.ok(200)["status"], "expired");
    cloud.clock.advance_ms(3_600_000);
    until_so("dead reservations to be deleted", async || {
        cloud.get(&path(&dead)).await.status == 404
    })
    .await;
    assert_eq!(cloud.get(&path(&booked)).await.ok(200)["status"], "booked");
}
