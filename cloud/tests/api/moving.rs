//! `/v1/organizer/events/{event_id}/move`, and what is not sold while an event's keys end before it does.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::{SecretKey, SignedBundle, Timestamp, TrustBundle};

use super::client::{Answer, Cloud, START};
use super::enrolments::code;
use super::hub::Hub;
use super::staff::{between, person, seen_by};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn path(event: &str, rest: &str) -> String {
    format!("/v1/organizer/events/{event}{rest}")
}

/// Half a year later than the usual event.
fn half_a_year_later(apply: bool) -> Value {
    json!({"starts_at": "2027-12-04T19:00:00Z", "ends_at": "2027-12-05T00:00:00Z", "utc_offset_minutes": 60, "apply": apply})
}

async fn relocate(cloud: &Cloud, event: &str, wish: &Value) -> Answer {
    cloud.organize(Method::POST, &path(event, "/move"), wish).await
}

async fn shown(cloud: &Cloud, event: &str) -> Value {
    cloud
        .organize(Method::GET, &path(event, ""), &Value::Null)
        .await
        .ok(200)
}

/// An event whose stalls open an hour before it starts.
async fn with_doors(cloud: &Cloud) -> String {
    let doors = json!([{"from": "2027-06-04T17:00:00Z", "until": "2027-06-04T23:00:00Z"}]);
    cloud
        .event(|draft| {
            draft["utc_offset_minutes"] = json!(120);
            draft["tiers"][0]["windows"] = doors;
        })
        .await
}

async fn upload(cloud: &Cloud, event: &str, next: &TrustBundle) -> Answer {
    let signed = next.sign(&[&SecretKey::from_seed(&[7; 32])]);
    let body = serde_json::to_value(signed).unwrap();
    cloud
        .organize(Method::PUT, &path(event, "/trust-bundle"), &body)
        .await
}

async fn bundle(cloud: &Cloud, event: &str) -> TrustBundle {
    let signed = cloud.get(&format!("/v1/events/{event}/keys")).await.ok(200);
    let signed: SignedBundle = serde_json::from_value(signed).unwrap();
    signed.unverified().unwrap()
}

/// Does what the command of `to_sign` does.
async fn extend(cloud: &Cloud, event: &str) -> TrustBundle {
    let command = shown(cloud, event).await["to_sign"]["command"].clone();
    let mut words = command.as_str().unwrap().split(' ');
    let until: jiff::Timestamp = words
        .find(|word| *word == "--until")
        .and_then(|_| words.next())
        .unwrap()
        .parse()
        .unwrap();
    let until = Timestamp(until.as_millisecond().try_into().unwrap());
    let next = bundle(cloud, event).await.extend(&[], until).unwrap();
    upload(cloud, event, &next).await.ok(200);
    next
}

fn of_kind<'a>(view: &'a Value, kind: &str) -> Vec<&'a Value> {
    let dependents = view["dependents"].as_array().unwrap();
    dependents.iter().filter(|one| one["kind"] == kind).collect()
}

