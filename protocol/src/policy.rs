//! The admission policy of an event: tiers, zones, gates and entry rules as data the authority signs; applying it is admission's.

mod tier;

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_keys::{Timestamp, Window};

use crate::ident::{GateId, TierId, Unit, ZoneId};
use crate::labels::{UnitLabel, UnitLabels};

pub use tier::{EntryRule, Offline, TierRules};

/// Most tiers, zones or gates of an event each: bounds the policy record to some 60 KiB.
pub const MAX_PARTS: usize = 256;
/// Longest name of a tier, zone, gate or event, in bytes.
pub const MAX_NAME_BYTES: usize = 80;
/// Most zones around each other, with the innermost.
pub const MAX_LEVELS: usize = 8;
/// Most changes of the local time's offset that a policy names: a year of summer times, and room for a country that thinks again.
pub const MAX_OFFSET_CHANGES: usize = 8;
/// Most time windows of a tier: a fortnight of days.
pub const MAX_WINDOWS: usize = 14;

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    pub id: ZoneId,
    /// Its name on screens.
    pub name: String,
    /// How many people it holds, if it is limited.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// How many people go in within each slot of time, if that is limited.
    #[serde(default)]
    pub time_slots: Option<TimeSlots>,
    /// The zone that it lies in: whoever is here is there too, and came in there first.
    #[serde(default)]
    pub inside: Option<ZoneId>,
}

/// How many people may go into a zone within each slot of time, so that they do not all come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSlots {
    /// The length of a slot, in minutes: it divides a day, and one begins at midnight by the offset before all changes.
    pub minutes: u16,
    /// Most people who go in within one slot, whether they leave again or not.
    pub persons: u32,
}

/// A gate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub id: GateId,
    /// Its name on screens.
    pub name: String,
    /// The zone it leads into.
    pub zone: ZoneId,
    /// The zone beside it that it leads out of, when it leads from one zone into the next.
    #[serde(default)]
    pub leaves: Option<ZoneId>,
}

/// A moment from which local time is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffsetChange {
    /// The moment.
    pub at: Timestamp,
    /// The offset of local time from UTC from then on, in minutes.
    pub utc_offset_minutes: i16,
}

/// Returns the offset of local time from UTC at a moment, in minutes, of the one before all changes and these.
pub fn local_offset(utc_offset_minutes: i16, changes: &[OffsetChange], at: Timestamp) -> i16 {
    let before = changes.iter().rev().find(|change| change.at <= at);
    before.map_or(utc_offset_minutes, |change| change.utc_offset_minutes)
}

/// The whole policy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The event's name on screens.
    pub name: String,
    /// Offset of local time from UTC, in minutes.
    #[serde(default)]
    pub utc_offset_minutes: i16,
    /// The name of its time zone, for people to read.
    #[serde(default)]
    pub time_zone: String,
    /// When the offset changes, in order: so that nobody needs the rules of time zones at the gates.
    #[serde(default)]
    pub offset_changes: Vec<OffsetChange>,
    /// When a local day begins, in minutes after midnight: festivals count the small hours to the day before.
    #[serde(default)]
    pub day_start_minutes: u16,
    pub zones: Vec<Zone>,
    pub gates: Vec<Gate>,
    pub tiers: Vec<TierRules>,
    /// What the units are called, as printed on their tickets. It follows from the seat map and is no part of the policy as
    /// the organizer writes it.
    #[serde(skip)]
    pub labels: Option<UnitLabels>,
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Two parts of one kind share an id.
    #[error("two {kind} share the id {id}")]
    RepeatedId {
        /// "zones", "gates" or "tiers".
        kind: &'static str,
        id: u16,
    },
    /// A gate or tier names a zone that is not there.
    #[error("{kind} {id} names zone {zone}, which the policy does not have")]
    UnknownZone {
        /// "gate" or "tier".
        kind: &'static str,
        id: u16,
        /// The missing zone.
        zone: ZoneId,
    },
    /// Too many parts, or a name that is empty or too long.
    #[error("at most {MAX_PARTS} {kind}, {MAX_WINDOWS} windows a tier, names of 1 to {MAX_NAME_BYTES} bytes")]
    OverLimit {
        /// What is over its limit.
        kind: &'static str,
    },
    /// Zones that lie in each other, or in too many.
    #[error("zone {zone} lies in itself, or in more than {} others", MAX_LEVELS - 1)]
    Nested { zone: ZoneId },
    /// A gate that leads out of a zone which does not lie beside the one it leads into.
    #[error("gate {gate} leads out of a zone that does not lie beside the one it leads into")]
    NotBeside { gate: GateId },
    /// A change that would let tickets in again which have been used.
    #[error(
        "{kind} {id} may not go to another zone, or be taken away, once tickets were issued: tickets that were used would count as new"
    )]
    Reopens {
        /// "gate" or "zone".
        kind: &'static str,
        id: u16,
    },
    /// A change of how often tickets that were issued let people in.
    #[error(
        "tier {tier} may not be taken away, or let people in more or less often, once tickets were issued: tickets that were used would count as new, or honest entries as double. Make a new tier for tickets to come"
    )]
    EntryChanges { tier: TierId },
    /// A window that ends before it begins, a day of no entries, or an offset beyond a day.
    #[error("{what} cannot be: {id}")]
    Impossible {
        /// What cannot be.
        what: &'static str,
        /// The part it is about.
        id: u16,
    },
}

