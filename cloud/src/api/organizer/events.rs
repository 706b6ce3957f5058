//! `/v1/organizer/events`: making, changing, publishing and watching events.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use usher_keys::EventId;
use usher_protocol::policy::Policy;
use usher_words::console::EventState;
use usher_words::problems::{Missing, ProblemDetail, ProblemKind};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::JsonBody;
use crate::api::refusal::keys_end_early;
use crate::authority::keys_wanted_until;
use crate::catalogue::{Event, EventLine, EventStatus};
use crate::ids::{OrganizerId, draw_event_id};
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::sale::{SaleStatus, keys_needed_until};
use crate::state::AppState;
use crate::store::organizing::{AddUnits, EventSales, NewEvent, Publish, PublishOutcome, SalesQuery, Venue};
use crate::test_sale;

use super::allowed::Allowed;
use super::draft::{EventRequest, Inventory};
use super::inventory::{EventSaleView, TierSaleView};
use super::owned::OwnEvent;
use super::policy_spec::PolicySpec;
use super::prices;
use super::sales::SalesView;
use super::signing::ToSignView;

/// Units added in one command: some milliseconds of the one writer, so that other events go on selling meanwhile.
const UNITS_AT_ONCE: usize = 2_000;

/// An event as its organizer sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizerEventView {
    /// Its id.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// `draft` or `published`.
    #[schema(example = "draft")]
    pub status: &'static str,
    /// Of one that is published: `on_sale`, `not_yet`, `stopped`, `paused`, `over` or `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "on_sale")]
    pub sale: Option<&'static str>,
    /// Both in one, for pages.
    #[serde(skip)]
    pub state: EventState,
    /// What its offline roots are still to sign; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_sign: Option<ToSignView>,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// How long a reservation holds, in seconds.
    pub reservation_seconds: u64,
    /// How many units it has.
    pub units: u32,
    /// How many of them, the first ones, are seats.
    pub seats: u32,
    /// Its tiers, and which zones each opens.
    pub tiers: Vec<TierZonesView>,
    /// How its organizer sells it.
    #[serde(flatten)]
    pub selling: EventSaleView,
    /// What gates go by.
    pub policy: PolicySpec,
    /// What it has sold; absent where it was just made or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales: Option<SalesView>,
}

/// A tier and what it opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierZonesView {
    /// The tier.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// The zones it opens, by name.
    #[schema(example = json!(["Floor"]))]
    pub opens: Vec<String>,
    /// How it is sold.
    #[serde(flatten)]
    pub selling: TierSaleView,
}

impl TierZonesView {
    fn of(tier: &usher_protocol::policy::TierRules, (event, policy): (&Event, &Policy)) -> Self {
        let sale = event.tier(tier.id).map(|tier| tier.sale);
        let opens = tier.zones.iter().filter_map(|zone| policy.zone(*zone));
        Self {
            tier: tier.id.0,
            name: tier.name.clone(),
            opens: opens.map(|zone| zone.name.clone()).collect(),
            selling: sale.unwrap_or_default().into(),
        }
    }
}

/// An event in its organizer's list; tiers, policy and sales are shown with the event itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizerEventLine {
    /// Its id.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// `draft` or `published`.
    #[schema(example = "draft")]
    pub status: &'static str,
    /// Of one that is published: `on_sale`, `not_yet`, `stopped`, `paused`, `over` or `canceled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "on_sale")]
    pub sale: Option<&'static str>,
    /// Both in one, for pages.
    #[serde(skip)]
    pub state: EventState,
    /// What its offline roots are still to sign; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_sign: Option<ToSignView>,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// How long a reservation holds, in seconds.
    pub reservation_seconds: u64,
    /// How many units it has.
    pub units: u32,
    /// How many of them, the first ones, are seats.
    pub seats: u32,
}

