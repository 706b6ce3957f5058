//! What staff at gates are told of scans, tickets, incidents and times, with the names of their event; what only hubs or scanners say is apart.

mod annulments;
mod passing;
mod pins;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use usher_keys::{DeviceIdentity, PublicKey, Role, Timestamp, Window};
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::labels::UnitLabel;
use usher_protocol::policy::Policy;
use usher_protocol::request::{Answer, JudgedBy, RequestError, TicketFacts};
use usher_protocol::state::{Incident, State};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{GateId, TierId, Unit};

use crate::StaffMessage;

pub use annulments::{annulled_unknown, not_annulled};
pub use passing::{opens_at, slot_filled};
pub use refusals::refusal;

/// What people call the parts of an event, as far as a device has heard.
#[derive(Debug, Clone, Default)]
pub struct EventNames {
    /// The policy in force, with the names of gates and tiers, the labels of units and the event's time.
    pub policy: Option<Arc<Policy>>,
    /// How people call the devices.
    pub devices: Arc<BTreeMap<PublicKey, String>>,
    /// The gates of hubs, as far as certificates name them: their own, and those of the scanners they have enrolled.
    pub gates: Arc<BTreeMap<PublicKey, BTreeSet<GateId>>>,
}

impl EventNames {
    /// Takes the names from what was heard.
    pub fn of(state: &State) -> Self {
        let named = |identity: &DeviceIdentity| {
            let certificate = identity.unverified();
            (certificate.device, certificate.name.clone())
        };
        Self {
            policy: state.policy().map(|(_, policy)| Arc::new(policy.clone())),
            devices: Arc::new(state.devices().map(named).collect()),
            gates: Arc::new(gates_of(state.devices())),
        }
    }
}

fn gates_of<'a>(devices: impl Iterator<Item = &'a DeviceIdentity>) -> BTreeMap<PublicKey, BTreeSet<GateId>> {
    let mut gates: BTreeMap<PublicKey, BTreeSet<GateId>> = BTreeMap::new();
    for identity in devices {
        let certificate = identity.unverified();
        let hub = match certificate.role {
            Role::Hub => Some(certificate.device),
            Role::Scanner => identity.via.as_ref().map(|via| via.certificate.device),
            Role::Cloud => None,
        };
        if let Some(hub) = hub {
            let known = gates.entry(hub).or_default();
            known.extend(certificate.gates.iter().copied().map(GateId));
        }
    }
    gates
}

/// What a device is called whose certificate is not known yet: its key says nothing to people.
pub const UNNAMED: &str = "a device whose name is not known here";

/// Says things about one event, at one moment, with the names people know.
#[derive(Clone)]
pub struct Phrasebook {
    names: EventNames,
    /// When this device's own certificate counts.
    certificate: Window,
    now: Timestamp,
    /// For how many milliseconds hubs were not heard.
    silent: BTreeMap<PublicKey, u64>,
    /// Whether the other machines of the event refuse this one.
    is_refused: bool,
}

impl Phrasebook {
    /// Makes the phrasebook of a device whose certificate counts within that window.
    pub fn new(names: EventNames, certificate: Window, now: Timestamp) -> Self {
        Self {
            names,
            certificate,
            now,
            silent: BTreeMap::new(),
            is_refused: false,
        }
    }

    /// Knows also which hubs are not heard, and for how many milliseconds.
    #[must_use]
    pub fn missing(self, silent: BTreeMap<PublicKey, u64>) -> Self {
        Self { silent, ..self }
    }

    /// Also takes into account that other machines refuse this one.
    #[must_use]
    pub fn refused(self, is_refused: bool) -> Self {
        Self { is_refused, ..self }
    }

    /// Returns the moment of which it speaks.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Says how a scan came out.
    pub fn answer(&self, answer: &Answer, direction: Direction) -> StaffMessage {
        match answer.verdict {
            Verdict::Admit { persons, left } => {
                self.passing(answer.ticket.as_ref(), direction, (persons, left))
            }
            Verdict::Deny(reason) => self.denied(reason, answer),
            Verdict::Refer(referral) => self.referred(referral, answer.by),
        }
    }

