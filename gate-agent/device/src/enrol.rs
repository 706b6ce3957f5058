//! Turning a fresh machine into a device: makes its key, sends the request, believes only what the pinned roots signed, stores the result. Hubs and scanners alike.

mod issue;

use std::time::Duration;

use thiserror::Error;
use usher_keys::{EnrolmentCode, EnrolmentError, EnrolmentGrant, EnrolmentRequest, Role, SealedGrant};
use usher_words::enrolment;

pub use issue::{CODE_VALID, IssueError, Issuer, MAX_SCANNER_VALID, NewCode, scanner_until};

use crate::clock::Clock;
use crate::directory::{DataDirectory, DirectoryError};
use crate::replica::{Replica, ReplicaError, StoredEnrolment};

/// How long the other side may take: a person waits, and a slow network is no reason to give up.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer that is read, in bytes: a certificate and the largest bundle in base64, with room.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Most of what a refusal says that is shown, in bytes.
const MAX_DETAIL_BYTES: usize = 400;

/// Why a machine was not enrolled.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// The code, name or grant is refused.
    #[error(transparent)]
    Refused(#[from] EnrolmentError),
    /// The other side cannot be reached or breaks off.
    #[error("cannot reach {url}: check the network and try again with the same code")]
    Unreachable {
        /// The address in the code.
        url: String,
        #[source]
        source: reqwest::Error,
    },
    /// The other side says no.
    #[error("{url} refused ({status}): {detail}")]
    Denied {
        /// The address in the code.
        url: String,
        status: u16,
        /// What it said.
        detail: String,
    },
    /// The answer is no grant.
    #[error("{url} gave an answer that is no enrolment: is it an Usher server?")]
    NotAGrant {
        /// The address in the code.
        url: String,
    },
    /// The code was made for another kind of device.
    #[error("the code is for a {}, but this program is a {}: ask for another code", enrolment::role_name(*granted), enrolment::role_name(*wanted))]
    OtherRole {
        /// What the certificate says.
        granted: Role,
        /// What this program is.
        wanted: Role,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// What is needed to enrol.
pub struct Enrolment<'a> {
    pub code: &'a EnrolmentCode,
    /// How people will call the device.
    pub name: String,
    /// What this program is.
    pub role: Role,
    /// Where its key and replica will lie.
    pub directory: &'a DataDirectory,
}

impl Enrolment<'_> {
    /// Enrols this machine; after a failure the same code can be tried again.
    ///
    /// # Errors
    ///
    /// [`EnrolError`].
    pub async fn run(self, clock: &Clock) -> Result<EnrolmentGrant, EnrolError> {
        let path = self.directory.replica_path();
        if Replica::is_founded(&path) {
            return Err(DirectoryError::from(ReplicaError::AlreadyFounded { path }).into());
        }
        self.directory.create()?;
        let key = self.directory.make_key()?;
        let request = EnrolmentRequest::new(self.code, self.name, &key)?;
        let sealed = send(self.code.url(), &request).await?;
        let (grant, _) = sealed.verify(self.code, &key.public(), clock.now())?;
        let granted = grant.identity.unverified().role;
        if granted != self.role {
            return Err(EnrolError::OtherRole {
                granted,
                wanted: self.role,
            });
        }
        let enrolment = StoredEnrolment {
            identity: grant.identity.clone(),
            roots: self.code.roots().clone(),
            bundle: grant.bundle.clone(),
            uplink: grant.uplink.clone(),
        };
        Replica::found(&path, &enrolment).map_err(DirectoryError::from)?;
        Ok(grant)
    }
}

async fn send(url: &str, request: &EnrolmentRequest) -> Result<SealedGrant, EnrolError> {
    let unreachable = |source| EnrolError::Unreachable {
        url: url.to_owned(),
        source,
    };
    // An error means that the process has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(unreachable)?;
    let sending = client.post(format!("{url}/v1/enrolments")).json(request).send();
    let mut answer = sending.await.map_err(unreachable)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(EnrolError::NotAGrant { url: url.to_owned() });
        }
    }
    if !status.is_success() {
        return Err(EnrolError::Denied {
            url: url.to_owned(),
            status: status.as_u16(),
            detail: detail(&body),
        });
    }
    serde_json::from_slice(&body).map_err(|_| EnrolError::NotAGrant { url: url.to_owned() })
}

/// Returns what a problem answer says, cut to what a terminal line shows and without control characters.
fn detail(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = problem.as_ref().and_then(|problem| {
        let detail = problem.get("detail").or_else(|| problem.get("title"))?;
        detail.as_str().map(str::to_owned)
    });
    let said = said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let printable = said.chars().filter(|character| !character.is_control());
    printable.take(MAX_DETAIL_BYTES).collect()
}

#[cfg(test)]
mod tests;
