//! The event the simulation plays: keys, certificates, policy and tickets.

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, Domain, EventId, KeyStatus, PublicKey, Role, RootSet,
    SecretKey, SignedBundle, Timestamp, TrustBundle, TrustedKey, Window,
};
use usher_protocol::policy::{EntryRule, Gate, Offline, Policy, TierRules, Zone};
use usher_protocol::record::Passage;
use usher_protocol::ticket::{Payload, Ticket, TicketFlags};
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use super::calendar::Calendar;
use super::random::Random;

/// When the simulated world begins: far enough from 0 for clocks to run behind.
pub const BEGIN_MS: u64 = 1_800_000_000_000;
/// When a closed tier opens gates: long before the slowest clock of the venue.
pub const LONG_OVER: Window = Window {
    from: Timestamp(BEGIN_MS / 4),
    until: Timestamp(BEGIN_MS / 2),
};
/// How long certificates last: a month before and after, so that no clock of the venue is outside of it.
pub const LASTS: Window = Window {
    from: Timestamp(BEGIN_MS - MONTH_MS),
    until: Timestamp(BEGIN_MS + MONTH_MS),
};
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How many people a group ticket admits.
pub const GROUP: u8 = 3;

/// What a trust bundle changes against the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The doomed ticket key is struck out.
    StrikeDoomed,
    /// New keys for tickets and authority stand beside the retired ones.
    Rotate,
    /// The window of the first ticket key closes.
    Close,
    /// The authority keys are struck out; another one takes over.
    ReplaceAuthority,
    /// The issuing key is struck out; another one takes over.
    ReplaceIssuing,
}

/// The steps where no key is struck out in an emergency.
const PLAIN_STEPS: [Step; 3] = [Step::StrikeDoomed, Step::Rotate, Step::Close];
/// With how many of a hundred events keys are struck out in an emergency, where that may happen.
const EMERGENCY_PERCENT: u64 = 50;

/// The tiers, by their index: what each unit's tier is follows from its number.
pub const TIERS: [(&str, EntryRule, Offline); 6] = [
    ("Strict single", EntryRule::Single, Offline::Strict),
    ("Available single", EntryRule::Single, Offline::Available),
    ("Strict re-entry", EntryRule::Reentry, Offline::Strict),
    ("Strict group", EntryRule::Single, Offline::Strict),
    ("Strict per day", EntryRule::PerDay(2), Offline::Strict),
    ("Available group", EntryRule::Single, Offline::Available),
];

/// The zone that people enter from the street.
pub const OUTER: ZoneId = ZoneId(1);
/// A zone inside the outer one.
pub const INNER: ZoneId = ZoneId(2);
/// Another one inside the outer one, beside the inner.
pub const BESIDE: ZoneId = ZoneId(3);
/// Where gates lead, and out of which zone beside, one scanner's after the other where zones lie in each other.
const NESTED: [(ZoneId, Option<ZoneId>); 4] = [
    (OUTER, None),
    (INNER, None),
    (BESIDE, None),
    (INNER, Some(BESIDE)),
];
/// In how many of a hundred events zones lie in each other, where they may.
const NESTED_PERCENT: u64 = 40;

/// What a device may do beyond its role.
#[derive(Debug, Clone, Default)]
pub struct Powers {
    /// The gates it serves; none named means every gate.
    pub gates: Vec<u16>,
    /// Whether it may let people in against the rules.
    pub overrides: bool,
}

