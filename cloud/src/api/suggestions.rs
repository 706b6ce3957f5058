//! `/v1/events/suggestions`: what somebody may mean who looks for events, while they type.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use utoipa::ToSchema;

use crate::catalogue::search::{EventQuery, sought_words};
use crate::catalogue::words::folded_words;
use crate::state::AppState;
use crate::store::search::CitiesQuery;

use super::error::ApiError;
use super::event_search::{KEYWORD_BYTES, MOST_WORDS};
use super::input::{Checks, Params};

/// Events, and cities, that are suggested at most: what fits under a search field.
const SUGGESTED: u32 = 6;

/// What somebody has typed so far.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuggestEvents {
    /// Words, the last of which may be begun.
    #[serde(default)]
    pub keyword: String,
}

/// What somebody may mean.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionsView {
    /// Events whose names have such words.
    pub events: Vec<SuggestedEvent>,
    /// Cities with events whose names begin so.
    pub cities: Vec<String>,
}

/// An event that somebody may mean.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestedEvent {
    /// Its id.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// The venue's city.
    pub city: String,
}

/// Suggests events and cities for what somebody has typed so far; nothing for nothing.
#[utoipa::path(get, path = "/v1/events/suggestions", tag = "events", params(SuggestEvents), responses(
    (status = 200, body = SuggestionsView),
    (status = 422, description = "A value makes no sense"),
))]
pub async fn suggest(
    State(app): State<Arc<AppState>>,
    Params(params): Params<SuggestEvents>,
) -> Result<Json<SuggestionsView>, ApiError> {
    let mut checks = Checks::default();
    checks.text(&params.keyword, "/keyword", KEYWORD_BYTES);
    checks.finish()?;
    let now = app.clock.now();
    Ok(Json(SuggestionsView {
        events: events(&app, &params.keyword, now).await?,
        cities: cities(&app, &params.keyword, now).await?,
    }))
}

async fn events(app: &AppState, typed: &str, now: Timestamp) -> Result<Vec<SuggestedEvent>, ApiError> {
    let query = EventQuery {
        words: sought_words(typed, MOST_WORDS).or(Some(Vec::new())),
        names_only: true,
        ..EventQuery::of_all(SUGGESTED, now)
    };
    let found = app.store.events(query).await?;
    let events = found.events.into_iter().map(|event| SuggestedEvent {
        event_id: event.id,
        name: event.name,
        city: event.city,
    });
    Ok(events.collect())
}

async fn cities(app: &AppState, typed: &str, now: Timestamp) -> Result<Vec<String>, ApiError> {
    let (begins, limit) = (folded_words(typed).concat(), SUGGESTED);
    if begins.is_empty() {
        return Ok(Vec::new());
    }
    let mut cities = app.store.cities(CitiesQuery { begins, limit, now }).await?;
    cities.truncate(SUGGESTED as usize);
    Ok(cities)
}
