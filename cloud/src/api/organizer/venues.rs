//! `/v1/organizer/venues`: where events take place.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, JsonBody};
use crate::catalogue::coordinates::Coordinates;
use crate::ids::VenueId;
use crate::rights::may;
use crate::state::AppState;
use crate::store::organizing::{NewVenue, Venue};

use super::allowed::Allowed;

/// Length of a venue's name and city, in bytes: what a page and a ticket have room for.
pub const NAME_BYTES: RangeInclusive<usize> = 1..=80;
/// Length of a street address, in bytes.
pub const ADDRESS_BYTES: RangeInclusive<usize> = 0..=300;

/// Asks for a venue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Old Brewery", "city": "Leipzig", "address": "Lane 1", "latitude": 51.34, "longitude": 12.37}))]
pub struct VenueRequest {
    /// Its name, 1 to 80 bytes.
    #[schema(example = "Old Brewery")]
    pub name: String,
    /// Its city, 1 to 80 bytes.
    #[schema(example = "Leipzig")]
    pub city: String,
    /// Its street address, up to 300 bytes.
    #[serde(default)]
    pub address: String,
    /// Degrees north of the equator, -90 to 90; with `longitude`, its events are found by who is near.
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: Option<f64>,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key within a day is
    /// done once and answered as it was.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0")]
    pub idempotency_key: Option<String>,
}

/// Where events take place.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueView {
    /// Its id.
    #[schema(value_type = String, example = "ven_06e9pvb1pdqm38000000000000")]
    pub venue_id: VenueId,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Its street address.
    pub address: String,
    /// Degrees north of the equator, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
}

impl From<Venue> for VenueView {
    fn from(venue: Venue) -> Self {
        Self {
            venue_id: venue.id,
            name: venue.name,
            city: venue.city,
            address: venue.address,
            latitude: venue.coordinates.map(Coordinates::latitude),
            longitude: venue.coordinates.map(Coordinates::longitude),
        }
    }
}

/// All venues of an organizer.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenuesView {
    /// The venues, oldest first.
    pub venues: Vec<VenueView>,
}

/// Adds a venue.
#[utoipa::path(post, path = "/v1/organizer/venues", tag = "organizer", request_body = VenueRequest,
    params(("Idempotency-Key" = Option<String>, Header)), security(("organizer_key" = [])), responses(
    (status = 201, body = VenueView),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::AddVenue>,
    JsonBody(request): JsonBody<VenueRequest>,
) -> Result<(StatusCode, Json<VenueView>), ApiError> {
    let mut checks = Checks::default();
    checks.text(&request.name, "/name", NAME_BYTES);
    checks.text(&request.city, "/city", NAME_BYTES);
    checks.text(&request.address, "/address", ADDRESS_BYTES);
    let coordinates = checked(&mut checks, request.latitude, request.longitude);
    checks.finish()?;
    let now = app.clock.now();
    let venue = Venue {
        id: VenueId::draw(now),
        name: request.name,
        city: request.city,
        address: request.address,
        coordinates,
    };
    app.store
        .add_venue(NewVenue {
            venue: venue.clone(),
            organizer: allowed.caller.organizer,
            now,
        })
        .await?;
    Ok((StatusCode::CREATED, Json(venue.into())))
}

/// Checks that degrees are a place on the globe, or none.
fn checked(checks: &mut Checks, latitude: Option<f64>, longitude: Option<f64>) -> Option<Coordinates> {
    let both = latitude.zip(longitude);
    checks.require(
        both.is_some() || latitude.or(longitude).is_none(),
        "/longitude",
        "goes with latitude: give both, or neither",
    );
    let coordinates = both.and_then(|(north, east)| Coordinates::of_degrees(north, east));
    checks.require(
        coordinates.is_some() || both.is_none(),
        "/latitude",
        "must be -90 to 90, and longitude -180 to 180",
    );
    coordinates
}

/// Lists the organizer's venues.
#[utoipa::path(get, path = "/v1/organizer/venues", tag = "organizer", security(("organizer_key" = [])), responses(
    (status = 200, body = VenuesView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::SeeVenues>,
) -> Result<Json<VenuesView>, ApiError> {
    let venues = app.store.venues(allowed.caller.organizer).await?;
    Ok(Json(VenuesView {
        venues: venues.into_iter().map(Into::into).collect(),
    }))
}
