//! `/console/events/{event_id}/devices`: hubs and scanners, codes that let new ones in, shutting one out, and what is missing before doors.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_keys::Role;
use usher_words::problems::{Missing, ProblemKind};

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::codes::{self, CapabilitiesSpec, CodeRequest};
use crate::api::organizer::devices::{self, DeviceKey, DeviceView};
use crate::api::organizer::events;
use crate::api::organizer::owned::{OwnEvent, PartOfOwnEvent};
use crate::api::organizer::revoking::{self, ConsequencesView, RevokeParams};
use crate::catalogue::Event;
use crate::local_time::day_and_time;
use crate::qr::QrImage;
use crate::rights::{Operation, may};
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, shown, told};
use super::device_cards::DeviceCard;
use super::frame::ConsoleFrame;
use super::readiness::{self, ReadinessLine};

#[derive(Template)]
#[template(path = "console/devices.html")]
struct DevicesPage {
    frame: ConsoleFrame,
    path: String,
    readiness: Vec<ReadinessLine>,
    devices: Vec<DeviceCard>,
    /// Id and name of each gate.
    gates: Vec<(u16, String)>,
    /// Whether there is a trust bundle, without which no device is let in.
    has_trust: bool,
    may_enrol: bool,
    may_revoke: bool,
}

/// Shows the devices of an event, and whether it is ready.
pub async fn list(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeDevices>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/devices"), own.0.clone());
    let seen = own.also::<may::SeeEvents>().ok_or(ProblemKind::NotAllowed)?;
    let Json(of_event) = events::show(State(Arc::clone(&app)), seen).await?;
    let devices = devices_of(&app, own).await?;
    let known = devices.as_deref().unwrap_or_default();
    let readiness = readiness::findings(&of_event, devices.as_deref());
    let lines = known.iter().map(|device| DeviceCard::of(device, &event));
    shown(&DevicesPage {
        path: format!("/console/events/{}/devices", event.id),
        devices: lines.collect(),
        readiness,
        gates: gates(&event),
        has_trust: devices.is_some(),
        may_enrol: frame.may(Operation::MakeEnrolmentCode),
        may_revoke: frame.may(Operation::RevokeDevice),
        frame,
    })
}

/// Returns the devices of an event; nothing of one without a trust bundle, which can have none.
async fn devices_of(
    app: &Arc<AppState>,
    own: OwnEvent<may::SeeDevices>,
) -> Result<Option<Vec<DeviceView>>, ApiError> {
    match devices::list(State(Arc::clone(app)), own).await {
        Ok(Json(listed)) => Ok(Some(listed.devices)),
        Err(error) if error.is_of(ProblemKind::NoTrustBundle) => Ok(None),
        Err(error) => Err(error),
    }
}

fn gates(event: &Event) -> Vec<(u16, String)> {
    let gates = event.policy.gates.iter();
    gates.map(|gate| (gate.id.0, gate.name.clone())).collect()
}

/// What somebody says of a new device.
#[derive(Deserialize)]
pub struct DeviceForm {
    #[serde(default)]
    role: String,
    #[serde(default)]
    name: String,
    /// The one gate that it serves; empty for all of them.
    #[serde(default)]
    gate: String,
    #[serde(default)]
    may_enrol: bool,
    #[serde(default)]
    may_override: bool,
}

impl DeviceForm {
    fn read(self) -> Result<CodeRequest, ApiError> {
        let mut checks = Checks::default();
        let role = match self.role.as_str() {
            "hub" => Some(Role::Hub),
            "scanner" => Some(Role::Scanner),
            _ => None,
        };
        checks.require(role.is_some(), "/role", "must be hub or scanner");
        let gate = Some(self.gate).filter(|gate| !gate.is_empty());
        let gate = gate.map(|gate| gate.parse::<u16>());
        checks.require(
            gate.as_ref().is_none_or(Result::is_ok),
            "/gate",
            "must be one of the event's gates",
        );
        checks.finish()?;
        Ok(CodeRequest {
            role: role.unwrap_or(Role::Scanner),
            name: self.name.trim().to_owned(),
            gates: gate.and_then(Result::ok).map(|gate| vec![gate]),
            capabilities: CapabilitiesSpec {
                enrol_scanners: self.may_enrol,
                override_refusals: self.may_override,
            },
            expires_in_minutes: CODE_MINUTES,
            certificate_days: None,
        })
    }
}

/// How long a code made here can be used: an hour, as at the API.
const CODE_MINUTES: u32 = 60;

#[derive(Template)]
#[template(path = "console/code.html")]
struct CodePage {
    frame: ConsoleFrame,
    path: String,
    name: String,
    is_hub: bool,
    code: String,
    /// The same as a picture.
    svg: String,
    until: String,
}

/// Makes a code and shows it, this once.
pub async fn code(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::MakeEnrolmentCode>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<DeviceForm>,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/devices"), own.0.clone());
    let request = form.read()?;
    let (name, is_hub) = (request.name.clone(), request.role == Role::Hub);
    let (_, Json(made)) = codes::create(State(app), own, JsonBody(request)).await?;
    let image = QrImage::of_text(&made.code).map_err(|_| ApiError::Internal)?;
    let until = made.expires_at.0;
    shown(&CodePage {
        frame,
        path: format!("/console/events/{}/devices", event.id),
        name,
        is_hub,
        svg: image.to_svg(),
        code: made.code,
        until: day_and_time(until, event.policy.offset_at(until)),
    })
}

#[derive(Template)]
#[template(path = "console/revoke.html")]
struct RevokePage {
    frame: ConsoleFrame,
    path: String,
    device: DeviceCard,
    is_hub: bool,
}

/// Asks once more.
pub async fn ask(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::RevokeDevice, DeviceKey>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/devices"), own.0.clone());
    let DeviceKey(key) = own.1;
    let seen = own.also::<may::SeeDevices>().ok_or(ProblemKind::NotAllowed)?;
    let devices = devices_of(&app, seen.of_event()).await?.unwrap_or_default();
    let device = devices.iter().find(|device| device.device == key);
    let device = device.ok_or(ApiError::NotFound(Missing::Device))?;
    shown(&RevokePage {
        frame,
        path: format!("/console/events/{}/devices", event.id),
        is_hub: device.role == Role::Hub,
        device: DeviceCard::of(device, &event),
    })
}

#[derive(Template)]
#[template(path = "console/revoked.html")]
struct RevokedPage {
    frame: ConsoleFrame,
    path: String,
    words: Vec<String>,
}

/// What somebody says who shuts a device out.
#[derive(Deserialize)]
pub struct RevokeForm {
    #[serde(default)]
    sure: bool,
    #[serde(default)]
    with_scanners: bool,
}

/// Shuts a device out, and says what follows.
pub async fn revoke(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<PartOfOwnEvent<may::RevokeDevice, DeviceKey>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<RevokeForm>,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "/devices");
    let path = format!("/console/events/{}/devices", own.0.id);
    let mut checks = Checks::default();
    checks.require(form.sure, "/sure", "must be ticked: this cannot be taken back");
    checks.finish()?;
    let params = Params(RevokeParams::now(form.with_scanners));
    let Json(follows) = revoking::revoke(State(app), own, params).await?;
    revoked((frame, path), follows)
}

fn revoked(
    (frame, path): (ConsoleFrame, String),
    follows: ConsequencesView,
) -> Result<Response, ConsoleError> {
    let words = follows.words.clone();
    let page = shown(&RevokedPage { frame, path, words })?;
    Ok(told(page.into_response(), &follows))
}
