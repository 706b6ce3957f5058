//! Somebody of an organizer's in a real browser: invited, with a password and an app on the phone, in and out again. The pages have no script.

use std::time::SystemTime;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use usher_cloud::staff::one_time::{code, read_secret, step_at};
use usher_keys::Timestamp;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;

use super::browser::{Browser, in_time};

const EMAIL: &str = "ada@owls.example";
const PASSWORD: &str = "correct horse battery";

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp(u64::try_from(since.as_millis())?))
}

/// Types into the fields of a form and presses its button.
pub async fn fill(browser: &Browser, fields: &[(&str, &str)], button: &str) -> anyhow::Result<()> {
    ensure!(browser.all("script").await?.is_empty(), "the page has a script");
    for (name, text) in fields {
        let field = browser.find(&format!("input[name='{name}']")).await?;
        field.clear().await?;
        field.send_keys(text).await?;
    }
    browser.find(button).await?.click().await?;
    Ok(())
}

/// Invites somebody, and returns the link.
pub async fn invited(stage: &Stage, email: &str, role: &str) -> anyhow::Result<String> {
    let wanted = json!({"name": "Ada", "email": email, "role": role});
    let http = &stage.organizer.http;
    let invited = http.post("/v1/organizer/staff/invitations", &wanted).await?;
    let invited: Value = invited.expect(201)?.json()?;
    Ok(invited["link"].as_str().context("a link")?.to_owned())
}

/// Takes the invitation: the app on the phone is this test.
pub async fn take(browser: &Browser, link: &str) -> anyhow::Result<Vec<u8>> {
    browser.goto(link).await?;
    browser.says("h1", "Welcome, Ada").await?;
    let text = browser.find("#secret").await?.text().await?;
    let secret = read_secret(&text).context("the page shows a secret")?.to_vec();
    fill(browser, &[("password", PASSWORD), ("code", "000000")], "#take").await?;
    browser.says("#message", "not the one").await?;
    let shown = code(&secret, step_at(now()?));
    fill(browser, &[("password", PASSWORD), ("code", &shown)], "#take").await?;
    browser.says("h1", "Your recovery codes").await?;
    Ok(secret)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_invited_logs_in_and_out_without_scripts() -> anyhow::Result<()> {
    in_time(log_in_and_out()).await
}

async fn log_in_and_out() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let secret = take(&browser, &invited(&stage, EMAIL, "box_office").await?).await?;
    let codes = browser.all("#codes code").await?;
    ensure!(codes.len() == 10, "{} recovery codes", codes.len());
    let recovery = codes[0].text().await?;
    browser.find("#go-on").await?.click().await?;
    browser.says("#role", "box_office").await?;
    browser.says("#fresh", "Your last code is fresh").await?;

    fill(&browser, &[], "#log-out").await?;
    browser.says("h1", "Log in").await?;
    let wrong = [
        ("email", EMAIL),
        ("password", "incorrect horse"),
        ("code", recovery.as_str()),
    ];
    fill(&browser, &wrong, "#log-in").await?;
    browser
        .says("#message", "The address, password or code is wrong")
        .await?;
    let right = [
        ("email", EMAIL),
        ("password", PASSWORD),
        ("code", recovery.as_str()),
    ];
    fill(&browser, &right, "#log-in").await?;
    browser.says("#fresh", "takes a code").await?;
    // Each code works once; a phone that is half a minute ahead shows the next one already.
    let next = code(&secret, step_at(now()?) + 1);
    fill(&browser, &[("code", &next)], "#prove").await?;
    browser.says("#fresh", "Your last code is fresh").await?;
    let all = browser.all("#sessions li").await?;
    ensure!(all.len() == 1, "{} sessions", all.len());
    std::fs::write(stage.path("staff.png"), browser.client().screenshot().await?)?;
    browser.close().await
}
