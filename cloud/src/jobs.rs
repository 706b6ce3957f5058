//! What the server does by the clock: settle lost payments, write expired units down, forget dead reservations, keep the figures; selling depends on none of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use usher_keys::{EventId, Timestamp};

use crate::booking::Reconciled;
use crate::selling::{Forget, Tidy};
use crate::state::AppState;
use crate::store::StoreError;

/// Units or reservations written in one command: a fraction of a millisecond each keeps the writer free for buyers.
const TIDY_AT_ONCE: u32 = 200;

/// How long a reservation that nothing came of is kept after its end: whoever comes back to it within that time is told that
/// its time is over, and not that it never was.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// Starts the jobs; they end when `stop` is cancelled.
pub fn start(state: &Arc<AppState>, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    let config = &state.config;
    let settle_every = Duration::from_secs(config.payments.reconcile_every_seconds.into());
    let tidy_every = Duration::from_secs(config.reservations.tidy_every_seconds.into());
    let (settling, tidying) = (state.clone(), state.clone());
    tasks.spawn(repeat(settle_every, stop.clone(), move || {
        let state = settling.clone();
        async move { reconcile(&state).await }
    }));
    tasks.spawn(repeat(tidy_every, stop.clone(), move || {
        let state = tidying.clone();
        async move {
            state.metrics.upkeep();
            if let Err(error) = tidy(&state).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "expired units and reservations were not written down"
                );
            }
        }
    }));
}

/// Settles the bookings whose payment has no known end, and says so in the log.
pub async fn reconcile(state: &AppState) {
    match state.desk.reconcile().await {
        Ok(report) if report == Reconciled::default() => {}
        Ok(Reconciled {
            confirmed,
            abandoned,
            refunded,
            unsettled,
        }) => {
            tracing::info!(
                confirmed,
                abandoned,
                refunded,
                unsettled,
                "settled bookings that were left open"
            );
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "open bookings could not be looked into"
            );
        }
    }
}

async fn tidy(state: &AppState) -> Result<(), StoreError> {
    for event in state.store.published(()).await? {
        loop {
            let tidied = state
                .store
                .tidy(Tidy {
                    event,
                    limit: TIDY_AT_ONCE,
                    now: state.clock.now(),
                })
                .await?;
            if tidied < TIDY_AT_ONCE as usize {
                break;
            }
        }
        forget(state, event).await?;
    }
    Ok(())
}

async fn forget(state: &AppState, event: EventId) -> Result<(), StoreError> {
    let kept_ms = u64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(u64::MAX);
    let ended_by = Timestamp(state.clock.now().0.saturating_sub(kept_ms));
    loop {
        let forgotten = state
            .store
            .forget(Forget {
                event,
                ended_by,
                limit: TIDY_AT_ONCE,
            })
            .await?;
        if forgotten < TIDY_AT_ONCE as usize {
            return Ok(());
        }
    }
}

async fn repeat<F: Future<Output = ()>>(every: Duration, stop: CancellationToken, job: impl Fn() -> F) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once: whoever starts the jobs has just done what was due.
    ticks.tick().await;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        job().await;
    }
}
