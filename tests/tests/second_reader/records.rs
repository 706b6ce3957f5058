//! Records of every kind with every field at its ends and between; whether they make sense is nobody's concern here.

use usher_keys::{PublicKey, Timestamp, codec};
use usher_protocol::admission::{Reason, Referral, Refused};
use usher_protocol::labels::{SeatNumbers, SeatRows, SeatSection, UnitLabels};
use usher_protocol::log::Tail;
use usher_protocol::policy::{EntryRule, Gate, Offline, OffsetChange, Policy, TierRules, TimeSlots, Zone};
use usher_protocol::record::{
    Body, Count, Counterpart, PlacesOf, Record, Refusal, RightToAnnul, ShownPassage,
};
use usher_protocol::ticket::Rejection;
use usher_protocol::ticket::foreign::{CodeHash, ForeignList, ListedCode};
use usher_protocol::{GateId, Generation, Hlc, ScanId, ScanSecret, Seq, TierId, Unit, ZoneId};
use usher_tests::hostile::scene;
use usher_tests::sim::random::Random;

use super::foreign;
use super::proofs::{fork_proof, identity, window};
use super::tickets;

/// How many kinds there are.
const KINDS: usize = 24;

/// Ends of the forms that a number is written in.
const ENDS: [u64; 10] = [
    0,
    1,
    250,
    251,
    0xffff,
    0x1_0000,
    0xffff_ffff,
    0x1_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];
const TEXTS: [&str; 6] = [
    "",
    "Ada",
    "Zo\u{eb} \u{1f39f}",
    "\u{0}\n\"\\",
    "\u{10ffff}",
    "knows the guest",
];

/// Draws a number of 64 bits.
pub fn big(random: &mut Random) -> u64 {
    let end = ENDS[random.index(ENDS.len())];
    if random.percent(50) {
        end
    } else {
        end ^ random.below(1 << 20)
    }
}

/// Draws a number of 32 bits.
pub fn number(random: &mut Random) -> u32 {
    u32::try_from(big(random)).unwrap_or(u32::MAX)
}

/// Draws a number of 16 bits.
pub fn small(random: &mut Random) -> u16 {
    u16::try_from(big(random)).unwrap_or(u16::MAX)
}

fn byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap_or_default()
}

/// Draws a text, of no letters to hundreds.
pub fn text(random: &mut Random) -> String {
    let text = TEXTS[random.index(TEXTS.len())];
    text.repeat(if random.percent(5) { 100 } else { 1 })
}

/// Draws bytes in place of a key.
pub fn key(random: &mut Random) -> PublicKey {
    PublicKey(random.seed())
}

/// Draws a list, seldom a long one.
pub fn list<T>(random: &mut Random, mut draw: impl FnMut(&mut Random) -> T) -> Vec<T> {
    let most = if random.percent(3) { 260 } else { 3 };
    (0..random.below(most)).map(|_| draw(random)).collect()
}

/// Draws something or nothing.
pub fn maybe<T>(random: &mut Random, draw: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.percent(50).then(|| draw(random))
}

/// Draws a record; the number says of which kind.
pub fn record(random: &mut Random, number: usize) -> Record {
    let hlc = Hlc {
        ms: big(random),
        count: self::number(random),
    };
    let kind = number % KINDS;
    let body = if kind == KINDS - 1 {
        Body::Foreign(foreign_list(random))
    } else if kind < 10 {
        authority_record(random, kind)
    } else {
        word(random, kind)
    };
    Record::new(hlc, body)
}

/// Draws the bytes of a record of a later version: the front that every version reads, then anything.
pub fn later(random: &mut Random) -> Vec<u8> {
    let hlc = Hlc {
        ms: big(random),
        count: number(random),
    };
    let kind = (KINDS as u32).saturating_add(number(random));
    let mut bytes = codec::encode(&(hlc, random.percent(50), kind));
    bytes.extend(list(random, byte));
    bytes
}

/// What authorities say.
fn authority_record(random: &mut Random, kind: usize) -> Body {
    match kind {
        0 => Body::Policy {
            version: number(random),
            policy: policy(random),
        },
        1 => Body::Roster {
            epoch: number(random),
            hubs: list(random, key),
        },
        2..=4 => standing(random, kind),
        5 => Body::DeviceEnrolled {
            identity: identity(random),
        },
        6 => Body::DeviceRevoked {
            device: key(random),
            after: Seq(big(random)),
        },
        7 => Body::HubRetired {
            hub: key(random),
            heir: maybe(random, key),
        },
        8 => Body::ForkSettled {
            origin: key(random),
            tail: Tail {
                seq: Seq(big(random)),
                hash: random.seed(),
            },
        },
        _ => Body::Restated,
    }
}

