//! Idempotency keys of requests whose answers are kept.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Cloud};

const VENUES: &str = "/v1/organizer/venues";
const KEY: &str = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0";

async fn add_venue(client: &Client, name: &str, key: &str) -> Answer {
    let body = json!({"name": name, "city": "Leipzig"});
    let request = client
        .request(Method::POST, VENUES)
        .bearer_auth(&client.key)
        .json(&body);
    client.send(request.header("Idempotency-Key", key)).await
}

async fn venues(cloud: &Cloud) -> usize {
    let listed = cloud.organize(Method::GET, VENUES, &Value::Null).await.ok(200);
    listed["venues"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_request_that_comes_again_with_its_key_is_done_once() {
    let cloud = Cloud::start().await;
    let first = add_venue(&cloud, "Barn", "one").await;
    let again = add_venue(&cloud, "Barn", "one").await;
    assert_eq!(
        (first.ok(201), first.header("idempotent-replayed")),
        (again.ok(201), "")
    );
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
    // The key may be a member as well, and members may come in another order.
    let body = json!({"idempotency_key": "one", "city": "Leipzig", "name": "Barn"});
    assert_eq!(
        cloud.organize(Method::POST, VENUES, &body).await.ok(201),
        first.json()
    );
    assert_eq!(venues(&cloud).await, 1);
    add_venue(&cloud, "Mill", "one")
        .await
        .check_problem(409, "idempotency-key-reused");
    let moved = json!({"name": "Barn", "city": "Leipzig", "idempotency_key": "two"});
    let differ = cloud
        .request(Method::POST, VENUES)
        .bearer_auth(&cloud.key)
        .json(&moved);
    let problem = cloud
        .send(differ.header("Idempotency-Key", "one"))
        .await
        .check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/idempotency_key");
    // After a day it is another request.
    cloud.clock.advance_ms(24 * 3_600_000);
    add_venue(&cloud, "Mill", "one").await.ok(201);
    assert_eq!(venues(&cloud).await, 2);
}

#[tokio::test]
async fn what_was_refused_may_be_asked_for_again_and_keys_are_an_organizers_own() {
    let cloud = Cloud::start().await;
    add_venue(&cloud, "", "one")
        .await
        .check_problem(422, "invalid-request");
    add_venue(&cloud, "Barn", "one").await.ok(201);
    let key = usher_cloud::cli::add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    let bats = Client::new(format!("http://{}", cloud.server.listening().http), key);
    let theirs = add_venue(&bats, "Barn", "one").await;
    assert_eq!((theirs.ok(201), theirs.header("idempotent-replayed")).1, "");
    assert_eq!(venues(&cloud).await, 1);
    // Whoever may not make the request hears nothing of its answer.
    let made = cloud.make_key("viewer").await;
    let base = format!("http://{}", cloud.server.listening().http);
    let viewer = Client::new(base, made["key"].as_str().unwrap().to_owned());
    add_venue(&viewer, "Barn", "one")
        .await
        .check_problem(403, "not-allowed");
}

#[tokio::test]
async fn of_requests_that_come_at_once_one_is_done() {
    let cloud = Cloud::start().await;
    let answers = join_all((0..8).map(|_| add_venue(&cloud, "Barn", "one"))).await;
    let mut done = Vec::new();
    for answer in answers {
        if answer.status == 409 {
            answer.check_problem(409, "request-running");
            assert_eq!(answer.header("retry-after"), "2");
        } else {
            done.push(answer.ok(201));
        }
    }
    assert!(!done.is_empty() && done.iter().all(|answer| *answer == done[0]));
    assert_eq!(venues(&cloud).await, 1);
}

#[tokio::test]
async fn a_reservation_that_is_asked_for_again_holds_no_more() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hold = async |key: &str, quantity: u32| {
        let body =
            json!({"event_id": event, "tiers": [{"tier": 2, "quantity": quantity}], "idempotency_key": key});
        cloud.post("/v1/reservations", &body).await
    };
    let held = hold(KEY, 2).await.ok(201);
    let again = hold(KEY, 2).await;
    assert_eq!((again.ok(201), again.header("cache-control")), (held, "no-store"));
    hold(KEY, 3).await.check_problem(409, "idempotency-key-reused");
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(shown["tiers"][1]["available"], 18, "{shown}");
    // A key that a neighbour could guess is none.
    let problem = hold("1", 2).await.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/idempotency_key");
    // Of what was refused nothing is kept.
    hold("a new random text for this", 0)
        .await
        .check_problem(422, "invalid-request");
    hold("a new random text for this", 1).await.ok(201);
}
