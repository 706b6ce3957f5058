//! `/v1/organizer/events/{event_id}/blocks`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn block(cloud: &Cloud, event: &str, body: Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}/blocks");
    cloud.organize(Method::POST, &path, &body).await
}

async fn release(cloud: &Cloud, event: &str, block: &Value, body: Value) -> Answer {
    let id = block["block_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/blocks/{id}/release");
    cloud.organize(Method::POST, &path, &body).await
}

/// Returns what the organizer is told of a tier: free, held, set aside, sold.
async fn counts(cloud: &Cloud, event: &str, tier: usize) -> Value {
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let tier = &shown["sales"]["tiers"][tier];
    json!([tier["available"], tier["held"], tier["blocked"], tier["booked"]])
}

#[tokio::test]
async fn blocked_seats_are_taken_for_buyers_and_told_apart_to_the_organizer() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let made = block(
        &cloud,
        &event,
        json!({"name": "Production", "seat_ids": [0, 1, 2]}),
    )
    .await
    .ok(201);
    assert_eq!(
        made["tiers"],
        json!([{"tier": 1, "quantity": 3, "units": [0, 1, 2]}])
    );
    let refused = cloud
        .hold(&event, &[2, 3])
        .await
        .check_problem(409, "units-taken");
    assert_eq!(refused["taken"], json!([2]));
    let shown = cloud.seats(&event).await;
    assert_eq!(
        (&shown["seats"][0]["status"], &shown["seats"][3]["status"]),
        (&json!("held"), &json!("available"))
    );
    cloud.buy(&event, &[9]).await;
    assert_eq!(counts(&cloud, &event, 0).await, json!([6, 0, 3, 1]));
    let public = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(public["tiers"][0]["held"], 3);

    let left = release(&cloud, &event, &made, json!({"seat_ids": [1]}))
        .await
        .ok(200);
    assert_eq!(left["tiers"][0]["units"], json!([0, 2]));
    cloud.hold(&event, &[1]).await.ok(201);
    release(&cloud, &event, &made, json!({"seat_ids": [1]}))
        .await
        .check_problem(422, "invalid-request");
    release(&cloud, &event, &made, json!({})).await.ok(200);
    release(&cloud, &event, &made, json!({}))
        .await
        .check_problem(404, "not-found");
    assert_eq!(counts(&cloud, &event, 0).await, json!([8, 1, 0, 1]));
}

#[tokio::test]
async fn places_of_a_tier_are_set_aside_before_the_sale_and_released_in_part() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let standing = |quantity: u32| json!({"tiers": [{"tier": 2, "quantity": quantity}]});
    let mut request = standing(18);
    request["name"] = json!("Promoter's list");
    let made = block(&cloud, &event, request).await.ok(201);
    cloud.sign(&event).await;
    let publish = format!("/v1/organizer/events/{event}/publish");
    cloud.organize(Method::POST, &publish, &Value::Null).await.ok(200);
    let short = cloud
        .hold_tier(&event, 2, 3)
        .await
        .check_problem(409, "units-short");
    assert_eq!(
        short["short"],
        json!([{"tier": 2, "requested": 3, "available": 2}])
    );
    let listed = async || {
        let path = format!("/v1/organizer/events/{event}/blocks");
        cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["blocks"].clone()
    };
    assert_eq!(listed().await[0]["tiers"][0]["quantity"], 18);
    release(&cloud, &event, &made, standing(8)).await.ok(200);
    cloud.hold_tier(&event, 2, 10).await.ok(201);
    assert_eq!(listed().await[0]["tiers"][0]["quantity"], 10);
    let short = release(&cloud, &event, &made, standing(11))
        .await
        .check_problem(409, "units-short");
    assert_eq!(short["short"][0]["available"], 10);
}

#[tokio::test]
async fn a_block_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for (body, pointer) in [
        (json!({"name": "", "seat_ids": [0]}), "/name"),
        (json!({"name": "a", "seat_ids": []}), "/seat_ids"),
        (json!({"name": "a", "seat_ids": [0, 0]}), "/seat_ids"),
        (json!({"name": "a", "seat_ids": [10]}), "/seat_ids"),
        (
            json!({"name": "a", "tiers": [{"tier": 2, "quantity": 2001}]}),
            "/tiers/0/quantity",
        ),
        (
            json!({"name": "a", "tiers": [{"tier": 9, "quantity": 1}]}),
            "/tiers",
        ),
        (json!({"name": "a"}), "/tiers"),
        (json!({"name": "a", "seat_ids": [0], "tiers": []}), ""),
    ] {
        let refused = block(&cloud, &event, body)
            .await
            .check_problem(422, "invalid-request");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    let other = cloud.event(|_| {}).await;
    let made = block(&cloud, &other, json!({"name": "a", "seat_ids": [0]}))
        .await
        .ok(201);
    release(&cloud, &event, &made, json!({}))
        .await
        .check_problem(404, "not-found");
}
