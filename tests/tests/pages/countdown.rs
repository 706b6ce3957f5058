//! How long places are held, counted down on a page whose clock is wrong, and is set while it counts.

use anyhow::Context;
use serde_json::json;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};

/// Longer than places are held.
const OFF_MS: i64 = 11 * 60_000;
/// How long an event holds places that says nothing else, in seconds.
const HELD_S: u64 = 10 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn places_are_counted_down_by_what_the_server_says_and_not_by_the_buyers_clock() -> anyhow::Result<()> {
    in_time(count_down()).await
}

async fn count_down() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    for off in [OFF_MS, -OFF_MS] {
        let browser = Browser::start(&stage.path(format!("browser{off}"))).await?;
        set_clocks(&browser, off).await?;
        browser
            .goto(&format!(
                "{}/events/{}",
                stage.cloud.http.base(),
                stage.organizer.event
            ))
            .await?;
        let quantity = browser.find(&format!("input[data-tier='{STANDING}']")).await?;
        quantity.clear().await?;
        quantity.send_keys("1").await?;
        browser.find("#reserve").await?.click().await?;
        browser.says("#held", "1 held").await?;
        is_counting(&browser).await?;
        for step in [OFF_MS, -OFF_MS] {
            browser.run(&format!("window.clockOff += {step};")).await?;
            is_counting(&browser).await?;
        }
        browser.close().await?;
    }
    Ok(())
}

/// Sets the clock of every page that the browser opens; `window.clockOff` sets it anew.
async fn set_clocks(browser: &Browser, off: i64) -> anyhow::Result<()> {
    let script = format!(
        "window.clockOff = {off}; const right = Date.now; Date.now = () => right() + window.clockOff;"
    );
    let order = "Page.addScriptToEvaluateOnNewDocument";
    browser.order(order, json!({ "source": script })).await
}

/// Waits until the page tells a time that is true within a minute, twice: a clock that was just set may be asked once before the server is.
async fn is_counting(browser: &Browser) -> anyhow::Result<()> {
    let mut told = None;
    until(
        "the page to count down how long the places are held",
        async || {
            let left = Some(seconds_left(browser).await?).filter(|left| is_true(*left));
            let is_later = told.is_some_and(|told| left.is_some_and(|left| left < told));
            told = left.or(told);
            Ok(is_later.then_some(()))
        },
    )
    .await
}

fn is_true(left: u64) -> bool {
    (HELD_S - 60..=HELD_S).contains(&left)
}

async fn seconds_left(browser: &Browser) -> anyhow::Result<u64> {
    let told = browser.find("#left").await?.text().await?;
    let time = told.split(' ').next().and_then(|time| time.split_once(':'));
    let (minutes, seconds) = time.with_context(|| format!("it says {told:?}"))?;
    Ok(minutes.parse::<u64>()? * 60 + seconds.parse::<u64>()?)
}
