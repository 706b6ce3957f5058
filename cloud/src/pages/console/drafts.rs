//! `/console/new`: the first two steps to an event on sale: where it takes place, and what it is.

mod draft_form;

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::api::error::ApiError;
use crate::api::input::{JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::allowed::Allowed;
use crate::api::organizer::events;
use crate::api::organizer::venues::{self, VenueRequest};
use crate::rights::may;
use crate::state::AppState;

use super::super::{PageError, page_with};
use super::access::{ConsoleError, ConsoleForm, ForPage, done, in_words, shown};
use super::frame::ConsoleFrame;
use draft_form::{DraftForm, GATES, TIERS, ZONES};

#[derive(Template)]
#[template(path = "console/new_event.html")]
struct NewEventPage {
    frame: ConsoleFrame,
    /// Id, name and city of each venue.
    venues: Vec<(String, String, String)>,
    form: DraftForm,
    /// What is wrong with what was entered.
    errors: Vec<(String, String)>,
}

/// What the page is led to by.
#[derive(Default, Deserialize)]
pub struct NewEventParams {
    /// The venue that was just made.
    #[serde(default)]
    venue: String,
}

/// Shows the form of a new event, and before it that of a venue.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::AddEvent>>,
    logged_in: LoggedIn,
    ForPage(Params(said)): ForPage<Params<NewEventParams>>,
) -> Result<Response, ConsoleError> {
    let form = DraftForm::at(said.venue);
    let page = form_page(&app, &allowed, (logged_in, form), Vec::new()).await?;
    shown(&page)
}

async fn form_page(
    app: &Arc<AppState>,
    allowed: &Allowed<may::AddEvent>,
    (logged_in, form): (LoggedIn, DraftForm),
    errors: Vec<(String, String)>,
) -> Result<NewEventPage, ConsoleError> {
    let venues = match allowed.also::<may::SeeVenues>() {
        Some(allowed) => venues::list(State(Arc::clone(app)), allowed).await?.0.venues,
        None => Vec::new(),
    };
    let venues = venues.into_iter();
    let venues = venues.map(|venue| (venue.venue_id.to_string(), venue.name, venue.city));
    Ok(NewEventPage {
        frame: ConsoleFrame::plain(&logged_in),
        venues: venues.collect(),
        form,
        errors,
    })
}

/// What somebody says of a venue.
#[derive(Deserialize)]
pub struct VenueForm {
    #[serde(default)]
    venue_name: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    address: String,
}

/// Makes a venue.
pub async fn venue(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::AddVenue>>,
    ConsoleForm(form): ConsoleForm<VenueForm>,
) -> Result<Response, ConsoleError> {
    let request = VenueRequest {
        name: form.venue_name.trim().to_owned(),
        city: form.city.trim().to_owned(),
        address: form.address.trim().to_owned(),
        latitude: None,
        longitude: None,
        idempotency_key: None,
    };
    let (_, Json(made)) = venues::create(State(app), allowed, JsonBody(request)).await?;
    let to = format!("/console/new?venue={}#event", made.venue_id);
    Ok(done(&made, &to))
}

/// Makes a draft; where something is wrong with it, the form is shown again as it was filled in.
pub async fn create(
    State(app): State<Arc<AppState>>,
    ForPage(allowed): ForPage<Allowed<may::AddEvent>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<DraftForm>,
) -> Result<Response, ConsoleError> {
    let again = allowed.also::<may::AddEvent>();
    let made = match form.read() {
        Ok(request) => events::create(State(Arc::clone(&app)), allowed, JsonBody(request)).await,
        Err(error) => Err(error),
    };
    match (made, again) {
        (Ok((_, Json(made))), _) => {
            let to = format!("/console/events/{}/keys", made.event_id);
            Ok(done(&made, &to))
        }
        (Err(ApiError::Invalid(errors)), Some(allowed)) => {
            let page = form_page(&app, &allowed, (logged_in, form), in_words(errors)).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).map_err(|PageError(error)| error.into())
        }
        (Err(error), _) => Err(error.into()),
    }
}
