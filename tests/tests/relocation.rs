//! Moving a cloud's store from one engine to the other with the real program, killed on the way again and again.

mod relocation {
    pub mod migrating;
}

use std::process::Stdio;
use std::time::Duration;

use anyhow::ensure;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, SEATED, STANDING};
use usher_tests::stage::programs::{Ended, Program, Programs, finish};

/// Enough rows to be killed in the middle of them.
const PLACES: Places = Places {
    rows: 40,
    seats_per_row: 50,
    standing: 4_000,
    weekend: 100,
};
/// How much longer each attempt lives than the one before.
const LONGER: Duration = Duration::from_millis(60);
/// Attempts after which one is let live.
const KILLS: u32 = 12;

async fn moved(programs: &Programs, from: &str, to: &str) -> anyhow::Result<Ended> {
    let mut run = programs.command(Program::Cloud);
    run.args(["move", "--from", from, "--to", to]);
    finish(run).await
}

/// Begins a move again and again and kills it, each time a bit later; tells whether one was done before that.
async fn kill_often(programs: &Programs, from: &str, to: &str) -> anyhow::Result<u32> {
    let mut killed = 0;
    for nth in 1..=KILLS {
        let mut run = programs.command(Program::Cloud);
        run.args(["move", "--from", from, "--to", to]);
        let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        tokio::time::sleep(LONGER * nth).await;
        if child.try_wait()?.is_none() {
            child.kill()?;
            killed += 1;
        }
        child.wait()?;
    }
    Ok(killed)
}

/// Moves the store back, killed on the way as often as it was on the way there.
async fn comes_back(programs: &Programs, there: &str, back: &str) -> anyhow::Result<()> {
    let killed = kill_often(programs, there, back).await?;
    ensure!(killed > 0, "no attempt on the way back was killed");
    let returned = moved(programs, there, back).await?;
    ensure!(
        returned.code == Some(0) && returned.stdout.contains("units: 6100 rows")
            || returned.stderr.contains("the store was moved to"),
        "{returned:?}"
    );
    Ok(())
}

async fn audit(programs: &Programs, stage: &Stage) -> anyhow::Result<String> {
    let config = stage.cloud.config().as_os_str();
    programs
        .run(Program::Cloud, &["audit".as_ref(), "--config".as_ref(), config])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_killed_on_its_way_to_postgres_and_back_arrives_both_times() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(PLACES).await?;
    let programs = stage.programs.clone();
    let quantity = 20;
    for _ in 0..5 {
        stage
            .buyer()
            .buy(&Wish::Any {
                tier: STANDING,
                quantity,
            })
            .await?;
    }
    stage.buyer().buy_one(SEATED).await?;
    let there = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let here = format!(
        "sqlite:{}",
        stage.cloud.data_dir().join("usher-cloud.db").display()
    );
    let in_use = moved(&programs, &here, &there).await?;
    ensure!(
        in_use.code == Some(1) && in_use.stderr.contains("is in use"),
        "{in_use:?}"
    );
    stage.cloud.process.stop().await?;
    let before = audit(&programs, &stage).await?;

    let killed = kill_often(&programs, &here, &there).await?;
    ensure!(killed > 0, "no attempt was killed");
    let done = moved(&programs, &here, &there).await?;
    ensure!(
        done.code == Some(0) && done.stdout.contains("units: 6100 rows")
            || done.stderr.contains("the store was moved to"),
        "{done:?}"
    );
    // The old place is closed and says where to go.
    stage.cloud.process.start_again()?;
    ensure!(
        !stage.cloud.process.wait().await?.success(),
        "it serves a store that has gone"
    );
    let logged = stage.cloud.process.logged()?;
    ensure!(
        logged.contains("the store was moved to the PostgreSQL"),
        "{logged}"
    );
    stage.cloud.process.forget()?;
    let on_postgres = programs.clone().with("USHER_CLOUD__STORE__URL", there.clone());
    ensure!(audit(&on_postgres, &stage).await? == before, "not what it was");

    let back = format!("sqlite:{}", stage.path("back").join("store.db").display());
    comes_back(&programs, &there, &back).await?;
    let returned = programs.with("USHER_CLOUD__STORE__URL", back);
    ensure!(audit(&returned, &stage).await? == before, "not what it was");
    Ok(())
}
