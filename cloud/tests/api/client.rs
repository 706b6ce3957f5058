//! A server with an organizer and an event, and short ways to ask it things.

use std::fs::DirBuilder;
use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use usher_cloud::cli::add_organizer;
use usher_cloud::clock::{Clock, ManualClock};
use usher_cloud::config::Config;
use usher_cloud::server::Server;
use usher_cloud::store::Store;
use usher_cloud::store::location::{StoreLocation, StoreSettings};
use usher_keys::{KeyRequest, RootSet, SecretKey, Timestamp};

/// When every test begins: 2027-01-15T08:00:00Z.
pub const START: Timestamp = Timestamp(1_800_000_000_000);
/// How long reservations hold, in milliseconds.
pub const HOLD_MS: u64 = 600_000;

/// Someone who talks to a cloud, with an organizer's key.
pub struct Client {
    pub key: String,
    http: reqwest::Client,
    /// Follows no redirects, so that cookies are seen.
    forms: reqwest::Client,
    base: String,
}

/// A cloud that runs in this process, under a clock that stands still, and someone who talks to it.
pub struct Cloud {
    pub server: Server,
    pub clock: ManualClock,
    client: Client,
    _files: TempDir,
}

impl Deref for Cloud {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let is_stream = headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        // A stream does not end: it is let go.
        let bytes = if is_stream {
            Vec::new()
        } else {
            response.bytes().await.unwrap().to_vec()
        };
        Self {
            status,
            headers,
            bytes,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Requires a problem document of a kind.
    #[track_caller]
    pub fn check_problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:usher:problem:{kind}"));
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.len() > 10),
            "{problem}"
        );
        problem
    }

    /// Requires success and gives the body.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}

impl Cloud {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let files = tempfile::tempdir().unwrap();
        let mut config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            uplink_listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: files.path().join("data"),
            ..Config::default()
        };
        lay_tables(&config.data_dir).await;
        settings(&mut config);
        let clock = ManualClock::new(START);
        let server = Server::start(config, Clock::Manual(clock.clone())).await.unwrap();
        let base = format!("http://{}", server.listening().http);
        let key = add_organizer(&server.state().store, "Owls".into()).await.unwrap();
        Self {
            server,
            clock,
            client: Client::new(base, key),
            _files: files,
        }
    }
}

/// Puts an empty store where there is none: its tables are made once for all tests, since that takes longer than most tests do.
async fn lay_tables(data_dir: &Path) {
    static MADE: OnceCell<TempDir> = OnceCell::const_new();
    let made = MADE.get_or_init(make_tables).await;
    DirBuilder::new().mode(0o700).create(data_dir).unwrap();
    let [from, to] = [made.path(), data_dir].map(|folder| match StoreSettings::default().location(folder) {
        StoreLocation::File(file) => file,
        StoreLocation::Servers { .. } => unreachable!("by itself a store is a file"),
    });
    std::fs::copy(from, to).unwrap();
}

async fn make_tables() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = StoreSettings::default().location(folder.path());
    Store::open(&file).await.unwrap().close().await;
    folder
}

/// Nobody here speaks TLS: what the machine believes need not be read.
fn plain_http() -> reqwest::ClientBuilder {
    reqwest::Client::builder().tls_certs_only([])
}

