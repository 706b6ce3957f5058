//! Disks that fail the cloud: full, read-only, with a damaged database, used twice.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use anyhow::ensure;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::disk::{ReadOnly, largest_file_kib};
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Program, finish};

/// How much the cloud's files may still grow before the disk is full, in KiB.
const ROOM_KIB: u64 = 300;
/// Bookings that would fill the disk many times over.
const MANY: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_bookings_and_loses_none_that_was_answered() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FULL).await?;
    let buyer = stage.buyer();
    stage.cloud.process.stop().await?;
    stage
        .cloud
        .process
        .limit_files(Some(largest_file_kib(stage.cloud.data_dir())? + ROOM_KIB));
    stage.cloud.start_again().await?;

    let (mut answered, mut refused) = (Vec::new(), None);
    for _ in 0..MANY {
        match buyer
            .buy(&Wish::Any {
                tier: STANDING,
                quantity: 20,
            })
            .await
        {
            Ok(booking) => answered.push(booking),
            Err(error) => {
                refused = Some(format!("{error:#}"));
                break;
            }
        }
    }
    let Some(refused) = refused else {
        anyhow::bail!("the disk was never full");
    };
    ensure!(refused.contains("503") && refused.contains("detail"), "{refused}");
    stage.cloud.process.check()?;

    stage.cloud.process.kill9()?;
    stage.cloud.process.limit_files(None);
    stage.cloud.start_again().await?;
    for booking in &answered {
        let kept = stage
            .cloud
            .http
            .get(&format!("/v1/bookings/{}", booking.booking_id))
            .await?
            .expect(200)?;
        assert_eq!(kept.json::<usher_tests::stage::buyer::Booking>()?, *booking);
    }
    buyer.buy_one(STANDING).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_with_its_name() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    stage.cloud.process.stop().await?;
    let file = stage.cloud.data_dir().join("usher-cloud.db");
    let mut database = fs::OpenOptions::new().write(true).open(&file)?;
    database.seek(SeekFrom::Start(0))?;
    database.write_all(&[0x5a; 8_192])?;
    drop(database);

    stage.cloud.process.start_again()?;
    let status = stage.cloud.process.wait().await?;
    assert_eq!(status.code(), Some(1));
    let log = stage.cloud.process.logged()?;
    let said = log.lines().last().unwrap_or_default();
    ensure!(
        said.contains("usher-cloud.db") && !said.contains("panicked"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_data_folder_is_refused_with_its_name() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    stage.cloud.process.stop().await?;
    let locked = ReadOnly::lock(stage.cloud.data_dir())?;
    let mut command = locked.command(&stage.programs, Program::Cloud)?;
    command.arg("serve").arg("--config").arg(stage.cloud.config());
    let ended = finish(command).await?;
    let said = ended.stderr;
    let last = said.lines().last().unwrap_or_default();
    ensure!(ended.code == Some(1), "ended with {:?}: {said}", ended.code);
    ensure!(last.contains("data") && !said.contains("panicked"), "{said}");
    drop(locked);

    stage.cloud.start_again().await?;
    stage.buyer().buy_one(STANDING).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cloud_on_the_same_data_folder_is_refused() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let settings = stage.path("second.toml");
    let data_dir = stage.cloud.data_dir().display().to_string();
    fs::write(
        &settings,
        format!("listen = \"127.0.0.1:0\"\nuplink_listen = \"127.0.0.1:0\"\ndata_dir = {data_dir:?}"),
    )?;
    let mut command = stage.programs.command(Program::Cloud);
    command.arg("serve").arg("--config").arg(&settings);
    let ended = finish(command).await?;
    let said = ended.stderr;
    assert_eq!(ended.code, Some(1), "{said}");
    assert!(said.contains("another usher-cloud uses"), "{said}");
    until("the first cloud to be well", async || {
        Ok((stage.cloud.http.get("/healthz").await?.status == 200).then_some(()))
    })
    .await
}
