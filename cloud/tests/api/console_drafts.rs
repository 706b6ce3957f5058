//! `/console/new` and `/console/events/{event_id}/keys`: the way to a first event on sale.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use usher_keys::{KeyRequest, RootSet, SecretKey};

use super::client::Cloud;
use super::console::said;
use super::staff::{Person, between, person, post_form, seen_by};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_event_is_made_signed_and_put_on_sale_by_page() {
    let cloud = Cloud::start().await;
    let owner = person(&cloud, "manager").await;
    let token = ("form_token", owner.form_token.as_str());
    let send = async |path: &str, form: &[(&str, &str)]| {
        post_form(&cloud, path, &owner.cookie, &[&[token], form].concat()).await
    };
    let page = seen_by(&cloud, "/console/new", &owner.cookie).await.text();
    assert!(page.contains("once there is a venue"), "{page}");
    let made = send(
        "/console/venues",
        &[("venue_name", "Old Barn"), ("city", "Leipzig")],
    )
    .await;
    let to = made.header("location").to_owned();
    let venue = between(&to, "venue=", "#").to_owned();
    let page = seen_by(&cloud, &to, &owner.cookie).await.text();
    assert!(
        page.contains(&format!("value=\"{venue}\" selected>Old Barn, Leipzig")),
        "{page}"
    );
    let key = between(&page, "name=\"form_key\" value=\"", "\"");
    let mut form = filled(&venue).to_vec();
    form.push(("form_key", key));
    let wrong = send("/console/new", &form).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("value=\"Night of the Owls\""),
        "{}",
        wrong.text()
    );
    assert!(wrong.text().contains("id=\"errors\""), "{}", wrong.text());
    form.push(("tier_places_1", "200"));
    form.retain(|field| *field != ("tier_places_1", "0"));
    // Somebody who clicks twice makes one event, and gets to its page.
    let (made, again) = tokio::join!(send("/console/new", &form), send("/console/new", &form));
    assert_eq!(made.header("location"), again.header("location"));
    let keys = made.header("location").to_owned();
    assert_eq!(made.status, 303, "{}", made.text());
    let event = between(&keys, "/events/", "/").to_owned();
    assert_eq!(events_of(&cloud).await, 1);
    let shown = cloud
        .organize(
            Method::GET,
            &format!("/v1/organizer/events/{event}"),
            &Value::Null,
        )
        .await
        .ok(200);
    assert_eq!(
        (&shown["units"], &shown["starts_at"]),
        (&json!(200), &json!("2027-06-04T18:00:00Z"))
    );
    assert_eq!(
        (&shown["policy"]["zones"][0]["capacity"], &shown["status"]),
        (&json!(150), &json!("draft"))
    );
    sign_and_publish(&cloud, &owner, &event).await;
    are_acts(&cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_sender_clicks_again_at_any_moment_is_done_once_and_answered() {
    let cloud = Cloud::start().await;
    let owner = person(&cloud, "manager").await;
    for nth in 0..30_u32 {
        let (key, name) = (format!("{nth:032x}"), format!("Barn {nth}"));
        let form = [
            ("form_token", owner.form_token.as_str()),
            ("form_key", key.as_str()),
            ("venue_name", name.as_str()),
            ("city", "Leipzig"),
        ];
        let send = async || post_form(&cloud, "/console/venues", &owner.cookie, &form).await;
        // A browser gives the first request up when it sends the second.
        let _ = timeout(Duration::from_micros(250) * nth, send()).await;
        let second = timeout(Duration::from_secs(8), send()).await;
        let second = second.expect("nobody waits for a request that was given up");
        assert_eq!(second.status, 303, "{nth}: {}", second.text());
    }
    let venues = cloud
        .organize(Method::GET, "/v1/organizer/venues", &Value::Null)
        .await
        .ok(200);
    assert_eq!(venues["venues"].as_array().unwrap().len(), 30, "{venues}");
}

async fn events_of(cloud: &Cloud) -> usize {
    let all = cloud
        .organize(Method::GET, "/v1/organizer/events", &Value::Null)
        .await;
    all.ok(200)["events"].as_array().unwrap().len()
}

/// What somebody enters who makes an event, and forgets how many places it has.
fn filled(venue: &str) -> [(&str, &str); 13] {
    [
        ("venue_id", venue),
        ("name", "Night of the Owls"),
        ("description", "Hooting\r\nuntil dawn."),
        ("starts_at", "2027-06-04T20:00"),
        ("ends_at", "2027-06-05T01:00"),
        ("time_zone", "Europe/Berlin"),
        ("currency", "EUR"),
        ("tier_name_1", "Standing"),
        ("tier_price_1", "25,00"),
        ("tier_places_1", "0"),
        ("zone_name_1", "Hall"),
        ("zone_capacity_1", "150"),
        ("gate_name_1", "North"),
    ]
}

/// Checks that each step was written down as the act of a person.
async fn are_acts(cloud: &Cloud) {
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    for operation in [
        "add_venue",
        "add_event",
        "request_keys",
        "change_trust",
        "publish",
    ] {
        let told = format!("\"operation\":\"{operation}\",\"by\":\"stf_");
        assert!(acts.contains(&told), "{operation}: {acts}");
    }
}

/// Has the keys of a draft signed, as `usher-keys` does it, and puts the event on sale.
async fn sign_and_publish(cloud: &Cloud, owner: &Person, event: &str) {
    let path = format!("/console/events/{event}");
    let token = ("form_token", owner.form_token.as_str());
    let early = post_form(cloud, &format!("{path}/publish"), &owner.cookie, &[token]).await;
    assert_eq!(early.status, 409);
    let keys = format!("{path}/keys");
    let page = post_form(cloud, &keys, &owner.cookie, &[token]).await.text();
    let request = between(&page, "id=\"request\">", "<").replace("&#34;", "\"");
    let request: KeyRequest = serde_json::from_str(&request).unwrap();
    let root = SecretKey::from_seed(&[7; 32]);
    let bundle = request.first_bundle(RootSet::single(root.public()));
    let signed = serde_json::to_string(&bundle.sign(&[&root])).unwrap();
    let hand_in = format!("{path}/trust-bundle");
    let nonsense = post_form(cloud, &hand_in, &owner.cookie, &[token, ("bundle", "nonsense")]).await;
    assert_eq!(nonsense.status, 400);
    let taken = post_form(cloud, &hand_in, &owner.cookie, &[token, ("bundle", &signed)]).await;
    assert_eq!(
        (taken.status.as_u16(), taken.header("location")),
        (303, keys.as_str())
    );
    let page = seen_by(cloud, &keys, &owner.cookie).await.text();
    assert_eq!(said(&page, "signed"), "The signed bundle is here, and in force.");
    let published = post_form(cloud, &format!("{path}/publish"), &owner.cookie, &[token]).await;
    assert_eq!(
        (published.status.as_u16(), published.header("location")),
        (303, path.as_str())
    );
    let page = seen_by(cloud, &path, &owner.cookie).await.text();
    assert_eq!(
        (said(&page, "state"), said(&page, "free")),
        ("on sale".into(), "200".into())
    );
}
