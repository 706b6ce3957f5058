//! The event, keys and machines that the tests of this crate play with: everything in memory, time by hand; compiled for tests only.

pub mod bodies;
pub mod line;
pub mod machine;

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyStatus, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, TrustedKey, Window,
};

use std::sync::Arc;

use crate::fork::ForkProof;
use crate::ident::{GateId, Generation, ScanId, Seq, TierId, Unit, ZoneId};
use crate::ledger::ScanQuestion;
use crate::log::{Hash, Head, Tail};
use crate::policy::{EntryRule, Gate, Offline, Policy, TierRules, Zone};
use crate::record::ShownPassage;
use crate::request::Scan;
use crate::ticket::{Ticket, TicketFlags, VerifiedTicket, digits};
use crate::trust::Trust;

pub const EVENT: EventId = EventId(*b"rehearsed event!");
/// 2027-01-15T08:00:00Z.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const HOUR_MS: u64 = 60 * 60 * 1000;
/// When certificates are valid.
pub const SEASON: Window = Window {
    from: Timestamp(NOW.0 - 1_000 * HOUR_MS),
    until: Timestamp(NOW.0 + 1_000 * HOUR_MS),
};

/// Tiers of the policy by what they are for.
pub const STRICT: u16 = 1;
pub const AVAILABLE: u16 = 2;
pub const REENTRY: u16 = 3;
pub const TWICE_A_DAY: u16 = 4;
/// The gates: two into zone 1, one into zone 2.
pub const NORTH: GateId = GateId(1);
pub const SOUTH: GateId = GateId(2);
pub const STAIRS: GateId = GateId(3);

pub fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub fn root() -> SecretKey {
    key(0x0a)
}

pub fn tickets() -> SecretKey {
    key(0x01)
}

pub fn struck() -> SecretKey {
    key(0x02)
}

/// A ticket key that only bundles from version 2 on know.
pub fn late_tickets() -> SecretKey {
    key(0x03)
}

pub fn authority() -> SecretKey {
    key(0x0b)
}

/// The authority key after the first, which [`succeeded`] bundles know.
pub fn successor() -> SecretKey {
    key(0x0e)
}

/// The authority key after that one.
pub fn third_authority() -> SecretKey {
    key(0x0f)
}

pub fn issuing() -> SecretKey {
    key(0x0c)
}

/// An issuing key that only bundles from version 2 on know.
pub fn new_issuing() -> SecretKey {
    key(0x0d)
}

pub fn hub(number: u8) -> SecretKey {
    key(0x10 + number)
}

pub fn scanner(number: u8) -> SecretKey {
    key(0x20 + number)
}

pub fn roots() -> RootSet {
    RootSet::single(root().public())
}

pub fn bundle(version: u64) -> TrustBundle {
    let trusted = |key: SecretKey| TrustedKey::active(key.public(), Window::ALWAYS);
    let mut out = trusted(struck());
    out.status = KeyStatus::Struck(NOW);
    let mut issuing_keys = vec![trusted(issuing())];
    let mut ticket_keys = vec![trusted(tickets()), out];
    if version > 1 {
        issuing_keys.push(trusted(new_issuing()));
        ticket_keys.push(trusted(late_tickets()));
    }
    TrustBundle {
        event: EVENT,
        version,
        roots: roots(),
        ticket_keys,
        authority_keys: vec![trusted(authority())],
        issuing_keys,
    }
}

/// A bundle of that version, from 2, with these authority keys after the first one; those of these ids are struck out, be
/// they authority, issuing or ticket keys.
pub fn succeeded(version: u64, later: &[SecretKey], struck: &[&SecretKey]) -> SignedBundle {
    let mut bundle = bundle(version);
    let trusted = |key: &SecretKey| TrustedKey::active(key.public(), Window::ALWAYS);
    bundle.authority_keys.extend(later.iter().map(trusted));
    for key in struck {
        bundle = bundle
            .strike(key.public().id(), NOW)
            .expect("a key of the bundle");
    }
    bundle.version = version;
    bundle.sign(&[&root()])
}

pub fn signed_bundle(version: u64) -> SignedBundle {
    bundle(version).sign(&[&root()])
}

pub fn trust(version: u64) -> Trust {
    Trust::pin(&roots(), signed_bundle(version)).unwrap()
}

pub fn certificate(device: &SecretKey, role: Role) -> Certificate {
    Certificate {
        event: EVENT,
        device: device.public(),
        role,
        name: format!("Device {}", device.public().id()),
        gates: Vec::new(),
        capabilities: Capabilities::default(),
        window: SEASON,
    }
}

