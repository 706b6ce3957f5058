//! Who and what the vectors are about: keys of fixed seeds, an event with its policy, certificates and a bundle.

use data_encoding::BASE64;
use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyStatus, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::labels::UnitLabels;
use usher_protocol::policy::{EntryRule, Gate, Offline, OffsetChange, Policy, TierRules, TimeSlots, Zone};
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::ticket::foreign::{ForeignList, ListedCode};
use usher_protocol::ticket::{Ticket, TicketFlags, digits};
use usher_protocol::{GateId, Generation, Hlc, TierId, Unit, ZoneId};

pub const EVENT: EventId = EventId(*b"vectors of usher");
/// 2027-01-15T08:00:00Z.
pub const NOW: u64 = 1_800_000_000_000;
pub const WINDOW: Window = Window {
    from: Timestamp(1_790_000_000_000),
    until: Timestamp(1_810_000_000_000),
};

pub fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub fn tickets() -> SecretKey {
    key(0x01)
}

pub fn root() -> SecretKey {
    key(0x0a)
}

pub fn authority() -> SecretKey {
    key(0x0b)
}

pub fn issuing() -> SecretKey {
    key(0x0c)
}

pub fn hub() -> SecretKey {
    key(0x11)
}

pub fn other_hub() -> SecretKey {
    key(0x12)
}

pub fn scanner() -> SecretKey {
    key(0x21)
}

pub fn at(ms: u64, count: u32) -> Hlc {
    Hlc { ms: NOW + ms, count }
}

pub fn bundle() -> TrustBundle {
    let mut struck = TrustedKey::active(key(0x02).public(), WINDOW);
    struck.status = KeyStatus::Struck(Timestamp(NOW));
    TrustBundle {
        event: EVENT,
        version: 3,
        roots: RootSet::single(root().public()),
        ticket_keys: vec![TrustedKey::active(tickets().public(), WINDOW), struck],
        authority_keys: vec![TrustedKey::active(authority().public(), Window::ALWAYS)],
        issuing_keys: vec![TrustedKey::active(issuing().public(), Window::ALWAYS)],
    }
}

pub fn signed_bundle() -> SignedBundle {
    bundle().sign(&[&root()])
}

pub fn hub_certificate() -> Certificate {
    Certificate {
        event: EVENT,
        device: hub().public(),
        role: Role::Hub,
        name: "North hub".to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities {
            enrol_scanners: true,
            override_refusals: true,
        },
        window: WINDOW,
    }
}

pub fn hub_identity() -> DeviceIdentity {
    DeviceIdentity {
        certificate: hub_certificate().sign(&issuing()),
        via: None,
    }
}

/// A scanner that the hub enrolled, for gates 1 and 300.
pub fn scanner_identity() -> DeviceIdentity {
    let certificate = Certificate {
        event: EVENT,
        device: scanner().public(),
        role: Role::Scanner,
        name: "Türe 1".to_owned(),
        gates: vec![1, 300],
        capabilities: Capabilities::default(),
        window: WINDOW,
    };
    DeviceIdentity {
        certificate: certificate.sign(&hub()),
        via: Some(hub_identity().certificate),
    }
}

/// A ticket of the second tier for four people.
pub fn ticket() -> Ticket {
    Ticket {
        key: tickets().public().id(),
        unit: Unit(4_711),
        generation: Generation(1),
        tier: TierId(2),
        admits: 4,
        flags: TicketFlags::default(),
        holder: None,
    }
}

/// The bytes of its code.
pub fn code() -> Vec<u8> {
    ticket().sign(&tickets()).bytes().to_vec()
}

/// The bytes of the code of the same ticket as a live one, shown by its holder's phone.
pub fn live_code() -> Vec<u8> {
    let holder = key(0x70);
    let live = Ticket {
        holder: Some(holder.public()),
        ..ticket()
    };
    let text = live.sign(&tickets()).shown_live(&holder, Timestamp(NOW));
    digits::decode(text.as_bytes()).unwrap()
}

