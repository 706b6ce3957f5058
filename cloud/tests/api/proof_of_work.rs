//! Places of an event that asks for a proof of work: for whoever has their machine work, or shows that they read mail.

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};
use super::letters::with_mail;
use super::staff::post_form;

/// Longer than a challenge is good.
const TOO_LONG_MS: u64 = 11 * 60_000;

async fn asks_for_work(cloud: &Cloud) -> String {
    let event = cloud.event(|_| {}).await;
    asking(cloud, &event, true).await;
    event
}

async fn asking(cloud: &Cloud, event: &str, proof_of_work: bool) {
    let path = format!("/v1/organizer/events/{event}/hold-bounds");
    let set = cloud
        .organize(Method::PUT, &path, &json!({ "proof_of_work": proof_of_work }))
        .await
        .ok(200);
    assert_eq!(set["proof_of_work"], proof_of_work);
}

async fn hold(cloud: &Cloud, event: &str, seat: u32, proof: Option<&str>) -> Answer {
    let request = json!({ "event_id": event, "seat_ids": [seat], "proof": proof });
    cloud.post("/v1/reservations", &request).await
}

/// Returns the solution of the challenge in a refusal, as a browser sends it.
fn worked(refused: &Answer) -> String {
    let problem = refused.check_problem(403, "prove-first");
    let challenge: Challenge = serde_json::from_value(problem["challenge"].clone()).unwrap();
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge))
        .unwrap()
        .unwrap();
    BASE64.encode(&serde_json::to_vec(&Payload { challenge, solution }).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_proof_holds_places_once_and_for_its_own_event_alone() {
    let cloud = Cloud::start().await;
    let (event, other) = (asks_for_work(&cloud).await, asks_for_work(&cloud).await);
    let proof = worked(&hold(&cloud, &event, 0, None).await);
    let challenged = hold(&cloud, &other, 0, Some(&proof)).await;
    challenged.check_problem(403, "prove-first");
    hold(&cloud, &event, 0, Some(&proof)).await.ok(201);
    let spent = hold(&cloud, &event, 1, Some(&proof)).await;
    let late = worked(&spent);
    // What is taken already costs no proof.
    hold(&cloud, &event, 0, Some(&late))
        .await
        .check_problem(409, "units-taken");
    asking(&cloud, &event, true).await;
    hold(&cloud, &event, 1, Some(&late)).await.ok(201);
    let over = worked(&hold(&cloud, &event, 2, None).await);
    cloud.clock.advance_ms(TOO_LONG_MS);
    hold(&cloud, &event, 2, Some(&over))
        .await
        .check_problem(403, "prove-first");
    hold(&cloud, &event, 2, Some("anything"))
        .await
        .check_problem(403, "prove-first");
    asking(&cloud, &event, false).await;
    hold(&cloud, &event, 2, None).await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_have_a_machine_work_shows_that_they_read_mail() {
    let (server, cloud) = with_mail().await;
    let event = asks_for_work(&cloud).await;
    let form = cloud.get(&format!("/my-tickets?event={event}")).await.text();
    assert!(
        form.contains(&format!("name=\"event\" value=\"{event}\"")),
        "{form}"
    );
    let fields = [("email", "wren@example.org"), ("event", event.as_str())];
    post_form(&cloud, "/my-tickets", "", &fields).await;
    let letter = server.until(1).await[0].clone();
    assert_eq!(letter["headers"]["subject"], "The way to your places");
    let text = letter["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    let link = cloud.path(&Value::from(link)).to_owned();
    let opened = post_form(&cloud, &link, "", &[]).await;
    let (cookie, _) = opened.header("set-cookie").split_once("; ").unwrap();
    let holding = async |cookie: &str| {
        let request = cloud
            .request(Method::POST, "/v1/reservations")
            .header("cookie", cookie)
            .json(&json!({ "event_id": event, "seat_ids": [0] }));
        cloud.send(request).await
    };
    holding("__Host-usher_buyer=ubs_other")
        .await
        .check_problem(403, "prove-first");
    holding(cookie).await.ok(201);
}
