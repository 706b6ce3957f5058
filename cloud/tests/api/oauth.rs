//! `/oauth/token`: tokens for programs, in the ways of RFC 6749 and RFC 8414, and keys and tokens for some operations alone.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

const KEYS: &str = "/v1/organizer/api-keys";

/// Returns the id and the text of a key that was made.
fn pair(made: &Value) -> (&str, &str) {
    (
        made["api_key"]["key_id"].as_str().unwrap(),
        made["key"].as_str().unwrap(),
    )
}

async fn ask(cloud: &Cloud, form: &[(&str, &str)]) -> Answer {
    let request = cloud.request(Method::POST, "/oauth/token");
    cloud.send_form(request, form).await
}

async fn ask_with(cloud: &Cloud, (id, key): (&str, &str), scope: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("scope", scope)];
    let request = cloud.request(Method::POST, "/oauth/token");
    cloud.send_form(request.basic_auth(id, Some(key)), &form).await
}

async fn asked_with(cloud: &Cloud, path: &str, bearer: &Value) -> Answer {
    let request = cloud.request(Method::GET, path);
    cloud.send(request.bearer_auth(bearer.as_str().unwrap())).await
}

#[track_caller]
fn check_refusal(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["error"], error);
    let basic = "Basic realm=\"usher\"";
    let expected = if status == 401 { basic } else { "" };
    assert_eq!(answer.header("www-authenticate"), expected);
}

