//! Nobody keeps places from sale without paying for long, and an organizer says how much that is.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud, HOLD_MS};

/// Places of the house: 2 % of them are less than the largest order, which one network may hold.
const PLACES: u32 = 400;
/// The largest order.
const LARGEST: u32 = 20;
/// Networks of the client that hoards, and addresses in each.
const NETWORKS: u8 = 4;
const ADDRESSES: u8 = 50;
/// Honest buyers, and what each of them buys: all that the client leaves.
const BUYERS: u8 = 100;
const WANTED: u32 = 3;

async fn house() -> (Cloud, String) {
    let cloud = Cloud::with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let event = cloud
        .event(|draft| {
            draft["tiers"] = json!([{"tier": 1, "name": "Standing", "price": 2500}]);
            draft["general_admission"] = json!([{"tier": 1, "quantity": PLACES}]);
            draft.as_object_mut().unwrap().remove("seat_map");
        })
        .await;
    (cloud, event)
}

async fn hold_from(cloud: &Cloud, event: &str, address: &str, quantity: u32) -> Answer {
    let tiers = json!([{"tier": 1, "quantity": quantity}]);
    let request = cloud
        .request(Method::POST, "/v1/reservations")
        .header("x-forwarded-for", address)
        .json(&json!({"event_id": event, "tiers": tiers}));
    cloud.send(request).await
}

/// Has every address of the client hold as much as it is given; tells how much that is.
async fn grab(cloud: &Cloud, event: &str) -> u32 {
    let mut held = 0;
    for network in 0..NETWORKS {
        for host in 0..ADDRESSES {
            let address = format!("198.51.{network}.{host}");
            for quantity in [LARGEST, 5, 1] {
                if hold_from(cloud, event, &address, quantity).await.status == 201 {
                    held += quantity;
                }
            }
        }
    }
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_addresses_of_one_client_leave_a_hundred_buyers_what_they_want() {
    let (cloud, event) = house().await;
    let share = u32::from(NETWORKS) * LARGEST;
    assert_eq!(grab(&cloud, &event).await, share);
    for buyer in 0..BUYERS {
        let address = format!("203.0.{buyer}.7");
        let held = hold_from(&cloud, &event, &address, WANTED).await.ok(201);
        cloud
            .book(&held, &format!("buyer {buyer}"), "tok_ok")
            .await
            .ok(201);
    }
    // For the rest of the hour the client, who has paid for nothing, keeps nothing from sale.
    for _ in 1..6 {
        cloud.clock.advance_ms(HOLD_MS);
        assert_eq!(grab(&cloud, &event).await, 0);
    }
    let refused = hold_from(&cloud, &event, "198.51.0.200", 1).await;
    let problem = refused.check_problem(429, "held-in-vain");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("From your network")
    );
    assert_eq!(refused.header("retry-after"), "1200");
    assert_eq!(
        refused.header("ratelimit-policy"),
        "\"minutes-in-vain\";q=200;w=3600"
    );
    assert_eq!(refused.header("ratelimit"), "\"minutes-in-vain\";r=0;t=1200");
    hold_from(&cloud, &event, "203.0.113.1", LARGEST).await.ok(201);
    cloud.clock.advance_ms(1_200_000);
    assert!(grab(&cloud, &event).await > 0);
}

#[tokio::test]
async fn an_organizer_sets_how_much_one_client_may_hold() {
    let (cloud, event) = house().await;
    let path = format!("/v1/organizer/events/{event}/hold-bounds");
    let of_buyers = json!({"unpaid_per_buyer": 40, "joins_per_address": 20, "joins_per_buyer": 5, "proof_of_work": false});
    let with_usual = |mut bounds: Value| {
        let members = of_buyers.as_object().unwrap().clone();
        bounds.as_object_mut().unwrap().extend(members);
        bounds
    };
    let usual =
        with_usual(json!({"per_session": 40, "per_address": 40, "per_network": 20, "minutes_in_vain": 10}));
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    assert_eq!(shown, usual);
    let wanted = json!({"per_session": 4, "per_network": 6});
    let set = cloud.organize(Method::PUT, &path, &wanted).await.ok(200);
    let expected =
        with_usual(json!({"per_session": 4, "per_address": 40, "per_network": 6, "minutes_in_vain": 10}));
    assert_eq!(set, expected);

    let large = hold_from(&cloud, &event, "192.0.2.1", 5).await;
    let problem = large.check_problem(422, "invalid-request");
    assert_eq!(
        problem["errors"][0]["detail"],
        "must ask for at most 4 places of this event"
    );
    hold_from(&cloud, &event, "192.0.2.1", 4).await.ok(201);
    let refused = hold_from(&cloud, &event, "192.0.2.2", 3).await;
    refused.check_problem(429, "too-many-held");
    assert_eq!(refused.header("retry-after"), "600");
    assert_eq!(refused.header("ratelimit-policy"), "\"unpaid-places\";q=6");
    assert_eq!(refused.header("ratelimit"), "\"unpaid-places\";r=2;t=600");
    hold_from(&cloud, &event, "192.0.2.3", 2).await.ok(201);

    for (member, value) in [
        ("per_session", 0),
        ("minutes_in_vain", 61),
        ("joins_per_buyer", 0),
    ] {
        let refused = cloud.organize(Method::PUT, &path, &json!({member: value})).await;
        let problem = refused.check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"));
    }
    assert_eq!(
        cloud.organize(Method::PUT, &path, &json!({})).await.ok(200),
        usual
    );
}

