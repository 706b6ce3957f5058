//! The door for pages that are scanners: leads each to the hub of its event, and shows the certificate that is due; what a page may do is its session's and the issuer's.

pub mod certificates;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::body::{self, Body};
use axum::http::{Method, Request, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use usher_device::clock::Clock;
use usher_keys::{EnrolmentCode, SecretKey};
use usher_link::{PageEndpoint, PageRequest, PageVisit};

use super::listening::{Listening, PageListening};
use crate::config::Config;
use crate::doors::{self, Doors};
use crate::http;
use certificates::PageCertificates;

/// How often it is looked whether another certificate is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Largest answer of the hub's own HTTP that a page is given, in bytes: a certificate and the largest bundle, with room.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Where pages come in.
pub struct PageDoor {
    pub endpoint: PageEndpoint,
    certificates_path: PathBuf,
    certificates: PageCertificates,
}

impl PageDoor {
    /// Binds the socket, if pages are served.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or the certificates not be kept.
    pub fn bind(config: &Config, key: &SecretKey, folder: &Path) -> anyhow::Result<Option<Self>> {
        let (Some(listen), Some(origin)) = (config.web.listen, config.web.origin()) else {
            return Ok(None);
        };
        let certificates_path = certificates::path_in(folder);
        let now = Clock::system().now();
        let certificates = PageCertificates::keep(&certificates_path, now)?;
        let endpoint = PageEndpoint::bind(listen, key, &origin, certificates.shown(now)?)
            .with_context(|| format!("cannot listen for pages on {listen} (setting: web.listen)"))?;
        Ok(Some(Self {
            endpoint,
            certificates_path,
            certificates,
        }))
    }

    /// Returns how pages reach it.
    pub fn listening(&self, config: &Config) -> PageListening {
        PageListening {
            hub: Listening::reachable(self.endpoint.local_addr(), config.advertise.as_deref()),
            page: config.web.page.clone().unwrap_or_default(),
        }
    }

    /// Shows the certificate that is due, until cancelled.
    pub async fn keep_certificate(mut self, cancel: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while cancel.run_until_cancelled(look.tick()).await.is_some() {
            let now = Clock::system().now();
            if self.certificates.is_due(now)
                && let Err(error) = self.renew()
            {
                tracing::error!(error = %format!("{error:#}"), "pages are shown the certificate before this one");
            }
        }
    }

    fn renew(&mut self) -> anyhow::Result<()> {
        let now = Clock::system().now();
        self.certificates = PageCertificates::keep(&self.certificates_path, now)?;
        self.endpoint.show(self.certificates.shown(now)?)?;
        Ok(())
    }
}

/// Leads every page to the hub of its event, until cancelled.
pub async fn lead(endpoint: PageEndpoint, doors: Arc<Doors>, cancel: CancellationToken) {
    let mut answering = JoinSet::new();
    loop {
        let visit = tokio::select! {
            () = cancel.cancelled() => return,
            Some(_) = answering.join_next() => continue,
            visit = endpoint.accept() => visit,
        };
        match visit {
            Some(PageVisit::Linked(page)) => doors::lead_peer(&doors, page),
            Some(PageVisit::Asked(request)) => {
                answering.spawn(answer(request, Arc::clone(&doors)));
            }
            None => return,
        }
    }
}

/// Answers a page that is no device yet as the HTTP for new scanners does.
async fn answer(request: PageRequest, doors: Arc<Doors>) {
    let asked = Request::builder()
        .method(Method::POST)
        .uri(&request.path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(request.body.clone()));
    let answer = match asked {
        Ok(asked) => match http::enrolments_entrance(doors).oneshot(asked).await {
            Ok(response) => told(response).await,
            Err(never) => match never {},
        },
        Err(_) => json!({ "status": 404 }),
    };
    request.answer(answer.to_string().as_bytes()).await;
}

async fn told(response: Response) -> Value {
    let status = response.status().as_u16();
    let body = body::to_bytes(response.into_body(), MAX_ANSWER_BYTES).await;
    let body: Option<Value> = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
    json!({ "status": status, "body": body })
}

/// Returns the address that turns a phone into a scanner: the page's, with a code that is good for one phone.
///
/// # Errors
///
/// The certificates cannot be read.
pub fn address(listening: &PageListening, folder: &Path, code: &EnrolmentCode) -> anyhow::Result<String> {
    let now = Clock::system().now();
    let named = PageCertificates::read(&certificates::path_in(folder))?.named(now);
    let hashes: Vec<String> = named
        .iter()
        .map(|named| data_encoding::HEXLOWER.encode(&named.hash.0))
        .collect();
    let told = json!({
        "v": 1,
        "hub": listening.hub,
        "hashes": hashes,
        "event": code.event().to_string(),
        "token": code.to_string(),
    });
    let told = BASE64URL_NOPAD.encode(told.to_string().as_bytes());
    Ok(format!("{}#{told}", listening.page))
}