pub fn identity(device: &SecretKey, role: Role) -> DeviceIdentity {
    identity_by(&issuing(), certificate(device, role))
}

pub fn identity_by(issuer: &SecretKey, certificate: Certificate) -> DeviceIdentity {
    DeviceIdentity {
        certificate: certificate.sign(issuer),
        via: None,
    }
}

/// Like [`identity`], but a supervisor may override refusals there, and a hub may enrol scanners.
pub fn capable(device: &SecretKey, role: Role) -> DeviceIdentity {
    let mut certificate = certificate(device, role);
    certificate.capabilities = Capabilities {
        enrol_scanners: role == Role::Hub,
        override_refusals: true,
    };
    identity_by(&issuing(), certificate)
}

/// The identity of a scanner that a hub with [`capable`] powers has enrolled.
pub fn enrolled_by(hub: &SecretKey, certificate: Certificate) -> DeviceIdentity {
    DeviceIdentity {
        certificate: certificate.sign(hub),
        via: Some(capable(hub, Role::Hub).certificate),
    }
}

pub fn policy() -> Policy {
    let tier = |id, entry, offline| TierRules {
        id: TierId(id),
        name: format!("Tier {id}"),
        zones: vec![ZoneId(1), ZoneId(2)],
        windows: Vec::new(),
        entry,
        offline,
        live_from: None,
    };
    let gate = |id: GateId, zone| Gate {
        id,
        name: format!("Gate {id}"),
        zone: ZoneId(zone),
        leaves: None,
    };
    let zone = |id, inside| Zone {
        id: ZoneId(id),
        name: format!("Zone {id}"),
        capacity: None,
        time_slots: None,
        inside,
    };
    Policy {
        name: "Rehearsal".to_owned(),
        utc_offset_minutes: 60,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 6 * 60,
        zones: vec![zone(1, None), zone(2, Some(ZoneId(1)))],
        gates: vec![gate(NORTH, 1), gate(SOUTH, 1), gate(STAIRS, 2)],
        tiers: vec![
            tier(STRICT, EntryRule::Single, Offline::Strict),
            tier(AVAILABLE, EntryRule::Single, Offline::Available),
            tier(REENTRY, EntryRule::Reentry, Offline::Strict),
            tier(TWICE_A_DAY, EntryRule::PerDay(2), Offline::Strict),
        ],
        labels: None,
    }
}

pub fn ticket(unit: u32, tier: u16) -> Ticket {
    Ticket {
        key: tickets().public().id(),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(tier),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    }
}

pub fn verified(ticket: Ticket) -> VerifiedTicket {
    let payload = ticket.sign(&tickets());
    trust(1).keyring().verify(payload.bytes(), NOW).unwrap()
}

/// One person of a ticket at a gate, as a record holds it; the code is genuine.
pub fn shown(scan: u8, ticket: Ticket, gate: GateId) -> ShownPassage {
    ShownPassage {
        scan: ScanId([scan; 16]),
        code: ticket.sign(&tickets()).bytes().to_vec(),
        persons: 1,
        gate,
        zone: policy().gate(gate).map(|gate| gate.zone).unwrap_or_default(),
        at: NOW,
        counterparts: Vec::new(),
    }
}

/// The proof that an origin signed these two different heads at one number.
pub fn fork(origin: &SecretKey, seq: u64, hashes: [Hash; 2]) -> ForkProof {
    let seq = Seq(seq);
    let [one, other] = hashes.map(|hash| Head::sign(EVENT, Tail { seq, hash }, origin));
    ForkProof::of_heads(one, other).expect("two different heads")
}

pub fn shared_trust(version: u64) -> Arc<Trust> {
    Arc::new(trust(version))
}

/// One person comes in at the north gate.
pub fn asked(scan: u8, ticket: Ticket) -> ScanQuestion {
    ScanQuestion {
        scan: ScanId([scan; 16]),
        ticket: verified(ticket),
        gate: NORTH,
        direction: crate::admission::Direction::In,
        persons: 1,
    }
}

/// The scan as it was read.
pub fn question(asked: &ScanQuestion) -> Scan {
    Scan {
        id: asked.scan,
        code: digits::encode(asked.ticket.code()).into_bytes(),
        gate: asked.gate,
        direction: asked.direction,
        persons: asked.persons,
    }
}
