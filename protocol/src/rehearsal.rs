//! The event, keys and machines that the tests of this crate play with: everything in memory, time by hand; compiled for tests only.

pub mod bodies;
pub mod line;
pub mod machine;

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyStatus, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, TrustedKey, Window,
};

use crate::ident::{GateId, Generation, ScanId, TierId, Unit, ZoneId};
use crate::ledger::Asked;
use crate::policy::{Entry, Gate, Offline, Policy, Tier, Zone};
use crate::ticket::{Ticket, TicketFlags, VerifiedTicket};
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

pub fn authority() -> SecretKey {
    key(0x0b)
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
    if version > 1 {
        issuing_keys.push(trusted(new_issuing()));
    }
    TrustBundle {
        event: EVENT,
        version,
        roots: roots(),
        ticket_keys: vec![trusted(tickets()), out],
        authority_keys: vec![trusted(authority())],
        issuing_keys,
    }
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

pub fn policy() -> Policy {
    let tier = |id, entry, offline| Tier {
        id: TierId(id),
        name: format!("Tier {id}"),
        zones: vec![ZoneId(1), ZoneId(2)],
        windows: Vec::new(),
        entry,
        offline,
    };
    let gate = |id: GateId, zone| Gate {
        id,
        name: format!("Gate {id}"),
        zone: ZoneId(zone),
    };
    let zone = |id| Zone {
        id: ZoneId(id),
        name: format!("Zone {id}"),
        capacity: None,
    };
    Policy {
        name: "Rehearsal".to_owned(),
        utc_offset_minutes: 60,
        day_start_minutes: 6 * 60,
        zones: vec![zone(1), zone(2)],
        gates: vec![gate(NORTH, 1), gate(SOUTH, 1), gate(STAIRS, 2)],
        tiers: vec![
            tier(STRICT, Entry::Single, Offline::Strict),
            tier(AVAILABLE, Entry::Single, Offline::Available),
            tier(REENTRY, Entry::Reentry, Offline::Strict),
            tier(TWICE_A_DAY, Entry::PerDay(2), Offline::Strict),
        ],
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

/// One person comes in at the north gate.
pub fn asked(scan: u8, ticket: Ticket) -> Asked {
    Asked {
        scan: ScanId([scan; 16]),
        ticket: verified(ticket),
        gate: NORTH,
        direction: crate::admission::Direction::In,
        persons: 1,
    }
}
