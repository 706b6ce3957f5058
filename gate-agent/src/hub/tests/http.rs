//! The local HTTP of a hub over loopback: scans, tokens, bad requests, what is shown.

use axum::body::Body;
use axum::http::{Request, header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt;
use usher_device::replica::TokenHolder;
use usher_device::token::DeviceToken;
use usher_keys::Timestamp;
use usher_link::SessionEnd;
use usher_protocol::sync::Farewell;
use usher_words::hub;

use super::*;
use crate::http::{routes, tls};

/// A hub by itself, and its HTTP.
struct HttpHub {
    hub: Hub,
    client: reqwest::Client,
    token: String,
    _venue: Venue,
}

impl HttpHub {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut venue = Venue::new();
        let hub = venue.start(A, &[]).await;
        let token = token(&hub, Timestamp::FOREVER);
        Self {
            hub,
            client: reqwest::Client::new(),
            token,
            _venue: venue,
        }
    }

    async fn post(&self, token: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        let url = format!("http://{}/v1/scans", self.hub.listening().http);
        let answer = self
            .client
            .post(url)
            .bearer_auth(token)
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn read(&self, path: &str) -> (StatusCode, String) {
        let url = format!("http://{}{path}", self.hub.listening().http);
        let answer = self.client.get(url).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

/// Makes a token for the north gate.
fn token(hub: &Hub, expires: Timestamp) -> String {
    let token = DeviceToken::draw().unwrap();
    let holder = TokenHolder {
        name: "turnstile".to_owned(),
        gates: vec![NORTH.0],
        expires,
    };
    let (access, now) = (&hub.services.access, hub.services.replica.clock().now());
    access.add_token(token.hash(), &holder, now).unwrap();
    token.reveal()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_heard_once_the_clients_connection_has_taken_it() {
    let hub_http = HttpHub::open().await;
    let unit = unit_at(A, &[A, B]);
    let is_unheard = |unit: u32| {
        let later = Instant::now() + Duration::from_secs(8);
        let unheard = hub_http.hub.services.path.unheard();
        !unheard.of(Unit(unit), later).is_empty()
    };
    let request = Request::post("/v1/scans")
        .header(header::AUTHORIZATION, format!("Bearer {}", hub_http.token))
        .body(Body::from(body(1, unit, STRICT, NORTH)));
    let routes = routes(Arc::clone(&hub_http.hub.services));
    let answered = routes.oneshot(request.unwrap()).await.unwrap();
    assert!(is_unheard(unit));
    drop(answered);
    assert!(is_unheard(unit), "nobody has asked for the words");
    let (_, retried) = hub_http.post(&hub_http.token, body(1, unit, STRICT, NORTH)).await;
    assert_eq!(retried["verdict"], "admit");
    assert!(!is_unheard(unit));
    let (_, denied) = hub_http.post(&hub_http.token, body(2, unit, STRICT, NORTH)).await;
    assert_eq!(denied["verdict"], "deny");
    assert!(!is_unheard(unit), "whoever was let in nowhere heard of no yes");
    hub_http.hub.shutdown().await;
}

fn body(id: u8, unit: u32, tier: TierId, gate: GateId) -> String {
    let payload = String::from_utf8(ticket(unit, tier)).unwrap();
    json!({ "payload": payload, "gate": gate, "direction": "in", "scan_id": format!("{id:032x}") })
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turnstile_with_a_token_is_answered_in_words() {
    let hub_http = HttpHub::open().await;
    let unit = unit_at(A, &[A, B]);
    let (status, admitted) = hub_http.post(&hub_http.token, body(1, unit, STRICT, NORTH)).await;
    assert_eq!(
        (status, &admitted["verdict"], &admitted["words"]),
        (StatusCode::OK, &json!("admit"), &json!("Come in"))
    );
    let (_, retried) = hub_http.post(&hub_http.token, body(1, unit, STRICT, NORTH)).await;
    assert_eq!(retried["verdict"], "admit");
    let (_, denied) = hub_http.post(&hub_http.token, body(2, unit, STRICT, NORTH)).await;
    assert_eq!(
        (&denied["verdict"], &denied["reason"]),
        (&json!("deny"), &json!("already_used"))
    );
    assert!(
        denied["words"].as_str().unwrap().ends_with("Gate North"),
        "{denied}"
    );
    let foreign = json!({ "payload": "https://example.com/?a=<script>", "gate": 1 }).to_string();
    let (_, foreign) = hub_http.post(&hub_http.token, foreign).await;
    assert_eq!(
        (&foreign["verdict"], &foreign["reason"]),
        (&json!("deny"), &json!("not_a_ticket"))
    );
    let (_, away) = hub_http
        .post(&hub_http.token, body(4, unit_at(B, &[A, B]), STRICT, NORTH))
        .await;
    assert_eq!(
        (&away["verdict"], &away["reason"]),
        (&json!("refer"), &json!("home_unreachable"))
    );
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_an_answer_that_says_what_to_do() {
    let hub_http = HttpHub::open().await;
    let good = body(1, 1, STRICT, NORTH);
    let refused = [
        ("", good.clone(), StatusCode::UNAUTHORIZED),
        (
            "usher-http-0000000000000000000000000000000000000000",
            good.clone(),
            StatusCode::UNAUTHORIZED,
        ),
        (&hub_http.token, body(1, 1, STRICT, SOUTH), StatusCode::FORBIDDEN),
        (&hub_http.token, "{".to_owned(), StatusCode::BAD_REQUEST),
        (&hub_http.token, "[]".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (
            &hub_http.token,
            good.replace("payload", "pay"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &hub_http.token,
            good.replace("\"gate\":1", "\"gate\":1e99"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &hub_http.token,
            good.replace("\"gate\":1", "\"gate\":1,\"persons\":0"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &hub_http.token,
            good.replace("\"gate\":1", "\"gate\":1,\"persons\":99999"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &hub_http.token,
            good.replace("0001\"", "001\""),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &hub_http.token,
            "x".repeat(10 * 1024 * 1024),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ];
    for (token, body, expected) in refused {
        let shown = body.chars().take(200).collect::<String>();
        let (status, problem) = hub_http.post(token, body).await;
        assert_eq!(status, expected, "{shown}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{problem}"
        );
    }
    assert_eq!(hub_http.read("/nothing").await.0, StatusCode::NOT_FOUND);
    assert_eq!(hub_http.read("/v1/scans").await.0, StatusCode::METHOD_NOT_ALLOWED);
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_page_and_metrics_show_what_happened() {
    let hub_http = HttpHub::open().await;
    hub_http
        .post(&hub_http.token, body(1, unit_at(A, &[A, B]), STRICT, NORTH))
        .await;
    hub_http
        .post(&hub_http.token, body(2, unit_at(A, &[A, B]), STRICT, NORTH))
        .await;
    let (status, text) = hub_http.read("/v1/status").await;
    let seen: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (
            status,
            &seen["gates"][0]["admitted"],
            &seen["zones"][0]["occupancy"]
        ),
        (StatusCode::OK, &json!(1), &json!(1))
    );
    assert_eq!(seen["refused"][0]["words"], "Already used");
    let (_, metrics) = hub_http.read("/metrics").await;
    for line in [
        "usher_admitted_persons{gate=\"1\",name=\"Gate North\"} 1",
        "usher_scans_total{outcome=\"already_used\"} 1",
        "usher_storage_ok 1",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line}\n{metrics}");
    }
    let (_, page) = hub_http.read("/").await;
    assert!(page.contains("Hub 1") && page.contains("\"status.js\""));
    assert_eq!(hub_http.read("/status.css").await.0, StatusCode::OK);
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_gates_until_it_ends_or_is_taken_back() {
    let hub_http = HttpHub::open().await;
    let unit = unit_at(A, &[A, B]);
    let now = hub_http.hub.services.replica.clock().now();
    let check = async |token: &str, gate, expected: StatusCode, says: &str| {
        let (status, problem) = hub_http.post(token, body(1, unit, STRICT, gate)).await;
        assert_eq!(status, expected, "{problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(says), "{says:?} is not in {problem}");
    };
    check(&hub_http.token, NORTH, StatusCode::OK, "").await;
    let says = "this token is for gate 1, not for gate 2";
    check(&hub_http.token, SOUTH, StatusCode::FORBIDDEN, says).await;
    let ended = token(&hub_http.hub, now);
    check(&ended, NORTH, StatusCode::UNAUTHORIZED, "has ended").await;
    let access = &hub_http.hub.services.access;
    let listed = access.tokens().unwrap();
    assert!(listed.iter().all(|row| row.used.is_some()), "{listed:?}");
    for name in ["turnstile", "turnstile 2"] {
        assert_eq!(access.revoke_tokens(name).unwrap(), 1);
    }
    for token in [&hub_http.token, &ended] {
        check(token, NORTH, StatusCode::UNAUTHORIZED, "not taken back").await;
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nearly_a_token_opens_nothing() {
    let hub_http = HttpHub::open().await;
    let token = &hub_http.token;
    let url = format!("http://{}/v1/scans", hub_http.hub.listening().http);
    for header in [
        token.clone(),
        format!("bearer {token}"),
        format!("Basic {token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token}0"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {}", token.trim_start_matches("usher-http-")),
        format!("Bearer usher-http-{}", "0".repeat(8_000)),
        "Bearer ' OR 1=1 --".to_owned(),
    ] {
        let asked = hub_http.client.post(&url).header("authorization", &header);
        let answer = asked.body(body(1, 1, STRICT, NORTH)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{header}");
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_scanners_enrol_nothing_else_is_served() {
    let hub_http = HttpHub::open().await;
    let base = format!("http://{}", hub_http.hub.listening().enrolments.as_ref().unwrap());
    for path in ["/", "/v1/status", "/metrics", "/readyz", "/v1/scans"] {
        let answer = hub_http.client.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let scan = hub_http
        .client
        .post(format!("{base}/v1/scans"))
        .bearer_auth(&hub_http.token);
    let scanned = scan.body(body(1, 1, STRICT, NORTH)).send().await.unwrap();
    assert_eq!(scanned.status(), StatusCode::NOT_FOUND);
    for (sent, expected) in [
        ("{".to_owned(), StatusCode::BAD_REQUEST),
        ("{\"id\":\"00\"}".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("x".repeat(3_000), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let asked = hub_http.client.post(format!("{base}/v1/enrolments")).body(sent);
        assert_eq!(asked.send().await.unwrap().status(), expected);
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_of_another_version_is_told_at_the_hub_which_program_to_update() {
    let hub_http = HttpHub::open().await;
    let base = format!("http://{}", hub_http.hub.listening().enrolments.as_ref().unwrap());
    // What a program of version 1 sends, and what one of version 3 might.
    let old = json!({"secret": "5e".repeat(16), "device": "ab".repeat(32), "name": "Scanner", "proof": "03".repeat(64)});
    let new = json!({"version": 3, "id": "01".repeat(32), "device": "ab".repeat(32), "kind": "scanner"});
    for (sent, expected) in [
        (old, ["too old", "version 1", "Update the program on the device"]),
        (new, ["newer", "version 3", "Update this one"]),
    ] {
        let asked = hub_http.client.post(format!("{base}/v1/enrolments"));
        let answer = asked.body(sent.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem: Value = answer.json().await.unwrap();
        let says = problem["detail"].as_str().unwrap();
        assert!(expected.iter().all(|part| says.contains(part)), "{says}");
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_turnstiles_are_served_and_this_machine_needs_no_certificate() {
    let (_kept, certificate, key) = tls::tests::files(tls::tests::CERTIFICATE, tls::tests::KEY);
    let mut venue = Venue::new();
    let (certificate, key) = (Some(certificate), Some(key));
    let hub = venue.start_with(A, |config| {
        config.http = ([0, 0, 0, 0], 0).into();
        config.advertise = Some("localhost".to_owned());
        (config.tls_certificate, config.tls_key) = (certificate, key);
    });
    let hub = hub.await.unwrap();
    assert!(hub.listening().url().starts_with("https://localhost:"));
    let client = tls::tests::client();
    let asked = client
        .post(format!("{}/v1/scans", hub.listening().url()))
        .bearer_auth(token(&hub, Timestamp::FOREVER));
    let scanned = asked.body(body(1, unit_at(A, &[A, B]), STRICT, NORTH));
    let answer: Value = scanned.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["verdict"], "admit");
    let here = format!("http://{}/v1/status", hub.listening().here);
    let status: Value = client.get(here).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&status["may_judge"], &status["warnings"]),
        (&json!(true), &json!([]))
    );
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_in_the_clear_is_refused_or_named_wherever_people_look() {
    let mut venue = Venue::new();
    let open = |config: &mut Config| config.http = ([0, 0, 0, 0], 0).into();
    let refused = venue.start_with(A, open).await.err().unwrap().to_string();
    assert!(refused.contains("http_in_the_clear = true"), "{refused}");
    let hub = venue.start_with(A, |config| {
        open(config);
        config.http_in_the_clear = true;
    });
    let hub = hub.await.unwrap();
    for path in ["/v1/status", "/readyz"] {
        let url = format!("http://{}{path}", hub.listening().here);
        let shown: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        assert_eq!(shown["warnings"], json!([hub::IN_THE_CLEAR]), "{path}");
    }
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_a_warning_of_a_hub_that_is_ready_and_a_figure() {
    const FIVE_HOURS_MS: i64 = 5 * 60 * 60 * 1000;
    let hub_http = HttpHub::open().await;
    let figure = async |line: &str| {
        let (_, metrics) = hub_http.read("/metrics").await;
        assert!(metrics.lines().any(|shown| shown == line), "{line}\n{metrics}");
    };
    figure("usher_clock_ahead_seconds 0").await;
    // Nobody else is there, and somebody sets it.
    hub_http.hub.services.replica.clock().set_ms(FIVE_HOURS_MS);
    let (status, text) = hub_http.read("/readyz").await;
    let ready: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &ready["ready"]), (StatusCode::OK, &json!(true)));
    let warning = ready["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("was set while this program ran: it is 5 h 0 min ahead of what it was"),
        "{warning}"
    );
    figure("usher_clock_ahead_seconds 18000").await;
    figure("usher_clock_in_doubt 1").await;
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_code_is_looked_up_for_whoever_sits_at_the_hub_and_for_no_page_of_another_site() {
    let hub_http = HttpHub::open().await;
    let url = format!("http://{}/v1/lookups", hub_http.hub.listening().http);
    let ask = async |kind: &str, body: &str| {
        let asked = hub_http.client.post(&url).header("content-type", kind);
        let answer = asked.body(body.to_owned()).send().await.unwrap();
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap()["detail"].clone())
    };
    let code = "{\"ticket_code\":\"0000-0000\"}";
    for (kind, body, expected, says) in [
        (
            "application/json",
            code,
            StatusCode::SERVICE_UNAVAILABLE,
            "this hub has no connection",
        ),
        (
            "application/json",
            "{\"ticket_code\":\"0000-0001\"}",
            StatusCode::UNPROCESSABLE_ENTITY,
            "compare it with the ticket",
        ),
        (
            "application/json",
            "{}",
            StatusCode::UNPROCESSABLE_ENTITY,
            "ticket_code",
        ),
        (
            "text/plain",
            code,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "application/json",
        ),
    ] {
        let (status, detail) = ask(kind, body).await;
        assert_eq!(status, expected, "{detail}");
        assert!(detail.as_str().unwrap().contains(says), "{detail}");
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_lets_nobody_in_is_not_ready_and_says_why() {
    let mut venue = Venue::new();
    let hub = venue.start(A, &[]).await;
    let ask = async || {
        let url = format!("http://{}/readyz", hub.listening().here);
        let answer = reqwest::get(url).await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let ready = json!({ "ready": true, "missing": [], "warnings": [] });
    assert_eq!(ask().await, (StatusCode::OK, ready));
    let device = key(A).public();
    venue.show.write(usher_protocol::record::Body::DeviceRevoked {
        device,
        after: usher_protocol::Seq(0),
    });
    usher_link::SyncStore::store(&*hub.services.replica, venue.show.run())
        .await
        .unwrap();
    let (status, answer) = ask().await;
    let missing = json!(["the certificate has run out or was revoked"]);
    assert_eq!(
        (status, &answer["missing"]),
        (StatusCode::SERVICE_UNAVAILABLE, &missing)
    );
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_hub_says_so_wherever_people_look() {
    let mut venue = Venue::new();
    let hub = venue.start(A, &[]).await;
    let shown = async |path: &str| {
        let url = format!("http://{}{path}", hub.listening().here);
        let shown: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        shown["warnings"].clone()
    };
    for path in ["/v1/status", "/readyz"] {
        assert_eq!(shown(path).await, json!([]), "{path}");
    }
    venue.show.write(usher_protocol::record::Body::HubRetired {
        hub: key(A).public(),
        heir: Some(key(B).public()),
    });
    usher_link::SyncStore::store(&*hub.services.replica, venue.show.run())
        .await
        .unwrap();
    for path in ["/v1/status", "/readyz"] {
        assert_eq!(shown(path).await, json!([hub::RETIRED]), "{path}");
    }
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_all_others_refuse_says_so_wherever_people_look() {
    let hub_http = HttpHub::open().await;
    let links = &hub_http.hub.services.links;
    let cloud = ["cloud:4810".to_owned()];
    let ended = |end| LinkState::Closed {
        peer: key(B).public(),
        end,
    };
    links.dialled(&cloud, 0, &ended(SessionEnd::Theirs(Farewell::Leaving)));
    let (_, text) = hub_http.read("/readyz").await;
    assert!(!text.contains("refuses this hub"), "{text}");
    links.dialled(&cloud, 0, &ended(SessionEnd::Theirs(Farewell::NotWelcome)));
    for path in ["/v1/status", "/readyz"] {
        let (_, text) = hub_http.read(path).await;
        assert!(text.contains(hub::REFUSED), "{path}: {text}");
    }
    hub_http.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_that_would_move_a_terminals_cursor_is_refused() {
    let hub_http = HttpHub::open().await;
    let url = format!("http://{}/v1/annulments", hub_http.hub.listening().http);
    for why in ["\u{1b}[2J", "one\ntwo", "\u{202e}desrever", "", "  "] {
        let payload = String::from_utf8(ticket(unit_at(A, &[A, B]), STRICT)).unwrap();
        let body = json!({ "payload": payload, "gate": NORTH, "scan_secret": "00".repeat(16), "why": why });
        let asked = hub_http.client.post(&url).bearer_auth(&hub_http.token);
        let answer = asked.body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{why:?}");
        assert!(answer.text().await.unwrap().contains("plain text"), "{why:?}");
    }
    hub_http.hub.shutdown().await;
}
