//! `/console/events/{event_id}/blocks/comps`: tickets that are given away, to one person or to a list.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::comp_list::{CompSpec, CompsBody, CompsRequest};
use crate::api::error::ApiError;
use crate::api::idempotency::{HEADER, IdempotencyHeader};
use crate::api::input::Checks;
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::comps::{self, CompView};
use crate::api::organizer::owned::OwnEvent;
use crate::rights::may;
use crate::state::AppState;

use super::access::{ConsoleError, ConsoleForm, ForPage, shown};
use super::frame::ConsoleFrame;

/// Whom somebody gives tickets: one person, or a list.
#[derive(Deserialize)]
pub struct CompForm {
    #[serde(default)]
    idempotency_key: String,
    /// A list as CSV; empty for one person.
    #[serde(default)]
    list: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    tier: String,
    #[serde(default)]
    quantity: String,
    /// The block that the places come out of; empty for free ones.
    #[serde(default)]
    block: String,
}

impl CompForm {
    fn read(&self) -> Result<CompsBody, ApiError> {
        if !self.list.trim().is_empty() {
            return CompsBody::of_csv(self.list.trim());
        }
        let mut checks = Checks::default();
        let (tier, quantity) = (self.tier.parse().ok(), self.quantity.trim().parse().ok());
        checks.require(tier.is_some(), "/tier", "must be one of the tiers");
        checks.require(quantity.is_some(), "/quantity", "must be a number");
        let block = Some(self.block.as_str()).filter(|block| !block.is_empty());
        let block = block.map(str::parse);
        checks.require(
            block.as_ref().is_none_or(Result::is_ok),
            "/block",
            "must be one of the event's blocks, or free places",
        );
        checks.finish()?;
        let guest = CompSpec {
            email: self.email.trim().to_owned(),
            name: self.name.trim().to_owned(),
            tier,
            quantity,
            seat_ids: None,
            block_id: block.and_then(Result::ok),
        };
        Ok(CompsBody::Json(CompsRequest {
            idempotency_key: None,
            comps: vec![guest],
        }))
    }
}

#[derive(Template)]
#[template(path = "console/given.html")]
struct GivenPage {
    frame: ConsoleFrame,
    path: String,
    guests: Vec<CompLine>,
    /// Whether all tickets are issued.
    all_issued: bool,
    has_mail: bool,
}

/// What the page says of somebody who was given tickets.
struct CompLine {
    name: String,
    email: String,
    code: String,
    /// Where the tickets are.
    page: String,
}

impl From<CompView> for CompLine {
    fn from(view: CompView) -> Self {
        Self {
            page: format!("/bookings/{}", view.booking.booking_id),
            name: view.name,
            email: view.booking.email,
            code: view.booking.code,
        }
    }
}

/// Gives tickets away, and shows where they are. The same form sent again shows the same.
pub async fn give(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::GiveComps>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<CompForm>,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "/blocks");
    let path = format!("/console/events/{}/blocks", own.0.id);
    let has_mail = app.mailer.is_some();
    let key = HeaderValue::from_str(&form.idempotency_key).ok();
    let key: HeaderMap = key
        .map(|key| (HeaderName::from_static(HEADER), key))
        .into_iter()
        .collect();
    let header = IdempotencyHeader::of(&key);
    let (status, Json(given)) = comps::create(State(app), own, header, form.read()?).await?;
    shown(&GivenPage {
        frame,
        path,
        guests: given.comps.into_iter().map(Into::into).collect(),
        all_issued: status == StatusCode::CREATED,
        has_mail,
    })
}
