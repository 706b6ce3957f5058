//! `/v1/organizer/events/{event_id}/key-request` and `/trust-bundle`, `/v1/events/{event_id}/keys` and the JWKS.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::{KeyRequest, RootSet, SecretKey, SignedBundle, TrustBundle};

use super::client::{Answer, Cloud};
use super::enrolments::code;
use super::hub::Hub;

struct Signing<'a> {
    cloud: &'a Cloud,
    path: String,
    request: KeyRequest,
    root: SecretKey,
}

impl<'a> Signing<'a> {
    async fn of(cloud: &'a Cloud, event: &str) -> Self {
        let path = format!("/v1/organizer/events/{event}");
        let request = ask(cloud, &path).await;
        Self {
            cloud,
            path,
            request,
            root: SecretKey::from_seed(&[7; 32]),
        }
    }

    fn first(&self) -> TrustBundle {
        self.request.first_bundle(RootSet::single(self.root.public()))
    }

    async fn upload(&self, signed: &SignedBundle) -> Answer {
        let body = serde_json::to_value(signed).unwrap();
        self.cloud
            .organize(Method::PUT, &format!("{}/trust-bundle", self.path), &body)
            .await
    }
}

async fn ask(cloud: &Cloud, path: &str) -> KeyRequest {
    let answer = cloud
        .organize(Method::POST, &format!("{path}/key-request"), &Value::Null)
        .await;
    serde_json::from_value(answer.ok(200)).unwrap()
}

/// Has a new ticket key signed and gives the bundle that is in force then.
pub async fn rotate(cloud: &Cloud, event: &str) -> TrustBundle {
    let signing = Signing::of(cloud, event).await;
    let current = cloud.get(&format!("/v1/events/{event}/keys")).await.ok(200);
    let current: SignedBundle = serde_json::from_value(current).unwrap();
    let next = signing
        .request
        .next_bundle(&current.unverified().unwrap(), super::client::START);
    signing.upload(&next.sign(&[&signing.root])).await.ok(200);
    next
}

#[tokio::test]
async fn keys_are_requested_signed_offline_and_uploaded_and_then_everyone_can_see_them() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let signing = Signing::of(&cloud, &event).await;
    assert_eq!(signing.request.event.to_string(), event);
    let signed = signing.first().sign(&[&signing.root]);
    let shown = signing.upload(&signed).await.ok(200);
    assert_eq!(
        shown,
        json!({"version": 1, "ticket_key": signing.request.ticket_key.id().to_string()})
    );
    assert_eq!(signing.upload(&signed).await.ok(200), shown);

    let keys = format!("/v1/events/{event}/keys");
    cloud.get(&keys).await.check_problem(404, "not-found");
    cloud
        .organize(Method::POST, &format!("{}/publish", signing.path), &Value::Null)
        .await
        .ok(200);
    assert_eq!(
        cloud.get(&keys).await.ok(200),
        serde_json::to_value(&signed).unwrap()
    );
    let own = cloud.get(&format!("/v1/events/{event}/jwks.json")).await.ok(200);
    let all = cloud.get("/.well-known/jwks.json").await.ok(200);
    assert_eq!(own, all);
    let ids: Vec<_> = own["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].clone())
        .collect();
    assert!(ids.contains(&shown["ticket_key"]), "{ids:?}");
}

#[tokio::test]
async fn a_bundle_that_cannot_be_believed_is_refused_with_the_reason() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let signing = Signing::of(&cloud, &event).await;
    let (root, first) = (&signing.root, signing.first());
    let stranger = SecretKey::from_seed(&[8; 32]);

    signing
        .upload(&first.sign(&[]))
        .await
        .check_problem(422, "bundle-not-signed");
    signing
        .upload(&first.sign(&[&stranger]))
        .await
        .check_problem(422, "bundle-not-signed");
    let mut other = first.clone();
    other.event = usher_keys::EventId([9; 16]);
    signing
        .upload(&other.sign(&[root]))
        .await
        .check_problem(422, "bundle-of-another-event");
    let mut foreign = first.clone();
    foreign.ticket_keys[0].key = stranger.public();
    signing
        .upload(&foreign.sign(&[root]))
        .await
        .check_problem(422, "bundle-foreign-keys");
    let mut over = first.clone();
    over.issuing_keys[0].window.until = over.issuing_keys[0].window.from;
    signing
        .upload(&over.sign(&[root]))
        .await
        .check_problem(422, "bundle-not-in-force");
    let path = format!("{}/trust-bundle", signing.path);
    let malformed = json!({"bundle": "AAAA", "signatures": []});
    cloud
        .organize(Method::PUT, &path, &malformed)
        .await
        .check_problem(422, "bundle-malformed");
    let text = json!({"bundle": "not base64", "signatures": []});
    cloud
        .organize(Method::PUT, &path, &text)
        .await
        .check_problem(422, "unreadable-request");

    signing.upload(&first.sign(&[root])).await.ok(200);
    let mut same_version = first.clone();
    same_version.ticket_keys[0].window.until = usher_keys::Timestamp(2);
    signing
        .upload(&same_version.sign(&[root]))
        .await
        .check_problem(422, "bundle-not-newer");
    let mut stolen = first.clone();
    (stolen.version, stolen.roots) = (2, RootSet::single(stranger.public()));
    signing
        .upload(&stolen.sign(&[&stranger]))
        .await
        .check_problem(422, "bundle-not-signed");
}