#[tokio::test]
async fn waiting_lists_are_joined_so_often_from_an_address_and_with_one() {
    let (cloud, event) = house().await;
    let path = format!("/v1/organizer/events/{event}/hold-bounds");
    let bounds = json!({"joins_per_address": 3, "joins_per_buyer": 2, "per_session": 400, "per_network": 400, "per_address": 400});
    cloud.organize(Method::PUT, &path, &bounds).await.ok(200);
    let everything = json!({"event_id": event, "tiers": [{"tier": 1, "quantity": 20}]});
    while cloud.post("/v1/reservations", &everything).await.status == 201 {}
    let join = async |address: &str, email: &str| {
        let request = json!({"event_id": event, "tier": 1, "quantity": 1, "email": email});
        let asked = cloud.request(Method::POST, "/v1/waiting-list");
        cloud
            .send(asked.header("x-forwarded-for", address).json(&request))
            .await
    };
    for address in ["192.0.2.1", "198.51.100.1"] {
        let waits = join(address, "Owl@example.org").await.ok(201);
        cloud
            .delete(&format!(
                "/v1/waiting-list/{}",
                waits["waiter_id"].as_str().unwrap()
            ))
            .await;
        cloud.clock.advance_ms(1_000);
    }
    // Leaving and joining again counts, and so does the same address in other letters.
    let refused = join("203.0.113.1", "owl@EXAMPLE.org").await;
    refused.check_problem(429, "too-many-joins");
    assert_eq!(
        refused.header("ratelimit-policy"),
        "\"waiting-list-joins\";q=2;w=86400"
    );
    assert_eq!(refused.header("ratelimit"), "\"waiting-list-joins\";r=0;t=86398");
    assert_eq!(refused.header("retry-after"), "86398");
    for email in ["a@example.org", "b@example.org"] {
        join("192.0.2.1", email).await.ok(201);
    }
    let refused = join("192.0.2.1", "c@example.org").await;
    refused.check_problem(429, "too-many-joins");
    assert_eq!(refused.header("retry-after"), "86398");
    join("192.0.2.2", "c@example.org").await.ok(201);
    cloud.clock.advance_ms(86_398_000);
    assert_ne!(join("192.0.2.1", "owl@example.org").await.status, 429);
}

#[tokio::test]
async fn bookings_of_one_address_keep_so_many_places_unpaid() {
    let (cloud, event) = house().await;
    let path = format!("/v1/organizer/events/{event}/hold-bounds");
    cloud
        .organize(
            Method::PUT,
            &path,
            &json!({"unpaid_per_buyer": 8, "minutes_in_vain": 60}),
        )
        .await
        .ok(200);
    let book = async |address: &str, count: u32, key: &str, token: &str, email: &str| {
        let held = hold_from(&cloud, &event, address, count).await.ok(201);
        let request = json!({
            "reservation_id": held["reservation_id"], "payment_token": token, "idempotency_key": key, "email": email,
        });
        cloud.post("/v1/bookings", &request).await
    };
    // An order of any size may be the only one; what is paid for does not count.
    book("192.0.2.1", 9, "first order", "tok_ok", "owl@example.org")
        .await
        .ok(201);
    book("198.51.1.1", 6, "second order", "tok_action", "owl@example.org")
        .await
        .ok(202);
    let refused = book("203.0.1.1", 3, "third order", "tok_ok", "Owl@Example.org").await;
    let problem = refused.check_problem(429, "too-many-held");
    assert!(
        problem["detail"].as_str().unwrap().contains("keep 6 places"),
        "{problem}"
    );
    assert_eq!(
        refused.header("ratelimit-policy"),
        "\"unpaid-places-of-buyer\";q=8"
    );
    assert!(
        refused
            .header("ratelimit")
            .starts_with("\"unpaid-places-of-buyer\";r=2;t=")
    );
    book("203.0.2.1", 2, "fourth order", "tok_ok", "owl@example.org")
        .await
        .ok(201);
    book("203.0.3.1", 3, "fifth order", "tok_ok", "lark@example.org")
        .await
        .ok(201);
}
