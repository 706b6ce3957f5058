//! `/openapi.json`, `/docs`, `/healthz` and `/metrics`.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::Cloud;

#[tokio::test]
async fn the_openapi_document_lists_every_path_with_its_answers() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/v1/events",
        "/v1/events/{event_id}",
        "/v1/events/{event_id}/seats",
        "/v1/reservations",
        "/v1/reservations/{reservation_id}",
        "/v1/bookings",
        "/v1/bookings/{booking_id}",
        "/v1/tickets/{ticket_id}",
        "/v1/organizer/venues",
        "/v1/organizer/events",
        "/v1/organizer/events/{event_id}",
        "/v1/organizer/events/{event_id}/publish",
        "/v1/organizer/events/{event_id}/move",
    ] {
        assert!(paths.contains_key(path), "{path} is missing");
    }
    let answers = paths["/v1/bookings"]["post"]["responses"].as_object().unwrap();
    for status in [
        "201", "400", "402", "404", "409", "413", "415", "422", "500", "503",
    ] {
        assert!(
            answers.contains_key(status),
            "bookings do not say what {status} means"
        );
    }
    let answers = &paths["/v1/organizer/events/{event_id}/policy"]["put"]["responses"];
    let told = answers["401"]["description"].as_str().unwrap();
    assert!(told.contains("API key"), "{told}");
    let form = &answers["401"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(form, "#/components/schemas/Problem");
    let answers = &paths["/v1/reservations"]["post"]["responses"];
    assert!(
        answers["429"]["headers"].get("Retry-After").is_some(),
        "{answers}"
    );
    let text = document.to_string();
    assert!(
        !text.contains("# Errors"),
        "a heading for rustdoc is in a description"
    );
}

/// Finds a program that judges the API, where `.ci/setup` installs it.
pub fn judge(program: &str) -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").filter(|data| !data.is_empty());
    let data = data.map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".local/share"),
        PathBuf::from,
    );
    data.join("usher-tests/bin").join(program)
}

#[tokio::test]
async fn the_openapi_document_is_valid() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, &document.bytes).unwrap();
    let validator = judge("openapi-spec-validator");
    let ran = Command::new(&validator).arg(&file).output();
    let output = ran.unwrap_or_else(|error| {
        let validator = validator.display();
        panic!(
            "the validator of the OpenAPI document ({validator}) cannot be run: run .ci/setup test ({error})"
        )
    });
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
}

#[tokio::test]
async fn the_page_to_try_the_api_comes_from_the_program() {
    let cloud = Cloud::start().await;
    let page = cloud.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text().contains("https://"),
        "the page loads something from elsewhere"
    );
    assert!(cloud.get("/docs/swagger-ui-bundle.js").await.bytes.len() > 100_000);
}

#[tokio::test]
async fn a_server_that_sells_against_test_cards_is_ready_and_says_so() {
    let cloud = Cloud::start().await;
    assert_eq!(
        cloud.get("/readyz").await.ok(200),
        json!({"status": "ready", "warnings": []})
    );
    cloud.event(|_| {}).await;
    let ready = cloud.get("/readyz").await.ok(200);
    let warning = &ready["warnings"][0];
    assert_eq!(
        (&ready["status"], &warning["code"]),
        (&json!("ready"), &json!("test_cards"))
    );
    let detail = warning["detail"].as_str().unwrap();
    assert!(
        detail.contains("nobody is charged") && detail.contains("Night of the Owls"),
        "{detail}"
    );
    // Nobody is sold anything of the past.
    cloud.clock.advance_ms(365 * 86_400_000);
    assert_eq!(cloud.get("/readyz").await.ok(200)["warnings"], json!([]));
}

#[tokio::test]
async fn the_figures_count_by_route_and_not_by_secret() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    cloud
        .get(&format!(
            "/v1/bookings/{}",
            booking["booking_id"].as_str().unwrap()
        ))
        .await
        .ok(200);
    assert_eq!(cloud.get("/healthz").await.ok(200)["status"], "ok");
    let figures = cloud.get("/metrics").await.text();
    assert!(
        figures.contains("usher_holds_total{outcome=\"held\"} 1"),
        "{figures}"
    );
    assert!(
        figures.contains("usher_booking_requests_total{outcome=\"confirmed\"} 1"),
        "{figures}"
    );
    assert!(
        figures.contains("route=\"/v1/bookings/{booking_id}\""),
        "{figures}"
    );
    assert!(!figures.contains("bkg_"), "a secret is among the figures");
}

#[tokio::test]
async fn the_document_tells_the_bounds_that_the_server_keeps() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let members = &document["components"]["schemas"]["VenueRequest"]["properties"];
    for member in ["name", "city", "address"] {
        let most = members[member]["maxLength"].as_u64().unwrap();
        for (length, status) in [(most, 201), (most + 1, 422)] {
            let mut venue = json!({"name": "Barn", "city": "Leipzig", "address": "Lane 1"});
            venue[member] = json!("x".repeat(usize::try_from(length).unwrap()));
            let answer = cloud.organize(Method::POST, "/v1/organizer/venues", &venue).await;
            answer.ok(status);
        }
    }
    let days = &document["components"]["schemas"]["CodeRequest"]["properties"]["certificate_days"];
    assert_eq!((&days["minimum"], &days["maximum"]), (&json!(1), &json!(400)));
    let gates = &document["components"]["schemas"]["CodeRequest"]["properties"]["gates"];
    assert_eq!((&gates["minItems"], &gates["maxItems"]), (&json!(1), &json!(64)));
}

/// Requires a pattern of a prefix and so many characters of base32hex, and an id that is of it.
#[track_caller]
fn check_pattern(pattern: &Value, id: &Value) {
    let (prefix, rest) = pattern.as_str().unwrap().split_once('[').unwrap();
    let chars = rest.strip_prefix("0-9a-v]{").unwrap().strip_suffix("}$").unwrap();
    let body = id.as_str().unwrap().strip_prefix(&prefix[1..]).unwrap();
    assert_eq!(body.len().to_string(), chars, "{id} is not of {pattern}");
    assert!(
        body.chars().all(|char| matches!(char, '0'..='9' | 'a'..='v')),
        "{id}"
    );
}

#[tokio::test]
async fn the_patterns_of_ids_are_those_that_ids_have() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let ticket = &booking["tickets"][0];
    let schemas = &document["components"]["schemas"];
    for (schema, member, id) in [
        ("NewReservation", "event_id", &json!(event)),
        ("NewBooking", "reservation_id", &booking["reservation_id"]),
        ("BookingView", "booking_id", &booking["booking_id"]),
        ("TicketView", "ticket_id", &ticket["ticket_id"]),
    ] {
        check_pattern(&schemas[schema]["properties"][member]["pattern"], id);
    }
    let asked = &document["paths"]["/v1/organizer/events/{event_id}/tickets/{ticket_id}/revoke"]["post"];
    check_pattern(&asked["parameters"][0]["schema"]["pattern"], &json!(event));
    check_pattern(&asked["parameters"][1]["schema"]["pattern"], &ticket["ticket_id"]);
    let members = schemas.as_object().unwrap().values().filter_map(|schema| {
        let properties = schema.get("properties")?;
        Some(properties.as_object()?.values())
    });
    for member in members.flatten() {
        if let (Some(pattern), Some(example)) = (member.get("pattern"), member.get("example")) {
            check_pattern(pattern, example);
        }
    }
}
