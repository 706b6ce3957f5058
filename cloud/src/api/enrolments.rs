//! `/v1/enrolments`: where a fresh machine turns an enrolment code into a certificate.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_keys::{EnrolmentGrant, EnrolmentRequest};

use crate::authority::scribe::EnrolOutcome;
use crate::state::AppState;
use crate::store::authority::{CodeId, SecretHash};

use super::error::{ApiError, Problem};
use super::input::Body;
use super::refusal::{conflict, event_over};

/// Enrols a device. Asking again with the same code and the same key gives the same certificate: the answer may get lost.
#[utoipa::path(post, path = "/v1/enrolments", tag = "devices",
    request_body(content = Object, description = "`secret` of the code, `device` key, `name`, `proof`: see the protocol"),
    responses(
    (status = 200, body = Object, description = "`identity`, `bundle`, `event`, `uplink`: the device's certificate, what to believe and whom to link to"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "No such code"),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "Another device has used the code, or this key is barred"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "The code's time is over"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "The proof or the name is not valid"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    Body(request): Body<EnrolmentRequest>,
) -> Result<Json<EnrolmentGrant>, ApiError> {
    request.verify().map_err(|error| ApiError::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        slug: "enrolment-not-valid",
        detail: error.to_string(),
    })?;
    let secret = SecretHash(request.secret.hash());
    let event = app.store.code_event(secret).await?.ok_or(UNKNOWN)?;
    let authority = app.authorities.of(event)?;
    let code = CodeId { event, secret };
    let outcome = authority
        .ask(move |scribe| Box::pin(scribe.enrol(code, request)))
        .await?;
    Ok(Json(EnrolmentGrant {
        identity: granted(outcome)?,
        bundle: authority.view().trust().signed().clone(),
        event,
        uplink: app.uplink_addresses(),
        hub_name: None,
    }))
}

const UNKNOWN: ApiError = ApiError::NotFound("enrolment code: copy the whole of it, or ask for a new one");

fn granted(outcome: EnrolOutcome) -> Result<usher_keys::DeviceIdentity, ApiError> {
    match outcome {
        EnrolOutcome::Granted(identity) => Ok(*identity),
        EnrolOutcome::Unknown => Err(UNKNOWN),
        EnrolOutcome::Expired => Err(ApiError::Refused {
            status: StatusCode::GONE,
            slug: "code-expired",
            detail: "The time of this enrolment code is over: ask for a new one.".to_owned(),
        }),
        EnrolOutcome::Used => Err(conflict(
            "code-used",
            "Another device has used this enrolment code: ask for a new one.",
        )),
        EnrolOutcome::Barred => Err(conflict(
            "device-barred",
            "This device's key was revoked or retired, or had another role: enrol it with a fresh key.",
        )),
        EnrolOutcome::EventOver => Err(event_over()),
        EnrolOutcome::TooMany => Err(conflict(
            "too-many-devices",
            "The event has as many devices or hubs as it can.",
        )),
    }
}