fn state(status: EventStatus, sale: SaleStatus) -> EventState {
    match (status, sale) {
        (EventStatus::Draft, _) => EventState::Draft,
        (EventStatus::Published, SaleStatus::OnSale) => EventState::OnSale,
        (EventStatus::Published, SaleStatus::NotYet) => EventState::SellsLater,
        (EventStatus::Published, SaleStatus::Stopped) => EventState::Stopped,
        (EventStatus::Published, SaleStatus::Paused) => EventState::Paused,
        (EventStatus::Published, SaleStatus::Over) => EventState::Over,
        (EventStatus::Published, SaleStatus::Canceled) => EventState::Canceled,
    }
}

/// All events of an organizer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizerEventsView {
    /// The events, newest first.
    pub events: Vec<OrganizerEventLine>,
}

impl OrganizerEventLine {
    fn of(app: &AppState, event: EventLine) -> Self {
        let sale = event.sale_status(app.signer.believed_until(event.id), app.clock.now());
        Self {
            event_id: event.id,
            status: event.status.word(),
            sale: (event.status == EventStatus::Published).then(|| sale.word()),
            state: state(event.status, sale),
            to_sign: ToSignView::of(app, (event.id, event.status), event.ends_at),
            starts_at: Moment(event.starts_at),
            ends_at: Moment(event.ends_at),
            reservation_seconds: event.reservation_ms / 1000,
            units: event.unit_count,
            seats: event.seat_count,
            name: event.name,
        }
    }
}

impl OrganizerEventView {
    /// Shows an event of the organizer's.
    pub fn of(app: &AppState, event: Event, sales: Option<EventSales>) -> Self {
        let tiers = event
            .policy
            .tiers
            .iter()
            .map(|tier| TierZonesView::of(tier, (&event, &event.policy)))
            .collect();
        let sale = event.sale_status(app.signer.believed_until(event.id), app.clock.now());
        let is_published = event.status == EventStatus::Published;
        Self {
            event_id: event.id,
            status: event.status.word(),
            sale: is_published.then(|| sale.word()),
            state: state(event.status, sale),
            to_sign: ToSignView::of(app, (event.id, event.status), event.ends_at),
            starts_at: Moment(event.starts_at),
            ends_at: Moment(event.ends_at),
            reservation_seconds: event.reservation_ms / 1000,
            units: event.unit_count,
            seats: event.seat_count,
            sales: sales.map(|sales| SalesView::of(&event, &sales)),
            name: event.name,
            tiers,
            selling: event.sale.into(),
            policy: event.policy.into(),
        }
    }
}

