//! What a process costs that has many events and nothing to do, the database's part included.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use usher_tests::measure::{cpu_time, say};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, draft};

/// Events on sale.
const EVENTS: usize = 100;
const PLACES: Places = Places {
    rows: 1,
    seats_per_row: 1,
    standing: 1,
    weekend: 1,
};
/// When what publishing has left to do is done, and nothing has changed for as long as makes a process idle.
const IDLE_AFTER: Duration = Duration::from_secs(12);
/// How long nothing is done.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// Most of a core that all of it may take: ten times what is aimed at, for programs that are not built for speed.
const MOST: f64 = 0.10;

/// Sums the CPU of a cloud and of the database's processes that serve it.
async fn cpu(cloud: u32, database: &str) -> anyhow::Result<[Duration; 2]> {
    let (asked, database) = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()",
        database.to_owned(),
    );
    let pids = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, asked)).await?;
    let mut served = Duration::ZERO;
    for pid in pids.lines() {
        // The one that was asked is gone by now.
        served += cpu_time(pid.parse()?).unwrap_or_default();
    }
    Ok([cpu_time(cloud)?, served])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_a_hundred_events_and_nothing_to_do_takes_next_to_nothing() -> anyhow::Result<()> {
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let stage = Stage::empty(&format!("store.url = \"{database}\"\nlog.filter = \"error\"")).await?;
    for nth in 0..EVENTS {
        let mut organizer = stage.organizer.clone();
        organizer
            .draft_as(|venue| {
                let mut event = draft(venue, PLACES);
                event["name"] = json!(format!("Owls, night {nth}"));
                event
            })
            .await?;
        organizer.sign_keys().await?;
        organizer.publish().await?;
    }
    let cloud = stage.cloud.process.id().unwrap_or_default();
    tokio::time::sleep(IDLE_AFTER).await;
    let before = cpu(cloud, &database).await?;
    tokio::time::sleep(IDLE_FOR).await;
    let after = cpu(cloud, &database).await?;
    let [of_cloud, of_database] =
        [0, 1].map(|nth| after[nth].saturating_sub(before[nth]).as_secs_f64() / IDLE_FOR.as_secs_f64());
    say(&format!(
        "idle with {EVENTS} events: {:.2} % of a core, and {:.2} % in the database",
        of_cloud * 100.0,
        of_database * 100.0
    ));
    ensure!(
        of_cloud + of_database < MOST,
        "{of_cloud} of a core, and {of_database} in the database"
    );
    Ok(())
}
