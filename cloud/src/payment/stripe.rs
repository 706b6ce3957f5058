//! The gateway that speaks Stripe's API: PaymentIntents that are created, confirmed, fetched and canceled by the server; test mode only.
//!
//! A payment is created without a card, which moves no money, and confirmed with the buyer's token once its id is written down.
//! So nothing that must be kept secret has to be kept at all, and a lost answer is asked for by the id.

pub mod amount;
mod listing;
mod webhook;
mod wire;

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use thiserror::Error;
use usher_keys::Timestamp;
use zeroize::Zeroizing;

use crate::ids::ChargeReference;
use crate::money::{DeclineReason, Money};
use crate::selling::PaymentId;
use crate::selling::course::{PaymentStatus, RefundStatus};

use super::{ChargeRequest, DisputesOf, GatewayError, PaymentName, RefundPart, ToldDispute};
use wire::{Form, Intent, WireDispute, WireDisputes, WireError, WireRefund, WireRefunds, WireRefusal};

/// The version of the API that this is written for; sent with every request.
pub const API_VERSION: &str = "2026-08-26.dahlia";
/// How long to try to reach Stripe: the request as a whole has the setting `payments.timeout_seconds`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most pages of 100 disputes that are asked for at once: those before are long decided.
const MOST_PAGES: usize = 10;
/// What a key of the test mode begins with: of an account, and one that may do less.
const TEST_KEYS: [&str; 2] = ["sk_test_", "rk_test_"];
/// What stands for a card that was typed into Stripe's own form; anything else is a payment method.
const CONFIRMATION_TOKEN: &str = "ctoken_";

/// The test cards that a page offers: some of Stripe's own.
pub(super) const TEST_CARDS: [(&str, &str); 4] = [
    ("pm_card_visa", "Card that works"),
    ("pm_card_visa_chargeDeclined", "Card that is declined"),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "Card without enough money",
    ),
    ("pm_card_threeDSecure2Required", "Card whose bank asks you first"),
];

/// Why Stripe cannot be used.
#[derive(Debug, Error)]
pub enum StripeError {
    /// The file of a secret cannot be read.
    #[error(
        "a secret of the payment service cannot be read (settings payments.stripe_key_file, stripe_webhook_secret_file)"
    )]
    Unreadable(#[source] std::io::Error),
    /// The key is none of the test mode.
    #[error(
        "payments.stripe_key_file must hold a key that begins with sk_test_ or rk_test_: the pages have no form for real cards yet"
    )]
    NotTestMode,
    /// The HTTP client cannot be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

/// The gateway; its key is in no `Debug` output.
pub struct Stripe {
    http: Client,
    api: String,
    key: Zeroizing<String>,
    /// What webhooks are signed with.
    webhook_secret: Option<Zeroizing<String>>,
    /// What the address begins with that buyers come back to.
    public_url: String,
}

