//! The seat map under two fingers, and for whoever wants no motion; and the search, with a script and without.

use anyhow::{Context, ensure};
use fantoccini::actions::{Actions, InputSource, MOUSE_BUTTON_LEFT, PointerAction, TouchActions};
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};
use super::judge::judge;

/// Finds the middle of the map on the screen.
const MIDDLE: &str = "const canvas = document.querySelector('#map canvas');
    canvas.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [left + width / 2, top + height / 2];";
/// Goes through the map, and counts over how many points of it a tip names one seat: the more, the nearer it is.
const WIDTH_OF: &str = "const canvas = document.querySelector('#map canvas');
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const named = new Map();
    for (let y = 0; y < height; y += 3) for (let x = 0; x < width; x += 3) {
        canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + y }));
        if (/seat/.test(canvas.title)) named.set(canvas.title, (named.get(canvas.title) ?? 0) + 1);
    }
    return Math.max(0, ...named.values());";
/// Has the map show all of itself again, and counts how many pictures that takes.
const PICTURES: &str = "const done = arguments[arguments.length - 1];
    const canvas = document.querySelector('#map canvas');
    const pictures = new Set();
    const begun = performance.now();
    document.querySelector(arguments[0]).click();
    const look = (now) => {
        pictures.add(canvas.toDataURL());
        if (now - begun < 800) requestAnimationFrame(look); else done(pictures.size);
    };
    requestAnimationFrame(look);";

async fn open(stage: &Stage, browser: &Browser) -> anyhow::Result<()> {
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    browser.goto(&page).await?;
    browser.find("#seats button.seat.free").await?;
    Ok(())
}

/// One of two fingers, which goes from so far beside a point to so far beside it.
fn finger(name: &str, (x, y): (f64, f64), (from, to): (f64, f64)) -> TouchActions {
    let button = MOUSE_BUTTON_LEFT;
    let at = |beside: f64| PointerAction::MoveTo {
        duration: Some(std::time::Duration::from_millis(50)),
        x: x + beside,
        y,
    };
    let steps = (1..=5).map(|step| from + (to - from) * f64::from(step) / 5.0);
    let down = TouchActions::new(name.into())
        .then(at(from))
        .then(PointerAction::Down { button });
    let moved = steps.fold(down, |finger, beside| finger.then(at(beside)));
    moved.then(PointerAction::Up { button })
}

async fn pinch(browser: &Browser, at: (f64, f64), (from, to): (f64, f64)) -> anyhow::Result<()> {
    let fingers = Actions::from(finger("one", at, (-from, -to))).and(finger("other", at, (from, to)));
    Ok(browser.client().perform_actions(fingers).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_fingers_bring_the_map_nearer_and_farther() -> anyhow::Result<()> {
    in_time(pinch_the_map()).await
}

async fn pinch_the_map() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::with_screen(&stage.path("browser"), (390, 844)).await?;
    open(&stage, &browser).await?;
    let middle = browser.run(MIDDLE).await?;
    let at = middle[0].as_f64().zip(middle[1].as_f64());
    let at = at.context("the map has a middle")?;
    let is_near = "return document.querySelector('#map canvas').classList.contains('near')";
    assert_eq!(browser.run(is_near).await?, false);
    pinch(&browser, at, (20.0, 40.0)).await?;
    assert_eq!(browser.run(is_near).await?, true);
    let near = browser.run(WIDTH_OF).await?.as_u64();
    pinch(&browser, at, (20.0, 30.0)).await?;
    let nearer = browser.run(WIDTH_OF).await?.as_u64();
    ensure!(
        nearer > near,
        "a seat covers {near:?} points, and {nearer:?} after the second time"
    );
    // A pinch picks no seat.
    browser.says("#total", "Nothing chosen").await?;
    for _ in 0..3 {
        pinch(&browser, at, (90.0, 10.0)).await?;
    }
    assert_eq!(browser.run(is_near).await?, false);
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_no_motion_sees_the_map_where_it_goes_at_once() -> anyhow::Result<()> {
    in_time(glide_or_not()).await
}

async fn glide_or_not() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    for (wish, at_once) in [("reduce", true), ("no-preference", false)] {
        let browser = Browser::start(&stage.path(format!("browser-{wish}"))).await?;
        open(&stage, &browser).await?;
        browser.run(MIDDLE).await?;
        // What the browser says of its user's wish is what the page goes by.
        let asked = format!(
            "const asks = window.matchMedia.bind(window);
             window.matchMedia = (query) => query.includes('reduced-motion') ? {{ matches: query.includes('{wish}') }} : asks(query);
             document.querySelector('#map [data-do=in]').click();"
        );
        browser.run(&asked).await?;
        let pictures = browser
            .client()
            .execute_async(PICTURES, vec![json!("#map [data-do=whole]")])
            .await?;
        let pictures = pictures.as_u64().unwrap_or_default();
        ensure!((pictures <= 2) == at_once, "{pictures} pictures with {wish}");
        browser.close().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_on_the_front_page_and_names_are_suggested() -> anyhow::Result<()> {
    in_time(look_for_owls()).await
}

async fn look_for_owls() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let browser = Browser::start(&stage.path("browser")).await?;
    browser.goto(&format!("{}/", stage.cloud.http.base())).await?;
    browser
        .find("input[name=keyword]")
        .await?
        .send_keys("nig")
        .await?;
    assert_eq!(suggested(&browser).await?, json!(["Night of the Owls"]));
    judge(&browser).await?;
    browser
        .find("form.search button:not([type])")
        .await?
        .click()
        .await?;
    browser.says(".cards", "Night of the Owls").await?;
    for (asked, found) in [
        ("keyword=OWL&city=leipzig", true),
        ("category=sport", false),
        ("keyword=owl&price_max=0", false),
    ] {
        browser
            .goto(&format!("{}/?{asked}", stage.cloud.http.base()))
            .await?;
        browser
            .says(
                "main",
                if found {
                    "Night of the Owls"
                } else {
                    "Nothing found"
                },
            )
            .await?;
    }
    judge(&browser).await?;
    browser.close().await
}

async fn suggested(browser: &Browser) -> anyhow::Result<Value> {
    let names = "return [...document.querySelectorAll('#names option')].map((one) => one.value)";
    until("a suggestion", async || {
        let names = browser.run(names).await?;
        Ok((names != json!([])).then_some(names))
    })
    .await
}
