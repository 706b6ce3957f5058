//! Sending one webhook: to addresses that were looked at, and to no others, wherever its answer points.

mod addresses;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use tokio::net::lookup_host;
use tokio::time::timeout;
use usher_keys::Timestamp;

use crate::config::proxies::Network;
use crate::webhooks::{Webhook, signature};

use addresses::{is_named, may_be_told};

/// How long an endpoint may take: less than the lease of a job.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// What came of sending a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendOutcome {
    /// The endpoint answered with this status.
    Answered(u16),
    /// Its host has no address that may be told, or has one that may not.
    PrivateAddress,
    /// Its host is none.
    UnknownHost,
    /// It is not encrypted, and not in a network that the settings name.
    NotEncrypted,
    /// It did not answer in time.
    TooSlow,
    /// There is no connection to it.
    Unreachable,
}

impl SendOutcome {
    /// Tells whether the endpoint has taken it.
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Answered(200..300))
    }

    /// Returns the word for it.
    pub fn word(self) -> String {
        match self {
            Self::Answered(status) => status.to_string(),
            Self::PrivateAddress => "private_address".into(),
            Self::UnknownHost => "unknown_host".into(),
            Self::NotEncrypted => "not_encrypted".into(),
            Self::TooSlow => "too_slow".into(),
            Self::Unreachable => "unreachable".into(),
        }
    }
}

/// Sends a webhook, signed with the secrets of its endpoint.
pub async fn send(
    url: &str,
    (webhook, secrets): (&Webhook, &[Vec<u8>]),
    named: &[Network],
    now: Timestamp,
) -> SendOutcome {
    let sending = async {
        let (url, addresses) = looked_up(url, named).await?;
        post(url, &addresses, (webhook, secrets), now).await
    };
    let sent = timeout(ANSWER_WITHIN, sending).await;
    sent.unwrap_or(Err(SendOutcome::TooSlow))
        .unwrap_or_else(|failed| failed)
}

/// Finds the addresses of a host, of which all may be told.
async fn looked_up(url: &str, named: &[Network]) -> Result<(Url, Vec<SocketAddr>), SendOutcome> {
    let url: Url = url.parse().map_err(|_| SendOutcome::UnknownHost)?;
    let host = url.host_str().ok_or(SendOutcome::UnknownHost)?;
    let port = url.port_or_known_default().ok_or(SendOutcome::UnknownHost)?;
    let found = lookup_host((host.trim_matches(['[', ']']), port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|_| SendOutcome::UnknownHost)?.collect();
    let mut all = addresses.iter().map(SocketAddr::ip);
    if addresses.is_empty() || !all.clone().all(|address| may_be_told(address, named)) {
        return Err(SendOutcome::PrivateAddress);
    }
    if url.scheme() != "https" && !all.all(|address| is_named(address, named)) {
        return Err(SendOutcome::NotEncrypted);
    }
    Ok((url, addresses))
}

async fn post(
    url: Url,
    addresses: &[SocketAddr],
    (webhook, secrets): (&Webhook, &[Vec<u8>]),
    now: Timestamp,
) -> Result<SendOutcome, SendOutcome> {
    // Another part of the program may have installed the provider; either way it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|_| SendOutcome::Unreachable)?;
    let (id, timestamp) = (webhook.id.to_string(), signature::timestamp(now));
    let secrets = secrets.iter().map(Vec::as_slice);
    let signed = signature::signatures(secrets, (&id, &timestamp, &webhook.body));
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "Usher")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signed)
        .body(webhook.body.clone());
    // What the answer says beside its status is not read.
    let answer = request.send().await.map_err(|_| SendOutcome::Unreachable)?;
    Ok(SendOutcome::Answered(answer.status().as_u16()))
}