async fn sale_warning(cloud: &Cloud) -> Option<String> {
    let ready = cloud.get("/readyz").await.ok(200);
    let warnings = ready["warnings"].as_array().unwrap();
    let paused = warnings.iter().find(|warning| warning["code"] == "sale_paused");
    paused.map(|warning| warning["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_plan_names_everything_that_depends_on_the_date_and_changes_nothing() {
    let cloud = Cloud::start().await;
    let event = with_doors(&cloud).await;
    cloud.buy(&event, &[0]).await;
    cloud.hold(&event, &[1, 2]).await.ok(201);
    for (wish, seed) in [
        (json!({"role": "hub"}), 1),
        (json!({"role": "scanner", "certificate_days": 30}), 2),
    ] {
        let shown = code(&cloud, &event, &wish).await.ok(201);
        Hub::enrol(&cloud, shown["code"].as_str().unwrap(), seed).await;
    }
    let before = shown(&cloud, &event).await;
    let plan = relocate(&cloud, &event, &half_a_year_later(false)).await.ok(200);
    assert_eq!(plan["applied"], false);
    assert_eq!(
        (&plan["from"]["starts_at"], &plan["to"]["starts_at"]),
        (&json!("2027-06-04T18:00:00Z"), &json!("2027-12-04T19:00:00Z"))
    );
    let window = of_kind(&plan, "window")[0];
    assert_eq!(
        (&window["name"], &window["then_from"], &window["then_until"]),
        (
            &json!("Stalls"),
            &json!("2027-12-04T18:00:00Z"),
            &json!("2027-12-05T00:00:00Z")
        )
    );
    names_keys_for_the_root(&plan);
    let certificates = of_kind(&plan, "certificate");
    let said: Vec<_> = certificates
        .iter()
        .map(|one| (one["by"].as_str().unwrap(), one["then_until"].as_str().unwrap()))
        .collect();
    assert!(said.contains(&("nobody", "2027-12-05T06:00:00Z")), "{said:?}");
    assert!(said.contains(&("organizer", "2027-02-14T08:00:00Z")), "{said:?}");
    for (kind, begins) in [
        ("reservations", "2 places"),
        ("tickets", "1 places are sold in 1 booking"),
    ] {
        let what = of_kind(&plan, kind)[0]["what"].as_str().unwrap();
        assert!(what.starts_with(begins), "{what}");
    }
    for kind in [
        "sale",
        "policy",
        "enrolment_codes",
        "turnstile_tokens",
        "checkpoint",
    ] {
        assert_eq!(of_kind(&plan, kind).len(), 1, "{kind}: {plan}");
    }
    assert_eq!(
        plan["to_sign"]["command"],
        "usher-keys extend --root root.pem --bundle bundle.json --until 2028-03-04T00:00:00Z --out bundle-2.json"
    );
    assert_eq!(shown(&cloud, &event).await, before);
}

#[track_caller]
fn names_keys_for_the_root(plan: &Value) {
    let keys = of_kind(plan, "key");
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        assert_eq!(
            (&key["by"], &key["then_until"]),
            (&json!("root"), &json!("2028-03-04T00:00:00Z"))
        );
    }
}

#[tokio::test]
async fn a_moved_event_sells_again_once_its_keys_are_prolonged_and_says_so_until_then() {
    let cloud = Cloud::start().await;
    let event = with_doors(&cloud).await;
    let booking = cloud.buy(&event, &[0]).await;
    let held = cloud.hold(&event, &[1]).await.ok(201);
    let moved = relocate(&cloud, &event, &half_a_year_later(true)).await.ok(200);
    assert_eq!(
        (&moved["applied"], &moved["policy_version"]),
        (&json!(true), &json!(2))
    );
    let again = relocate(&cloud, &event, &half_a_year_later(true)).await.ok(200);
    assert_eq!(again["policy_version"], 2);

    let page = shown(&cloud, &event).await;
    assert_eq!(
        (&page["sale"], &page["to_sign"]),
        (&json!("paused"), &moved["to_sign"])
    );
    let window = &page["policy"]["tiers"][0]["windows"][0];
    assert_eq!(window["from"], "2027-12-04T18:00:00Z");
    cloud
        .book(&held, "late", "tok_ok")
        .await
        .check_problem(400, "reservation-ended");
    cloud.hold(&event, &[1]).await.check_problem(409, "sales-paused");
    assert_eq!(cloud.seats(&event).await["status"], "paused");
    let listed = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(
        (&listed["status"], &listed["starts_at"]),
        (&json!("paused"), &json!("2027-12-04T19:00:00Z"))
    );
    let text = cloud.get(&format!("/events/{event}")).await.text();
    assert!(
        text.contains("The sale is paused") && text.contains("resume.js") && !text.contains("sell.js"),
        "{text}"
    );
    let listed = cloud.get("/v1/events").await.ok(200);
    assert_eq!(listed["events"][0]["status"], "paused");
    assert!(cloud.get("/").await.text().contains("sale paused"));
    assert!(sale_warning(&cloud).await.unwrap().contains(&event));
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    nothing_is_signed_anew(&cloud, &event, ticket).await;

    extend(&cloud, &event).await;
    let page = shown(&cloud, &event).await;
    assert_eq!(
        (&page["sale"], &page["to_sign"]),
        (&json!("on_sale"), &Value::Null)
    );
    assert_eq!(sale_warning(&cloud).await, None);
    cloud.buy(&event, &[1]).await;
    let text = cloud.get(&format!("/events/{event}")).await.text();
    assert!(text.contains("sell.js") && !text.contains("paused"), "{text}");
}

async fn nothing_is_signed_anew(cloud: &Cloud, event: &str, ticket: &str) {
    for deed in ["reissue", "transfer"] {
        let path = path(event, &format!("/tickets/{ticket}/{deed}"));
        let refused = cloud.organize(Method::POST, &path, &Value::Null).await;
        let problem = refused.check_problem(409, "key-ends-early");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("usher-keys extend"), "{detail}");
    }
}

