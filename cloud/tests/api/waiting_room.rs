//! `/v1/events/{event_id}/waiting-room`: nobody holds places before their turn, by no way that was thought of.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::waiting_room::passes::RoomKeys;
use usher_cloud::waiting_room::proof::prove;

use super::client::{Answer, Cloud};

/// How long a test looks for what the server does by its clock, once a second.
const LOOKS: u32 = 300;

fn room(is_drawn: bool) -> Value {
    let draw = is_drawn.then(|| json!({"beacon_source": "the eggs of the barn owl"}));
    json!({"opens_at": "2027-01-15T08:01:00Z", "per_minute": 60, "draw": draw})
}

async fn on_sale(is_drawn: bool) -> (Cloud, String) {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}/waiting-room");
    cloud.organize(Method::PUT, &path, &room(is_drawn)).await.ok(200);
    (cloud, event)
}

/// A browser: its cookies by name.
#[derive(Default, Clone)]
struct Visitor(BTreeMap<String, String>);

impl Visitor {
    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
            let (name, rest) = cookie.split_once('=').unwrap();
            let text = rest.split(';').next().unwrap();
            self.0.insert(name.into(), text.into());
        }
    }

    /// Its cookies, but for those whose names begin so.
    fn cookies_but(&self, but: &str) -> String {
        let kept = self.0.iter().filter(|(name, _)| !name.starts_with(but));
        let pairs: Vec<_> = kept.map(|(name, text)| format!("{name}={text}")).collect();
        pairs.join("; ")
    }

    async fn ask(&mut self, cloud: &Cloud, (method, path): (Method, &str), body: &Value) -> Answer {
        let cookies = self.cookies_but("usher_sale");
        let request = cloud.request(method, path).header("cookie", cookies);
        let answer = cloud
            .send(if body.is_null() {
                request
            } else {
                request.json(body)
            })
            .await;
        self.keep(&answer);
        answer
    }

    async fn join(&mut self, cloud: &Cloud, event: &str) -> Value {
        let path = format!("/v1/events/{event}/waiting-room/passes");
        self.ask(cloud, (Method::POST, &path), &Value::Null).await.ok(201)
    }

    async fn change(&mut self, cloud: &Cloud, event: &str, pass: &Value) -> Answer {
        let path = format!("/v1/events/{event}/waiting-room/tokens");
        let body = json!({"pass": pass["pass"]});
        self.ask(cloud, (Method::POST, &path), &body).await
    }

    async fn hold(&mut self, cloud: &Cloud, event: &str, seat: u32, token: &Value) -> Answer {
        let body = json!({"event_id": event, "seat_ids": [seat], "sale_token": token});
        self.ask(cloud, (Method::POST, "/v1/reservations"), &body).await
    }
}

