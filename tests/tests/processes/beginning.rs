//! Many processes that start at the same moment over a database in which nothing is yet.

use tokio::task::{JoinSet, LocalSet};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::programs::Programs;

/// Processes that start at once.
const PROCESSES: usize = 10;

#[tokio::test]
async fn ten_processes_start_at_once_over_an_empty_database() -> anyhow::Result<()> {
    LocalSet::new().run_until(start_at_once()).await
}

async fn start_at_once() -> anyhow::Result<()> {
    let database = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let settings = format!(
        "store.url = \"{database}\"\nkeys.master_key = \"{}\"",
        "0".repeat(64)
    );
    let (programs, folder) = (Programs::find()?, tempfile::tempdir()?);
    let mut starting = JoinSet::new();
    for nth in 0..PROCESSES {
        let (programs, settings) = (programs.clone(), settings.clone());
        let folder = folder.path().join(nth.to_string());
        starting.spawn_local(async move { Cloud::start(&programs, &folder, &settings).await });
    }
    let clouds: anyhow::Result<Vec<_>> = starting.join_all().await.into_iter().collect();
    let clouds = clouds?;
    // They have made one key by which the cloud is known, and not ten.
    let keys = "SELECT count(*) FROM secret_keys";
    let keys = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, keys)).await?;
    assert_eq!(keys.trim(), "1");
    for cloud in &clouds {
        cloud.http.get("/readyz").await?.expect(200)?;
    }
    Ok(())
}
