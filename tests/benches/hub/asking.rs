//! Scans that reach a hub which is not the unit's home: what asking the home hub over the loopback adds.

use usher_protocol::request::JudgedBy;
use usher_protocol::{Unit, home};
use usher_tests::measure::{Meter, Row, Table, flush_times, signature_times};

use crate::admissions::{Admitting, admit, micros_each};
use crate::crowd::Crowd;
use crate::load;
use crate::show::{EVENT, key, scan};
use crate::stand::{Stand, pid};

/// The hub that is asked first, and the one that is everybody's home.
const HUBS: [u16; 2] = [100, 101];
const SCANNERS: u16 = 16;
const WARM_UP: usize = 500;
const PEOPLE: usize = 3_000;
const PER_SECOND: u32 = 500;

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let stand = Stand::prepare(&[(HUBS[0], 0..0), (HUBS[1], 0..0)], 0).await?;
    let near = stand.start(HUBS[0], Vec::new()).await?;
    let far = stand.start(HUBS[1], vec![near.listening.quic]).await?;
    near.linked_to("hub").await?;
    far.linked_to("hub").await?;
    let crowd = Crowd::gather(&stand.show, near.listening.quic, SCANNERS).await?;
    let keys = HUBS.map(|number| key(number).public());
    let is_far = |unit: &u32| home::home_of(EVENT, Unit(*unit), &keys) == Some(keys[1]);
    let scans: Vec<_> = (0..).filter(is_far).map(scan).take(WARM_UP + PEOPLE).collect();
    let scans = std::sync::Arc::new(scans);
    let gates = |from: usize| {
        let gate = |connection: &usher_link::Connection| {
            let (connection, scans) = (connection.clone(), scans.clone());
            move |person: usize| -> Admitting {
                let (connection, scan) = (connection.clone(), scans[from + person].clone());
                Box::pin(async move {
                    let answer = admit(&connection, scan).await?;
                    let by_home = answer.by == JudgedBy::Home(keys[1]);
                    anyhow::ensure!(by_home, "it was not the home that judged: {:?}", answer.by);
                    Ok(())
                })
            }
        };
        crowd.connections.iter().map(gate).collect::<Vec<_>>()
    };
    load::crowded(gates(0), WARM_UP).await?;
    let (flushes, before) = (flush_times(&stand.path(""))?, signature_times()?);
    let meters = [Meter::start(pid(&near)?)?, Meter::start(pid(&far)?)?];
    let mut passed = load::steady(gates(WARM_UP), PEOPLE, PER_SECOND).await?;
    let p99 = passed.latencies.percentile(99.0).as_secs_f64() * 1e3;
    let asking = Row::at_most("p99 asking another hub at 500 a second", (p99, 15.0), "ms");
    let waiting = (passed.latencies.percentile(99.0), flushes.p99);
    table.add_all(asking.beside("p99 of an fsync", waiting));
    table.add(Row::told("  waiting", passed.latencies.summary()));
    let people = u32::try_from(PEOPLE)?;
    let cpu = [meters[0].cpu()?, meters[1].cpu()?];
    let signatures = before.mean(signature_times()?);
    let both = ((cpu[0] + cpu[1]) / people, 2 * signatures.verification);
    table.add(Row::beside(
        "a raw strict verification at each hub, both hubs' CPU",
        both,
    ));
    let [near, far] = cpu.map(|cpu| micros_each(cpu, people));
    table.add(Row::told(
        "  CPU of asker and home",
        format!("{near:.0} + {far:.0} µs"),
    ));
    Ok(())
}
