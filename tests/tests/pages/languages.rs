//! Buyers' pages in other languages, on narrow phones: a ticket bought in German, and the event's page from right to left.

use std::path::Path;

use anyhow::{Context, ensure};
use fantoccini::Locator;
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, STANDING, WEEKEND};

use super::browser::{Browser, in_time};
use super::judge::judge;

/// The narrowest phone in use, and one of today, in CSS pixels.
const NARROW: (u32, u32) = (320, 640);
const PHONE: (u32, u32) = (390, 844);

/// Judges a page, and keeps a picture of it.
async fn look(browser: &Browser, page: &str) -> anyhow::Result<()> {
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("language-{page}.png"));
    std::fs::write(picture, browser.client().screenshot().await?)?;
    let wider = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
    ensure!(
        browser.run(wider).await? == Value::Bool(false),
        "{page} is wider than its screen"
    );
    judge(browser).await.with_context(|| format!("judging {page}"))
}

async fn pay(browser: &Browser, card: &str) -> anyhow::Result<()> {
    let email = browser.find("#payment input[name='email']").await?;
    email.clear().await?;
    email.send_keys("ann@example.org").await?;
    let token = browser.find("select[name='token']").await?;
    token.select_by_value(card).await?;
    browser.find("#book").await?.click().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_bought_in_german_on_a_narrow_phone() -> anyhow::Result<()> {
    in_time(buy_in_german()).await
}

async fn buy_in_german() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::with_screen(&stage.path("browser"), NARROW).await?;
    browser.goto(stage.cloud.http.base()).await?;
    browser.says("h1", "On sale").await?;
    browser.find(".languages a[hreflang='de']").await?.click().await?;
    browser.says("h1", "Im Vorverkauf").await?;
    look(&browser, "events-de").await?;
    browser.find("a.card").await?.click().await?;
    browser.says("#total", "Noch nichts ausgewählt").await?;
    look(&browser, "event-de").await?;
    let quantity = format!("input[data-tier='{STANDING}']");
    let quantity = browser.find(&quantity).await?;
    quantity.clear().await?;
    quantity.send_keys("2").await?;
    browser.says("#total", "2 Tickets, 118,00 €").await?;
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "2 Plätze reserviert").await?;
    browser.says("#book", "118,00 € bezahlen").await?;
    pay(&browser, "tok_decline").await?;
    browser.says("#message", "Die Zahlung wurde abgelehnt").await?;
    look(&browser, "pay-de").await?;
    pay(&browser, "tok_ok").await?;
    browser.says("h1", "Ihre Tickets").await?;
    look(&browser, "booking-de").await?;
    browser.find("a.card").await?.click().await?;
    browser.says(".ticket-code", "Ticketcode").await?;
    look(&browser, "ticket-de").await?;
    // Whoever reads on in another language still comes from their booking, and may put the ticket on this phone.
    browser.find(".languages a[hreflang='fr']").await?.click().await?;
    browser.says(".ticket-code", "Code du billet").await?;
    let hash = browser.client().current_url().await?;
    ensure!(
        hash.fragment().is_some_and(|hash| hash.starts_with("bkg_")),
        "{hash}"
    );
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_read_from_right_to_left() -> anyhow::Result<()> {
    in_time(read_arabic()).await
}

async fn read_arabic() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    let event = format!(
        "{}/events/{}?lang=ar",
        stage.cloud.http.base(),
        stage.organizer.event
    );
    browser.goto(&event).await?;
    browser.says("#choose-title", "اختاروا تذاكركم").await?;
    let seat = browser.find("#seats button.seat.free").await?;
    seat.click().await?;
    browser.says("#picks", "الصف").await?;
    browser.says("#total", "تذكرة واحدة").await?;
    look(&browser, "event-ar").await?;
    let map = browser.client().find(Locator::Id("map")).await?;
    browser
        .client()
        .execute("arguments[0].scrollIntoView()", vec![serde_json::to_value(&map)?])
        .await?;
    look(&browser, "map-ar").await?;
    // The heading begins at the right.
    let right = "const { right, width } = document.querySelector('#choose-title').getBoundingClientRect(); \
                 return [getComputedStyle(document.body).direction, right > innerWidth - 40 && width > 0]";
    ensure!(
        browser.run(right).await? == serde_json::json!(["rtl", true]),
        "it is not read from right to left"
    );
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "مكان واحد محجوز").await?;
    browser.run("scrollTo(0, 0)").await?;
    look(&browser, "pay-ar").await?;
    pay(&browser, "tok_ok").await?;
    browser.says("h1", "تذاكركم").await?;
    look(&browser, "booking-ar").await?;
    browser.find("a.card").await?.click().await?;
    browser.says(".ticket-code", "رمز التذكرة").await?;
    look(&browser, "ticket-ar").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_page_translated_by_the_browser_waits_for_tickets_too() -> anyhow::Result<()> {
    in_time(wait_in_a_translation()).await
}

async fn wait_in_a_translation() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places {
        weekend: 10,
        ..Places::FEW
    })
    .await?;
    let all = Wish::Any {
        tier: WEEKEND,
        quantity: 10,
    };
    stage.buyer().buy(&all).await?;
    let browser = Browser::with_screen(&stage.path("browser"), PHONE).await?;
    let event = format!(
        "{}/events/{}?lang=de",
        stage.cloud.http.base(),
        stage.organizer.event
    );
    browser.goto(&event).await?;
    browser.says("#total", "Noch nichts ausgewählt").await?;
    // A browser that translates a page says so in its language.
    let translated =
        "document.documentElement.lang = 'it'; document.querySelector('details:has(#wait)').open = true";
    browser.run(translated).await?;
    let email = browser.find("#wait input[name='email']").await?;
    email.send_keys("ann@example.org").await?;
    browser.find("#wait button").await?.click().await?;
    browser.says("h1", "Warteliste").await?;
    browser.close().await
}
