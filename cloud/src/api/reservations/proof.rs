//! What whoever holds places of an event shows where it asks for a proof of work: that, or that they have logged in with an e-mail address.

use axum::http::HeaderMap;
use usher_keys::{EventId, Timestamp};

use crate::api::error::ApiError;
use crate::api::my_tickets;
use crate::proofs::ProofKeys;
use crate::selling::proof_of_work::ShownProof;
use crate::selling::{HoldOutcome, HoldRequest};
use crate::state::AppState;

/// Reads the proof that came with a request; one that is not good is none.
pub async fn shown(
    app: &AppState,
    (event, sent): (EventId, Option<&str>),
    now: Timestamp,
) -> Result<ShownProof, ApiError> {
    let Some(sent) = sent else {
        return Ok(ShownProof::Nothing);
    };
    let keys = keys(app, event).await?;
    let proof = keys.and_then(|keys| keys.read(sent, now));
    Ok(proof.map_or(ShownProof::Nothing, ShownProof::Work))
}

/// Holds units; whoever has proven nothing else may have proven an address.
///
/// # Errors
///
/// [`ApiError::ProveFirst`], with what to work on.
pub async fn hold(
    app: &AppState,
    request: HoldRequest,
    headers: &HeaderMap,
) -> Result<HoldOutcome, ApiError> {
    let outcome = app.store.hold(request.clone()).await?;
    if outcome != HoldOutcome::NotProven {
        return Ok(outcome);
    }
    if my_tickets::session(app, headers).await?.is_some() {
        let proof = ShownProof::Address;
        return Ok(app.store.hold(HoldRequest { proof, ..request }).await?);
    }
    app.metrics.held(outcome.label());
    let keys = keys(app, request.reservation.event).await?;
    match keys.and_then(|keys| keys.challenge(request.now)) {
        Some(challenge) => Err(ApiError::ProveFirst(Box::new(challenge))),
        // None is asked for any more.
        None => Ok(app.store.hold(request).await?),
    }
}

async fn keys(app: &AppState, event: EventId) -> Result<Option<ProofKeys>, ApiError> {
    let secret = app.store.proof_secret(event).await?;
    Ok(secret.map(|secret| ProofKeys::new(event, &secret)))
}
