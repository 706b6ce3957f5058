//! Phones with pretixSCAN at a running hub: set up, synced, scanning, revoked; every answer is read as the apps read it.

mod apps;

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use usher_device::phone_secret::PhoneSecret;
use usher_device::replica::TokenHolder;
use usher_fixtures::SHOW;
use usher_keys::Timestamp;

use super::*;
use apps::{Device, Event, Info, Item, List, Page, Position, Redeemed, Status};

const NORTH_LIST: i64 = 1;
const WHOLE_NORTH: i64 = 100_001;

/// A hub with its door open, and a phone before it.
struct Scene {
    hub: Hub,
    phone: App,
    _venue: Venue,
}

/// An app on a phone: it takes any certificate, as pretixSCAN does at an address.
struct App {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl App {
    fn at(hub: &Hub) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy();
        Self {
            client: client.tls_danger_accept_invalid_certs(true).build().unwrap(),
            url: hub.listening().door.clone().unwrap(),
            token: String::new(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, String) {
        let asked = self.client.request(method, format!("{}/api/v1/{path}", self.url));
        let mut asked = asked.header("Authorization", format!("Device {}", self.token));
        if let Some(body) = body {
            asked = asked
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let answer = asked.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    #[track_caller]
    fn get<T: DeserializeOwned>(&self, path: &str) -> impl Future<Output = T> {
        let path = path.to_owned();
        async move {
            let (status, text) = self.ask(Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}: {text}");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
        }
    }

    async fn of_event<T: DeserializeOwned>(&self, path: &str) -> T {
        self.get(&format!("organizers/usher/events/{EVENT}/{path}")).await
    }

    /// Shows a set-up code, as Android does.
    async fn set_up(&mut self, code: &str) -> (StatusCode, String) {
        let said = json!({
            "token": code, "hardware_brand": "Zebra", "hardware_model": "TC21", "os_name": "Android",
            "software_brand": "pretixSCAN Android", "software_version": "3.3.4", "info": null,
        });
        let (status, text) = self.ask(Method::POST, "device/initialize", Some(said)).await;
        if status == StatusCode::OK {
            let device: Device = serde_json::from_str(&text).unwrap();
            self.token = device.api_token;
        }
        (status, text)
    }

    async fn redeem(&self, request: Value) -> (StatusCode, Value) {
        let path = "organizers/usher/checkinrpc/redeem/?expand=answers.question";
        let (status, text) = self.ask(Method::POST, path, Some(request)).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Scans, and reads the answer as the apps do.
    async fn scan(&self, request: Value) -> (StatusCode, Redeemed) {
        let (status, told) = self.redeem(request).await;
        let said = told.to_string();
        let read = serde_json::from_value(told);
        (status, read.unwrap_or_else(|error| panic!("{error}: {said}")))
    }
}

/// Makes a set-up code for a phone.
fn code(hub: &Hub, name: &str, gates: &[u16], expires: Timestamp) -> String {
    let code = PhoneSecret::draw_code().unwrap();
    let holder = TokenHolder {
        name: name.to_owned(),
        gates: gates.to_vec(),
        expires,
    };
    let now = hub.services.replica.clock().now();
    let until = now.plus_ms(60_000);
    let access = &hub.services.access;
    access.add_phone_code(code.hash(), (&holder, until), now).unwrap();
    code.reveal().to_owned()
}

impl Scene {
    async fn open(gates: &[u16]) -> Self {
        let mut venue = Venue::new();
        let hub = venue.start_with(A, |config| config.door.listen = Some(([127, 0, 0, 1], 0).into()));
        let hub = hub.await.unwrap();
        let mut phone = App::at(&hub);
        let (status, said) = phone
            .set_up(&code(&hub, "North", gates, Timestamp::FOREVER))
            .await;
        assert_eq!(status, StatusCode::OK, "{said}");
        Self {
            hub,
            phone,
            _venue: venue,
        }
    }
}

/// A request as Android sends it.
fn request(secret: &[u8], nonce: &str, list: i64, way: &str) -> Value {
    json!({
        "secret": std::str::from_utf8(secret).unwrap(), "lists": [list], "type": way, "nonce": nonce,
        "source_type": "barcode", "force": false, "ignore_unpaid": false, "answers": {},
        "questions_supported": true, "canceled_supported": true, "use_order_locale": false,
    })
}

fn ticket_of(unit: u32, admits: u8) -> Vec<u8> {
    let ticket = Ticket {
        admits,
        ..usher_fixtures::ticket(unit, STRICT)
    };
    SHOW.code(&ticket).into_bytes()
}

/// Of what a hub does not give away there are empty pages.
async fn check_empty(phone: &App) {
    let empty = [
        "subevents",
        "categories",
        "questions",
        "badgelayouts",
        "badgeitems",
        "revokedsecrets",
        "blockedsecrets",
        "orders",
    ];
    for path in empty {
        let page: Page<Value> = phone.of_event(&format!("{path}/?page=1")).await;
        assert_eq!((page.count, page.results.len()), (0, 0), "{path}");
    }
    for path in ["subevents/", "reusablemedia/"] {
        let page: Page<Value> = phone.get(&format!("organizers/usher/{path}")).await;
        assert_eq!(page.count, 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_set_up_over_https_and_syncs_all_that_the_apps_ask_for() {
    let scene = Scene::open(&[NORTH.0]).await;
    let phone = &scene.phone;
    assert!(phone.url.starts_with("https://127.0.0.1:"), "{}", phone.url);
    let info: Info = phone.get("device/info").await;
    assert!(info.server.version.pretix_numeric >= 40_120_001_001);
    assert_eq!(
        info.device.security_profile.as_deref(),
        Some("pretixscan_online_noorders")
    );
    assert_eq!(info.device.gate.unwrap().name, "Gate North");
    assert_eq!(info.device.api_token, phone.token);
    let events: Page<Event> = phone
        .get("organizers/usher/events/?ends_after=2026-12-24T18:00:00Z&ordering=date_from")
        .await;
    let event: Event = phone.of_event("").await;
    assert_eq!(events.results[0].slug, event.slug);
    assert_eq!(event.name["en"], "Festival");
    assert!(
        event.valid_keys.pretix_sig1.is_empty(),
        "a phone could admit by itself"
    );
    let lists: Page<List> = phone
        .of_event("checkinlists/?exclude=checkin_count&exclude=position_count")
        .await;
    let listed: Vec<_> = lists.results.iter().map(|list| (list.id, &*list.name)).collect();
    assert_eq!(listed, [(1, "Gate North"), (100_001, "Gate North, whole group")]);
    let items: Page<Item> = phone.of_event("items/?page=1&ordering=datetime").await;
    assert_eq!((items.count, items.next), (2, None));
    assert_eq!(items.results[0].name["en"], "Seated");
    check_empty(phone).await;
    assert_eq!(phone.of_event::<Value>("settings/").await, json!({}));
    let status: Status = phone.of_event("checkinlists/1/status/").await;
    assert_eq!((status.event.name.as_str(), status.inside_count), ("Festival", 0));
    let _: List = phone.of_event("checkinlists/100001/?expand=subevent").await;
    let (status, text) = phone
        .ask(Method::GET, "organizers/usher/events/other/items/", None)
        .await;
    // What is not there is never said in JSON, which apps take for an answer.
    assert_eq!((status, text.as_str()), (StatusCode::NOT_FOUND, "nothing here"));
    let (status, _) = phone
        .ask(Method::GET, "device/eventselection?current_event=x", None)
        .await;
    assert_eq!(status, StatusCode::NOT_MODIFIED);
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lets_a_ticket_in_once_and_the_same_reading_has_the_same_answer() {
    let scene = Scene::open(&[]).await;
    let (phone, unit) = (&scene.phone, unit_at(A, &[A, B]));
    let code = ticket(unit, STRICT);
    let first = request(&code, "AAAAAAAAAAAAAAAAAAAAAAAAAA", NORTH_LIST, "entry");
    let simulated = phone
        .scan(json!({ "simulate": true, "secret": first["secret"], "lists": [1], "nonce": "S" }))
        .await;
    assert_eq!((simulated.0, &*simulated.1.status), (StatusCode::CREATED, "ok"));
    for _ in 0..2 {
        let (status, told) = phone.scan(first.clone()).await;
        assert_eq!(
            (status, &*told.status, told.reason),
            (StatusCode::CREATED, "ok", None)
        );
        assert_eq!(told.list.event, EVENT.to_string());
        let position = told.position.unwrap();
        assert_eq!((position.id, position.item), (i64::from(unit) + 1, 1));
        assert_eq!(position.secret.as_bytes(), code);
        assert_eq!(position.checkins[0].list, NORTH_LIST);
    }
    let (status, told) = phone
        .scan(request(&code, "BBBBBBBBBBBBBBBBBBBBBBBBBB", 2, "entry"))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(told.reason.as_deref(), Some("already_redeemed"));
    assert!(told.reason_explanation.unwrap().ends_with("Gate North"));
    assert_eq!(told.position.unwrap().checkins[0].list, NORTH_LIST);
    let (status, told) = phone.scan(request(&code, "C", NORTH_LIST, "exit")).await;
    assert_eq!(
        (status, &*told.position.unwrap().checkins[0].r#type),
        (StatusCode::CREATED, "exit")
    );
    let status: Status = phone.of_event("checkinlists/1/status/").await;
    assert_eq!(status.checkin_count, 1);
    let csv = scene.hub.services.path.tally();
    assert_eq!(csv.get("admit"), Some(&3), "the same path as every scan: {csv:?}");
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lets_nobody_in_has_a_reason_that_apps_know_and_our_words() {
    let scene = Scene::open(&[NORTH.0]).await;
    let phone = &scene.phone;
    let (status, told) = phone
        .scan(request(b"https://example.com", "A", NORTH_LIST, "entry"))
        .await;
    assert_eq!(
        (status, told.reason.as_deref()),
        (StatusCode::NOT_FOUND, Some("invalid"))
    );
    let away = ticket(unit_at(B, &[A, B]), STRICT);
    let (status, told) = phone.scan(request(&away, "B", NORTH_LIST, "entry")).await;
    assert_eq!(
        (status, told.reason.as_deref()),
        (StatusCode::BAD_REQUEST, Some("error"))
    );
    let words = told.reason_explanation.unwrap();
    assert!(words.starts_with("Send on "), "{words}");
    // South is not this phone's.
    let here = ticket(unit_at(A, &[A, B]), STRICT);
    for list in [2, 77, -1, 100_002] {
        let (status, told) = phone.redeem(request(&here, "C", list, "entry")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let says = format!("Invalid pk \"{list}\" - object does not exist.");
        assert_eq!(told["lists"][0], says);
    }
    let mut forced = request(&here, "D", NORTH_LIST, "entry");
    forced["force"] = json!(true);
    let path = format!(
        "organizers/usher/events/{EVENT}/checkinlists/1/positions/{}/redeem/",
        String::from_utf8(here.clone()).unwrap()
    );
    let (status, text) = phone.ask(Method::POST, &path, Some(forced)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    assert!(text.contains("let people in by itself"), "{text}");
    let shown = reqwest::get(format!("http://{}/v1/status", scene.hub.listening().here));
    let shown = shown.await.unwrap().text().await.unwrap();
    assert!(
        shown.contains("phones have reported 1 admissions of their own"),
        "{shown}"
    );
    // The old address asks the same path, and a text with slashes is one text.
    let odd = "organizers/usher/events/EVENT/checkinlists/1/positions/a%2Fb%3D/redeem/";
    let odd = odd.replace("EVENT", &EVENT.to_string());
    let (status, text) = phone
        .ask(Method::POST, &odd, Some(json!({ "answers": null })))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        text.contains("\"detail\":\"Not found.\"") && text.contains("\"secret\"") || text.contains("invalid")
    );
    let (status, text) = phone
        .ask(Method::POST, &path, Some(json!({ "type": "entry" })))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{text}");
    let (status, _) = phone.redeem(json!({ "lists": [1], "nonce": "E" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_is_told_to_wipe_itself_and_one_whose_time_is_over_is_not() {
    let mut scene = Scene::open(&[]).await;
    let used = scene.phone.token.clone();
    let (status, text) = scene
        .phone
        .ask(Method::POST, "device/roll", Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::OK);
    let rolled: Device = serde_json::from_str(&text).unwrap();
    assert_ne!(rolled.api_token, used);
    let (status, text) = scene.phone.ask(Method::GET, "device/info", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(!text.contains("revoked"), "another token wipes nothing: {text}");
    scene.phone.token = rolled.api_token;
    let said = json!({ "hardware_brand": "Sunmi", "software_brand": "pretixSCAN", "software_version": "4\u{1b}[2J" });
    let (status, text) = scene.phone.ask(Method::POST, "device/update", Some(said)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let updated: Device = serde_json::from_str(&text).unwrap();
    assert_eq!(updated.api_token, scene.phone.token);
    let access = scene.hub.services.access.clone();
    assert_eq!(access.phones().unwrap()[0].facts.software, "pretixSCAN 4[2J");
    let now = scene.hub.services.replica.clock().now();
    assert_eq!(access.revoke_phones("North", now).unwrap(), 1);
    let wipe = (
        StatusCode::UNAUTHORIZED,
        "{\"detail\":\"Device access has been revoked.\"}".to_owned(),
    );
    let code_of_ticket = ticket(unit_at(A, &[A, B]), STRICT);
    let scan = request(&code_of_ticket, "A", NORTH_LIST, "entry");
    let path = "organizers/usher/checkinrpc/redeem/";
    assert_eq!(scene.phone.ask(Method::POST, path, Some(scan)).await, wipe);
    assert_eq!(scene.phone.ask(Method::GET, "device/info", None).await, wipe);
    // One that says goodbye itself is revoked too; one whose time is over keeps what it has.
    let code_of_one = code(&scene.hub, "leaving", &[], Timestamp::FOREVER);
    assert_eq!(scene.phone.set_up(&code_of_one).await.0, StatusCode::OK);
    let (status, _) = scene
        .phone
        .ask(Method::POST, "device/revoke", Some(json!({})))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(scene.phone.ask(Method::GET, "device/info", None).await, wipe);
    let ended = code(&scene.hub, "ended", &[], now);
    assert_eq!(scene.phone.set_up(&ended).await.0, StatusCode::OK);
    let (status, text) = scene.phone.ask(Method::GET, "device/info", None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("time is over"), "{text}");
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_code_is_good_once_and_whoever_guesses_them_waits() {
    let scene = Scene::open(&[]).await;
    let mut other = App::at(&scene.hub);
    let code = code(&scene.hub, "South", &[SOUTH.0], Timestamp::FOREVER);
    assert_eq!(other.set_up(&code).await.0, StatusCode::OK);
    let (status, text) = other.set_up(&code).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert!(
        told["token"][0].as_str().unwrap().contains("phone-code"),
        "{text}"
    );
    let mut last = status;
    for _ in 0..10 {
        last = other.set_up("aaaaaaaaaaaaaaaa").await.0;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let nobody = App::at(&scene.hub);
    for path in ["device/info", "organizers/usher/events/"] {
        let (status, _) = nobody.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let (status, _) = nobody
        .ask(Method::POST, "device/initialize", Some(json!(7)))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let long = json!({ "token": "x".repeat(32 * 1024) });
    let (status, _) = nobody.ask(Method::POST, "device/initialize", Some(long)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_passes_one_by_one_or_all_that_are_left_by_one_scan() {
    let scene = Scene::open(&[]).await;
    let (phone, code) = (&scene.phone, ticket_of(unit_at(A, &[A, B]), 4));
    let (status, told) = phone.scan(request(&code, "A", NORTH_LIST, "entry")).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(told.checkin_texts, ["1 person, 3 more may follow"]);
    let whole = request(&code, "B", WHOLE_NORTH, "entry");
    for _ in 0..2 {
        let (status, told) = phone.scan(whole.clone()).await;
        assert_eq!(
            (status, &*told.checkin_texts[0]),
            (StatusCode::CREATED, "3 people")
        );
    }
    let (status, told) = phone.scan(request(&code, "C", WHOLE_NORTH, "entry")).await;
    assert_eq!(
        (status, told.reason.as_deref()),
        (StatusCode::BAD_REQUEST, Some("already_redeemed"))
    );
    let (status, told) = phone.scan(request(&code, "D", WHOLE_NORTH, "exit")).await;
    assert_eq!(
        (status, &*told.checkin_texts[0]),
        (StatusCode::CREATED, "4 people")
    );
    // The answer that was given before is given again, although fewer are left now.
    let (_, told) = phone.scan(request(&code, "A", NORTH_LIST, "entry")).await;
    assert_eq!(told.checkin_texts, ["1 person, 3 more may follow"]);
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_takes_its_own_scan_back_and_nobody_elses() {
    let scene = Scene::open(&[]).await;
    let (phone, shown) = (&scene.phone, ticket(unit_at(A, &[A, B]), STRICT));
    let annul = async |phone: &App, nonce: &str| {
        let body = json!({ "lists": [NORTH_LIST], "nonce": nonce, "error_explanation": "did not turn" });
        let path = "organizers/usher/checkinrpc/annul/";
        phone.ask(Method::POST, path, Some(body)).await
    };
    let (status, _) = phone.scan(request(&shown, "A", NORTH_LIST, "entry")).await;
    assert_eq!(status, StatusCode::CREATED);
    let mut other = App::at(&scene.hub);
    other
        .set_up(&code(&scene.hub, "other", &[], Timestamp::FOREVER))
        .await;
    assert_eq!(annul(&other, "A").await.0, StatusCode::NOT_FOUND);
    assert_eq!(annul(phone, "B").await.0, StatusCode::NOT_FOUND);
    let (status, text) = annul(phone, "A").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "{\"status\":\"ok\"}"));
    let (status, text) = annul(phone, "A").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("non_field_errors"), "{text}");
    // That reading is over; another one lets in.
    let (status, _) = phone.redeem(request(&shown, "A", NORTH_LIST, "entry")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = phone.scan(request(&shown, "C", NORTH_LIST, "entry")).await;
    assert_eq!(status, StatusCode::CREATED);
    let path = format!("organizers/usher/events/{EVENT}/checkinlists/1/failed_checkins/");
    let failed = json!({ "error_reason": "invalid", "raw_barcode": "x", "datetime": "2026-12-24T18:00:00Z" });
    assert_eq!(
        phone.ask(Method::POST, &path, Some(failed)).await.0,
        StatusCode::CREATED
    );
    let path = format!("organizers/usher/events/{EVENT}/orderpositions/5/printlog/");
    assert_eq!(
        phone.ask(Method::POST, &path, Some(json!({}))).await.0,
        StatusCode::CREATED
    );
    let path = "organizers/usher/reusablemedia/lookup/";
    let (_, none) = phone.ask(Method::POST, path, Some(json!({}))).await;
    assert_eq!(none, "{\"result\":null}");
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_find_nothing_and_ticket_codes_are_asked_of_the_cloud() {
    let scene = Scene::open(&[]).await;
    let phone = &scene.phone;
    let search = |term: &str| format!("organizers/usher/checkinrpc/search/?search={term}&list=1&page=1");
    let found: Page<Position> = phone.get(&search("ada")).await;
    assert_eq!(found.count, 0);
    let in_list = format!("organizers/usher/events/{EVENT}/checkinlists/1/positions/?search=ada");
    let found: Page<Position> = phone.get(&in_list).await;
    assert_eq!(found.count, 0);
    let (status, text) = phone.ask(Method::GET, &search("0000-0000"), None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("no connection"), "{text}");
    scene.hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_speaks_plain_http_only_when_it_is_told_to() {
    let mut venue = Venue::new();
    let hub = venue.start_with(A, |config| {
        config.door.listen = Some(([127, 0, 0, 1], 0).into());
        config.door.in_the_clear = true;
    });
    let hub = hub.await.unwrap();
    let mut phone = App::at(&hub);
    assert!(phone.url.starts_with("http://"), "{}", phone.url);
    let code = code(&hub, "North", &[], Timestamp::FOREVER);
    assert_eq!(phone.set_up(&code).await.0, StatusCode::OK);
    hub.shutdown().await;
    let hub = venue.start(B, &[]).await;
    assert_eq!(
        hub.listening().door,
        None,
        "it is shut until it is given an address"
    );
    hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sits_at_the_hub_is_shown_a_code_that_sets_a_phone_up() {
    let mut scene = Scene::open(&[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/v1/phone-codes", scene.hub.listening().here);
    let ask = async |body: Value, kind: &str, forwarded: Option<&str>| {
        let mut asked = client.post(&url).header("content-type", kind);
        if let Some(forwarded) = forwarded {
            asked = asked.header("x-forwarded-for", forwarded);
        }
        let answer = asked.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap())
    };
    let wanted = json!({ "name": "West", "gates": [2] });
    let (status, made) = ask(wanted.clone(), "application/json", None).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let words = made["words"].as_str().unwrap();
    assert!(words.contains("\"West\" at gate 2"), "{words}");
    assert!(made["picture"].as_str().unwrap().starts_with("<svg "), "{made}");
    let code: Value = serde_json::from_str(made["code"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&code["handshake_version"], &code["url"]),
        (&json!(1), &json!(scene.phone.url))
    );
    let (status, _) = scene.phone.set_up(code["token"].as_str().unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    for (body, kind, forwarded, expected) in [
        (&wanted, "text/plain", None, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            &wanted,
            "application/json",
            Some("192.0.2.7"),
            StatusCode::FORBIDDEN,
        ),
        (
            &json!({ "name": "a\nb" }),
            "application/json",
            None,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &json!({}),
            "application/json",
            None,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let (status, problem) = ask(body.clone(), kind, forwarded).await;
        assert_eq!(status, expected, "{problem}");
    }
    scene.hub.shutdown().await;
}