/// Lets seconds go by until a visitor's pass is let through; gives its view.
async fn until_through(cloud: &Cloud, event: &str, visitor: &mut Visitor, pass: &Value) -> Value {
    for _ in 0..LOOKS {
        let view = visitor.change(cloud, event, pass).await.ok(200);
        if view["status"] == "through" {
            return view;
        }
        cloud.clock.advance_ms(1_000);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody was let through")
}

/// Waits until the organizer sees a member of the room, or of its draw, that is there.
async fn until_there(cloud: &Cloud, event: &str, pointer: &str) -> Value {
    let path = format!("/v1/organizer/events/{event}/waiting-room");
    for _ in 0..LOOKS {
        let room = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
        if room.pointer(pointer).is_some_and(|value| !value.is_null()) {
            return room;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{pointer} did not come")
}

/// Two visitors of an open room: the owl was let through, the hawk came after it.
struct Scene {
    cloud: Cloud,
    event: String,
    owl: Visitor,
    hawk: Visitor,
    /// The passes of both.
    first: Value,
    second: Value,
    /// What the owl was told.
    through: Value,
}

impl Scene {
    async fn open() -> Self {
        let (cloud, event) = on_sale(false).await;
        let (mut owl, mut hawk) = (Visitor::default(), Visitor::default());
        let first = owl.join(&cloud, &event).await;
        let second = hawk.join(&cloud, &event).await;
        cloud.clock.advance_ms(61_000);
        until_there(&cloud, &event, "/lobby").await;
        let through = until_through(&cloud, &event, &mut owl, &first).await;
        Self {
            cloud,
            event,
            owl,
            hawk,
            first,
            second,
            through,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_holds_places_before_their_turn_and_a_second_tab_is_the_same_place() {
    let (cloud, event) = on_sale(false).await;
    let (mut owl, mut hawk) = (Visitor::default(), Visitor::default());
    let wait_first = cloud.hold(&event, &[0]).await.check_problem(403, "wait-first");
    assert!(
        wait_first["detail"].as_str().unwrap().contains("/wait"),
        "{wait_first}"
    );
    for mut body in [
        json!({"tiers": [{"tier": 2, "quantity": 1}]}),
        json!({"best_available": {"tier": 1, "count": 2}}),
    ] {
        body["event_id"] = json!(event);
        let refused = cloud.post("/v1/reservations", &body).await;
        refused.check_problem(403, "wait-first");
    }
    let first = owl.join(&cloud, &event).await;
    hawk.join(&cloud, &event).await;
    assert_eq!(
        (&first["status"], &first["rank"]),
        (&json!("undrawn"), &Value::Null)
    );
    assert_eq!(owl.join(&cloud, &event).await, first);
    cloud.clock.advance_ms(1_000);
    let status = cloud.get(&format!("/v1/events/{event}/waiting-room")).await;
    let expected = json!({"phase": "lobby", "through": 0, "registered": 2, "per_minute": 60});
    assert_eq!(status.ok(200), expected);
    assert!(status.bytes.len() <= 100, "{}", status.text());
    let kept = status.header("cache-control");
    assert!(kept.starts_with("public, max-age=1,"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_and_a_token_are_of_one_browser_and_one_event_and_cannot_be_made() {
    let mut scene = Scene::open().await;
    let (cloud, event, first) = (&scene.cloud, &scene.event, &scene.first);
    let token = &scene.through["sale_token"];
    let again = scene.owl.change(cloud, event, first).await.ok(200);
    assert_eq!(again, scene.through, "one token at a time");
    // Shared: another browser has nothing of them, with its own cookies or without any.
    for other in [&mut scene.hawk, &mut Visitor::default()] {
        let refused = other.change(cloud, event, first).await;
        refused.check_problem(422, "not-your-pass");
        let refused = other.hold(cloud, event, 0, token).await;
        refused.check_problem(403, "wait-first");
    }
    // Forged, cut, or of the other kind.
    let (text, pass) = (token.as_str().unwrap(), first["pass"].as_str().unwrap());
    for forged in [&text.replacen('A', "B", 1), &text[1..], pass, ""] {
        let refused = scene.owl.hold(cloud, event, 0, &json!(forged)).await;
        refused.check_problem(403, "wait-first");
    }
    let refused = scene.owl.change(cloud, event, &json!({"pass": token})).await;
    refused.check_problem(422, "not-your-pass");
    // At another event, without a waiting room and with one.
    let other = cloud.event(|draft| draft["name"] = json!("Other")).await;
    let refused = scene.owl.change(cloud, &other, first).await;
    refused.check_problem(404, "not-found");
    let path = format!("/v1/organizer/events/{other}/waiting-room");
    cloud.organize(Method::PUT, &path, &room(false)).await.ok(200);
    let refused = scene.owl.change(cloud, &other, first).await;
    refused.check_problem(422, "not-your-pass");
    let refused = scene.owl.hold(cloud, &other, 0, token).await;
    refused.check_problem(403, "wait-first");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_let_through_holds_one_reservation_at_a_time_for_ten_minutes() {
    let mut scene = Scene::open().await;
    let (cloud, event) = (&scene.cloud, &scene.event);
    let token = &scene.through["sale_token"];
    let held = scene.owl.hold(cloud, event, 0, token).await.ok(201);
    let refused = scene.owl.hold(cloud, event, 1, token).await;
    refused.check_problem(409, "one-at-a-time");
    let by_cookie = async |visitor: &Visitor, seat: u32| {
        let body = json!({"event_id": event, "seat_ids": [seat]});
        let request = cloud.request(Method::POST, "/v1/reservations").json(&body);
        let cookies = visitor.cookies_but("usher_pass");
        cloud.send(request.header("cookie", cookies)).await
    };
    let refused = by_cookie(&scene.owl, 1).await;
    refused.check_problem(409, "one-at-a-time");
    cloud.book(&held, "key", "tok_ok").await.ok(201);
    by_cookie(&scene.owl, 1).await.ok(201);
    // Its time ends, and so does the pass: whoever wants more waits anew.
    let places = until_through(cloud, event, &mut scene.hawk, &scene.second).await;
    cloud.clock.advance_ms(600_000);
    let refused = scene.hawk.hold(cloud, event, 3, &places["sale_token"]).await;
    refused.check_problem(403, "wait-first");
    let spent = scene.hawk.change(cloud, event, &scene.second).await.ok(200);
    assert_eq!(spent["status"], "spent");
    let again = scene.hawk.join(cloud, event).await;
    assert_ne!(again["pass"], scene.second["pass"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn organizers_are_not_held_up_and_close_the_room() {
    let (cloud, event) = on_sale(true).await;
    let block = json!({"name": "Press", "seat_ids": [0]});
    let path = format!("/v1/organizer/events/{event}/blocks");
    cloud.organize(Method::POST, &path, &block).await.ok(201);
    let comps = json!({"idempotency_key": "comps", "comps": [{"email": "owl@example.org", "seat_ids": [1]}]});
    let path = format!("/v1/organizer/events/{event}/comps");
    let given = cloud.organize(Method::POST, &path, &comps).await;
    assert!(given.status.is_success(), "{}", given.text());
    let path = format!("/v1/organizer/events/{event}/waiting-room");
    for (member, value) in [("per_minute", json!(0)), ("draw", json!({"beacon_source": ""}))] {
        let mut wrong = room(true);
        wrong[member] = value;
        cloud
            .organize(Method::PUT, &path, &wrong)
            .await
            .check_problem(422, "invalid-request");
    }
    for _ in 0..2 {
        assert_eq!(
            cloud.organize(Method::DELETE, &path, &Value::Null).await.status,
            204
        );
    }
    cloud
        .organize(Method::GET, &path, &Value::Null)
        .await
        .check_problem(404, "not-found");
    cloud
        .get(&format!("/v1/events/{event}/waiting-room"))
        .await
        .check_problem(404, "not-found");
    cloud.hold(&event, &[2]).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_event_that_is_canceled_or_over() {
    for is_canceled in [true, false] {
        let (cloud, event) = on_sale(false).await;
        let mut owl = Visitor::default();
        let pass = owl.join(&cloud, &event).await;
        let page = format!("/events/{event}/wait");
        assert!(cloud.get(&page).await.text().contains("Join the queue"));
        if is_canceled {
            let path = format!("/v1/organizer/events/{event}/cancellation");
            let canceled = json!({"apply": true});
            cloud.organize(Method::POST, &path, &canceled).await.ok(202);
            cloud.clock.advance_ms(1_000);
        } else {
            cloud.clock.advance_ms(400 * 86_400_000);
        }
        let status = format!("/v1/events/{event}/waiting-room");
        cloud.get(&status).await.check_problem(404, "not-found");
        let passes = (Method::POST, &*format!("{status}/passes"));
        let late = Visitor::default().ask(&cloud, passes, &Value::Null).await;
        late.check_problem(404, "not-found");
        let waits = owl.change(&cloud, &event, &pass).await;
        waits.check_problem(404, "not-found");
        // The page leads to the event's, which says why.
        let told = cloud.get(&page).await.text();
        let why = if is_canceled {
            "This event is cancelled."
        } else {
            "This event is over."
        };
        assert!(told.contains(why), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_is_drawn_by_a_beacon_that_came_after_its_root_and_anybody_can_check_it() {
    const VISITORS: usize = 12;
    let (cloud, event) = on_sale(true).await;
    let mut visitors = vec![Visitor::default(); VISITORS];
    let mut passes = Vec::new();
    for visitor in &mut visitors {
        passes.push(visitor.join(&cloud, &event).await);
    }
    let path = format!("/v1/organizer/events/{event}/waiting-room");
    let beacon = async |beacon: &str| {
        let body = json!({"beacon": beacon});
        cloud
            .organize(Method::PUT, &format!("{path}/beacon"), &body)
            .await
    };
    beacon("seven").await.check_problem(409, "lobby-open");
    let file = format!("/v1/events/{event}/waiting-room/draw");
    cloud.get(&file).await.check_problem(404, "not-found");
    cloud.clock.advance_ms(60_000);
    let closed = until_there(&cloud, &event, "/draw/root").await;
    assert_eq!(
        (&closed["phase"], &closed["lobby"]),
        (&json!("drawing"), &json!(VISITORS))
    );
    let late = Visitor::default().join(&cloud, &event).await;
    assert_eq!(late["status"], "undrawn");
    cloud.clock.advance_ms(1_000);
    let undrawn = cloud.get(&file).await.text();
    assert!(
        prove(&undrawn).unwrap_err().to_string().contains("not drawn yet"),
        "{undrawn}"
    );
    let drawn = beacon("seven").await.ok(200);
    assert_eq!(drawn["draw"]["commitment"], closed["draw"]["commitment"]);
    beacon("seven").await.ok(200);
    beacon("eight").await.check_problem(409, "already-drawn");

    let published = cloud.get(&file).await.text();
    let proven = prove(&published).unwrap();
    assert_eq!(json!(proven.published.commitment), closed["draw"]["commitment"]);
    assert_eq!(json!(proven.published.root), closed["draw"]["root"]);
    for (visitor, pass) in visitors.iter_mut().zip(&passes) {
        let read = RoomKeys::read_any_pass(pass["pass"].as_str().unwrap()).unwrap();
        assert_eq!(proven.passes[read.number as usize], read.hash());
        let view = visitor.change(&cloud, &event, pass).await.ok(200);
        if view["status"] == "waiting" {
            assert_eq!(view["rank"], proven.ranks[read.number as usize]);
        }
    }
    // The program says so too, for one who was not first, and of a list that somebody has changed.
    let (is_sound, said) = verify(&published, passes[3]["pass"].as_str());
    assert!(is_sound, "{said}");
    assert!(said.contains(&format!("has rank {}", proven.ranks[3])), "{said}");
    let (is_listed, said) = verify(&published, late["pass"].as_str());
    assert!(!is_listed && said.contains("not in the list"), "{said}");
    let mut lines: Vec<&str> = published.lines().collect();
    lines.swap(1, 2);
    let (is_sound, said) = verify(&lines.join("\n"), None);
    assert!(!is_sound && said.contains("another root"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_announced_is_not_changed_once_somebody_has_joined() {
    let (cloud, event) = on_sale(true).await;
    let path = format!("/v1/organizer/events/{event}/waiting-room");
    Visitor::default().join(&cloud, &event).await;
    let mut other = room(true);
    other["draw"]["beacon_source"] = json!("what I like");
    let refused = cloud.organize(Method::PUT, &path, &other).await;
    refused.check_problem(409, "draw-announced");
    cloud.clock.advance_ms(60_000);
    until_there(&cloud, &event, "/draw/root").await;
    let mut later = room(true);
    later["opens_at"] = json!("2027-01-15T09:01:00Z");
    let refused = cloud.organize(Method::PUT, &path, &later).await;
    refused.check_problem(409, "room-opened");
    let mut faster = room(true);
    faster["per_minute"] = json!(6_000);
    let changed = cloud.organize(Method::PUT, &path, &faster).await.ok(200);
    assert_eq!(changed["per_minute"], 6_000);
}

/// Has the program look at a published draw; tells whether it is content, and what it says.
fn verify(text: &str, pass: Option<&str>) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draw.txt");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher-cloud"));
    command.args(["draw", "verify"]).arg(file);
    if let Some(pass) = pass {
        command.args(["--pass", pass]);
    }
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Loads a page again until it leads on.
async fn led_on(cloud: &Cloud, page: &str, visitor: &Visitor) -> Answer {
    for _ in 0..LOOKS {
        cloud.clock.advance_ms(1_000);
        let cookies = visitor.cookies_but("usher_sale");
        let request = cloud.request(Method::GET, page).header("cookie", cookies);
        let answer = cloud.send_form(request, &[]).await;
        if answer.status == 303 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the page led nowhere")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_joins_waits_and_leads_on_without_scripts() {
    let (cloud, event) = on_sale(true).await;
    let page = format!("/events/{event}/wait");
    let mut owl = Visitor::default();
    let asked = cloud.get(&page).await;
    assert!(asked.text().contains("Join the queue") && !asked.text().contains("http-equiv=\"refresh\""));
    let of_event = cloud.get(&format!("/events/{event}")).await.text();
    assert!(of_event.contains(&format!("href=\"{page}\"")), "{of_event}");
    let joined = cloud.send_form(cloud.request(Method::POST, &page), &[]).await;
    assert_eq!(
        (joined.status.as_u16(), joined.header("location")),
        (303, page.as_str())
    );
    owl.keep(&joined);
    let shown = owl.ask(&cloud, (Method::GET, &page), &Value::Null).await.text();
    for part in [
        "You have joined.",
        "<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>",
        "the eggs of the barn owl",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    cloud.clock.advance_ms(60_000);
    until_there(&cloud, &event, "/draw/root").await;
    cloud.clock.advance_ms(1_000);
    let shown = owl.ask(&cloud, (Method::GET, &page), &Value::Null).await.text();
    assert!(shown.contains("The order is being drawn."), "{shown}");
    let path = format!("/v1/organizer/events/{event}/waiting-room/beacon");
    cloud
        .organize(Method::PUT, &path, &json!({"beacon": "seven"}))
        .await
        .ok(200);
    let shown = owl.ask(&cloud, (Method::GET, &page), &Value::Null).await.text();
    assert!(
        shown.contains("You are next.") && shown.contains("about a minute"),
        "{shown}"
    );
    let answer = led_on(&cloud, &page, &owl).await;
    assert_eq!(answer.header("location"), format!("/events/{event}"));
    owl.keep(&answer);
    let request = cloud.request(Method::GET, &format!("/events/{event}"));
    let sells = cloud
        .send(request.header("cookie", owl.cookies_but("none")))
        .await
        .text();
    assert!(!sells.contains(&page), "{sells}");
    cloud.clock.advance_ms(600_000);
    let shown = owl.ask(&cloud, (Method::GET, &page), &Value::Null).await.text();
    assert!(shown.contains("Your ten minutes are over."), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_so_many_passes_in_a_minute_and_numbers_are_dense() {
    let (cloud, event) = on_sale(true).await;
    let path = format!("/v1/events/{event}/waiting-room/passes");
    let mut numbers = Vec::new();
    let refused = loop {
        let answer = cloud.send(cloud.request(Method::POST, &path)).await;
        if answer.status != 201 {
            break answer;
        }
        let pass = answer.json()["pass"].as_str().unwrap().to_owned();
        numbers.push(RoomKeys::read_any_pass(&pass).unwrap().number);
        assert!(numbers.len() < 1_000, "somebody joins for ever");
    };
    refused.check_problem(429, "too-many-passes");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    cloud.clock.advance_ms(60_000);
    Visitor::default().join(&cloud, &event).await;
}
