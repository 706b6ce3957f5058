//! The figures of a report: all of them counted anew from what the logs say.

use std::collections::BTreeMap;

use usher_keys::{DeviceIdentity, PublicKey, Role, Timestamp};
use usher_protocol::admission::RefusalKind;
use usher_protocol::ledger::Ledger;
use usher_protocol::policy::Policy;
use usher_protocol::state::movements::Passing;
use usher_protocol::state::{Incident, State};
use usher_protocol::{GateId, ZoneId};
use usher_words::gate::Phrasebook;

use super::gathered::{GatheredLog, GatheredRecords};
use super::local::minute_of;

/// Two passages at one gate that are no further apart are of one queue, in milliseconds; a longer pause says that nobody waited.
const QUEUE_PAUSE_MS: u64 = 60_000;

/// The figures of an event.
#[derive(Debug, Clone)]
pub struct EventFigures {
    pub name: String,
    pub policy: Option<Policy>,
    /// When the report was made.
    pub made_at: Timestamp,
    pub gates: Vec<GateFigures>,
    /// People in and out, by minute since 1970 and gate.
    pub passed: BTreeMap<(u64, GateId), (u64, u64)>,
    /// People in each zone from that minute on, wherever that changed.
    pub inside: BTreeMap<ZoneId, Vec<(u64, i64)>>,
    /// Scans that let nobody pass, by minute, gate and reason.
    pub refused: BTreeMap<(u64, GateId, RefusalKind), u64>,
    /// All of them, by reason; with those that a checkpoint sums up by no minute there are none.
    pub reasons: BTreeMap<RefusalKind, u64>,
    /// What contradicts itself, in words, with the device that said so.
    pub incidents: Vec<(String, PublicKey, String)>,
    pub devices: Vec<LogFigures>,
}

/// The figures of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFigures {
    pub id: GateId,
    pub name: String,
    pub admitted: u64,
    pub exited: u64,
    /// The minute in which most people came in, and how many.
    pub busiest: Option<(u64, u64)>,
    /// How long it took from one passage to the next while people queued: half took no longer, in milliseconds.
    pub pace_ms: Option<u64>,
}

/// The figures of a device.
#[derive(Debug, Clone)]
pub struct LogFigures {
    pub device: PublicKey,
    pub name: String,
    pub role: Role,
    pub log: GatheredLog,
    pub certificate_until: Timestamp,
    pub is_revoked: bool,
    /// Incidents that are about its records.
    pub incidents: usize,
}

impl EventFigures {
    /// Counts what a ledger and the records that led to it say.
    pub fn of(ledger: &Ledger, gathered: &GatheredRecords, words: &Phrasebook) -> Self {
        let state = ledger.state();
        let policy = state.policy().map(|(_, policy)| policy);
        let passings = state.passings();
        let incidents = state.incidents();
        let said = |incident: &Incident| {
            let device = device_of(incident);
            (words.device(&device), device, words.incident(incident))
        };
        Self {
            name: policy.map_or_else(|| ledger.event().to_string(), |policy| policy.name.clone()),
            policy: policy.cloned(),
            made_at: words.now(),
            gates: gates(state, &passings, words),
            passed: passed(&passings),
            inside: inside(state),
            refused: gathered.refused.clone(),
            reasons: state.counts().refused,
            devices: state
                .devices()
                .map(|device| log(device, state, gathered, &incidents))
                .collect(),
            incidents: incidents.iter().map(said).collect(),
        }
    }

    /// Returns the name of a gate.
    pub fn gate(&self, gate: GateId) -> &str {
        let known = self.gates.iter().find(|known| known.id == gate);
        known.map_or("", |gate| gate.name.as_str())
    }

    /// Returns the name of a zone.
    pub fn zone(&self, zone: ZoneId) -> String {
        let known = self.policy.as_ref().and_then(|policy| policy.zone(zone));
        known.map_or_else(|| format!("zone {zone}"), |zone| zone.name.clone())
    }
}

