//! Any ticket under any policy after any history: the verdict is the one the rules give, told here a second time and
//! another way.

use usher_keys::{EventId, KeyId, Timestamp, Window};
use usher_protocol::admission::{Direction, History, LevelUse, Question, Reason, Verdict, decide};
use usher_protocol::policy::{EntryRule, Gate, Offline, OffsetChange, Policy, TierRules, TimeSlots, Zone};
use usher_protocol::ticket::{Rejection, Ticket, TicketFlags};
use usher_protocol::{GateId, Generation, TierId, Unit, ZoneId};

use super::Target;
use super::draw::Draw;
use super::scene::{EVENT, NOW, tickets, trust};

/// Parts of a policy at most: more make it no more peculiar.
const PARTS: usize = 3;

/// The bytes are a policy, a ticket, a history and who asks.
pub fn admission() -> Target {
    let (trust, key) = (trust(1), tickets());
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let policy = policy(&mut draw);
        let _ = policy.check();
        let payload = ticket(&mut draw).sign(&key);
        let verified = trust.keyring().verify(payload.bytes(), NOW);
        let verified = verified.expect("our own key signed it");
        let now = Timestamp(draw.u64());
        let question = Question {
            ticket: &verified,
            event: if draw.below(8) == 7 {
                EventId(draw.array())
            } else {
                EVENT
            },
            gate: GateId(number(&mut draw)),
            direction: draw.pick(&[Direction::In, Direction::Out]),
            persons: draw.byte().max(1),
            policy: &policy,
            history: &history(&mut draw),
            now,
        };
        check(&question, decide(&question));
    })
}

/// A small number mostly, so that parts meet.
fn number(draw: &mut Draw) -> u16 {
    match draw.below(8) {
        7 => draw.u16(),
        small => small as u16 % 4,
    }
}

fn policy(draw: &mut Draw) -> Policy {
    Policy {
        name: String::new(),
        utc_offset_minutes: i16::from_le_bytes(draw.array()),
        time_zone: String::new(),
        offset_changes: draw.list(PARTS, |draw| OffsetChange {
            at: Timestamp(draw.u64()),
            utc_offset_minutes: i16::from_le_bytes(draw.array()),
        }),
        day_start_minutes: draw.u16(),
        zones: draw.list(PARTS, |draw| Zone {
            id: ZoneId(number(draw)),
            name: String::new(),
            capacity: draw.optional(Draw::u32),
            time_slots: draw.optional(|draw| TimeSlots {
                minutes: draw.u16(),
                persons: draw.u32(),
            }),
            inside: draw.optional(|draw| ZoneId(number(draw))),
        }),
        gates: draw.list(PARTS, |draw| Gate {
            id: GateId(number(draw)),
            name: String::new(),
            zone: ZoneId(number(draw)),
            leaves: draw.optional(|draw| ZoneId(number(draw))),
        }),
        tiers: draw.list(PARTS, |draw| TierRules {
            id: TierId(number(draw)),
            name: String::new(),
            zones: draw.list(PARTS, |draw| ZoneId(number(draw))),
            windows: draw.list(PARTS, |draw| Window {
                from: Timestamp(draw.u64()),
                until: Timestamp(draw.u64()),
            }),
            entry: match draw.below(3) {
                0 => EntryRule::Single,
                1 => EntryRule::Reentry,
                _ => EntryRule::PerDay(draw.byte()),
            },
            offline: draw.pick(&[Offline::Strict, Offline::Available]),
            live_from: draw.optional(|draw| Timestamp(draw.u64())),
        }),
        labels: None,
    }
}

fn ticket(draw: &mut Draw) -> Ticket {
    Ticket {
        key: KeyId([0; 4]),
        unit: Unit(draw.u32()),
        generation: Generation(u32::from(draw.byte()).max(1)),
        tier: TierId(number(draw)),
        admits: draw.byte().max(1),
        flags: TicketFlags::default(),
        holder: None,
    }
}

fn history(draw: &mut Draw) -> History {
    let persons = |draw: &mut Draw| match draw.below(4) {
        3 => draw.u32(),
        _ => u32::from(draw.byte()),
    };
    History {
        newest: Generation(u32::from(draw.byte())),
        revoked: draw.bit(),
        used: LevelUse {
            admitted: persons(draw),
            inside: persons(draw),
            admitted_since: persons(draw),
        },
        may_move: persons(draw),
        last: draw.optional(|draw| (Timestamp(draw.u64()), GateId(number(draw)))),
        occupancy: i64::from_le_bytes(draw.array()) >> draw.below(64),
        arrivals: i64::from_le_bytes(draw.array()) >> draw.below(64),
    }
}

