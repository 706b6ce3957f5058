//! Sending organizers' endpoints what happened, side by side, and writing down what came of it. It waits for nobody but them, and
//! nothing else waits for it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::ids::EndpointId;
use crate::selling::jobs::{DueJobs, HeldJob, Job, JobId, JobKind, LeaseOutcome};
use crate::sending::send;
use crate::state::AppState;
use crate::store::{Store, StoreError};
use crate::webhooks::{DueWebhooks, NoteWebhooks, Webhook, WebhookEndpoint, WebhookState};

/// Endpoints told side by side.
const ENDPOINTS_AT_ONCE: usize = 64;
/// Webhooks sent to one endpoint side by side: a program of an organizer's takes as many.
const WEBHOOKS_AT_ONCE: u32 = 8;

/// Tells the endpoints of a cell what they are to be told, until it is to stop. One that is slow keeps no other waiting.
pub async fn send_due((state, cell): (Arc<AppState>, Store), every: Duration, stop: CancellationToken) {
    let mut told = JoinSet::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while told.try_join_next().is_some() {}
        match due(&state, &cell, ENDPOINTS_AT_ONCE - told.len()).await {
            Ok(jobs) => jobs.into_iter().for_each(|job| {
                told.spawn(tell_or_warn(state.clone(), job.id));
            }),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "endpoints could not be told");
            }
        }
    }
    // What was sent is written down: else it would be sent again.
    told.join_all().await;
}

/// Lists what is due, so much of it at most. What is being told has a lease, and is not among it.
async fn due(state: &AppState, cell: &Store, limit: usize) -> Result<Vec<Job>, StoreError> {
    let wanted = DueJobs {
        kind: JobKind::Webhooks,
        limit: u32::try_from(limit).unwrap_or(0),
        now: state.clock.now(),
    };
    cell.due_jobs(wanted).await
}

async fn tell_or_warn(state: Arc<AppState>, job: JobId) {
    let told = match job {
        JobId::SendWebhooks(endpoint) => send_webhooks(&state, endpoint).await,
        JobId::SettleBooking(_)
        | JobId::GiveRefund(_)
        | JobId::RefundEvent(_)
        | JobId::SendLetters(_)
        | JobId::WriteLetters(_) => Ok(()),
    };
    if let Err(error) = told {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "an endpoint was not told; it is tried again");
    }
}

/// Tells an endpoint what it is to be told now, some of it if that is much.
async fn send_webhooks(state: &AppState, id: EndpointId) -> Result<(), StoreError> {
    let now = state.clock.now();
    let lease = HeldJob {
        job: JobId::SendWebhooks(id),
        holder: state.holder,
        now,
    };
    if state.store.lease_job(lease).await? != LeaseOutcome::Leased {
        return Ok(());
    }
    let Some(endpoint) = state.store.endpoint(id).await? else {
        return Ok(());
    };
    let due = DueWebhooks {
        endpoint: id,
        limit: WEBHOOKS_AT_ONCE,
        now,
    };
    let due = state.store.due_webhooks(due).await?;
    let tried = join_all(due.into_iter().map(|webhook| try_once(state, &endpoint, webhook))).await;
    let note = NoteWebhooks {
        endpoint: id,
        tried,
        holder: state.holder,
        now: state.clock.now(),
    };
    state.store.note_webhooks(note).await
}

async fn try_once(state: &AppState, endpoint: &WebhookEndpoint, webhook: Webhook) -> Webhook {
    let now = state.clock.now();
    let sealed = endpoint.secrets(now);
    let opened = sealed
        .into_iter()
        .map(|sealed| state.endpoint_secrets.open(endpoint.id, sealed));
    let Ok(secrets) = opened.collect::<Result<Vec<_>, _>>() else {
        tracing::error!(
            "the secret of an endpoint does not open: give this server the master key that it was sealed with"
        );
        return webhook.tried("no_secret", false, now);
    };
    let named = &state.config.webhooks.private_networks;
    let outcome = send(&endpoint.url, (&webhook, &secrets), named, now).await;
    let tried = webhook.tried(&outcome.word(), outcome.is_taken(), state.clock.now());
    if tried.state == WebhookState::GivenUp {
        tracing::warn!(webhook = %tried.id, answer = outcome.word(), "a webhook was not taken for three days and is given up");
    }
    tried
}
