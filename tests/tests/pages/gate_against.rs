//! What staff say against the records at the page that is a scanner: an undo, and an override by a supervisor's PIN, with one thumb.

use anyhow::ensure;
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};
use super::gate_page::{enrol, linked, said, type_in};
use super::judge::judge;

/// A phone's screen, in CSS pixels.
const PHONE: (u32, u32) = (390, 760);
/// What a thumb hits, in CSS pixels.
const THUMB_PX: f64 = 44.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_undoes_its_last_yes_and_lets_in_by_a_supervisors_pin() -> anyhow::Result<()> {
    in_time(undo_and_override()).await
}

async fn undo_and_override() -> anyhow::Result<()> {
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
    let pin = hub.command(&["supervisors", "add", "Ada"]).await?;
    let ticket = stage.buyer().buy_one(STANDING).await?.payload;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    enrol(&browser, &hub).await?;

    undo(&browser, &ticket).await?;
    std::fs::write(stage.path("undone.png"), browser.client().screenshot().await?)?;
    inside(&hub, 0).await?;
    // The log knows that nobody passed: begun anew, the page lets them in, and the hub counts one person.
    browser.goto(&page).await?;
    linked(&browser).await?;
    type_in(&browser, &ticket, "admitted").await?;
    inside(&hub, 1).await?;
    presses_no_button(&browser).await?;
    inside(&hub, 1).await?;
    browser.goto(&page).await?;
    linked(&browser).await?;
    type_in(&browser, &ticket, "already_used").await?;

    let_in_by_a_pin(&browser, &stage, pin.trim()).await?;
    inside(&hub, 2).await?;
    let record = hub.command(&["export"]).await?;
    ensure!(
        record.contains("Ada (PIN)") && record.contains("Checked by hand"),
        "the record does not say who let them in and why: {record}"
    );
    browser.close().await
}

/// A guest's code that a wedge types goes by the keys from the field to the undo, gives a reason and confirms: it is read as a code.
async fn presses_no_button(browser: &Browser) -> anyhow::Result<()> {
    forget(browser).await?;
    let (tab, enter) = ("\u{e004}", "\u{e007}");
    let (to_undo, to_reason) = (tab.repeat(5), tab.repeat(4));
    browser.find("#typed").await?.click().await?;
    let code = format!("{to_undo}{enter}{to_reason}turned back{enter}");
    browser.press(code.chars()).await?;
    said(browser, "not_a_ticket").await?;
    let is_asked = browser
        .run("return document.getElementById('against').open")
        .await?;
    ensure!(is_asked == false, "the code has opened the sheet");
    Ok(())
}

/// Has a supervisor let in whoever was refused: with a wrong PIN, then with the right one.
async fn let_in_by_a_pin(browser: &Browser, stage: &Stage, right: &str) -> anyhow::Result<()> {
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for (pin, outcome) in [(wrong, "wrong_pin"), (right, "admitted")] {
        forget(browser).await?;
        browser.find("#override").await?.click().await?;
        let asked = browser.find("#against-ticket").await?.text().await?;
        ensure!(
            asked.contains("Standing"),
            "it does not say for which ticket: {asked}"
        );
        fill(browser, ("Checked by hand", "Ada", pin)).await?;
        judge(browser).await?;
        std::fs::write(stage.path("override.png"), browser.client().screenshot().await?)?;
        browser.find("#against-yes").await?.click().await?;
        said(browser, outcome).await?;
        let kept = browser.run("return document.getElementById('pin').value").await?;
        ensure!(kept == "", "the PIN is still there");
    }
    Ok(())
}

/// Scans, and takes it back at once from the verdict itself.
async fn undo(browser: &Browser, ticket: &str) -> anyhow::Result<()> {
    let field = browser.find("#typed").await?;
    field.send_keys(&format!("{ticket}\u{e007}")).await?;
    said(browser, "admitted").await?;
    let button = browser.find("#against-verdict").await?;
    ensure!(
        button.text().await? == "Nobody passed: undo",
        "the verdict offers no undo"
    );
    let (_, _, width, height) = button.rectangle().await?;
    ensure!(width >= THUMB_PX && height >= THUMB_PX, "too small for a thumb");
    button.click().await?;
    // Without a reason nothing is done.
    browser.find("#against-yes").await?.click().await?;
    ensure!(
        browser
            .run("return document.getElementById('against').open")
            .await?
            == true,
        "it was done"
    );
    forget(browser).await?;
    browser.find("#reasons button").await?.click().await?;
    browser.find("#against-yes").await?.click().await?;
    said(browser, "annulled").await?;
    browser.says("#verdict .words", "Undone").await?;
    browser.says("#verdict .reason", "1 person at Gate North").await?;
    browser.says("#counts", "admitted 0").await
}

/// Types what a supervisor says, with the first of the usual reasons.
async fn fill(browser: &Browser, (reason, by, pin): (&str, &str, &str)) -> anyhow::Result<()> {
    for chip in browser.all("#reasons button").await? {
        if chip.text().await? == reason {
            chip.click().await?;
        }
    }
    for (field, text) in [("#by", by), ("#pin", pin)] {
        let field = browser.find(field).await?;
        field.clear().await?;
        field.send_keys(text).await?;
    }
    Ok(())
}

async fn forget(browser: &Browser) -> anyhow::Result<()> {
    let forget = "const verdict = document.getElementById('verdict'); verdict.hidden = true; verdict.dataset.outcome = '';";
    browser.run(forget).await.map(|_: Value| ())
}

async fn inside(hub: &Hub, people: i64) -> anyhow::Result<()> {
    until(format!("{people} people inside"), async || {
        let zones = hub.status().await?.zones;
        let inside: i64 = zones.iter().map(|zone| zone.occupancy).sum();
        Ok((inside == people).then_some(()))
    })
    .await
}
