//! A foreign device that asks a hub over HTTP, and takes back a scan by which nobody passed.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::{Http, Reply};

/// The answer to a scan over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HubVerdict {
    /// The id that the scan has in the records.
    pub scan_id: String,
    /// `admit`, `deny` or `refer`.
    pub verdict: String,
    /// The name of the reason.
    pub reason: Option<String>,
    /// What staff are told.
    pub words: String,
    /// `home`, `hub` or `alone`.
    pub judged_by: String,
}

/// A foreign device that asks a hub over HTTP.
#[derive(Debug, Clone)]
pub struct Turnstile {
    /// The hub, with the token.
    pub http: Http,
    /// Where it stands.
    pub gate: u16,
}

impl Turnstile {
    /// Scans a code, inwards.
    ///
    /// # Errors
    ///
    /// When the hub does not judge it.
    pub async fn scan(&self, payload: &str) -> anyhow::Result<HubVerdict> {
        let request = json!({ "payload": payload, "gate": self.gate });
        self.http.post("/v1/scans", &request).await?.expect(200)?.json()
    }

    /// Scans a code under a scan id of its own, so that it can be asked again.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn scan_as(&self, scan_id: &str, payload: &str) -> anyhow::Result<Reply> {
        self.ask(&json!({ "payload": payload, "gate": self.gate, "scan_id": scan_id }))
            .await
    }

    /// Sends any request for a scan.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn ask(&self, request: &Value) -> anyhow::Result<Reply> {
        self.http.post("/v1/scans", request).await
    }

    /// Says that nobody passed by a scan that this turnstile named.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn take_back(&self, scan: &NamedScan, payload: &str) -> anyhow::Result<Reply> {
        let request = json!({ "payload": payload, "gate": self.gate, "scan_secret": scan.secret });
        self.http.post("/v1/annulments", &request).await
    }
}

/// The name of a scan that whoever has drawn its secret can take back.
#[derive(Debug, Clone)]
pub struct NamedScan {
    pub id: String,
    pub secret: String,
}

impl NamedScan {
    /// Names a scan by a secret.
    #[must_use]
    pub fn by(secret: [u8; 16]) -> Self {
        Self {
            id: HEXLOWER.encode(&Sha256::digest(secret)[..16]),
            secret: HEXLOWER.encode(&secret),
        }
    }
}
