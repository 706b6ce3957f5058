//! The names people know for the numbers in records: gates, zones, devices and units of one event.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_keys::{PublicKey, Timestamp};
use usher_protocol::labels::UnitLabel;
use usher_protocol::policy::Policy;
use usher_protocol::{GateId, Unit, ZoneId};
use usher_words::organizer::UNNAMED;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::tickets::PlaceView;
use crate::authority::event::EventAuthority;
use crate::catalogue::Event;
use crate::local_time::day_and_time;
use crate::store::authority::{PlacesQuery, UnitPlaces};

/// The names of an event.
pub struct Names {
    policy: Policy,
    devices: BTreeMap<PublicKey, String>,
    places: UnitPlaces,
}

/// The unit of a ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitView {
    /// The unit.
    pub unit: u32,
    /// The name of its tier.
    pub tier_name: String,
    /// What it is called on its ticket and at gates.
    #[schema(example = "Stalls, row A, seat 4")]
    pub place: String,
    /// Where it is; absent for general admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<PlaceView>,
}

/// A gate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GateView {
    /// Its id.
    pub gate: u16,
    /// Its name.
    pub name: String,
}

/// A device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceName {
    /// Its public key.
    #[schema(value_type = String)]
    pub device: PublicKey,
    /// How people call it.
    pub name: String,
}

impl Names {
    /// Looks up the names of an event, and of those of its units that are asked about.
    ///
    /// # Errors
    ///
    /// [`ApiError`].
    pub async fn of(event: Event, authority: &EventAuthority, units: Vec<Unit>) -> Result<Self, ApiError> {
        let devices = authority
            .ask(|writer| {
                Box::pin(async move {
                    let devices = writer
                        .state()
                        .await?
                        .devices()
                        .map(|identity| identity.unverified());
                    Ok(devices
                        .map(|certificate| (certificate.device, certificate.name.clone()))
                        .collect())
                })
            })
            .await?;
        let places = authority
            .store
            .places(PlacesQuery {
                event: event.id,
                units,
            })
            .await?;
        Ok(Self {
            policy: event.policy,
            devices,
            places,
        })
    }

    /// Names a gate.
    pub fn gate(&self, id: GateId) -> GateView {
        let name = self
            .policy
            .gate(id)
            .map_or_else(|| format!("gate {id}"), |gate| gate.name.clone());
        GateView { gate: id.0, name }
    }

    /// Says when something was, in the event's own time.
    pub fn time(&self, at: Timestamp) -> String {
        day_and_time(at, self.policy.offset_at(at))
    }

    /// Names a zone.
    pub fn zone(&self, id: ZoneId) -> String {
        self.policy
            .zone(id)
            .map_or_else(|| format!("zone {id}"), |zone| zone.name.clone())
    }

    /// Names a device.
    pub fn device(&self, device: PublicKey) -> DeviceName {
        let name = self
            .devices
            .get(&device)
            .cloned()
            .unwrap_or_else(|| UNNAMED.to_owned());
        DeviceName { device, name }
    }

    /// Names a unit.
    pub fn unit(&self, unit: Unit) -> UnitView {
        let place = self.places.get(&unit);
        let label = place.map_or(UnitLabel::without_table(unit), |place| place.label.clone());
        UnitView {
            unit: unit.0,
            tier_name: place.map(|place| place.tier_name.clone()).unwrap_or_default(),
            place: label.to_string(),
            seat: PlaceView::of(label),
        }
    }
}

impl UnitView {
    /// Returns the unit in words.
    pub fn words(&self) -> String {
        format!("{} ({})", self.place, self.tier_name)
    }
}