    /// Says why there is no verdict.
    pub fn error(&self, error: RequestError) -> StaffMessage {
        match error {
            RequestError::NotAllowed if self.is_refused => refused_by_others(),
            RequestError::NotAllowed => StaffMessage::new(
                "Not allowed",
                self.clock_or(
                    "This device may not do that at this gate. Use another device; if no device may, check the hub's clock",
                ),
            ),
            RequestError::NotHome | RequestError::Malformed => {
                StaffMessage::new("Not understood", "Scan again. If this message comes back, update the devices")
            }
            RequestError::Unavailable => StaffMessage::new(
                "Cannot decide",
                "The hub cannot decide now, perhaps because its disk is full. Scan again; if this message comes back, call technical support",
            ),
            RequestError::Busy => StaffMessage::new("Busy", "The hub is busy: scan again"),
            RequestError::NoPin => pins::none(),
            RequestError::WrongPin { rest_s } => pins::wrong(rest_s),
            RequestError::PinsRest { rest_s } => pins::resting(rest_s),
        }
    }

    /// Says that this device's own certificate does not count at what its clock says, or something else where it does: a clock
    /// that was set wrong is likelier than anything else, and looks like a matter of rights.
    fn clock_or(&self, otherwise: &str) -> String {
        let window = self.certificate;
        if window.contains(self.now) {
            return otherwise.to_owned();
        }
        let (now, until) = (self.date(self.now), self.date(window.until));
        let passes = if self.now < window.from {
            format!("counts from {} on", self.date(window.from))
        } else {
            format!("ended {until}")
        };
        format!(
            "Check this device's clock: it says {now}, and its certificate {passes}. If the clock is right, enrol it anew"
        )
    }

    /// Says what a ticket is, in a line.
    pub fn ticket(&self, ticket: &TicketFacts) -> String {
        let mut said = format!("{}, {}", self.tier(ticket.tier), self.place(ticket.unit));
        if ticket.admits > 1 {
            said.push_str(&format!(", {} people", ticket.admits));
        }
        if TicketFlags(ticket.flags).contains(TicketFlags::CHECK_ID) {
            said.push_str(", CHECK ID");
        }
        said
    }

    /// Says who judged, where that matters to staff.
    pub fn judged_by(&self, by: JudgedBy) -> Option<String> {
        match by {
            JudgedBy::Home(_) => None,
            JudgedBy::Hub(hub) => Some(format!(
                "judged by {} without the hub that decides on this ticket",
                self.device(&hub)
            )),
            JudgedBy::Alone => Some("judged alone: no hub could be reached".to_owned()),
        }
    }

    /// Says what contradiction was found.
    pub fn incident(&self, incident: &Incident) -> String {
        match incident {
            Incident::DoubleAdmission {
                unit,
                second_at,
                second_gate,
                first,
                ..
            } => self.double(*unit, first.as_ref(), (*second_at, *second_gate)),
            Incident::ExitTooMany { unit, at, gate, .. } => format!(
                "{} went out {}, {}, but nobody is known to have come in with that ticket: check that this gate scans in the right direction",
                sentence(&self.place(*unit)),
                self.time(*at),
                self.gate(*gate)
            ),
            Incident::Forked { origin } => {
                format!(
                    "{} has two histories, because it was copied or restored from a backup. Ask the organizer to say which history counts, or have the device enrolled anew",
                    sentence(&self.device(origin))
                )
            }
            Incident::FalseRecord { origin, seq } => format!(
                "{} has recorded things that it cannot prove or may not say, from its record {seq} on. They count for nothing. \
                 If the device was stolen, ask the organizer to revoke it",
                sentence(&self.device(origin))
            ),
        }
    }

    fn double(&self, unit: Unit, first: Option<&(Timestamp, GateId)>, second: (Timestamp, GateId)) -> String {
        let place = sentence(&self.place(unit));
        let again = format!("again {}, {}", self.time(second.0), self.gate(second.1));
        match first {
            Some((at, gate)) => {
                format!(
                    "{place} was let in twice: {}, {}, {again}",
                    self.time(*at),
                    self.gate(*gate)
                )
            }
            None => format!("{place} was let in twice: {again}"),
        }
    }

    /// Says how old our knowledge of revocations is: up to when it is whole, if our clock can tell, and the cloud's time when it was
    /// last heard.
    pub fn freshness(&self, as_of: Option<Timestamp>, heard: Option<Timestamp>) -> String {
        match (as_of, heard) {
            (Some(at), _) => format!("revocations as of {}", ago(self.now.since_ms(at))),
            (None, Some(at)) => format!("revocations as of {} by the cloud's clock", self.date(at)),
            (None, None) => "no revocations received yet".to_owned(),
        }
    }

