//! What the page that is a scanner keeps: killed in the middle of scans it has all that it showed, and where it can keep nothing it says so.
//!
//! Five kills in the suite, fifty in `make soak` (about six minutes); each says its seed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::time::{sleep, timeout};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};
use super::gate_page::{enrol, linked, type_in};

const KILLS: Rounds = Rounds { suite: 5, soak: 50 };
/// How many tickets are scanned, one right after the other, when the page is killed.
const TICKETS: u8 = 6;
/// A round starts a browser.
const ROUND_TIME: Duration = Duration::from_secs(60);
/// The page is killed within so many milliseconds from the first scan.
const WITHIN_MS: u64 = 250;

struct Venue {
    stage: Stage,
    hub: Hub,
    page: String,
}

async fn venue() -> anyhow::Result<Venue> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut hub = stage
        .hub(HubSetup {
            dir: stage.path("hub"),
            name: "Hub North",
            peers: Vec::new(),
        })
        .await?;
    let page = format!("{}/gate", stage.cloud.http.base());
    hub.serve_pages(&page).await?;
    hub.linked_to("cloud").await?;
    Ok(Venue { stage, hub, page })
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_moment_it_is_killed_at_it_has_all_that_it_showed() -> anyhow::Result<()> {
    let effort = Effort::of("kills of a page", 11, KILLS);
    let rounds = u32::try_from(effort.rounds)?;
    timeout(ROUND_TIME * (2 + rounds), kill_again_and_again(effort))
        .await
        .context("the browser does not answer")?
}

async fn kill_again_and_again(effort: Effort) -> anyhow::Result<()> {
    let mut venue = venue().await?;
    let folder = venue.stage.path("browser");
    let mut browser = Browser::start(&folder).await?;
    enrol(&browser, &venue.hub).await?;
    venue.hub.process.kill9()?;
    let mut shown_in_all = 0;
    for round in 0..effort.rounds {
        // A number of its own for each round, from the seed.
        let drawn = (effort.seed + round).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let tickets = tickets(&venue.stage).await?;
        browser.says("#line", "ALONE").await?;
        scan_all(&browser, &tickets).await?;
        sleep(Duration::from_millis(drawn % WITHIN_MS)).await;
        let shown = admitted(&browser).await?;
        shown_in_all += shown.len();
        // The whole browser, as when the battery is empty; or only the tab.
        browser = match drawn.is_multiple_of(2) {
            true => kill(browser, &folder).await?,
            false => close_the_tab(browser).await?,
        };
        browser.goto(&venue.page).await?;
        browser.says("#line", "ALONE").await?;
        for ticket in shown {
            let found = type_in(&browser, &ticket, "already_used").await;
            found.with_context(|| format!("round {round} of seed {}: a verdict is lost", effort.seed))?;
        }
    }
    ensure!(shown_in_all > 0, "it was always killed before its first verdict");
    venue.hub.start_again().await?;
    browser.goto(&venue.page).await?;
    linked(&browser).await?;
    until("the hub to have heard of all who were let in", async || {
        let gates = venue.hub.status().await?.gates;
        let admitted: u64 = gates.iter().map(|gate| gate.admitted).sum();
        Ok((admitted >= u64::try_from(shown_in_all)?).then_some(()))
    })
    .await?;
    browser.close().await
}

async fn tickets(stage: &Stage) -> anyhow::Result<Vec<String>> {
    let wish = Wish::Any {
        tier: STANDING,
        quantity: TICKETS.into(),
    };
    let booking = stage.buyer().buy(&wish).await?;
    let payloads = booking.tickets.into_iter().map(|ticket| ticket.payload);
    Ok(payloads.collect())
}