/// Returns the device whose record is the one too many, or whose log it is.
fn device_of(incident: &Incident) -> PublicKey {
    match incident {
        Incident::DoubleAdmission { second: stamp, .. } | Incident::ExitTooMany { exit: stamp, .. } => {
            stamp.origin
        }
        Incident::Forked { origin } | Incident::FalseRecord { origin, .. } => *origin,
    }
}

fn gates(state: &State, passings: &[Passing], words: &Phrasebook) -> Vec<GateFigures> {
    let counts = state.counts();
    let policy = state.policy().into_iter().flat_map(|(_, policy)| &policy.gates);
    let used = counts.admitted.keys().chain(counts.exited.keys());
    let mut ids: Vec<GateId> = policy.map(|gate| gate.id).chain(used.copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let total = |gates: &BTreeMap<GateId, u64>, id: &GateId| gates.get(id).copied().unwrap_or_default();
    let gate = |id: &GateId| {
        let at_gate = || passings.iter().filter(|passing| passing.gate == *id);
        let mut minutes = BTreeMap::<u64, u64>::new();
        for passing in at_gate().filter(|passing| passing.is_entry) {
            *minutes.entry(minute_of(passing.at)).or_default() += u64::from(passing.persons);
        }
        // Of two as busy the first.
        let busiest = minutes.into_iter().rev().max_by_key(|(_, persons)| *persons);
        GateFigures {
            id: *id,
            name: words.gate(*id),
            admitted: total(&counts.admitted, id),
            exited: total(&counts.exited, id),
            busiest,
            pace_ms: pace(at_gate().map(|passing| passing.at)),
        }
    };
    ids.iter().map(gate).collect()
}

/// Returns how long half of the passages took at most from the one before, while people queued.
fn pace(moments: impl Iterator<Item = Timestamp>) -> Option<u64> {
    let moments: Vec<Timestamp> = moments.collect();
    let apart = moments.windows(2).map(|pair| pair[1].since_ms(pair[0]));
    let mut apart: Vec<u64> = apart.filter(|ms| *ms <= QUEUE_PAUSE_MS).collect();
    apart.sort_unstable();
    apart.get(apart.len().checked_sub(1)? / 2).copied()
}

fn passed(passings: &[Passing]) -> BTreeMap<(u64, GateId), (u64, u64)> {
    let mut passed = BTreeMap::<_, (u64, u64)>::new();
    for passing in passings {
        let (went_in, went_out) = passed.entry((minute_of(passing.at), passing.gate)).or_default();
        let way = if passing.is_entry { went_in } else { went_out };
        *way += u64::from(passing.persons);
    }
    passed
}

fn inside(state: &State) -> BTreeMap<ZoneId, Vec<(u64, i64)>> {
    let mut inside = BTreeMap::<ZoneId, Vec<(u64, i64)>>::new();
    for movement in state.movements() {
        let steps = inside.entry(movement.zone).or_default();
        let before = steps.last().copied();
        let (minute, persons) = (minute_of(movement.at), before.map_or(0, |(_, persons)| persons));
        if before.is_some_and(|(last, _)| last == minute) {
            steps.pop();
        }
        steps.push((minute, persons + movement.persons));
    }
    inside
}

fn log(
    identity: &DeviceIdentity,
    state: &State,
    gathered: &GatheredRecords,
    incidents: &[Incident],
) -> LogFigures {
    let certificate = identity.unverified();
    let device = certificate.device;
    let of_device = |incident: &&Incident| device_of(incident) == device;
    LogFigures {
        device,
        name: certificate.name.clone(),
        role: certificate.role,
        log: gathered.logs.get(&device).cloned().unwrap_or_default(),
        certificate_until: certificate.window.until,
        is_revoked: state.is_revoked(&device),
        incidents: incidents.iter().filter(of_device).count(),
    }
}
