//! A policy as organizers read and write it: in the shapes that a draft has, with times as everywhere in the API.

use serde::{Deserialize, Serialize};
use usher_keys::{Timestamp, Window};
use usher_protocol::policy::{EntryRule, Offline, OffsetChange, Policy, TierRules};
use usher_protocol::{TierId, ZoneId};
use utoipa::ToSchema;

use crate::moment::Moment;

use super::live_spec::LiveSpec;
use super::zone_spec::{GateSpec, WindowSpec, ZoneSpec};

/// What gates go by.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Night of the Owls", "time_zone": "Europe/Berlin",
    "zones": [{"id": 1, "name": "Hall", "capacity": 800}, {"id": 2, "name": "Balcony", "inside": 1}],
    "gates": [{"id": 1, "name": "Main entrance", "zone": 1}, {"id": 2, "name": "Balcony stairs", "zone": 2}],
    "tiers": [
        {"tier": 1, "name": "Stalls", "zones": [1, 2], "entry": "reentry", "offline": "strict"},
        {"tier": 2, "name": "Standing", "zones": [1], "entry": "single", "offline": "available",
            "windows": [{"from": "2027-06-04T17:00:00Z", "until": "2027-06-04T23:00:00Z"}]},
    ],
}))]
pub struct PolicySpec {
    /// The event's name.
    #[schema(example = "Night of the Owls")]
    pub name: String,
    /// Offset of local time from UTC in minutes, before all changes; it follows from a `time_zone`.
    #[serde(default)]
    pub utc_offset_minutes: i16,
    /// The name of its time zone in the IANA database.
    #[serde(default)]
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// When the offset changes; it follows from a `time_zone`.
    #[serde(default)]
    pub offset_changes: Vec<OffsetChangeSpec>,
    /// When a local day begins, in minutes after midnight.
    #[serde(default)]
    pub day_start_minutes: u16,
    /// The zones, the outermost first.
    pub zones: Vec<ZoneSpec>,
    /// The gates.
    pub gates: Vec<GateSpec>,
    /// What the tiers entitle to: those on sale, each once.
    pub tiers: Vec<PolicyTierSpec>,
}

/// A moment from which local time is another.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffsetChangeSpec {
    /// The moment.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// The offset of local time from UTC from then on, in minutes.
    pub utc_offset_minutes: i16,
}

/// What a tier entitles to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTierSpec {
    /// Its id.
    pub tier: u16,
    /// Its name.
    pub name: String,
    /// The zones it opens, at least one.
    pub zones: Vec<u16>,
    /// When it opens them; at any time if there are none.
    #[serde(default)]
    pub windows: Vec<WindowSpec>,
    /// How often: `single`, `reentry` or `{"per_day": 2}`.
    #[schema(value_type = serde_json::Value, example = "single")]
    pub entry: EntryRule,
    /// When the unit's home hub cannot be reached: `strict` refers the person, `available` admits and reports a double later.
    #[schema(value_type = String, example = "strict")]
    pub offline: Offline,
    /// From when on only live tickets are let in; codes on paper always are if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveSpec>,
}

impl PolicySpec {
    /// Returns the policy of an event that starts then.
    pub fn into_policy(self, starts_at: Timestamp) -> Policy {
        Policy {
            name: self.name,
            utc_offset_minutes: self.utc_offset_minutes,
            time_zone: self.time_zone,
            offset_changes: self.offset_changes.into_iter().map(Into::into).collect(),
            day_start_minutes: self.day_start_minutes,
            zones: self.zones.iter().map(Into::into).collect(),
            gates: self.gates.iter().map(Into::into).collect(),
            tiers: self
                .tiers
                .into_iter()
                .map(|tier| tier.into_rules(starts_at))
                .collect(),
            labels: None,
        }
    }
}

impl From<Policy> for PolicySpec {
    fn from(policy: Policy) -> Self {
        Self {
            name: policy.name,
            utc_offset_minutes: policy.utc_offset_minutes,
            time_zone: policy.time_zone,
            offset_changes: policy.offset_changes.into_iter().map(Into::into).collect(),
            day_start_minutes: policy.day_start_minutes,
            zones: policy.zones.into_iter().map(Into::into).collect(),
            gates: policy.gates.into_iter().map(Into::into).collect(),
            tiers: policy.tiers.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OffsetChangeSpec> for OffsetChange {
    fn from(spec: OffsetChangeSpec) -> Self {
        Self {
            at: spec.at.0,
            utc_offset_minutes: spec.utc_offset_minutes,
        }
    }
}

impl From<OffsetChange> for OffsetChangeSpec {
    fn from(change: OffsetChange) -> Self {
        Self {
            at: Moment(change.at),
            utc_offset_minutes: change.utc_offset_minutes,
        }
    }
}

impl PolicyTierSpec {
    fn into_rules(self, starts_at: Timestamp) -> TierRules {
        let windows: Vec<Window> = self.windows.into_iter().map(Into::into).collect();
        let doors = doors(&windows, starts_at);
        TierRules {
            id: TierId(self.tier),
            name: self.name,
            zones: self.zones.into_iter().map(ZoneId).collect(),
            windows,
            entry: self.entry,
            offline: self.offline,
            live_from: self.live.map(|live| live.moment(doors)),
        }
    }
}

/// Returns when a tier first lets people in: with its first window, or else when the event starts.
pub fn doors(windows: &[Window], starts_at: Timestamp) -> Timestamp {
    let first = windows.iter().map(|window| window.from).min();
    first.unwrap_or(starts_at)
}

impl From<TierRules> for PolicyTierSpec {
    fn from(tier: TierRules) -> Self {
        Self {
            tier: tier.id.0,
            name: tier.name,
            zones: tier.zones.into_iter().map(|zone| zone.0).collect(),
            windows: tier.windows.into_iter().map(Into::into).collect(),
            entry: tier.entry,
            offline: tier.offline,
            live: tier.live_from.map(LiveSpec::of),
        }
    }
}
