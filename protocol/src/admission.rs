//! The admission rules: one pure, total function with the rules in their contractual order; routing to the home hub is the ledger's.

mod refusal_kind;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, PublicKey, Timestamp};

use crate::ident::{GateId, Generation};
use crate::policy::{EntryRule, Gate, Offline, Policy, TierRules};
use crate::ticket::{Rejection, VerifiedTicket};

pub use refusal_kind::RefusalKind;

/// Which way people pass.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the zone.
    In,
    /// Out of the zone.
    Out,
}

/// Why a ticket is denied: one per rule, in the order of the rules. Only ever append variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// format, signature, key: the code is not a valid ticket. live: it is static, and only live tickets are let in.
    Rejected(Rejection),
    /// event: a genuine ticket, of another event.
    OtherEvent,
    /// generation: a newer ticket of the unit exists.
    Superseded {
        /// The generation that is valid.
        newest: Generation,
    },
    /// revoked: the ticket is void.
    Revoked,
    /// time window: too early.
    TooEarly {
        /// When the next window opens.
        opens: Timestamp,
    },
    /// time window: too late.
    TooLate {
        /// When the last window closed.
        closed: Timestamp,
    },
    /// zone: the tier does not open the zone behind this gate.
    WrongZone,
    /// zone: the policy knows no such gate.
    UnknownGate,
    /// zone: the policy knows no such tier.
    UnknownTier,
    /// already used: everyone the ticket admits is in, or was.
    AlreadyUsed {
        /// When the last of them passed, if known.
        at: Option<Timestamp>,
        /// Where, if known.
        gate: Option<GateId>,
    },
    /// already used: some places of a group are left, but fewer than asked for.
    GroupTooLarge {
        /// How many may still pass.
        left: u8,
    },
    /// already used: the entries of this day are used up.
    DayUsedUp {
        /// When the last of them was, if known.
        at: Option<Timestamp>,
        /// Where, if known.
        gate: Option<GateId>,
    },
    /// zone capacity: the zone is full.
    ZoneFull {
        /// How many it holds.
        capacity: u32,
        /// How many are inside, as far as whoever judged knows; fewer than it holds when a group does not fit any more.
        inside: u32,
    },
    /// slot: as many people have gone into the zone as may within this slot of time, or a group does not fit any more.
    TimeSlotFull {
        /// How many may go in within a slot.
        persons: u32,
        /// When the next slot begins.
        until: Timestamp,
    },
}

/// Why a scan is referred to a person or another gate. Only ever append variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Referral {
    /// The unit's home hub cannot be reached and the tier is strict.
    HomeUnreachable { home: PublicKey },
    /// A former home hub has not stepped back yet and the tier is strict.
    HomeUnsettled {
        /// The former home hub.
        former: PublicKey,
    },
    /// No policy has reached this device yet, or not all rosters.
    NotReady,
    /// This device's own log has two histories: a person must say which one counts, or enrol it anew.
    OwnLogForked,
    /// Others hold more of this device's own log than it does: it waits until it has got that back.
    OwnLogBehind,
    /// A person has vouched that this hub admits nobody any more, and the tier is strict.
    Retired,
    /// The authority has said something that this program is too old to understand, and the tier is strict.
    UpdateNeeded,
    /// This device's certificate does not let it decide here: the gate is none of its own, or its time is over.
    NotAllowed,
    /// This scan is over: whoever read the code has given it up, or it was answered so long ago that this is no retry.
    ScanOver,
    /// The clocks here do not agree, the rules say yes by some and no by others, and the tier is strict.
    ClockInDoubt,
    /// The zone holds so many people only, and the places left in it are other hubs' to give.
    NoPlaces,
    /// The ticket is used up by a scan of a device that has not shown that it heard the yes: whether anybody passed is known there.
    AskerSilent {
        asker: PublicKey,
        /// The gate at which the code was read.
        gate: GateId,
        /// When it was let in, by the judge's rule time.
        at: Timestamp,
    },
    /// Another seller's genuine ticket that is not on the list of their tickets that was taken in: it was sold since.
    NotListed,
}

/// Why nobody passes: denied or referred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The rules say no.
    Deny(Reason),
    /// Somebody else must say.
    Refer(Referral),
}

/// The result of judging a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Let them pass.
    Admit {
        /// How many pass now.
        persons: u8,
        /// How many the ticket still lets in after this.
        left: u8,
    },
    /// Do not.
    Deny(Reason),
    /// Send them to a gate or a person.
    Refer(Referral),
}

impl Verdict {
    /// Returns the verdict on a code that gives no ticket.
    pub fn rejected(rejection: Rejection) -> Self {
        if rejection == Rejection::NotListed {
            return Self::Refer(Referral::NotListed);
        }
        Self::Deny(Reason::Rejected(rejection))
    }
}

/// What has happened with a unit on one level of the way in: a zone lies in another or beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LevelUse {
    /// Persons let in from outside the level, ever.
    pub admitted: u32,
    /// Persons still in.
    pub inside: u32,
    /// Persons let in on the scan's local day or a later one: a clock that was set back does not give new entries.
    pub admitted_since: u32,
}