/// The keys and rules of the event.
pub struct Setting {
    pub event: EventId,
    /// The organizer's root.
    pub root: SecretKey,
    /// Signs tickets.
    pub tickets: SecretKey,
    /// Signed some tickets and is struck out.
    pub doomed: SecretKey,
    /// Signs tickets once keys were rotated.
    pub successor: SecretKey,
    /// Signs tickets for nobody: a forger's key.
    pub forger: SecretKey,
    /// Writes the authority log.
    pub authority: SecretKey,
    /// Writes the authority log once keys were rotated.
    pub next_authority: SecretKey,
    /// Writes the authority log once earlier keys were struck out.
    pub last_authority: SecretKey,
    /// Signs certificates.
    pub issuing: SecretKey,
    /// Signs certificates once the first key was struck out.
    pub next_issuing: SecretKey,
    steps: Vec<Step>,
    /// Whether zones lie in each other.
    is_nested: bool,
    /// What day and time it is.
    pub calendar: Calendar,
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
            last_authority: key(),
            next_issuing: key(),
            steps: PLAIN_STEPS.to_vec(),
            event: EventId(*b"simulated event!"),
            is_nested: false,
            calendar: Calendar::PLAIN,
        }
    }

    /// Returns the roots that devices pin.
    pub fn roots(&self) -> RootSet {
        RootSet::single(self.root.public())
    }

    /// Decides what the trust bundles bring, and in which order.
    pub fn draw_steps(&mut self, random: &mut Random) {
        if !random.percent(EMERGENCY_PERCENT) {
            return;
        }
        for step in [Step::ReplaceAuthority, Step::ReplaceIssuing] {
            let at = random.index(self.steps.len() + 1);
            self.steps.insert(at, step);
        }
    }

    /// Decides whether zones lie in each other.
    pub fn draw_zones(&mut self, random: &mut Random) {
        self.is_nested = random.percent(NESTED_PERCENT);
    }

    /// Returns the event's zones.
    pub fn zones(&self) -> &'static [ZoneId] {
        let zones: &[_] = &[OUTER, INNER, BESIDE];
        if self.is_nested { zones } else { &zones[..1] }
    }

    /// Returns the zone behind a gate, and the one beside it that the gate leads out of.
    pub fn behind(&self, gate: GateId) -> (ZoneId, Option<ZoneId>) {
        if self.is_nested {
            NESTED[usize::from(gate.0) % NESTED.len()]
        } else {
            NESTED[0]
        }
    }

    /// Returns the last version of the trust bundle.
    pub fn last_bundle(&self) -> u64 {
        1 + self.steps.len() as u64
    }

    /// Tells whether a version of the bundle has made that step.
    pub fn has_made(&self, step: Step, version: u64) -> bool {
        self.steps_to(version).any(|made| made == step)
    }

    /// Tells whether a version of the bundle strikes out the keys of the authority or of the issuer.
    pub fn is_emergency(&self, version: u64) -> bool {
        let last = self.steps_to(version).last();
        matches!(last, Some(Step::ReplaceAuthority | Step::ReplaceIssuing))
    }

    fn steps_to(&self, version: u64) -> impl Iterator<Item = Step> + '_ {
        let made = usize::try_from(version - 1).expect("few versions");
        self.steps.iter().copied().take(made)
    }

    /// Returns the key that writes the authority log by that version of the bundle.
    pub fn authority_at(&self, version: u64) -> &SecretKey {
        let last = self.steps_to(version).filter_map(|step| match step {
            Step::Rotate => Some(&self.next_authority),
            Step::ReplaceAuthority => Some(&self.last_authority),
            Step::StrikeDoomed | Step::Close | Step::ReplaceIssuing => None,
        });
        last.last().unwrap_or(&self.authority)
    }

    /// Returns the key that signs certificates by that version of the bundle.
    pub fn issuing_at(&self, version: u64) -> &SecretKey {
        if self.has_made(Step::ReplaceIssuing, version) {
            &self.next_issuing
        } else {
            &self.issuing
        }
    }

    /// Returns a version of the trust bundle.
    pub fn bundle(&self, version: u64) -> SignedBundle {
        self.trust_bundle(version).sign(&[&self.root])
    }

    /// Returns what a version of the trust bundle says.
    pub fn trust_bundle(&self, version: u64) -> TrustBundle {
        let trusted = |key: &SecretKey| TrustedKey::active(key.public(), Window::ALWAYS);
        let (struck, retired) = (
            KeyStatus::Struck(Timestamp(BEGIN_MS)),
            KeyStatus::Retired(Timestamp(BEGIN_MS)),
        );
        let mut bundle = TrustBundle {
            event: self.event,
            version,
            roots: self.roots(),
            ticket_keys: vec![trusted(&self.tickets), trusted(&self.doomed)],
            authority_keys: vec![trusted(&self.authority)],
            issuing_keys: vec![trusted(&self.issuing)],
        };
        for step in self.steps_to(version) {
            let authorities = &mut bundle.authority_keys;
            match step {
                Step::StrikeDoomed => bundle.ticket_keys[1].status = struck,
                Step::Rotate => {
                    bundle.ticket_keys[0].status = retired;
                    bundle.ticket_keys.push(trusted(&self.successor));
                    let present = authorities.iter_mut().filter(|key| !key.is_struck());
                    present.for_each(|key| key.status = retired);
                    authorities.push(trusted(&self.next_authority));
                }
                // Long before the slowest clock of the venue.
                Step::Close => bundle.ticket_keys[0].window.until = Timestamp(BEGIN_MS / 2),
                Step::ReplaceAuthority => {
                    authorities.iter_mut().for_each(|key| key.status = struck);
                    authorities.push(trusted(&self.last_authority));
                }
                Step::ReplaceIssuing => {
                    bundle.issuing_keys[0].status = struck;
                    bundle.issuing_keys.push(trusted(&self.next_issuing));
                }
            }
        }
        bundle
    }

    /// Certifies a device.
    pub fn certify(
        &self,
        (device, issuing): (&SecretKey, &SecretKey),
        (role, name): (Role, String),
        powers: Powers,
    ) -> DeviceIdentity {
        let certificate = Certificate {
            event: self.event,
            device: device.public(),
            role,
            name,
            gates: powers.gates,
            capabilities: Capabilities {
                enrol_scanners: role == Role::Hub,
                override_refusals: powers.overrides,
            },
            window: LASTS,
        };
        DeviceIdentity {
            certificate: certificate.sign(issuing),
            via: None,
        }
    }

    /// Returns the policy: one gate for each scanner, and tickets that open every zone.
    pub fn policy(&self, gates: usize) -> Policy {
        let tier = |(id, (name, entry, offline)): (usize, &(&str, EntryRule, Offline))| TierRules {
            id: TierId(u16::try_from(id).expect("few tiers")),
            name: (*name).to_owned(),
            zones: self.zones().to_vec(),
            windows: Vec::new(),
            entry: *entry,
            offline: *offline,
            live_from: None,
        };
        let gate = |id: usize| {
            let gate = GateId(u16::try_from(id).expect("few gates"));
            let (zone, leaves) = self.behind(gate);
            Gate {
                id: gate,
                name: format!("Gate {id}"),
                zone,
                leaves,
            }
        };
        let zone = |id: &ZoneId| Zone {
            id: *id,
            name: format!("Zone {id}"),
            capacity: None,
            time_slots: None,
            inside: (level(*id) > 0).then_some(OUTER),
        };
        Policy {
            name: "Simulated event".to_owned(),
            utc_offset_minutes: 0,
            time_zone: String::new(),
            offset_changes: Vec::new(),
            day_start_minutes: 0,
            zones: self.zones().iter().map(zone).collect(),
            gates: (0..gates).map(gate).collect(),
            tiers: TIERS.iter().enumerate().map(tier).collect(),
            labels: None,
        }
    }

    /// Writes a unit's ticket.
    pub fn ticket(&self, unit: u32, generation: u32, key: &SecretKey) -> String {
        self.payload(unit, generation, key).to_text()
    }

    /// Returns the bytes of a unit's ticket.
    pub fn code(&self, unit: u32, generation: u32, key: &SecretKey) -> Vec<u8> {
        self.payload(unit, generation, key).bytes().to_owned()
    }

    /// Returns the code of the ticket behind a passage, for so many people and on paper.
    pub fn code_for(&self, passage: &Passage, admits: u8) -> Vec<u8> {
        let ticket = Ticket {
            key: self.tickets.public().id(),
            unit: passage.unit,
            generation: passage.generation,
            tier: passage.tier,
            admits,
            flags: TicketFlags::default(),
            holder: None,
        };
        ticket.sign(&self.tickets).bytes().to_owned()
    }

    /// Returns the bytes of a unit's live ticket as another phone than its holder's shows it, or a picture without the moving part.
    pub fn pictured(&self, unit: u32, holder: PublicKey, phone: Option<&SecretKey>) -> Vec<u8> {
        let tier = TierId(u16::try_from(tier_of(unit)).expect("few tiers"));
        let ticket = Ticket {
            key: self.tickets.public().id(),
            unit: Unit(unit),
            generation: Generation(1),
            tier,
            admits: admits(unit),
            flags: TicketFlags::default(),
            holder: Some(holder),
        };
        let mut code = ticket.sign(&self.tickets).bytes().to_owned();
        if let Some(phone) = phone {
            code.extend_from_slice(&BEGIN_MS.to_le_bytes());
            let signature = phone.sign(Domain::Live, &code);
            code.extend_from_slice(&signature.0);
        }
        code
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

/// Returns how many other zones a zone lies in.
pub fn level(zone: ZoneId) -> u8 {
    u8::from(zone != OUTER)
}

/// Returns the index of a unit's tier.
pub fn tier_of(unit: u32) -> usize {
    unit as usize % TIERS.len()
}

/// Returns how many people a unit's ticket admits.
pub fn admits(unit: u32) -> u8 {
    if TIERS[tier_of(unit)].0.ends_with("group") {
        GROUP
    } else {
        1
    }
}
