//! The examples of request bodies in the OpenAPI document, sent as they stand.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Cloud;

/// Returns the example of an operation's body, if it takes one.
fn example<'a>(document: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    let body = operation.get("requestBody")?;
    let content = body["content"].get("application/json")?;
    let Some(schema) = content["schema"]["$ref"].as_str() else {
        return Some(&content["example"]);
    };
    let name = schema.rsplit('/').next()?;
    Some(&document["components"]["schemas"][name]["example"])
}

/// Makes the event of the example, at a venue that is there.
async fn event_of_the_example(cloud: &Cloud, document: &Value) -> String {
    let example_of = |path: &str| {
        example(document, &document["paths"][path]["post"])
            .unwrap()
            .clone()
    };
    let venue = example_of("/v1/organizer/venues");
    let venue = cloud
        .organize(Method::POST, "/v1/organizer/venues", &venue)
        .await
        .ok(201);
    let mut draft = example_of("/v1/organizer/events");
    draft["venue_id"] = venue["venue_id"].clone();
    let event = cloud
        .organize(Method::POST, "/v1/organizer/events", &draft)
        .await
        .ok(201);
    event["event_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_example_of_a_body_is_of_the_form_that_the_server_takes() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = event_of_the_example(&cloud, &document).await;
    let mut sent = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = example(&document, operation) else {
                continue;
            };
            assert!(body.is_object(), "{method} {path} has no example of a body");
            let address = path
                .replace("{event_id}", &event)
                .replace("{device}", &"ab".repeat(32));
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = cloud.organize(method.clone(), &address, body).await;
            let told = answer.text();
            for kind in ["unreadable-request", "invalid-request"] {
                assert!(!told.contains(kind), "{method} {path}: {told}");
            }
            assert!(answer.status.as_u16() < 500, "{method} {path}: {told}");
            sent += 1;
        }
    }
    assert!(sent >= 12, "only {sent} examples were sent");
}

#[tokio::test]
async fn the_examples_of_buying_buy_what_the_example_of_an_event_sells() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = event_of_the_example(&cloud, &document).await;
    cloud.sign(&event).await;
    let publish = format!("/v1/organizer/events/{event}/publish");
    cloud.organize(Method::POST, &publish, &Value::Null).await.ok(200);
    let example_of = |path: &str| {
        example(&document, &document["paths"][path]["post"])
            .unwrap()
            .clone()
    };
    let mut reservation = example_of("/v1/reservations");
    reservation["event_id"] = json!(event);
    let held = cloud.post("/v1/reservations", &reservation).await.ok(201);
    let mut booking = example_of("/v1/bookings");
    booking["reservation_id"] = held["reservation_id"].clone();
    let booked = cloud.post("/v1/bookings", &booking).await.ok(201);
    assert_eq!(booked["tickets"].as_array().unwrap().len(), 2);
}