impl LevelUse {
    /// Adds people who went in before, through others' gates: it is not known when, nor whether they have left.
    pub fn add(&mut self, persons: u8) {
        let persons = u32::from(persons);
        for sum in [&mut self.admitted, &mut self.inside, &mut self.admitted_since] {
            *sum = sum.saturating_add(persons);
        }
    }
}

/// What is known of a ticket and the zone, as far as the rules need it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// The newest generation of the unit's ticket, if any was heard of.
    pub newest: Generation,
    /// Whether the newest generation is void.
    pub revoked: bool,
    /// The unit's use of the level on which the zone lies.
    pub used: LevelUse,
    /// The unit's people in the zone that the gate leads out of, when it leads from one zone into the next.
    pub may_move: u32,
    /// The last passage inwards, if its details are known.
    pub last: Option<(Timestamp, GateId)>,
    /// People in the zone now.
    pub occupancy: i64,
    /// People who went into the zone within the slot of the moment to judge by, if its slots are limited.
    pub arrivals: i64,
}

/// Everything a verdict depends on.
pub struct Question<'a> {
    pub ticket: &'a VerifiedTicket,
    /// The event this replica serves.
    pub event: EventId,
    pub gate: GateId,
    pub direction: Direction,
    /// How many people want to pass.
    pub persons: u8,
    /// The policy in force.
    pub policy: &'a Policy,
    /// What is known.
    pub history: &'a History,
    /// The moment to judge by.
    pub now: Timestamp,
}

/// A question whose gate and tier were found in the policy.
struct Placed<'a> {
    q: &'a Question<'a>,
    gate: &'a Gate,
    tier: &'a TierRules,
}

