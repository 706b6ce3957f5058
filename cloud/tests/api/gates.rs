//! What hubs and organizers hear of each other over a real link: `/devices`, `/hubs`, `/admissions`, `/incidents`, `/counts`, `/policy`.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::EventId;
use usher_link::SessionEnd;
use usher_protocol::sync::Farewell;
use usher_protocol::{Unit, ZoneId};

use super::client::{Answer, Cloud};
use super::enrolments::code;
use super::hub::Hub;
use super::keys::rotate;
use super::patience;

async fn ask(cloud: &Cloud, event: &str, rest: &str) -> Value {
    cloud
        .organize(
            Method::GET,
            &format!("/v1/organizer/events/{event}/{rest}"),
            &Value::Null,
        )
        .await
        .ok(200)
}

async fn order(cloud: &Cloud, event: &str, rest: &str, body: Value) -> Answer {
    cloud
        .organize(
            Method::POST,
            &format!("/v1/organizer/events/{event}/{rest}"),
            &body,
        )
        .await
}

pub async fn hub(cloud: &Cloud, event: &str, seed: u8) -> std::sync::Arc<Hub> {
    let shown = code(cloud, event, &json!({"role": "hub"})).await.ok(201);
    Hub::enrol(cloud, shown["code"].as_str().unwrap(), seed).await
}

/// Asks until the answer is as wanted.
async fn until(cloud: &Cloud, event: &str, rest: &str, condition: impl Fn(&Value) -> bool) -> Value {
    patience::until(rest, async || {
        Some(ask(cloud, event, rest).await).filter(|answer| condition(answer))
    })
    .await
}

fn ticket(booking: &Value) -> (&str, &str) {
    let ticket = &booking["tickets"][0];
    (
        ticket["ticket_id"].as_str().unwrap(),
        ticket["payload"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn a_hub_hears_of_a_revocation_and_its_scans_come_up() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let (id, payload) = ticket(&booking);
    let hub = hub(&cloud, &event, 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some() && state.rosters().current().is_some())
        .await;
    hub.admit(payload);

    let scans = until(&cloud, &event, "admissions", |page| {
        page["admissions"] != json!([])
    })
    .await;
    let scan = &scans["admissions"][0];
    assert_eq!(
        (&scan["kind"], &scan["persons"], &scan["generation"]),
        (&json!("admitted"), &json!(1), &json!(1))
    );
    assert_eq!(
        scan["unit"]["seat"],
        json!({"section": "Stalls", "row": "A", "number": "1"})
    );
    assert_eq!(
        (&scan["gate"]["name"], &scan["device"]["name"]),
        (&json!("Entrance"), &json!("Hub 1"))
    );
    let cursor = scans["next_cursor"].as_str().unwrap();
    let rest = ask(&cloud, &event, &format!("admissions?cursor={cursor}")).await;
    assert_eq!((&rest["admissions"], &rest["more"]), (&json!([]), &json!(false)));
    let counts = ask(&cloud, &event, "counts").await;
    assert_eq!(
        (&counts["gates"][0]["admitted"], &counts["zones"][0]["inside"]),
        (&json!(1), &json!(1))
    );

    let unit = Unit(0);
    let deed = async |deed: &str| order(&cloud, &event, &format!("tickets/{id}/{deed}"), Value::Null).await;
    let revoked = deed("revoke").await.ok(200);
    assert_eq!(
        (&revoked["status"], &revoked["payload"]),
        (&json!("revoked"), &Value::Null)
    );
    hub.until(|state| state.history(unit, ZoneId(1)).revoked).await;
    deed("reinstate").await.ok(200);
    hub.until(|state| !state.history(unit, ZoneId(1)).revoked).await;
    let reissued = deed("reissue").await.ok(200);
    assert_eq!(reissued["generation"], 2);
    hub.until(|state| state.history(unit, ZoneId(1)).newest.0 == 2)
        .await;
    deed("revoke").await.check_problem(409, "ticket-superseded");
    assert_eq!(link.leave().await, SessionEnd::Ours(Farewell::Leaving));
}

#[tokio::test]
async fn the_place_of_somebody_who_has_gone_in_is_not_sold_again_unless_that_is_asked_for() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (used, forced, unused) = (
        cloud.buy(&event, &[0]).await,
        cloud.buy(&event, &[1]).await,
        cloud.buy(&event, &[2]).await,
    );
    let hub = hub(&cloud, &event, 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some() && state.rosters().current().is_some())
        .await;
    hub.admit(ticket(&used).1);
    hub.admit(ticket(&forced).1);
    until(&cloud, &event, "admissions", |page| {
        page["admissions"].as_array().unwrap().len() == 2
    })
    .await;
    let refund = async |booking: &Value, body: Value| {
        let id = booking["booking_id"].as_str().unwrap();
        let given = order(&cloud, &event, &format!("bookings/{id}/refunds"), body)
            .await
            .ok(201);
        assert_eq!(given["status"], "given");
        given["keep_units"].clone()
    };
    assert_eq!(refund(&used, json!({"idempotency_key": "a"})).await, true);
    let asked_for = json!({"idempotency_key": "b", "keep_units": false});
    assert_eq!(refund(&forced, asked_for).await, false);
    assert_eq!(refund(&unused, json!({"idempotency_key": "c"})).await, false);
    cloud.hold(&event, &[0]).await.check_problem(409, "units-taken");
    cloud.hold(&event, &[1, 2]).await.ok(201);
    drop(link);
}

#[tokio::test]
async fn a_ticket_admitted_at_two_hubs_that_were_cut_off_is_reported_once() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[3]).await;
    let (_, payload) = ticket(&booking);
    let (north, south) = (hub(&cloud, &event, 1).await, hub(&cloud, &event, 2).await);
    let links = [north.link(&cloud).await, south.link(&cloud).await];
    for hub in [&north, &south] {
        hub.until(|state| state.rosters().current().is_some_and(|(epoch, _)| epoch == 2))
            .await;
    }
    for link in links {
        link.leave().await;
    }
    north.admit(payload);
    cloud.clock.advance_ms(60_000);
    south.admit(payload);
    let _links = [north.link(&cloud).await, south.link(&cloud).await];
    let found = until(&cloud, &event, "incidents", |page| page["incidents"] != json!([])).await;
    assert_eq!(found["incidents"].as_array().unwrap().len(), 1);
    let incident = &found["incidents"][0];
    assert_eq!(
        incident["words"],
        "Stalls, row A, seat 4 (Stalls) went into Night of the Owls at Entrance on Fri 15 January 2027, 08:00 UTC and \
         again at Entrance on Fri 15 January 2027, 08:01 UTC."
    );
    assert_eq!(
        (&incident["kind"], &incident["device"]["name"]),
        (&json!("double_admission"), &json!("Hub 2"))
    );
    north.until(|state| state.incidents().len() == 1).await;
    south.until(|state| state.incidents().len() == 1).await;
    assert_eq!(north.digest(), south.digest());
}

