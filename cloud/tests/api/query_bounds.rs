//! The bounds of query parameters: the OpenAPI document tells all of them, and the server takes what keeps to them and refuses what does not.

use std::collections::BTreeMap;

use regex_lite::Regex;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::client::Cloud;

/// What a parameter is of a text that a pattern describes: some that are of it and some that are not, by the parameter's path and name.
const EXAMPLES: [(&str, &str, &[&str], &[&str]); 19] = [
    (
        "/v1/events",
        "category",
        &["", "club", "other"],
        &["opera", "Club", "clubs", " club"],
    ),
    (
        "/v1/events",
        "from",
        &["", "2027-06-04"],
        &["tomorrow", "20270604", "2027-06-04T10:00:00", " 2027-06-04"],
    ),
    (
        "/v1/events",
        "until",
        &["", "2027-06-04"],
        &["2027-6-4", "2027-06-04Z"],
    ),
    (
        "/v1/events",
        "near",
        &[
            "",
            "50.94,6.96",
            "-33,-70.5",
            "50.94, 6.96",
            "51.5,-0.12775829999999998",
        ],
        &[
            "50.94",
            "1e1,6",
            "+50,6",
            "50.94;6.96",
            "NaN,0",
            "50.,6",
            "50,  6",
        ],
    ),
    (
        "/v1/events",
        "cursor",
        &[""],
        &["0", "zzzz", "00000000000000000000000000000000000000000"],
    ),
    (
        "/v1/bookings/{booking_id}/tickets.pdf",
        "per_page",
        &["", "1", "4"],
        &["2", "14", "one"],
    ),
    (
        "/v1/organizer/events/{event_id}/bookings",
        "status",
        &["confirmed", "partly_refunded"],
        &["", "sold", "CONFIRMED"],
    ),
    (
        "/v1/organizer/events/{event_id}/bookings",
        "cursor",
        &[],
        &["", "chg_0", "1"],
    ),
    (
        "/v1/organizer/events/{event_id}/admissions",
        "cursor",
        &["", "0", "4711"],
        &["-1", "+1", "1.5", "9223372036854775807"],
    ),
    (
        "/v1/organizer/events/{event_id}/letters",
        "status",
        &["", "given_up"],
        &["lost", "Sent"],
    ),
    (
        "/v1/organizer/events/{event_id}/refunds",
        "status",
        &["", "given_outside"],
        &["open", "give"],
    ),
    (
        "/v1/organizer/events/{event_id}/refunds",
        "cursor",
        &[""],
        &["rfd_0", "1"],
    ),
    (
        "/v1/organizer/events/{event_id}/disputes",
        "status",
        &["", "open", "won", "lost"],
        &["opened", "o"],
    ),
    (
        "/v1/organizer/events/{event_id}/disputes",
        "cursor",
        &[""],
        &["dsp_0", "1"],
    ),
    (
        "/v1/organizer/events/{event_id}/receipts",
        "cursor",
        &[""],
        &["rcp_0", "1"],
    ),
    (
        "/v1/organizer/events/{event_id}/vouchers",
        "cursor",
        &[""],
        &["vch_0", "1"],
    ),
    (
        "/v1/organizer/events/{event_id}/endpoints/{endpoint_id}/webhooks",
        "status",
        &["", "taken"],
        &["sent", "TAKEN"],
    ),
    (
        "/v1/organizer/events/{event_id}/exports/{export}",
        "format",
        &["", "csv", "jsonl"],
        &["json", "CSV"],
    ),
    (
        "/v1/organizer/events/{event_id}/key-request",
        "instead_of",
        &[],
        &["9f3b01", "9f3b01c4c4", "leaked99"],
    ),
];

/// What is asked for: the addresses of what is there, by the names of the parts of a path.
struct Scene {
    cloud: Cloud,
    parts: Vec<(&'static str, String)>,
}

impl Scene {
    async fn new() -> Self {
        let cloud = Cloud::start().await;
        let event = cloud.event(|_| {}).await;
        let booking = cloud.buy(&event, &[0]).await["booking_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let endpoints = format!("/v1/organizer/events/{event}/endpoints");
        let endpoint = json!({"url": "https://owls.example/told"});
        let endpoint = cloud.organize(Method::POST, &endpoints, &endpoint).await.ok(201);
        let endpoint = endpoint["endpoint"]["endpoint_id"].as_str().unwrap().to_owned();
        let parts = vec![
            ("{event_id}", event),
            ("{booking_id}", booking),
            ("{endpoint_id}", endpoint),
            ("{device}", "ab".repeat(32)),
            ("{export}", "bookings".to_owned()),
        ];
        Self { cloud, parts }
    }

    /// Asks with one parameter, and with those that must be there; tells the status.
    async fn ask(&self, asked: &Asked, value: &str) -> u16 {
        let part = |path: String, (name, id): &(&str, String)| path.replace(name, id);
        let path = self.parts.iter().fold(asked.path.clone(), part);
        assert!(!path.contains('{'), "what is there for {path}?");
        let mut address = Url::parse("http://a.example").unwrap();
        address.query_pairs_mut().append_pair(&asked.name, value);
        if asked.path.ends_with("/waiting-list") && asked.name != "tier" {
            address.query_pairs_mut().append_pair("tier", "1");
        }
        let path = format!("{path}?{}", address.query().unwrap());
        let answer = self.cloud.organize(asked.method.clone(), &path, &Value::Null);
        answer.await.status.as_u16()
    }

    async fn check_taken(&self, asked: &Asked, value: &str) {
        let status = self.ask(asked, value).await;
        // There is no device.
        let as_none = asked.path.contains("{device}") && status == 404;
        assert!(status == 200 || as_none, "{asked:?} = {value:?}: {status}");
    }

    async fn check_refused(&self, asked: &Asked, value: &str) {
        let status = self.ask(asked, value).await;
        // Nothing is named by a text that is no name.
        let as_none = asked.name == "instead_of" && status == 404;
        assert!(
            [400, 422].contains(&status) || as_none,
            "{asked:?} = {value:?}: {status}"
        );
    }
}

/// A query parameter of a route.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    name: String,
}

/// Lists all query parameters that the document tells, with their schemas.
fn parameters(document: &Value) -> Vec<(Asked, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    let asked = Asked {
                        method: method.to_uppercase().parse().unwrap(),
                        path: path.clone(),
                        name: parameter["name"].as_str().unwrap().to_owned(),
                    };
                    all.push((asked, parameter["schema"].clone()));
                }
            }
        }
    }
    all
}

