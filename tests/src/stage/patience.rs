//! Waiting for something to become so: by looking again and again until a deadline, never by a fixed time.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::time::MissedTickBehavior;

/// How long to wait for what takes a program some hundred milliseconds: long enough for a machine under load.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look; the resolution of what is measured by waiting.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Looks until there is something, and gives it and how long it took.
///
/// # Errors
///
/// When there still is nothing after `patience`, with the last failure to look if there was one.
pub async fn until_within<T>(
    patience: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<(T, Duration)> {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let failure = match look().await {
            Ok(Some(found)) => return Ok((found, start.elapsed())),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if start.elapsed() < patience {
            continue;
        }
        match failure {
            Some(error) => return Err(error.context(format!("waited {} s for {what}", patience.as_secs()))),
            None => bail!("waited {} s in vain for {what}", patience.as_secs()),
        }
    }
}

/// Looks until there is something, for [`PATIENCE`].
///
/// # Errors
///
/// When there still is nothing.
pub async fn until<T>(
    what: impl Display,
    look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    Ok(until_within(PATIENCE, what, look).await?.0)
}
