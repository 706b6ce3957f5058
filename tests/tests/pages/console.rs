//! The organizer's console in a real browser, on a phone and on a desk: figures after a sale, money given back, a message to buyers, a team, places
//! set aside, the gates, a code for a device, and the wallboard, which alone has a script.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::venue::Venue;

use super::browser::{Browser, in_time};
use super::judge::judge;
use super::log_in::{fill, invited, take};

/// A phone and a desk, in CSS pixels.
const PHONE: (u32, u32) = (390, 844);
const DESK: (u32, u32) = (1_280, 900);

/// Judges a page, and keeps a picture of it.
async fn look(browser: &Browser, page: &str) -> anyhow::Result<()> {
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("console-{page}.png"));
    std::fs::write(picture, browser.client().screenshot().await?)?;
    let wider = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
    ensure!(
        browser.run(wider).await? == Value::Bool(false),
        "{page} is wider than its screen"
    );
    judge(browser).await.with_context(|| format!("judging {page}"))
}

/// Opens a page again and again, as people do, until an element of it says something.
async fn reload_until(
    browser: &Browser,
    address: &str,
    (selector, words): (&str, &str),
) -> anyhow::Result<()> {
    let said = format!("return document.querySelector('{selector}')?.textContent ?? ''");
    until(format!("{address} to say {words:?}"), async || {
        browser.goto(address).await?;
        let shown = browser.run(&said).await?;
        let is_there = shown.as_str().is_some_and(|shown| shown.contains(words));
        Ok(is_there.then_some(()))
    })
    .await
}

/// Returns where the one event is in the console.
fn event_page(stage: &Stage) -> String {
    let (base, event) = (stage.cloud.http.base(), &stage.organizer.event);
    format!("{base}/console/events/{event}")
}

/// Logs somebody in, and goes to the pages of the one event.
async fn come_in(stage: &Stage, browser: &Browser, email: &str) -> anyhow::Result<()> {
    come_in_as(stage, browser, (email, "manager")).await
}