/// Where Stripe is, and the files that hold the secrets shared with it.
#[derive(Debug, Clone, Copy)]
pub struct StripePlace<'a> {
    /// Its API.
    pub api: &'a str,
    /// The file of the secret key.
    pub key_file: &'a Path,
    /// The file of what webhooks are signed with; an empty path if none are to come.
    pub webhook_secret_file: &'a Path,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl Stripe {
    /// Makes the gateway of a place.
    ///
    /// # Errors
    ///
    /// [`StripeError`].
    pub fn new(place: StripePlace<'_>, public_url: &str) -> Result<Self, StripeError> {
        let key = read(place.key_file)?;
        if !TEST_KEYS.iter().any(|begin| key.starts_with(begin)) {
            return Err(StripeError::NotTestMode);
        }
        let has_endpoint = !place.webhook_secret_file.as_os_str().is_empty();
        let webhook_secret = has_endpoint
            .then(|| read(place.webhook_secret_file))
            .transpose()?;
        // Another part of the program may have installed the provider; either way it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(StripeError::Client)?;
        Ok(Self {
            http,
            api: place.api.to_owned(),
            key,
            webhook_secret,
            public_url: public_url.to_owned(),
        })
    }

    /// Tells whether Stripe has signed a webhook, just now; `None` if there is no secret of an endpoint.
    pub fn has_sent(&self, signature: &str, body: &[u8], now: Timestamp) -> Option<bool> {
        let secret = self.webhook_secret.as_ref()?;
        Some(webhook::is_signed(secret, signature, body, now))
    }

    /// Finds which payment is disputed, if a webhook is about that.
    pub fn dispute_told_of(&self, body: &[u8]) -> Option<PaymentId> {
        webhook::disputed(body)
    }

    /// Finds which payment of ours a webhook is about.
    pub fn payment_told_of(&self, body: &[u8]) -> Option<ChargeReference> {
        webhook::reference(body)
    }

    pub(super) async fn open(
        &self,
        reference: ChargeReference,
        amount: Money,
    ) -> Result<PaymentId, GatewayError> {
        let minor = amount::of_stripe(amount).ok_or(GatewayError::Amount)?;
        let form = Form::default()
            .with("amount", &minor.to_string())
            .with("currency", &amount.currency.code().to_ascii_lowercase())
            .with("automatic_payment_methods[enabled]", "true")
            .with("metadata[charge]", &reference.to_string());
        let key = format!("{reference}-open");
        let intent: Intent = self.post("/v1/payment_intents", form, Some(&key)).await?;
        Ok(PaymentId(intent.id))
    }

    pub(super) async fn charge(&self, request: ChargeRequest) -> Result<PaymentStatus, GatewayError> {
        let ChargeRequest { payment, token, .. } = request;
        let token_field = if token.0.starts_with(CONFIRMATION_TOKEN) {
            "confirmation_token"
        } else {
            "payment_method"
        };
        let back = format!("{}/events/{}", self.public_url, payment.reference.event);
        let form = Form::default()
            .with(token_field, &token.0)
            .with("return_url", &back);
        let key = format!("{}-confirm", payment.reference);
        let path = format!("{}/confirm", intent_path(&payment)?);
        let confirmed = self.post::<Intent>(&path, form, Some(&key)).await;
        told_of_intent(confirmed)
    }

    pub(super) async fn fetch(&self, payment: &PaymentName) -> Result<PaymentStatus, GatewayError> {
        let path = format!("{}?expand%5B%5D=latest_charge", intent_path(payment)?);
        let intent: Intent = self.ask(Method::GET, &path, None, None).await?;
        intent.status()
    }

    pub(super) async fn cancel(&self, payment: &PaymentName) -> Result<PaymentStatus, GatewayError> {
        let path = format!("{}/cancel", intent_path(payment)?);
        // One that is paid or canceled already is refused, and the refusal says how it stands.
        told_of_intent(self.post::<Intent>(&path, Form::default(), None).await)
    }

    pub(super) async fn refund(
        &self,
        payment: &PaymentName,
        part: Option<&RefundPart>,
    ) -> Result<RefundStatus, GatewayError> {
        let id = payment.id.as_ref().ok_or(GatewayError::Unopened)?;
        let name = match part {
            Some(part) => part.refund.to_string(),
            None => payment.reference.to_string(),
        };
        // Under its key a request is answered as it was at first, for a day: one that failed or was on its way then would stay so.
        let path = format!("/v1/refunds?limit=100&payment_intent={}", id.0);
        let made: WireRefunds = self.ask(Method::GET, &path, None, None).await?;
        if let Some(status) = made.status_of(&name, part.map(|part| part.attempt)) {
            return Ok(status);
        }
        let (form, key) = refund_form(id, &name, part)?;
        match self.post::<WireRefund>("/v1/refunds", form, Some(&key)).await {
            Ok(refund) => Ok(refund.status()),
            Err(GatewayError::Refused(refusal))
                if part.is_none() && refusal.is("charge_already_refunded") =>
            {
                Ok(RefundStatus::Given)
            }
            Err(error) => Err(error),
        }
    }

    /// Lists the disputes of a payment, or those of all payments that were opened since a moment, the last one first.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub async fn disputes(&self, of: &DisputesOf) -> Result<Vec<ToldDispute>, GatewayError> {
        let mut told = Vec::new();
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let path = format!("/v1/disputes?{}", disputes_query(of, after.as_deref()));
            let page: WireDisputes = self.ask(Method::GET, &path, None, None).await?;
            after = page.data.last().map(|last| last.id.clone());
            told.extend(page.data.iter().filter_map(WireDispute::of_ours));
            if !page.has_more {
                break;
            }
        }
        Ok(told)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: Form,
        key: Option<&str>,
    ) -> Result<T, GatewayError> {
        self.ask(Method::POST, path, Some(form), key).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: Option<Form>,
        key: Option<&str>,
    ) -> Result<T, GatewayError> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.api))
            .bearer_auth(self.key.as_str())
            .header("Stripe-Version", API_VERSION);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(form) = form {
            request = request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form.text());
        }
        // What the client says of an error has the address in it, and that may have a secret.
        let answer = request.send().await.map_err(|_| GatewayError::Unreachable)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|_| GatewayError::Unreachable)?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| GatewayError::Unreadable);
        }
        Err(refused(status, &bytes))
    }
}

