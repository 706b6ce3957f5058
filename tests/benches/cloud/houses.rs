//! The memory of a cloud that sells ten great houses at once, every seat map read and written to.

use anyhow::{Context, ensure};
use usher_tests::load::keepalive::{KeptOpen, get};
use usher_tests::measure::{Row, resident_kib};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::festival::Places;

/// Events on sale.
const EVENTS: u32 = 10;
/// Bookings of each event after its map was read for the first time.
const BOOKINGS: u32 = 10;
/// A stadium; a festival has standing places and weekend passes, if only one of each.
const PLACES: Places = Places {
    rows: 500,
    seats_per_row: 100,
    standing: 1,
    weekend: 1,
};

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let mut stage = Stage::empty("").await?;
    let pid = stage.cloud.process.id().context("the cloud runs")?;
    let empty = resident_kib(pid)?;
    let mut events = Vec::new();
    for _ in 0..EVENTS {
        stage.organizer.draft(PLACES).await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
        events.push(stage.organizer.event.clone());
    }
    let on_sale = resident_kib(pid)?;
    let mut line = KeptOpen::connect(stage.cloud.listening.http).await?;
    let (mut most, mut maps_bytes) = (on_sale, 0);
    for seat in 0..BOOKINGS {
        for event in &events {
            for coding in ["", "accept-encoding: gzip\r\n"] {
                let request = get(&format!("/v1/events/{event}/seats"), coding);
                let answer = line.exchange(&request).await?;
                ensure!(
                    answer.status == 200,
                    "a seat map is answered with {}",
                    answer.status
                );
                if seat == 0 && coding.is_empty() {
                    maps_bytes += answer.body.len();
                }
            }
            most = most.max(resident_kib(pid)?);
            let buyer = Buyer::new(stage.cloud.http.clone(), event.clone());
            buyer.buy(&Wish::Seats(vec![seat * 4_999])).await?;
        }
    }
    let steps = format!("{} MB empty, {} MB on sale", empty / 1_024, on_sale / 1_024);
    let megabytes = most as f64 / 1_024.0;
    let memory = Row::at_most(
        "cloud memory, 10 events of 50,000 seats",
        (megabytes, 200.0),
        "MB",
    );
    let maps = (megabytes, maps_bytes as f64 / 1e6);
    let [memory, ratio] = memory.beside_size("the maps alone, as JSON", maps, "MB");
    Ok(vec![
        memory,
        ratio,
        Row::told("  before the maps were read", steps),
    ])
}
