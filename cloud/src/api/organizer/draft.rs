//! What an organizer says of a new event, and how it becomes tiers, a policy and densely numbered units.

mod seat_map;

use std::collections::BTreeSet;

use serde::Deserialize;
use usher_keys::{Timestamp, Window};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, TierRules, Zone};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{GateId, TierId, Unit, ZoneId};
use utoipa::ToSchema;

use super::live_spec::LiveSpec;
use super::policy_spec::doors;
use super::zone_spec::{GateSpec, WindowSpec, ZoneSpec};
use crate::api::error::ApiError;
use crate::api::input::Checks;
use crate::catalogue::category::EventCategory;
use crate::catalogue::{PlacedSection, Tier};
use crate::ids::VenueId;
use crate::local_time;
use crate::moment::Moment;
use crate::money::{Currency, MAX_PRICE};
use crate::selling::inventory::TierSale;
use crate::store::organizing::NewUnit;
pub use seat_map::{GeneralAdmissionSpec, MAX_LABEL, RowSpec, SeatMapSpec, SectionSpec};

/// Most units of an event: the biggest festivals, and what a seat map in memory bears.
pub const MAX_UNITS: u32 = 200_000;
/// Longest name of an event, tier, zone, gate or section, in bytes: what policies and scanner screens take.
pub const MAX_NAME: usize = 80;
/// Longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 4_000;
/// Shortest and longest reservation, in seconds.
pub const RESERVATION_SECONDS: std::ops::RangeInclusive<u32> = 1..=86_400;

/// Said of a tier whose list of zones is empty.
pub const OPENS_NOTHING: &str =
    "must name the zones it opens; left out of a new event, it opens the first one alone";

/// Said of an offset from UTC that is given beside a time zone.
pub const OFFSET_FOLLOWS: &str = "follows from time_zone: leave it out";

/// Asks for a draft event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "venue_id": "ven_06e9pvb1pdqm38000000000000", "name": "Night of the Owls", "description": "Hooting until dawn.", "category": "festival",
    "starts_at": "2027-06-04T18:00:00Z", "ends_at": "2027-06-04T23:00:00Z", "time_zone": "Europe/Berlin", "currency": "EUR",
    "zones": [{"id": 1, "name": "Hall", "capacity": 800}, {"id": 2, "name": "Balcony", "inside": 1}],
    "gates": [{"id": 1, "name": "Main entrance", "zone": 1}, {"id": 2, "name": "Balcony stairs", "zone": 2}],
    "tiers": [
        {"tier": 1, "name": "Stalls", "price": 4500, "zones": [1, 2], "entry": "reentry"},
        {"tier": 2, "name": "Standing", "price": 2500, "zones": [1],
            "windows": [{"from": "2027-06-04T17:00:00Z", "until": "2027-06-04T23:00:00Z"}]},
    ],
    "seat_map": {"sections": [{"name": "Stalls", "tier": 1, "rows": [{"name": "A", "seats": 12}, {"name": "B", "numbers": ["1", "2", "2a"]}]}]},
    "general_admission": [{"tier": 2, "quantity": 200}],
}))]
pub struct EventRequest {
    /// Where it takes place.
    #[schema(value_type = String, example = "ven_06e9pvb1pdqm38000000000000")]
    pub venue_id: VenueId,
    /// Its name, 1 to 80 bytes.
    #[schema(example = "Night of the Owls")]
    pub name: String,
    /// What it is about, up to 4,000 bytes.
    #[serde(default)]
    pub description: String,
    /// What sort of event it is, for whoever looks for one.
    pub category: Option<EventCategory>,
    /// When it starts.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Moment,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Moment,
    /// The currency of its prices.
    #[schema(value_type = String, example = "EUR")]
    pub currency: Currency,
    /// How long a reservation holds, 1 to 86,400 seconds; the server's default unless given.
    pub reservation_seconds: Option<u32>,
    /// The name of its time zone in the IANA database. Local days follow its changes of summer time.
    #[serde(default)]
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Offset of local time from UTC in minutes, for an event without a `time_zone`.
    pub utc_offset_minutes: Option<i16>,
    /// When a local day begins, in minutes after midnight.
    #[serde(default)]
    pub day_start_minutes: u16,
    /// Its zones, the outermost first: the one that people enter from the street. One called after the event unless given.
    #[serde(default)]
    pub zones: Vec<ZoneSpec>,
    /// Its gates; one into the first zone unless given.
    #[serde(default)]
    pub gates: Vec<GateSpec>,
    /// Its tiers, at least one.
    pub tiers: Vec<TierSpec>,
    /// Its seats.
    #[serde(default)]
    pub seat_map: SeatMapSpec,
    /// Its slots of general admission.
    #[serde(default)]
    pub general_admission: Vec<GeneralAdmissionSpec>,
    /// A new random text for each new request, here or as the header `Idempotency-Key`. The same request with the same key within a day is
    /// done once and answered as it was.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0")]
    pub idempotency_key: Option<String>,
}

