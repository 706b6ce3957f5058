//! `/v1/organizer/events/{event_id}/enrolment-codes`: what a person carries to a fresh hub or scanner.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_keys::certificate::{MAX_GATES, MAX_NAME_BYTES};
use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::{Capabilities, EnrolmentCode, EnrolmentSecret, EventId, Role, Timestamp};
use usher_protocol::GateId;
use usher_words::problems::{ProblemDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::catalogue::Event;
use crate::ids::draw;
use crate::moment::Moment;
use crate::rights::may;
use crate::state::AppState;
use crate::store::authority::{CodeId, EnrolmentTerms, NewCodeOutcome, NewEnrolmentCode};

use super::owned::OwnEvent;

/// Most unused codes of an event: every device of the largest venue at once.
const OPEN_CODES: u32 = 4_000;
/// Longest life of a code, in minutes: a week, for devices that are sent by post.
pub const MAX_CODE_MINUTES: u32 = 7 * 24 * 60;
/// Longest life of a certificate, in days: a season.
pub const MAX_CERTIFICATE_DAYS: u32 = 400;

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// Asks for an enrolment code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "hub", "name": "Hub North", "capabilities": {"enrol_scanners": true}, "expires_in_minutes": 60}))]
pub struct CodeRequest {
    /// `hub` or `scanner`.
    #[schema(value_type = String, example = "hub")]
    pub role: Role,
    /// How people will call the device, up to 64 bytes; unless given, the device says.
    #[serde(default)]
    #[schema(example = "Hub North")]
    pub name: String,
    /// The gates it may serve, at least one; every gate unless given.
    pub gates: Option<Vec<u16>>,
    /// What else it may do.
    #[serde(default)]
    pub capabilities: CapabilitiesSpec,
    /// How long the code can be used, 1 to 10,080 minutes.
    #[serde(default = "an_hour")]
    #[schema(default = 60)]
    pub expires_in_minutes: u32,
    /// How long the device's certificate lasts, 1 to 400 days; until six hours after the event's end unless given. Never
    /// longer than the key that signs it.
    #[serde(default)]
    #[schema(example = 30)]
    pub certificate_days: Option<u32>,
}

/// What a device may do beyond its role.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CapabilitiesSpec {
    /// May enrol scanners with the cable cut; hubs only.
    pub enrol_scanners: bool,
    /// May let people in against the rules, with a supervisor's name and reason.
    pub override_refusals: bool,
}

fn an_hour() -> u32 {
    60
}

/// An enrolment code.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeView {
    /// The code: a secret, good for one device, shown only here.
    #[schema(example = "usher-enrol:…")]
    pub code: String,
    /// When it can no longer be used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Moment,
    /// When the certificate of a device that enrols now runs out: its time of work.
    #[schema(value_type = String, format = DateTime)]
    pub certificate_until: Moment,
}

impl CodeRequest {
    fn terms(self, event: &Event) -> Result<EnrolmentTerms, ApiError> {
        let mut checks = Checks::default();
        checks.require(self.role != Role::Cloud, "/role", "must be hub or scanner");
        checks.text(&self.name, "/name", 0..=MAX_NAME_BYTES);
        if let Some(gates) = &self.gates {
            // In a certificate an empty list means every gate: nobody gets that by naming none.
            checks.range(gates.len(), "/gates", 1..=MAX_GATES);
        }
        let gates = self.gates.unwrap_or_default();
        for (index, gate) in gates.iter().enumerate() {
            let known = event.policy.gate(GateId(*gate)).is_some();
            checks.require(
                known,
                format!("/gates/{index}"),
                "must be one of the event's gates",
            );
        }
        let enrols = self.capabilities.enrol_scanners && self.role != Role::Hub;
        checks.require(
            !enrols,
            "/capabilities/enrol_scanners",
            "must be false: only hubs enrol scanners",
        );
        checks.range(
            self.expires_in_minutes,
            "/expires_in_minutes",
            1..=MAX_CODE_MINUTES,
        );
        if let Some(days) = self.certificate_days {
            checks.range(days, "/certificate_days", 1..=MAX_CERTIFICATE_DAYS);
        }
        checks.finish()?;
        Ok(EnrolmentTerms {
            role: self.role,
            name: self.name,
            gates,
            capabilities: Capabilities {
                enrol_scanners: self.capabilities.enrol_scanners,
                override_refusals: self.capabilities.override_refusals,
            },
            certificate_ms: self.certificate_days.map(|days| u64::from(days) * DAY_MS),
        })
    }
}

/// Makes a code that turns one fresh machine into a device of the event.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/enrolment-codes", tag = "devices",
    params(("event_id" = String, Path)), request_body = CodeRequest, security(("organizer_key" = [])), responses(
    (status = 201, body = CodeView),
    (status = 409, description = "No trust bundle yet, too many unused codes, or the event is over"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::MakeEnrolmentCode>,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<(StatusCode, Json<CodeView>), ApiError> {
    let id = event.id;
    let expires_in_ms = u64::from(request.expires_in_minutes) * MINUTE_MS;
    let terms = request.terms(&event)?;
    let now = app.clock.now();
    let expires_at = now.plus_ms(expires_in_ms);
    let lasting = |ms| now.plus_ms(ms);
    let certificate_until = terms
        .certificate_ms
        .map_or(event.ends_at.plus_ms(AFTER_EVENT_MS), lasting);
    if certificate_until <= now {
        return Err(ProblemDetail::CertificatesEnded.into());
    }
    let code = add(&app, id, terms, expires_at).await?;
    let view = CodeView {
        code: code.to_string(),
        expires_at: Moment(expires_at),
        certificate_until: Moment(certificate_until),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

async fn add(
    app: &AppState,
    event: EventId,
    terms: EnrolmentTerms,
    expires_at: Timestamp,
) -> Result<EnrolmentCode, ApiError> {
    let roots = app.authorities.of(event)?.pinned_roots().await?;
    let secret = EnrolmentSecret(draw());
    let code = EnrolmentCode::new(&app.public_url, event, roots, secret).map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "no enrolment code can be made"
        );
        ApiError::Internal
    })?;
    let id = CodeId {
        event,
        code: secret.id(),
    };
    let new = NewEnrolmentCode {
        id,
        key: secret.key(),
        terms,
        expires_at,
        open_limit: OPEN_CODES,
        now: app.clock.now(),
    };
    match app.store.add_code(new).await? {
        NewCodeOutcome::Added => Ok(code),
        NewCodeOutcome::TooMany => Err(ProblemKind::TooManyCodes.into()),
    }
}
