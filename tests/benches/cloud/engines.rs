//! The same sale on each engine in the same run: what PostgreSQL takes beside SQLite, with clients and servers on the same cores.

use std::sync::Arc;

use usher_tests::measure::Row;
use usher_tests::stage::Stage;

use super::bookings::{Cost, MEASURED, PLACES, Shop, Sold, WARM_UP, Wish, measured, sell};

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let (mut sold_on_sqlite, on_sqlite) = on_sale("").await?;
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_durable_database).await?;
    let (mut sold, cost) = on_sale(&format!("store.url = \"{database}\"")).await?;
    let cpu = [&on_sqlite, &cost].map(|cost| cost.each(cost.cpu));
    let per_second = [&on_sqlite, &cost].map(Cost::per_second);
    let p99 = [&mut sold_on_sqlite, &mut sold].map(|sold| sold.reserving.percentile(99.0));
    let reserving = Row::at_most(
        "reserving on PostgreSQL, p99",
        (p99[1].as_secs_f64() * 1e3, 150.0),
        "ms",
    );
    let [reserving, ratio] = reserving.beside("the same on SQLite", (p99[1], p99[0]));
    Ok(vec![
        Row::share_at_least(
            "bookings on PostgreSQL, share of those on SQLite",
            (per_second[1] / per_second[0], 0.35),
        ),
        Row::share_at_most(
            "cloud CPU per booking on PostgreSQL, share of that on SQLite",
            (cpu[1] / cpu[0], 0.8),
        ),
        reserving,
        ratio,
        Row::told(
            "  bookings a second",
            format!("{:.0} and {:.0}", per_second[1], per_second[0]),
        ),
        Row::told(
            "  cloud CPU per booking",
            format!("{:.0} and {:.0} µs", cpu[1], cpu[0]),
        ),
        Row::told("  reserving", sold.reserving.summary()),
        Row::told("  booking", sold.booking.summary()),
    ])
}

/// Sells seats to all buyers.
async fn on_sale(settings: &str) -> anyhow::Result<(Sold, Cost)> {
    let stage = Stage::on_sale_with(PLACES, settings).await?;
    let shop = Arc::new(Shop::of(&stage));
    sell(&shop, Wish::OwnSeat, WARM_UP).await?;
    measured(&stage, sell(&shop, Wish::OwnSeat, MEASURED)).await
}