/// A price and entitlement class.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierSpec {
    /// Its id.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// Price of a unit, in minor units of the currency.
    pub price: i64,
    /// How many people a ticket lets in, 1 to 255.
    #[serde(default = "one")]
    pub admits: u8,
    /// Whether gates shall ask for proof of identity or age.
    #[serde(default)]
    pub check_id: bool,
    /// The zones it opens, at least one. Unless given, the outermost alone: the first of the event's zones.
    pub zones: Option<Vec<u16>>,
    /// When it opens them; at any time unless given.
    #[serde(default)]
    pub windows: Vec<WindowSpec>,
    /// How often: `single`, `reentry` or `{"per_day": 2}`.
    #[serde(default = "single")]
    #[schema(value_type = serde_json::Value, example = "single")]
    pub entry: EntryRule,
    /// When the unit's home hub cannot be reached: `strict` refers the person, `available` admits and reports a double later.
    #[serde(default = "strict")]
    #[schema(value_type = String, example = "strict")]
    pub offline: Offline,
    /// From when on only live tickets are let in; codes on paper always are unless given.
    #[serde(default)]
    pub live: Option<LiveSpec>,
}

fn one() -> u8 {
    1
}

fn single() -> EntryRule {
    EntryRule::Single
}

fn strict() -> Offline {
    Offline::Strict
}

/// The inventory of a checked draft.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub tiers: Vec<Tier>,
    /// What gates go by.
    pub policy: Policy,
    /// The units: seats first, in the order of the seat map, then general admission.
    pub units: Vec<NewUnit>,
    /// How many of them are seats.
    pub seat_count: u32,
    /// Where its sections are drawn.
    pub places: Vec<PlacedSection>,
}

impl EventRequest {
    /// Checks everything that does not need the store and numbers the units.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`], with all that is wrong.
    pub fn inventory(&self) -> Result<Inventory, ApiError> {
        let mut checks = Checks::default();
        checks.prose(&self.description, "/description", 0..=MAX_DESCRIPTION);
        check_times(&mut checks, self.starts_at, self.ends_at);
        if let Some(seconds) = self.reservation_seconds {
            checks.range(seconds, "/reservation_seconds", RESERVATION_SECONDS);
        }
        check_offset(&mut checks, &self.time_zone, self.utc_offset_minutes);
        self.check_tiers(&mut checks);
        let tiers: BTreeSet<u16> = self.tiers.iter().map(|tier| tier.tier).collect();
        let (seats, places) = self.seat_map.read(&tiers, &mut checks);
        let slots = seat_map::slots(&self.general_admission, &tiers, &mut checks);
        let units = seats.len() + slots.len();
        let detail = format!("must have 1 to {MAX_UNITS} seats and slots of general admission in all");
        checks.require((1..=MAX_UNITS as usize).contains(&units), "", detail);
        let policy = local_time::with_offsets(self.policy(), self.starts_at.0, self.ends_at.0);
        check_names(&mut checks, &policy);
        if let Err(error) = policy.check() {
            checks.require(false, "", error.to_string());
        }
        checks.finish()?;
        Ok(Inventory {
            tiers: self.tiers.iter().map(Into::into).collect(),
            policy,
            seat_count: u32::try_from(seats.len()).unwrap_or(u32::MAX),
            places,
            units: number(seats.into_iter().chain(slots)),
        })
    }

    fn check_tiers(&self, checks: &mut Checks) {
        checks.require(
            self.currency.is_in_use(),
            "/currency",
            "must be a currency of ISO 4217 that people pay with, such as EUR",
        );
        checks.range(self.tiers.len(), "/tiers", 1..=usher_protocol::policy::MAX_PARTS);
        for (index, tier) in self.tiers.iter().enumerate() {
            checks.range(tier.price, format!("/tiers/{index}/price"), 0..=MAX_PRICE);
            tier.live.unwrap_or_default().check(checks, index);
            checks.range(tier.admits, format!("/tiers/{index}/admits"), 1..=u8::MAX);
            checks.require(
                tier.zones.as_ref().is_none_or(|zones| !zones.is_empty()),
                format!("/tiers/{index}/zones"),
                OPENS_NOTHING,
            );
        }
    }