impl Client {
    pub fn new(base: String, key: String) -> Self {
        // A second test in this process finds the provider installed; either way it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            key,
            http: plain_http().build().unwrap(),
            forms: plain_http()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            base,
        }
    }

    /// Returns somebody who talks to the same cloud with another key.
    pub fn with_key(&self, key: &Value) -> Self {
        Self::new(self.base.clone(), key["key"].as_str().unwrap().to_owned())
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a form, as browsers do.
    pub async fn send_form(&self, request: reqwest::RequestBuilder, form: &[(&str, &str)]) -> Answer {
        let encoded = reqwest::Url::parse_with_params("http://form", form).unwrap();
        let form = "application/x-www-form-urlencoded";
        let request = request.header("content-type", form);
        let body = encoded.query().unwrap_or_default().to_owned();
        let request = request.body(body).build().unwrap();
        Answer::of(self.forms.execute(request).await.unwrap()).await
    }

    /// Asks as the organizer; `null` for no body.
    pub async fn organize(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).bearer_auth(&self.key);
        self.send(if body.is_null() {
            request
        } else {
            request.json(body)
        })
        .await
    }

    /// Makes an API key of a role.
    pub async fn make_key(&self, role: &str) -> Value {
        let request = json!({"name": format!("A {role}"), "role": role});
        self.organize(Method::POST, "/v1/organizer/api-keys", &request)
            .await
            .ok(201)
    }

    /// Makes and publishes an event, with changes to the usual one.
    pub async fn event(&self, change: impl FnOnce(&mut Value)) -> String {
        let event = self.draft(change).await;
        self.sign(&event).await;
        self.organize(
            Method::POST,
            &format!("/v1/organizer/events/{event}/publish"),
            &Value::Null,
        )
        .await
        .ok(200);
        event
    }

    pub async fn draft(&self, change: impl FnOnce(&mut Value)) -> String {
        let venue = json!({"name": "Old Barn", "city": "Leipzig", "address": "Lane 1"});
        let venue = self
            .organize(Method::POST, "/v1/organizer/venues", &venue)
            .await
            .ok(201);
        let mut draft = usual_event(venue["venue_id"].as_str().unwrap());
        change(&mut draft);
        let event = self
            .organize(Method::POST, "/v1/organizer/events", &draft)
            .await
            .ok(201);
        event["event_id"].as_str().unwrap().to_owned()
    }

    /// Brings an event under trust: asks for its keys, signs the bundle with a root made here, uploads it.
    pub async fn sign(&self, event: &str) {
        let path = format!("/v1/organizer/events/{event}");
        let request = self
            .organize(Method::POST, &format!("{path}/key-request"), &Value::Null)
            .await
            .ok(200);
        let request: KeyRequest = serde_json::from_value(request).unwrap();
        let root = SecretKey::from_seed(&[7; 32]);
        let bundle = request.first_bundle(RootSet::single(root.public()));
        let signed = serde_json::to_value(bundle.sign(&[&root])).unwrap();
        self.organize(Method::PUT, &format!("{path}/trust-bundle"), &signed)
            .await
            .ok(200);
    }

    pub async fn hold(&self, event: &str, seats: &[u32]) -> Answer {
        self.post("/v1/reservations", &json!({"event_id": event, "seat_ids": seats}))
            .await
    }

    pub async fn hold_tier(&self, event: &str, tier: u16, quantity: u32) -> Answer {
        let tiers = json!([{"tier": tier, "quantity": quantity}]);
        self.post("/v1/reservations", &json!({"event_id": event, "tiers": tiers}))
            .await
    }

    pub fn book_raw(&self, reservation: &Value, key: &str, token: &str) -> reqwest::RequestBuilder {
        self.request(Method::POST, "/v1/bookings").json(&json!({
            "reservation_id": reservation["reservation_id"],
            "payment_token": token,
            "idempotency_key": key,
            "email": "owl@example.org",
        }))
    }

    pub async fn book(&self, reservation: &Value, key: &str, token: &str) -> Answer {
        self.send(self.book_raw(reservation, key, token)).await
    }

    /// Holds seats and pays for them.
    pub async fn buy(&self, event: &str, seats: &[u32]) -> Value {
        let reservation = self.hold(event, seats).await.ok(201);
        self.book(&reservation, &format!("{seats:?}"), "tok_ok")
            .await
            .ok(201)
    }

    pub async fn seats(&self, event: &str) -> Value {
        self.get(&format!("/v1/events/{event}/seats")).await.ok(200)
    }

    /// Makes the path of an absolute link of this server.
    pub fn path<'a>(&self, link: &'a Value) -> &'a str {
        link.as_str().unwrap().strip_prefix(&self.base).unwrap()
    }
}

/// Ten seats of tier 1, numbered 0 to 9, and 20 slots of tier 2; tier 3 is free and has 4 slots.
pub fn usual_event(venue: &str) -> Value {
    json!({
        "venue_id": venue,
        "name": "Night of the Owls",
        "description": "Hooting until dawn.",
        "starts_at": "2027-06-04T18:00:00Z",
        "ends_at": "2027-06-04T23:00:00Z",
        "currency": "EUR",
        "tiers": [
            {"tier": 1, "name": "Stalls", "price": 4500},
            {"tier": 2, "name": "Standing", "price": 2500, "admits": 2, "offline": "available"},
            {"tier": 3, "name": "Guests", "price": 0},
        ],
        "seat_map": {"sections": [{"name": "Stalls", "tier": 1, "rows": [
            {"name": "A", "seats": 5}, {"name": "B", "seats": 5},
        ]}]},
        "general_admission": [{"tier": 2, "quantity": 20}, {"tier": 3, "quantity": 4}],
    })
}