    /// Says when something was, in local time: the hour, and the day unless it is today.
    pub fn time(&self, at: Timestamp) -> String {
        let policy = self.names.policy.as_deref();
        let offset_minutes = policy.map_or(0, |policy| policy.offset_at(at));
        let (Some(at), Some(now)) = (local(at, offset_minutes), local(self.now, offset_minutes)) else {
            return "at an unknown time".to_owned();
        };
        let days_apart = (at.date() - now.date()).get_days().abs();
        let format = match days_apart {
            0 => "%H:%M",
            1..7 => "%a %H:%M",
            _ => "%-d %b %Y %H:%M",
        };
        let said = strtime::format(format, &at).unwrap_or_else(|_| at.to_string());
        // Before a policy was heard nobody knows the event's zone.
        match policy {
            Some(_) => said,
            None => format!("{said} UTC"),
        }
    }

    /// Says what this device's clock shows and, when nothing confirms it, that a person should compare it. It is a plain line
    /// and no alarm: most clocks are right.
    pub fn clock(&self, compared: usize) -> String {
        let date = self.date(self.now);
        match compared {
            0 => format!("{date}, with nobody to compare it with: look at a watch"),
            1 => format!("{date}, compared with 1 other"),
            others => format!("{date}, compared with {others} others"),
        }
    }

    /// Says the day and hour of a moment in full, for people who compare it with their own watch.
    pub fn date(&self, at: Timestamp) -> String {
        let policy = self.names.policy.as_deref();
        let offset_minutes = policy.map_or(0, |policy| policy.offset_at(at));
        let utc = if policy.is_none() { " UTC" } else { "" };
        local(at, offset_minutes).map_or_else(
            || "an unknown time".to_owned(),
            |at| {
                let said = strtime::format("%-d %b %Y %H:%M", &at).unwrap_or_else(|_| at.to_string());
                format!("{said}{utc}")
            },
        )
    }

    /// Returns a gate's name.
    pub fn gate(&self, gate: GateId) -> String {
        let known = self.names.policy.as_deref().and_then(|policy| policy.gate(gate));
        known.map_or_else(|| format!("gate {gate}"), |gate| gate.name.clone())
    }

    /// Returns what a unit is called, as printed on its ticket.
    pub fn place(&self, unit: Unit) -> String {
        let policy = self.names.policy.as_deref();
        policy
            .map_or(UnitLabel::without_table(unit), |policy| policy.label(unit))
            .to_string()
    }

    /// Returns a tier's name.
    pub fn tier(&self, tier: TierId) -> String {
        let known = self.names.policy.as_deref().and_then(|policy| policy.tier(tier));
        known.map_or_else(|| format!("tier {tier}"), |tier| tier.name.clone())
    }

    /// Returns a device's name.
    pub fn device(&self, device: &PublicKey) -> String {
        let known = self.names.devices.get(device).cloned();
        known.unwrap_or_else(|| UNNAMED.to_owned())
    }
}

/// Says for how long a hub was not heard.
pub fn not_heard(silent_ms: u64) -> String {
    match silent_ms / 60_000 {
        0 => format!("not heard of for {} s", silent_ms / 1_000),
        1 => "not heard of for a minute".to_owned(),
        minutes => format!("not heard of for {minutes} minutes"),
    }
}

/// Begins a sentence with a name.
fn sentence(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Says that a ticket is for another event, which this device serves too.
pub fn other_event(name: &str) -> StaffMessage {
    StaffMessage::new("Other event", format!("A genuine ticket, but for {name}"))
}

/// Says how long ago something was.
pub fn ago(ms: u64) -> String {
    match ms / 1_000 {
        0 => "just now".to_owned(),
        seconds @ 1..120 => format!("{seconds} s ago"),
        seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3_600),
    }
}

/// Says what to do with guests at a hub that the other machines of the event refuse.
fn refused_by_others() -> StaffMessage {
    StaffMessage::new(
        "Do not use",
        "The other machines of the event refuse this hub: send to another hub's gate, and tell technical support",
    )
}

fn people(persons: u8) -> String {
    match persons {
        1 => "1 person".to_owned(),
        persons => format!("{persons} people"),
    }
}

fn more(left: u8) -> String {
    format!("{left} more")
}

fn local(at: Timestamp, offset_minutes: i16) -> Option<jiff::Zoned> {
    let instant = jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    let offset = Offset::from_seconds(i32::from(offset_minutes) * 60).ok()?;
    Some(instant.to_zoned(TimeZone::fixed(offset)))
}

#[cfg(test)]
mod tests;