async fn come_in_as(stage: &Stage, browser: &Browser, (email, role): (&str, &str)) -> anyhow::Result<()> {
    take(browser, &invited(stage, email, role).await?).await?;
    browser.find("#go-on").await?.click().await?;
    browser.find("#console").await?.click().await?;
    browser.says("#events", "on sale").await?;
    browser.find("#events a").await?.click().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizer_sees_a_sale_and_gives_its_money_back_on_a_phone() -> anyhow::Result<()> {
    in_time(give_money_back()).await
}

async fn give_money_back() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    stage.buyer().buy_one(STANDING).await?;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    come_in(&stage, &browser, "ada@owls.example").await?;
    browser.says("#sold", "1").await?;
    browser.says("#earned", "59.00 EUR").await?;
    look(&browser, "sales-390").await?;
    browser.find("nav a[href$='/bookings']").await?.click().await?;
    fill(&browser, &[("text", "nobody@example.org")], "#search").await?;
    browser.says("#none", "Nothing was found").await?;
    browser.find("nav a[href$='/bookings']").await?.click().await?;
    browser.says("#found", "confirmed").await?;
    look(&browser, "bookings-390").await?;
    browser.find("#found a").await?.click().await?;
    browser.says("#status", "confirmed").await?;
    look(&browser, "booking-390").await?;
    browser.find("#refund").await?.click().await?;
    browser.says("#warning", "Nobody can take this back").await?;
    look(&browser, "refund-390").await?;
    browser.find("input[name='sure']").await?.click().await?;
    browser.find("#give").await?.click().await?;
    browser.says("#status", "refunded").await?;
    browser.says("#given-back", "59.00 EUR").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizer_writes_to_all_buyers_on_a_phone() -> anyhow::Result<()> {
    in_time(write_to_buyers()).await
}

/// Settings with a mail server that does not answer: letters wait.
const MAIL: &str =
    "[mail]\nserver = \"127.0.0.1\"\nport = 9\nsecurity = \"none\"\nfrom = \"tickets@owls.example\"\n";

async fn write_to_buyers() -> anyhow::Result<()> {
    let stage = Stage::on_sale_with(Places::FEW, MAIL).await?;
    stage.buyer().buy_one(STANDING).await?;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    come_in(&stage, &browser, "ada@owls.example").await?;
    browser.find("nav a[href$='/messages']").await?.click().await?;
    let text = browser.find("textarea[name='text']").await?;
    text.send_keys("The roof is <b>open</b>.\n\nSee you!").await?;
    look(&browser, "messages-390").await?;
    fill(&browser, &[("subject", "Bring a <coat>")], "#look").await?;
    browser.says("#recipients", "1 booking").await?;
    browser
        .says("#letter", "The roof is <b>open</b>.\n\nSee you!")
        .await?;
    look(&browser, "message-390").await?;
    browser.find("input[name='sure']").await?.click().await?;
    browser.find("#send").await?.click().await?;
    browser.says("#begun", "written and sent").await?;
    let messages = format!("{}/messages", event_page(&stage));
    reload_until(&browser, &messages, ("#sent", "1 letter written")).await?;
    look(&browser, "messages-sent-390").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_builds_a_team_and_keeps_places_for_guests() -> anyhow::Result<()> {
    in_time(build_a_team()).await
}

async fn build_a_team() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    come_in_as(&stage, &browser, ("ada@owls.example", "owner")).await?;
    browser.find("#team").await?.click().await?;
    browser.says("#people", "Ada (you)").await?;
    look(&browser, "team-390").await?;
    browser.find("input[value='box_office']").await?.click().await?;
    let eve = [("name", "Eve"), ("email", "eve@owls.example")];
    fill(&browser, &eve, "#invite").await?;
    browser.says("#link", "/staff/invitations/uin_").await?;
    look(&browser, "invited-390").await?;
    browser
        .find("main a[href='/console/team']")
        .await?
        .click()
        .await?;
    browser.says("#invitations", "eve@owls.example").await?;
    browser.find("button.withdraw").await?.click().await?;
    browser.says("#news", "taken back").await?;
    browser.find("a.remove").await?.click().await?;
    browser.says("#warning", "Nobody can take this back").await?;
    look(&browser, "remove-390").await?;

    browser.goto(&format!("{}/blocks", event_page(&stage))).await?;
    browser.says("#none", "Nothing is set aside").await?;
    let standing = format!("tier_{STANDING}");
    let kept = [("name", "Promoter's list"), (standing.as_str(), "3")];
    fill(&browser, &kept, "#set-aside").await?;
    browser.says("#blocks", "Promoter's list").await?;
    look(&browser, "blocks-390").await?;
    browser.find("a.release").await?.click().await?;
    look(&browser, "release-390").await?;
    fill(&browser, &[(standing.as_str(), "1")], "#release").await?;
    browser.says("#blocks", "2 ×").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizer_watches_people_come_and_lets_a_device_in() -> anyhow::Result<()> {
    in_time(watch_an_evening()).await
}

async fn watch_an_evening() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let (first, second) = (
        stage.buyer().buy_one(STANDING).await?,
        stage.buyer().buy_one(STANDING).await?,
    );
    let venue = Venue::open(&stage).await?;
    let gate = venue.north.turnstile(NORTH).await?;
    for _ in 0..2 {
        gate.scan(&first.payload).await?;
    }
    let browser = Browser::with_screen(&stage.path("browser"), DESK).await?;
    come_in(&stage, &browser, "bob@owls.example").await?;
    browser.says("#sold", "2").await?;
    look(&browser, "sales-1280").await?;
    let event = event_page(&stage);
    reload_until(&browser, &format!("{event}/gates"), ("#reasons", "Already used")).await?;
    browser.says("#devices", "linked now").await?;
    look(&browser, "gates-1280").await?;
    browser.goto(&format!("{event}/wallboard")).await?;
    browser.says("#admitted", "1").await?;
    browser.says("#hubs", "2\nof 2").await?;
    // Whoever comes in now is seen without anybody touching the page.
    gate.scan(&second.payload).await?;
    browser.says("#admitted", "2").await?;
    look(&browser, "wallboard-1280").await?;
    browser.goto(&format!("{event}/devices")).await?;
    browser.says("#readiness", "2 hubs are enrolled").await?;
    look(&browser, "devices-1280").await?;
    browser.find("input[value='scanner']").await?.click().await?;
    fill(&browser, &[("name", "North 7")], "#make-code").await?;
    browser.says("#command", "usher-scan enroll usher-enrol:").await?;
    look(&browser, "code-1280").await?;
    browser.close().await
}
