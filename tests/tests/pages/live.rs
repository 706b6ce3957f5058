//! A ticket that a phone shows live: bound in a real browser, read by our eyes, judged by a real hub, with the phone's clock wrong, its network
//! gone and a picture taken of it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until_within;
use usher_tests::stage::programs::{Program, Programs};
use usher_tests::stage::scanner::Scanner;

use super::browser::{Browser, in_time};

/// How long after it was taken the picture is shown.
const PICTURE_AGE_MS: i64 = 45_000;

/// A hub with a scanner at its gate.
struct Gate {
    hub: Hub,
    scanner: Scanner,
}

impl Gate {
    async fn open(stage: &Stage) -> anyhow::Result<Self> {
        let setup = HubSetup {
            dir: stage.path("hub"),
            name: "Hub North",
            peers: Vec::new(),
        };
        let hub = stage.hub(setup).await?;
        hub.linked_to("cloud").await?;
        let code = hub.scanner_code().await?;
        let scanner = Scanner::enrol(&stage.programs, &stage.path("scanner"), &code).await?;
        let scanner = scanner.with_hub(hub.listening.quic);
        Ok(Self { hub, scanner })
    }
}

fn page_of(stage: &Stage, ticket: &BoughtTicket) -> String {
    format!("{}/tickets/{}", stage.cloud.http.base(), ticket.ticket_id)
}

/// Presses the button that puts the ticket of the page on this phone, and waits until it shows its code.
async fn bind(browser: &Browser) -> anyhow::Result<()> {
    browser.find("#bind").await?.click().await?;
    browser
        .says("#live", "new every 10 seconds")
        .await
        .context("the ticket is not bound")
}

/// Returns when the code on the page was drawn, in milliseconds, by the page's own word.
async fn shown_at(browser: &Browser) -> anyhow::Result<i64> {
    let script = "return Number(document.getElementById('ticket').dataset.shownAt)";
    browser.run(script).await?.as_i64().context("a moment")
}

