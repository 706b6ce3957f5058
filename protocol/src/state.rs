//! The state of an event: a fold over records that gives the same result in whatever order they come; nothing is decided here.

pub mod incident;
pub mod summary;
pub mod units;

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::{DeviceIdentity, EventId, PublicKey, Timestamp};

use crate::admission::{History, Refused};
use crate::home::Rosters;
use crate::ident::{GateId, Origin, ScanId, Stamp, Unit, ZoneId};
use crate::log::Contradiction;
use crate::policy::Policy;
use crate::record::{Body, Passage};

pub use incident::Incident;
pub use summary::Summary;
use units::{Change, Standing, UnitState};

/// Everything a replica knows about an event from its records.
#[derive(Debug, Clone)]
pub struct State {
    event: EventId,
    policy: Option<(u32, Stamp, Policy)>,
    roster_stamps: BTreeMap<u32, Stamp>,
    rosters: Rosters,
    devices: BTreeMap<PublicKey, (Stamp, DeviceIdentity)>,
    revoked_devices: BTreeSet<PublicKey>,
    forks: BTreeMap<Origin, Contradiction>,
    units: BTreeMap<Unit, UnitState>,
    /// Units with more than one passage, or one of more people than the ticket admits: only they can hold an incident.
    busy_units: BTreeSet<Unit>,
    occupancy: BTreeMap<ZoneId, i64>,
    counts: Counts,
}

/// Running totals for people to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct Counts {
    /// Persons let in, by gate.
    pub admitted: BTreeMap<GateId, u64>,
    /// Persons let out, by gate.
    pub exited: BTreeMap<GateId, u64>,
    /// Scans that let nobody pass, by reason.
    pub refused: BTreeMap<String, u64>,
}