#[tokio::test]
async fn a_token_opens_what_its_key_may_for_ten_minutes() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("auditor").await;
    let answer = ask_with(&cloud, pair(&made), "").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.ok(200);
    assert_eq!(
        (&token["token_type"], &token["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    assert!(token["scope"].as_str().unwrap().contains("see_acts"), "{token}");
    let bearer = &token["access_token"];
    asked_with(&cloud, KEYS, bearer).await.ok(200);
    let venue = json!({"name": "Barn", "city": "Leipzig"});
    let request = cloud.request(Method::POST, "/v1/organizer/venues").json(&venue);
    let refused = cloud.send(request.bearer_auth(bearer.as_str().unwrap())).await;
    refused.check_problem(403, "not-allowed");
    cloud.clock.advance_ms(599_999);
    asked_with(&cloud, KEYS, bearer).await.ok(200);
    cloud.clock.advance_ms(1);
    let ended = asked_with(&cloud, KEYS, bearer).await;
    ended.check_problem(401, "token-ended");
    assert_eq!(ended.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_token_is_for_what_it_was_asked_for_and_never_for_more_than_its_key() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("viewer").await;
    let token = ask_with(&cloud, pair(&made), "see_venues see_events")
        .await
        .ok(200);
    assert_eq!(token["scope"], "see_venues see_events");
    asked_with(&cloud, "/v1/organizer/venues", &token["access_token"])
        .await
        .ok(200);
    let narrow = ask_with(&cloud, pair(&made), "see_events").await.ok(200);
    let refused = asked_with(&cloud, "/v1/organizer/venues", &narrow["access_token"]).await;
    let detail = &refused.check_problem(403, "not-allowed")["detail"];
    assert!(detail.as_str().unwrap().contains("see_venues"), "{detail}");
    for scope in ["see_acts", "see_events publish", "fly"] {
        check_refusal(&ask_with(&cloud, pair(&made), scope).await, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn a_revoked_key_takes_its_tokens_along_and_its_act_names_the_key() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("manager").await;
    let token = ask_with(&cloud, pair(&made), "").await.ok(200);
    let venue = json!({"name": "Barn", "city": "Leipzig"});
    let request = cloud.request(Method::POST, "/v1/organizer/venues").json(&venue);
    let bearer = token["access_token"].as_str().unwrap();
    cloud.send(request.bearer_auth(bearer)).await.ok(201);
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await;
    let (id, _) = pair(&made);
    assert!(
        acts.text()
            .contains(&format!("\"operation\":\"add_venue\",\"by\":\"{id}\""))
    );
    assert!(!acts.text().contains(bearer));
    let revoke = format!("{KEYS}/{id}/revoke");
    cloud.organize(Method::POST, &revoke, &Value::Null).await.ok(200);
    let ended = asked_with(&cloud, "/v1/organizer/venues", &token["access_token"]).await;
    ended.check_problem(401, "token-ended");
    check_refusal(&ask_with(&cloud, pair(&made), "").await, 401, "invalid_client");
}

#[tokio::test]
async fn what_is_wrong_with_asking_is_said_as_rfc_6749_says_it() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("viewer").await;
    let other = cloud.make_key("viewer").await;
    let ((id, key), (other_id, _)) = (pair(&made), pair(&other));
    let (grant, client, secret) = (
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", key),
    );
    ask(&cloud, &[grant, client, secret, ("colour", "blue")])
        .await
        .ok(200);
    for (form, status, error) in [
        (vec![client, secret], 400, "invalid_request"),
        (vec![("grant_type", ""), client, secret], 400, "invalid_request"),
        (vec![grant, grant, client, secret], 400, "invalid_request"),
        (
            vec![("grant_type", "password"), client, secret],
            400,
            "unsupported_grant_type",
        ),
        (vec![grant], 401, "invalid_client"),
        (vec![grant, client], 401, "invalid_client"),
        (
            vec![grant, client, ("client_secret", "uok_x")],
            401,
            "invalid_client",
        ),
        (
            vec![grant, ("client_id", other_id), secret],
            401,
            "invalid_client",
        ),
    ] {
        check_refusal(&ask(&cloud, &form).await, status, error);
    }
    let twice = cloud
        .request(Method::POST, "/oauth/token")
        .basic_auth(id, Some(key));
    let twice = cloud.send_form(twice, &[grant, client, secret]).await;
    check_refusal(&twice, 400, "invalid_request");
    let json = cloud
        .post("/oauth/token", &json!({"grant_type": "client_credentials"}))
        .await;
    check_refusal(&json, 400, "invalid_request");
    let garbled = cloud
        .request(Method::POST, "/oauth/token")
        .header("authorization", "Basic %%");
    check_refusal(&cloud.send_form(garbled, &[grant]).await, 401, "invalid_client");
}

#[tokio::test]
async fn whoever_tries_clients_or_tokens_has_to_wait() {
    let cloud = Cloud::start().await;
    let made = cloud.make_key("viewer").await;
    let token = ask_with(&cloud, pair(&made), "").await.ok(200);
    let guess = json!("uat_guess");
    for turn in 0..20 {
        if turn % 2 == 0 {
            let wrong = ask_with(&cloud, ("key_1", "uok_guess"), "").await;
            check_refusal(&wrong, 401, "invalid_client");
        } else {
            let wrong = asked_with(&cloud, KEYS, &guess).await;
            wrong.check_problem(401, "unauthorized");
        }
    }
    let waits = ask_with(&cloud, ("key_1", "uok_guess"), "").await;
    waits.check_problem(429, "too-many-wrong-keys");
    assert_eq!(waits.header("retry-after"), "60");
    asked_with(&cloud, KEYS, &guess)
        .await
        .check_problem(429, "too-many-wrong-keys");
    // Whoever works beside them goes on.
    asked_with(&cloud, "/v1/organizer/venues", &token["access_token"])
        .await
        .ok(200);
    ask_with(&cloud, pair(&made), "").await.ok(200);
}

#[tokio::test]
async fn the_server_says_where_and_how_tokens_are_given() {
    let cloud = Cloud::start().await;
    let told = cloud.get("/.well-known/oauth-authorization-server").await.ok(200);
    let issuer = told["issuer"].as_str().unwrap();
    assert_eq!(told["token_endpoint"], format!("{issuer}/oauth/token"));
    assert_eq!(told["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(told["response_types_supported"], json!([]));
    assert!(
        told["scopes_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("publish"))
    );
    let document = cloud.get("/openapi.json").await.ok(200);
    let security = &document["paths"]["/v1/organizer/venues"]["post"]["security"];
    assert_eq!(
        security,
        &json!([{"organizer_key": []}, {"organizer_token": ["add_venue"]}])
    );
}

#[tokio::test]
async fn a_key_for_some_operations_makes_no_key_for_others() {
    let cloud = Cloud::start().await;
    let asked = json!({"name": "Keys", "role": "owner", "scopes": ["make_api_key", "see_events"]});
    let made = cloud.organize(Method::POST, KEYS, &asked).await.ok(201);
    assert_eq!(made["api_key"]["scopes"], json!(["make_api_key", "see_events"]));
    let make = async |request: Value| {
        let post = cloud.request(Method::POST, KEYS).bearer_auth(pair(&made).1);
        cloud.send(post.json(&request)).await
    };
    make(json!({"name": "All", "role": "viewer"}))
        .await
        .check_problem(403, "not-allowed");
    make(json!({"name": "One", "role": "viewer", "scopes": ["see_events"]}))
        .await
        .ok(201);
    for scopes in [json!([]), json!(["see_acts"])] {
        let wide = json!({"name": "Wide", "role": "viewer", "scopes": scopes});
        let refused = cloud.organize(Method::POST, KEYS, &wide).await;
        let problem = refused.check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/scopes");
    }
    let unknown = json!({"name": "Odd", "role": "viewer", "scopes": ["fly"]});
    let refused = cloud.organize(Method::POST, KEYS, &unknown).await;
    let problem = refused.check_problem(422, "unreadable-request");
    assert!(problem["detail"].as_str().unwrap().contains("fly"), "{problem}");
}
