//! The page that is a scanner, in a real browser whose camera shows a real ticket, with a real hub and cloud: enrolled, asked, cut off,
//! killed and healed.

use std::path::Path;

use anyhow::{Context, ensure};
use fast_qr::QRBuilder;
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};

const ENTER: &str = "\u{e007}";
/// What the camera shows, in pixels.
const WIDTH: usize = 640;
const HEIGHT: usize = 480;
/// Pixels of a module.
const SCALE: usize = 6;
/// How many frames it shows, over and over.
const FRAMES: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_scans_by_its_camera_goes_on_alone_and_loses_nothing_that_it_said() -> anyhow::Result<()> {
    in_time(scan_with_a_page()).await
}

async fn scan_with_a_page() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
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
    let shown = stage.buyer().buy_one(STANDING).await?.payload;
    let recording = stage.path("camera.y4m");
    record(&shown, &recording)?;
    let browser = Browser::with_camera(&stage.path("browser"), &recording).await?;

    // As if a ticket were kept in this browser too.
    browser.goto(stage.cloud.http.base()).await?;
    let keep =
        "return caches.open('usher-tickets').then((kept) => kept.put('/tickets/owl', new Response('kept')))";
    browser.run(keep).await?;
    enrol(&browser, &hub).await?;
    browser.find("#start").await?.click().await?;
    said(&browser, "admitted").await?;
    browser.says("#verdict .words", "Come in").await?;

    go_on_alone(&browser, (&mut stage, &mut hub), &page).await?;
    browser.close().await
}

async fn go_on_alone(
    browser: &Browser,
    (stage, hub): (&mut Stage, &mut Hub),
    page: &str,
) -> anyhow::Result<()> {
    let [typed, alone, killed] = tickets(stage).await?;
    // Opened anew it knows nothing of what its camera has shown, and says what the log says.
    browser.goto(page).await?;
    linked(browser).await?;
    browser.find("#start").await?.click().await?;
    said(browser, "already_used").await?;
    browser.goto(page).await?;
    linked(browser).await?;
    type_in(browser, &typed, "admitted").await?;
    ensure!(!is_alone(browser).await?, "the hub was there");

    until("the page to be kept by the browser", async || {
        let kept = browser
            .run("return navigator.serviceWorker.controller !== null")
            .await?;
        Ok((kept == true).then_some(()))
    })
    .await?;
    let ticket = browser.run("return caches.has('usher-tickets')").await?;
    ensure!(ticket == true, "the page threw away what pages of tickets keep");
    // With no hub, no cloud and no network, and begun again like that.
    hub.process.kill9()?;
    stage.cloud.process.kill9()?;
    browser.says("#line", "ALONE").await?;
    type_in(browser, &alone, "admitted").await?;
    ensure!(is_alone(browser).await?, "nobody was there to ask");
    browser.goto(page).await?;
    browser.says("#line", "ALONE").await?;
    type_in(browser, &alone, "already_used").await?;
    // The tab is gone the moment that it has answered.
    type_in(browser, &killed, "admitted").await?;
    browser.goto("about:blank").await?;

    hub.start_again().await?;
    browser.goto(page).await?;
    linked(browser).await?;
    until("the hub to have heard of all who were let in", async || {
        let gates = hub.status().await?.gates;
        let admitted: u64 = gates.iter().map(|gate| gate.admitted).sum();
        Ok((admitted == 4).then_some(()))
    })
    .await?;
    browser.says("#facts", "0 records not handed on yet").await?;
    type_in(browser, &killed, "already_used").await?;
    Ok(())
}

async fn tickets(stage: &Stage) -> anyhow::Result<[String; 3]> {
    let buyer = stage.buyer();
    let mut bought = [const { String::new() }; 3];
    for payload in &mut bought {
        *payload = buyer.buy_one(STANDING).await?.payload;
    }
    Ok(bought)
}

