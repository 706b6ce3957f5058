//! The event that is played: keys drawn from the seed, certificates, policy, and tickets signed like those that are sold.

use std::sync::Arc;

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Role, RootSet, SecretKey, TrustBundle,
    TrustedKey, Window,
};
use usher_protocol::policy::{Gate, Policy, TierRules, Zone};
use usher_protocol::record::Body;
use usher_protocol::ticket::{Ticket, TicketFlags};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use crate::chance::Chance;
use crate::scenario::Scenario;

/// When doors open in the world that is played: far enough from 0 for people who come before.
pub(crate) const DOORS_MS: u64 = 1_800_000_000_000;
/// The zone behind all gates.
const ZONE: ZoneId = ZoneId(1);

/// The event's keys, and what devices pin of them.
pub(crate) struct PlayedEvent {
    tickets: SecretKey,
    strangers: SecretKey,
    pub authority: SecretKey,
    issuing: SecretKey,
    pub trust: Arc<Trust>,
}

impl PlayedEvent {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let mut key = || SecretKey::from_seed(&chance.seed());
        let (root, tickets, strangers, authority, issuing) = (key(), key(), key(), key(), key());
        let trusted = |key: &SecretKey| vec![TrustedKey::active(key.public(), Window::ALWAYS)];
        let roots = RootSet::single(root.public());
        let bundle = TrustBundle {
            event: EventId(*b"an evening ahead"),
            version: 1,
            roots: roots.clone(),
            ticket_keys: trusted(&tickets),
            authority_keys: trusted(&authority),
            issuing_keys: trusted(&issuing),
        };
        let trust = Trust::pin(&roots, bundle.sign(&[&root]));
        Self {
            trust: Arc::new(trust.expect("the bundle is signed by the root that is pinned")),
            tickets,
            strangers,
            authority,
            issuing,
        }
    }

    /// Certifies a device for all gates.
    pub(crate) fn certify(&self, device: PublicKey, role: Role, name: &str) -> DeviceIdentity {
        let certificate = Certificate {
            event: self.trust.event(),
            device,
            role,
            name: name.to_owned(),
            gates: Vec::new(),
            capabilities: Capabilities {
                enrol_scanners: role == Role::Hub,
                override_refusals: false,
            },
            window: Window::ALWAYS,
        };
        DeviceIdentity {
            certificate: certificate.sign(&self.issuing),
            via: None,
        }
    }

    /// Returns the text in the code of a unit's ticket.
    pub(crate) fn ticket(&self, unit: u32, tier: usize) -> Arc<[u8]> {
        sign(unit, tier, &self.tickets)
    }

    /// Returns the text of a code that another event's key has signed.
    pub(crate) fn strange_ticket(&self, unit: u32) -> Arc<[u8]> {
        sign(unit, 0, &self.strangers)
    }
}

fn sign(unit: u32, tier: usize, key: &SecretKey) -> Arc<[u8]> {
    let ticket = Ticket {
        key: key.public().id(),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(number(tier)),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    };
    ticket.sign(key).to_text().into_bytes().into()
}

/// Returns what the authority says of the event before doors.
pub(crate) fn authority_records(
    scenario: &Scenario,
    devices: Vec<DeviceIdentity>,
    hubs: Vec<PublicKey>,
) -> Vec<Body> {
    let policy = Body::Policy {
        version: 1,
        policy: policy(scenario),
    };
    let enrolled = devices
        .into_iter()
        .map(|identity| Body::DeviceEnrolled { identity });
    let roster = Body::Roster { epoch: 1, hubs };
    std::iter::once(policy).chain(enrolled).chain([roster]).collect()
}

fn policy(scenario: &Scenario) -> Policy {
    let tiers = scenario.tiers.iter().enumerate().map(|(at, tier)| TierRules {
        id: TierId(number(at)),
        name: tier.name.clone(),
        zones: vec![ZONE],
        windows: Vec::new(),
        entry: tier.entry,
        offline: tier.offline,
        live_from: None,
    });
    let gates = scenario.gates.iter().enumerate().map(|(at, gate)| Gate {
        id: gate_id(at),
        name: gate.name.clone(),
        zone: ZONE,
        leaves: None,
    });
    Policy {
        name: scenario.name.clone(),
        utc_offset_minutes: 0,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 0,
        zones: vec![Zone {
            id: ZONE,
            name: scenario.name.clone(),
            capacity: None,
            time_slots: None,
            inside: None,
        }],
        gates: gates.collect(),
        tiers: tiers.collect(),
        labels: None,
    }
}

/// Returns the id of a gate by its place in the scenario.
pub(crate) fn gate_id(at: usize) -> GateId {
    GateId(number(at))
}

fn number(at: usize) -> u16 {
    u16::try_from(at).expect("a scenario has few gates and tiers")
}
