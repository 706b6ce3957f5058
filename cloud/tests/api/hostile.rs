//! Requests that are wrong by accident or by intent: each gets a clear answer, and nothing changes.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn raw(cloud: &Cloud, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = cloud
        .request(Method::POST, "/v1/reservations")
        .header("content-type", content_type);
    cloud.send(request.body(body)).await
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let cloud = Cloud::start().await;
    for body in ["", "{", "{\"event_id\":", "\u{feff}{}", "\0"] {
        let answer = raw(&cloud, "application/json", body).await;
        answer.check_problem(400, "unreadable-request");
    }
    raw(&cloud, "application/json", vec![0xff, 0xfe])
        .await
        .check_problem(400, "unreadable-request");
    raw(&cloud, "text/plain", "{}")
        .await
        .check_problem(415, "unreadable-request");
    let nested = "[".repeat(10_000);
    raw(&cloud, "application/json", nested)
        .await
        .check_problem(422, "unreadable-request");
}

#[tokio::test]
async fn wrong_types_and_huge_numbers_are_named() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for (claim, named) in [
        (json!({"event_id": 7, "seat_ids": [1]}), "event_id"),
        (
            json!({"event_id": "'; DROP TABLE units; --", "seat_ids": [1]}),
            "event_id",
        ),
        (json!({"event_id": event, "seat_ids": "1"}), "seat_ids"),
        (json!({"event_id": event, "seat_ids": [-1]}), "seat_ids[0]"),
        (json!({"event_id": event, "seat_ids": [1.5]}), "seat_ids[0]"),
        (
            json!({"event_id": event, "seat_ids": [18_446_744_073_709_551_615_u64]}),
            "seat_ids[0]",
        ),
        (
            json!({"event_id": event, "tiers": [{"tier": 1e300, "quantity": 1}]}),
            "tiers[0].tier",
        ),
        (json!({"event_id": event, "tiers": [{"tier": 2}]}), "quantity"),
        (json!({"event_id": event, "seats": [1]}), "seats"),
        (json!([1, 2]), "invalid"),
        (json!(null), "invalid"),
    ] {
        let problem = cloud
            .post("/v1/reservations", &claim)
            .await
            .check_problem(422, "unreadable-request");
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{claim}: {problem}"
        );
    }
    let beyond = format!("{{\"event_id\":\"{event}\",\"seat_ids\":[{}]}}", "9".repeat(400));
    let answer = raw(&cloud, "application/json", beyond).await;
    assert!([400, 422].contains(&answer.status.as_u16()), "{}", answer.text());
}

#[tokio::test]
async fn big_bodies_are_refused_and_the_server_goes_on() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let big = format!(
        "{{\"event_id\":\"{event}\",\"seat_ids\":[{}1]}}",
        " ".repeat(10 << 20)
    );
    let request = cloud
        .request(Method::POST, "/v1/reservations")
        .header("content-type", "application/json")
        .body(big);
    // The server may hang up while the client still sends: both are an answer.
    match request.send().await {
        Ok(response) => assert_eq!(response.status(), 413),
        Err(error) => assert!(error.is_request() || error.is_body(), "{error}"),
    }
    let slightly = format!(
        "{{\"event_id\":\"{event}\",\"seat_ids\":[{}1]}}",
        " ".repeat(65 << 10)
    );
    raw(&cloud, "application/json", slightly)
        .await
        .check_problem(413, "unreadable-request");
    cloud.hold(&event, &[1]).await.ok(201);
}

#[tokio::test]
async fn sql_and_html_in_text_are_only_text() {
    let cloud = Cloud::start().await;
    let hostile = "<script>alert(1)</script>'; DROP TABLE units; --";
    let event = cloud
        .event(|draft| {
            draft["name"] = json!(hostile);
            draft["description"] = json!(hostile);
            draft["tiers"][0]["name"] = json!(hostile);
            draft["seat_map"]["sections"][0]["name"] = json!(hostile);
        })
        .await;
    assert_eq!(
        cloud.get(&format!("/v1/events/{event}")).await.ok(200)["name"],
        hostile
    );
    let booking = cloud.buy(&event, &[0]).await;
    let pages = [
        "/".to_owned(),
        format!("/?keyword={hostile}&city={hostile}"),
        format!("/events/{event}"),
        cloud.path(&booking["page"]).to_owned(),
        cloud.path(&booking["tickets"][0]["links"]["page"]).to_owned(),
    ];
    for page in pages {
        let answer = cloud.get(&page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.text().contains("<script>alert"), "{page}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self'"),
            "{page}"
        );
    }
    let injected = cloud
        .get("/v1/events?keyword=%27%20OR%20%271%27%3D%271")
        .await
        .ok(200);
    assert_eq!(injected["events"], json!([]));
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let cloud = Cloud::start().await;
    cloud.get("/v1/nothing").await.check_problem(404, "not-found");
    cloud.get("/wp-login.php").await.check_problem(404, "not-found");
    cloud
        .delete("/v1/events")
        .await
        .check_problem(405, "unreadable-request");
    let refused = cloud
        .organize(Method::POST, "/v1/organizer/events", &json!({"nope": 1}))
        .await;
    refused.check_problem(422, "unreadable-request");
    let control = json!({"name": "a\u{7}", "city": "b"});
    cloud
        .organize(Method::POST, "/v1/organizer/venues", &control)
        .await
        .check_problem(422, "invalid-request");
    let _: Value = cloud.get("/healthz").await.ok(200);
}
