//! What the cloud's word costs on its way to a hub: a fresh hub in the middle of a big event, and revocations, each on the wire and in time.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_device::replica::Replica;
use usher_keys::{Purpose, SecretKey};
use usher_protocol::TierId;
use usher_tests::measure::{Latencies, Row, Table, flush_times, resident_kib};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::folder::event_in;
use usher_tests::stage::http::Http;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Program;

use crate::show::{admit_earlier, an_hour_ago, now, passage};
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
/// Earlier scans: with five of nine tickets from here on, so that they are no long rows that sum up to nothing.
const FIRST_SCANNED: u32 = 10_000;
const SCANS: u32 = 50_000;
/// Tickets bought at once.
const BASKET: u32 = 10;
/// Requests to the cloud at once.
const AT_ONCE: usize = 32;
/// Revocations that are timed, and as many that are weighed.
const TIMED: usize = 100;
/// What a signed record cannot do without: the signature, the hash before and after it, and whose it is, in bytes.
const LEAST_BYTES: f64 = 64.0 + 2.0 * 32.0 + 32.0;
/// How long a revocation may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let wire = Wire::lay().await?;
    let public = format!("uplink_public = [\"{}\"]", wire.address());
    let stage = Stage::on_sale_with(PLACES, &public).await?;
    wire.join(stage.cloud.listening.uplink);
    let tickets = buy(&stage, REVOKED + 2 * TIMED).await?;
    let (revoked, others) = tickets.split_at(REVOKED);
    let (timed, weighed) = others.split_at(TIMED);
    revoke_all(&stage.organizer, revoked).await?;
    let busy = busy_hub(&stage).await?;
    let last = revoked.last().context("some were revoked")?;
    fresh_hub(table, &stage, &wire, last).await?;
    weigh(table, &stage, &wire, (&busy, weighed)).await?;
    time(table, &stage, &busy, timed).await
}

