//! A scenario: who comes when, through which gates, with which machines, and what fails; read from TOML with all that is wrong in it said.

mod check;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_protocol::policy::{EntryRule, Offline};

/// An evening to be played. Every field with a default may be left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called in reports.
    pub name: String,
    /// When doors open, as hours and minutes: minute 0 of all others.
    #[serde(default = "defaults::doors")]
    pub doors: String,
    pub visitors: Visitors,
    /// What tickets entitle to, and how many are of each kind.
    pub tiers: Vec<TierPlan>,
    pub hubs: Vec<HubPlan>,
    pub gates: Vec<GatePlan>,
    #[serde(default)]
    pub network: NetworkPlan,
    /// What breaks, and when.
    #[serde(default)]
    pub failures: Vec<FailurePlan>,
}

/// Who comes, and when.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visitors {
    /// How many have a ticket of their own, and come.
    pub tickets: u32,
    /// When they come: minutes from doors, and how many then beside other times; straight in between.
    pub arrivals: Vec<(f64, f64)>,
    /// How many more come with a copy of somebody's ticket, of a hundred with a ticket.
    #[serde(default)]
    pub copies_percent: f64,
    /// How many more come with a code that is no ticket of this event, of a hundred with a ticket.
    #[serde(default)]
    pub strangers_percent: f64,
    /// Who goes out and comes in again.
    #[serde(default)]
    pub returns: Option<Returns>,
}

/// Who goes out and comes in again. A tier whose entry is `single` lets nobody in a second time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// How many of a hundred who come in go out again for a while.
    pub leave_percent: f64,
    /// How long they are inside before that.
    pub inside_min: Spread,
    /// How long they are outside.
    pub outside_min: Spread,
}

/// A median, and what 95 of a hundred stay below, in the unit of the field (log-normal).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    pub p50: f64,
    /// Not less than the median.
    pub p95: f64,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierPlan {
    pub name: String,
    /// How many tickets are of it, beside those of other tiers.
    #[serde(default = "defaults::one")]
    pub share: f64,
    /// Who says yes when the ticket's home hub cannot be reached.
    #[serde(default = "defaults::strict")]
    pub offline: Offline,
    /// How often a ticket lets in.
    #[serde(default = "defaults::single")]
    pub entry: EntryRule,
}

/// A hub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubPlan {
    pub name: String,
}

/// A gate: people come to it, choose its shortest lane, are searched and scanned; whoever is refused goes to its desk.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatePlan {
    pub name: String,
    /// The hub whose switch its access points hang on.
    pub hub: String,
    /// How many people come here, beside other gates.
    #[serde(default = "defaults::one")]
    pub share: f64,
    /// How long people walk to it once they have arrived.
    #[serde(default = "defaults::walk")]
    pub walk_s: Spread,
    pub lanes: usize,
    /// How many staff scan in a lane, each one person at a time.
    #[serde(default = "defaults::one_of")]
    pub scanners_per_lane: usize,
    /// How long a member of staff takes over one person, from one code to the next, without the machine's answer.
    #[serde(default = "defaults::scan")]
    pub scan_s: Spread,
    /// How many staff search bags in a lane, before the scan; none means no search.
    #[serde(default)]
    pub searchers_per_lane: usize,
    /// How many people of a hundred are searched.
    #[serde(default = "defaults::all")]
    pub search_percent: f64,
    #[serde(default = "defaults::search")]
    pub search_s: Spread,
    /// How many people who were searched find room before the scan.
    #[serde(default = "defaults::room")]
    pub room_people: usize,
    /// How many staff are at the desk for whoever was refused.
    #[serde(default = "defaults::one_of")]
    pub desk_staff: usize,
    #[serde(default = "defaults::desk")]
    pub desk_s: Spread,
    /// How many access points serve its lanes, one lane after the other.
    #[serde(default = "defaults::one_of")]
    pub access_points: usize,
}

/// How long messages are on their way, and how machines store them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkPlan {
    /// From a scanner to a hub, one way: from, to.
    pub radio_ms: [u64; 2],
    /// From one hub to another, one way: from, to.
    pub lan_ms: [u64; 2],
    /// From a hub to the cloud, one way: from, to.
    pub uplink_ms: [u64; 2],
    /// How long a device takes to make a record durable: from, to.
    pub commit_ms: [u64; 2],
    /// How often hubs look which logs have grown, to hand them on. Programs do so ten times a second; less often is quicker to play.
    pub handover_every_ms: u64,
}

impl Default for NetworkPlan {
    fn default() -> Self {
        Self {
            radio_ms: [2, 15],
            lan_ms: [1, 3],
            uplink_ms: [15, 60],
            commit_ms: [2, 8],
            handover_every_ms: 1_000,
        }
    }
}

/// Something that breaks for a while.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailurePlan {
    pub kind: FailureKind,
    /// Since when, in minutes from doors.
    pub from_min: f64,
    pub for_min: f64,
    /// The hub, by name.
    #[serde(default)]
    pub hub: Option<String>,
    /// The gate, by name.
    #[serde(default)]
    pub gate: Option<String>,
    /// The gate's access point, from 1.
    #[serde(default)]
    pub access_point: Option<usize>,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The hub stops; afterwards it starts from its disk.
    Hub,
    /// The cable between the hub with its gates and all other hubs.
    HubLink,
    /// The line to the cloud, of that hub, or of all without one.
    Uplink,
    /// An access point of the gate: its lanes reach no hub.
    AccessPoint,
    /// The power of the gate: its access points and the hub that the gate hangs on. Scanners have batteries.
    Power,
}

/// Why a scenario cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScenarioError {
    /// It is no TOML of this form.
    #[error("{0}")]
    Unread(String),
    /// Something in it cannot be.
    #[error("{}{what}", line.map_or_else(String::new, |line| format!("line {line}: ")))]
    Impossible {
        /// The line of the table that it is about.
        line: Option<usize>,
        /// What is wrong, and what to write instead.
        what: String,
    },
}

impl Scenario {
    /// Reads a scenario and checks it.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`].
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        let read: Self = toml::from_str(text).map_err(|error| ScenarioError::Unread(error.to_string()))?;
        read.check(text)?;
        Ok(read)
    }

    /// Returns how many minutes after midnight doors open.
    pub fn doors_min(&self) -> u64 {
        check::minutes_of(&self.doors).unwrap_or_default()
    }
}

mod defaults {
    use super::{EntryRule, Offline, Spread};

    pub(super) fn doors() -> String {
        "19:00".to_owned()
    }

    pub(super) fn one() -> f64 {
        1.0
    }

    pub(super) fn one_of() -> usize {
        1
    }

    pub(super) fn all() -> f64 {
        100.0
    }

    pub(super) fn strict() -> Offline {
        Offline::Strict
    }

    pub(super) fn single() -> EntryRule {
        EntryRule::Single
    }

    pub(super) fn room() -> usize {
        3
    }

    pub(super) fn walk() -> Spread {
        Spread { p50: 30.0, p95: 90.0 }
    }

    pub(super) fn scan() -> Spread {
        Spread { p50: 3.5, p95: 9.0 }
    }

    pub(super) fn search() -> Spread {
        Spread { p50: 8.0, p95: 25.0 }
    }

    pub(super) fn desk() -> Spread {
        Spread {
            p50: 60.0,
            p95: 180.0,
        }
    }
}