/// What devices say.
fn word(random: &mut Random, kind: usize) -> Body {
    match kind {
        10 => Body::Opened {
            identity: identity(random),
        },
        11 => Body::Renewed {
            identity: identity(random),
        },
        12 => Body::RosterAdopted {
            epoch: number(random),
            roster: random.seed(),
        },
        13 => Body::Admitted(passage(random)),
        14 => Body::Exited(passage(random)),
        15 => Body::Refused(refusal(random)),
        16 => Body::Overridden {
            passage: passage(random),
            by: text(random),
            why: text(random),
        },
        17 => Body::Withdrawn {
            passage: passage(random),
            secret: ScanSecret(random.bytes16()),
        },
        18 => Body::ExitMatched {
            unit: Unit(number(random)),
            exit: ScanId(random.bytes16()),
            closes: list(random, counterpart),
        },
        19 => Body::Lent {
            zone: ZoneId(small(random)),
            to: key(random),
            places: number(random),
            of: match random.below(3) {
                0 => PlacesOf::Room,
                1 => PlacesOf::TimeSlot(Timestamp(big(random))),
                _ => PlacesOf::TimeSlotsFrom(Timestamp(big(random))),
            },
        },
        21 => Body::Counted {
            count: count(random),
            by: text(random),
        },
        20 => Body::Annulled {
            passage: passage(random),
            right: match random.below(3) {
                0 => RightToAnnul::Reader(ScanSecret(random.bytes16())),
                1 => RightToAnnul::Turnstile(ScanSecret(random.bytes16())),
                _ => RightToAnnul::Supervisor,
            },
            by: text(random),
            why: text(random),
        },
        _ => Body::ForkSeen(Box::new(fork_proof(random))),
    }
}

fn count(random: &mut Random) -> Count {
    Count {
        at: Timestamp(big(random)),
        zone: ZoneId(small(random)),
        inside: number(random),
        heard: list(random, |random| (key(random), Seq(big(random)))),
    }
}

fn standing(random: &mut Random, kind: usize) -> Body {
    let (unit, generation) = (Unit(number(random)), Generation(number(random)));
    match kind {
        2 => Body::Superseded { unit, generation },
        3 => Body::Revoked { unit, generation },
        _ => Body::Reinstated { unit, generation },
    }
}

fn policy(random: &mut Random) -> Policy {
    Policy {
        name: text(random),
        utc_offset_minutes: small(random).cast_signed(),
        time_zone: text(random),
        offset_changes: list(random, |random| OffsetChange {
            at: Timestamp(big(random)),
            utc_offset_minutes: small(random).cast_signed(),
        }),
        day_start_minutes: small(random),
        zones: list(random, |random| Zone {
            id: ZoneId(small(random)),
            name: text(random),
            capacity: maybe(random, number),
            time_slots: maybe(random, |random| TimeSlots {
                minutes: small(random),
                persons: number(random),
            }),
            inside: maybe(random, |random| ZoneId(small(random))),
        }),
        gates: list(random, |random| Gate {
            id: GateId(small(random)),
            name: text(random),
            zone: ZoneId(small(random)),
            leaves: maybe(random, |random| ZoneId(small(random))),
        }),
        tiers: list(random, tier),
        labels: maybe(random, labels),
    }
}

fn tier(random: &mut Random) -> TierRules {
    let (id, name) = (TierId(small(random)), text(random));
    let zones = list(random, |random| ZoneId(small(random)));
    let windows = list(random, window);
    TierRules {
        id,
        name,
        zones,
        entry: match random.below(3) {
            0 => EntryRule::Single,
            1 => EntryRule::Reentry,
            _ => EntryRule::PerDay(byte(random)),
        },
        offline: if random.percent(50) {
            Offline::Strict
        } else {
            Offline::Available
        },
        // Some tiers have windows and some do not.
        live_from: windows.last().map(|window| window.until),
        windows,
    }
}

