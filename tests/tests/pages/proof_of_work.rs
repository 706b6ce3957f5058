//! An event that asks for a proof of work: the page has the browser work, and leads whoever cannot to another way.

use reqwest::Method;
use serde_json::json;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_works_for_places_and_one_that_cannot_is_led_to_a_letter() -> anyhow::Result<()> {
    in_time(work()).await
}

async fn work() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let bounds = stage.organizer.path("hold-bounds");
    let asked = json!({ "proof_of_work": true });
    let set = stage
        .organizer
        .http
        .send(Method::PUT, &bounds, Some(&asked))
        .await?;
    set.expect(200)?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    reserve(&browser, &page).await?;
    browser.says("#held", "1 held").await?;
    browser.find("#release").await?.click().await?;
    browser.find("#reserve").await?;

    let unable =
        "window.Worker = class { postMessage() { this.onmessage({ data: null }); } terminate() {} };";
    let order = "Page.addScriptToEvaluateOnNewDocument";
    browser.order(order, json!({ "source": unable })).await?;
    reserve(&browser, &page).await?;
    let wanted = format!("/my-tickets?event={}", stage.organizer.event);
    until("the page to lead to a letter", async || {
        let at = browser.run("return location.pathname + location.search").await?;
        Ok((at == wanted.as_str()).then_some(()))
    })
    .await?;
    browser.close().await
}

async fn reserve(browser: &Browser, page: &str) -> anyhow::Result<()> {
    browser.goto(page).await?;
    let quantity = browser.find(&format!("input[data-tier='{STANDING}']")).await?;
    quantity.clear().await?;
    quantity.send_keys("1").await?;
    browser.find("#reserve").await?.click().await?;
    Ok(())
}