fn read(file: &Path) -> Result<Zeroizing<String>, StripeError> {
    let text = Zeroizing::new(std::fs::read_to_string(file).map_err(StripeError::Unreadable)?);
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Writes the request of a refund, and the key that it is made under.
fn refund_form(
    id: &PaymentId,
    name: &str,
    part: Option<&RefundPart>,
) -> Result<(Form, String), GatewayError> {
    let form = Form::default()
        .with("payment_intent", &id.0)
        .with("metadata[charge]", name);
    match part {
        None => Ok((form, format!("{name}-refund"))),
        Some(part) => {
            let minor = amount::scaled(part.amount).ok_or(GatewayError::Amount)?;
            let form = form
                .with("amount", &minor.to_string())
                .with("metadata[attempt]", &part.attempt.to_string());
            Ok((form, format!("{name}-{}", part.attempt)))
        }
    }
}

fn disputes_query(of: &DisputesOf, after: Option<&str>) -> String {
    let form = Form::default()
        .with("limit", "100")
        .with("expand[]", "data.payment_intent");
    let form = match of {
        DisputesOf::Payment(payment) => form.with("payment_intent", &payment.0),
        DisputesOf::Since(since) => form.with("created[gte]", &(since.0 / 1_000).to_string()),
    };
    match after {
        Some(after) => form.with("starting_after", after).text(),
        None => form.text(),
    }
}

fn intent_path(payment: &PaymentName) -> Result<String, GatewayError> {
    let id = payment.id.as_ref().ok_or(GatewayError::Unopened)?;
    Ok(format!("/v1/payment_intents/{}", id.0))
}

/// Returns how a payment stands after what was to change it; a refusal that shows the payment tells that too.
fn told_of_intent(answer: Result<Intent, GatewayError>) -> Result<PaymentStatus, GatewayError> {
    match answer {
        Ok(intent) => intent.status(),
        Err(GatewayError::Refused(refusal)) => match refusal.payment_intent {
            Some(intent) => intent.status(),
            None if refusal.is_of_token() => Ok(PaymentStatus::Declined(DeclineReason::UnknownToken)),
            None => Err(GatewayError::Refused(refusal)),
        },
        Err(error) => Err(error),
    }
}

/// Reads why a request was refused. Nothing is known of one that met a failure, or another one with the same key that still runs; and one
/// that came with a key of the account that is not believed, or may not do that, will be heard once the settings name another.
fn refused(status: StatusCode, bytes: &[u8]) -> GatewayError {
    let is_about_us = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::CONFLICT
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
    );
    if is_about_us || !status.is_client_error() {
        return GatewayError::Busy {
            status: status.as_u16(),
        };
    }
    match serde_json::from_slice::<WireRefusal>(bytes) {
        Ok(WireRefusal { error }) => GatewayError::Refused(Box::new(error)),
        Err(_) => GatewayError::Unreadable,
    }
}

/// What Stripe says about a request that it refuses.
pub type StripeRefusal = WireError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stripe_says_of_the_request_itself_is_its_last_word() {
        let body = br#"{"error": {"type": "invalid_request_error"}}"#;
        let is_last_word = |status| {
            matches!(
                refused(StatusCode::from_u16(status).unwrap(), body),
                GatewayError::Refused(_)
            )
        };
        assert_eq!([400, 402, 404].map(is_last_word), [true; 3]);
        // A key that was taken out of use, a limit, a twin of the request, a failure.
        assert_eq!([401, 403, 409, 429, 500].map(is_last_word), [false; 5]);
    }
}