impl State {
    /// Makes the state of an event of which nothing is known.
    pub fn new(event: EventId) -> Self {
        Self {
            event,
            policy: None,
            roster_stamps: BTreeMap::new(),
            rosters: Rosters::default(),
            devices: BTreeMap::new(),
            revoked_devices: BTreeSet::new(),
            forks: BTreeMap::new(),
            units: BTreeMap::new(),
            busy_units: BTreeSet::new(),
            occupancy: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Folds one record in. The caller has checked that its origin may write it.
    pub fn apply(&mut self, stamp: Stamp, body: Body) {
        match body {
            Body::Policy { version, policy } => self.apply_policy(version, stamp, policy),
            Body::Roster { epoch, hubs } => self.apply_roster(epoch, stamp, hubs),
            Body::Superseded { unit, generation } => self.unit(unit).hear_of(generation),
            Body::Revoked { unit, generation } => {
                self.unit(unit).stand(Standing {
                    generation,
                    stamp: Some(stamp),
                    revoked: true,
                });
            }
            Body::Reinstated { unit, generation } => {
                self.unit(unit).stand(Standing {
                    generation,
                    stamp: Some(stamp),
                    revoked: false,
                });
            }
            Body::DeviceEnrolled { identity } | Body::Opened { identity } => {
                self.apply_device(stamp, identity)
            }
            Body::DeviceRevoked { device } => {
                self.revoked_devices.insert(device);
            }
            Body::HubRetired { hub } => self.rosters.retire(hub),
            Body::RosterAdopted { epoch } => self.rosters.adopt(stamp.origin, epoch),
            Body::Admitted(passage) => self.pass(stamp, Change::entry(passage)),
            Body::Exited(passage) => self.pass(stamp, Change::exit(passage)),
            Body::Overridden { passage, .. } => self.pass(stamp, Change::overridden(passage)),
            Body::Refused(refusal) => {
                *self
                    .counts
                    .refused
                    .entry(refusal_name(&refusal.why).to_owned())
                    .or_default() += 1;
            }
            Body::ForkSeen { origin, seq, hashes } => self.freeze(Contradiction { origin, seq, hashes }),
        }
    }

    fn apply_policy(&mut self, version: u32, stamp: Stamp, policy: Policy) {
        if self
            .policy
            .as_ref()
            .is_none_or(|(held, held_stamp, _)| (version, stamp) > (*held, *held_stamp))
        {
            self.policy = Some((version, stamp, policy));
        }
    }

    fn apply_roster(&mut self, epoch: u32, stamp: Stamp, hubs: Vec<PublicKey>) {
        if self.roster_stamps.get(&epoch).is_none_or(|held| stamp > *held) {
            self.roster_stamps.insert(epoch, stamp);
            self.rosters.insert(epoch, hubs);
        }
    }

    fn apply_device(&mut self, stamp: Stamp, identity: DeviceIdentity) {
        let device = identity.unverified().device;
        if self.devices.get(&device).is_none_or(|(held, _)| stamp > *held) {
            self.devices.insert(device, (stamp, identity));
        }
    }

    fn pass(&mut self, stamp: Stamp, change: Change) {
        let unit_id = change.passage.unit;
        let unit = self.units.entry(unit_id).or_default();
        unit.hear_of(change.passage.generation);
        let Some(replaced) = unit.insert(stamp, change.clone()) else {
            return;
        };
        let too_many = change.passage.persons > change.passage.admits;
        if unit.passages().len() > 1 || unit.has_base() || too_many {
            self.busy_units.insert(unit_id);
        }
        self.count(&change, 1);
        if let Some(twin) = replaced {
            self.count(&twin, -1);
        }
    }

    fn count(&mut self, change: &Change, sign: i64) {
        let persons = i64::from(change.passage.persons) * sign;
        let (by_gate, inwards) = if change.is_entry() {
            (&mut self.counts.admitted, 1)
        } else {
            (&mut self.counts.exited, -1)
        };
        let total = by_gate.entry(change.passage.gate).or_default();
        *total = total.saturating_add_signed(persons);
        if *total == 0 {
            // A twin took the last one back: as if it had never been counted here.
            by_gate.remove(&change.passage.gate);
        }
        *self.occupancy.entry(change.passage.zone).or_default() += persons * inwards;
    }

    /// Takes note that an origin has two histories.
    pub fn freeze(&mut self, contradiction: Contradiction) {
        let held = self.forks.entry(contradiction.origin).or_insert(contradiction);
        if (contradiction.seq, contradiction.hashes) < (held.seq, held.hashes) {
            *held = contradiction;
        }
    }

    fn unit(&mut self, unit: Unit) -> &mut UnitState {
        self.units.entry(unit).or_default()
    }

    /// Gives the event.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Gives the policy in force and its version.
    pub fn policy(&self) -> Option<(u32, &Policy)> {
        self.policy
            .as_ref()
            .map(|(version, _, policy)| (*version, policy))
    }

    /// Gives the rosters.
    pub fn rosters(&self) -> &Rosters {
        &self.rosters
    }

    /// Gives the certificate of a device that enrolled or opened a log.
    pub fn device(&self, device: &PublicKey) -> Option<&DeviceIdentity> {
        self.devices.get(device).map(|(_, identity)| identity)
    }

    /// Gives every device that enrolled or opened a log.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceIdentity> {
        self.devices.values().map(|(_, identity)| identity)
    }

    /// Gives the devices nobody talks to any more.
    pub fn revoked_devices(&self) -> &BTreeSet<PublicKey> {
        &self.revoked_devices
    }

    /// Tells whether an origin is frozen because it has two histories.
    pub fn is_frozen(&self, origin: &Origin) -> bool {
        self.forks.contains_key(origin)
    }

    /// Gives the running totals.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Gives the people in a zone now.
    pub fn occupancy(&self, zone: ZoneId) -> i64 {
        self.occupancy.get(&zone).copied().unwrap_or(0)
    }

    /// Finds the passage a scan led to.
    pub fn passage_of(&self, unit: Unit, scan: ScanId) -> Option<&Passage> {
        let change = self
            .units
            .get(&unit)?
            .passages()
            .iter()
            .find(|(_, change)| change.passage.scan == scan)?;
        Some(&change.1.passage)
    }

    /// Gives every passage of a unit whose details are known, oldest first: when, which way inwards, and who.
    pub fn passages(&self, unit: Unit) -> impl Iterator<Item = (Stamp, bool, &Passage)> {
        let passages = self.units.get(&unit).map(UnitState::passages).unwrap_or_default();
        passages
            .iter()
            .map(|(stamp, change)| (*stamp, change.is_entry(), &change.passage))
    }

    /// Gives what the rules need to know of a unit in a zone.
    pub fn history(&self, unit: Unit, zone: ZoneId) -> History {
        let occupancy = self.occupancy(zone);
        let (Some(unit), Some((_, policy))) = (self.units.get(&unit), self.policy()) else {
            return History {
                occupancy,
                ..History::default()
            };
        };
        History {
            newest: unit.newest(),
            revoked: unit.is_revoked(),
            used: unit.used(zone, |at| policy.day(at)),
            last: unit.last_entry(zone).map(|(at, gate)| (Timestamp(at.ms), gate)),
            occupancy,
        }
    }
}

/// Gives the short name of a refusal: a metric label and a key of [`Counts::refused`].
pub fn refusal_name(why: &Refused) -> &'static str {
    use crate::admission::{Reason, Referral};
    use crate::ticket::Rejection;
    match why {
        Refused::Deny(Reason::Rejected(rejection)) => match rejection {
            Rejection::NotATicket => "not_a_ticket",
            Rejection::UnknownVersion { .. } => "unknown_version",
            Rejection::UnknownKey => "unknown_key",
            Rejection::FalseSignature => "false_signature",
            Rejection::StruckKey => "struck_key",
            Rejection::KeyOutOfWindow => "key_out_of_window",
            Rejection::NotLive => "not_live",
        },
        Refused::Deny(Reason::OtherEvent) => "other_event",
        Refused::Deny(Reason::Superseded { .. }) => "superseded",
        Refused::Deny(Reason::Revoked) => "revoked",
        Refused::Deny(Reason::TooEarly { .. }) => "too_early",
        Refused::Deny(Reason::TooLate { .. }) => "too_late",
        Refused::Deny(Reason::WrongZone) => "wrong_zone",
        Refused::Deny(Reason::UnknownGate) => "unknown_gate",
        Refused::Deny(Reason::UnknownTier) => "unknown_tier",
        Refused::Deny(Reason::AlreadyUsed { .. }) => "already_used",
        Refused::Deny(Reason::GroupTooLarge { .. }) => "group_too_large",
        Refused::Deny(Reason::DayUsedUp { .. }) => "day_used_up",
        Refused::Deny(Reason::NotInside) => "not_inside",
        Refused::Deny(Reason::ZoneFull { .. }) => "zone_full",
        Refused::Refer(Referral::HomeUnreachable { .. }) => "home_unreachable",
        Refused::Refer(Referral::HomeUnsettled { .. }) => "home_unsettled",
        Refused::Refer(Referral::NotReady) => "not_ready",
        Refused::Refer(Referral::OwnLogForked) => "own_log_forked",
    }
}

#[cfg(test)]
mod tests;
