//! `PATCH /v1/organizer/events/{event_id}`: changing an event, how it is sold, and how many units its tiers have.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_keys::Timestamp;
use usher_protocol::TierId;
use usher_protocol::policy::Policy;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::catalogue::category::EventCategory;
use crate::catalogue::{Event, EventStatus};
use crate::moment::Moment;
use crate::money::MAX_PRICE;
use crate::rights::may;
use crate::state::AppState;
use crate::store::organizing::{ChangeOutcome, EventChange};

use super::draft::{MAX_UNITS, RESERVATION_SECONDS, check_texts, check_times};
use super::events::OrganizerEventView;
use super::inventory::{EventSalePatch, TierPatch, given, not_resized};
use super::owned::OwnEvent;

/// Changes to an event; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": "Hooting until dawn, with tea.", "prices": [{"tier": 2, "price": 2900}]}))]
pub struct EventPatch {
    /// Its new name; of a draft only, gates know it by its name afterwards.
    pub name: Option<String>,
    /// Its new description.
    pub description: Option<String>,
    /// What sort of event it is from now on.
    pub category: Option<EventCategory>,
    /// Its new start; of a draft only, `move` moves what is published.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Moment>,
    /// Its new end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Moment>,
    /// How long reservations made from now on hold, in seconds.
    pub reservation_seconds: Option<u32>,
    /// New prices; reservations keep theirs.
    #[serde(default)]
    pub prices: Vec<PricePatch>,
    /// From when it sells; null says no more from when. What is held may be paid for all the same.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_from: Option<Option<Moment>>,
    /// Until when it sells; null says until its end.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_until: Option<Option<Moment>>,
    /// Whether its sale is stopped, until this is false again.
    pub sale_stopped: Option<bool>,
    /// For how many days a booking awaits a bank transfer; null takes none from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    pub invoice_days: Option<Option<u16>>,
    /// The most units of all tiers together that one order may have; null says as many as the server lets anybody have.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub order_max: Option<Option<u32>>,
    /// How tiers are sold, and how many units they have.
    #[serde(default)]
    pub tiers: Vec<TierPatch>,
}

/// A new price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PricePatch {
    /// The tier.
    pub tier: u16,
    /// Its new price, in minor units of the currency.
    pub price: i64,
}

impl EventPatch {
    fn check(&self, event: &Event) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        let name = self.name.as_ref().unwrap_or(&event.name);
        check_texts(
            &mut checks,
            name,
            self.description.as_ref().unwrap_or(&event.description),
        );
        let may_rename = *name == event.name || event.status == EventStatus::Draft;
        checks.require(may_rename, "/name", "can change until it is published");
        let (starts_at, ends_at) = (Moment(event.starts_at), Moment(event.ends_at));
        let may_start = self.starts_at.is_none_or(|at| at == starts_at) || event.status == EventStatus::Draft;
        checks.require(
            may_start,
            "/starts_at",
            "moves with POST …/move once it is published, which takes along what depends on it",
        );
        check_times(
            &mut checks,
            self.starts_at.unwrap_or(starts_at),
            self.ends_at.unwrap_or(ends_at),
        );
        if let Some(seconds) = self.reservation_seconds {
            checks.range(seconds, "/reservation_seconds", RESERVATION_SECONDS);
        }
        for (index, patch) in self.prices.iter().enumerate() {
            checks.range(patch.price, format!("/prices/{index}/price"), 0..=MAX_PRICE);
            let known = event.tier(TierId(patch.tier)).is_some();
            checks.require(
                known,
                format!("/prices/{index}/tier"),
                "must be one of the event's tiers",
            );
        }
        self.sale().check(&mut checks, event);
        for (index, patch) in self.tiers.iter().enumerate() {
            patch.check(&mut checks, (event, index));
        }
        checks.finish()
    }

    fn sale(&self) -> EventSalePatch {
        EventSalePatch {
            sells_from: self.sells_from,
            sells_until: self.sells_until,
            sale_stopped: self.sale_stopped,
            invoice_days: self.invoice_days,
            order_max: self.order_max,
        }
    }

    fn into_change(self, event: &Event, now: Timestamp) -> Result<EventChange, ApiError> {
        self.check(event)?;
        let sale = self.sale().changed(event);
        let renamed = self.name.clone().filter(|name| *name != event.name);
        Ok(EventChange {
            event: event.id,
            name: self.name,
            description: self.description,
            category: self.category,
            starts_at: self.starts_at.map(|at| at.0),
            ends_at: self.ends_at.map(|at| at.0),
            reservation_ms: self.reservation_seconds.map(|seconds| u64::from(seconds) * 1000),
            prices: self
                .prices
                .iter()
                .map(|patch| (TierId(patch.tier), patch.price))
                .collect(),
            policy: renamed.map(|name| Policy {
                name,
                ..event.policy.clone()
            }),
            sale,
            tier_sales: self
                .tiers
                .iter()
                .filter_map(|patch| patch.changed(event))
                .collect(),
            capacities: self.tiers.iter().filter_map(TierPatch::capacity).collect(),
            most_units: MAX_UNITS,
            now,
        })
    }
}

/// Changes an event. On sale already, its gates hear of it, and devices whose certificates last as long as the event are given
/// ones that reach its new end.
#[utoipa::path(patch, path = "/v1/organizer/events/{event_id}", tag = "organizer", params(("event_id" = String, Path)),
    request_body = EventPatch, security(("organizer_key" = [])), responses(
    (status = 200, body = OrganizerEventView, description = "The event as it is now"),
    (status = 409, description = "It is changed, but its gates have not heard: no authority or issuing key may sign now, or the server runs on an older copy of its data. Change it again once that is mended"),
    (status = 422, description = "A tier cannot have so few or so many units: nothing has changed"),
))]
pub async fn change(
    State(app): State<Arc<AppState>>,
    own: OwnEvent<may::ChangeEvent>,
    JsonBody(patch): JsonBody<EventPatch>,
) -> Result<Json<OrganizerEventView>, ApiError> {
    let own = own.reread(&app).await?;
    let change = patch.into_change(&own.0, app.clock.now())?;
    match app.store.change_event(change).await? {
        ChangeOutcome::Changed => {}
        ChangeOutcome::NotFound => return Err(ApiError::NotFound(Missing::OwnEvent)),
        ChangeOutcome::NotResized(tier, refusal) => return Err(not_resized(tier, refusal)),
    }
    app.seat_maps.forget(own.0.id);
    let OwnEvent(event, _) = own.reread(&app).await?;
    // Gates show its name, and devices last as long as it does. Should this fail, changing it again or the next start makes up for it.
    app.authorities.publish_policy(&event).await?;
    Ok(Json(OrganizerEventView::of(&app, event, None)))
}
