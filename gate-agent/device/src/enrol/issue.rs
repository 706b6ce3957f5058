//! A hub that enrols scanners: codes for them, and certificates signed with the hub's own key; serving it over HTTP is elsewhere.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use usher_keys::certificate::MAX_GATES;
use usher_keys::enrolment::NamedGate;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EnrolmentCode, EnrolmentError, EnrolmentGrant,
    EnrolmentRequest, EnrolmentSecret, PublicKey, Role, SealedGrant, SecretKey, Timestamp, Window,
};
use usher_words::hub;

use crate::replica::{Access, Replica, ReplicaError, ScannerCode, ScannerTerms};

/// How long a code can be used: it is shown on a screen and typed at once.
pub const CODE_VALID: Duration = Duration::from_hours(1);
/// Longest time a scanner may work on a hub's word: a festival's week.
pub const MAX_SCANNER_VALID: Duration = Duration::from_hours(7 * 24);

/// Why a hub does not enrol a scanner.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The hub's certificate does not allow it.
    #[error(
        "this hub may not enrol scanners: ask the organizer for a code for the scanner, or have this hub enrolled anew with enrol_scanners"
    )]
    NotAllowed,
    /// The hub's certificate does not allow what the scanner would be given.
    #[error(
        "this hub cannot let a scanner do what it may not do itself (scan at {}, or override): ask the organizer for a code",
        hub::gates(gates)
    )]
    TooMuch {
        /// The gates asked for.
        gates: Vec<u16>,
    },
    /// The hub itself may work no more.
    #[error("this hub's certificate has ended, and no scanner outlives its hub: enrol the hub anew first")]
    HubEnded,
    /// The hub's certificate has no end that a scanner's could follow.
    #[error("this hub's certificate has no end, so say for how long the scanner may work: --hours N")]
    NoEnd,
    /// More gates or hours than a scanner's certificate can hold.
    #[error("a scanner serves at most {MAX_GATES} gates, for 1 to {} hours", MAX_SCANNER_VALID.as_secs() / 3_600)]
    OverLimit,
    /// The request or code is refused.
    #[error(transparent)]
    Refused(#[from] EnrolmentError),
    /// There is no such code.
    #[error(
        "this hub has made no such code: copy the whole of it, or make a new one with usher-gate-agent scanner-code"
    )]
    UnknownCode,
    /// Another device has used the code.
    #[error("the code was used by another device: make a new one with usher-gate-agent scanner-code")]
    UsedCode,
    /// The code's time is over.
    #[error("the code's time is over: make a new one with usher-gate-agent scanner-code")]
    ExpiredCode,
    /// The asker's key was revoked.
    #[error("this scanner's key was revoked: enrol it with a fresh folder, which makes a fresh key")]
    Revoked,
    /// The asker's key has written a log.
    #[error(
        "this scanner's key has written a log of this event already, and a second one beside it would let people in \
         again: enrol it with a fresh folder, which makes a fresh key"
    )]
    HasLog,
    /// Codes cannot be read or written.
    #[error("the hub's codes cannot be read or written")]
    Storage(#[from] ReplicaError),
    /// The system's random source failed.
    #[error("the system's random source failed")]
    Randomness(#[source] getrandom::Error),
}

/// A code to be made.
pub struct NewCode<'a> {
    /// The hub that will honour it.
    pub hub: &'a Certificate,
    /// Whom the scanner shall believe.
    pub roots: &'a usher_keys::RootSet,
    /// Where the hub's HTTP is reached.
    pub url: &'a str,
    /// What the scanner is given.
    pub terms: ScannerTerms,
}

impl NewCode<'_> {
    /// Makes the code, and stores what is derived from its secret.
    ///
    /// # Errors
    ///
    /// [`IssueError`].
    pub fn make(self, access: &Access, now: Timestamp) -> Result<EnrolmentCode, IssueError> {
        check_terms(self.hub, &self.terms, now)?;
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(IssueError::Randomness)?;
        let secret = EnrolmentSecret(secret);
        let code = EnrolmentCode::new(self.url, self.hub.event, self.roots.clone(), secret)?;
        let valid_ms = u64::try_from(CODE_VALID.as_millis()).unwrap_or(u64::MAX);
        let stored = ScannerCode {
            key: secret.key(),
            terms: self.terms,
            expires: now.plus_ms(valid_ms),
        };
        access.add_code(secret.id(), &stored, now)?;
        Ok(code)
    }
}

