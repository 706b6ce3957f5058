//! Durable admissions at one hub with a crowd of scanners over QUIC: what each costs the hub, how many there are in a second, how long people wait.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use usher_keys::Role;
use usher_link::Connection;
use usher_protocol::admission::Verdict;
use usher_protocol::request::{Request, Scan};
use usher_tests::measure::{Meter, Row, Table, flush_times, resident_kib};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::programs::Programs;

use crate::crowd::Crowd;
use crate::load;
use crate::show::{Show, scan};

/// The number of the hub's key.
const HUB: u16 = 100;
/// How many scanners there are.
const SCANNERS: u16 = 64;
/// People before anything is measured.
const WARM_UP: u32 = 2_000;
/// People as fast as they can.
const CROWD: u32 = 25_000;
/// People who come steadily.
const STEADY: u32 = 5_000;
/// How many of them a second.
const PER_SECOND: u32 = 1_000;
/// How long an answer may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let show = Show::new(&[HUB], 0)?;
    let dir = folder.path().join("hub");
    show.enrol((HUB, Role::Hub), &dir, &[]).await?;
    let setup = HubSetup {
        dir,
        name: "the hub",
        peers: Vec::new(),
    };
    let hub = Hub::start(&Programs::find()?, setup).await?;
    let crowd = Crowd::gather(&show, hub.listening.quic, SCANNERS).await?;
    let scans: Arc<Vec<Scan>> = Arc::new((0..WARM_UP + CROWD + STEADY).map(scan).collect());
    let gates = |from: u32| {
        let gate = |connection: &Connection| {
            let (connection, scans) = (connection.clone(), Arc::clone(&scans));
            move |person: usize| {
                let (connection, scan) = (connection.clone(), scans[from as usize + person].clone());
                admit(connection, scan)
            }
        };
        crowd.connections.iter().map(gate).collect::<Vec<_>>()
    };
    load::crowded(gates(0), WARM_UP as usize).await?;

    let pid = hub.process.id().context("the hub runs")?;
    let flushes = flush_times(folder.path())?;
    let (meter, own, heard) = (Meter::start(pid)?, Meter::own()?, crowd.heard());
    let mut passed = load::crowded(gates(WARM_UP), CROWD as usize).await?;
    let (cpu, own) = (meter.cpu()?, own.cpu()?);
    let told = crowd.heard();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(CROWD);
    table.add(Row::at_most(
        "hub CPU per admission over QUIC",
        (each(cpu), 150.0),
        "µs",
    ));
    table.add(Row::at_least(
        "admissions with 64 scanners",
        (passed.per_second(), 5_000.0),
        "/s",
    ));
    table.add(Row::told("  waiting", passed.latencies.summary()));
    table.add(Row::told("  disk", flushes.to_string()));
    table.add(Row::told(
        "  load CPU per admission",
        format!("{:.0} µs", each(own)),
    ));
    let (runs, records) = (told.0 - heard.0, told.1 - heard.1);
    table.add(Row::told(
        "  told to scanners",
        format!(
            "{runs} runs of {:.1} records",
            records as f64 / runs.max(1) as f64
        ),
    ));

    let meter = Meter::start(pid)?;
    let mut steady = load::steady(gates(WARM_UP + CROWD), STEADY as usize, PER_SECOND).await?;
    let each = meter.cpu()?.as_secs_f64() * 1e6 / f64::from(STEADY);
    let p99 = steady.latencies.percentile(99.0).as_secs_f64() * 1e3;
    table.add(Row::at_most("p99 at 1,000 a second", (p99, 20.0), "ms"));
    table.add(Row::told("  waiting", steady.latencies.summary()));
    table.add(Row::told("  hub CPU each", format!("{each:.0} µs")));
    table.add(Row::told(
        "  hub memory",
        format!("{} MB", resident_kib(pid)? / 1_024),
    ));
    Ok(())
}

async fn admit(connection: Connection, scan: Scan) -> anyhow::Result<()> {
    let answer = connection.ask(&Request::Judge(scan), PATIENCE).await?;
    let answer = answer.map_err(|error| anyhow::anyhow!("the hub does not judge: {error:?}"))?;
    ensure!(
        matches!(answer.verdict, Verdict::Admit { .. }),
        "somebody was not admitted: {:?}",
        answer.verdict
    );
    Ok(())
}
