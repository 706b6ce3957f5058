//! The pages as people see them, in a real browser: a buyer's way to a ticket, and a hub's status while the ticket is shown.

mod pages {
    pub mod browser;
    mod certificates;
    mod console;
    mod countdown;
    mod fingers;
    mod gate_against;
    mod gate_kept;
    mod gate_page;
    mod judge;
    mod languages;
    mod live;
    mod log_in;
    mod phones;
    mod proof_of_work;
    mod seat_map;
    mod voucher;
    mod waiting_room;
}

use anyhow::{Context, ensure};
use pages::browser::{Browser, in_time};
use rustix::process::test_kill_process_group;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Program;
use usher_tests::stage::venue::{Side, Venue};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_fails_leaves_no_browser_running() -> anyhow::Result<()> {
    in_time(async {
        let folder = tempfile::tempdir()?;
        let browser = Browser::start(folder.path()).await?;
        let group = browser.group();
        browser.goto("about:blank").await?;
        test_kill_process_group(group).context("it runs in a group of its own")?;
        // As by a test that ends with an error.
        drop(browser);
        until("the browser to be gone", async || {
            Ok(test_kill_process_group(group).is_err().then_some(()))
        })
        .await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_buys_a_seat_on_the_page_and_the_hubs_page_shows_the_admission() -> anyhow::Result<()> {
    in_time(buy_and_scan()).await
}

async fn buy_and_scan() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    buy_a_seat(&browser, stage.cloud.http.base()).await?;
    let ticket_id = open_the_ticket(&browser).await?;

    // What is on the buyer's screen is what the scanner reads.
    let screen = stage.path("screen.png");
    let code = browser.find(".ticket .code svg").await?;
    std::fs::write(&screen, code.screenshot().await?)?;
    let ticket = stage.buyer().ticket(&ticket_id).await?;
    let read = stage
        .programs
        .run(Program::Scan, &["decode".as_ref(), screen.as_os_str()])
        .await?;
    assert_eq!(read, format!("{}\t{}", screen.display(), ticket.payload));

    let scanner = venue.scanner(&stage, Side::North, "Scanner").await?;
    browser.goto(venue.north.http.base()).await?;
    browser.says("#admitted", "0").await?;
    assert_eq!(scanner.scan(NORTH, &screen).await?.outcome, "admitted");
    browser.says("#admitted", "1").await?;
    browser.says("#inside", "1").await?;
    assert_eq!(scanner.scan(NORTH, &screen).await?.outcome, "already_used");
    browser.says("#refused", "Already used").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_page_says_everything_that_is_wrong_and_looks_up_a_ticket_code() -> anyhow::Result<()> {
    in_time(look_up_at_the_hub()).await
}

async fn look_up_at_the_hub() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let mut hubs = Vec::new();
    for (name, off) in [("Hub South", "+0"), ("Hub North", "+2700")] {
        let code = stage.organizer.enrolment_code(Role::Hub, name).await?;
        let setup = HubSetup {
            dir: stage.path(name),
            name,
            peers: hubs.iter().map(|hub: &Hub| hub.listening.quic).collect(),
        };
        let hub = Hub::enrol(&stage.programs.off_by(off)?, setup, &code).await?;
        hub.linked_to("cloud").await?;
        hubs.push(hub);
    }
    let north = &hubs[1];
    north.linked_to("Hub South").await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(north.http.base()).await?;
    browser
        .says("#alarms", "45 min ahead of the other clocks")
        .await?;
    browser.says("#clock", "compared with 2 others").await?;
    let all =
        "return troubles({ may_judge: false, storage_ok: false, clock: 'a', warnings: ['b', 'c'] }).length";
    assert_eq!(browser.client().execute(all, Vec::new()).await?, json!(5));

    let found = browser.find("#code").await?;
    for (typed, says) in [
        (
            ticket.ticket_code.as_str(),
            "may go in at Gate North or Gate South",
        ),
        ("0000-0000", "No ticket of this event has this ticket code"),
        ("nonsense", "compare it with the ticket and type it again"),
    ] {
        found.clear().await?;
        found.send_keys(typed).await?;
        browser.find("#lookup button").await?.click().await?;
        browser.says("#found", says).await?;
    }
    north.turnstile(NORTH).await?.scan(&ticket.payload).await?;
    browser.says("#admitted", "1").await?;
    found.clear().await?;
    found.send_keys(&ticket.ticket_code.to_lowercase()).await?;
    browser.find("#lookup button").await?.click().await?;
    browser.says("#found", "Already used").await?;
    std::fs::write(stage.path("hub.png"), browser.client().screenshot().await?)?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_is_told_and_another_one_buys_the_ticket() -> anyhow::Result<()> {
    in_time(pay_twice()).await
}

async fn pay_twice() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(stage.cloud.http.base()).await?;
    browser.find("a.card").await?.click().await?;
    let quantity = browser.find("input[data-tier='2']").await?;
    quantity.clear().await?;
    quantity.send_keys("2").await?;
    browser.says("#total", "2 tickets").await?;
    browser.find("#reserve").await?.click().await?;
    pay(&browser, "tok_decline").await?;
    browser.says("#message", "declined").await?;
    pay(&browser, "tok_ok").await?;
    browser.says("h1", "Your tickets").await?;
    assert_eq!(browser.all("a.card").await?.len(), 2);
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_confirmed_at_the_bank_and_nothing_is_lost_by_leaving_the_page() -> anyhow::Result<()> {
    in_time(confirm_at_the_bank()).await
}

async fn confirm_at_the_bank() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    choose_two(&browser).await?;
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "2 held").await?;
    // Closed and opened again, the page goes on where it was, and so does the payment.
    browser.goto(&page).await?;
    browser.says("#held", "2 held").await?;
    pay(&browser, "tok_action").await?;
    browser.says("h1", "Confirm your payment").await?;
    browser.goto(&page).await?;
    browser.says("main", "Your bank asks you to confirm").await?;
    browser.find("#action").await?.click().await?;
    browser.says("h1", "Confirm your payment").await?;
    browser.find("#approve").await?.click().await?;
    browser.says("h1", "Your tickets").await?;
    assert_eq!(browser.all("a.card").await?.len(), 2);
    // What is paid is over, and the event's page sells again.
    browser.goto(&page).await?;
    browser.says("#total", "Nothing chosen").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_refused_at_the_bank_leaves_the_places_for_another_card() -> anyhow::Result<()> {
    in_time(refuse_at_the_bank()).await
}

async fn refuse_at_the_bank() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    choose_two(&browser).await?;
    browser.find("#reserve").await?.click().await?;
    pay(&browser, "tok_action").await?;
    browser.find("#refuse").await?.click().await?;
    browser.says("main", "the payment was declined").await?;
    browser.find("main a").await?.click().await?;
    browser.says("#held", "2 held").await?;
    pay(&browser, "tok_processing").await?;
    browser.says("main", "Your bank is still processing").await?;
    browser.says("h1", "Your tickets").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_answer_was_lost_is_found_when_the_time_on_the_page_is_over() -> anyhow::Result<()> {
    in_time(lose_the_answer()).await
}

async fn lose_the_answer() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    choose_two(&browser).await?;
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "2 held").await?;
    let lose = "const real = window.fetch; window.fetch = async (path, init) => { const answer = await real(path, init); \
                if (path === '/v1/bookings') throw new TypeError('The network is away.'); return answer; };";
    browser.client().execute(lose, Vec::new()).await?;
    pay(&browser, "tok_ok").await?;
    browser.says("#message", "The network is away").await?;
    let later = "const now = Date.now; Date.now = () => now() + 3600000;";
    browser.client().execute(later, Vec::new()).await?;
    browser.says("h1", "Your tickets").await?;
    assert_eq!(browser.all("a.card").await?.len(), 2);
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_can_be_tried_in_the_browser_without_any_other_server() -> anyhow::Result<()> {
    in_time(look_at_the_api()).await
}

async fn look_at_the_api() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(&format!("{}/docs", stage.cloud.http.base())).await?;
    browser.says("#swagger-ui", "Usher cloud").await?;
    browser.says("#swagger-ui", "/v1/bookings").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_cannot_miss_that_cards_are_test_cards_nor_hold_more_than_may_be_held() -> anyhow::Result<()>
{
    in_time(hold_too_much()).await
}

async fn hold_too_much() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    // The same browser holds two orders of 20 in its session and asks for a third.
    for order in 1..=3 {
        browser.goto(&page).await?;
        if order > 1 {
            // The page goes on with what it holds; whoever wants more than may be held makes it forget.
            browser.says("#held", "20 held").await?;
            browser
                .client()
                .execute("localStorage.clear()", Vec::new())
                .await?;
            browser.goto(&page).await?;
        }
        browser
            .says(".warning[role='alert']", "nobody is charged")
            .await?;
        let quantity = browser.find("input[data-tier='2']").await?;
        quantity.clear().await?;
        quantity.send_keys("20").await?;
        browser.find("#reserve").await?.click().await?;
        if order < 3 {
            browser.says("#held", "20 held").await?;
            // Pressed too soon, it is not gone when it counts.
            browser.find(".warning").await?;
        }
    }
    browser.says("#message", "You hold 40 unpaid places").await?;
    browser.says("#message", "Pay for them or give them back").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_open_while_the_event_is_moved_shows_the_new_date_before_anything_is_held()
-> anyhow::Result<()> {
    in_time(look_at_the_date()).await
}

async fn look_at_the_date() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    let event = stage.organizer.event.clone();
    browser
        .goto(&format!("{}/events/{event}", stage.cloud.http.base()))
        .await?;
    browser.says(".facts", "1 August").await?;
    // A week later, under the keys there are; then so much later that they would have ended.
    for (years, says, what) in [(0, ".facts", "8 August"), (5, ".message", "The sale is paused")] {
        choose_two(&browser).await?;
        relocate(&stage, years).await?;
        browser.find("#reserve").await?.click().await?;
        browser.says(says, what).await?;
    }
    let path = format!("/v1/organizer/events/{event}");
    let sales: Value = stage.organizer.http.get(&path).await?.expect(200)?.json()?;
    let held = |tier: &Value| tier["held"] == 0;
    ensure!(
        sales["sales"]["tiers"]
            .as_array()
            .is_some_and(|tiers| tiers.iter().all(held)),
        "{sales}"
    );
    browser.close().await
}

