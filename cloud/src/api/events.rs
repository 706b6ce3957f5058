//! `/v1/events`: what is on sale.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::{EventId, Timestamp};
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::Coordinates;
use crate::catalogue::{Event, EventPage, EventSummary};
use crate::seat_maps::SeatMap;
use crate::state::AppState;

use super::error::ApiError;
use super::event_search::{ListEvents, write_cursor};
use super::input::{Id, Params};
use crate::moment::Moment;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsView {
    /// The events: those with the words in their name first, then by start.
    pub events: Vec<EventSummaryView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One event in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventSummaryView {
    /// Its id.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// The venue's name.
    pub venue: String,
    /// The venue's city.
    pub city: String,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// `on_sale`; `paused`: nothing of it is sold now; `canceled`: it does not take place; `not_yet`: its sale is to begin; or `stopped`: its organizer sells no more of it now.
    #[schema(example = "on_sale")]
    pub status: &'static str,
    /// The lowest price, in minor units of the currency.
    pub price_from: i64,
    /// The currency of its prices.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What sort of event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<EventCategory>,
    /// Degrees north of the equator, where the venue's place is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
}

impl EventSummaryView {
    fn of(app: &AppState, event: EventSummary, now: Timestamp) -> Self {
        Self {
            event_id: event.id,
            status: event.sale_status(app.signer.believed_until(event.id), now).word(),
            name: event.name,
            venue: event.venue_name,
            city: event.city,
            starts_at: Moment(event.starts_at),
            ends_at: Moment(event.ends_at),
            price_from: event.price_from,
            currency: event.currency.code().to_owned(),
            category: event.category,
            latitude: event.coordinates.map(Coordinates::latitude),
            longitude: event.coordinates.map(Coordinates::longitude),
        }
    }
}

impl EventsView {
    fn of(app: &AppState, page: EventPage, now: Timestamp) -> Self {
        let events = page.events.into_iter();
        Self {
            events: events
                .map(|event| EventSummaryView::of(app, event, now))
                .collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}

/// An event that is on sale.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its id.
    #[schema(value_type = String, example = "evt_06e9pvb1pdqm38000000000000")]
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// `on_sale`; `paused`: nothing of it is sold now; `over`: nothing of it is sold any more; `canceled`: it does not take place; `not_yet`: its sale is to begin; or `stopped`: its organizer sells no more of it now.
    #[schema(example = "on_sale")]
    pub status: &'static str,
    /// What it is about.
    pub description: String,
    /// What sort of event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<EventCategory>,
    /// The venue's name.
    pub venue: String,
    /// The venue's city.
    pub city: String,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// The currency of its prices.
    #[schema(example = "EUR")]
    pub currency: String,
    /// How long a reservation holds, in seconds.
    pub reservation_seconds: u64,
    /// How many seats it has; 0 if there is only general admission.
    pub seats: u32,
    /// Its tiers.
    pub tiers: Vec<TierView>,
}

/// A tier of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierView {
    /// Its id.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// Price of a unit with all that comes on top, in minor units of the currency.
    pub price: i64,
    /// How much of that is the service fee.
    pub fee: i64,
    /// How much of that is tax.
    pub tax: i64,
    /// How many people a ticket lets in.
    pub admits: u8,
    /// Free units.
    pub available: u32,
    /// Units that someone has a claim on.
    pub held: u32,
    /// Sold units.
    pub booked: u32,
}

impl EventView {
    fn of(map: &SeatMap) -> Self {
        let event: &Event = &map.event;
        let tiers = map.tiers.iter().filter_map(|count| {
            let tier = event.tier(count.tier)?;
            Some(TierView {
                tier: tier.id.0,
                name: tier.name.clone(),
                price: tier.charged().price,
                fee: tier.charged().fee,
                tax: tier.charged().tax,
                admits: tier.admits,
                available: count.available,
                held: count.taken(),
                booked: count.booked,
            })
        });
        Self {
            event_id: event.id,
            name: event.name.clone(),
            status: map.status.word(),
            description: event.description.clone(),
            category: event.category,
            venue: event.venue_name.clone(),
            city: event.city.clone(),
            starts_at: Moment(event.starts_at),
            ends_at: Moment(event.ends_at),
            currency: event.currency.code().to_owned(),
            reservation_seconds: event.reservation_ms / 1000,
            seats: event.seat_count,
            tiers: tiers.collect(),
        }
    }
}

/// Lists the events on sale that have not ended: those with the words in their name first, then by start.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(ListEvents), responses(
    (status = 200, body = EventsView),
    (status = 422, description = "A value makes no sense"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    Params(params): Params<ListEvents>,
) -> Result<Json<EventsView>, ApiError> {
    let now = app.clock.now();
    let page = app.store.events(params.into_query(now)?).await?;
    Ok(Json(EventsView::of(&app, page, now)))
}

/// Shows an event that is on sale or over, with its tiers and how full they are.
#[utoipa::path(get, path = "/v1/events/{event_id}", tag = "events", params(("event_id" = String, Path)), responses(
    (status = 200, body = EventView),
    (status = 404, description = "No such event is on sale"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
) -> Result<Json<EventView>, ApiError> {
    let map = app
        .seat_maps
        .of(event, app.clock.now())
        .await?
        .ok_or(ApiError::NotFound(Missing::Event))?;
    Ok(Json(EventView::of(&map)))
}
