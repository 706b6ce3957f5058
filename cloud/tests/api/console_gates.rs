//! `/console/events/{event_id}/gates`, `…/wallboard` and `…/devices`.

use std::sync::Arc;

use serde_json::json;

use super::client::Cloud;
use super::console::said;
use super::gates::hub;
use super::hub::Hub;
use super::patience;
use super::staff::{Person, between, person, post_form, seen_by};

/// Asks for a page until it says something.
async fn until_said(cloud: &Cloud, person: &Person, path: &str, words: &str) -> String {
    patience::until(words, async || {
        let page = seen_by(cloud, path, &person.cookie).await.text();
        Some(page).filter(|page| page.contains(words))
    })
    .await
}

/// Has two hubs that do not hear each other let one ticket in, a minute apart.
async fn let_in_twice(cloud: &Cloud, event: &str, payload: &str) -> [Arc<Hub>; 2] {
    let hubs = [hub(cloud, event, 1).await, hub(cloud, event, 2).await];
    let links = [hubs[0].link(cloud).await, hubs[1].link(cloud).await];
    for hub in &hubs {
        hub.until(|state| state.rosters().current().is_some_and(|(epoch, _)| epoch == 2))
            .await;
    }
    for link in links {
        link.leave().await;
    }
    hubs[0].admit(payload);
    cloud.clock.advance_ms(60_000);
    hubs[1].admit(payload);
    hubs
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_who_came_in_and_what_contradicts_itself() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| draft["zones"] = json!([{"id": 1, "name": "Hall", "capacity": 2}]))
        .await;
    let booking = cloud.buy(&event, &[3]).await;
    let payload = booking["tickets"][0]["payload"].as_str().unwrap();
    let manager = person(&cloud, "manager").await;
    let (gates, board) = (
        format!("/console/events/{event}/gates"),
        format!("/console/events/{event}/wallboard"),
    );
    let empty = seen_by(&cloud, &gates, &manager.cookie).await.text();
    assert!(
        empty.contains("Nobody was refused.") && said(&empty, "admitted") == "0",
        "{empty}"
    );
    let hubs = let_in_twice(&cloud, &event, payload).await;
    let _links = [hubs[0].link(&cloud).await, hubs[1].link(&cloud).await];
    let page = until_said(&cloud, &manager, &gates, "went into Hall at Entrance").await;
    assert_eq!(
        (said(&page, "admitted"), said(&page, "pace")),
        ("2".into(), "2".into())
    );
    assert!(
        page.contains("<dt>Inside Hall: full</dt><dd>2 <small>of 2</small>"),
        "{page}"
    );
    assert!(page.contains("<title>08:00, Entrance: 1</title>"), "{page}");
    assert!(page.contains("<strong>Hub 1</strong>"), "{page}");
    let page = until_said(&cloud, &manager, &board, "id=\"hubs\">2 <small>of 2").await;
    assert_eq!(
        (said(&page, "admitted"), said(&page, "incidents")),
        ("2".into(), "1".into())
    );
    // Whoever only sees figures hears of no device and no incident.
    let viewer = person(&cloud, "viewer").await;
    for path in [&gates, &board] {
        let page = seen_by(&cloud, path, &viewer.cookie).await.text();
        assert_eq!(said(&page, "admitted"), "2");
        assert!(!page.contains("ncidents") && !page.contains("Hub"), "{page}");
    }
    // Five minutes later nobody has come in just now.
    cloud.clock.advance_ms(5 * 60_000);
    let page = seen_by(&cloud, &gates, &manager.cookie).await.text();
    assert_eq!(
        (said(&page, "admitted"), said(&page, "pace")),
        ("2".into(), "0".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_clock_is_wrong_is_named_on_each_page_that_is_watched_and_so_is_by_how_much() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let manager = person(&cloud, "manager").await;
    let hubs = [hub(&cloud, &event, 1).await, hub(&cloud, &event, 2).await];
    hubs[1].set_ahead_ms(45 * 60_000);
    let _links = [hubs[0].link(&cloud).await, hubs[1].link(&cloud).await];
    let trouble = "Its clock is 45 min ahead of this server&#39;s: set the wrong one right.";
    for (page, said) in [
        ("devices", format!("<span class=\"trouble\">{trouble}</span>")),
        (
            "gates",
            format!("<p class=\"trouble\" data-clock>Hub 2: {trouble}</p>"),
        ),
        (
            "wallboard",
            format!("<div class=\"bad\"><dt>Hub 2</dt><dd data-clock><small>{trouble}</small></dd></div>"),
        ),
    ] {
        let path = format!("/console/events/{event}/{page}");
        // A hub tells its clock with each beat: time must pass.
        let shown = patience::until(&said, async || {
            cloud.clock.advance_ms(500);
            let shown = seen_by(&cloud, &path, &manager.cookie).await.text();
            Some(shown).filter(|shown| shown.contains(&said))
        })
        .await;
        assert!(
            !shown.contains("Hub 1: Its") && !shown.contains("<dt>Hub 1"),
            "{shown}"
        );
    }
    // Whoever only sees figures hears of no device.
    let viewer = person(&cloud, "viewer").await;
    for page in ["gates", "wallboard"] {
        let path = format!("/console/events/{event}/{page}");
        let shown = seen_by(&cloud, &path, &viewer.cookie).await.text();
        assert!(!shown.contains("clock"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_let_in_by_the_code_on_a_page_and_shut_out_once_somebody_is_sure() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let admin = person(&cloud, "gate_admin").await;
    let path = format!("/console/events/{event}/devices");
    let page = seen_by(&cloud, &path, &admin.cookie).await.text();
    assert!(page.contains("No hub is enrolled"), "{page}");
    let token = ("form_token", admin.form_token.as_str());
    let form = [token, ("role", "hub"), ("name", "North"), ("gate", "")];
    let shown = post_form(&cloud, &format!("{path}/codes"), &admin.cookie, &form)
        .await
        .text();
    let code = between(&shown, "enroll ", "<");
    assert!(
        shown.contains("<svg") && code.starts_with("usher-enrol:"),
        "{shown}"
    );
    let hub = Hub::enrol(&cloud, code, 1).await;
    let page = seen_by(&cloud, &path, &admin.cookie).await.text();
    assert!(
        page.contains("1 hub is enrolled.") && page.contains("It is not linked to this server"),
        "{page}"
    );
    let revoke = format!("{path}/{}/revoke", hub.device());
    assert!(page.contains(&format!("href=\"{revoke}\"")), "{page}");
    let asked = seen_by(&cloud, &revoke, &admin.cookie).await.text();
    assert!(asked.contains("Nobody can take this back."), "{asked}");
    let unsure = post_form(&cloud, &revoke, &admin.cookie, &[token]).await;
    assert_eq!(unsure.status, 422);
    let sure = post_form(&cloud, &revoke, &admin.cookie, &[token, ("sure", "true")]).await;
    assert!(sure.text().contains("No hub is left"), "{}", sure.text());
    let page = seen_by(&cloud, &path, &admin.cookie).await.text();
    assert!(
        page.contains("Revoked: nobody talks to it any more.") && !page.contains(&revoke),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_says_by_page_what_it_lacks() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let owner = person(&cloud, "owner").await;
    let page = seen_by(&cloud, &format!("/console/events/{event}/devices"), &owner.cookie)
        .await
        .text();
    for missing in [
        "The keys are not signed yet",
        "The event is a draft",
        "No device can be enrolled before",
    ] {
        assert!(page.contains(missing), "{missing}: {page}");
    }
    let page = seen_by(&cloud, &format!("/console/events/{event}/gates"), &owner.cookie).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("no trust bundle yet"), "{}", page.text());
}