async fn choose_two(browser: &Browser) -> anyhow::Result<()> {
    let quantity = browser.find("input[data-tier='2']").await?;
    quantity.clear().await?;
    quantity.send_keys("2").await?;
    browser.says("#total", "2 tickets").await
}

/// Moves the festival to the 8th of August of next year, or so many years later.
async fn relocate(stage: &Stage, years: i64) -> anyhow::Result<()> {
    let path = format!("/v1/organizer/events/{}", stage.organizer.event);
    let event: Value = stage.organizer.http.get(&path).await?.expect(200)?.json()?;
    let year: i64 = event["starts_at"]
        .as_str()
        .and_then(|text| text.split('-').next())
        .context("a year")?
        .parse()?;
    let year = year + years;
    let dates = json!({
        "starts_at": format!("{year}-08-08T14:00:00Z"),
        "ends_at": format!("{year}-08-10T02:00:00Z"),
        "apply": true,
    });
    let path = stage.organizer.path("move");
    stage.organizer.http.post(&path, &dates).await?.expect(200)?;
    Ok(())
}

async fn buy_a_seat(browser: &Browser, cloud: &str) -> anyhow::Result<()> {
    browser.goto(cloud).await?;
    browser.says("main", "Night of the Owls").await?;
    browser.find("a.card").await?.click().await?;
    browser.find("#seats button.seat.free").await?.click().await?;
    browser.says("#total", "1 ticket, 89.00 EUR").await?;
    browser.find("#reserve").await?.click().await?;
    pay(browser, "tok_ok").await?;
    browser.says("h1", "Your tickets").await
}

async fn pay(browser: &Browser, card: &str) -> anyhow::Result<()> {
    let email = browser.find("input[name='email']").await?;
    email.clear().await?;
    email.send_keys("ann@example.org").await?;
    browser
        .find("select[name='token']")
        .await?
        .select_by_value(card)
        .await?;
    browser.find("#book").await?.click().await?;
    Ok(())
}

/// Opens the first ticket of the booking on the page and gives its id.
async fn open_the_ticket(browser: &Browser) -> anyhow::Result<String> {
    browser.find("a.card").await?.click().await?;
    browser.find(".ticket .code svg").await?;
    browser.says(".ticket", "Stalls").await?;
    let url = browser.client().current_url().await?;
    let id = url.path().rsplit('/').next().unwrap_or_default().to_owned();
    // Whoever is shown this page, or sent its address, gets one ticket and not the booking.
    let links = browser.all("main a").await?;
    ensure!(links.is_empty(), "the page leads elsewhere");
    Ok(id)
}