#[tokio::test]
async fn a_hub_that_was_away_while_all_keys_ran_out_takes_the_prolonged_ones_and_the_new_date() {
    let cloud = Cloud::start().await;
    let event = with_doors(&cloud).await;
    let booking = cloud.buy(&event, &[0]).await;
    let shown = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let hub = Hub::enrol(&cloud, shown["code"].as_str().unwrap(), 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some()).await;
    link.leave().await;
    relocate(&cloud, &event, &half_a_year_later(true)).await.ok(200);
    let next = extend(&cloud, &event).await;

    // The day after the first keys ended: 90 days after the first date.
    cloud.clock.advance_ms((140 + 92) * DAY_MS);
    let link = hub.link(&cloud).await;
    hub.believes(next.version).await;
    hub.until(|state| state.policy().is_some_and(|(version, _)| version == 2))
        .await;
    hub.admit(booking["tickets"][0]["payload"].as_str().unwrap());
    link.leave().await;
}

#[tokio::test]
async fn an_event_whose_authority_key_ran_out_is_moved_and_its_gates_hear_with_the_bundle() {
    let cloud = Cloud::start().await;
    let event = with_doors(&cloud).await;
    cloud.clock.advance_ms(300 * DAY_MS);
    let wish = json!({"starts_at": "2028-06-04T18:00:00Z", "ends_at": "2028-06-04T23:00:00Z", "apply": true});
    let moved = relocate(&cloud, &event, &wish).await.ok(200);
    assert_eq!(moved["policy_version"], Value::Null);
    cloud.hold(&event, &[0]).await.check_problem(409, "sales-paused");
    extend(&cloud, &event).await;
    let policies = cloud
        .server
        .state()
        .authorities
        .of(event.parse().unwrap())
        .unwrap();
    let heard = policies
        .ask(|writer| {
            Box::pin(async move {
                let policy = writer.state().await?.policy();
                Ok(policy.map(|(version, policy)| (version, policy.tiers[0].windows[0].from)))
            })
        })
        .await
        .unwrap();
    assert_eq!(heard, Some((2, Timestamp(1_843_750_800_000))));
    let moved = relocate(&cloud, &event, &wish).await.ok(200);
    assert_eq!(
        (&moved["policy_version"], &moved["to_sign"]),
        (&json!(2), &Value::Null)
    );
    cloud.buy(&event, &[0]).await;
}

#[tokio::test]
async fn an_end_that_is_moved_beyond_the_key_pauses_the_sale_before_anybody_is_charged() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let free = cloud.hold_tier(&event, 3, 1).await.ok(201);
    let later = json!({"ends_at": "2027-12-05T00:00:00Z"});
    let changed = cloud
        .organize(Method::PATCH, &path(&event, ""), &later)
        .await
        .ok(200);
    assert_eq!(changed["to_sign"]["keys"].as_array().unwrap().len(), 3);
    for (reservation, key) in [(&held, "paid"), (&free, "free")] {
        cloud
            .book(reservation, key, "tok_ok")
            .await
            .check_problem(409, "sales-paused");
    }
    let sales = shown(&cloud, &event).await["sales"].clone();
    assert_eq!((&sales["bookings"], &sales["revenue"]), (&json!(0), &json!(0)));
    extend(&cloud, &event).await;
    cloud.book(&held, "paid", "tok_ok").await.ok(201);
    cloud.book(&free, "free", "tok_ok").await.ok(201);
}