#[tokio::test]
async fn a_device_is_listed_with_a_warning_before_its_certificate_ends() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let hour_ms = 60 * 60 * 1000;
    let until = hub.certificate_until();
    let check = async |at_ms: u64, words: &str, warning: Value| {
        let now = usher_cloud::clock::Clock::Manual(cloud.clock.clone()).now();
        cloud.clock.advance_ms(at_ms - now.0);
        let device = ask(&cloud, &event, "devices").await["devices"][0].clone();
        assert_eq!(
            (&device["certificate_in_words"], &device["certificate_warning"]),
            (&json!(words), &warning)
        );
    };
    check(until.0 - 25 * hour_ms, "ends in 1 day 1 h", Value::Null).await;
    check(until.0 - 24 * hour_ms, "ends in 1 day 0 h", json!("day")).await;
    check(until.0 - 6 * hour_ms, "ends in 6 h 0 min", json!("six_hours")).await;
    check(until.0 - hour_ms, "ends in 1 h 0 min", json!("hour")).await;
    check(until.0 + hour_ms, "ended 1 h 0 min ago", json!("ended")).await;
}

#[tokio::test]
async fn devices_are_listed_with_how_far_behind_they_are() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let list = ask(&cloud, &event, "devices").await;
    let device = &list["devices"][0];
    assert_eq!(
        (&device["name"], &device["role"], &device["linked"]),
        (&json!("Hub 1"), &json!("hub"), &json!(false))
    );
    // The policy, the device and the roster.
    assert_eq!(
        (&device["records_behind"], &list["records"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(
        (&device["revoked"], &device["retired"], &device["frozen"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(device["device"], hub.device().to_string());

    let link = hub.link(&cloud).await;
    let caught_up =
        |list: &Value| list["devices"][0]["linked"] == true && list["devices"][0]["records_behind"] == 0;
    until(&cloud, &event, "devices", caught_up).await;
    hub.until(|state| state.rosters().current().is_some()).await;
    link.leave().await;
    cloud.clock.advance_ms(60_000);
    let gone = until(&cloud, &event, "devices", |list| {
        list["devices"][0]["linked"] == false
    })
    .await;
    assert_eq!(
        gone["devices"][0]["last_contact"]
            .as_str()
            .map(|at| at.starts_with("2027-01-15T08:0")),
        Some(true)
    );
}

#[tokio::test]
async fn a_revoked_device_is_shown_the_door_and_does_not_come_back() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.rosters().current().is_some()).await;
    let revoke = format!("devices/{}/revoke", hub.device());
    for _ in 0..2 {
        let follows = order(&cloud, &event, &revoke, Value::Null).await.ok(200);
        assert_eq!(follows["hubs_left"], json!([]));
        let words = follows["words"][0].as_str().unwrap();
        assert!(
            words.starts_with("Every device that learns of this stops talking to Hub 1."),
            "{words}"
        );
        assert!(
            follows["words"][1]
                .as_str()
                .unwrap()
                .starts_with("No hub is left"),
            "{follows}"
        );
    }
    assert_eq!(link.ends().await, SessionEnd::Theirs(Farewell::NotWelcome));
    assert_eq!(
        hub.link(&cloud).await.ends().await,
        SessionEnd::Theirs(Farewell::NotWelcome)
    );
    assert_eq!(
        ask(&cloud, &event, "devices").await["devices"][0]["revoked"],
        true
    );
    let nobody = format!("devices/{}/revoke", "00".repeat(32));
    order(&cloud, &event, &nobody, Value::Null)
        .await
        .check_problem(404, "not-found");
    order(&cloud, &event, "devices/xyz/revoke", Value::Null)
        .await
        .check_problem(404, "not-found");
}

#[tokio::test]
async fn a_device_is_not_believed_from_a_time_on_that_can_be_moved() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let hub = hub(&cloud, &event, 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some() && state.rosters().current().is_some())
        .await;
    hub.admit(ticket(&booking).1);
    let inside = async || ask(&cloud, &event, "counts").await["zones"][0]["inside"].clone();
    until(&cloud, &event, "admissions", |page| {
        page["admissions"] != json!([])
    })
    .await;
    assert_eq!(inside().await, 1);
    let revoke = async |since: &str| {
        let device = format!("devices/{}/revoke?since={since}", hub.device());
        order(&cloud, &event, &device, Value::Null).await
    };

    let follows = revoke("2027-01-15T07:00:00Z").await.ok(200);
    assert_eq!(follows["counts_up_to"], 0);
    assert!(follows["records_beyond"].as_u64() > Some(0), "{follows}");
    assert_eq!(inside().await, 0);
    assert_eq!(link.ends().await, SessionEnd::Theirs(Farewell::NotWelcome));

    let follows = revoke("2027-01-16T07:00:00Z").await.ok(200);
    assert_eq!(
        (&follows["records_beyond"], inside().await),
        (&json!(0), json!(1))
    );
    revoke("yesterday").await.check_problem(400, "unreadable-request");
}

#[tokio::test]
async fn a_copied_hub_is_held_until_somebody_says_which_history_counts() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let bookings = [cloud.buy(&event, &[0]).await, cloud.buy(&event, &[1]).await];
    let hub = hub(&cloud, &event, 1).await;
    let copy = hub.copy_as_enrolled();
    let settle = async |history: &str| {
        let door = format!("devices/{}/settle", hub.device());
        order(&cloud, &event, &door, json!({"history": history})).await
    };
    settle("held").await.check_problem(409, "not-forked");

    // Each lets in somebody else, so that their second records differ.
    hub.admit(ticket(&bookings[0]).1);
    copy.admit(ticket(&bookings[1]).1);
    let link = hub.link(&cloud).await;
    let has_come = |page: &Value| page["admissions"] != json!([]);
    until(&cloud, &event, "admissions", has_come).await;
    link.leave().await;
    let link = copy.link(&cloud).await;
    let found = until(&cloud, &event, "incidents", |page| page["incidents"] != json!([])).await;
    let incident = &found["incidents"][0];
    assert_eq!(
        (&incident["kind"], &found["incidents"][1]),
        (&json!("forked"), &Value::Null)
    );
    let is_frozen = async || ask(&cloud, &event, "devices").await["devices"][0]["frozen"].clone();
    assert_eq!(is_frozen().await, true);
    drop(link);

    let settled = settle("held").await.ok(200);
    assert_eq!(settled["record"], 2, "{settled}");
    assert_eq!(is_frozen().await, false);
    let incidents = ask(&cloud, &event, "incidents").await;
    assert_eq!(incidents["incidents"], json!([]));
    let counts = ask(&cloud, &event, "counts").await;
    assert_eq!(counts["zones"][0]["inside"], 1, "{counts}");
    for history in ["held", "other"] {
        settle(history).await.check_problem(409, "not-forked");
    }
}

#[tokio::test]
async fn a_hub_is_retired_only_by_someone_who_vouches_for_its_end() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (one, two) = (hub(&cloud, &event, 1).await, hub(&cloud, &event, 2).await);
    let retire = format!("hubs/{}/retire", one.device());
    let unsure = json!({"it_will_never_admit_again": false});
    order(&cloud, &event, &retire, unsure)
        .await
        .check_problem(422, "invalid-request");
    order(&cloud, &event, &retire, json!({}))
        .await
        .check_problem(422, "unreadable-request");
    let sure = json!({"it_will_never_admit_again": true});
    let follows = order(&cloud, &event, &retire, sure).await.ok(200);
    assert_eq!(follows["hubs_left"][0]["name"], "Hub 2");
    let scanners = (&follows["scanners_kept"], &follows["scanners_revoked"]);
    assert_eq!(scanners, (&json!([]), &json!([])));
    let words = follows["words"][0].as_str().unwrap();
    assert!(
        words.starts_with("Other hubs decide on the tickets of Hub 1 from now on."),
        "{words}"
    );
    let _link = two.link(&cloud).await;
    two.until(|state| state.rosters().current() == Some((3, [two.device()].as_slice())))
        .await;
}

