//! `/v1/webhooks/stripe`: where Stripe says that something has happened to a payment. It only makes us look sooner.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usher_words::problems::{Missing, ProblemDetail};

use crate::state::AppState;

use super::error::ApiError;

/// Takes a webhook of Stripe's: the payment that it is about is fetched, whatever else it says. Sent twice, late or in another order, it
/// does no harm. It is not in the OpenAPI document: nobody else calls it, and its body is Stripe's to describe.
pub async fn stripe(
    State(app): State<Arc<AppState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let stripe = app
        .desk
        .gateways()
        .stripe()
        .ok_or(ApiError::NotFound(Missing::PaymentEndpoint))?;
    let signature = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok());
    let is_signed = stripe.has_sent(signature.unwrap_or_default(), &body, app.clock.now());
    if !is_signed.ok_or(ApiError::NotFound(Missing::PaymentEndpoint))? {
        return Err(ProblemDetail::StaleSignature.into());
    }
    if let Some(reference) = stripe.payment_told_of(&body)
        && let Some(booking) = app.store.booking_of_charge(reference).await?
    {
        app.desk.told_of(booking);
    }
    if let Some(payment) = stripe.dispute_told_of(&body) {
        app.desk.told_of_dispute(payment);
    }
    Ok(StatusCode::NO_CONTENT)
}
