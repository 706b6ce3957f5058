//! `/v1/enrolments`: where a fresh machine turns an enrolment code into a certificate.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use usher_keys::enrolment::NamedGate;
use usher_keys::{EnrolmentAsked, EnrolmentError, EnrolmentGrant, SealedGrant};
use usher_protocol::policy::Gate;
use usher_words::problems::{Missing, ProblemDetail, ProblemKind};

use crate::authority::writer::EnrolOutcome;
use crate::catalogue::Event;
use crate::state::AppState;
use crate::store::authority::CodeId;

use super::error::ApiError;
use super::input::JsonBody;

/// Enrols a device. Asking again with the same code and the same key gives the same certificate, as long as the device has
/// written no log: the answer may get lost.
#[utoipa::path(post, path = "/v1/enrolments", tag = "devices",
    request_body(content = Object, description = "`id` of the code, `device` key, `name`, `mac`, `proof`: see the protocol. The code's secret stays with the device",
        example = json!({"id": "0101010101010101010101010101010101010101010101010101010101010101", "device": "abababababababababababababababababababababababababababababababab", "name": "Hub North", "mac": "0202020202020202020202020202020202020202020202020202020202020202", "proof": "03030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303"})),
    responses(
    (status = 200, body = Object, description = "`grant` with `identity`, `bundle`, `event`, `event_name`, `gates`, `uplink`: the device's certificate, what to believe, what it joins and whom to link to; `mac` seals it"),
    (status = 404, description = "No such code"),
    (status = 409, description = "Another device has used the code, or this key is barred or has written a log already"),
    (status = 410, description = "The code's time is over"),
    (status = 422, description = "The name is not valid, the request was altered on its way, or the device's program speaks another version of the protocol"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    JsonBody(asked): JsonBody<EnrolmentAsked>,
) -> Result<Json<SealedGrant>, ApiError> {
    let request = asked.known().map_err(not_valid)?;
    let event = app.store.code_event(request.id).await?.ok_or(UNKNOWN)?;
    let id = CodeId {
        event,
        code: request.id,
    };
    let key = app.store.code(id).await?.ok_or(UNKNOWN)?.key;
    request.verify(event, &key).map_err(not_valid)?;
    let authority = app.authorities.of(event)?;
    let outcome = authority
        .ask(move |writer| Box::pin(writer.enrol(id, request.clone())))
        .await?;
    let identity = granted(outcome)?;
    let known = app.store.event(event).await?;
    let grant = EnrolmentGrant {
        identity,
        bundle: authority.view().trust().signed().clone(),
        event,
        gates: known.as_ref().map(named_gates).unwrap_or_default(),
        event_name: known.map(|known| known.name),
        uplink: app.uplink_addresses(),
        hub_name: None,
    };
    Ok(Json(grant.seal(&key)))
}

fn named_gates(event: &Event) -> Vec<NamedGate> {
    let named = |gate: &Gate| NamedGate {
        id: gate.id.0,
        name: gate.name.clone(),
    };
    event.policy.gates.iter().map(named).collect()
}

fn not_valid(error: EnrolmentError) -> ApiError {
    ApiError::said_by(ProblemKind::EnrolmentNotValid, &error)
}

const UNKNOWN: ApiError = ApiError::NotFound(Missing::EnrolmentCode);

fn granted(outcome: EnrolOutcome) -> Result<usher_keys::DeviceIdentity, ApiError> {
    match outcome {
        EnrolOutcome::Granted(identity) => Ok(*identity),
        EnrolOutcome::Unknown => Err(UNKNOWN),
        EnrolOutcome::Expired => Err(ProblemKind::CodeExpired.into()),
        EnrolOutcome::Used => Err(ProblemKind::CodeUsed.into()),
        EnrolOutcome::Barred => Err(ProblemKind::DeviceBarred.into()),
        EnrolOutcome::HasLog => Err(ProblemKind::DeviceHasLog.into()),
        EnrolOutcome::EventOver => Err(ProblemDetail::CertificatesEnded.into()),
        EnrolOutcome::TooMany => Err(ProblemKind::TooManyDevices.into()),
    }
}
