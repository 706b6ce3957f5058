//! `/v1/organizer/acts`: what was done, by whom, from what to what, in lines that follow each other.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Cloud};

/// Fetches all lines, and requires that each names the hash of the one before.
async fn acts(cloud: &Cloud) -> Vec<Value> {
    let answer = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "application/jsonl")
    );
    let mut previous = "0".repeat(64);
    let mut read = Vec::new();
    for line in answer.text().lines() {
        let act: Value = serde_json::from_str(line).unwrap();
        assert_eq!(act["previous"], previous, "{line}");
        previous = blake3::hash(line.as_bytes()).to_hex().to_string();
        read.push(act);
        assert_eq!(read[read.len() - 1]["seq"], read.len());
    }
    read
}

/// Returns the last act that was asked for, and its end.
#[track_caller]
fn last_two(acts: &[Value], operation: &str) -> (Value, Value) {
    let [.., asked, ended] = acts else {
        panic!("there are no two lines: {acts:?}");
    };
    assert_eq!(asked["operation"], operation);
    assert_eq!(ended["asked"], asked["seq"]);
    (asked.clone(), ended.clone())
}

#[tokio::test]
async fn an_act_says_who_did_what_and_what_changed() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (asked, ended) = last_two(&acts(&cloud).await, "publish");
    assert_eq!(asked["of"], json!({"event_id": event}));
    assert_eq!(
        (&asked["role"], &asked["from"]),
        (&json!("owner"), &json!("127.0.0.0/24"))
    );
    assert_eq!(asked["at"], "2027-01-15T08:00:00Z");
    let listed = cloud
        .organize(Method::GET, "/v1/organizer/api-keys", &Value::Null)
        .await;
    assert_eq!(asked["by"], listed.ok(200)["api_keys"][0]["key_id"]);
    assert_eq!(ended["status"], 200);
    assert_eq!(
        ended["changed"],
        json!({"status": {"before": "draft", "after": "published"}})
    );

    let path = format!("/v1/organizer/events/{event}");
    let patch = json!({"prices": [{"tier": 1, "price": 5000}]});
    cloud.organize(Method::PATCH, &path, &patch).await.ok(200);
    let (_, ended) = last_two(&acts(&cloud).await, "change_event");
    assert_eq!(
        ended["changed"],
        json!({"price_of_tier_1": {"before": 4500, "after": 5000}})
    );

    let refused = json!({"name": ""});
    cloud
        .organize(Method::PATCH, &path, &refused)
        .await
        .check_problem(422, "invalid-request");
    let (_, ended) = last_two(&acts(&cloud).await, "change_event");
    assert_eq!((&ended["status"], ended.get("changed")), (&json!(422), None));

    let made = cloud.make_key("viewer").await;
    let (asked, ended) = last_two(&acts(&cloud).await, "make_api_key");
    assert_eq!(asked["of"], json!({}));
    assert_eq!(ended["answer"], json!({"key_id": made["api_key"]["key_id"]}));
}

#[tokio::test]
async fn no_secret_and_no_buyer_is_in_an_act() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let booking_id = booking["booking_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}");
    let tickets = format!("{path}/tickets/{ticket}");
    let revoke = format!("{tickets}/revoke");
    cloud.organize(Method::POST, &revoke, &Value::Null).await.ok(200);
    let (asked, ended) = last_two(&acts(&cloud).await, "revoke_ticket");
    let short = asked["of"]["ticket_id"].as_str().unwrap();
    assert!(short.starts_with("tkt_..") && short.len() < 20, "{short}");
    assert_eq!(
        ended["changed"],
        json!({"state": {"before": "valid", "after": "revoked"}})
    );
    for path in [
        format!("{tickets}/reinstate"),
        format!("{tickets}/reissue"),
        format!("{path}/bookings/{booking_id}/renew"),
    ] {
        cloud.organize(Method::POST, &path, &Value::Null).await.ok(200);
    }
    let code = json!({"role": "hub", "name": "North", "gates": [1], "capabilities": []});
    let code = cloud
        .organize(Method::POST, &format!("{path}/enrolment-codes"), &code)
        .await;
    let key = cloud.make_key("manager").await;
    let told = json!(acts(&cloud).await).to_string();
    let code = code.json();
    let secrets = [
        ticket,
        booking_id,
        "owl@example.org",
        &cloud.key,
        key["key"].as_str().unwrap(),
    ];
    for secret in secrets.into_iter().chain(code["code"].as_str()) {
        assert!(!told.contains(secret), "{secret} is in an act");
    }
    assert!(
        told.contains("make_enrolment_code") && told.contains("renew_booking"),
        "{told}"
    );
}

#[tokio::test]
async fn what_is_refused_or_only_shown_is_no_act_and_lines_come_after_those_that_are_known() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let made = cloud.make_key("viewer").await;
    let before = acts(&cloud).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let viewer = Client::new(base, made["key"].as_str().unwrap().to_owned());
    let publish = format!("/v1/organizer/events/{event}/publish");
    viewer
        .organize(Method::POST, &publish, &Value::Null)
        .await
        .check_problem(403, "not-allowed");
    viewer
        .organize(Method::GET, "/v1/organizer/events", &Value::Null)
        .await
        .ok(200);
    cloud
        .post(&publish, &Value::Null)
        .await
        .check_problem(401, "unauthorized");
    assert_eq!(acts(&cloud).await, before);
    let path = format!("/v1/organizer/acts?after={}", before.len() - 1);
    let rest = cloud.organize(Method::GET, &path, &Value::Null).await;
    let rest: Value = serde_json::from_str(&rest.text()).unwrap();
    assert_eq!(rest, before[before.len() - 1]);
}