/// Makes the page a device of that hub.
pub async fn enrol(browser: &Browser, hub: &Hub) -> anyhow::Result<()> {
    browser.goto(&hub.page_code().await?).await?;
    browser.find("body[data-stage='fresh']").await?;
    let address = browser.client().current_url().await?;
    ensure!(address.fragment().is_none(), "the code is still in the address");
    // Touched twice, it is enrolled once.
    browser.find("#enrol").await?;
    let touch_twice = "window.entered = 0;
        const count = (changes) => { window.entered += changes.length; };
        new MutationObserver(count).observe(document.body, { attributes: true, attributeFilter: ['data-stage'] });
        const enrol = document.getElementById('enrol');
        enrol.click();
        enrol.click();";
    browser.run(touch_twice).await?;
    until("the page to be enrolled", async || {
        let stage = browser.run("return document.body.dataset.stage").await?;
        let why = browser
            .run("return document.getElementById('enrolling').textContent")
            .await?;
        ensure!(why == "" || why == "Asking the hub", "{why}");
        Ok((stage == "ready").then_some(()))
    })
    .await?;
    linked(browser).await?;
    let entered = browser.run("return window.entered").await?;
    ensure!(entered == 1, "it was enrolled {entered} times");
    Ok(())
}

pub async fn linked(browser: &Browser) -> anyhow::Result<()> {
    browser.says("#line", "linked to Hub North").await?;
    browser.says("#place", "Night of the Owls").await
}

pub async fn type_in(browser: &Browser, payload: &str, outcome: &str) -> anyhow::Result<()> {
    browser
        .run("document.getElementById('verdict').click(); document.getElementById('verdict').dataset.outcome = ''")
        .await?;
    let field = browser.find("#typed").await?;
    field.send_keys(&format!("{payload}{ENTER}")).await?;
    said(browser, outcome).await?;
    browser.run("document.getElementById('verdict').click()").await?;
    Ok(())
}

pub async fn said(browser: &Browser, outcome: &str) -> anyhow::Result<()> {
    let mut last = Value::Null;
    let found = until(format!("the page to say {outcome}"), async || {
        last = browser
            .run("return document.getElementById('verdict').dataset.outcome ?? document.getElementById('hint').textContent")
            .await?;
        Ok((last == outcome).then_some(()))
    });
    found.await.with_context(|| format!("it says {last}"))
}

pub async fn is_alone(browser: &Browser) -> anyhow::Result<bool> {
    let said = browser
        .run("return document.querySelector('#last li').textContent")
        .await?;
    Ok(said.as_str().context("the last answer")?.contains("judged alone"))
}

/// Writes what a camera sees that looks at a code on white paper: uncompressed pictures, brightness first.
fn record(payload: &str, file: &Path) -> anyhow::Result<()> {
    let code = QRBuilder::new(payload).build();
    let code = code.map_err(|error| anyhow::anyhow!("making a QR code: {error:?}"))?;
    let origin = [WIDTH, HEIGHT].map(|side| (side - code.size * SCALE) / 2);
    let is_dark = |x: usize, y: usize| {
        let [column, row] = [(x, origin[0]), (y, origin[1])].map(|(at, origin)| at.checked_sub(origin));
        let (Some(column), Some(row)) = (column, row) else {
            return false;
        };
        let (column, row) = (column / SCALE, row / SCALE);
        column < code.size && row < code.size && code[row][column].value()
    };
    let luma = (0..WIDTH * HEIGHT).map(|at| if is_dark(at % WIDTH, at / WIDTH) { 30 } else { 220 });
    let mut frame = b"FRAME\n".to_vec();
    frame.extend(luma);
    frame.extend(std::iter::repeat_n(128, WIDTH * HEIGHT / 2));
    let head = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n");
    let all = [head.as_bytes(), &frame.repeat(FRAMES)].concat();
    std::fs::write(file, all).context("writing the recording")
}
