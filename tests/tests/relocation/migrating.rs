//! `usher-cloud migrate` with the real program: what it says of the tables, and that a server finds them as they should be.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::programs::{Ended, Program, Programs, finish};

async fn migrate(programs: &Programs, config: &Path) -> anyhow::Result<Ended> {
    let mut run = programs.command(Program::Cloud);
    run.arg("migrate").arg("--config").arg(config);
    finish(run).await
}

/// Reads the versions before and after out of what was said.
fn versions(said: &Ended) -> anyhow::Result<(i64, i64)> {
    ensure!(said.code == Some(0), "{said:?}");
    let numbers = said
        .stdout
        .split_whitespace()
        .filter_map(|word| word.parse().ok());
    let numbers: Vec<i64> = numbers.collect();
    let [were, are] = numbers[..] else {
        anyhow::bail!("{said:?}")
    };
    Ok((were, are))
}

/// Makes the tables as the first version of the program made them.
fn first_tables(database: &str) -> anyhow::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloud/migrations/postgres/V1__store.sql");
    let sql = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let hash = blake3::hash(sql.as_bytes()).to_hex();
    let listed = "CREATE TABLE migrations (version bigint PRIMARY KEY, hash bytea NOT NULL)";
    usher_test_postgres::run(
        database,
        &format!("{listed}; INSERT INTO migrations VALUES (1, '\\x{hash}'); {sql}"),
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_says_which_version_the_tables_were_of_and_changes_them_once() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let (programs, config) = (stage.programs.clone(), stage.cloud.config().to_owned());
    let buyer = stage.buyer();
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    buyer.buy(&wish).await?;
    stage.cloud.process.stop().await?;
    let (were, are) = versions(&migrate(&programs, &config).await?)?;
    ensure!(were == are && are > 0, "of {were}, of {are}");

    // Another folder, where no store is.
    let fresh = stage.path("fresh").join("store.db");
    let fresh = programs
        .clone()
        .with("USHER_CLOUD__STORE__URL", format!("sqlite:{}", fresh.display()));
    ensure!(versions(&migrate(&fresh, &config).await?)? == (0, are));
    ensure!(versions(&migrate(&fresh, &config).await?)? == (are, are));
    stage.cloud.start_again().await?;
    buyer.buy(&wish).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_first_version_are_brought_up_to_date_and_newer_ones_are_left_alone()
-> anyhow::Result<()> {
    let database = tokio::task::spawn_blocking(|| {
        let database = usher_test_postgres::new_database();
        first_tables(&database).map(|()| database)
    })
    .await??;
    let (programs, folder) = (Programs::find()?, tempfile::tempdir()?);
    let (config, data_dir) = (folder.path().join("cloud.toml"), folder.path().join("data"));
    fs::write(
        &config,
        format!("data_dir = {data_dir:?}\nstore.url = \"{database}\"\n"),
    )?;
    let (were, are) = versions(&migrate(&programs, &config).await?)?;
    ensure!(were == 1 && are > 1, "of {were}, of {are}");
    ensure!(versions(&migrate(&programs, &config).await?)? == (are, are));

    let newer = "INSERT INTO migrations VALUES (9999, 'x')";
    tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, newer)).await?;
    let refused = migrate(&programs, &config).await?;
    ensure!(
        refused.code == Some(1) && refused.stderr.contains("newer"),
        "{refused:?}"
    );
    Ok(())
}
