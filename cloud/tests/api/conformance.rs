//! Every route of the OpenAPI document under what schemathesis thinks up: no answer has a status, a form or a body that the document does not tell.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::client::Cloud;
use super::documents::judge;

/// What schemathesis draws its requests from, so that a breach is found again.
const SEED: &str = "20270115";
/// Requests that are drawn for each route, beside those that cover the bounds of its members.
const DRAWN: &str = "5";
/// What an answer is held to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// Answers that never end, which are looked at in `listening.rs`.
const STREAMS: &str = "/stream$";
/// How long it may take on a slow machine.
const LIMIT: Duration = Duration::from_mins(10);

/// Says which ids are drawn often: most requests would be about nothing otherwise.
fn settings(ids: &[(&str, &Value)], canceled: &str) -> String {
    let mut text = String::new();
    for (name, id) in ids {
        writeln!(text, "[dictionaries.{name}]\nvalues = [{id}]").unwrap();
    }
    writeln!(text, "[parameters]").unwrap();
    for (name, _) in ids {
        for place in ["path", "body"] {
            writeln!(
                text,
                "\"{place}.{name}\" = {{ dictionary = \"{name}\", probability = 0.8 }}"
            )
            .unwrap();
        }
    }
    // After its cancellation nothing else could be done to the event.
    writeln!(
        text,
        "[[operations]]\ninclude-path = \"/v1/organizer/events/{{event_id}}/cancellation\"\n\
         parameters = {{ event_id = \"{canceled}\" }}"
    )
    .unwrap();
    text
}

/// Lets schemathesis ask a server, and tells what it found, or nothing.
async fn breaches(base: &str, key: &str, folder: &Path) -> Option<String> {
    let st = judge("st");
    let run = Command::new(&st)
        .args(["run", &format!("{base}/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS])
        .args(["--seed", SEED, "--max-examples", DRAWN, "--workers", "1"])
        .args(["--exclude-path-regex", STREAMS, "--request-timeout", "20"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .arg("--continue-on-failure")
        .current_dir(folder)
        .env("NO_PROXY", "127.0.0.1")
        .kill_on_drop(true)
        .output();
    let ran = timeout(LIMIT, run).await.expect("schemathesis comes to an end");
    let output = ran.unwrap_or_else(|error| {
        let st = st.display();
        panic!("schemathesis ({st}) cannot be run: run .ci/setup test ({error})")
    });
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(
        told.contains("Test cases:"),
        "schemathesis has asked nothing: {told}"
    );
    (!output.status.success()).then_some(told)
}

/// Lists the routes that have answered with a 2xx.
fn granted(figures: &str) -> BTreeSet<&str> {
    let counted = figures.lines().filter_map(|line| {
        let labels = line.strip_prefix("usher_http_request_duration_seconds_count{route=\"")?;
        labels.split_once("\",status=\"2")
    });
    counted.map(|(route, _)| route).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_as_the_document_tells() {
    let cloud = Cloud::start().await;
    let event = json!(cloud.event(|_| {}).await);
    let canceled = cloud.event(|draft| draft["name"] = json!("Rained off")).await;
    let booking = cloud.buy(event.as_str().unwrap(), &[0, 1]).await;
    let held = cloud.hold(event.as_str().unwrap(), &[2]).await.ok(201);
    let key = cloud.make_key("viewer").await;
    let ids = [
        ("event_id", &event),
        ("booking_id", &booking["booking_id"]),
        ("ticket_id", &booking["tickets"][0]["ticket_id"]),
        ("reservation_id", &held["reservation_id"]),
        ("key_id", &key["api_key"]["key_id"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schemathesis.toml"), settings(&ids, &canceled)).unwrap();
    let base = format!("http://{}", cloud.server.listening().http);
    let found = breaches(&base, &cloud.key, folder.path()).await;
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    // Requests that are all refused would show little.
    let figures = cloud.get("/metrics").await.text();
    let granted = granted(&figures);
    assert!(granted.len() >= 35, "only these were granted: {granted:?}");
}
