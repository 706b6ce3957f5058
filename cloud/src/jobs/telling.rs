//! Telling endpoints of organizers what happened, side by side, and writing down what came of it. It waits for nobody but them, and
//! nothing else waits for it.

use futures_util::future::join_all;

use crate::ids::EndpointId;
use crate::selling::jobs::{DueJobs, HeldJob, JobId, JobKind, LeaseOutcome};
use crate::sending::send;
use crate::state::AppState;
use crate::store::{Store, StoreError};
use crate::telling::{DueWebhooks, NoteWebhooks, Webhook, WebhookEndpoint, WebhookState};

/// Endpoints told side by side.
const ENDPOINTS_AT_ONCE: u32 = 64;
/// Webhooks sent to one endpoint side by side: a program of an organizer's takes as many.
const WEBHOOKS_AT_ONCE: u32 = 8;

/// Tells all endpoints of a cell what they are to be told now.
///
/// # Errors
///
/// [`StoreError`]: the jobs cannot be read.
pub async fn tell_due(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    let wanted = DueJobs {
        kind: JobKind::Telling,
        limit: ENDPOINTS_AT_ONCE,
        now: state.clock.now(),
    };
    let due = cell.due_jobs(wanted).await?;
    let telling = due.into_iter().map(|job| async move {
        match job.id {
            JobId::TellEndpoint(endpoint) => tell(state, endpoint).await,
            JobId::SettleBooking(_) | JobId::GiveRefund(_) | JobId::RefundEvent(_) => Ok(()),
        }
    });
    for told in join_all(telling).await {
        if let Err(error) = told {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "an endpoint was not told; it is tried again");
        }
    }
    Ok(())
}

/// Tells an endpoint what it is to be told now, some of it if that is much.
async fn tell(state: &AppState, id: EndpointId) -> Result<(), StoreError> {
    let now = state.clock.now();
    let lease = HeldJob {
        job: JobId::TellEndpoint(id),
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