/// Takes a picture of the code on the page.
async fn photograph(stage: &Stage, browser: &Browser, name: &str) -> anyhow::Result<PathBuf> {
    let file = stage.path(name);
    let code = browser.find("#live-code").await?;
    std::fs::write(&file, code.screenshot().await?)?;
    Ok(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_a_live_ticket_opens_nothing_and_the_phone_does_though_its_clock_is_wrong()
-> anyhow::Result<()> {
    in_time(photograph_and_replay()).await
}

async fn photograph_and_replay() -> anyhow::Result<()> {
    // Everybody's clock but the phone's is 5 minutes ahead of it.
    let stage = Stage::on_sale_by(Programs::find()?.off_by("+300")?, Places::FEW, "").await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let paper = stage.buyer().save_code(&ticket, &stage.path("")).await?;
    let gate = Gate::open(&stage).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(&page_of(&stage, &ticket)).await?;
    bind(&browser).await?;
    browser
        .says("#clock-trouble", "clock is 5 min behind ours")
        .await?;
    let draw = "return new Promise((done) => { const old = document.getElementById('ticket').dataset.shownAt; \
                document.dispatchEvent(new Event('visibilitychange')); \
                setInterval(() => document.getElementById('ticket').dataset.shownAt !== old && done(true), 20); })";
    browser.run(draw).await?;
    let picture = photograph(&stage, &browser, "picture.png").await?;
    let taken_at = shown_at(&browser).await?;
    let read = stage
        .programs
        .run(Program::Scan, &["decode".as_ref(), picture.as_os_str()])
        .await?;
    let digits = read.rsplit('\t').next().unwrap_or_default();
    assert!((435..=459).contains(&digits.len()), "{read}");

    let shown = gate.scanner.scan(NORTH, &paper).await?;
    assert_eq!(shown.outcome, "superseded", "{}", shown.words);

    // A browser behind others draws late: what counts is how old the picture is.
    until_within(Duration::from_secs(60), "the picture to be old", async || {
        let age_ms = shown_at(&browser).await? - taken_at;
        Ok((age_ms >= PICTURE_AGE_MS).then_some(()))
    })
    .await?;
    let shown = gate.scanner.scan(NORTH, &picture).await?;
    assert_eq!(shown.outcome, "not_live");
    let why = "This code was not made on a phone just now: ask for the live ticket on the phone";
    assert_eq!(shown.reason.as_deref(), Some(why), "{}", shown.words);
    let live = photograph(&stage, &browser, "live.png").await?;
    let shown = gate.scanner.scan(NORTH, &live).await?;
    assert_eq!(shown.outcome, "admitted", "{}", shown.words);
    gate.hub.linked_to("cloud").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_phone_takes_a_ticket_with_the_booking_alone_and_works_a_day_without_a_network()
-> anyhow::Result<()> {
    in_time(change_phones_and_lose_the_network()).await
}

async fn change_phones_and_lose_the_network() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let buyer = stage.buyer();
    let (tier, quantity) = (STANDING, 1);
    let wish = Wish::Any { tier, quantity };
    let booking = buyer.buy(&wish).await?;
    let ticket = &booking.tickets[0];
    let gate = Gate::open(&stage).await?;
    let first = Browser::start(&stage.path("first")).await?;
    first.goto(&page_of(&stage, ticket)).await?;
    bind(&first).await?;
    let old_picture = photograph(&stage, &first, "first.png").await?;
    let bound = first.client().current_url().await?;

    let second = Browser::start(&stage.path("second")).await?;
    second.goto(bound.as_str()).await?;
    second.says("#elsewhere", "on another phone").await?;
    second.find("#bind").await?.click().await?;
    second
        .says("#bind-says", "open it from the page of its booking")
        .await?;
    // The way that a buyer goes: from the booking's page, whose address is the secret.
    second.goto("about:blank").await?;
    second.goto(&format!("{bound}#{}", booking.booking_id)).await?;
    bind(&second).await?;
    let shown = gate.scanner.scan(NORTH, &old_picture).await?;
    assert_eq!(shown.outcome, "superseded", "{}", shown.words);
    first.client().refresh().await?;
    first.says(".void", "Replaced by a newer ticket").await?;
    first.close().await?;

    second.says("#offline", "works without a network").await?;
    stage.cloud.process.kill9()?;
    let a_day_ago = "const kept = JSON.parse(localStorage.getItem('usher-clock')); kept.comparedAt -= 86400000; \
                     localStorage.setItem('usher-clock', JSON.stringify(kept)); return true";
    assert_eq!(second.run(a_day_ago).await?, json!(true));
    second.client().refresh().await?;
    second.says("#clock-trouble", "No network for 24 hours").await?;
    second.says("#live", "new every 10 seconds").await?;
    second.says("#offline", "works without a network").await?;
    let live = photograph(&stage, &second, "live.png").await?;
    let shown = gate.scanner.scan(NORTH, &live).await?;
    assert_eq!(shown.outcome, "admitted", "{}", shown.words);
    let screen = second.client().screenshot().await?;
    std::fs::write(stage.path("screen.png"), screen)?;
    second.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_makes_no_such_key_says_what_to_do() -> anyhow::Result<()> {
    in_time(without_keys()).await
}

async fn without_keys() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(&page_of(&stage, &ticket)).await?;
    let old = "crypto.subtle.generateKey = async () => { throw new DOMException('no', 'NotSupportedError'); }; return true";
    browser.run(old).await?;
    browser.find("#bind").await?.click().await?;
    browser
        .says("#bind-says", "This browser cannot make a key for the ticket")
        .await?;
    let same = stage.buyer().ticket(&ticket.ticket_id).await?;
    assert_eq!((same.status.as_str(), same.generation), ("valid", 1));
    browser.close().await
}
