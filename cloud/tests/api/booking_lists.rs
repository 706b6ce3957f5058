//! `/v1/organizer/events/{event_id}/bookings`, listed and searched.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Cloud};

fn path(event: &str) -> String {
    format!("/v1/organizer/events/{event}/bookings")
}

async fn list(client: &Client, event: &str, query: &str) -> Answer {
    client
        .organize(Method::GET, &format!("{}{query}", path(event)), &Value::Null)
        .await
}

async fn search(client: &Client, event: &str, body: Value) -> Answer {
    client
        .organize(Method::POST, &format!("{}/search", path(event)), &body)
        .await
}

fn codes(listed: &Value) -> Vec<&str> {
    let bookings = listed["bookings"].as_array().unwrap();
    bookings
        .iter()
        .map(|booking| booking["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_organizer_finds_a_booking_whose_buyer_has_lost_its_page() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let owl = cloud.buy(&event, &[0, 1]).await;
    cloud.clock.advance_ms(1);
    let other = cloud.buy(&event, &[2]).await;
    let code = owl["code"].as_str().unwrap();
    let ticket = &owl["tickets"][0];
    let ticket_code = ticket["ticket_code"].as_str().unwrap();
    for text in [
        code,
        &code[..3],
        ticket_code,
        &ticket_code[..7],
        ticket["ticket_id"].as_str().unwrap(),
    ] {
        let found = search(&cloud, &event, json!({"text": text})).await.ok(200);
        assert_eq!(found["bookings"].as_array().unwrap().len(), 1, "{text}: {found}");
        let line = &found["bookings"][0];
        assert_eq!(
            (&line["booking_id"], &line["email"]),
            (&owl["booking_id"], &json!("owl@example.org"))
        );
        assert_eq!(
            (&line["tickets"], &line["tiers"]),
            (&json!(2), &json!([{"tier": 1, "quantity": 2}]))
        );
    }
    let by_address = search(&cloud, &event, json!({"text": "OWL@example"}))
        .await
        .ok(200);
    assert_eq!(codes(&by_address), [other["code"].as_str().unwrap(), code]);
    let only = json!({"text": "owl@example.org", "only": {"limit": 1}});
    let first = search(&cloud, &event, only).await.ok(200);
    assert_eq!(codes(&first), [other["code"].as_str().unwrap()]);
    let on = json!({"text": "owl@example.org", "only": {"cursor": first["next_cursor"]}});
    assert_eq!(codes(&search(&cloud, &event, on).await.ok(200)), [code]);
    for text in ["ab", "", "\u{7}bell"] {
        let problem = search(&cloud, &event, json!({"text": text}))
            .await
            .check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/text");
    }
}

#[tokio::test]
async fn bookings_are_listed_by_how_they_stand() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let sold = cloud.buy(&event, &[0]).await;
    let held = cloud.hold(&event, &[1]).await.ok(201);
    cloud
        .book(&held, "declined", "tok_decline")
        .await
        .check_problem(402, "card_declined");
    let back = cloud.buy(&event, &[2]).await;
    let refunds = format!(
        "{}/{}/refunds",
        path(&event),
        back["booking_id"].as_str().unwrap()
    );
    cloud
        .organize(Method::POST, &refunds, &json!({"idempotency_key": "r"}))
        .await
        .ok(201);
    for (status, code) in [("confirmed", &sold["code"]), ("refunded", &back["code"])] {
        let listed = list(&cloud, &event, &format!("?status={status}")).await.ok(200);
        assert_eq!(codes(&listed), [code.as_str().unwrap()]);
    }
    let declined = list(&cloud, &event, "?status=declined").await.ok(200);
    assert_eq!(declined["bookings"][0]["decline"], "card_declined");
    assert_eq!(codes(&list(&cloud, &event, "?tier=2").await.ok(200)), [""; 0]);
    assert_eq!(
        codes(&list(&cloud, &event, "?until=2027-01-15T08:00:00Z").await.ok(200)),
        [""; 0]
    );
    assert_eq!(
        codes(&list(&cloud, &event, "?from=2027-01-15T08:00:00Z").await.ok(200)).len(),
        3
    );
    for wrong in ["?status=sold", "?cursor=x", "?limit=0", "?limit=201"] {
        list(&cloud, &event, wrong)
            .await
            .check_problem(422, "invalid-request");
    }
    list(&cloud, &event, "?email=owl@example.org")
        .await
        .check_problem(400, "unreadable-request");
}

#[tokio::test]
async fn whoever_does_not_help_buyers_sees_no_address_and_nothing_that_opens_a_booking() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let made = cloud.make_key("auditor").await;
    let base = format!("http://{}", cloud.server.listening().http);
    let auditor = Client::new(base, made["key"].as_str().unwrap().to_owned());
    let listed = list(&auditor, &event, "").await.ok(200);
    assert_eq!(codes(&listed), [booking["code"].as_str().unwrap()]);
    for kind in ["bookings", "tickets", "payments"] {
        let export = format!("/v1/organizer/events/{event}/exports/{kind}");
        let written = auditor.organize(Method::GET, &export, &Value::Null).await.text();
        let ticket_code = booking["tickets"][0]["ticket_code"].as_str().unwrap();
        for secret in ["owl@example.org", "bkg_", "tkt_", ticket_code] {
            assert!(
                !written.contains(secret) && !listed.to_string().contains(secret),
                "{kind} {secret}"
            );
        }
    }
}
