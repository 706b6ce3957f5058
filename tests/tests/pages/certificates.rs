//! What a hub's page says of certificates, in the colour of its haste: of the hub's own, before its end and once it was renewed.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::json;
use usher_device::rehearsal::{Show, founded, identity};
use usher_gate_agent::config::Config;
use usher_gate_agent::hub::Hub;
use usher_keys::Role;
use usher_protocol::record::Body;
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};

const HUB: u8 = 1;
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// The colours of `status.css`.
const AMBER: &str = "rgb(255, 194, 71)";
const RED: &str = "rgb(179, 38, 30)";
const GREEN: &str = "rgb(18, 114, 74)";

#[tokio::test(flavor = "multi_thread")]
async fn a_hubs_page_warns_of_its_certificate_in_amber_then_in_red_and_says_in_green_that_it_was_renewed()
-> anyhow::Result<()> {
    in_time(watch_a_certificate()).await
}

async fn watch_a_certificate() -> anyhow::Result<()> {
    // An error means that it was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut show = Show::new(&[HUB]);
    let mut enrolment = show.enrolment(HUB, Role::Hub);
    let lasting = enrolment.identity.unverified().clone();
    let mut ending = lasting.clone();
    ending.window.until = show.clock.now().plus_ms(30 * HOUR_MS.unsigned_abs());
    enrolment.identity = identity(&ending);
    let (_kept, directory) = founded(HUB, &enrolment);
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        listen: free,
        http: free,
        enrolments: free,
        ..Config::default()
    };
    let hub = Hub::start(&directory, &config, show.clock.clone()).await?;
    hear(&hub, &mut show).await?;
    let folder = tempfile::tempdir()?;
    let browser = Browser::start(folder.path()).await?;
    browser.goto(&format!("http://{}/", hub.listening().here)).await?;
    browser.says("#admitted", "0").await?;
    let hidden = "return document.getElementById('certificates').hidden";
    assert_eq!(
        browser.run(hidden).await?,
        json!(true),
        "it lasts for more than a day"
    );

    show.clock.shift_ms(10 * HOUR_MS);
    look(&browser, AMBER, "This hub's certificate ends in").await?;
    show.clock.shift_ms(19 * HOUR_MS + HOUR_MS / 2);
    look(&browser, RED, "This hub's certificate ends in").await?;
    let identity = identity(&lasting);
    show.write(Body::DeviceEnrolled { identity });
    hear(&hub, &mut show).await?;
    look(&browser, GREEN, "was renewed").await?;

    browser.close().await?;
    hub.shutdown().await;
    Ok(())
}

async fn hear(hub: &Hub, show: &mut Show) -> anyhow::Result<()> {
    let stored = usher_link::SyncStore::store(&*hub.services().replica, show.run()).await;
    stored.ok().context("the hub takes the authority's log")?;
    Ok(())
}

/// Waits until the page says this of one certificate, in that colour.
async fn look(browser: &Browser, colour: &str, words: &str) -> anyhow::Result<()> {
    let script = "return [...document.querySelectorAll('#certificates li')]\
                  .map((line) => [line.textContent, getComputedStyle(line).backgroundColor])";
    until(format!("the page to say {words:?} in {colour}"), async || {
        let shown = browser.run(script).await?;
        let (said, seen) = (&shown[0][0], &shown[0][1]);
        let is_so = said.as_str().is_some_and(|said| said.contains(words)) && seen == colour;
        Ok((is_so && shown[1].is_null()).then_some(()))
    })
    .await
}
