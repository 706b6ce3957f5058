//! `/v1/organizer/api-keys`: keys of every role, their end, and those that are wrong.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

const KEYS: &str = "/v1/organizer/api-keys";

async fn list_with(cloud: &Cloud, path: &str, key: &str) -> Answer {
    cloud
        .send(cloud.request(Method::GET, path).bearer_auth(key))
        .await
}

async fn revoke(cloud: &Cloud, made: &Value) -> Answer {
    let id = made["api_key"]["key_id"].as_str().unwrap();
    cloud
        .organize(Method::POST, &format!("{KEYS}/{id}/revoke"), &Value::Null)
        .await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_its_role_may_until_it_is_revoked() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("viewer").await;
    let key = made["key"].as_str().unwrap();
    list_with(&cloud, "/v1/organizer/events", key).await.ok(200);
    let refused = list_with(&cloud, KEYS, key)
        .await
        .check_problem(403, "not-allowed");
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("viewer") && detail.contains("owner, auditor"),
        "{detail}"
    );
    let listed = cloud.organize(Method::GET, KEYS, &Value::Null).await;
    assert!(!listed.text().contains(key), "a key is shown again");
    let keys = &listed.ok(200)["api_keys"];
    assert_eq!(
        (&keys[0]["name"], &keys[1]["name"]),
        (&json!("First key"), &json!("A viewer"))
    );
    assert_eq!(
        (&keys[1]["good"], &keys[1]["role"]),
        (&json!(true), &json!("viewer"))
    );
    assert_eq!(keys[1]["last_used_at"], "2027-01-15T08:00:00Z");
    for _ in 0..2 {
        let revoked = revoke(&cloud, &made).await.ok(200);
        assert_eq!(
            (&revoked["good"], &revoked["revoked_at"]),
            (&json!(false), &json!("2027-01-15T08:00:00Z"))
        );
    }
    list_with(&cloud, "/v1/organizer/events", key)
        .await
        .check_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let cloud = Cloud::start().await;
    let mut request = json!({"name": "Summer", "role": "manager", "expires_at": "2027-01-15T08:00:01Z"});
    let made = cloud.organize(Method::POST, KEYS, &request).await.ok(201);
    let key = made["key"].as_str().unwrap();
    list_with(&cloud, "/v1/organizer/venues", key).await.ok(200);
    cloud.clock.advance_ms(1_000);
    list_with(&cloud, "/v1/organizer/venues", key)
        .await
        .check_problem(401, "unauthorized");
    let past = cloud.organize(Method::POST, KEYS, &request).await;
    assert_eq!(
        past.check_problem(422, "invalid-request")["errors"][0]["pointer"],
        "/expires_at"
    );
    request["role"] = json!("king");
    cloud
        .organize(Method::POST, KEYS, &request)
        .await
        .check_problem(422, "unreadable-request");
}

#[tokio::test]
async fn the_last_owner_is_not_locked_out_and_nobody_revokes_anothers_key() {
    let cloud = Cloud::start().await;
    let listed = cloud.organize(Method::GET, KEYS, &Value::Null).await.ok(200);
    let first = json!({"api_key": listed["api_keys"][0]});
    revoke(&cloud, &first).await.check_problem(409, "last-owner-key");
    let other = Cloud::start().await.make_key("owner").await;
    let problem = revoke(&cloud, &other).await.check_problem(404, "not-found");
    assert_eq!(problem["detail"], "There is no such API key of yours.");
    cloud.make_key("owner").await;
    revoke(&cloud, &first).await.ok(200);
    cloud
        .organize(Method::GET, KEYS, &Value::Null)
        .await
        .check_problem(401, "unauthorized");
}

#[tokio::test]
async fn whoever_tries_keys_has_to_wait_and_whoever_works_beside_them_has_not() {
    let cloud = Cloud::start().await;
    let [unused, revoked] = [cloud.make_key("owner").await, cloud.make_key("owner").await];
    let [unused_key, revoked_key] = [&unused, &revoked].map(|made| made["key"].as_str().unwrap());
    list_with(&cloud, KEYS, revoked_key).await.ok(200);
    for _ in 0..20 {
        list_with(&cloud, KEYS, "uok_guess")
            .await
            .check_problem(401, "unauthorized");
    }
    let waits = list_with(&cloud, KEYS, "uok_guess").await;
    waits.check_problem(429, "too-many-wrong-keys");
    assert_eq!(waits.header("retry-after"), "60");
    // A right one that nobody has used is not looked at either: else trying would go on unhindered.
    list_with(&cloud, KEYS, unused_key)
        .await
        .check_problem(429, "too-many-wrong-keys");
    // One that was used before is, and whether it is still good.
    revoke(&cloud, &revoked).await.ok(200);
    list_with(&cloud, KEYS, revoked_key)
        .await
        .check_problem(401, "unauthorized");
    list_with(&cloud, KEYS, revoked_key)
        .await
        .check_problem(429, "too-many-wrong-keys");
    cloud.clock.advance_ms(60_000);
    list_with(&cloud, KEYS, unused_key).await.ok(200);
    let figures = cloud.get("/metrics").await.text();
    assert!(figures.contains("usher_wrong_keys_total 21"), "{figures}");
}
