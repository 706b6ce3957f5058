//! `/v1/organizer/events/{event_id}/hold-bounds`: what one client may hold of an event without paying.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::catalogue::Event;
use crate::ids::draw;
use crate::rights::may;
use crate::selling::buyer_bounds::{BuyerBounds, OwnBuyerBounds};
use crate::selling::claimant::{HoldBounds, OwnBounds};
use crate::state::AppState;
use crate::store::organizing::SetBounds;

use super::owned::OwnEvent;

/// Places that one client may hold.
pub const PLACES: RangeInclusive<u32> = 1..=1_000_000;
/// Minutes of an hour.
pub const MINUTES: RangeInclusive<u32> = 1..=60;

/// What one client may hold of an event without paying; what is absent is as the server's settings say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"per_session": 6, "per_network": 30}))]
pub struct HoldBoundsRequest {
    /// Places in one session, which is a browser.
    pub per_session: Option<u32>,
    /// Places from one address, of IPv6 its /64.
    pub per_address: Option<u32>,
    /// Places from one network: of IPv4 a /24, of IPv6 a /56.
    pub per_network: Option<u32>,
    /// For how many minutes of an hour so much may be held that is not paid for in the end; 60 is always.
    pub minutes_in_vain: Option<u32>,
    /// Whether whoever holds places shows a proof of work first (`prove-first`), or that they read the mail of an address.
    #[serde(default)]
    pub proof_of_work: bool,
    /// Places that bookings of one e-mail address may keep while they are not paid for, bank transfers included; an order of any size may be the
    /// only one.
    pub unpaid_per_buyer: Option<u32>,
    /// How often waiting lists of the event are joined from one address within a day.
    pub joins_per_address: Option<u32>,
    /// How often with one e-mail address.
    pub joins_per_buyer: Option<u32>,
}

/// What one client may hold of an event without paying.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldBoundsView {
    /// Places in one session, which is a browser.
    pub per_session: u32,
    /// Places from one address, of IPv6 its /64.
    pub per_address: u32,
    /// Places from one network: of IPv4 a /24, of IPv6 a /56.
    pub per_network: u32,
    /// For how many minutes of an hour so much may be held that is not paid for in the end; 60 is always.
    pub minutes_in_vain: u32,
    /// Whether whoever holds places shows a proof of work first (`prove-first`), or that they read the mail of an address.
    pub proof_of_work: bool,
    /// Places that bookings of one e-mail address may keep while they are not paid for, bank transfers included; an order of any size may be the
    /// only one.
    pub unpaid_per_buyer: u32,
    /// How often waiting lists of the event are joined from one address within a day.
    pub joins_per_address: u32,
    /// How often with one e-mail address.
    pub joins_per_buyer: u32,
}

impl HoldBoundsView {
    fn of(bounds: HoldBounds, of_buyers: BuyerBounds, proof_of_work: bool) -> Self {
        Self {
            per_session: bounds.per_session,
            per_address: bounds.per_address,
            per_network: bounds.per_network,
            minutes_in_vain: bounds.minutes_in_vain,
            proof_of_work,
            unpaid_per_buyer: of_buyers.unpaid_per_buyer,
            joins_per_address: of_buyers.joins_per_address,
            joins_per_buyer: of_buyers.joins_per_buyer,
        }
    }
}

impl HoldBoundsRequest {
    fn checked(&self, event: EventId, proof_secret: Option<[u8; 32]>) -> Result<SetBounds, ApiError> {
        let mut checks = Checks::default();
        for (pointer, places) in [
            ("/per_session", self.per_session),
            ("/per_address", self.per_address),
            ("/per_network", self.per_network),
            ("/unpaid_per_buyer", self.unpaid_per_buyer),
            ("/joins_per_address", self.joins_per_address),
            ("/joins_per_buyer", self.joins_per_buyer),
        ] {
            if let Some(places) = places {
                checks.range(places, pointer, PLACES);
            }
        }
        if let Some(minutes) = self.minutes_in_vain {
            checks.range(minutes, "/minutes_in_vain", MINUTES);
        }
        checks.finish()?;
        Ok(SetBounds {
            event,
            bounds: OwnBounds {
                per_session: self.per_session,
                per_address: self.per_address,
                per_network: self.per_network,
                minutes_in_vain: self.minutes_in_vain,
                proof_of_work: self.proof_of_work,
            },
            proof_secret,
            of_buyers: OwnBuyerBounds {
                joins_per_address: self.joins_per_address,
                joins_per_buyer: self.joins_per_buyer,
                unpaid_per_buyer: self.unpaid_per_buyer,
            },
        })
    }
}

/// Reads the bounds that hold for an event.
pub async fn in_force(app: &AppState, event: &Event) -> Result<HoldBoundsView, ApiError> {
    let own = app.store.own_bounds(event.id).await?;
    let bounds = app.config.reservations.hold_bounds();
    let of_buyers = BuyerBounds::of_event(app.store.own_buyer_bounds(event.id).await?);
    let bounds = bounds.of_event(event.unit_count, own);
    Ok(HoldBoundsView::of(bounds, of_buyers, own.proof_of_work))
}

/// Shows what one client may hold of an event without paying.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/hold-bounds", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = HoldBoundsView),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeEvents>,
) -> Result<Json<HoldBoundsView>, ApiError> {
    Ok(Json(in_force(&app, &event).await?))
}

/// Sets what one client may hold of an event without paying, from the next hold on; what is held stays held.
#[utoipa::path(put, path = "/v1/organizer/events/{event_id}/hold-bounds", tag = "organizer",
    params(("event_id" = String, Path)), request_body = HoldBoundsRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = HoldBoundsView),
))]
pub async fn replace(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::ChangeEvent>,
    JsonBody(request): JsonBody<HoldBoundsRequest>,
) -> Result<Json<HoldBoundsView>, ApiError> {
    // Who works on a challenge already may finish.
    let known = app.store.proof_secret(event.id).await?;
    let proof_secret = request.proof_of_work.then(|| known.unwrap_or_else(draw));
    app.store
        .set_bounds(request.checked(event.id, proof_secret)?)
        .await?;
    Ok(Json(in_force(&app, &event).await?))
}