const DAY_MINUTES: i64 = 24 * 60;
/// Shortest slot of time, in minutes: hubs share the places of each slot anew, and write that down.
const LEAST_SLOT_MINUTES: i64 = 5;

/// Returns the slot of so many minutes that a moment belongs to. All are of one length, also where local time changes.
pub fn time_slot_at(minutes: u16, utc_offset_minutes: i16, at: Timestamp) -> Window {
    let length_ms = i128::from(minutes.max(1)) * 60_000;
    let shift_ms = i128::from(utc_offset_minutes) * 60_000;
    let local_ms = i128::from(at.0) + shift_ms;
    let from_ms = local_ms - local_ms.rem_euclid(length_ms) - shift_ms;
    let moment = |ms: i128| Timestamp(u64::try_from(ms.max(0)).unwrap_or(u64::MAX));
    Window {
        from: moment(from_ms),
        until: moment(from_ms + length_ms),
    }
}

impl Policy {
    /// Finds a gate.
    pub fn gate(&self, id: GateId) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.id == id)
    }

    /// Finds a zone.
    pub fn zone(&self, id: ZoneId) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == id)
    }

    /// Finds a tier.
    pub fn tier(&self, id: TierId) -> Option<&TierRules> {
        self.tiers.iter().find(|tier| tier.id == id)
    }

    /// Returns what a unit is called.
    pub fn label(&self, unit: Unit) -> UnitLabel {
        let labels = self.labels.as_ref();
        labels.map_or(UnitLabel::without_table(unit), |labels| labels.label(unit))
    }

    /// Returns the offset of local time from UTC at a moment, in minutes.
    pub fn offset_at(&self, at: Timestamp) -> i16 {
        local_offset(self.utc_offset_minutes, &self.offset_changes, at)
    }

    /// Returns the number of the local day a moment belongs to. A day in which the offset changes has fewer or more hours.
    pub fn day(&self, at: Timestamp) -> i32 {
        let shift_minutes = i64::from(self.offset_at(at)) - i64::from(self.day_start_minutes);
        let minutes = i64::try_from(at.0 / 60_000).unwrap_or(i64::MAX / 2) + shift_minutes;
        i32::try_from(minutes.div_euclid(DAY_MINUTES)).unwrap_or(i32::MAX)
    }

    /// Returns the slot that a moment belongs to, of a zone that lets in only so many people in each.
    pub fn time_slot(&self, zone: ZoneId, at: Timestamp) -> Option<(TimeSlots, Window)> {
        let limit = self.zone(zone)?.time_slots?;
        Some((limit, time_slot_at(limit.minutes, self.utc_offset_minutes, at)))
    }

    /// Checks that the policy makes sense.
    ///
    /// # Errors
    ///
    /// [`PolicyError`], the first found.
    pub fn check(&self) -> Result<(), PolicyError> {
        unique("zones", self.zones.iter().map(|zone| (zone.id.0, &zone.name)))?;
        unique("gates", self.gates.iter().map(|gate| (gate.id.0, &gate.name)))?;
        unique("tiers", self.tiers.iter().map(|tier| (tier.id.0, &tier.name)))?;
        unique("names", std::iter::once((0, &self.name)))?;
        self.check_time()?;
        self.zones.iter().try_for_each(check_slots)?;
        self.zones.iter().try_for_each(|zone| self.check_nesting(zone))?;
        self.gates.iter().try_for_each(|gate| self.check_gate(gate))?;
        self.tiers.iter().try_for_each(|tier| self.check_tier(tier))
    }

    /// Checks that a policy may follow this one once tickets were issued: no ticket that was used opens a gate again.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Reopens`].
    pub fn check_successor(&self, next: &Self) -> Result<(), PolicyError> {
        let reopens = |kind, id| Err(PolicyError::Reopens { kind, id });
        for zone in &self.zones {
            let same_place = next.zone(zone.id).is_some_and(|now| now.inside == zone.inside);
            if !same_place {
                return reopens("zone", zone.id.0);
            }
        }
        for gate in &self.gates {
            let leads = |gate: &Gate| (gate.zone, gate.leaves);
            // One that is taken away could come back as another.
            if next.gate(gate.id).is_none_or(|now| leads(now) != leads(gate)) {
                return reopens("gate", gate.id.0);
            }
        }
        for tier in &self.tiers {
            if next.tier(tier.id).is_none_or(|now| now.entry != tier.entry) {
                return Err(PolicyError::EntryChanges { tier: tier.id });
            }
        }
        Ok(())
    }

    fn check_time(&self) -> Result<(), PolicyError> {
        let is_wide = |offset: i16| i64::from(offset).abs() > DAY_MINUTES;
        let changes = &self.offset_changes;
        let offsets = changes.iter().map(|change| change.utc_offset_minutes);
        if changes.len() > MAX_OFFSET_CHANGES || self.time_zone.len() > MAX_NAME_BYTES {
            return Err(PolicyError::OverLimit {
                kind: "changes of the time",
            });
        }
        let is_impossible = is_wide(self.utc_offset_minutes)
            || i64::from(self.day_start_minutes) >= DAY_MINUTES
            || offsets.into_iter().any(is_wide)
            || !changes.is_sorted_by(|one, next| one.at < next.at);
        if is_impossible {
            return Err(PolicyError::Impossible {
                what: "the time offset or start of day",
                id: 0,
            });
        }
        Ok(())
    }

    fn check_nesting(&self, zone: &Zone) -> Result<(), PolicyError> {
        let mut outer = zone.inside;
        for _ in 0..MAX_LEVELS {
            let Some(around) = outer else { return Ok(()) };
            self.check_zone("zone", zone.id.0, around)?;
            outer = self.zone(around).and_then(|around| around.inside);
        }
        Err(PolicyError::Nested { zone: zone.id })
    }

    fn check_gate(&self, gate: &Gate) -> Result<(), PolicyError> {
        self.check_zone("gate", gate.id.0, gate.zone)?;
        let Some(left) = gate.leaves else { return Ok(()) };
        self.check_zone("gate", gate.id.0, left)?;
        let around = |zone| self.zone(zone).and_then(|zone| zone.inside);
        if left == gate.zone || around(left) != around(gate.zone) {
            return Err(PolicyError::NotBeside { gate: gate.id });
        }
        Ok(())
    }

    fn check_tier(&self, tier: &TierRules) -> Result<(), PolicyError> {
        if tier.windows.len() > MAX_WINDOWS || tier.zones.len() > MAX_PARTS {
            return Err(PolicyError::OverLimit { kind: "windows" });
        }
        if tier.windows.iter().any(|window| window.until <= window.from) {
            return Err(PolicyError::Impossible {
                what: "a window that ends before it begins, of tier",
                id: tier.id.0,
            });
        }
        if tier.entry == EntryRule::PerDay(0) {
            return Err(PolicyError::Impossible {
                what: "no entry at all on any day, of tier",
                id: tier.id.0,
            });
        }
        tier.zones
            .iter()
            .try_for_each(|&zone| self.check_zone("tier", tier.id.0, zone))
    }

    fn check_zone(&self, kind: &'static str, id: u16, zone: ZoneId) -> Result<(), PolicyError> {
        match self.zone(zone) {
            Some(_) => Ok(()),
            None => Err(PolicyError::UnknownZone { kind, id, zone }),
        }
    }
}

fn check_slots(zone: &Zone) -> Result<(), PolicyError> {
    let fits = |slots: TimeSlots| {
        let minutes = i64::from(slots.minutes);
        minutes >= LEAST_SLOT_MINUTES && DAY_MINUTES % minutes == 0
    };
    if zone.time_slots.is_none_or(fits) {
        return Ok(());
    }
    Err(PolicyError::Impossible {
        what: "time slots of less than 5 minutes, or that do not divide a day, of zone",
        id: zone.id.0,
    })
}

fn unique<'a>(kind: &'static str, parts: impl Iterator<Item = (u16, &'a String)>) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    for (id, name) in parts {
        if !seen.insert(id) {
            return Err(PolicyError::RepeatedId { kind, id });
        }
        if name.is_empty() || name.len() > MAX_NAME_BYTES || seen.len() > MAX_PARTS {
            return Err(PolicyError::OverLimit { kind });
        }
    }
    Ok(())
}
