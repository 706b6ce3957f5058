//! Durable admissions at one hub with a crowd of scanners over QUIC: what each costs the hub, how many there are in a second, how long people wait.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use usher_link::Connection;
use usher_protocol::admission::Verdict;
use usher_protocol::request::{Answer, Request, Scan};
use usher_tests::measure::{Meter, Row, SignatureTimes, Table, flush_times, resident_kib, signature_times};

use crate::crowd::Crowd;
use crate::load::{self, Passed};
use crate::show::scan;
use crate::stand::{Stand, pid};

/// The number of the hub's key.
const HUB: u16 = 100;
/// How many scanners there are.
const SCANNERS: u16 = 64;
/// People before anything is measured.
const WARM_UP: u32 = 2_000;
/// People as fast as they can.
const MANY: u32 = 25_000;
/// People who come steadily.
const STEADY: u32 = 5_000;
/// How many of them a second.
const PER_SECOND: u32 = 1_000;
/// How long an answer may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let stand = Stand::prepare(&[(HUB, 0..0)], 0).await?;
    let hub = stand.start(HUB, Vec::new()).await?;
    let crowd = Crowd::gather(&stand.show, hub.listening.quic, SCANNERS).await?;
    let queue = Queue::of((0..WARM_UP + MANY + STEADY).map(scan));
    let gates = |from: u32| -> Vec<_> {
        let gate = |connection: &Connection| queue.gate(connection, from as usize);
        crowd.connections.iter().map(gate).collect()
    };
    load::crowded(gates(0), WARM_UP as usize).await?;

    let (flushes, before) = (flush_times(&stand.path(""))?, signature_times()?);
    let (hub, own, told) = (pid(&hub)?, Meter::own()?, crowd.heard());
    let meter = Meter::start(hub)?;
    let passed = load::crowded(gates(WARM_UP), MANY as usize).await?;
    let cpu = [meter.cpu()?, own.cpu()?];
    let signatures = before.mean(signature_times()?);
    crowded(table, passed, (cpu, signatures));
    let raw = signatures.verification.as_secs_f64() * 1e6;
    table.add(Row::told("  one of which takes", format!("{raw:.1} µs")));
    let (runs, records) = crowd.heard();
    let each = (records - told.1) as f64 / (runs - told.0).max(1) as f64;
    table.add(Row::told("  records in a run to a scanner", format!("{each:.0}")));
    table.add(Row::told("  disk", flushes.to_string()));

    let before = signature_times()?;
    let meter = Meter::start(hub)?;
    let mut passed = load::steady(gates(WARM_UP + MANY), STEADY as usize, PER_SECOND).await?;
    let (cpu, signatures) = (meter.cpu()?, before.mean(signature_times()?));
    let p99 = passed.latencies.percentile(99.0);
    let steady = Row::at_most("p99 at 1,000 a second", (p99.as_secs_f64() * 1e3, 20.0), "ms");
    table.add_all(steady.beside("p99 of an fsync", (p99, flushes.p99)));
    table.add(Row::told("  waiting", passed.latencies.summary()));
    let each = format!("{:.0} µs", micros_each(cpu, STEADY));
    table.add(Row::told("  hub CPU per admission", each));
    let steady_times = signatures.verifications(cpu) / f64::from(STEADY);
    table.add(Row::at_most_times(
        "a raw strict verification",
        (steady_times, 5.0),
    ));
    table.add(Row::told(
        "  hub memory",
        format!("{} MB", resident_kib(hub)? / 1_024),
    ));
    Ok(())
}

fn crowded(table: &mut Table, mut passed: Passed, ([hub, own], signatures): ([Duration; 2], SignatureTimes)) {
    let each = micros_each(hub, MANY);
    let times = signatures.verifications(hub) / f64::from(MANY);
    let cpu = Row::at_most("hub CPU per admission over QUIC", (each, 150.0), "µs");
    table.add_all(cpu.at_most_times("a raw strict verification", (times, 3.0)));
    let rate = passed.per_second();
    let admissions = Row::at_least("admissions with 64 scanners", (rate, 5_000.0), "/s");
    table.add_all(admissions.beside(
        "raw strict verifications on every core",
        (Duration::from_secs_f64(1.0 / rate), signatures.on_every_core()),
    ));
    table.add(Row::told("  waiting", passed.latencies.summary()));
    let own = format!("{:.0} µs", micros_each(own, MANY));
    table.add(Row::told("  the bench's own CPU per admission", own));
}

/// Returns the share of one in so much processor time.
pub fn micros_each(cpu: Duration, people: u32) -> f64 {
    cpu.as_secs_f64() * 1e6 / f64::from(people)
}

/// People with their tickets, in the order they come.
#[derive(Clone)]
pub struct Queue(Arc<Vec<Scan>>);

impl Queue {
    /// Lines them up.
    pub fn of(scans: impl Iterator<Item = Scan>) -> Self {
        Self(Arc::new(scans.collect()))
    }

    /// Returns a gate that lets them in over a connection, counted from that person.
    pub fn gate(
        &self,
        connection: &Connection,
        from: usize,
    ) -> impl FnMut(usize) -> Admitting + Send + use<> {
        let (queue, connection) = (self.clone(), connection.clone());
        move |person| {
            let scan = queue.0[from + person].clone();
            let connection = connection.clone();
            Box::pin(async move { admit(&connection, scan).await.map(drop) })
        }
    }
}

/// A person at a gate.
pub type Admitting = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Has a scan judged, and expects that somebody is let in.
pub async fn admit(connection: &Connection, scan: Scan) -> anyhow::Result<Answer> {
    let answer = connection.ask(&Request::Judge(scan), PATIENCE).await?;
    let answer = answer.map_err(|error| anyhow::anyhow!("the hub does not judge: {error:?}"))?;
    ensure!(
        matches!(answer.verdict, Verdict::Admit { .. }),
        "somebody was not let in: {:?}",
        answer.verdict
    );
    Ok(answer)
}
