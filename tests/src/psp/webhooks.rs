//! Webhooks: each event is signed as Stripe signs and sent to every endpoint, twice if it is taken and a few times if it is not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use data_encoding::HEXLOWER;
use reqwest::Client;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Shared;

/// What webhooks are signed with, at every endpoint.
pub const SECRET: &str = "whsec_usher_psp";
/// How often to look for what is to be told.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long an endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often one is tried, and once more after it has taken the event: Stripe says that both happen.
const TRIES: usize = 4;

/// Where webhooks go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub url: String,
}

/// Sends webhooks until it is dropped.
pub async fn send_all(shared: Shared) {
    // An error means that it was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(client) = Client::builder().timeout(TIMEOUT).no_proxy().build() else {
        return;
    };
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let (events, endpoints) = shared.lock().book.take_untold();
        for event in &events {
            for endpoint in &endpoints {
                send(&client, endpoint, event).await;
            }
        }
    }
}

async fn send(client: &Client, endpoint: &Endpoint, event: &Value) {
    let body = event.to_string();
    let mut taken = 0;
    for _ in 0..TRIES {
        let Ok(signature) = sign(&body, SECRET) else {
            return;
        };
        let request = client
            .post(&endpoint.url)
            .header("Stripe-Signature", signature)
            .header("Content-Type", "application/json; charset=utf-8")
            .body(body.clone());
        let answer = request.send().await;
        taken += usize::from(answer.is_ok_and(|answer| answer.status().is_success()));
        if taken == 2 {
            return;
        }
    }
}

/// Signs a body, now: the header `Stripe-Signature`.
///
/// # Errors
///
/// When the clock is before 1970.
pub fn sign(body: &str, secret: &str) -> anyhow::Result<String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock")?
        .as_secs();
    let tag = hmac_sha256(secret.as_bytes(), format!("{now}.{body}").as_bytes());
    Ok(format!("t={now},v1={}", HEXLOWER.encode(&tag)))
}

/// Computes HMAC with SHA-256 (RFC 2104) of a key of at most 64 bytes; written here so that nothing of ours signs and verifies alike.
fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(text)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}
