//! People at the gates: everyone as soon as the last one is through, or so many a second whatever the hub does.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;
use usher_tests::measure::Latencies;

/// What came of a load.
pub struct Passed {
    /// How long each one took; behind an open gate from when they came, not from when they were asked for.
    pub latencies: Latencies,
    /// How long it took until everybody was through.
    pub took: Duration,
}

impl Passed {
    /// Returns how many passed in a second.
    pub fn per_second(&self) -> f64 {
        self.latencies.count() as f64 / self.took.as_secs_f64()
    }
}

/// Lets everybody pass, each gate the next one as soon as the last one is through.
pub async fn crowded<G, F>(gates: impl IntoIterator<Item = G>, people: usize) -> anyhow::Result<Passed>
where
    G: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut at_work = JoinSet::new();
    for mut gate in gates {
        let next = Arc::clone(&next);
        at_work.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let person = next.fetch_add(1, Ordering::Relaxed);
                if person >= people {
                    return anyhow::Ok(latencies);
                }
                let came = Instant::now();
                gate(person).await?;
                latencies.add(came.elapsed());
            }
        });
    }
    all(at_work, start).await
}

/// Lets so many pass in a second, each gate its share one after the other; whoever waits for the one before is waiting.
pub async fn steady<G, F>(gates: Vec<G>, people: usize, per_second: u32) -> anyhow::Result<Passed>
where
    G: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let start = Instant::now();
    let (count, mut at_work) = (gates.len(), JoinSet::new());
    for (first, mut gate) in gates.into_iter().enumerate() {
        at_work.spawn(async move {
            let mut latencies = Latencies::default();
            for person in (first..people).step_by(count) {
                let nth = u32::try_from(person).context("fewer people than that")?;
                let comes = start + Duration::from_secs(1) * nth / per_second;
                tokio::time::sleep_until(comes.into()).await;
                gate(person).await?;
                latencies.add(comes.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    all(at_work, start).await
}

async fn all(mut at_work: JoinSet<anyhow::Result<Latencies>>, start: Instant) -> anyhow::Result<Passed> {
    let mut latencies = Latencies::default();
    while let Some(done) = at_work.join_next().await {
        latencies.add_all(done??);
    }
    Ok(Passed {
        latencies,
        took: start.elapsed(),
    })
}
