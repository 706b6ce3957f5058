//! What the server does for no request: jobs, which are rows and wait for whoever is free, and what goes by the clock.

mod late_cells;
mod linking;
mod mailing;
mod settling;
mod steering;
mod tidying;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::state::AppState;
use crate::store::{Store, StoreError};

/// How often to look for jobs that are due: one look at an index. With it, whoever dies is followed within 15 seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often to look for buyers that are to be forgotten: it is a matter of years, and a look goes through all bookings of past events.
const ERASE_EVERY: Duration = Duration::from_hours(1);

/// How often to ask the payment services for disputes: a webhook tells sooner, and banks give days to answer.
const DISPUTES_EVERY: Duration = Duration::from_mins(10);

/// How often to look for answers that were kept long enough: each stands for a request of the last day.
const FORGET_EVERY: Duration = Duration::from_mins(10);

/// How long counting the jobs of all cells may take.
const COUNTED_WITHIN: Duration = Duration::from_secs(2);

/// Starts to look for work in every cell; it ends when `stop` is cancelled.
pub fn start(state: &Arc<AppState>, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    for cell in state.store.each_cell() {
        start_in(state, &cell, stop, tasks);
    }
    if state.store.awaits_cells() {
        tasks.spawn(late_cells::open(state.clone(), stop.clone()));
    }
    mailing::say_what_is_set(state, tasks);
    if state.mailer.is_some() {
        tasks.spawn(linking::mail(state.clone(), LOOK_EVERY, stop.clone()));
    }
    let linking = state.clone();
    tasks.spawn(repeat(FORGET_EVERY, stop.clone(), move || {
        let state = linking.clone();
        async move {
            let forgotten = linking::forget(&state.store, state.clock.now()).await;
            warn_of(forgotten, "links that are over were not forgotten");
        }
    }));
    let forgetting = state.clone();
    tasks.spawn(repeat(FORGET_EVERY, stop.clone(), move || {
        let state = forgetting.clone();
        async move {
            let forgotten = tidying::forget_answers(&state.store, state.clock.now()).await;
            warn_of(forgotten, "answers that were kept for a day were not forgotten");
        }
    }));
    let asking = state.clone();
    tasks.spawn(repeat(DISPUTES_EVERY, stop.clone(), move || {
        let state = asking.clone();
        async move {
            if let Err(error) = state.desk.look_at_disputes().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the payment services were not asked for disputes");
            }
        }
    }));
}

fn start_in(state: &Arc<AppState>, cell: &Store, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    let tidy_every = Duration::from_secs(state.config.reservations.tidy_every_seconds.into());
    let here = || (state.clone(), cell.clone());
    let (settling, tidying, erasing, sending, mailing) = (here(), here(), here(), here(), here());
    let (rooms, latency) = (here(), Arc::new(steering::Latency::default()));
    tasks.spawn(repeat(LOOK_EVERY, stop.clone(), move || {
        let ((state, cell), latency) = (rooms.clone(), Arc::clone(&latency));
        async move {
            warn_of(
                steering::steer(&state, &cell, &latency).await,
                "waiting rooms could not be looked for",
            )
        }
    }));
    tasks.spawn(webhooks::send_due(sending, LOOK_EVERY, stop.clone()));
    if state.mailer.is_some() {
        tasks.spawn(mailing::mail(mailing, LOOK_EVERY, stop.clone()));
    }
    tasks.spawn(repeat(ERASE_EVERY, stop.clone(), move || {
        let (state, cell) = erasing.clone();
        async move {
            warn_of(
                tidying::erase(&state, &cell).await,
                "buyers of past events were not forgotten",
            )
        }
    }));
    tasks.spawn(repeat(LOOK_EVERY, stop.clone(), move || {
        let (state, cell) = settling.clone();
        async move {
            warn_of(
                settling::do_due(&state, &cell).await,
                "jobs could not be looked for",
            )
        }
    }));
    tasks.spawn(repeat(tidy_every, stop.clone(), move || {
        let (state, cell) = tidying.clone();
        async move {
            state.metrics.upkeep();
            warn_of(
                tidying::tidy(&state.store, &cell, state.clock.now()).await,
                "expired units and reservations were not written down",
            );
            warn_of(
                tidying::offer(&state, &cell).await,
                "places that have come back were not offered to whoever waits",
            );
        }
    }));
}

/// Does what was left behind when the server ended, before anybody asks for anything.
pub async fn catch_up(state: &AppState) {
    for cell in state.store.each_cell() {
        warn_of(
            settling::take_over(state, &cell).await,
            "what was in progress waits for the end of its lease",
        );
        warn_of(
            settling::do_due(state, &cell).await,
            "jobs could not be looked for",
        );
    }
}

/// Puts the figures of the jobs up.
pub async fn measure(state: &AppState) {
    // Whoever collects figures waits for all of them: those of jobs are left out where a database is slow.
    let counting = timeout(COUNTED_WITHIN, state.store.job_counts(()));
    match counting.await.unwrap_or(Err(StoreError::Overloaded)) {
        Ok(counts) => {
            state.metrics.gauge("usher_jobs", counts.open.into());
            state.metrics.gauge("usher_jobs_failing", counts.failing.into());
        }
        Err(error) => warn_of(Err(error), "the jobs could not be counted"),
    }
}

/// Logs why something was not done.
fn warn_of(done: Result<(), StoreError>, otherwise: &'static str) {
    if let Err(error) = done {
        tracing::warn!(error = &error as &dyn std::error::Error, "{otherwise}");
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
