//! `/v1/organizer/events/{event_id}/enrolment-codes` and `/v1/enrolments`.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::{EnrolmentCode, EnrolmentGrant, EnrolmentRequest, Role, SecretKey};

use super::client::{Answer, Cloud, START};

/// Asks for a code, with what the organizer wants of it.
pub async fn code(cloud: &Cloud, event: &str, wish: &Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}/enrolment-codes");
    cloud.organize(Method::POST, &path, wish).await
}

fn request(code: &str, seed: u8) -> Value {
    let code: EnrolmentCode = code.parse().unwrap();
    let key = SecretKey::from_seed(&[seed; 32]);
    serde_json::to_value(EnrolmentRequest::new(code.secret(), "Laptop".into(), &key).unwrap()).unwrap()
}

#[tokio::test]
async fn a_code_becomes_a_certificate_that_says_what_the_organizer_said() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let wish = json!({
        "role": "hub", "name": "North", "gates": [1], "capabilities": {"enrol_scanners": true},
        "expires_in_minutes": 5, "certificate_days": 2,
    });
    let shown = code(&cloud, &event, &wish).await.ok(201);
    assert_eq!(shown["expires_at"], "2027-01-15T08:05:00Z");
    let text = shown["code"].as_str().unwrap();
    let pinned: EnrolmentCode = text.parse().unwrap();
    let answer = cloud.post("/v1/enrolments", &request(text, 1)).await.ok(200);
    let grant: EnrolmentGrant = serde_json::from_value(answer).unwrap();
    let device = SecretKey::from_seed(&[1; 32]).public();
    grant.verify(&pinned, &device, START).unwrap();
    let certificate = grant.identity.unverified();
    assert_eq!(
        (certificate.role, certificate.name.as_str()),
        (Role::Hub, "North")
    );
    assert_eq!(
        (
            certificate.gates.as_slice(),
            certificate.capabilities.enrol_scanners
        ),
        ([1].as_slice(), true)
    );
    assert_eq!(certificate.window.until, START.plus_ms(2 * 24 * 60 * 60 * 1000));
    assert_eq!(
        grant.uplink,
        [cloud.server.listening().uplink.unwrap().to_string()]
    );
}

/// Six hours after the usual event's end, which is on 4 June at 23:00.
const END_OF_WORK_MS: u64 = 1_812_171_600_000;

/// Enrols a device with a code for that kind, and gives when its certificate ends.
async fn certified_until(cloud: &Cloud, code: &str, seed: u8) -> u64 {
    let answer = cloud.post("/v1/enrolments", &request(code, seed)).await.ok(200);
    let grant: EnrolmentGrant = serde_json::from_value(answer).unwrap();
    grant.identity.unverified().window.until.0
}

#[tokio::test]
async fn certificates_last_until_six_hours_after_the_event_also_when_its_end_was_moved() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for (role, seed) in [("hub", 1), ("scanner", 2)] {
        let shown = code(&cloud, &event, &json!({"role": role})).await.ok(201);
        assert_eq!(shown["certificate_until"], "2027-06-05T05:00:00Z");
        let until = certified_until(&cloud, shown["code"].as_str().unwrap(), seed).await;
        assert_eq!(until, END_OF_WORK_MS, "{role}");
    }
    let shown = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let change = json!({"ends_at": "2027-06-05T23:00:00Z"});
    let path = format!("/v1/organizer/events/{event}");
    cloud.organize(Method::PATCH, &path, &change).await.ok(200);
    let until = certified_until(&cloud, shown["code"].as_str().unwrap(), 3).await;
    assert_eq!(until, END_OF_WORK_MS + 24 * 60 * 60 * 1000);
}

#[tokio::test]
async fn an_event_that_is_over_takes_no_device_unless_told_for_how_long() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.clock.advance_ms(END_OF_WORK_MS - START.0 - 1);
    let last = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    cloud.clock.advance_ms(1);
    code(&cloud, &event, &json!({"role": "hub"}))
        .await
        .check_problem(409, "event-over");
    cloud
        .post("/v1/enrolments", &request(last["code"].as_str().unwrap(), 1))
        .await
        .check_problem(409, "event-over");
    let wish = json!({"role": "hub", "certificate_days": 1});
    code(&cloud, &event, &wish).await.ok(201);
}

#[tokio::test]
async fn a_code_is_good_for_one_device_which_may_ask_again() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let shown = code(&cloud, &event, &json!({"role": "scanner"})).await.ok(201);
    let text = shown["code"].as_str().unwrap();
    let first = cloud.post("/v1/enrolments", &request(text, 1)).await.ok(200);
    assert_eq!(first["identity"]["certificate"]["certificate"]["name"], "Laptop");
    assert_eq!(
        cloud.post("/v1/enrolments", &request(text, 1)).await.ok(200),
        first
    );
    cloud
        .post("/v1/enrolments", &request(text, 2))
        .await
        .check_problem(409, "code-used");
}

#[tokio::test]
async fn what_is_no_request_enrols_nobody() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let shown = code(&cloud, &event, &json!({"role": "scanner"})).await.ok(201);
    let good = request(shown["code"].as_str().unwrap(), 1);
    let altered = |change: fn(&mut Value)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let stolen = altered(|request| request["device"] = json!(SecretKey::from_seed(&[2; 32]).public()));
    cloud
        .post("/v1/enrolments", &stolen)
        .await
        .check_problem(422, "enrolment-not-valid");
    let nameless = altered(|request| request["name"] = json!(""));
    cloud
        .post("/v1/enrolments", &nameless)
        .await
        .check_problem(422, "enrolment-not-valid");
    let short = altered(|request| request["secret"] = json!("00"));
    cloud
        .post("/v1/enrolments", &short)
        .await
        .check_problem(422, "unreadable-request");
    let guess = EnrolmentRequest::new(
        usher_keys::EnrolmentSecret([0; 16]),
        "Laptop".into(),
        &SecretKey::from_seed(&[1; 32]),
    );
    let guess = serde_json::to_value(guess.unwrap()).unwrap();
    cloud
        .post("/v1/enrolments", &guess)
        .await
        .check_problem(404, "not-found");
    cloud.clock.advance_ms(60 * 60 * 1000);
    cloud
        .post("/v1/enrolments", &good)
        .await
        .check_problem(410, "code-expired");
}

#[tokio::test]
async fn a_code_that_makes_no_sense_is_told_why() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for (wish, pointer) in [
        (json!({"role": "cloud"}), "/role"),
        (json!({"role": "hub", "gates": [9]}), "/gates/0"),
        (json!({"role": "hub", "name": "x".repeat(65)}), "/name"),
        (
            json!({"role": "scanner", "capabilities": {"enrol_scanners": true}}),
            "/capabilities/enrol_scanners",
        ),
        (
            json!({"role": "hub", "expires_in_minutes": 0}),
            "/expires_in_minutes",
        ),
        (
            json!({"role": "hub", "certificate_days": 401}),
            "/certificate_days",
        ),
    ] {
        let problem = code(&cloud, &event, &wish)
            .await
            .check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let draft = cloud.draft(|_| {}).await;
    code(&cloud, &draft, &json!({"role": "hub"}))
        .await
        .check_problem(409, "no-trust-bundle");
}
