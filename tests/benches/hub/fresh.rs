//! What the cloud's word costs on its way to a hub: a fresh hub in the middle of a big event, and revocations, each on the wire and in time.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_gate_agent::clock::Clock;
use usher_gate_agent::directory::DataDirectory;
use usher_protocol::TierId;
use usher_tests::measure::{Latencies, Row, Table, resident_kib};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Ticket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup, Turnstile};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::programs::Program;

use crate::show::{admit_earlier, passage};
use crate::stand::{holds, pid};
use crate::wire::Wire;

/// 100,000 tickets.
const PLACES: Places = Places {
    rows: 50,
    seats_per_row: 40,
    standing: 97_000,
    weekend: 1_000,
};
/// Revoked ones: 2 per cent.
const REVOKED: usize = 2_000;
/// Earlier scans, with tickets nobody asks the cloud for.
const SCANS: std::ops::Range<u32> = 20_000..70_000;
/// Tickets bought at once.
const BASKET: u32 = 10;
/// Requests to the cloud at once.
const AT_ONCE: usize = 32;
/// Revocations that are timed.
const TIMED: usize = 100;
/// How long a revocation may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let wire = Wire::lay().await?;
    let public = format!("uplink_public = [\"{}\"]", wire.address());
    let stage = Stage::on_sale_with(PLACES, &public).await?;
    wire.join(stage.cloud.listening.uplink);
    let tickets = buy(&stage, REVOKED + TIMED).await?;
    let (revoked, timed) = tickets.split_at(REVOKED);
    revoke_all(&stage.organizer, revoked).await?;
    let busy = busy_hub(&stage).await?;
    fresh_hub(table, &stage, &wire, &busy).await?;
    revocations(table, &stage, &wire, (&busy, timed)).await
}

/// Buys tickets, many at once.
async fn buy(stage: &Stage, count: usize) -> anyhow::Result<Vec<Ticket>> {
    let (mut buying, mut tickets) = (JoinSet::new(), Vec::new());
    for _ in 0..count / BASKET as usize {
        if buying.len() == AT_ONCE
            && let Some(bought) = buying.join_next().await
        {
            tickets.extend(bought??);
        }
        let buyer = stage.buyer();
        let wish = Wish::Any {
            tier: STANDING,
            quantity: BASKET,
        };
        buying.spawn(async move { anyhow::Ok(buyer.buy(&wish).await?.tickets) });
    }
    while let Some(bought) = buying.join_next().await {
        tickets.extend(bought??);
    }
    Ok(tickets)
}

async fn revoke_all(organizer: &Organizer, tickets: &[Ticket]) -> anyhow::Result<()> {
    let mut revoking = JoinSet::new();
    for ticket in tickets {
        if revoking.len() == AT_ONCE
            && let Some(revoked) = revoking.join_next().await
        {
            revoked??;
        }
        let (organizer, id) = (organizer.clone(), ticket.ticket_id.clone());
        revoking.spawn(async move { organizer.revoke(&id).await });
    }
    while let Some(revoked) = revoking.join_next().await {
        revoked??;
    }
    Ok(())
}

/// Enrols a hub that has let everybody in an hour ago, and waits until the cloud has heard of them.
async fn busy_hub(stage: &Stage) -> anyhow::Result<Hub> {
    let setup = enrolled(stage, "busy").await?;
    let directory = DataDirectory::at(&setup.dir);
    let (key, replica) = (directory.read_key()?, directory.open_replica(Clock::system())?);
    let passages = SCANS.map(|unit| passage(unit, TierId(STANDING)));
    admit_earlier(&replica, &key, passages).await?;
    replica.close().await;
    let hub = Hub::start(&stage.programs, setup).await?;
    hub.linked_to("cloud").await?;
    let all = u64::from(SCANS.end - SCANS.start) + REVOKED as u64;
    holds(&hub, all).await?;
    usher_tests::stage::patience::until("the cloud to hear of every scan", async || {
        Ok((stage.organizer.devices().await?.records >= all).then_some(()))
    })
    .await?;
    Ok(hub)
}

