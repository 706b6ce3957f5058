//! Disks that fail a hub: full, read-only, with a damaged replica.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

use anyhow::{Context, ensure};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::disk::{ReadOnly, largest_file_kib};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::folder::event_in;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Program, finish};
use usher_tests::stage::turnstile::HubVerdict;
use usher_tests::stage::venue::Venue;

/// How much the hub's files may still grow before the disk is full, in KiB.
const ROOM_KIB: u64 = 200;

async fn buy(stage: &Stage, bookings: usize) -> anyhow::Result<Vec<BoughtTicket>> {
    let (buyer, mut tickets) = (stage.buyer(), Vec::new());
    for _ in 0..bookings {
        tickets.extend(
            buyer
                .buy(&Wish::Any {
                    tier: STANDING,
                    quantity: 20,
                })
                .await?
                .tickets,
        );
    }
    Ok(tickets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_lets_nobody_in_and_loses_nobody_who_was() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let tickets = buy(&stage, 12).await?;
    venue.south.process.stop().await?;
    venue.north.process.stop().await?;
    venue
        .north
        .process
        .limit_files(Some(largest_file_kib(venue.north.dir())? + ROOM_KIB));
    venue.north.start_again().await?;
    let turnstile = venue.north.turnstile(NORTH).await?;

    let (mut admitted, mut refused) = (BTreeSet::new(), None);
    for (number, ticket) in tickets.iter().enumerate() {
        let reply = turnstile
            .scan_as(&format!("{number:032x}"), &ticket.payload)
            .await?;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
        let verdict: HubVerdict = reply.json()?;
        ensure!(verdict.verdict == "admit", "{verdict:?}");
        admitted.insert(ticket.unit);
    }
    let refused = refused.context("the disk was never full")?;
    ensure!(
        refused.status == 503 && refused.text().contains("disk"),
        "{}: {}",
        refused.status,
        refused.text()
    );
    ensure!(
        !venue.north.status().await?.storage_ok,
        "the status does not say that the disk is full"
    );

    venue.north.process.kill9()?;
    venue.north.process.limit_files(None);
    venue.north.start_again().await?;
    venue.south.start_again().await?;
    until("the cloud to hear of everybody who was let in", async || {
        Ok(admitted
            .is_subset(&stage.organizer.admitted_units().await?)
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_replica_is_named_by_run_and_audit() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    venue.north.process.stop().await?;
    let replica = event_in(venue.north.dir())?.replica_path();
    let mut file = fs::OpenOptions::new().write(true).open(&replica)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&[0x5a; 8_192])?;
    drop(file);
    for arguments in [["run"], ["audit"]] {
        let mut command = stage.programs.command(Program::GateAgent);
        command.arg("--dir").arg(venue.north.dir()).args(arguments);
        let ended = finish(command).await?;
        ensure!(ended.code == Some(1), "{arguments:?}: {ended:?}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        ensure!(
            said.contains("damaged") && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_data_folder_is_refused_with_its_name() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    venue.north.process.stop().await?;
    let locked = ReadOnly::lock(venue.north.dir())?;
    let mut command = locked.command(&stage.programs, Program::GateAgent)?;
    command.arg("--dir").arg(venue.north.dir()).arg("run");
    let ended = finish(command).await?;
    ensure!(
        ended.code == Some(1) && ended.stderr.contains("hub-north"),
        "{ended:?}"
    );
    ensure!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    drop(locked);
    venue.north.start_again().await
}
