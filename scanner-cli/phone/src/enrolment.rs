//! How a page becomes a device: the code that staff scan, what the hub is asked, and the file that its grant makes; sending is the page's.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use usher_keys::{EnrolmentCode, EnrolmentError, EnrolmentRequest, Role, SealedGrant, SecretKey, Timestamp};
use usher_protocol::web::{CertificateHash, MAX_CERTIFICATES};

use crate::file::Founding;
use crate::replica;

/// The version of page codes that is read here.
const CODE_VERSION: u64 = 1;
/// Longest page code that is looked at, in bytes: an enrolment code and eight hashes, with room.
const MAX_CODE_BYTES: usize = 4_096;

/// Why a page does not become a device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnrolmentRefusal {
    /// What was scanned is no code of a hub's for pages.
    #[error(
        "this is no code for a phone: on the hub run usher-gate-agent scanner-code --page, and scan what it shows"
    )]
    NotACode,
    /// It is of another version.
    #[error(
        "this code is of another version than this page: load the page anew while online, then scan the code again"
    )]
    OtherVersion,
    /// The code inside, the name or the grant is refused.
    #[error("{0}")]
    Refused(EnrolmentError),
    /// The hub says no.
    #[error("the hub refused ({status}): {detail}")]
    Denied {
        status: u64,
        /// What it said.
        detail: String,
    },
    /// The answer is no grant.
    #[error("the hub gave an answer that is no enrolment: scan a new code")]
    NotAGrant,
    /// The code was made for another kind of device.
    #[error("this code is for another kind of device: ask for a code for a phone")]
    OtherRole,
}

impl From<EnrolmentError> for EnrolmentRefusal {
    fn from(refused: EnrolmentError) -> Self {
        Self::Refused(refused)
    }
}

/// What a hub's code for pages says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCode {
    /// Host and port of the hub's door for pages.
    pub hub: String,
    /// The certificates by which the hub is known.
    pub hashes: Vec<CertificateHash>,
    /// What enrols.
    pub code: EnrolmentCode,
}

/// **Shape**: the JSON in the code.
#[derive(Debug, Serialize, Deserialize)]
struct CodeFields {
    v: u64,
    hub: String,
    hashes: Vec<String>,
    token: String,
}

impl PageCode {
    /// Reads the text of a code: the page's address with what follows its `#`, or that alone.
    ///
    /// # Errors
    ///
    /// [`EnrolmentRefusal`].
    pub fn read(text: &str) -> Result<Self, EnrolmentRefusal> {
        let fragment = text.trim().rsplit('#').next().unwrap_or_default();
        if fragment.len() > MAX_CODE_BYTES {
            return Err(EnrolmentRefusal::NotACode);
        }
        let json = BASE64URL_NOPAD.decode(fragment.as_bytes());
        let json = json.map_err(|_| EnrolmentRefusal::NotACode)?;
        let value: Value = serde_json::from_slice(&json).map_err(|_| EnrolmentRefusal::NotACode)?;
        if value
            .get("v")
            .and_then(Value::as_u64)
            .is_some_and(|version| version != CODE_VERSION)
        {
            return Err(EnrolmentRefusal::OtherVersion);
        }
        let fields: CodeFields = serde_json::from_value(value).map_err(|_| EnrolmentRefusal::NotACode)?;
        let hash = |text: &String| {
            let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
            bytes.try_into().ok().map(CertificateHash)
        };
        let hashes: Option<Vec<_>> = fields.hashes.iter().take(MAX_CERTIFICATES).map(hash).collect();
        Ok(Self {
            hub: fields.hub,
            hashes: hashes
                .filter(|hashes| !hashes.is_empty())
                .ok_or(EnrolmentRefusal::NotACode)?,
            code: fields.token.parse()?,
        })
    }

    /// Returns what the hub is asked: a JSON object.
    ///
    /// # Errors
    ///
    /// [`EnrolmentRefusal::Refused`] for a name that is empty or too long.
    pub fn request(&self, key: &SecretKey, name: &str) -> Result<String, EnrolmentRefusal> {
        let request = EnrolmentRequest::new(&self.code, name.trim().to_owned(), key)?;
        serde_json::to_string(&request).map_err(|_| EnrolmentRefusal::NotACode)
    }

    /// Takes the hub's answer, `{"status": …, "body": …}`, and returns the bytes of the file that the page begins with.
    ///
    /// # Errors
    ///
    /// [`EnrolmentRefusal`].
    pub fn granted(
        &self,
        key: &SecretKey,
        answer: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, EnrolmentRefusal> {
        let answer: Value = serde_json::from_str(answer).map_err(|_| EnrolmentRefusal::NotAGrant)?;
        let body = answer.get("body").cloned().unwrap_or_default();
        let status = answer
            .get("status")
            .and_then(Value::as_u64)
            .ok_or(EnrolmentRefusal::NotAGrant)?;
        if status != 200 {
            let said = body.get("detail").or_else(|| body.get("title"));
            let detail = said.and_then(Value::as_str).unwrap_or("it does not say why");
            let detail = detail.to_owned();
            return Err(EnrolmentRefusal::Denied { status, detail });
        }
        let sealed: SealedGrant = serde_json::from_value(body).map_err(|_| EnrolmentRefusal::NotAGrant)?;
        let (grant, _) = sealed.verify(&self.code, &key.public(), now)?;
        if grant.identity.unverified().role != Role::Scanner {
            return Err(EnrolmentRefusal::OtherRole);
        }
        Ok(replica::found(Founding {
            identity: grant.identity,
            roots: self.code.roots().clone(),
            bundle: grant.bundle,
        }))
    }
}
