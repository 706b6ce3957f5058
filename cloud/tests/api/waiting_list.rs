//! `/v1/waiting-list`: waiting for places, and taking those that are offered.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::config::Config;

use super::client::{Answer, Cloud};
use super::mail_server::MailServer;

async fn join(cloud: &Cloud, event: &str, quantity: u32, email: &str) -> Answer {
    let request = json!({"event_id": event, "tier": 3, "quantity": quantity, "email": email});
    cloud.post("/v1/waiting-list", &request).await
}

async fn until_offered(cloud: &Cloud, waiter: &Value) -> Value {
    let path = format!("/v1/waiting-list/{}", waiter["waiter_id"].as_str().unwrap());
    for _ in 0..600 {
        let shown = cloud.get(&path).await.ok(200);
        if shown["status"] == "offered" {
            return shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing is offered")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_places_are_held_for_gets_a_letter_with_the_way_there() {
    let server = MailServer::start();
    let cloud = Cloud::with(|config| {
        server.set(config);
        config.reservations.tidy_every_seconds = 1;
    })
    .await;
    let event = cloud.event(|draft| draft["name"] = json!("Owls")).await;
    let all = cloud.hold_tier(&event, 3, 4).await.ok(201);
    let request =
        json!({"event_id": event, "tier": 3, "quantity": 2, "email": "eagle@example.org", "language": "de"});
    let waiter = cloud.post("/v1/waiting-list", &request).await.ok(201);
    let id = all["reservation_id"].as_str().unwrap();
    assert_eq!(cloud.delete(&format!("/v1/reservations/{id}")).await.status, 204);
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["to"], json!(["eagle@example.org"]));
    assert_eq!(
        letter["headers"]["subject"],
        "Für Sie reserviert: Plätze für Owls"
    );
    let text = letter["text"].as_str().unwrap();
    for part in [
        waiter["page"].as_str().unwrap(),
        "sind 2 Plätze",
        "für Sie reserviert",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_that_come_back_are_offered_by_their_page_and_paid_for() {
    let often = |config: &mut Config| config.reservations.tidy_every_seconds = 1;
    let cloud = Cloud::with(often).await;
    let event = cloud
        .event(|draft| draft["tiers"][2]["price"] = json!(1_500))
        .await;
    join(&cloud, &event, 1, "owl@example.org")
        .await
        .check_problem(409, "places-free");
    let all = cloud.hold_tier(&event, 3, 4).await.ok(201);
    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(page.contains("Wait for places that come back"), "{page}");
    let waiter = join(&cloud, &event, 2, "owl@example.org").await.ok(201);
    assert_eq!(
        (&waiter["status"], &waiter["ahead"]),
        (&json!("waiting"), &json!(0))
    );
    join(&cloud, &event, 2, "owl@example.org")
        .await
        .check_problem(409, "already-waiting");
    let second = join(&cloud, &event, 4, "eagle@example.org").await.ok(201);
    assert_eq!(second["ahead"], 1);
    let page = cloud.get(cloud.path(&waiter["page"])).await.text();
    assert!(page.contains("nobody is before you"), "{page}");
    let listed = format!("/v1/organizer/events/{event}/waiting-list?tier=3");
    let listed = cloud.organize(Method::GET, &listed, &Value::Null).await.ok(200);
    assert_eq!(listed["waiting"][1]["email"], "eagle@example.org");
    let id = all["reservation_id"].as_str().unwrap();
    assert_eq!(cloud.delete(&format!("/v1/reservations/{id}")).await.status, 204);
    let offered = until_offered(&cloud, &waiter).await;
    assert_eq!(
        (&offered["offer"]["quantity"], &offered["offer"]["amount"]),
        (&json!(2), &json!(3_000))
    );
    // What is left was offered to the next one, who wanted more; a third one has to wait.
    assert_eq!(until_offered(&cloud, &second).await["offer"]["quantity"], 2);
    let page = cloud.get(cloud.path(&waiter["page"])).await.text();
    assert!(page.contains("2 places are held for you"), "{page}");
    cloud.book(&offered["offer"], "key", "tok_ok").await.ok(201);
    let path = format!("/v1/waiting-list/{}", waiter["waiter_id"].as_str().unwrap());
    assert_eq!(cloud.get(&path).await.ok(200)["status"], "taken");
    let third = join(&cloud, &event, 1, "hawk@example.org").await.ok(201);
    cloud
        .hold_tier(&event, 3, 1)
        .await
        .check_problem(409, "units-short");
    let path = format!("/v1/waiting-list/{}", third["waiter_id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(cloud.delete(&path).await.status, 204);
    }
    assert_eq!(cloud.get(&path).await.ok(200)["status"], "left");
    cloud
        .get(&format!("/v1/waiting-list/wtr_{}", "0".repeat(64)))
        .await
        .check_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_taken_once_and_nobody_gets_past_those_who_wait() {
    let often = |config: &mut Config| config.reservations.tidy_every_seconds = 1;
    let cloud = Cloud::with(often).await;
    let event = cloud
        .event(|draft| draft["tiers"][2]["price"] = json!(1_500))
        .await;
    let all = cloud.hold_tier(&event, 3, 4).await.ok(201);
    let first = join(&cloud, &event, 2, "owl@example.org").await.ok(201);
    let second = join(&cloud, &event, 10, "eagle@example.org").await.ok(201);
    let id = all["reservation_id"].as_str().unwrap();
    assert_eq!(cloud.delete(&format!("/v1/reservations/{id}")).await.status, 204);
    // By whatever way others ask, they get no place before those who wait.
    let vouchers =
        json!({"codes": ["PASTALL1"], "name": "Friends", "percent": 10, "unlocks": true, "tiers": [3]});
    let path = format!("/v1/organizer/events/{event}/vouchers");
    cloud.organize(Method::POST, &path, &vouchers).await.ok(201);
    let ways = [
        json!({"event_id": event, "tiers": [{"tier": 3, "quantity": 1}]}),
        json!({"event_id": event, "tiers": [{"tier": 2, "quantity": 1}, {"tier": 3, "quantity": 1}]}),
        json!({"event_id": event, "best_available": {"tier": 3, "count": 1}}),
        json!({"event_id": event, "tiers": [{"tier": 3, "quantity": 1}], "voucher": "PASTALL1"}),
    ];
    for way in &ways {
        let refused = cloud.post("/v1/reservations", way).await;
        assert!(
            [409, 422].contains(&refused.status.as_u16()),
            "{way} {}",
            refused.text()
        );
    }
    let offered = until_offered(&cloud, &first).await;
    // The same offer is paid for from two browsers, with two keys.
    let book = |key: &'static str| cloud.book(&offered["offer"], key, "tok_ok");
    let (one, other) = tokio::join!(book("from one browser"), book("from another"));
    let statuses = [one.status.as_u16(), other.status.as_u16()];
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 409).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(until_offered(&cloud, &second).await["offer"]["quantity"], 2);
    cloud
        .hold_tier(&event, 3, 1)
        .await
        .check_problem(409, "units-short");
}