fn labels(random: &mut Random) -> UnitLabels {
    UnitLabels {
        seats: number(random),
        sections: list(random, |random| SeatSection {
            name: text(random),
            rows: (0..random.below(3)).map(|_| rows(random)).collect(),
        }),
    }
}

fn rows(random: &mut Random) -> SeatRows {
    SeatRows {
        first: text(random),
        rows: number(random),
        numbers: if random.percent(50) {
            SeatNumbers::Counted {
                first: number(random),
                seats: number(random),
            }
        } else {
            SeatNumbers::Named((0..random.below(3)).map(|_| text(random)).collect())
        },
    }
}

fn counterpart(random: &mut Random) -> Counterpart {
    Counterpart {
        scan: ScanId(random.bytes16()),
        persons: byte(random),
    }
}

fn foreign_list(random: &mut Random) -> ForeignList {
    ForeignList {
        salt: random.seed(),
        sellers: list(random, key),
        codes: list(random, |random| ListedCode {
            code: CodeHash(random.bytes16()),
            unit: Unit(number(random)),
            tier: TierId(small(random)),
            admits: byte(random),
            used: byte(random),
        }),
    }
}

fn passage(random: &mut Random) -> ShownPassage {
    let code = match random.below(10) {
        0 => list(random, byte),
        1 | 2 => tickets::code_by(random, &scene::key(0x66)),
        3 => foreign::shown(random),
        _ => tickets::code(random),
    };
    ShownPassage {
        scan: ScanId(random.bytes16()),
        code,
        persons: byte(random),
        gate: GateId(small(random)),
        zone: ZoneId(small(random)),
        at: Timestamp(big(random)),
        counterparts: list(random, counterpart),
    }
}

fn refusal(random: &mut Random) -> Refusal {
    Refusal {
        scan: ScanId(random.bytes16()),
        ticket: (Unit(number(random)), Generation(number(random))),
        gate: GateId(small(random)),
        why: match random.below(5) {
            0 => Refused::Refer(referral(random)),
            _ => Refused::Deny(reason(random)),
        },
    }
}

fn referral(random: &mut Random) -> Referral {
    match random.below(13) {
        0 => Referral::HomeUnreachable { home: key(random) },
        1 => Referral::HomeUnsettled { former: key(random) },
        2 => Referral::NotReady,
        3 => Referral::OwnLogForked,
        4 => Referral::OwnLogBehind,
        5 => Referral::Retired,
        6 => Referral::UpdateNeeded,
        7 => Referral::NotAllowed,
        8 => Referral::ClockInDoubt,
        9 => Referral::NoPlaces,
        10 => Referral::AskerSilent {
            asker: key(random),
            gate: GateId(small(random)),
            at: Timestamp(big(random)),
        },
        11 => Referral::NotListed,
        _ => Referral::ScanOver,
    }
}

fn reason(random: &mut Random) -> Reason {
    match random.below(14) {
        0 => Reason::Rejected(rejection(random)),
        1 => Reason::OtherEvent,
        2 => Reason::Superseded {
            newest: Generation(number(random)),
        },
        3 => Reason::Revoked,
        4 => Reason::TooEarly {
            opens: Timestamp(big(random)),
        },
        5 => Reason::TooLate {
            closed: Timestamp(big(random)),
        },
        6 => Reason::WrongZone,
        7 => Reason::UnknownGate,
        8 => Reason::UnknownTier,
        9 => Reason::AlreadyUsed {
            at: maybe(random, |random| Timestamp(big(random))),
            gate: maybe(random, |random| GateId(small(random))),
        },
        10 => Reason::GroupTooLarge { left: byte(random) },
        11 => Reason::DayUsedUp {
            at: maybe(random, |random| Timestamp(big(random))),
            gate: maybe(random, |random| GateId(small(random))),
        },
        12 => Reason::ZoneFull {
            capacity: number(random),
            inside: number(random),
        },
        _ => Reason::TimeSlotFull {
            persons: number(random),
            until: Timestamp(big(random)),
        },
    }
}

fn rejection(random: &mut Random) -> Rejection {
    match random.below(8) {
        0 => Rejection::NotATicket,
        1 => Rejection::UnknownVersion {
            version: byte(random),
        },
        2 => Rejection::UnknownKey,
        3 => Rejection::FalseSignature,
        4 => Rejection::StruckKey,
        5 => Rejection::KeyOutOfWindow,
        6 => Rejection::NotListed,
        _ => Rejection::NotLive,
    }
}
