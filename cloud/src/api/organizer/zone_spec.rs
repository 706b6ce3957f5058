//! Zones, gates and windows as organizers write and read them, in drafts and in policies alike.

use serde::{Deserialize, Serialize};
use usher_keys::Window;
use usher_protocol::policy::{Gate, TimeSlots, Zone};
use usher_protocol::{GateId, ZoneId};
use utoipa::ToSchema;

use crate::moment::Moment;

/// An area inside the venue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneSpec {
    /// Its id.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// How many people it holds, if it is limited.
    pub capacity: Option<u32>,
    /// How many people go in within each slot of time, if that is limited.
    #[serde(default)]
    pub time_slots: Option<TimeSlotSpec>,
    /// The zone that it lies in, such as a stage's front within the grounds: whoever goes in here has gone in there first.
    #[serde(default)]
    pub inside: Option<u16>,
}

/// A limit on how many people go into a zone within each slot of time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeSlotSpec {
    /// The length of a slot in minutes, 5 to 1,440: it divides a day, and one begins at midnight.
    #[schema(minimum = 5, maximum = 1440)]
    pub minutes: u16,
    /// Most people who go in within one slot, whether they leave again or not.
    pub persons: u32,
}

/// A staffed line that leads into a zone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// Its id.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// The zone it leads into.
    pub zone: u16,
    /// The zone beside it that it leads out of, when it leads from one zone into the next.
    #[serde(default)]
    pub leaves: Option<u16>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// The first moment inside.
    #[schema(value_type = String, format = DateTime)]
    pub from: Moment,
    /// The first moment outside again.
    #[schema(value_type = String, format = DateTime)]
    pub until: Moment,
}

impl From<WindowSpec> for Window {
    fn from(spec: WindowSpec) -> Self {
        Self {
            from: spec.from.0,
            until: spec.until.0,
        }
    }
}

impl From<&ZoneSpec> for Zone {
    fn from(spec: &ZoneSpec) -> Self {
        Self {
            id: ZoneId(spec.id),
            name: spec.name.clone(),
            capacity: spec.capacity,
            time_slots: spec.time_slots.map(|slots| TimeSlots {
                minutes: slots.minutes,
                persons: slots.persons,
            }),
            inside: spec.inside.map(ZoneId),
        }
    }
}

impl From<&GateSpec> for Gate {
    fn from(spec: &GateSpec) -> Self {
        Self {
            id: GateId(spec.id),
            name: spec.name.clone(),
            zone: ZoneId(spec.zone),
            leaves: spec.leaves.map(ZoneId),
        }
    }
}

impl From<Window> for WindowSpec {
    fn from(window: Window) -> Self {
        Self {
            from: Moment(window.from),
            until: Moment(window.until),
        }
    }
}

impl From<Zone> for ZoneSpec {
    fn from(zone: Zone) -> Self {
        Self {
            id: zone.id.0,
            name: zone.name,
            capacity: zone.capacity,
            time_slots: zone.time_slots.map(Into::into),
            inside: zone.inside.map(|zone| zone.0),
        }
    }
}

impl From<TimeSlots> for TimeSlotSpec {
    fn from(slots: TimeSlots) -> Self {
        Self {
            minutes: slots.minutes,
            persons: slots.persons,
        }
    }
}

impl From<Gate> for GateSpec {
    fn from(gate: Gate) -> Self {
        Self {
            id: gate.id.0,
            name: gate.name,
            zone: gate.zone.0,
            leaves: gate.leaves.map(|zone| zone.0),
        }
    }
}
