//! `/v1/organizer/events/{event_id}/enrolment-codes` and `/v1/enrolments`.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::{EnrolmentCode, EnrolmentRequest, EnrolmentSecret, Role, SealedGrant, SecretKey};

use super::client::{Answer, Cloud, START};
use super::hub::Hub;
use super::patience::until_so;

/// Asks for a code, with what the organizer wants of it.
pub async fn code(cloud: &Cloud, event: &str, wish: &Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}/enrolment-codes");
    cloud.organize(Method::POST, &path, wish).await
}

fn request(code: &str, seed: u8) -> Value {
    let code: EnrolmentCode = code.parse().unwrap();
    let key = SecretKey::from_seed(&[seed; 32]);
    serde_json::to_value(EnrolmentRequest::new(&code, "Laptop".into(), &key).unwrap()).unwrap()
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
    let sealed: SealedGrant = serde_json::from_value(answer).unwrap();
    let device = SecretKey::from_seed(&[1; 32]).public();
    let (grant, _) = sealed.verify(&pinned, &device, START).unwrap();
    assert_eq!(grant.event_name.as_deref(), Some("Night of the Owls"));
    assert_eq!((grant.gates[0].id, grant.gates[0].name.as_str()), (1, "Entrance"));
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
    let sealed: SealedGrant = serde_json::from_value(answer).unwrap();
    sealed.grant.identity.unverified().window.until.0
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
    assert_eq!(
        first["grant"]["identity"]["certificate"]["certificate"]["name"],
        "Laptop"
    );
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
    let text = shown["code"].as_str().unwrap();
    let (good, others) = (request(text, 1), request(text, 2));
    for (what, field, value, status, slug) in [
        (
            "a key put in",
            "device",
            &others["device"],
            422,
            "enrolment-not-valid",
        ),
        (
            "a name put in",
            "name",
            &json!("Other"),
            422,
            "enrolment-not-valid",
        ),
        ("no name", "name", &json!(""), 422, "enrolment-not-valid"),
        (
            "another's proof",
            "proof",
            &others["proof"],
            422,
            "enrolment-not-valid",
        ),
        ("another's mac", "mac", &others["mac"], 422, "enrolment-not-valid"),
        ("an unknown code", "id", &good["mac"], 404, "not-found"),
        ("half an id", "id", &json!("00"), 422, "unreadable-request"),
        ("a secret", "secret", &json!("00"), 422, "enrolment-not-valid"),
    ] {
        let mut altered = good.clone();
        altered[field] = value.clone();
        let answer = cloud.post("/v1/enrolments", &altered).await;
        let problem = answer.check_problem(status, slug);
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{what}"
        );
    }
    cloud.clock.advance_ms(60 * 60 * 1000);
    let problem = cloud
        .post("/v1/enrolments", &good)
        .await
        .check_problem(410, "code-expired");
    assert!(
        problem["detail"].as_str().unwrap().contains("ask for a new one"),
        "{problem}"
    );
}

#[tokio::test]
async fn whoever_has_listened_to_an_enrolment_cannot_enrol_a_key_of_its_own() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let shown = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let text = shown["code"].as_str().unwrap();
    // The listener knows everything but the secret, and signs properly with a key of its own.
    let heard: EnrolmentRequest = serde_json::from_value(request(text, 1)).unwrap();
    let pinned: EnrolmentCode = text.parse().unwrap();
    let guessed = EnrolmentSecret([0; 16]);
    let theirs = EnrolmentCode::new(pinned.url(), pinned.event(), pinned.roots().clone(), guessed).unwrap();
    let key = SecretKey::from_seed(&[9; 32]);
    let mut own = EnrolmentRequest::new(&theirs, "Laptop".into(), &key).unwrap();
    for mac in [own.mac, heard.mac] {
        (own.id, own.mac) = (heard.id, mac);
        cloud
            .post("/v1/enrolments", &serde_json::to_value(&own).unwrap())
            .await
            .check_problem(422, "enrolment-not-valid");
    }
    cloud.post("/v1/enrolments", &request(text, 1)).await.ok(200);
}

#[tokio::test]
async fn a_device_of_another_version_is_told_which_program_to_update_and_its_code_stays_good() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let shown = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let text = shown["code"].as_str().unwrap();
    let good = request(text, 1);
    // What a program of version 1 sends: the secret itself.
    let secret = text.parse::<EnrolmentCode>().unwrap().secret().0;
    let old = json!({
        "secret": data_encoding::HEXLOWER.encode(&secret), "device": good["device"], "name": "Laptop", "proof": good["proof"],
    });
    // What one of version 3 might send.
    let new = json!({"version": 3, "id": good["id"], "device": good["device"], "kind": "hub"});
    for (sent, expected) in [
        (old, ["too old", "version 1", "Update the program on the device"]),
        (new, ["newer", "version 3", "Update this one"]),
    ] {
        let answer = cloud.post("/v1/enrolments", &sent).await;
        let problem = answer.check_problem(422, "enrolment-not-valid");
        let says = problem["detail"].as_str().unwrap();
        assert!(expected.iter().all(|part| says.contains(part)), "{says}");
    }
    let mut said = good;
    said["version"] = json!(2);
    cloud.post("/v1/enrolments", &said).await.ok(200);
}

#[tokio::test]
async fn a_key_whose_log_is_held_is_not_enrolled_again_with_any_code() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let first = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let first = first["code"].as_str().unwrap();
    let hub = Hub::enrol(&cloud, first, 1).await;
    cloud.post("/v1/enrolments", &request(first, 1)).await.ok(200);
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some()).await;
    let booking = cloud.buy(&event, &[0]).await;
    hub.admit(booking["tickets"][0]["payload"].as_str().unwrap());
    let scans = format!("/v1/organizer/events/{event}/admissions");
    until_so("an admission", async || {
        cloud.organize(Method::GET, &scans, &Value::Null).await.ok(200)["admissions"] != json!([])
    })
    .await;
    link.leave().await;

    let second = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let second = second["code"].as_str().unwrap();
    for text in [first, second] {
        let answer = cloud.post("/v1/enrolments", &request(text, 1)).await;
        let problem = answer.check_problem(409, "device-has-log");
        assert!(
            problem["detail"].as_str().unwrap().contains("fresh folder"),
            "{problem}"
        );
    }
    cloud.post("/v1/enrolments", &request(second, 2)).await.ok(200);
}

#[tokio::test]
async fn a_code_that_makes_no_sense_is_told_why() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for (wish, pointer) in [
        (json!({"role": "cloud"}), "/role"),
        (json!({"role": "hub", "gates": [9]}), "/gates/0"),
        (json!({"role": "hub", "gates": []}), "/gates"),
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
