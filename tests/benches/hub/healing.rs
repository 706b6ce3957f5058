//! Hubs with a day behind them: starting again with it, catching up after a day apart, and the memory both take, of a scanner too.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use usher_device::replica;
use usher_tests::measure::{Meter, Row, Table, reading_time, resident_kib, signature_times};
use usher_tests::stage::folder::event_in;
use usher_tests::stage::hub::Hub;
use usher_tests::stage::patience::until_within;
use usher_tests::stage::scanner::Scanner;

use crate::show::{GATE, scan};
use crate::stand::{Stand, holds, pid};
use crate::wire::Wire;

const HUBS: [u16; 2] = [100, 101];
/// Scans of each hub.
const SCANS: u32 = 50_000;
/// Revoked tickets: 2 per cent of 100,000.
const REVOKED: u32 = 2_000;
/// How long a scanner may take to take everything in.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let days = [(HUBS[0], 0..SCANS), (HUBS[1], SCANS..2 * SCANS)];
    let stand = Stand::prepare(&days, REVOKED).await?;
    let wire = Wire::lay().await?;
    let mut one = stand.start(HUBS[0], Vec::new()).await?;
    restart(table, (&mut one, &stand.folder_of(HUBS[0]))).await?;
    let other = stand.start(HUBS[1], vec![wire.address()]).await?;
    heal(table, (&stand, &wire), [&one, &other]).await?;
    scanner(table, &stand, &one).await
}

async fn restart(table: &mut Table, (hub, folder): (&mut Hub, &Path)) -> anyhow::Result<()> {
    hub.process.stop().await?;
    let started = Instant::now();
    hub.start_again().await?;
    let took = started.elapsed().as_secs_f64();
    let file = event_in(folder)?.replica_path();
    let reading = (Duration::from_secs_f64(took), reading_time(&file)?);
    let starting = Row::at_most("start again with 50,000 scans", (took, 2.0), "s");
    table.add_all(starting.beside("reading the file into memory", reading));
    let memory = resident_kib(pid(hub)?)? as f64 / 1_024.0;
    table.add(Row::told("  hub memory", format!("{memory:.0} MB")));
    Ok(())
}

async fn heal(table: &mut Table, (stand, wire): (&Stand, &Wire), hubs: [&Hub; 2]) -> anyhow::Result<()> {
    let mut records = 0;
    for hub in hubs {
        // The authority's log is at both.
        records += hub.status().await?.records;
    }
    let records = records - u64::from(REVOKED) - 2;
    let before = signature_times()?;
    let meters = [Meter::start(pid(hubs[0])?)?, Meter::start(pid(hubs[1])?)?];
    wire.join(hubs[0].listening.quic);
    hubs[0].linked_to("hub").await?;
    let linked = Instant::now();
    for hub in hubs {
        holds(hub, records).await?;
    }
    let took = linked.elapsed().as_secs_f64();
    let cpu = meters[0].cpu()? + meters[1].cpu()?;
    let signatures = before.mean(signature_times()?);
    let healing = Row::at_most("heal after 50,000 scans at each of two hubs", (took, 5.0), "s");
    let cores = u32::try_from(std::thread::available_parallelism()?.get().min(2))?;
    let floor = signatures.verification * 2 * SCANS / cores;
    let time = (Duration::from_secs_f64(took), floor);
    table.add_all(healing.beside("100,000 raw strict verifications on both cores", time));
    let each = (cpu / (2 * SCANS), signatures.verification);
    table.add(Row::beside(
        "a raw strict verification, both hubs' CPU for a scan",
        each,
    ));
    let carried = wire.carried();
    let megabytes = (carried.there + carried.back) as f64 / 1e6;
    table.add(Row::told(
        "  on the wire, both ways",
        format!("{megabytes:.1} MB"),
    ));
    for (hub, number) in hubs.into_iter().zip(HUBS) {
        let memory = resident_kib(pid(hub)?)? as f64 / 1_024.0;
        let what = "hub memory with 100,000 tickets, all used";
        let file = event_in(&stand.folder_of(number))?.replica_path();
        let sizes = (memory, megabytes_of(&file)?);
        let of_hub = Row::at_most(what, (memory, 70.0), "MB");
        table.add_all(of_hub.beside_size("its records on the disk", sizes, "MB"));
    }
    Ok(())
}

/// A scanner that takes in all that the hub holds.
async fn scanner(table: &mut Table, stand: &Stand, hub: &Hub) -> anyhow::Result<()> {
    let dir = stand.path("scanner");
    let scanner = Scanner::enrol(&stand.programs, &dir, &hub.scanner_code().await?).await?;
    let shown = stand.path("shown");
    let started = Instant::now();
    let mut wedge = scanner.with_hub(hub.listening.quic).wedge(GATE.0, &shown)?;
    let records = hub.status().await?.records;
    let file = event_in(&dir)?.replica_path();
    until_within(PATIENCE, "a scanner to take everything in", async || {
        let audit = replica::audit(&file)?;
        let held: u64 = audit.logs.values().map(|log| log.records).sum();
        Ok((held >= records).then_some(()))
    })
    .await?;
    let took = started.elapsed().as_secs_f64();
    wedge
        .read(scan(SCANS).code)
        .await
        .context("scanning a used ticket")?;
    let memory = resident_kib(wedge.id())? as f64 / 1_024.0;
    let sizes = (memory, megabytes_of(&file)?);
    let of_scanner = Row::at_most("scanner memory with the same", (memory, 60.0), "MB");
    table.add_all(of_scanner.beside_size("its records on the disk", sizes, "MB"));
    table.add(Row::told("  from nothing to everything", format!("{took:.1} s")));
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let floor = signature_times()?.verification * 2 * SCANS / cores;
    let time = (Duration::from_secs_f64(took), floor);
    table.add(Row::beside("100,000 raw strict verifications on all cores", time));
    Ok(())
}

fn megabytes_of(file: &Path) -> anyhow::Result<f64> {
    Ok(std::fs::metadata(file)?.len() as f64 / 1e6)
}