    fn policy(&self) -> Policy {
        let zones = match self.zones.as_slice() {
            [] => vec![Zone {
                id: ZoneId(1),
                name: self.name.clone(),
                capacity: None,
                time_slots: None,
                inside: None,
            }],
            zones => zones.iter().map(Into::into).collect(),
        };
        let gates = match self.gates.as_slice() {
            [] => vec![Gate {
                id: GateId(1),
                name: "Entrance".into(),
                zone: zones[0].id,
                leaves: None,
            }],
            gates => gates.iter().map(Into::into).collect(),
        };
        Policy {
            name: self.name.clone(),
            utc_offset_minutes: self.utc_offset_minutes.unwrap_or_default(),
            time_zone: self.time_zone.clone(),
            offset_changes: Vec::new(),
            day_start_minutes: self.day_start_minutes,
            tiers: self
                .tiers
                .iter()
                .map(|tier| tier.policy(&zones, self.starts_at.0))
                .collect(),
            zones,
            gates,
            labels: None,
        }
    }
}

/// Checks an event's name and description.
pub fn check_texts(checks: &mut Checks, name: &str, description: &str) {
    checks.text(name, "/name", 1..=MAX_NAME);
    checks.prose(description, "/description", 0..=MAX_DESCRIPTION);
}

/// Checks that a time zone is one, and that no other offset is given beside it.
fn check_offset(checks: &mut Checks, zone: &str, utc_offset_minutes: Option<i16>) {
    check_zone(checks, zone);
    checks.require(
        zone.is_empty() || utc_offset_minutes.is_none(),
        "/utc_offset_minutes",
        OFFSET_FOLLOWS,
    );
}

/// Checks that a time zone is one, if it is named.
pub fn check_zone(checks: &mut Checks, zone: &str) {
    checks.require(
        zone.is_empty() || local_time::is_zone(zone),
        "/time_zone",
        "must be the name of a time zone, such as Europe/Berlin",
    );
}

/// Checks the names in a policy: devices show them to staff, and nobody can mend them there.
pub fn check_names(checks: &mut Checks, policy: &Policy) {
    checks.text(&policy.name, "/name", 1..=MAX_NAME);
    // A zone that nobody named is called after the event.
    let zones = policy.zones.iter().enumerate();
    for (index, zone) in zones.filter(|(_, zone)| zone.name != policy.name) {
        checks.text(&zone.name, format!("/zones/{index}/name"), 1..=MAX_NAME);
    }
    for (index, gate) in policy.gates.iter().enumerate() {
        checks.text(&gate.name, format!("/gates/{index}/name"), 1..=MAX_NAME);
    }
    for (index, tier) in policy.tiers.iter().enumerate() {
        checks.text(&tier.name, format!("/tiers/{index}/name"), 1..=MAX_NAME);
    }
}

/// Checks when an event starts and ends.
pub fn check_times(checks: &mut Checks, starts_at: Moment, ends_at: Moment) {
    checks.require(starts_at < ends_at, "/ends_at", "must be after starts_at");
}

/// Numbers units densely from 0.
fn number(units: impl Iterator<Item = (TierId, Option<crate::catalogue::Seat>)>) -> Vec<NewUnit> {
    (0..)
        .zip(units)
        .map(|(unit, (tier, seat))| NewUnit {
            unit: Unit(unit),
            tier,
            seat,
        })
        .collect()
}

impl TierSpec {
    fn policy(&self, zones: &[Zone], starts_at: Timestamp) -> TierRules {
        let windows: Vec<Window> = self.windows.iter().copied().map(Into::into).collect();
        let doors = doors(&windows, starts_at);
        TierRules {
            id: TierId(self.tier),
            name: self.name.clone(),
            zones: match &self.zones {
                Some(zones) => zones.iter().copied().map(ZoneId).collect(),
                // A tier that says nothing must not open what it was not meant to, such as a room behind the stage.
                None => zones.iter().take(1).map(|zone| zone.id).collect(),
            },
            windows,
            entry: self.entry,
            offline: self.offline,
            live_from: self.live.map(|live| live.moment(doors)),
        }
    }
}

impl From<&TierSpec> for Tier {
    fn from(spec: &TierSpec) -> Self {
        Self {
            id: TierId(spec.tier),
            name: spec.name.clone(),
            price: spec.price,
            admits: spec.admits,
            flags: if spec.check_id {
                TicketFlags::CHECK_ID
            } else {
                TicketFlags::default()
            },
            sale: TierSale::default(),
        }
    }
}

#[cfg(test)]
mod tests;
