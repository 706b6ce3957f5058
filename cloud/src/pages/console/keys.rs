//! `/console/events/{event_id}/keys`: the last steps to an event on sale: its keys, signed by a root that never comes here, and publishing it.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use usher_keys::SignedBundle;
use usher_words::problems::ProblemKind;

use crate::api::error::ApiError;
use crate::api::input::{JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::events;
use crate::api::organizer::keys::{self, RequestKeysParams};
use crate::api::organizer::owned::OwnEvent;
use crate::api::organizer::signing::ToSignView;
use crate::rights::{Operation, may};
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, done, shown};
use super::frame::ConsoleFrame;

#[derive(Template)]
#[template(path = "console/keys.html")]
struct KeysPage {
    frame: ConsoleFrame,
    path: String,
    /// What is to be signed, if it was asked for just now.
    request: Option<String>,
    /// Whether a trust bundle is in force.
    is_signed: bool,
    /// What is to be signed anew, because a key ends too early or none may sign.
    to_sign: Option<ToSignView>,
    is_published: bool,
    may_request: bool,
    may_hand_in: bool,
    may_publish: bool,
}

fn keys_page(app: &AppState, frame: ConsoleFrame, own: &OwnEvent<impl crate::rights::Right>) -> KeysPage {
    let event = &own.0;
    KeysPage {
        path: format!("/console/events/{}", event.id),
        request: None,
        is_signed: app.authorities.of(event.id).is_ok(),
        to_sign: ToSignView::of(app, (event.id, event.status), event.ends_at),
        is_published: event.status == crate::catalogue::EventStatus::Published,
        may_request: frame.may(Operation::RequestKeys),
        may_hand_in: frame.may(Operation::ChangeTrust),
        may_publish: frame.may(Operation::Publish),
        frame,
    }
}

/// Shows how far the keys of an event are.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::RequestKeys>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "/keys");
    shown(&keys_page(&app, frame, &own))
}

/// Makes the keys that the event lacks, and shows what is to be signed.
pub async fn request(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::RequestKeys>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "/keys");
    let page = keys_page(&app, frame, &own);
    let wish = Params(RequestKeysParams::default());
    let Json(request) = keys::request(State(app), own, wish).await?;
    let request = serde_json::to_string_pretty(&request).map_err(|_| ApiError::Internal)?;
    shown(&KeysPage {
        request: Some(request),
        ..page
    })
}

/// The signed bundle, as `usher-keys` wrote it.
#[derive(Deserialize)]
pub struct BundleForm {
    #[serde(default)]
    bundle: String,
}

/// Takes a signed bundle.
pub async fn hand_in(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::ChangeTrust>>,
    ConsoleForm(form): ConsoleForm<BundleForm>,
) -> Result<Response, ConsoleError> {
    let back = format!("/console/events/{}/keys", own.0.id);
    let signed: SignedBundle = serde_json::from_str(&form.bundle).map_err(|_| ProblemKind::Unreadable)?;
    let Json(trust) = keys::upload(State(app), own, JsonBody(signed)).await?;
    Ok(done(&trust, &back))
}

/// Puts the event on sale.
pub async fn publish(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::Publish>>,
) -> Result<Response, ConsoleError> {
    let to = format!("/console/events/{}", own.0.id);
    let Json(event) = events::publish(State(app), own).await?;
    Ok(done(&event, &to))
}
