//! An event with its keys, certificates and replicas, all from fixed seeds.

use std::sync::Arc;

use usher_fixtures::SHOW;
pub(super) use usher_fixtures::key;
use usher_keys::{Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Role, Timestamp};
use usher_protocol::admission::{Reason, Refused};
use usher_protocol::ledger::Ledger;
use usher_protocol::record::{Body, Refusal, ShownPassage};
use usher_protocol::{GateId, Generation, ScanId, Unit, ZoneId};

use super::memory::Memory;

pub(super) const EVENT: EventId = SHOW.id;
pub(super) const OTHER_EVENT: EventId = EventId([8; 16]);

pub(super) fn certificate(device: PublicKey, role: Role) -> Certificate {
    Certificate {
        name: "a device".to_owned(),
        capabilities: Capabilities::default(),
        ..SHOW.certificate(device, role)
    }
}

/// Returns the replica of a device that shows this certificate.
pub(super) fn device_with(seed: u8, identity: DeviceIdentity) -> Arc<Memory> {
    let key = key(seed);
    let ledger = Ledger::new(key.public(), Some(identity.clone()), SHOW.trust());
    Memory::new(ledger, key, identity)
}

pub(super) fn hub(seed: u8) -> Arc<Memory> {
    device_with(seed, SHOW.identity(certificate(key(seed).public(), Role::Hub)))
}

/// Returns the cloud's replica: it connects with its device key and writes the authority log.
pub(super) fn cloud(seed: u8) -> Arc<Memory> {
    let identity = SHOW.identity(certificate(key(seed).public(), Role::Cloud));
    let ledger = Ledger::new(SHOW.authority().public(), None, SHOW.trust());
    Memory::new(ledger, SHOW.authority(), identity)
}

pub(super) fn revocation(unit: u32) -> Body {
    Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    }
}

pub(super) fn refusal(number: u8) -> Body {
    Body::Refused(Refusal {
        scan: ScanId([number; 16]),
        ticket: (Unit(u32::from(number)), Generation(1)),
        gate: GateId(1),
        why: Refused::Deny(Reason::WrongZone),
    })
}

/// Returns a record of about half a kilobyte.
pub(super) fn long_record(number: u32) -> Body {
    let mut scan = [0; 16];
    scan[..4].copy_from_slice(&number.to_le_bytes());
    Body::Overridden {
        passage: ShownPassage {
            scan: ScanId(scan),
            code: Vec::new(),
            persons: 1,
            gate: GateId(1),
            zone: ZoneId(1),
            at: Timestamp(0),
            counterparts: Vec::new(),
        },
        by: "b".repeat(200),
        why: "w".repeat(200),
    }
}