/// A rule: its name in the contract and its check, which gives a reason to deny or nothing.
type TicketRule = (&'static str, fn(&Question) -> Option<Reason>);
/// The same for a rule that needs to know the gate and the tier.
type GateRule = (&'static str, fn(&Placed) -> Option<Reason>);

/// The rules about the ticket wherever it is shown, after format, signature and key, in their contractual order. Whoever
/// leaves is let out, and what was let out is written down: only a ticket of another event has nothing to do here.
const TICKET_RULES: [TicketRule; 3] = [
    ("event", other_event),
    ("generation", superseded),
    ("revoked", revoked),
];

/// The rules about the ticket at this gate, which follow, in their contractual order.
const GATE_RULES: [GateRule; 6] = [
    ("time window", outside_windows),
    ("zone", wrong_zone),
    ("live", not_live),
    ("already used", already_used),
    ("zone capacity", zone_full),
    ("time slot", time_slot_full),
];

/// Returns the names of the rules in their order. A gate or tier that the policy does not know is found out before the time
/// window, since nothing at that gate can be judged without it.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    let of_tickets = TICKET_RULES.iter().map(|(name, _)| *name);
    let of_gates = GATE_RULES.iter().map(|(name, _)| *name);
    ["format", "signature", "key"]
        .into_iter()
        .chain(of_tickets)
        .chain(of_gates)
}

/// Judges a verified ticket by the rules alone; the first rule that speaks against it decides.
pub fn decide(q: &Question) -> Verdict {
    if let Some(reason) = TICKET_RULES.iter().find_map(|(_, rule)| rule(q)) {
        return Verdict::Deny(reason);
    }
    let Some(gate) = q.policy.gate(q.gate) else {
        return Verdict::Deny(Reason::UnknownGate);
    };
    let Some(tier) = q.policy.tier(q.ticket.ticket().tier) else {
        return of_no_tier(q);
    };
    let placed = Placed { q, gate, tier };
    if let Some(reason) = GATE_RULES.iter().find_map(|(_, rule)| rule(&placed)) {
        return Verdict::Deny(reason);
    }
    let (left, admits) = (persons_left(&placed), q.ticket.ticket().admits);
    let left = match (q.direction, tier.entry) {
        (Direction::In, _) if is_move(&placed) => left,
        (Direction::In, _) => left.saturating_sub(q.persons),
        (Direction::Out, EntryRule::Reentry) => left.saturating_add(q.persons).min(admits),
        (Direction::Out, EntryRule::Single | EntryRule::PerDay(_)) => left,
    };
    Verdict::Admit {
        persons: q.persons,
        left,
    }
}

/// Returns how many people the ticket still lets in at that gate, as it stands; none where nothing is known of the gate or tier.
pub fn left(q: &Question) -> u8 {
    let placed = q.policy.gate(q.gate).zip(q.policy.tier(q.ticket.ticket().tier));
    placed.map_or(0, |(gate, tier)| persons_left(&Placed { q, gate, tier }))
}

/// A gate may not have heard yet of the tier of somebody who came in elsewhere: whoever leaves is let out all the same.
fn of_no_tier(q: &Question) -> Verdict {
    match q.direction {
        Direction::In => Verdict::Deny(Reason::UnknownTier),
        Direction::Out => Verdict::Admit {
            persons: q.persons,
            left: 0,
        },
    }
}

fn other_event(q: &Question) -> Option<Reason> {
    (q.ticket.event() != q.event).then_some(Reason::OtherEvent)
}

fn superseded(q: &Question) -> Option<Reason> {
    let newest = q.history.newest;
    let is_old = q.ticket.ticket().generation < newest;
    (is_old && q.direction == Direction::In).then_some(Reason::Superseded { newest })
}

fn revoked(q: &Question) -> Option<Reason> {
    let is_newest = q.ticket.ticket().generation == q.history.newest;
    (is_newest && q.history.revoked && q.direction == Direction::In).then_some(Reason::Revoked)
}

fn outside_windows(p: &Placed) -> Option<Reason> {
    let (now, windows) = (p.q.now, &p.tier.windows);
    let open = windows.is_empty() || windows.iter().any(|window| window.contains(now));
    if open || p.q.direction == Direction::Out {
        return None;
    }
    let next = windows
        .iter()
        .map(|window| window.from)
        .filter(|from| *from > now)
        .min();
    let last = windows.iter().map(|window| window.until).max().unwrap_or(now);
    Some(
        next.map_or(Reason::TooLate { closed: last }, |opens| Reason::TooEarly {
            opens,
        }),
    )
}

fn wrong_zone(p: &Placed) -> Option<Reason> {
    let is_open = p.tier.zones.contains(&p.gate.zone);
    (!is_open && p.q.direction == Direction::In).then_some(Reason::WrongZone)
}

/// Tells whether a code is static where only live tickets are let in by now. Another seller's is never live, and its own seller's concern.
fn not_live(p: &Placed) -> Option<Reason> {
    let is_static = p.q.ticket.ticket().holder.is_none() && !p.q.ticket.is_foreign();
    let only_live = p.tier.live_from.is_some_and(|from| from <= p.q.now);
    let inwards = p.q.direction == Direction::In;
    (is_static && only_live && inwards).then_some(Reason::Rejected(Rejection::NotLive))
}

fn already_used(p: &Placed) -> Option<Reason> {
    if p.q.direction == Direction::Out || is_move(p) {
        return None;
    }
    // However often a ticket lets its people in, never more of them at once than it names.
    let left = persons_left(p).min(p.q.ticket.ticket().admits);
    if p.q.persons <= left {
        return None;
    }
    let (at, gate) = p.q.history.last.unzip();
    Some(match p.tier.entry {
        _ if left > 0 => Reason::GroupTooLarge { left },
        EntryRule::PerDay(_) => Reason::DayUsedUp { at, gate },
        EntryRule::Single | EntryRule::Reentry => Reason::AlreadyUsed { at, gate },
    })
}

fn zone_full(p: &Placed) -> Option<Reason> {
    let capacity = p.q.policy.zone(p.gate.zone)?.capacity?;
    let occupancy = p.q.history.occupancy;
    let full = occupancy.saturating_add(i64::from(p.q.persons)) > i64::from(capacity);
    let inside = u32::try_from(occupancy.max(0)).unwrap_or(u32::MAX);
    (full && p.q.direction == Direction::In).then_some(Reason::ZoneFull { capacity, inside })
}

fn time_slot_full(p: &Placed) -> Option<Reason> {
    let (limit, slot) = p.q.policy.time_slot(p.gate.zone, p.q.now)?;
    let arrivals = p.q.history.arrivals.saturating_add(i64::from(p.q.persons));
    let is_full = arrivals > i64::from(limit.persons);
    (is_full && p.q.direction == Direction::In).then_some(Reason::TimeSlotFull {
        persons: limit.persons,
        until: slot.until,
    })
}

/// Tells whether these people come on from the zone that the gate leads out of: they were let in before. Under strict policy no more of
/// them are in at once than the ticket names, unless it lets in anew each day: somebody has come in with a copy.
fn is_move(p: &Placed) -> bool {
    let admits = u32::from(p.q.ticket.ticket().admits);
    let is_copied = p.q.history.used.inside > admits;
    let is_certain = p.tier.offline == Offline::Strict && !matches!(p.tier.entry, EntryRule::PerDay(_));
    let were_let_in = u32::from(p.q.persons) <= p.q.history.may_move;
    p.gate.leaves.is_some() && were_let_in && !(is_certain && is_copied)
}

/// Returns how many people the ticket still lets into the zone.
fn persons_left(p: &Placed) -> u8 {
    let admits = u32::from(p.q.ticket.ticket().admits);
    u8::try_from(entries_left(p.tier.entry, admits, &p.q.history.used)).unwrap_or(u8::MAX)
}

/// Returns how many entries are left for a ticket that admits so many people, by its tier's entry rule.
fn entries_left(entry: EntryRule, admits: u32, used: &LevelUse) -> u32 {
    match entry {
        EntryRule::Single => admits.saturating_sub(used.admitted),
        EntryRule::Reentry => admits.saturating_sub(used.inside),
        EntryRule::PerDay(times) => admits
            .saturating_mul(u32::from(times))
            .saturating_sub(used.admitted_since),
    }
}

#[cfg(test)]
mod tests;
