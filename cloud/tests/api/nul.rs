//! A NUL character in any text that a request can carry: refused at the door, whatever stores the rest.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Cloud;
use super::ownership::address;

/// Deepest member that is looked at.
const DEPTH: usize = 8;

/// Puts a text with a NUL into every place of a schema that takes a text, each in a body that has nothing else.
fn bodies(document: &Value, schema: &Value, depth: usize) -> Vec<Value> {
    if depth == 0 {
        return Vec::new();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return bodies(document, &document["components"]["schemas"][name], depth - 1);
    }
    let mut found = Vec::new();
    for one in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[one].as_array().into_iter().flatten() {
            found.extend(bodies(document, schema, depth - 1));
        }
    }
    let is = |kind: &str| {
        schema["type"] == kind
            || schema["type"]
                .as_array()
                .is_some_and(|kinds| kinds.contains(&json!(kind)))
    };
    if is("string") {
        found.push(json!("a\0b"));
    }
    let inside = bodies(document, &schema["items"], depth - 1);
    found.extend(inside.into_iter().map(|item| json!([item])));
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let inside = bodies(document, member, depth - 1);
        found.extend(inside.into_iter().map(|value| json!({ name: value })));
    }
    found
}

#[tokio::test]
async fn a_nul_in_any_text_of_a_body_is_refused_with_what_to_do() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let method: Method = method.to_uppercase().parse().unwrap();
            for nul in bodies(&document, schema, DEPTH) {
                let address = address(path, &event, &booking);
                let answer = cloud.organize(method.clone(), &address, &nul).await;
                let problem = answer.check_problem(400, "unreadable-request");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains("NUL"), "{method} {path} {nul}: {detail}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 35, "only {asked} texts were found");
}

#[tokio::test]
async fn a_nul_in_any_text_of_a_query_is_refused_with_what_to_do() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = cloud.event(|_| {}).await;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path
            .replace("{event_id}", &event)
            .replace("{export}", "bookings")
            .replace("{booking_id}", &format!("bkg_{}", "0".repeat(64)))
            .replace("{endpoint_id}", &format!("end_{}", "0".repeat(64)))
            .replace("{device}", &"ab".repeat(32));
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                let query = format!("{address}?{}=a%00b", parameter["name"].as_str().unwrap());
                let method: Method = method.to_uppercase().parse().unwrap();
                let answer = cloud.organize(method, &query, &Value::Null).await;
                answer.check_problem(400, "unreadable-request");
                asked += 1;
            }
        }
    }
    assert!(asked >= 4, "only {asked} were asked");
    let found = cloud.get("/v1/events?keyword=a%2500b").await.ok(200);
    assert_eq!(found["events"], json!([]), "{found}");
}

#[tokio::test]
async fn a_backslash_before_zeros_is_only_text() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| draft["description"] = json!("C:\\u0000"))
        .await;
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(shown["description"], "C:\\u0000");
}
