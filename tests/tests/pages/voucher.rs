//! A code on an event's page: it lowers prices, and shows what others do not see.

use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};

use super::browser::{Browser, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lowers_a_price_on_the_page_and_unlocks_what_is_hidden() -> anyhow::Result<()> {
    in_time(use_codes()).await
}

async fn ask(stage: &Stage, (method, status): (Method, u16), path: &str, body: &Value) -> anyhow::Result<()> {
    let answer = stage.organizer.http.send(method, path, Some(body)).await?;
    answer.expect(status)?;
    Ok(())
}

async fn enter(browser: &Browser, code: &str) -> anyhow::Result<()> {
    let field = browser.find("#code input").await?;
    field.clear().await?;
    field.send_keys(code).await?;
    browser.find("#code button").await?.click().await?;
    Ok(())
}

async fn use_codes() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let vouchers = stage.organizer.path("vouchers");
    let half = json!({ "codes": ["HALF"], "name": "Half", "percent": 50, "tiers": [STANDING] });
    let club = json!({ "codes": ["CLUB"], "name": "Club", "unlocks": true, "tiers": [STANDING] });
    for terms in [half, club] {
        ask(&stage, (Method::POST, 201), &vouchers, &terms).await?;
    }
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    enter(&browser, "NONE").await?;
    browser.says("#message", "code").await?;
    enter(&browser, "half").await?;
    browser.says("#code-says", "HALF is used").await?;
    let price = format!("[data-shown='{STANDING}']");
    browser.says(&price, "29.50 EUR").await?;
    enter(&browser, "").await?;
    browser.says(&price, "59.00 EUR").await?;

    let event = format!("/v1/organizer/events/{}", stage.organizer.event);
    let hidden = json!({ "tiers": [{ "tier": STANDING, "hidden": true }] });
    ask(&stage, (Method::PATCH, 200), &event, &hidden).await?;
    browser.goto(&page).await?;
    browser.find("#code input").await?;
    assert_eq!(browser.all(&price).await?.len(), 0);
    enter(&browser, "club").await?;
    browser.says(&price, "59.00 EUR").await?;
    let quantity = browser.find(&format!("input[data-tier='{STANDING}']")).await?;
    quantity.clear().await?;
    quantity.send_keys("2").await?;
    browser.says("#total", "2 tickets, 118.00 EUR").await?;
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "2 held, 118.00 EUR in all").await?;
    browser.close().await
}
