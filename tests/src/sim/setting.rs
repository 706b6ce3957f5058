//! The event the simulation plays: keys, certificates, policy and tickets.

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, KeyStatus, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::policy::{Entry, Gate, Offline, Policy, Tier, Zone};
use usher_protocol::ticket::{Payload, Ticket, TicketFlags};
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use super::random::Random;

/// When the simulated world begins: far enough from 0 for clocks to run behind.
pub const BEGIN_MS: u64 = 1_800_000_000_000;
/// How many people a group ticket admits.
pub const GROUP: u8 = 3;

/// The bundle that strikes the doomed key out.
pub const STRUCK: u64 = 2;
/// The bundle that brings new keys for tickets and authority.
pub const ROTATED: u64 = 3;
/// The bundle that closes the window of the first ticket key; the last.
pub const CLOSED: u64 = 4;

/// The tiers, by their index: what each unit's tier is follows from its number.
pub const TIERS: [(&str, Entry, Offline); 6] = [
    ("Strict single", Entry::Single, Offline::Strict),
    ("Available single", Entry::Single, Offline::Available),
    ("Strict re-entry", Entry::Reentry, Offline::Strict),
    ("Strict group", Entry::Single, Offline::Strict),
    ("Strict per day", Entry::PerDay(2), Offline::Strict),
    ("Available group", Entry::Single, Offline::Available),
];

/// The keys and rules of the event.
pub struct Setting {
    /// The event.
    pub event: EventId,
    /// The organizer's root.
    pub root: SecretKey,
    /// Signs tickets.
    pub tickets: SecretKey,
    /// Signed some tickets and is struck out by the second bundle.
    pub doomed: SecretKey,
    /// Signs tickets from the third bundle on.
    pub successor: SecretKey,
    /// Signs tickets for nobody: a forger's key.
    pub forger: SecretKey,
    /// Writes the authority log.
    pub authority: SecretKey,
    /// Writes the authority log from the third bundle on.
    pub next_authority: SecretKey,
    /// Signs certificates.
    pub issuing: SecretKey,
}

impl Setting {
    /// Draws the keys.
    pub fn new(random: &mut Random) -> Self {
        let mut key = || SecretKey::from_seed(&random.seed());
        Self {
            root: key(),
            tickets: key(),
            doomed: key(),
            successor: key(),
            forger: key(),
            authority: key(),
            next_authority: key(),
            issuing: key(),
            event: EventId(*b"simulated event!"),
        }
    }

    /// Gives the roots that devices pin.
    pub fn roots(&self) -> RootSet {
        RootSet::single(self.root.public())
    }

    /// Gives a version of the trust bundle: the second strikes the doomed key out, the third brings new keys for tickets and
    /// authority beside the retired ones, the fourth closes the window of the first ticket key.
    pub fn bundle(&self, version: u64) -> SignedBundle {
        let trusted = |key: &SecretKey| TrustedKey::active(key.public(), Window::ALWAYS);
        let retired = |key: &SecretKey| TrustedKey {
            status: KeyStatus::Retired(Timestamp(BEGIN_MS)),
            ..trusted(key)
        };
        let mut ticket_keys = vec![trusted(&self.tickets), trusted(&self.doomed)];
        let mut authority_keys = vec![trusted(&self.authority)];
        if version >= STRUCK {
            ticket_keys[1].status = KeyStatus::Struck(Timestamp(BEGIN_MS));
        }
        if version >= ROTATED {
            ticket_keys[0] = retired(&self.tickets);
            ticket_keys.push(trusted(&self.successor));
            authority_keys = vec![retired(&self.authority), trusted(&self.next_authority)];
        }
        if version >= CLOSED {
            // Long before the slowest clock of the venue.
            ticket_keys[0].window.until = Timestamp(BEGIN_MS / 2);
        }
        let bundle = TrustBundle {
            event: self.event,
            version,
            roots: self.roots(),
            ticket_keys,
            authority_keys,
            issuing_keys: vec![trusted(&self.issuing)],
        };
        bundle.sign(&[&self.root])
    }

    /// Certifies a device.
    pub fn certify(&self, device: &SecretKey, role: Role, name: String) -> DeviceIdentity {
        let certificate = Certificate {
            event: self.event,
            device: device.public(),
            role,
            name,
            gates: Vec::new(),
            capabilities: Capabilities::default(),
            window: Window::ALWAYS,
        };
        DeviceIdentity {
            certificate: certificate.sign(&self.issuing),
            via: None,
        }
    }

    /// Gives the policy: one zone, one gate for each scanner.
    pub fn policy(&self, gates: usize) -> Policy {
        let tier = |(id, (name, entry, offline)): (usize, &(&str, Entry, Offline))| Tier {
            id: TierId(u16::try_from(id).expect("few tiers")),
            name: (*name).to_owned(),
            zones: vec![ZoneId(1)],
            windows: Vec::new(),
            entry: *entry,
            offline: *offline,
        };
        let gate = |id: usize| Gate {
            id: GateId(u16::try_from(id).expect("few gates")),
            name: format!("Gate {id}"),
            zone: ZoneId(1),
        };
        Policy {
            name: "Simulated event".to_owned(),
            utc_offset_minutes: 0,
            day_start_minutes: 0,
            zones: vec![Zone {
                id: ZoneId(1),
                name: "Floor".to_owned(),
                capacity: None,
            }],
            gates: (0..gates).map(gate).collect(),
            tiers: TIERS.iter().enumerate().map(tier).collect(),
        }
    }

    /// Writes a unit's ticket.
    pub fn ticket(&self, unit: u32, generation: u32, key: &SecretKey) -> String {
        self.payload(unit, generation, key).to_text()
    }

    /// Gives the bytes of a ticket's code, as records hold them.
    pub fn code(&self, unit: u32, generation: u32, key: &SecretKey) -> Vec<u8> {
        self.payload(unit, generation, key).bytes().to_vec()
    }

    fn payload(&self, unit: u32, generation: u32, key: &SecretKey) -> Payload {
        let tier = tier_of(unit);
        let ticket = Ticket {
            key: key.public().id(),
            unit: Unit(unit),
            generation: Generation(generation),
            tier: TierId(u16::try_from(tier).expect("few tiers")),
            admits: admits(unit),
            flags: TicketFlags::default(),
            holder: None,
        };
        ticket.sign(key)
    }
}

/// Gives the index of a unit's tier.
pub fn tier_of(unit: u32) -> usize {
    unit as usize % TIERS.len()
}

/// Tells how many people a unit's ticket admits.
pub fn admits(unit: u32) -> u8 {
    if TIERS[tier_of(unit)].0.ends_with("group") {
        GROUP
    } else {
        1
    }
}