#[tokio::test]
async fn an_event_under_a_key_that_ends_before_it_is_not_published() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    cloud.sign(&event).await;
    let later =
        json!({"starts_at": "2027-12-04T18:00:00Z", "ends_at": "2027-12-05T00:00:00Z", "apply": true});
    let moved = relocate(&cloud, &event, &later).await.ok(200);
    assert_eq!(moved["to_sign"]["fetch"], json!([]));
    let publish = path(&event, "/publish");
    cloud
        .organize(Method::POST, &publish, &Value::Null)
        .await
        .check_problem(409, "key-ends-early");
}

#[tokio::test]
async fn a_struck_ticket_key_pauses_the_sale_and_the_next_one_is_asked_for() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let current = bundle(&cloud, &event).await;
    let struck = current.strike(current.ticket_keys[0].key.id(), START).unwrap();
    upload(&cloud, &event, &struck).await.ok(200);
    cloud.hold(&event, &[0]).await.check_problem(409, "sales-paused");
    let page = shown(&cloud, &event).await;
    let command = page["to_sign"]["command"].as_str().unwrap();
    assert!(command.starts_with("usher-keys rotate "), "{command}");
    assert!(sale_warning(&cloud).await.is_some());
    let owner = person(&cloud, "owner").await;
    let keys = format!("/console/events/{event}/keys");
    let page = seen_by(&cloud, &keys, &owner.cookie).await.text();
    assert_eq!(between(&page, "id=\"sign\">", "<"), command);
    assert!(
        page.contains("id=\"hand-in\"") && !page.contains("in force."),
        "{page}"
    );
    super::keys::rotate(&cloud, &event).await;
    assert_eq!(shown(&cloud, &event).await["sale"], "on_sale");
    let page = seen_by(&cloud, &keys, &owner.cookie).await.text();
    assert!(
        page.contains("in force.") && !page.contains("id=\"hand-in\""),
        "{page}"
    );
    cloud.buy(&event, &[0]).await;
}

#[tokio::test]
async fn an_event_that_was_over_is_sold_again_once_it_is_moved_ahead() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.clock.advance_ms(150 * DAY_MS);
    cloud.hold(&event, &[0]).await.check_problem(409, "sales-closed");
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(page.contains("This event is over"), "{page}");
    assert_eq!(shown(&cloud, &event).await["to_sign"], Value::Null);
    let wish = json!({"starts_at": "2027-07-04T18:00:00Z", "ends_at": "2027-07-04T23:00:00Z", "apply": true});
    let moved = relocate(&cloud, &event, &wish).await.ok(200);
    let sale = of_kind(&moved, "sale")[0]["what"].as_str().unwrap();
    assert!(sale.starts_with("It was over"), "{sale}");
    cloud.buy(&event, &[0]).await;
}

#[tokio::test]
async fn dates_that_make_no_sense_move_nothing() {
    let cloud = Cloud::start().await;
    let event = with_doors(&cloud).await;
    let before = shown(&cloud, &event).await;
    for (wish, pointer) in [
        (
            json!({"starts_at": "2027-06-04T18:00:00Z", "ends_at": "2027-06-04T18:00:00Z", "apply": true}),
            "/ends_at",
        ),
        (
            json!({"starts_at": "2027-01-01T18:00:00Z", "ends_at": "2027-01-01T23:00:00Z", "apply": true}),
            "/ends_at",
        ),
        (
            json!({"starts_at": "2027-06-05T18:00:00Z", "ends_at": "2027-06-05T23:00:00Z", "utc_offset_minutes": 2000, "apply": true}),
            "",
        ),
    ] {
        let refused = relocate(&cloud, &event, &wish).await;
        let problem = refused.check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wish}");
    }
    let start = json!({"starts_at": "2027-06-04T17:30:00Z"});
    let refused = cloud
        .organize(Method::PATCH, &path(&event, ""), &start)
        .await
        .check_problem(422, "invalid-request");
    assert_eq!(refused["errors"][0]["pointer"], "/starts_at");
    assert_eq!(shown(&cloud, &event).await, before);
}
