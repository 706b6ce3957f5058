//! SQLite itself on the forgetful disk: it keeps every commit with `synchronous = FULL` and loses some with `NORMAL`, which shows that the disk does forget.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use rusqlite::Connection;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;

use super::disk::{Loss, Mood};
use super::mount::Mount;

/// Power cuts for each setting, in the default suite and in `make soak`.
const ROUNDS: Rounds = Rounds { suite: 10, soak: 100 };
/// Longest time until the power is cut, in microseconds.
const LONGEST_LIFE_US: u64 = 30_000;

#[tokio::test]
async fn a_power_cut_takes_no_commit_with_full_sync_and_some_with_normal() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("power cuts under SQLite", 20_261_121, ROUNDS);
    let Some(mut mount) = Mount::empty()? else {
        return Ok(());
    };
    let mut random = Random::new(seed);
    for (synchronous, keeps_all) in [("FULL", true), ("NORMAL", false)] {
        let file = mount.path().join(synchronous);
        let (mut committed, mut lost) = (0, 0);
        for round in 0..rounds {
            let done = write_until_the_power_is_cut(&file, synchronous, &mount, &mut random)?;
            mount.restart(Loss::Some(&mut random))?;
            let found = found(&file)?;
            ensure!(
                found >= done || !keeps_all,
                "seed {seed} round {round}: {done} commits with {synchronous}, {found} are left"
            );
            committed += done;
            lost += done.saturating_sub(found);
        }
        println!(
            "synchronous = {synchronous}: seed {seed}, {rounds} power cuts, {committed} commits, {lost} lost"
        );
        ensure!(
            (lost == 0) == keeps_all,
            "seed {seed}: {lost} of {committed} commits with {synchronous} were lost"
        );
    }
    Ok(())
}

/// Commits one row after the other into an empty table until the disk no longer answers; returns how many were committed.
fn write_until_the_power_is_cut(
    file: &Path,
    synchronous: &str,
    mount: &Mount,
    random: &mut Random,
) -> anyhow::Result<u64> {
    let connection = open(file, synchronous)?;
    connection.execute_batch("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY); DELETE FROM rows;")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let (done, life) = (
        AtomicU64::new(0),
        Duration::from_micros(random.between(1_000, LONGEST_LIFE_US)),
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let connection = connection;
            while connection.execute("INSERT INTO rows DEFAULT VALUES", []).is_ok() {
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
        std::thread::park_timeout(life);
        mount.feel(Mood::Off);
    });
    Ok(done.into_inner())
}

fn found(file: &Path) -> anyhow::Result<u64> {
    let connection = open(file, "FULL")?;
    let count: i64 = connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}

fn open(file: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}
