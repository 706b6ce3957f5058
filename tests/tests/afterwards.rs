//! Before doors and after a show, with the programs as a venue has them: what two hubs have archived is verified by the organizer's root alone, on a
//! machine that has neither hub nor cloud.

use std::path::Path;

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, SEATED};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Ended, Program, finish};
use usher_tests::stage::venue::{HUB_SOUTH, Venue};

async fn verify(stage: &Stage, file: &Path, root: &str) -> anyhow::Result<Ended> {
    let mut command = stage.programs.command(Program::Keys);
    command
        .arg("verify-archive")
        .arg(file)
        .args(["--root-public", root]);
    finish(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_hubs_archive_is_verified_by_the_root_alone() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let (north, south) = (venue.north.turnstile(1).await?, venue.south.turnstile(2).await?);
    let buyer = stage.buyer();
    for turnstile in [&north, &south, &north] {
        let ticket = buyer.buy_one(SEATED).await?;
        let verdict = turnstile.scan(&ticket.payload).await?;
        ensure!(verdict.verdict == "admit", "{verdict:?}");
        let again = south.scan(&ticket.payload).await?;
        ensure!(again.verdict == "deny", "{again:?}");
    }
    venue.settled(&stage).await?;
    let root = stage.organizer.root().await?;
    for hub in [&venue.north, &venue.south] {
        let file = stage.path(format!("{}.usher", hub.listening.http.port()));
        let name = file.to_str().context("a path in UTF-8")?;
        hub.command(&["archive", name]).await?;
        let good = verify(&stage, &file, &root).await?;
        ensure!(good.code == Some(0), "{good:?}");
        for part in [
            "let in     3 people, counted anew",
            "refused    3 scans",
            "incidents  0",
        ] {
            ensure!(good.stdout.contains(part), "{part:?} is not in {}", good.stdout);
        }
        let other = verify(&stage, &file, &"11".repeat(32)).await?;
        ensure!(
            other.code == Some(1) && other.stdout.contains("byte 16"),
            "{other:?}"
        );
        let mut bytes = std::fs::read(&file)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&file, bytes)?;
        let changed = verify(&stage, &file, &root).await?;
        ensure!(
            changed.code == Some(1) && changed.stdout.contains("was altered"),
            "{changed:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_ready_until_another_one_of_the_event_is_gone() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let all = venue.north.command(&["ready"]).await?;
    ensure!(
        all.contains(&format!("good  {HUB_SOUTH}")) && all.contains("\nready"),
        "{all}"
    );
    venue.south.process.kill9()?;
    let says = format!("WRONG hub {HUB_SOUTH} was not heard of");
    until("the hub that is gone to be told of", async || {
        let mut command = stage.programs.command(Program::GateAgent);
        command.arg("--dir").arg(venue.north.dir()).arg("ready");
        let said = finish(command).await?;
        let is_told =
            said.code == Some(1) && said.stdout.contains(&says) && said.stdout.contains("NOT READY");
        Ok(is_told.then_some(()))
    })
    .await
}
