//! How long the seat map of a stadium takes in a real browser: `cargo bench -p usher-tests --bench pages`.

#[path = "../tests/pages/browser.rs"]
#[expect(dead_code, reason = "tests press more than is measured")]
mod browser;

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use usher_tests::measure::{self, Row, Table};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;

use browser::{Browser, in_time};

/// A stadium, all of it one block: what there is to draw is the most that a screen can show.
const PLACES: Places = Places {
    rows: 250,
    seats_per_row: 200,
    standing: 1,
    weekend: 1,
};
/// How often the page is opened: the first time its program is compiled.
const OPENED: usize = 7;
/// A canvas of about 700 by 540 pixels, as on every screen wider than the page.
const SCREEN: (u32, u32) = (1_280, 900);

/// Returns how many milliseconds pass from the layout's arrival to the picture on the screen, and
/// how many from the beginning.
const PAINTED: &str = "const done = arguments[0];
    const whole = () => performance.getEntriesByType('resource').find(({ name }) => name.includes('/layout/'));
    const look = () => {
        const frame = performance.getEntriesByName('usher-map').at(-1);
        if (!frame || !whole()) return requestAnimationFrame(look);
        done([frame.startTime - whole().responseEnd, frame.startTime]);
    };
    look();";
/// Fills as many small squares as there are seats, seven times, and tells the milliseconds of each picture, pixels included: the least
/// that anybody takes who draws every seat.
const SQUARES: &str = "const done = arguments[0];
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [700, 540];
    const context = canvas.getContext('2d'), times = [];
    for (let round = 0; round < 7; round++) {
        const begun = performance.now();
        for (let square = 0; square < 50000; square++) {
            context.fillStyle = square % 2 ? '#246' : '#642';
            context.fillRect(square % 250 * 2.8, Math.floor(square / 250) * 2.7, 2, 2);
        }
        context.getImageData(0, 0, 1, 1);
        times.push(performance.now() - begun);
    }
    done(times);";
/// Moves the map fifty times at each of six zooms, from sections to seats with numbers, and tells the milliseconds of every picture, pixels included.
const PANS: &str = "const done = arguments[0];
    const times = [], draw = Painter.prototype.all;
    Painter.prototype.all = function () {
        const begun = performance.now();
        draw.call(this);
        this.context.getImageData(0, 0, 1, 1);
        times.push(performance.now() - begun);
    };
    const frame = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const press = async (what) => { document.querySelector(`[data-do=${what}]`).click(); await frame(); };
    (async () => {
        const found = [];
        for (let zoom = 0; zoom < 6; zoom++) {
            await press('in');
            times.length = 0;
            for (let pan = 0; pan < 25; pan++) { await press('left'); await press('right'); }
            found.push(times.toSorted((a, b) => a - b).at(times.length / 2));
        }
        done(found);
    })();";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut table = Table::default();
    for (name, ()) in measure::chosen(vec![("seat-map", Duration::from_secs(40), ())]) {
        in_time(async {
            table.add_all(seat_map().await?);
            Ok(())
        })
        .await
        .with_context(|| format!("measuring {name}"))?;
    }
    measure::say(&table.to_string());
    Ok(())
}

async fn seat_map() -> anyhow::Result<Vec<Row>> {
    let stage = Stage::on_sale(PLACES).await?;
    let browser = Browser::with_screen(&stage.path("browser"), SCREEN).await?;
    let page = format!("{}/events/{}", stage.cloud.http.base(), stage.organizer.event);
    let (mut paints, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..OPENED {
        browser.goto(&page).await?;
        let found = numbers(&browser, PAINTED).await?;
        ensure!(found.len() == 2, "{found:?}");
        paints.push(found[0]);
        whole.push(found[1]);
    }
    let pans = numbers(&browser, PANS).await?;
    let squares = Duration::from_secs_f64(middle(&numbers(&browser, SQUARES).await?) / 1e3);
    browser.close().await?;
    let worst = pans.iter().copied().fold(0.0, f64::max);
    let beside = |what: &str, (ms, most): (f64, f64)| {
        let figure = Row::at_most(what, (ms, most), "ms");
        figure.beside(
            "50,000 bare squares",
            (Duration::from_secs_f64(ms / 1e3), squares),
        )
    };
    let painting = beside(
        "50,000 seats: from their layout to the map, p50",
        (middle(&paints), 250.0),
    );
    let told = [
        Row::told(
            "  slowest of 7",
            format!("{:.0} ms", paints.iter().copied().fold(0.0, f64::max)),
        ),
        Row::told(
            "  from the click on a link, p50",
            format!("{:.0} ms", middle(&whole)),
        ),
    ];
    let moving = beside(
        "moving the map, p50 at the zoom where it takes longest",
        (worst, 16.0),
    );
    let zooms = Row::told("  at each zoom", format!("{pans:.1?} ms"));
    let rows = painting.into_iter().chain(told).chain(moving).chain([zooms]);
    Ok(rows.collect())
}

async fn numbers(browser: &Browser, script: &str) -> anyhow::Result<Vec<f64>> {
    let found: Value = browser.client().execute_async(script, Vec::new()).await?;
    Ok(serde_json::from_value(found)?)
}

fn middle(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