fn is_of_type(schema: &Value, name: &str) -> bool {
    let told = &schema["type"];
    told == name || told.as_array().is_some_and(|types| types.contains(&json!(name)))
}

#[tokio::test]
async fn every_number_of_a_query_has_bounds_that_the_server_keeps() {
    let scene = Scene::new().await;
    let document = scene.cloud.get("/openapi.json").await.ok(200);
    let mut seen = 0;
    for (asked, schema) in parameters(&document) {
        if !is_of_type(&schema, "integer") {
            continue;
        }
        let bound = |name: &str| {
            let told = schema[name].as_i64();
            told.unwrap_or_else(|| panic!("{asked:?} has no {name}: {schema}"))
        };
        let (least, most) = (bound("minimum"), bound("maximum"));
        // Which tiers there are is the event's.
        if asked.name != "tier" || asked.path.ends_with("/bookings") {
            scene.check_taken(&asked, &least.to_string()).await;
            scene.check_taken(&asked, &most.to_string()).await;
        }
        scene.check_refused(&asked, &(least - 1).to_string()).await;
        scene.check_refused(&asked, &(most + 1).to_string()).await;
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} numbers");
}

#[tokio::test]
async fn every_text_of_a_query_has_bounds_that_the_server_keeps() {
    let scene = Scene::new().await;
    let document = scene.cloud.get("/openapi.json").await.ok(200);
    let mut examples: BTreeMap<_, _> = EXAMPLES
        .iter()
        .map(|(path, name, good, bad)| (format!("{path}?{name}"), (*good, *bad)))
        .collect();
    for (asked, schema) in parameters(&document) {
        if !is_of_type(&schema, "string") {
            continue;
        }
        if let Some(most) = schema["maxLength"].as_u64() {
            // A booking code is bounded, and a code besides.
            if asked.name != "booking_code" {
                scene.check_taken(&asked, &"x".repeat(most as usize)).await;
            }
            scene.check_refused(&asked, &"x".repeat(most as usize + 1)).await;
        } else if schema["format"] == "date-time" {
            scene.check_taken(&asked, "2027-06-04T18:00:00Z").await;
            scene.check_refused(&asked, "2027-06-04").await;
            scene.check_refused(&asked, "tomorrow").await;
        } else {
            let pattern = schema["pattern"].as_str();
            let pattern = pattern.unwrap_or_else(|| panic!("{asked:?} has no bound: {schema}"));
            let pattern = Regex::new(pattern).unwrap();
            let known = examples.remove(&format!("{}?{}", asked.path, asked.name));
            let (good, bad) = known.unwrap_or_else(|| panic!("{asked:?} has no examples"));
            for value in good {
                assert!(pattern.is_match(value), "{value:?} is not of {pattern}");
                scene.check_taken(&asked, value).await;
            }
            for value in bad {
                assert!(!pattern.is_match(value), "{value:?} is of {pattern}");
                scene.check_refused(&asked, value).await;
            }
        }
    }
    assert!(examples.is_empty(), "no such parameters: {examples:?}");
}

#[tokio::test]
async fn cursors_of_pages_are_of_their_patterns() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let event = cloud.event(|_| {}).await;
    cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    cloud.buy(&event, &[1]).await;
    let bookings = "/v1/organizer/events/{event_id}/bookings";
    let admissions = "/v1/organizer/events/{event_id}/admissions";
    for path in ["/v1/events", bookings, admissions] {
        let mut told = parameters(&document).into_iter();
        let (asked, schema) = told
            .find(|(asked, _)| asked.path == path && asked.name == "cursor")
            .unwrap();
        let address = format!("{}?limit=1", path.replace("{event_id}", &event));
        let page = cloud.organize(asked.method, &address, &Value::Null).await.ok(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        let pattern = Regex::new(schema["pattern"].as_str().unwrap()).unwrap();
        assert!(
            !cursor.is_empty() && pattern.is_match(cursor),
            "{path}: {cursor:?} is not of {pattern}"
        );
        let next = format!("{address}&cursor={cursor}");
        cloud.organize(Method::GET, &next, &Value::Null).await.ok(200);
    }
}
