//! Sending the letters of events that wait: some events side by side, each under the lease of its job, and writing down what came of it.
//! A mail server that is slow or gone keeps nothing else waiting.

mod composing;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use usher_keys::EventId;

use crate::ids::MailingId;
use crate::letters::mailings::WriteLetters;
use crate::letters::{Delivery, DueLetters, Letter, LetterState, NoteLetters};
use crate::mailer::CONNECTIONS;
use crate::selling::jobs::{DueJobs, HeldJob, Job, JobId, JobKind, LeaseOutcome, RENEW_EVERY};
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// Events whose letters are sent side by side.
const EVENTS_AT_ONCE: usize = 4;

/// Says in the log whether letters are sent, and what is in the way of it.
pub fn say_what_is_set(state: &Arc<AppState>, tasks: &mut JoinSet<()>) {
    let state = Arc::clone(state);
    tasks.spawn(async move {
        let Some(mailer) = &state.mailer else {
            return tracing::info!(
                "no mail server is set ([mail]): buyers find their tickets on pages and get no letters"
            );
        };
        if let Some(trouble) = mailer.trouble().await {
            tracing::warn!(
                trouble,
                "the mail server lets nobody in ([mail]): letters wait until it does"
            );
        }
    });
}

/// Sends the letters of a cell, until it is to stop.
pub async fn mail((state, cell): (Arc<AppState>, Store), every: Duration, stop: CancellationToken) {
    let mut mailed = JoinSet::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while mailed.try_join_next().is_some() {}
        match due(&state, &cell, EVENTS_AT_ONCE - mailed.len()).await {
            Ok(jobs) => jobs.into_iter().for_each(|job| {
                mailed.spawn(mail_or_warn(state.clone(), job.id));
            }),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "letters could not be looked for");
            }
        }
    }
    // What was sent is written down: else it would be sent again.
    mailed.join_all().await;
}

/// Lists what is to be done, so much at most.
async fn due(state: &AppState, cell: &Store, limit: usize) -> Result<Vec<Job>, StoreError> {
    let wanted = DueJobs {
        kind: JobKind::Mailing,
        limit: u32::try_from(limit).unwrap_or(0),
        now: state.clock.now(),
    };
    cell.due_jobs(wanted).await
}

async fn mail_or_warn(state: Arc<AppState>, job: JobId) {
    let renewing = async {
        loop {
            sleep(RENEW_EVERY).await;
            // A lease that is not renewed ends; then another may send the same letters too.
            let _ = state.store.lease_job(held(&state, job)).await;
        }
    };
    let mailed = tokio::select! {
        biased;
        mailed = do_job(&state, job) => mailed,
        never = renewing => never,
    };
    if let Err(error) = mailed {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "letters were not sent; they are tried again");
    }
}

fn held(state: &AppState, job: JobId) -> HeldJob {
    HeldJob {
        job,
        holder: state.holder,
        now: state.clock.now(),
    }
}

async fn do_job(state: &AppState, job: JobId) -> Result<(), StoreError> {
    match job {
        JobId::SendLetters(event) => mail_event(state, event).await,
        JobId::WriteLetters(mailing) => write_mailing(state, mailing).await,
        JobId::SettleBooking(_) | JobId::GiveRefund(_) | JobId::RefundEvent(_) | JobId::SendWebhooks(_) => {
            Ok(())
        }
    }
}

/// Writes all letters of a mailing, some at a time; whoever goes on after a crash begins where the last commit ended.
async fn write_mailing(state: &AppState, mailing: MailingId) -> Result<(), StoreError> {
    if !is_leased(state, JobId::WriteLetters(mailing)).await? {
        return Ok(());
    }
    loop {
        let next = WriteLetters {
            mailing,
            holder: state.holder,
            now: state.clock.now(),
        };
        if state.store.write_letters(next).await? || state.draining.is_cancelled() {
            return Ok(());
        }
    }
}

/// Sends the letters of an event that wait, some side by side, until none is due.
async fn mail_event(state: &AppState, event: EventId) -> Result<(), StoreError> {
    loop {
        if !is_leased(state, JobId::SendLetters(event)).await? {
            return Ok(());
        }
        let due = DueLetters {
            event,
            limit: CONNECTIONS,
            now: state.clock.now(),
        };
        let due = state.store.due_letters(due).await?;
        let is_over = due.is_empty() || state.draining.is_cancelled();
        let tried = join_all(due.into_iter().map(|letter| try_once(state, letter))).await;
        let note = NoteLetters {
            event,
            tried: tried.into_iter().collect::<Result<_, _>>()?,
            holder: state.holder,
            now: state.clock.now(),
        };
        // Lets go of the job: what is written meanwhile is found by the next look.
        state.store.note_letters(note).await?;
        if is_over {
            return Ok(());
        }
    }
}

async fn is_leased(state: &AppState, job: JobId) -> Result<bool, StoreError> {
    Ok(state.store.lease_job(held(state, job)).await? == LeaseOutcome::Leased)
}

async fn try_once(state: &AppState, letter: Letter) -> Result<Letter, StoreError> {
    let delivery = match (&state.mailer, composing::written(state, &letter).await?) {
        (Some(mailer), Some(written)) => mailer.send(written).await,
        (None, _) => Delivery::Failed("no_mail"),
        (_, None) => Delivery::NoAddress,
    };
    let tried = letter.tried(delivery, state.clock.now());
    if tried.state == LetterState::GivenUp {
        tracing::warn!(letter = %tried.id, answer = delivery.word(), "a letter is given up: its organizer can have it sent again");
    }
    Ok(tried)
}
