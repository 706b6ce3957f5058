//! A waiting room as people see it, with scripts and without: they join, see how long it takes, and are led on to the sale.

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::{PATIENCE, until, until_within};

use super::browser::{Browser, in_time};
use super::judge::judge;

/// Who joined before the browser, and how many are let through in a minute: eight seconds of waiting.
const BEFORE: u64 = 4; // so that the next but one has rank 5
const PER_MINUTE: u32 = 30;

/// A moment in the past: people are let through.
const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// A moment to come: everybody waits for it.
const LONG_AHEAD: &str = "2099-01-01T00:00:00Z";

/// Has others join before the browser does.
async fn others_join(stage: &Stage) -> anyhow::Result<()> {
    let event = &stage.organizer.event;
    for _ in 0..BEFORE {
        let join = format!("/v1/events/{event}/waiting-room/passes");
        stage.cloud.http.post(&join, &Value::Null).await?.expect(201)?;
    }
    Ok(())
}

/// Returns where people wait.
fn wait_page(stage: &Stage) -> String {
    let event = &stage.organizer.event;
    format!("{}/events/{event}/wait", stage.cloud.http.base())
}

async fn set_room(stage: &Stage, opens_at: &str) -> anyhow::Result<()> {
    let path = stage.organizer.path("waiting-room");
    let room = json!({ "opens_at": opens_at, "per_minute": PER_MINUTE });
    let set = stage.organizer.http.send(Method::PUT, &path, Some(&room)).await?;
    set.expect(200)?;
    Ok(())
}

/// Waits until the browser is led to the page that sells.
async fn led_on(browser: &Browser) -> anyhow::Result<()> {
    // A page without scripts loads itself again after fifteen seconds.
    let led = until_within(2 * PATIENCE, "the event's page", async || {
        let url = browser.client().current_url().await?;
        Ok((!url.path().ends_with("/wait")).then_some(()))
    });
    led.await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_waits_its_turn_and_buys() -> anyhow::Result<()> {
    in_time(wait_and_buy()).await
}

async fn wait_and_buy() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    // In the lobby, to be moved to the past when everybody has looked.
    set_room(&stage, LONG_AHEAD).await?;
    let wait = wait_page(&stage);
    browser.goto(&wait).await?;
    judge(&browser).await?;
    browser.find("form button").await?.click().await?;
    browser.says("[role=status]", "You have joined").await?;
    judge(&browser).await?;

    // Another visitor comes after four others, when people are let through.
    let other = Browser::start(&stage.path("other")).await?;
    set_room(&stage, LONG_AGO).await?;
    others_join(&stage).await?;
    other.goto(&wait).await?;
    other.find("form button").await?.click().await?;
    other.says("#time", "It takes about").await?;
    judge(&other).await?;
    let place = other.find("#place").await?.text().await?;
    // A reload and a second window keep the place.
    other.goto(&wait).await?;
    other.says("#place", "before you").await?;
    let rank = other
        .run("return document.getElementById('room').dataset.rank")
        .await?;
    ensure!(rank.as_str() == Some("5"), "{rank}, and it said {place}");

    led_on(&browser).await?;
    led_on(&other).await?;
    let quantity = other.find(&format!("input[data-tier='{STANDING}']")).await?;
    quantity.clear().await?;
    quantity.send_keys("1").await?;
    other.find("#reserve").await?.click().await?;
    other.says("#held", "1 held").await?;
    other.close().await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_scripts_waits_its_turn_by_loading_the_page_again() -> anyhow::Result<()> {
    in_time(wait_without_scripts()).await
}

async fn wait_without_scripts() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    set_room(&stage, LONG_AHEAD).await?;
    let browser = Browser::without_scripts(&stage.path("browser")).await?;
    browser.goto(&wait_page(&stage)).await?;
    browser.find("form button").await?.click().await?;
    holds(&browser, "You have joined").await?;
    set_room(&stage, LONG_AGO).await?;
    led_on(&browser).await?;
    // The sale itself takes scripts, and says so.
    let sale = holds(&browser, "allow this page to run JavaScript").await?;
    ensure!(!sale.contains("waiting room"), "it was let through");
    browser.close().await
}

/// Waits until the page's main part holds a text, and returns that part: what an element shows, a driver finds out by a script.
async fn holds(browser: &Browser, text: &str) -> anyhow::Result<String> {
    until(format!("the page to hold {text:?}"), async || {
        let page = browser.client().source().await?;
        let main = page.split_once("<main").map_or("", |(_, main)| main);
        let main = main.split_once("</main>").map_or(main, |(main, _)| main);
        Ok(main.contains(text).then(|| main.to_owned()))
    })
    .await
}