fn check_terms(hub: &Certificate, terms: &ScannerTerms, now: Timestamp) -> Result<(), IssueError> {
    if hub.role != Role::Hub || !hub.capabilities.enrol_scanners {
        return Err(IssueError::NotAllowed);
    }
    let longest = u64::try_from(MAX_SCANNER_VALID.as_millis()).unwrap_or(u64::MAX);
    let is_over_limit = |ms| ms == 0 || ms > longest;
    if terms.gates.len() > MAX_GATES || terms.valid_ms.is_some_and(is_over_limit) {
        return Err(IssueError::OverLimit);
    }
    check_end(hub, terms, now)?;
    let gates_within =
        hub.gates.is_empty() || (!terms.gates.is_empty() && terms.gates.iter().all(|gate| hub.serves(*gate)));
    if !gates_within || (terms.override_refusals && !hub.capabilities.override_refusals) {
        return Err(IssueError::TooMuch {
            gates: terms.gates.clone(),
        });
    }
    Ok(())
}

fn check_end(hub: &Certificate, terms: &ScannerTerms, now: Timestamp) -> Result<(), IssueError> {
    if hub.window.until <= now {
        return Err(IssueError::HubEnded);
    }
    if terms.valid_ms.is_none() && hub.window.until == Timestamp::FOREVER {
        return Err(IssueError::NoEnd);
    }
    Ok(())
}

/// Returns until when a scanner that enrols now may work: as long as its hub, which the cloud lets work until some hours
/// after the event, or for a shorter time.
pub fn scanner_until(hub: &Certificate, terms: &ScannerTerms, now: Timestamp) -> Timestamp {
    let wanted = terms.valid_ms.map_or(Timestamp::FOREVER, |ms| now.plus_ms(ms));
    wanted.min(hub.window.until)
}

/// Signs the certificates of scanners with the hub's own key.
pub struct Issuer {
    /// The hub's replica: its certificate and the newest bundle.
    pub replica: Arc<Replica>,
    /// The hub's key.
    pub key: SecretKey,
    /// The codes.
    pub access: Access,
    /// Where scanners link to, as `host:port`.
    pub uplink: Vec<String>,
}

impl Issuer {
    /// Enrols a scanner that proves to hold a good code; the same scanner may ask again until it has written a log.
    ///
    /// # Errors
    ///
    /// [`IssueError`].
    pub fn enrol(&self, request: EnrolmentRequest) -> Result<SealedGrant, IssueError> {
        let (now, hub) = (self.replica.clock().now(), self.replica.certificate());
        if !hub.capabilities.enrol_scanners {
            return Err(IssueError::NotAllowed);
        }
        let code = self.access.code(request.id)?.ok_or(IssueError::UnknownCode)?;
        request.verify(hub.event, &code.key)?;
        if code.expires <= now {
            return Err(IssueError::ExpiredCode);
        }
        check_end(&hub, &code.terms, now)?;
        self.check_key(&request.device)?;
        if !self.access.redeem(request.id, request.device)? {
            return Err(IssueError::UsedCode);
        }
        let certificate = self.certify(request, code.terms, now);
        tracing::info!(device = %certificate.device.id(), name = certificate.name, "enrolled a scanner");
        Ok(self.grant(certificate).seal(&code.key))
    }

    fn check_key(&self, device: &PublicKey) -> Result<(), IssueError> {
        if self.replica.snapshot().register.revoked.contains_key(device) {
            return Err(IssueError::Revoked);
        }
        if self.replica.holds_log_of(device) {
            return Err(IssueError::HasLog);
        }
        Ok(())
    }

    fn certify(&self, request: EnrolmentRequest, terms: ScannerTerms, now: Timestamp) -> Certificate {
        let hub = self.replica.certificate();
        let until = scanner_until(&hub, &terms, now);
        Certificate {
            event: hub.event,
            device: request.device,
            role: Role::Scanner,
            name: request.name,
            gates: terms.gates,
            capabilities: Capabilities {
                enrol_scanners: false,
                override_refusals: terms.override_refusals,
            },
            // A scanner whose clock is behind takes the certificate too: it begins when its issuer's does.
            window: Window {
                from: hub.window.from,
                until,
            },
        }
    }

    fn grant(&self, certificate: Certificate) -> EnrolmentGrant {
        let (hub, snapshot) = (self.replica.certificate(), self.replica.snapshot());
        let policy = snapshot.policy.as_deref();
        let gates = policy.iter().flat_map(|policy| &policy.gates);
        EnrolmentGrant {
            identity: DeviceIdentity {
                certificate: certificate.sign(&self.key),
                via: Some(self.replica.device_identity().certificate.clone()),
            },
            bundle: snapshot.trust.signed().clone(),
            event: hub.event,
            event_name: policy.map(|policy| policy.name.clone()),
            gates: gates
                .map(|gate| NamedGate {
                    id: gate.id.0,
                    name: gate.name.clone(),
                })
                .collect(),
            uplink: self.uplink.clone(),
            hub_name: Some(hub.name.clone()),
        }
    }
}
