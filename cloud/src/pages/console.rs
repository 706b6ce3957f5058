//! `/console`: what organizers do and watch by page. Each page takes the API's own extractors and asks the API's own handlers, so that it
//! shows and does what the API would for whoever is logged in, and decides nothing.

pub mod access;
pub mod blocks;
mod booking_words;
pub mod bookings;
pub mod comps;
mod device_cards;
pub mod devices;
pub mod drafts;
mod frame;
pub mod gates;
pub mod keys;
pub mod messages;
mod plot;
mod readiness;
pub mod refunds;
pub mod sales;
pub mod team;

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use usher_words::console::event_state;

use crate::api::logged_in::LoggedIn;
use crate::api::organizer::allowed::Allowed;
use crate::api::organizer::events::{self, OrganizerEventLine};
use crate::local_time::day_and_time;
use crate::rights::{Operation, may};
use crate::state::AppState;

use access::{ConsoleError, ForPage, shown};
use frame::ConsoleFrame;

#[derive(Template)]
#[template(path = "console/events.html")]
struct EventsPage {
    frame: ConsoleFrame,
    may_add: bool,
    events: Vec<EventLine>,
}

struct EventLine {
    path: String,
    name: String,
    state: &'static str,
    /// In UTC: an event's own time is told on its page.
    starts: String,
    units: u32,
    needs_signing: bool,
}

impl From<OrganizerEventLine> for EventLine {
    fn from(event: OrganizerEventLine) -> Self {
        Self {
            path: format!("/console/events/{}", event.event_id),
            state: event_state(event.state),
            starts: day_and_time(event.starts_at.0, 0),
            units: event.units,
            needs_signing: event.to_sign.is_some(),
            name: event.name,
        }
    }
}

/// Lists the organizer's events.
pub async fn index(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::SeeEvents>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::plain(&logged_in);
    let Json(listed) = events::list(State(app), allowed).await?;
    shown(&EventsPage {
        may_add: frame.may(Operation::AddEvent),
        frame,
        events: listed.events.into_iter().map(Into::into).collect(),
    })
}