#[tokio::test]
async fn the_successor_of_a_leaked_authority_key_takes_over_in_the_bundle_that_strikes_it_out() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let keys = format!("/v1/events/{event}/keys");
    let current: SignedBundle = serde_json::from_value(cloud.get(&keys).await.ok(200)).unwrap();
    let current = current.unverified().unwrap();
    let leaked = current.authority_keys[0].key;
    let path = format!("/v1/organizer/events/{event}");
    for (name, status) in [
        ("00000000", 404),
        ("leaked", 404),
        (&*leaked.id().to_string(), 200),
    ] {
        let asked = format!("{path}/key-request?instead_of={name}");
        let answer = cloud.organize(Method::POST, &asked, &Value::Null).await;
        assert_eq!(answer.status, status, "{name}");
    }
    let asked = format!("{path}/key-request?instead_of={}", leaked.id());
    let answer = cloud.organize(Method::POST, &asked, &Value::Null).await.ok(200);
    let signing = Signing {
        request: serde_json::from_value(answer).unwrap(),
        ..Signing::of(&cloud, &event).await
    };
    assert_ne!(signing.request.authority_key, leaked);
    assert_eq!(signing.request.issuing_key, current.issuing_keys[0].key);
    let struck = current.strike(leaked.id(), super::client::START).unwrap();
    let both = TrustBundle {
        version: struck.version,
        ..signing.request.next_bundle(&struck, super::client::START)
    };
    signing.upload(&both.sign(&[&signing.root])).await.ok(200);
    // A device that begins now hears of no authority but the new one, and that is whole.
    let hub = Hub::enrol(
        &cloud,
        code(&cloud, &event, &json!({"role": "hub"})).await.ok(201)["code"]
            .as_str()
            .unwrap(),
        1,
    )
    .await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some() && state.authority() == Some(signing.request.authority_key))
        .await;
    link.leave().await;
}

#[tokio::test]
async fn a_ticket_key_that_was_made_for_another_event_is_refused_beside_ones_own() {
    let cloud = Cloud::start().await;
    let owls = cloud.draft(|_| {}).await;
    let owls = Signing::of(&cloud, &owls).await;
    let bats = cloud.draft(|_| {}).await;
    let bats = Signing::of(&cloud, &bats).await;
    let mut both = bats.first();
    both.ticket_keys.extend(owls.first().ticket_keys);
    let shared = owls.request.ticket_key.id().to_string();
    let refused = bats.upload(&both.sign(&[&bats.root])).await;
    let problem = refused.check_problem(422, "bundle-shares-a-ticket-key");
    let says = problem["detail"].as_str().unwrap();
    assert!(says.contains(&shared) && says.contains("another event"), "{says}");
    bats.upload(&bats.first().sign(&[&bats.root])).await.ok(200);
    // Nor does it come in by a later bundle.
    both.version = 2;
    bats.upload(&both.sign(&[&bats.root]))
        .await
        .check_problem(422, "bundle-shares-a-ticket-key");
    owls.upload(&owls.first().sign(&[&owls.root])).await.ok(200);
}

#[tokio::test]
async fn a_rotated_ticket_key_signs_the_next_tickets_and_the_old_ones_stay_good() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let before = cloud.buy(&event, &[0]).await;
    let next = rotate(&cloud, &event).await;
    let after = cloud.buy(&event, &[1]).await;
    let keyring = usher_protocol::ticket::Keyring::new(&next);
    let key_of = |booking: &Value| {
        let payload = booking["tickets"][0]["payload"].as_str().unwrap();
        keyring
            .verify_text(payload.as_bytes(), super::client::START)
            .unwrap()
            .ticket()
            .key
    };
    assert_eq!(key_of(&after), next.ticket_keys[1].key.id());
    assert_ne!(key_of(&before), key_of(&after));
}
