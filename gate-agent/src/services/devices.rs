//! Every device of the event as this hub knows it, judged before doors: from logs, links and clocks; devices are asked for nothing.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use usher_device::replica::Snapshot;
use usher_keys::expiry::{WarningLevel, warning_at};
use usher_keys::{DeviceIdentity, PublicKey, Role, Timestamp};
use usher_protocol::clock::AGREEMENT_MS;
use usher_protocol::ledger::Ledger;
use usher_words::doctor::Condition;
use usher_words::readiness::{self, DeviceFinding};

use super::Services;
use crate::links::LinkFacts;

/// A device as the logs know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFacts {
    /// How people call it.
    pub name: String,
    pub role: Role,
    /// When its certificate ends.
    pub until: Timestamp,
    /// Records of its log that are here.
    pub records: u64,
    pub is_revoked: bool,
    /// Whether a person has said that it lets nobody in any more.
    pub is_retired: bool,
    /// Whether its log has two histories, or says what it cannot prove.
    pub is_in_question: bool,
}

/// Lists the devices of the event.
pub fn known(ledger: &Ledger) -> BTreeMap<PublicKey, DeviceFacts> {
    let state = ledger.state();
    let liars: Vec<PublicKey> = state.false_records().map(|(origin, _)| *origin).collect();
    let retired = state.rosters().retired();
    let facts = |identity: &DeviceIdentity| {
        let certificate = identity.unverified();
        let device = certificate.device;
        let facts = DeviceFacts {
            name: certificate.name.clone(),
            role: certificate.role,
            until: certificate.window.until,
            records: ledger.tail(&device).seq.0,
            is_revoked: state.is_revoked(&device),
            is_retired: retired.contains(&device),
            is_in_question: state.is_frozen(&device) || liars.contains(&device),
        };
        (device, facts)
    };
    state.devices().map(facts).collect()
}

/// How a device stands, as this hub knows it.
#[derive(Debug, Serialize)]
pub struct DeviceLine {
    /// Its key.
    pub device: String,
    /// How people call it.
    pub name: String,
    pub role: Role,
    /// Whether it is this hub.
    pub is_here: bool,
    /// Since when it is linked, in milliseconds since the Unix epoch.
    pub linked_since_ms: Option<u64>,
    /// How far its clock is ahead of the time that is gone by, in milliseconds, if it tells this hub.
    pub clock_ahead_ms: Option<i64>,
    /// Records of its log that are here.
    pub records: u64,
    /// When its certificate ends, in milliseconds since the Unix epoch.
    pub certificate_until_ms: u64,
    /// Whether it is ready.
    pub condition: Condition,
    /// What was found, and what to do unless it is good.
    pub words: String,
}

/// Judges every device.
pub fn lines(services: &Services, known: &BTreeMap<PublicKey, DeviceFacts>) -> Vec<DeviceLine> {
    let (replica, links) = (&services.replica, services.links.facts());
    let now = replica.clock().now();
    let silent = services.links.silent(Instant::now());
    let of_itself = of_itself(&replica.snapshot());
    let line = |(device, facts): (&PublicKey, &DeviceFacts)| {
        let is_here = *device == replica.me();
        let link = links.iter().find(|link| link.peer == *device);
        let clock_ahead_ms = if is_here {
            Some(replica.clock_health().ahead_ms())
        } else {
            link.and_then(|_| replica.clock().ahead_ms_of(device))
        };
        let until = link.map_or(facts.until, |link| link.until.max(facts.until));
        let reached = Reached {
            is_here,
            of_itself: of_itself.filter(|_| is_here),
            link,
            silent_ms: silent.get(device).copied(),
            clock_ahead_ms,
        };
        let judged = readiness::device(&facts.name, &finding(facts, &reached, (until, now)));
        DeviceLine {
            device: device.to_string(),
            name: facts.name.clone(),
            role: facts.role,
            is_here,
            linked_since_ms: link.map(|link| link.since.0),
            clock_ahead_ms,
            records: facts.records,
            certificate_until_ms: until.0,
            condition: judged.condition,
            words: judged.words,
        }
    };
    known.iter().map(line).collect()
}

/// How this hub reaches a device.
struct Reached<'a> {
    is_here: bool,
    /// What is known of this hub alone.
    of_itself: Option<DeviceFinding>,
    link: Option<&'a LinkFacts>,
    /// For how long a hub that was linked is not.
    silent_ms: Option<u64>,
    clock_ahead_ms: Option<i64>,
}

/// Returns what keeps this hub from letting people in, of which others cannot know.
fn of_itself(snapshot: &Snapshot) -> Option<DeviceFinding> {
    let is_behind = snapshot.is_behind_own_past;
    let behind = is_behind.then_some(DeviceFinding::LogBehind);
    behind.or_else(|| snapshot.is_beyond_us.then_some(DeviceFinding::UpdateNeeded))
}

/// Returns what matters most of a device.
fn finding(facts: &DeviceFacts, reached: &Reached, (until, now): (Timestamp, Timestamp)) -> DeviceFinding {
    let level = warning_at(until, now);
    let is_linked = reached.is_here || reached.link.is_some();
    let clock_ahead_ms = reached.clock_ahead_ms.unwrap_or_default();
    if facts.is_revoked || facts.is_retired {
        return DeviceFinding::ShutOut;
    }
    if facts.is_in_question {
        return DeviceFinding::InQuestion;
    }
    if let Some(finding) = reached.of_itself {
        return finding;
    }
    match (facts.role, level) {
        (_, Some(WarningLevel::Ended)) => DeviceFinding::CertificateEnded,
        (Role::Hub, _) if !is_linked => DeviceFinding::HubMissing(reached.silent_ms),
        _ if clock_ahead_ms.unsigned_abs() > AGREEMENT_MS => DeviceFinding::ClockOff(clock_ahead_ms),
        (_, Some(_)) => DeviceFinding::CertificateEnds,
        (Role::Scanner, None) if !is_linked => DeviceFinding::ScannerElsewhere,
        (Role::Cloud | Role::Hub | Role::Scanner, None) => DeviceFinding::Ready,
    }
}
