//! What one device that lies can do to the others, and one authority that was struck out: the cases, each with its siblings.

mod authorities;
mod bounds;
mod devices;
mod histories;
mod honest;
mod interleavings;
mod later_kinds;
mod later_versions;
mod liars;
mod loans;
mod moves;
mod renewals;
mod seasons;
mod strict;
mod twins;

use usher_keys::{Role, SecretKey};

use crate::admission::{Reason, Referral, Verdict};
use crate::ident::{Generation, Seq, Unit, ZoneId};
use crate::ledger::JudgingAs;
use crate::policy::TimeSlots;
use crate::record::{Body, PlacesOf, ShownPassage};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{NORTH, asked, hub, key, policy, shown, ticket, tickets};
use crate::state::Incident;
use crate::ticket::Ticket;

const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };

/// The zone that everybody is let into.
const ZONE: ZoneId = ZoneId(1);
/// How long a slot of that zone is, where it has any.
const SLOT_MS: u64 = 10 * 60_000;

/// The cloud of an event whose first zone holds so many people, and lets in as many within ten minutes.
fn limited_cloud(hubs: &[u8], persons: u32) -> Machine {
    let mut cloud = Machine::cloud(hubs);
    cloud.write(limited(persons));
    cloud
}

fn limited(persons: u32) -> Body {
    let mut policy = policy();
    policy.zones[0].capacity = Some(persons);
    policy.zones[0].time_slots = Some(TimeSlots { minutes: 10, persons });
    Body::Policy { version: 2, policy }
}

fn lent(to: &SecretKey, places: u32, of: PlacesOf) -> Body {
    Body::Lent {
        zone: ZONE,
        to: to.public(),
        places,
        of,
    }
}

/// Hub 1 before it has written anything, so that its state is that of what it heard.
fn witness() -> Machine {
    Machine::new(hub(1), Role::Hub)
}

/// A passage with a code that looks right but was signed by another key than the one it names.
fn forged(scan: u8, ticket: Ticket) -> ShownPassage {
    let mut passage = shown(scan, ticket.clone(), NORTH);
    passage.code = ticket.sign(&key(0x66)).bytes().to_vec();
    passage.code[1..5].copy_from_slice(&tickets().public().id().0);
    passage
}

fn generation(unit: u32, tier: u16, generation: u32) -> Ticket {
    Ticket {
        generation: Generation(generation),
        ..ticket(unit, tier)
    }
}

fn is_used(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Deny(Reason::AlreadyUsed { .. }))
}

fn revoked(device: &Machine, after: u64) -> Body {
    Body::DeviceRevoked {
        device: device.me(),
        after: Seq(after),
    }
}

/// The record that a machine's log is named for, if it is.
fn named(by: &Machine, liar: &Machine) -> Option<Seq> {
    let incidents = by.ledger.state().incidents();
    incidents.iter().find_map(|incident| match incident {
        Incident::FalseRecord { origin, seq } => (*origin == liar.me()).then_some(*seq),
        Incident::DoubleAdmission { .. } | Incident::ExitTooMany { .. } | Incident::Forked { .. } => None,
    })
}

/// The units up to a number that a replica takes to be used.
fn used(replica: &Machine, units: u32) -> Vec<u32> {
    let is_used = |unit: &u32| replica.ledger.state().passages(Unit(*unit)).count() > 0;
    (0..units).filter(is_used).collect()
}

#[track_caller]
fn check_admits(gate: &mut Machine, scan: u8, ticket: Ticket) {
    let unit = ticket.unit;
    let verdict = gate.judge(&asked(scan, ticket), JudgingAs::Home);
    assert_eq!(verdict, ADMIT, "unit {unit}");
}
