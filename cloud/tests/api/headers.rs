//! What browsers are told beside an answer, and which other sites may ask.

use reqwest::Method;
use serde_json::Value;

use super::client::{Answer, Cloud};

async fn asked_from(cloud: &Cloud, method: Method, path: &str, origin: &str) -> Answer {
    let request = cloud.request(method, path).header("origin", origin);
    cloud
        .send(request.header("access-control-request-method", "POST"))
        .await
}

#[tokio::test]
async fn no_answer_may_be_framed_sniffed_or_load_what_is_not_ours() {
    let cloud = Cloud::with(|config| config.public_url = "https://tickets.example".into()).await;
    let event = cloud.event(|_| {}).await;
    for path in [
        "/".to_owned(),
        format!("/events/{event}"),
        format!("/v1/events/{event}"),
        "/v1/organizer/events".into(),
        "/assets/sell.js".into(),
        "/docs/".into(),
        "/openapi.json".into(),
        "/metrics".into(),
        "/nowhere".into(),
    ] {
        let answer = cloud.get(&path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let scripts = policy.split(';').find(|part| part.contains("script-src"));
        assert!(
            scripts.is_none_or(|scripts| scripts.trim() == "script-src 'self'"),
            "{path}: {policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        let page = answer.text().to_lowercase();
        if answer.header("content-type").starts_with("text/html") {
            assert!(
                !page.contains("<script>") && !page.contains("javascript:"),
                "{path}"
            );
            assert!(
                !page.contains(" onclick=") && !page.contains(" onload="),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_does_not_ask_for_it() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.get("/").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn only_named_sites_may_ask_and_only_as_buyers_do() {
    let named = "https://owls.example";
    let cloud = Cloud::with(|config| config.cors_origins = vec![named.parse().unwrap()]).await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let mut counts = [0, 0];
    for path in document["paths"].as_object().unwrap().keys() {
        let is_for_buyers = ![
            "/v1/organizer",
            "/oauth",
            "/v1/enrolments",
            "/healthz",
            "/readyz",
            "/metrics",
        ]
        .iter()
        .any(|start| path.starts_with(start));
        counts[usize::from(is_for_buyers)] += 1;
        for origin in [named, "https://bats.example", "https://owls.example.bats.example"] {
            let allowed = if is_for_buyers && origin == named {
                named
            } else {
                ""
            };
            for method in [Method::OPTIONS, Method::GET] {
                let answer = asked_from(&cloud, method.clone(), path, origin).await;
                let told = answer.header("access-control-allow-origin");
                assert_eq!(told, allowed, "{method} {path} from {origin}");
                assert_eq!(answer.header("access-control-allow-credentials"), "", "{path}");
            }
        }
    }
    assert!(counts[0] >= 20 && counts[1] >= 10, "{counts:?}");
    let page = asked_from(&cloud, Method::GET, "/", named).await;
    assert_eq!(page.header("access-control-allow-origin"), "");
    let held = asked_from(&cloud, Method::OPTIONS, "/v1/reservations", named).await;
    assert_eq!(held.status, 200, "{}", held.text());
    assert!(held.header("access-control-allow-methods").contains("POST"));
}

#[tokio::test]
async fn no_other_site_may_ask_unless_it_is_named() {
    let cloud = Cloud::start().await;
    let answer = asked_from(&cloud, Method::GET, "/v1/events", "https://owls.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.ok(200)["events"], Value::Array(Vec::new()));
}
