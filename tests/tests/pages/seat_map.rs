//! The seat map as buyers use it: by mouse, by keys alone, on phones, and while others buy.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, draft};
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};
use super::judge::judge;

const ENTER: char = '\u{e007}';
const TAB: char = '\u{e004}';
const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';
const DOWN: char = '\u{e015}';
/// More presses of Tab than a page has places for the focus.
const MANY: usize = 60;

/// Goes over the map with the mouse, as somebody does who looks for a seat, and gives the middle of where its tip names the seat.
const LOOK_FOR: &str = "const canvas = document.querySelector('#map canvas');
    canvas.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const found = [];
    for (let y = 0; y < height; y += 4) for (let x = 0; x < width; x += 4) {
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + y }));
        if (canvas.title.startsWith(arguments[0])) found.push([left + x, top + y]);
    }
    const middle = (index) => Math.round(found.reduce((sum, point) => sum + point[index], 0) / found.length);
    return found.length ? [middle(0), middle(1)] : null;";
/// Reads what is drawn around a point of the page.
const DRAWN: &str = "const canvas = document.querySelector('#map canvas');
    const { left, top } = canvas.getBoundingClientRect();
    const [x, y] = arguments[0];
    return canvas.getContext('2d').getImageData(x - left - 8, y - top - 8, 16, 16).data.join();";

async fn open(stage: &Stage, browser: &Browser) -> anyhow::Result<()> {
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    // The list is there with the first that is known of the seats, and the map is drawn by then.
    browser.find("#seats button.seat.free").await?;
    Ok(())
}

/// Finds where a seat is on the screen.
async fn point_of(browser: &Browser, seat: &str) -> anyhow::Result<(f64, f64)> {
    let found = browser.client().execute(LOOK_FOR, vec![seat.into()]).await?;
    let number = |index: usize| found[index].as_f64();
    let point = number(0).zip(number(1));
    point.with_context(|| format!("{seat} is not on the map: {found}"))
}

async fn drawn_at(browser: &Browser, (x, y): (f64, f64)) -> anyhow::Result<String> {
    let drawn = browser.client().execute(DRAWN, vec![json!([x, y])]).await?;
    drawn.as_str().map(str::to_owned).context("pixels")
}

/// Goes on with Tab until the focus is there.
async fn tab_to(browser: &Browser, selector: &str) -> anyhow::Result<()> {
    let has_focus = format!("return document.activeElement.matches({selector:?})");
    for _ in 0..MANY {
        if browser.run(&has_focus).await? == Value::Bool(true) {
            return Ok(());
        }
        browser.press([TAB]).await?;
    }
    anyhow::bail!("Tab does not lead to {selector}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_picked_on_the_map_with_the_mouse_and_bought() -> anyhow::Result<()> {
    in_time(buy_by_mouse()).await
}

async fn buy_by_mouse() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    open(&stage, &browser).await?;
    let point = point_of(&browser, "Stalls, row 3, seat 11,").await?;
    let before = drawn_at(&browser, point).await?;
    browser.click_at(point).await?;
    browser.says("#total", "1 ticket, 89.00 EUR").await?;
    browser.says("#map-says", "row 3, seat 11, yours").await?;
    ensure!(
        drawn_at(&browser, point).await? != before,
        "the picked seat looks as it did"
    );
    // A second click gives it up, and a third picks it again.
    browser.click_at(point).await?;
    browser.says("#total", "Nothing chosen").await?;
    browser.click_at(point).await?;
    browser.find("#reserve").await?.click().await?;
    browser.says("#held", "1 held").await?;
    browser.says("#held", "Stalls, row 3, seat 11").await?;
    pay(&browser).await?;
    browser.says(".cards", "row 3, seat 11").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_seats_are_picked_and_bought_with_keys_alone() -> anyhow::Result<()> {
    in_time(buy_by_keys()).await
}

async fn buy_by_keys() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    open(&stage, &browser).await?;
    tab_to(&browser, "#map [role=application]").await?;
    browser.press([RIGHT]).await?;
    browser.says("#map-says", "Stalls, row").await?;
    let begun = browser.find("#map-says").await?.text().await?;
    browser.press([DOWN, RIGHT, ENTER]).await?;
    browser.says("#map-says", "yours").await?;
    ensure!(
        browser.find("#map-says").await?.text().await? != begun,
        "the arrows lead nowhere"
    );
    browser.press([LEFT, ENTER]).await?;
    browser.says("#total", "2 tickets, 178.00 EUR").await?;
    // The way back out of the map is Tab, as everywhere.
    tab_to(&browser, "#reserve").await?;
    browser.press([ENTER]).await?;
    browser.says("#held", "2 held").await?;
    pay(&browser).await?;
    browser.close().await
}

/// Four sections around a floor, with curved rows.
const ARENA: &str = "section,row,tier,seats,x,y,turn,radius
South,1,1,12,0,22,0,20
South,2,1,13,,,,
West,1,1,12,-22,0,90,20
West,2,1,13,,,,
North,1,1,12,0,-22,180,20
North,2,1,13,,,,
East,1,1,12,22,0,270,20
East,2,1,13,,,,
";