/// Makes a draft: the event with its tiers, gates, zones, policy, seats and general admission. Nobody else sees it yet.
#[utoipa::path(post, path = "/v1/organizer/events", tag = "organizer", request_body = EventRequest,
    params(("Idempotency-Key" = Option<String>, Header)), security(("organizer_key" = [])), responses(
    (status = 201, body = OrganizerEventView, description = "The event as it is now"),
    (status = 404, description = "No such venue of yours"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::AddEvent>,
    JsonBody(request): JsonBody<EventRequest>,
) -> Result<(StatusCode, Json<OrganizerEventView>), ApiError> {
    let inventory = request.inventory()?;
    let venues = app.store.venues(allowed.caller.organizer).await?;
    let venue = venues.into_iter().find(|venue| venue.id == request.venue_id);
    let venue = venue.ok_or(ApiError::NotFound(Missing::Venue))?;
    let id = add(&app, allowed.caller.organizer, venue, request, inventory).await?;
    let OwnEvent(event, _) = OwnEvent::made(&app, allowed, id).await?;
    Ok((
        StatusCode::CREATED,
        Json(OrganizerEventView::of(&app, event, None)),
    ))
}

async fn add(
    app: &AppState,
    organizer: OrganizerId,
    venue: Venue,
    request: EventRequest,
    inventory: Inventory,
) -> Result<EventId, ApiError> {
    let now = app.clock.now();
    let id = draw_event_id(now);
    let default_ms = u64::try_from(app.default_hold().as_millis()).unwrap_or(u64::MAX);
    let event = NewEvent {
        id,
        organizer,
        venue,
        name: request.name,
        description: request.description,
        category: request.category,
        starts_at: request.starts_at.0,
        ends_at: request.ends_at.0,
        currency: request.currency,
        reservation_ms: request
            .reservation_seconds
            .map_or(default_ms, |seconds| u64::from(seconds) * 1000),
        tiers: inventory.tiers,
        policy: inventory.policy,
        unit_count: u32::try_from(inventory.units.len()).unwrap_or(u32::MAX),
        seat_count: inventory.seat_count,
        places: inventory.places,
        now,
    };
    app.store.add_event(event).await?;
    for units in inventory.units.chunks(UNITS_AT_ONCE) {
        app.store
            .add_units(AddUnits {
                event: id,
                units: units.to_vec(),
            })
            .await?;
    }
    Ok(id)
}

/// Lists the organizer's events, drafts too, newest first.
#[utoipa::path(get, path = "/v1/organizer/events", tag = "organizer", security(("organizer_key" = [])), responses(
    (status = 200, body = OrganizerEventsView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::SeeEvents>,
) -> Result<Json<OrganizerEventsView>, ApiError> {
    let events = app.store.events_of(allowed.caller.organizer).await?;
    let events = events
        .into_iter()
        .map(|event| OrganizerEventLine::of(&app, event));
    Ok(Json(OrganizerEventsView {
        events: events.collect(),
    }))
}

/// Shows an event of the organizer's, with what it has sold.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}", tag = "organizer", params(("event_id" = String, Path)),
    security(("organizer_key" = [])), responses(
    (status = 200, body = OrganizerEventView, description = "The event as it is now"),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeEvents>,
) -> Result<Json<OrganizerEventView>, ApiError> {
    let id = event.id;
    let sales = app
        .store
        .sales(SalesQuery {
            event: id,
            now: app.clock.now(),
        })
        .await?;
    Ok(Json(OrganizerEventView::of(&app, event, Some(sales))))
}

/// Puts a draft on sale. It needs a ticket-signing key first: gates could not verify its tickets otherwise.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/publish", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = OrganizerEventView, description = "On sale, now or before"),
    (status = 409, description = "No signing key yet, or one that ends before the event does; the event is over; or making it was interrupted"),
    (status = 422, description = "The payment service takes no such price"),
))]
pub async fn publish(
    State(app): State<Arc<AppState>>,
    own: OwnEvent<may::Publish>,
) -> Result<Json<OrganizerEventView>, ApiError> {
    let OwnEvent(draft, _) = &own;
    let id = draft.id;
    let now = app.clock.now();
    if draft.status == EventStatus::Draft && draft.is_over(now) {
        return Err(ProblemDetail::OverUnsold.into());
    }
    prices::check_draft(&app, draft)?;
    let believed_until = app.signer.believed_until(id);
    let believed_until = believed_until.ok_or(ProblemKind::NoSigningKey)?;
    if draft.status == EventStatus::Draft && believed_until < keys_needed_until(draft.ends_at) {
        return Err(keys_end_early(keys_wanted_until(draft.ends_at, now)));
    }
    match app.store.publish(Publish { event: id, now }).await? {
        PublishOutcome::Published => app.seat_maps.forget(id),
        PublishOutcome::Incomplete => return Err(ProblemKind::DraftIncomplete.into()),
        PublishOutcome::NotFound => return Err(ApiError::NotFound(Missing::OwnEvent)),
    }
    let OwnEvent(event, _) = own.reread(&app).await?;
    test_sale::warn_of(&app, &event);
    // Should this fail, publishing again or the next start makes up for it.
    app.authorities.publish_policy(&event).await?;
    Ok(Json(OrganizerEventView::of(&app, event, None)))
}