/// Has the page scan them one right after the other, and take down which of them it showed as let in.
async fn scan_all(browser: &Browser, tickets: &[String]) -> anyhow::Result<()> {
    let tickets = serde_json::to_string(tickets)?;
    let script = format!(
        "window.shown = [];
        const tickets = {tickets};
        const last = document.getElementById('last');
        new MutationObserver(() => {{
            if (last.firstChild.dataset.outcome === 'admitted') window.shown.push(tickets[window.shown.length]);
        }}).observe(last, {{ childList: true }});
        for (const ticket of tickets) {{
            document.getElementById('typed').value = ticket;
            document.getElementById('typing').requestSubmit();
        }}"
    );
    browser.run(&script).await?;
    Ok(())
}

async fn admitted(browser: &Browser) -> anyhow::Result<Vec<String>> {
    let shown = browser.run("return window.shown").await?;
    Ok(serde_json::from_value(shown)?)
}

/// Kills the whole browser, and starts one where it was.
async fn kill(browser: Browser, folder: &Path) -> anyhow::Result<Browser> {
    drop(browser);
    // A browser that was killed leaves its mark, and where nobody buries the dead the next one takes it for alive.
    for mark in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
        // An error means that it left none.
        let _ = fs::remove_file(folder.join("profile").join(mark));
    }
    Browser::start(folder).await
}

async fn close_the_tab(browser: Browser) -> anyhow::Result<Browser> {
    let client = browser.client();
    let page = client.window().await?;
    let spare = client.new_window(true).await?.handle;
    client.switch_to_window(page).await?;
    client.close_window().await?;
    client.switch_to_window(spare).await?;
    Ok(browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_phone_judges_nobody_says_so_and_goes_on_once_there_is_room() -> anyhow::Result<()> {
    in_time(fill_the_phone()).await
}

async fn fill_the_phone() -> anyhow::Result<()> {
    let venue = venue().await?;
    let browser = Browser::start(&venue.stage.path("browser")).await?;
    enrol(&browser, &venue.hub).await?;
    let mut tickets = tickets(&venue.stage).await?;
    // What the hub judges is not in this phone's log: only alone it writes.
    let mut hub = venue.hub;
    hub.process.kill9()?;
    browser.says("#line", "ALONE").await?;
    type_in(&browser, &tickets.remove(0), "admitted").await?;
    let origin = venue.stage.cloud.http.base().to_owned();
    let quota = "Storage.overrideQuotaForOrigin";
    browser
        .order(quota, json!({ "origin": origin, "quotaSize": 1 }))
        .await?;
    // What room the browser had set aside for the file is gone with the page.
    browser.goto(&venue.page).await?;
    browser.says("#line", "ALONE").await?;
    let ticket = tickets.remove(0);
    type_in(&browser, &ticket, "cannot_decide").await?;
    browser.says("#troubles", "free some space").await?;
    // Nothing of it was written, and it goes on as soon as there is room.
    browser.order(quota, json!({ "origin": origin })).await?;
    type_in(&browser, &ticket, "admitted").await?;
    browser.goto(&venue.page).await?;
    type_in(&browser, &ticket, "already_used").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tab_and_a_page_without_storage_say_why_they_cannot_scan() -> anyhow::Result<()> {
    in_time(keep_nothing()).await
}

async fn keep_nothing() -> anyhow::Result<()> {
    let venue = venue().await?;
    let browser = Browser::with_name(&venue.stage.path("browser"), "gate.example").await?;
    enrol(&browser, &venue.hub).await?;
    let first = browser.client().window().await?;
    let second = browser.client().new_window(true).await?.handle;
    browser.client().switch_to_window(second).await?;
    browser.goto(&venue.page).await?;
    browser.says("#why", "open in another tab or window").await?;
    // Over plain HTTP at a name there is no storage and no key.
    let address = venue.page.replace("127.0.0.1", "gate.example");
    ensure!(address != venue.page, "the page is at a number: {address}");
    browser.goto(&address).await?;
    browser.says("#why", "in an ordinary window, over https").await?;
    browser.client().close_window().await?;
    browser.client().switch_to_window(first).await?;
    let ticket = tickets(&venue.stage).await?.remove(0);
    type_in(&browser, &ticket, "admitted").await?;
    browser.close().await
}
