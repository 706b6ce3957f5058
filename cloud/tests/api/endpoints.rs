//! Programs of organizers that are told what happens, by a real HTTP server that fails, is slow and comes back.

use std::future::pending;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::BASE64;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::client::Cloud;
use super::patience::{self, until_so};

const HOUR_MS: u64 = 3_600_000;
/// What a receiver is told to answer with that shall not answer at all.
const SILENT: u16 = 0;

/// What a receiver was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    headers: HeaderMap,
    pub body: String,
}

/// A program of an organizer's.
#[derive(Clone)]
pub struct Receiver {
    sent: Arc<Mutex<Vec<Sent>>>,
    /// What it answers with.
    status: Arc<AtomicU16>,
    url: String,
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, HeaderMap) {
    receiver.sent.lock().unwrap().push(Sent { headers, body });
    let status = receiver.status.load(Ordering::SeqCst);
    if status == SILENT {
        pending::<()>().await;
    }
    let status = StatusCode::from_u16(status).unwrap();
    let mut answer = HeaderMap::new();
    if status.is_redirection() {
        // Followed, it would lead back here and be seen.
        answer.insert("location", receiver.url.parse().unwrap());
    }
    (status, answer)
}

impl Receiver {
    pub async fn start(serving: &mut JoinSet<()>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            sent: Arc::default(),
            status: Arc::new(AtomicU16::new(204)),
            url: format!("http://{}/usher", socket.local_addr().unwrap()),
        };
        let app = Router::new()
            .route("/usher", post(receive))
            .with_state(receiver.clone());
        serving.spawn(async { axum::serve(socket, app).await.unwrap() });
        receiver
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Waits until it was sent so much.
    pub async fn sent(&self, count: usize) -> Vec<Sent> {
        for _ in 0..600 {
            let sent = self.sent.lock().unwrap().clone();
            if sent.len() >= count {
                return sent;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("only {} of {count} came", self.sent.lock().unwrap().len())
    }
}

/// Checks a signature as the scheme's libraries do.
#[track_caller]
fn check_signed(sent: &Sent, secret: &str, seconds: u64) {
    let header = |name: &str| sent.headers[name].to_str().unwrap();
    assert_eq!(header("webhook-timestamp"), seconds.to_string());
    let key = BASE64
        .decode(secret.strip_prefix("whsec_").unwrap().as_bytes())
        .unwrap();
    let signed = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        sent.body
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
    let expected = format!("v1,{}", BASE64.encode(tag.as_ref()));
    let signatures = header("webhook-signature");
    assert!(signatures.split(' ').any(|one| one == expected), "{signatures}");
}

/// A cloud that may tell programs on this machine, with an event and an endpoint of it: its path and secret.
pub async fn told(receiver: &Receiver) -> (Cloud, String, String, String) {
    let cloud = Cloud::with(|config| {
        config.webhooks.private_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}/endpoints");
    let made = cloud
        .organize(Method::POST, &path, &json!({"url": receiver.url}))
        .await
        .ok(201);
    let endpoint = format!("{path}/{}", made["endpoint"]["endpoint_id"].as_str().unwrap());
    let secret = made["secret"].as_str().unwrap().to_owned();
    (cloud, event, endpoint, secret)
}

async fn listed(cloud: &Cloud, endpoint: &str, status: &str) -> Vec<Value> {
    let path = format!("{endpoint}/webhooks?status={status}");
    let listed = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    listed["webhooks"].as_array().unwrap().clone()
}

/// Waits until so many webhooks stand so.
async fn until(cloud: &Cloud, endpoint: &str, status: &str, count: usize) -> Vec<Value> {
    for _ in 0..600 {
        let found = listed(cloud, endpoint, status).await;
        if found.len() == count {
            return found;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", listed(cloud, endpoint, "").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_what_happens_and_can_check_who_says_so() {
    let mut serving = JoinSet::new();
    let receiver = Receiver::start(&mut serving).await;
    let (cloud, event, endpoint, secret) = told(&receiver).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let sent = receiver.sent(1).await;
    check_signed(&sent[0], &secret, 1_800_000_000);
    let body: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(
        (&body["type"], &body["timestamp"]),
        (&json!("booking.confirmed"), &json!("2027-01-15T08:00:00Z"))
    );
    assert_eq!(body["data"]["booking_id"], booking["booking_id"]);
    assert_eq!(body["data"]["amount"], 9000);
    assert_eq!(
        body["data"]["tickets"][1]["ticket_id"],
        booking["tickets"][1]["ticket_id"]
    );
    assert!(!sent[0].body.contains("owl@example.org"), "no person is told of");

    let tickets = format!("/v1/organizer/events/{event}/tickets");
    let ticket = |number: usize| booking["tickets"][number]["ticket_id"].as_str().unwrap();
    let change = async |path: String, method: Method, body: Value| {
        let answer = cloud.organize(method, &path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
    };
    change(
        format!("{tickets}/{}/transfer", ticket(0)),
        Method::POST,
        Value::Null,
    )
    .await;
    change(
        format!("{tickets}/{}/revoke", ticket(1)),
        Method::POST,
        Value::Null,
    )
    .await;
    let path = format!("/v1/organizer/events/{event}");
    change(path, Method::PATCH, json!({"description": "With tea."})).await;
    change(format!("{endpoint}/test"), Method::POST, Value::Null).await;
    let sent = receiver.sent(5).await;
    let kinds: Vec<String> = sent[1..]
        .iter()
        .map(|sent| {
            serde_json::from_str::<Value>(&sent.body).unwrap()["type"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for kind in ["ticket.transferred", "ticket.revoked", "event.changed", "test"] {
        assert!(
            kinds.iter().any(|sent| sent == kind),
            "{kind} is not among {kinds:?}"
        );
    }
    until(&cloud, &endpoint, "taken", 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_told_again_for_three_days_then_given_up_and_replayed_by_a_person() {
    let mut serving = JoinSet::new();
    let receiver = Receiver::start(&mut serving).await;
    let (cloud, _, endpoint, secret) = told(&receiver).await;
    let test = format!("{endpoint}/test");
    for failing in [500, 302] {
        receiver.answer(failing);
        let before = receiver.sent.lock().unwrap().len();
        cloud.organize(Method::POST, &test, &Value::Null).await.ok(202);
        receiver.sent(before + 1).await;
        let waiting = until(&cloud, &endpoint, "waiting", 1).await;
        until_so("a failure to be written down", async || {
            listed(&cloud, &endpoint, "waiting").await[0]["failures"] != 0
        })
        .await;
        let waiting = listed(&cloud, &endpoint, "waiting")
            .await
            .first()
            .cloned()
            .or(waiting.first().cloned());
        assert_eq!(waiting.unwrap()["answer"], failing.to_string());
        // It comes back, and is told the same again.
        receiver.answer(200);
        cloud.clock.advance_ms(60_000);
        let sent = receiver.sent(before + 2).await;
        let id = |sent: &Sent| sent.headers["webhook-id"].clone();
        assert_eq!(
            id(&sent[before]),
            id(&sent[before + 1]),
            "a redirect is not followed"
        );
        until(&cloud, &endpoint, "waiting", 0).await;
    }

    receiver.answer(503);
    cloud.organize(Method::POST, &test, &Value::Null).await.ok(202);
    let mut sent = receiver.sent.lock().unwrap().len();
    while listed(&cloud, &endpoint, "given_up").await.is_empty() {
        cloud.clock.advance_ms(10 * HOUR_MS);
        sleep(Duration::from_millis(100)).await;
        assert!(sent < 100, "it is tried again and again");
        sent = receiver.sent.lock().unwrap().len();
    }
    let given_up = until(&cloud, &endpoint, "given_up", 1).await.remove(0);
    let replay = endpoint.split("/endpoints/").next().unwrap();
    let replay = format!(
        "{replay}/webhooks/{}/replay",
        given_up["webhook_id"].as_str().unwrap()
    );
    receiver.answer(204);
    let before = receiver.sent.lock().unwrap().len();
    cloud.organize(Method::POST, &replay, &Value::Null).await.ok(200);
    let sent = receiver.sent(before + 1).await;
    let header = sent[before].headers["webhook-timestamp"].to_str().unwrap();
    check_signed(&sent[before], &secret, header.parse().unwrap());
    until(&cloud, &endpoint, "given_up", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_beside_the_former_one_and_a_removed_endpoint_hears_nothing() {
    let mut serving = JoinSet::new();
    let receiver = Receiver::start(&mut serving).await;
    let (cloud, event, endpoint, former) = told(&receiver).await;
    let rotated = cloud
        .organize(Method::POST, &format!("{endpoint}/rotate"), &Value::Null)
        .await
        .ok(200);
    let secret = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, former);
    let test = format!("{endpoint}/test");
    cloud.organize(Method::POST, &test, &Value::Null).await.ok(202);
    let sent = receiver.sent(1).await;
    check_signed(&sent[0], secret, 1_800_000_000);
    check_signed(&sent[0], &former, 1_800_000_000);
    cloud.clock.advance_ms(24 * HOUR_MS);
    cloud.organize(Method::POST, &test, &Value::Null).await.ok(202);
    let sent = receiver.sent(2).await;
    assert!(
        !sent[1].headers["webhook-signature"]
            .to_str()
            .unwrap()
            .contains(' ')
    );
    let shown = cloud
        .organize(Method::GET, endpoint.rsplit_once('/').unwrap().0, &Value::Null)
        .await;
    assert!(!shown.text().contains("whsec_"), "{}", shown.text());

    let removed = cloud.organize(Method::DELETE, &endpoint, &Value::Null).await;
    assert_eq!(removed.status, 204);
    cloud
        .organize(Method::DELETE, &endpoint, &Value::Null)
        .await
        .check_problem(404, "not-found");
    cloud.buy(&event, &[0]).await;
    cloud
        .organize(Method::POST, &test, &Value::Null)
        .await
        .check_problem(404, "not-found");
    assert_eq!(receiver.sent.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_inside_our_network_is_told() {
    let mut serving = JoinSet::new();
    let receiver = Receiver::start(&mut serving).await;
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}/endpoints");
    let port = receiver.url.rsplit_once(':').unwrap().1;
    for url in [
        receiver.url.clone(),
        format!("http://localhost:{port}"),
        "http://[::ffff:127.0.0.1]/".into(),
    ] {
        let made = cloud
            .organize(Method::POST, &path, &json!({"url": url}))
            .await
            .ok(201);
        let endpoint = format!("{path}/{}", made["endpoint"]["endpoint_id"].as_str().unwrap());
        cloud
            .organize(Method::POST, &format!("{endpoint}/test"), &Value::Null)
            .await
            .ok(202);
        let answer = patience::until("an answer", async || {
            let waiting = &until(&cloud, &endpoint, "waiting", 1).await[0];
            waiting["answer"].as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(answer, "private_address", "{url}");
    }
    assert!(receiver.sent.lock().unwrap().is_empty());
    for url in [
        "",
        "ftp://owls.example/",
        "https://",
        "https://owl:secret@owls.example/",
        "owls.example",
    ] {
        let refused = cloud.organize(Method::POST, &path, &json!({"url": url})).await;
        let problem = refused.check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/url");
    }
    for _ in 3..10 {
        cloud
            .organize(Method::POST, &path, &json!({"url": "https://owls.example"}))
            .await
            .ok(201);
    }
    cloud
        .organize(Method::POST, &path, &json!({"url": "https://owls.example"}))
        .await
        .check_problem(409, "too-many-endpoints");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_answer_keeps_no_other_waiting() {
    let mut serving = JoinSet::new();
    let slow = Receiver::start(&mut serving).await;
    slow.answer(SILENT);
    let (cloud, event, endpoint, _) = told(&slow).await;
    let quick = Receiver::start(&mut serving).await;
    let path = format!("/v1/organizer/events/{event}/endpoints");
    let made = cloud
        .organize(Method::POST, &path, &json!({"url": quick.url}))
        .await;
    made.ok(201);
    cloud.buy(&event, &[0]).await;
    slow.sent(1).await;
    // While that one is waited for, for eight seconds, the other one is told the next thing.
    quick.sent(1).await;
    cloud.buy(&event, &[1]).await;
    timeout(Duration::from_secs(7), quick.sent(2)).await.unwrap();
    assert_eq!(slow.sent.lock().unwrap().len(), 1, "it still has time to answer");
    assert!(listed(&cloud, &endpoint, "taken").await.is_empty());
}