#[tokio::test]
async fn the_newer_link_of_a_device_takes_the_place_of_the_older() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let older = hub.link(&cloud).await;
    until(&cloud, &event, "devices", |list| {
        list["devices"][0]["linked"] == true
    })
    .await;
    let newer = hub.link(&cloud).await;
    assert_eq!(older.ends().await, SessionEnd::Theirs(Farewell::Silent));
    assert_eq!(ask(&cloud, &event, "devices").await["devices"][0]["linked"], true);
    newer.leave().await;
}

#[tokio::test]
async fn a_device_that_asks_for_another_event_is_sent_away() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let link = hub.link_about(&cloud, EventId([9; 16])).await;
    assert_eq!(link.ends().await, SessionEnd::Theirs(Farewell::OtherEvent));
}

#[tokio::test]
async fn gates_hear_of_newer_keys() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let _link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some()).await;
    rotate(&cloud, &event).await;
    hub.believes(2).await;
}

#[tokio::test]
async fn gates_hear_of_a_new_policy() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let hub = hub(&cloud, &event, 1).await;
    let _link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some_and(|(version, _)| version == 1))
        .await;
    let mut policy = cloud
        .organize(
            Method::GET,
            &format!("/v1/organizer/events/{event}"),
            &Value::Null,
        )
        .await
        .ok(200)["policy"]
        .clone();
    policy["zones"][0]["capacity"] = json!(500);
    let path = format!("/v1/organizer/events/{event}/policy");
    let shown = cloud.organize(Method::PUT, &path, &policy).await.ok(200);
    assert_eq!((&shown["version"], &shown["policy"]), (&json!(2), &policy));
    assert_eq!(
        cloud.organize(Method::PUT, &path, &policy).await.ok(200)["version"],
        2
    );
    hub.until(|state| {
        state
            .policy()
            .is_some_and(|(_, policy)| policy.zones[0].capacity == Some(500))
    })
    .await;

    let mut other_days = policy.clone();
    other_days["day_start_minutes"] = json!(360);
    cloud
        .organize(Method::PUT, &path, &other_days)
        .await
        .check_problem(422, "invalid-request");
    policy["tiers"][0]["tier"] = json!(9);
    cloud
        .organize(Method::PUT, &path, &policy)
        .await
        .check_problem(422, "invalid-request");
    policy["gates"][0]["zone"] = json!(9);
    cloud
        .organize(Method::PUT, &path, &policy)
        .await
        .check_problem(422, "invalid-request");
}
