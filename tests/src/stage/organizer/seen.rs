//! What the organizer is told of gates: scans, contradictions, devices, as far as tests look at it.

use serde::Deserialize;

/// A scan as the organizer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Scanned {
    /// `admitted`, `exited`, `denied`, `referred`, `overridden` or `withdrawn`.
    pub kind: String,
    /// The scan's id.
    pub scan: String,
    /// Why nobody passed.
    #[serde(default)]
    pub reason: Option<String>,
    /// Who let them in against the rules.
    #[serde(default)]
    pub by: Option<String>,
    #[serde(default)]
    pub why: Option<String>,
    pub gate: Named,
    pub unit: Sold,
    /// Who wrote it down.
    pub device: Named,
}

/// A gate or device, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    pub name: String,
}

/// A unit of an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sold {
    /// Its number.
    pub unit: u32,
}

/// A contradiction as the organizer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Incident {
    /// Names it, the same on every replica.
    pub id: String,
    /// `double_admission` or `forked`.
    pub kind: String,
    /// What happened.
    pub words: String,
}

/// The devices of an event as the organizer sees them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Devices {
    pub devices: Vec<Device>,
    /// How many records of all logs the cloud holds.
    pub records: u64,
}

/// A device as the organizer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// Its public key.
    pub device: String,
    pub name: String,
    /// `hub` or `scanner`.
    pub role: String,
    /// Whether it is linked to the cloud now.
    pub linked: bool,
    /// How many records it lacks.
    pub records_behind: u64,
    /// That its clock is not the cloud's, in words.
    #[serde(default)]
    pub clock_warning: Option<String>,
    /// Whether nobody talks to it any more.
    pub revoked: bool,
    /// Whether it has two histories.
    pub frozen: bool,
}
