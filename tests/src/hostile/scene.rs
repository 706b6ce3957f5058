//! The event that the targets play with: fixed keys, its trust, its devices and a policy; what is done to it is theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyStatus, PublicKey, Role, RootSet, SecretKey,
    SignedBundle, Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, TierRules, Zone};
use usher_protocol::trust::Trust;
use usher_protocol::{GateId, TierId, ZoneId};

/// The event.
pub const EVENT: EventId = EventId(*b"hostile visitors");
/// 2027-01-15T08:00:00Z.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// The gates: two into zone 1, one into zone 2.
pub const GATES: [GateId; 3] = [GateId(1), GateId(2), GateId(3)];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// When everything of the event is believed.
pub const SEASON: Window = Window {
    from: Timestamp(NOW.0 - 30 * DAY_MS),
    until: Timestamp(NOW.0 + 30 * DAY_MS),
};

/// Makes the key of a number.
pub fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

/// The organizer's root.
pub fn root() -> SecretKey {
    key(0x0a)
}

/// Signs tickets.
pub fn tickets() -> SecretKey {
    key(0x01)
}

/// Ticket keys that are not believed now: struck out, not yet in its window, no longer in its window.
pub fn disbelieved() -> [SecretKey; 3] {
    [0x02, 0x03, 0x04].map(key)
}

/// The holder of a live ticket.
pub fn holder() -> SecretKey {
    key(0x70)
}

/// Writes the authority log.
pub fn authority() -> SecretKey {
    key(0x0b)
}

/// Writes the authority log after that one, once it has said everything anew.
pub fn next_authority() -> SecretKey {
    key(0x0e)
}

/// Signs certificates.
pub fn issuing() -> SecretKey {
    key(0x0c)
}

/// Signs certificates from the second bundle on.
pub fn later_issuing() -> SecretKey {
    key(0x0d)
}

/// A hub.
pub fn hub(number: u8) -> SecretKey {
    key(0x10 + number)
}

/// A scanner.
pub fn scanner(number: u8) -> SecretKey {
    key(0x20 + number)
}

/// The roots that devices pin.
pub fn roots() -> RootSet {
    RootSet::single(root().public())
}

/// Returns a version of the bundle as it travels: the second names one more issuing key, the third strikes out what it can.
pub fn signed_bundle(version: u64) -> SignedBundle {
    let trusted = |key: &SecretKey| TrustedKey::active(key.public(), Window::ALWAYS);
    let until_struck = |key: &SecretKey| {
        let mut trusted = trusted(key);
        if version > 2 {
            trusted.status = KeyStatus::Struck(NOW);
        }
        trusted
    };
    let [struck, early, over] = disbelieved();
    let struck = TrustedKey {
        status: KeyStatus::Struck(NOW),
        ..trusted(&struck)
    };
    let early = TrustedKey::active(
        early.public(),
        Window {
            from: SEASON.until,
            until: Timestamp(u64::MAX),
        },
    );
    let over = TrustedKey::active(
        over.public(),
        Window {
            from: Timestamp(0),
            until: SEASON.from,
        },
    );
    let mut issuing_keys = vec![until_struck(&issuing())];
    if version > 1 {
        issuing_keys.push(trusted(&later_issuing()));
    }
    let bundle = TrustBundle {
        event: EVENT,
        version,
        roots: roots(),
        ticket_keys: vec![until_struck(&tickets()), struck, early, over],
        authority_keys: vec![until_struck(&authority()), trusted(&next_authority())],
        issuing_keys,
    };
    bundle.sign(&[&root()])
}

/// Returns the trust in a version of the bundle.
pub fn trust(version: u64) -> Arc<Trust> {
    let trust = Trust::pin(&roots(), signed_bundle(version));
    Arc::new(trust.expect("the bundle is signed by the root that is pinned"))
}

/// Certifies a device.
pub fn identity(device: &SecretKey, role: Role) -> DeviceIdentity {
    identity_by(&issuing(), device, role)
}

/// Certifies a device for ever, for programs that look at the machine's clock.
pub fn identity_always(device: &SecretKey, role: Role) -> DeviceIdentity {
    let certificate = Certificate {
        window: Window::ALWAYS,
        ..certificate(device, role)
    };
    DeviceIdentity {
        certificate: certificate.sign(&issuing()),
        via: None,
    }
}

/// Certifies a device with a certain key.
pub fn identity_by(issuer: &SecretKey, device: &SecretKey, role: Role) -> DeviceIdentity {
    DeviceIdentity {
        certificate: certificate(device, role).sign(issuer),
        via: None,
    }
}

fn certificate(device: &SecretKey, role: Role) -> Certificate {
    Certificate {
        event: EVENT,
        device: device.public(),
        role,
        name: format!("{role:?}"),
        gates: Vec::new(),
        capabilities: Capabilities {
            enrol_scanners: role == Role::Hub,
            override_refusals: true,
        },
        window: SEASON,
    }
}

/// Returns everybody who writes logs, by public key.
pub fn writers() -> BTreeMap<PublicKey, SecretKey> {
    let all = [authority(), next_authority(), hub(1), hub(2), scanner(1)];
    all.into_iter().map(|key| (key.public(), key)).collect()
}

/// Returns the policy.
pub fn policy() -> Policy {
    let zone = |id| Zone {
        id: ZoneId(id),
        name: format!("Zone {id}"),
        capacity: (id == 2).then_some(100),
        time_slots: None,
        inside: None,
    };
    let gate = |id: GateId| Gate {
        id,
        name: format!("Gate {id}"),
        zone: ZoneId(1 + id.0 / 3),
        leaves: None,
    };
    let tier = |(id, entry, offline)| TierRules {
        id: TierId(id),
        name: format!("Tier {id}"),
        zones: vec![ZoneId(1), ZoneId(2)],
        windows: Vec::new(),
        entry,
        offline,
        live_from: None,
    };
    Policy {
        name: "Hostile visitors".to_owned(),
        utc_offset_minutes: 60,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 360,
        zones: [1, 2].map(zone).to_vec(),
        gates: GATES.map(gate).to_vec(),
        tiers: [
            (1, EntryRule::Single, Offline::Strict),
            (2, EntryRule::Reentry, Offline::Available),
            (3, EntryRule::PerDay(2), Offline::Available),
        ]
        .map(tier)
        .to_vec(),
        labels: None,
    }
}