/// Buys tickets, many at once.
async fn buy(stage: &Stage, count: usize) -> anyhow::Result<Vec<BoughtTicket>> {
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

async fn revoke_all(organizer: &Organizer, tickets: &[BoughtTicket]) -> anyhow::Result<()> {
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
    let directory = event_in(&setup.dir)?;
    let (key, replica) = (directory.read_key()?, directory.open_replica(an_hour_ago())?);
    let units = (FIRST_SCANNED..).filter(|unit| unit % 9 < 5).take(SCANS as usize);
    let tickets = ticket_key(stage, &replica).await?;
    let passages = units.map(|unit| passage((unit, TierId(STANDING)), &tickets));
    admit_earlier(&replica, &key, passages).await?;
    replica.close().await;
    let hub = Hub::start(&stage.programs, setup).await?;
    hub.linked_to("cloud").await?;
    let all = u64::from(SCANS) + REVOKED as u64;
    holds(&hub, all).await?;
    until("the cloud to hear of every scan", async || {
        Ok((stage.organizer.devices().await?.records >= all).then_some(()))
    })
    .await?;
    Ok(hub)
}

/// Returns the key that the cloud signs tickets with: passages with a code by another one would count for nothing there.
async fn ticket_key(stage: &Stage, replica: &Replica) -> anyhow::Result<SecretKey> {
    let keys = stage.cloud.key_safe()?;
    let keys = keys.event_keys(stage.organizer.event.parse()?).await?;
    let trust = Arc::clone(&replica.snapshot().trust);
    let key = keys.in_use(Purpose::Ticket, trust.bundle(), now());
    Ok(key.context("the cloud sells tickets")?.clone())
}

async fn enrolled(stage: &Stage, name: &'static str) -> anyhow::Result<HubSetup<'static>> {
    let dir = stage.path(name);
    let code = stage.organizer.enrolment_code(Role::Hub, name).await?;
    usher_keys::private::make_folder(&dir)?;
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

/// Starts a hub that knows nothing, twice: for the first one the cloud has to sum up. It is ready when it knows the ticket
/// that was revoked last.
async fn fresh_hub(
    table: &mut Table,
    stage: &Stage,
    wire: &Wire,
    revoked: &BoughtTicket,
) -> anyhow::Result<()> {
    for name in ["the first fresh hub", "the next fresh hub"] {
        let setup = enrolled(stage, name).await?;
        let token = token(stage, &setup.dir).await?;
        let before = wire.carried();
        let started = Instant::now();
        let mut hub = Hub::start(&stage.programs, setup).await?;
        // A hub that has judged somebody is not fresh any more: it is only asked once it knows the event.
        until("a fresh hub to know the event", async || {
            Ok(hub.status().await?.event_name.map(drop))
        })
        .await?;
        denied(&hub.http.with_token(token), revoked).await?;
        let took = started.elapsed().as_secs_f64();
        let received = (wire.carried().back - before.back) as f64 / 1e3;
        let flush = flush_times(&stage.path(""))?.median;
        let ready = Row::at_most(format!("{name} ready"), (took, 1.0), "s");
        table.add_all(ready.beside("an fsync", (Duration::from_secs_f64(took), flush)));
        let bits = f64::from(PLACES.total()) / 8e3;
        let carried = Row::at_most("  received for it", (received, 100.0), "kB");
        table.add_all(carried.beside_size("a bit for each ticket", (received, bits), "kB"));
        until("a fresh hub to know who is in", async || {
            let admitted: u64 = hub.status().await?.gates.iter().map(|gate| gate.admitted).sum();
            Ok((admitted >= u64::from(SCANS)).then_some(()))
        })
        .await?;
        let memory = resident_kib(pid(&hub)?)? / 1_024;
        table.add(Row::told("  its memory", format!("{memory} MB")));
        hub.process.stop().await?;
    }
    Ok(())
}

/// Has a hub that does not run yet give a token.
async fn token(stage: &Stage, dir: &Path) -> anyhow::Result<String> {
    let arguments = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "http-token".as_ref(),
        "--every-gate".as_ref(),
        "--name".as_ref(),
        "probe".as_ref(),
    ];
    let said = stage.programs.run(Program::GateAgent, &arguments).await?;
    let token = said
        .split_whitespace()
        .find(|word| word.starts_with("usher-http-"));
    Ok(token.context("a hub gives tokens")?.to_owned())
}

/// Revokes one ticket after the other while nothing else happens, and counts what the cloud sends to the one hub.
async fn weigh(
    table: &mut Table,
    stage: &Stage,
    wire: &Wire,
    (hub, tickets): (&Hub, &[BoughtTicket]),
) -> anyhow::Result<()> {
    let records = hub.status().await?.records + tickets.len() as u64;
    let before = wire.carried();
    for ticket in tickets {
        stage.organizer.revoke(&ticket.ticket_id).await?;
    }
    holds(hub, records).await?;
    let bytes = (wire.carried().back - before.back) as f64 / tickets.len() as f64;
    let what = "one revocation on the wire, beats and acknowledgements included";
    table.add_all(Row::at_most(what, (bytes, 300.0), "B").beside_size(
        "a signature, two hashes and an origin",
        (bytes, LEAST_BYTES),
        "B",
    ));
    Ok(())
}

/// Revokes one ticket after the other; each is asked for at the hub until it is known there.
async fn time(table: &mut Table, stage: &Stage, hub: &Hub, tickets: &[BoughtTicket]) -> anyhow::Result<()> {
    let probe = hub.turnstile(NORTH).await?.http;
    let mut known = Latencies::default();
    for ticket in tickets {
        let started = Instant::now();
        let revoking = async { stage.organizer.revoke(&ticket.ticket_id).await.map(drop) };
        let (revoked, denied) = tokio::join!(revoking, denied(&probe, ticket));
        revoked?;
        denied?;
        known.add(started.elapsed());
    }
    let flushes = flush_times(&stage.path(""))?;
    let slowest = known.percentile(99.0);
    let p99 = slowest.as_secs_f64() * 1e3;
    let revoking = Row::at_most("p99 from revoking to denied at a hub", (p99, 100.0), "ms");
    let limit = 2 * flushes.p99;
    table.add_all(revoking.beside("the p99 of an fsync at each of the two", (slowest, limit)));
    table.add(Row::told("  revoking to denied", known.summary()));
    Ok(())
}

/// Asks whether two may come in with a ticket for one, which they may not, until the answer is that it is revoked.
async fn denied(hub: &Http, ticket: &BoughtTicket) -> anyhow::Result<()> {
    let started = Instant::now();
    let request = json!({ "payload": ticket.payload, "gate": NORTH, "persons": 2 });
    while started.elapsed() < PATIENCE {
        let answer: Value = hub.post("/v1/scans", &request).await?.expect(200)?.json()?;
        if answer["reason"] == "revoked" {
            return Ok(());
        }
        ensure!(
            answer["verdict"] != "admit",
            "two were let in with a ticket for one: {answer}"
        );
    }
    anyhow::bail!("a revocation did not arrive in {} s", PATIENCE.as_secs())
}
