//! HTTP as the stage speaks it: JSON in, status and body out; what the paths mean is in `cloud` and `hub`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long an answer may take: a booking with a slow payment included.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an unexpected answer that are shown.
const SHOWN_BYTES: usize = 600;

/// A server, and who asks it.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    token: Option<String>,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// What kind of body it is.
    pub content_type: String,
    pub body: Vec<u8>,
}

/// A body of any kind, for requests that no client would make by mistake.
#[derive(Debug, Clone)]
pub struct RawBody<'a> {
    /// What kind it claims to be.
    pub content_type: &'a str,
    pub bytes: Vec<u8>,
}

fn client(patience: Duration) -> anyhow::Result<Client> {
    // A connection that is kept may be to a server that was killed meanwhile.
    let client = Client::builder()
        .timeout(patience)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build();
    client.context("making a HTTP client")
}

impl Http {
    /// Makes a client of the server at that address.
    ///
    /// # Errors
    ///
    /// When there is no TLS to be had, although it is not used here.
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        // An error means that it was installed before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: client(TIMEOUT)?,
            base: format!("http://{address}"),
            token: None,
        })
    }

    /// Returns the same client, who waits so long for an answer.
    ///
    /// # Errors
    ///
    /// As for [`Http::new`].
    pub fn patient(&self, patience: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            client: client(patience)?,
            ..self.clone()
        })
    }

    /// Returns the same client of another server.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self {
            base: format!("http://{address}"),
            ..self.clone()
        }
    }

    /// Returns the same client of a whole address, to which paths are added, without the token.
    #[must_use]
    pub fn elsewhere(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            token: None,
            ..self.clone()
        }
    }

    /// Returns the same client with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }

    /// Returns what every address of the server begins with.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks for something.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        self.send(Method::GET, path, None).await
    }

    /// Sends JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Reply> {
        let body = body.map(|body| RawBody {
            content_type: "application/json",
            bytes: body.to_string().into_bytes(),
        });
        self.send_raw(method, path, body).await
    }

    /// Sends a request with a body of any kind.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        body: Option<RawBody<'_>>,
    ) -> anyhow::Result<Reply> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, body.content_type).body(body.bytes);
        }
        let asked = || format!("{method} {}{path}", self.base);
        let response = request.send().await.with_context(asked)?;
        let header = response.headers().get(CONTENT_TYPE);
        let content_type = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let status = response.status().as_u16();
        let body = response.bytes().await.with_context(asked)?.to_vec();
        Ok(Reply {
            status,
            content_type,
            body,
        })
    }
}

impl Reply {
    /// Goes on only with that status.
    ///
    /// # Errors
    ///
    /// Any other status, with what the server says about it.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let shown: String = self.text().chars().take(SHOWN_BYTES).collect();
        bail!("expected {status}, the answer was {}: {shown}", self.status)
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// When it is none, or of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("reading the answer {}", self.text()))
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
