//! What a cloud process with many events costs while nothing happens, on each engine, the database's own time included.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;
use usher_tests::measure::{Meter, Row, cpu_time};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;

/// Events that are on sale.
const EVENTS: u32 = 100;
/// The smallest festival.
const PLACES: Places = Places {
    rows: 1,
    seats_per_row: 1,
    standing: 1,
    weekend: 1,
};
/// How long what the sale was put up with may still cost something.
const SETTLES: Duration = Duration::from_secs(5);
/// How long it is measured.
const MEASURED: Duration = Duration::from_secs(20);
/// The processes of the server that work for the database, or for all of them.
const PROCESSES: &str =
    "SELECT pid FROM pg_stat_activity WHERE datname IS NULL OR datname = current_database()";

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    // What is paid whatever is on sale: the least that many events can cost.
    let ((least_on_sqlite, _), (on_sqlite, _)) = (idle(None, 0).await?, idle(None, EVENTS).await?);
    let database = async || tokio::task::spawn_blocking(usher_test_postgres::new_durable_database).await;
    let (least_cloud, least_server) = idle(Some(database().await?), 0).await?;
    let (cloud, server) = idle(Some(database().await?), EVENTS).await?;
    let beside_none = |what: &str, (share, least): (f64, f64)| {
        let share_of_core = Row::at_most(what, (share, 1.0), "% of a core");
        share_of_core.beside_size("a cloud without an event", (share, least), "% of a core")
    };
    let with_server = beside_none(
        "idle with 100 events on PostgreSQL, database included",
        (cloud + server, least_cloud + least_server),
    );
    let told = Row::told(
        "  cloud and database",
        format!("{cloud:.2} and {server:.2} % of a core"),
    );
    let alone = beside_none("idle with 100 events on SQLite", (on_sqlite, least_on_sqlite));
    Ok(with_server.into_iter().chain([told]).chain(alone).collect())
}

/// Returns the shares of a core that cloud and database take with so many events, in percent.
async fn idle(database: Option<String>, events: u32) -> anyhow::Result<(f64, f64)> {
    let url = database.as_ref();
    let settings = url.map_or_else(String::new, |url| format!("store.url = \"{url}\""));
    let mut stage = Stage::empty(&settings).await?;
    for _ in 0..events {
        stage.organizer.draft(PLACES).await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
    }
    sleep(SETTLES).await;
    let before = of_server(database.clone()).await?;
    let meter = Meter::start(stage.cloud.process.id().context("the cloud runs")?)?;
    sleep(MEASURED).await;
    let (cpu, elapsed) = (meter.cpu()?, meter.elapsed());
    let after = of_server(database).await?;
    let server = after
        .iter()
        .filter_map(|(pid, cpu)| Some(cpu.saturating_sub(*before.get(pid)?)));
    let share = |cpu: Duration| 100.0 * cpu.as_secs_f64() / elapsed.as_secs_f64();
    Ok((share(cpu), share(server.sum())))
}

/// Returns the CPU that each process of the server has taken.
async fn of_server(database: Option<String>) -> anyhow::Result<BTreeMap<u32, Duration>> {
    let Some(url) = database else {
        return Ok(BTreeMap::new());
    };
    let printed = tokio::task::spawn_blocking(move || usher_test_postgres::run(&url, PROCESSES)).await?;
    let pids = printed.lines().filter_map(|line| line.trim().parse().ok());
    // One that has ended, such as the one that was asked with, is none of them.
    Ok(pids.filter_map(|pid| Some((pid, cpu_time(pid).ok()?))).collect())
}