pub fn policy() -> Policy {
    Policy {
        labels: Some(labels()),
        name: "Night of Vectors".to_owned(),
        utc_offset_minutes: -90,
        time_zone: "America/St_Johns".to_owned(),
        offset_changes: vec![OffsetChange {
            at: Timestamp(NOW + 1),
            utc_offset_minutes: -150,
        }],
        day_start_minutes: 360,
        zones: vec![zone(1, "Hall", Some(5_000)), balcony()],
        gates: vec![gate(1, "North", 1), between(gate(300, "Stairs", 2))],
        tiers: vec![
            TierRules {
                windows: vec![WINDOW],
                ..tier(1, "Regular", EntryRule::Single, Offline::Strict)
            },
            TierRules {
                zones: vec![ZoneId(1), ZoneId(2)],
                ..tier(2, "VIP", EntryRule::Reentry, Offline::Available)
            },
            tier(3, "Pass", EntryRule::PerDay(2), Offline::Strict),
        ],
    }
}

/// The same, with live tickets from the beginning of time for one tier and from a moment on for another.
pub fn live_policy() -> Policy {
    let mut policy = policy();
    policy.tiers[0].live_from = Some(Timestamp(0));
    policy.tiers[1].live_from = Some(Timestamp(NOW));
    policy
}

/// A zone inside another.
fn balcony() -> Zone {
    Zone {
        inside: Some(ZoneId(3)),
        ..zone(2, "Balcony", None)
    }
}

/// A gate that leads out of the zone beside the one it leads into.
fn between(gate: Gate) -> Gate {
    Gate {
        leaves: Some(ZoneId(4)),
        ..gate
    }
}

/// Two rows of two seats in one section, and a row of boxes in another.
fn labels() -> UnitLabels {
    let seats = [
        ["Stalls", "1", "11"],
        ["Stalls", "1", "12"],
        ["Stalls", "2", "11"],
        ["Stalls", "2", "12"],
        ["Balcony", "Box", "left"],
        ["Balcony", "Box", "right"],
    ];
    UnitLabels::of(seats.into_iter())
}

fn zone(id: u16, name: &str, capacity: Option<u32>) -> Zone {
    Zone {
        id: ZoneId(id),
        name: name.to_owned(),
        capacity,
        time_slots: capacity.map(|persons| TimeSlots { minutes: 30, persons }),
        inside: None,
    }
}

fn gate(id: u16, name: &str, zone: u16) -> Gate {
    Gate {
        id: GateId(id),
        name: name.to_owned(),
        zone: ZoneId(zone),
        leaves: None,
    }
}

fn tier(id: u16, name: &str, entry: EntryRule, offline: Offline) -> TierRules {
    TierRules {
        id: TierId(id),
        name: name.to_owned(),
        zones: vec![ZoneId(1)],
        windows: Vec::new(),
        entry,
        offline,
        live_from: None,
    }
}

/// What another seller's codes are hashed with.
pub const SALT: [u8; 32] = [0x5a; 32];

/// The key of a seller that signs codes.
pub fn seller() -> SecretKey {
    key(0x5e)
}

/// A code as pretix signs it: a seed, item 12, variation 3, and no times.
pub fn signed_code() -> Vec<u8> {
    let payload = b"\x0a\x09abcdefghi\x10\x0c\x18\x03\x28\x00\x30\x00";
    let mut bytes = vec![1, 0, 19, 0, 64];
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&seller().sign_plain(payload).0);
    BASE64.encode(&bytes).bytes().rev().collect()
}

/// A code as alf.io makes it.
pub fn proved_code() -> Vec<u8> {
    let proof = BASE64.encode(&[0x3c; 32]);
    format!("5f1c2c5e-7bd2-4f6f-9d1c-0123456789ab/{proof}").into_bytes()
}

/// One code of each scheme.
pub fn foreign_codes() -> [(&'static str, Vec<u8>); 3] {
    [
        ("text", b"2384000123".to_vec()),
        ("signed", signed_code()),
        ("hashed", proved_code()),
    ]
}

pub fn foreign_list() -> ForeignList {
    let codes = foreign_codes();
    let listed = (70_001..).zip(&codes).map(|(unit, (_, text))| ListedCode {
        code: identify(text).unwrap().hash(&SALT),
        unit: Unit(unit),
        tier: TierId(2),
        admits: 4,
        used: 1,
    });
    ForeignList {
        salt: SALT,
        sellers: vec![seller().public()],
        codes: listed.collect(),
    }
}