fn check(q: &Question, verdict: Verdict) {
    match verdict {
        Verdict::Admit { persons, left } => {
            assert_eq!(persons, q.persons, "others are let in than asked");
            assert_eq!(objections(q), [], "let in against a rule");
            let is_new = q.direction == Direction::In && !is_move(q);
            assert!(!is_new || places(q) >= u64::from(persons) + u64::from(left).min(1));
        }
        Verdict::Deny(reason) => {
            let expected = objections(q);
            assert_eq!(
                expected.first(),
                Some(&rule_of(&reason)),
                "{reason:?} of {expected:?}"
            );
        }
        Verdict::Refer(referral) => panic!("the rules alone refer nobody: {referral:?}"),
    }
}

/// The rules in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Event,
    Generation,
    Revoked,
    Gate,
    Tier,
    Window,
    Zone,
    Live,
    Used,
    Capacity,
    TimeSlot,
}

fn rule_of(reason: &Reason) -> Rule {
    match reason {
        Reason::OtherEvent => Rule::Event,
        Reason::Superseded { .. } => Rule::Generation,
        Reason::Revoked => Rule::Revoked,
        Reason::UnknownGate => Rule::Gate,
        Reason::UnknownTier => Rule::Tier,
        Reason::TooEarly { .. } | Reason::TooLate { .. } => Rule::Window,
        Reason::WrongZone => Rule::Zone,
        Reason::AlreadyUsed { .. } | Reason::GroupTooLarge { .. } | Reason::DayUsedUp { .. } => Rule::Used,
        Reason::ZoneFull { .. } => Rule::Capacity,
        Reason::TimeSlotFull { .. } => Rule::TimeSlot,
        Reason::Rejected(Rejection::NotLive) => Rule::Live,
        Reason::Rejected(rejection) => panic!("a verified ticket is rejected: {rejection}"),
    }
}

/// Every rule that speaks against it, in order; of an unknown gate or tier nothing more is said.
fn objections(q: &Question) -> Vec<Rule> {
    let (ticket, history) = (q.ticket.ticket(), q.history);
    let inwards = q.direction == Direction::In;
    let mut found = Vec::new();
    let mut object = |holds: bool, rule| {
        if holds {
            found.push(rule);
        }
    };
    object(q.event != EVENT, Rule::Event);
    object(inwards && history.newest > ticket.generation, Rule::Generation);
    let newest = history.newest == ticket.generation;
    object(inwards && newest && history.revoked, Rule::Revoked);
    let (Some(gate), tier) = (q.policy.gate(q.gate), q.policy.tier(ticket.tier)) else {
        object(true, Rule::Gate);
        return found;
    };
    let Some(tier) = tier else {
        object(inwards, Rule::Tier);
        return found;
    };
    let open = |window: &Window| window.from <= q.now && q.now < window.until;
    let shut = !tier.windows.is_empty() && !tier.windows.iter().any(open);
    object(inwards && shut, Rule::Window);
    let opens = tier.zones.contains(&gate.zone);
    object(inwards && !opens, Rule::Zone);
    // None of these tickets has a holder.
    let is_late = tier.live_from.is_some_and(|from| q.now >= from);
    object(inwards && is_late, Rule::Live);
    let is_new = inwards && !is_move(q);
    // However often a ticket lets its people in, never more of them at once than it names.
    let at_once = places(q).min(u64::from(ticket.admits));
    object(is_new && at_once < u64::from(q.persons), Rule::Used);
    let capacity = q.policy.zone(gate.zone).and_then(|zone| zone.capacity);
    let would_be = i128::from(history.occupancy) + i128::from(q.persons);
    let full = capacity.is_some_and(|capacity| would_be > i128::from(capacity));
    object(inwards && full, Rule::Capacity);
    let slots = q.policy.zone(gate.zone).and_then(|zone| zone.time_slots);
    let would_come = i128::from(history.arrivals) + i128::from(q.persons);
    let full = slots.is_some_and(|slots| would_come > i128::from(slots.persons));
    object(inwards && full, Rule::TimeSlot);
    found
}

/// Whether these people stand in the zone that the gate leads out of.
fn is_move(q: &Question) -> bool {
    let leads_on = q.policy.gate(q.gate).is_some_and(|gate| gate.leaves.is_some());
    leads_on && q.history.may_move >= u32::from(q.persons)
}

/// How many people the entry rule lets in.
fn places(q: &Question) -> u64 {
    let used = &q.history.used;
    let admits = u64::from(q.ticket.ticket().admits);
    match q.policy.tier(q.ticket.ticket().tier).map(|tier| tier.entry) {
        None => 0,
        Some(EntryRule::Single) => admits.saturating_sub(u64::from(used.admitted)),
        Some(EntryRule::Reentry) => admits.saturating_sub(u64::from(used.inside)),
        Some(EntryRule::PerDay(times)) => {
            (admits * u64::from(times)).saturating_sub(u64::from(used.admitted_since))
        }
    }
}