#[tokio::test(flavor = "multi_thread")]
async fn sections_are_drawn_where_their_organizer_has_put_them() -> anyhow::Result<()> {
    in_time(look_around()).await
}

async fn look_around() -> anyhow::Result<()> {
    let mut stage = Stage::empty("").await?;
    let arena = |venue: &str| {
        let mut draft = draft(venue, Places::FEW);
        draft["seat_map"] = json!({ "csv": ARENA });
        draft
    };
    stage.organizer.draft_as(arena).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    let browser = Browser::with_screen(&stage.path("browser"), (1280, 900)).await?;
    open(&stage, &browser).await?;
    let west = point_of(&browser, "West, row 1, seat 7,").await?;
    let north = point_of(&browser, "North, row 1, seat 7,").await?;
    let east = point_of(&browser, "East, row 1, seat 7,").await?;
    ensure!(
        west.0 + 100.0 < north.0 && north.0 + 100.0 < east.0,
        "{west:?} {north:?} {east:?}"
    );
    ensure!(north.1 + 100.0 < west.1, "{north:?} {west:?}");
    // Seats of a turned section lie below each other, and those at the ends of a curved row are nearer to the floor.
    let (first, last) = (
        point_of(&browser, "West, row 1, seat 1,").await?,
        point_of(&browser, "West, row 1, seat 12,").await?,
    );
    ensure!(
        first.1 + 50.0 < last.1 && west.0 + 3.0 < first.0,
        "{first:?} {west:?} {last:?}"
    );
    browser.click_at(north).await?;
    browser.says("#map-says", "North, row 1, seat 7, yours").await?;
    browser.close().await
}

/// Pays with keys, and waits for the tickets.
async fn pay(browser: &Browser) -> anyhow::Result<()> {
    tab_to(browser, "input[name='email']").await?;
    browser.press("ann@example.org".chars()).await?;
    browser.press([ENTER]).await?;
    browser.says("h1", "Your tickets").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_somebody_else_takes_is_drawn_anew_and_told() -> anyhow::Result<()> {
    in_time(lose_a_seat()).await
}

async fn lose_a_seat() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    open(&stage, &browser).await?;
    let (picked, free) = ("Stalls, row 1, seat 1,", "Stalls, row 1, seat 5,");
    let (picked, free) = (point_of(&browser, picked).await?, point_of(&browser, free).await?);
    browser.click_at(picked).await?;
    browser.says("#total", "1 ticket").await?;
    let (was_picked, was_free) = (drawn_at(&browser, picked).await?, drawn_at(&browser, free).await?);
    stage
        .buyer()
        .reserve(&Wish::Seats(vec![0, 4]))
        .await?
        .expect(201)?;
    browser
        .says("#message", "Somebody else was faster: Stalls, row 1, seat 1")
        .await?;
    browser.says("#total", "Nothing chosen").await?;
    until("both seats to be drawn anew", async || {
        let now = (drawn_at(&browser, picked).await?, drawn_at(&browser, free).await?);
        Ok((now.0 != was_picked && now.1 != was_free).then_some(()))
    })
    .await?;
    let summary = browser.find("#map canvas").await?.attr("aria-label").await?;
    ensure!(
        summary
            .as_deref()
            .is_some_and(|says| says.contains("Stalls: 198 left, from 89.00 EUR")),
        "{summary:?}"
    );
    let gone = browser.all("#seats button.gone").await?;
    assert_eq!(gone.len(), 2);
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_be_used_on_screens_of_320_390_and_1280_pixels() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    for screen in [(320, 640), (390, 844), (1280, 900)] {
        in_time(look_at(&stage, screen))
            .await
            .with_context(|| format!("{screen:?}"))?;
    }
    Ok(())
}

async fn look_at(stage: &Stage, screen: (u32, u32)) -> anyhow::Result<()> {
    let (width, _) = screen;
    let browser = Browser::with_screen(&stage.path(format!("browser-{width}")), screen).await?;
    open(stage, &browser).await?;
    assert_eq!(browser.run("return innerWidth").await?, width);
    // Nothing is wider than the screen, and whatever is pressed is big enough for a finger.
    let wide = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(
        browser.run(wide).await?,
        true,
        "the page is wider than the screen"
    );
    let small =
        "return [...document.querySelectorAll('button, input, select')].filter((one) => one.offsetParent)
        .filter((one) => one.offsetWidth < 24 || one.offsetHeight < 24).map((one) => one.outerHTML)";
    assert_eq!(browser.run(small).await?, json!([]));
    judge(&browser).await?;
    // A price that no seat has leaves none to pick, and the list says so too.
    let cheap = "const price = document.getElementById('price'); price.value = price.options[1].value;
        price.dispatchEvent(new Event('change'));";
    browser.run(cheap).await?;
    browser.says("#list", "Stalls (none left)").await?;
    browser.close().await
}