async fn enrolled(stage: &Stage, name: &'static str) -> anyhow::Result<HubSetup<'static>> {
    let dir = stage.path(name);
    let code = stage.organizer.enrolment_code(Role::Hub, name).await?;
    std::fs::create_dir_all(&dir)?;
    let arguments = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "enroll".as_ref(),
        code.as_ref(),
    ];
    stage.programs.run(Program::GateAgent, &arguments).await?;
    Ok(HubSetup {
        dir,
        name,
        peers: Vec::new(),
    })
}

/// Starts a hub that knows nothing, twice: the first time the cloud has to sum up.
async fn fresh_hub(table: &mut Table, stage: &Stage, wire: &Wire, busy: &Hub) -> anyhow::Result<()> {
    for name in ["fresh", "fresh too"] {
        let setup = enrolled(stage, name).await?;
        let before = wire.carried();
        let started = Instant::now();
        let hub = Hub::start(&stage.programs, setup).await?;
        usher_tests::stage::patience::until("a fresh hub to know what has happened", async || {
            let admitted: u64 = hub.status().await?.gates.iter().map(|gate| gate.admitted).sum();
            Ok((admitted >= u64::from(SCANS.end - SCANS.start)).then_some(()))
        })
        .await?;
        let took = started.elapsed().as_secs_f64();
        let received = (wire.carried().back - before.back) as f64 / 1e3;
        table.add(Row::at_most(format!("{name} hub ready"), (took, 1.0), "s"));
        table.add(Row::at_most("  received for it", (received, 100.0), "kB"));
        let memory = resident_kib(pid(&hub)?)? / 1_024;
        table.add(Row::told("  its memory", format!("{memory} MB")));
    }
    let _ = busy;
    Ok(())
}

/// Revokes one ticket after the other; each is asked for at the hub until it is known there.
async fn revocations(
    table: &mut Table,
    stage: &Stage,
    wire: &Wire,
    (hub, tickets): (&Hub, &[Ticket]),
) -> anyhow::Result<()> {
    let turnstile = hub.turnstile(NORTH).await?;
    let (mut known, before) = (Latencies::default(), wire.carried());
    let began = Instant::now();
    for ticket in tickets {
        let started = Instant::now();
        let (organizer, id) = (stage.organizer.clone(), ticket.ticket_id.clone());
        let revoking = async move { organizer.revoke(&id).await.map(drop) };
        let (revoked, denied) = tokio::join!(revoking, denied(&turnstile, ticket));
        revoked?;
        denied?;
        known.add(started.elapsed());
    }
    let bytes = (wire.carried().back - before.back) as f64 / tickets.len() as f64;
    let p99 = known.percentile(99.0).as_secs_f64() * 1e3;
    table.add(Row::at_most(
        "p99 from revoking to denied at a hub",
        (p99, 100.0),
        "ms",
    ));
    table.add(Row::told("  revoking to denied", known.summary()));
    let what = "a revocation on the wire to each hub, and all else";
    // Three hubs are linked by now.
    table.add(Row::at_most(what, (bytes / 3.0, 300.0), "B"));
    table.add(Row::told(
        "  over",
        format!("{:.1} s", began.elapsed().as_secs_f64()),
    ));
    Ok(())
}

/// Asks whether a ticket may leave, which it may not, until the answer is that it is revoked.
async fn denied(turnstile: &Turnstile, ticket: &Ticket) -> anyhow::Result<()> {
    let started = Instant::now();
    let request = json!({ "payload": ticket.payload, "gate": NORTH, "direction": "out" });
    while started.elapsed() < PATIENCE {
        let answer: Value = turnstile.ask(&request).await?.expect(200)?.json()?;
        let reason = answer["reason"].as_str().context("nobody leaves who is not in")?;
        if reason == "revoked" {
            return Ok(());
        }
        ensure!(
            answer["verdict"] == "deny",
            "a ticket that is not in was let out: {answer}"
        );
    }
    anyhow::bail!("a revocation did not arrive in {} s", PATIENCE.as_secs())
}
