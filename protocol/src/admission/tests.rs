//! The rules one by one, each pair of them in their order, and how many people a ticket lets in.

use usher_keys::{RootSet, SecretKey, TrustBundle, TrustedKey, Window};

use super::*;
use crate::ident::{TierId, ZoneId};
use crate::policy::{Offline, OffsetChange, PolicyError, TimeSlots, time_slot_at};
use crate::rehearsal::{self, AVAILABLE, EVENT, HOUR_MS, NORTH, NOW, REENTRY, STAIRS, STRICT, TWICE_A_DAY};
use crate::ticket::{Keyring, Ticket};

/// A scan at the north gate of a ticket nobody has used.
struct Scene {
    ticket: Ticket,
    sold_by: EventId,
    policy: Policy,
    history: History,
    gate: GateId,
    direction: Direction,
    persons: u8,
    now: Timestamp,
}

impl Scene {
    fn new(tier: u16) -> Self {
        Self {
            ticket: rehearsal::ticket(7, tier),
            sold_by: EVENT,
            policy: rehearsal::policy(),
            history: History::default(),
            gate: NORTH,
            direction: Direction::In,
            persons: 1,
            now: NOW,
        }
    }

    fn verified(&self) -> VerifiedTicket {
        let key = rehearsal::tickets();
        let bundle = TrustBundle {
            event: self.sold_by,
            version: 1,
            roots: RootSet::single(rehearsal::root().public()),
            ticket_keys: vec![TrustedKey::active(key.public(), Window::ALWAYS)],
            authority_keys: Vec::new(),
            issuing_keys: Vec::new(),
        };
        let payload = self.ticket.clone().sign(&key);
        let phone = SecretKey::from_seed(&[3; 32]);
        let code = match self.ticket.holder {
            Some(_) => payload.shown_live(&phone, self.now),
            None => payload.to_text(),
        };
        Keyring::new(&bundle)
            .verify_text(code.as_bytes(), self.now)
            .unwrap()
    }

    fn verdict(&self) -> Verdict {
        decide(&Question {
            ticket: &self.verified(),
            event: EVENT,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
            policy: &self.policy,
            history: &self.history,
            now: self.now,
        })
    }

    fn tier(&mut self) -> &mut TierRules {
        let id = self.ticket.tier;
        self.policy.tiers.iter_mut().find(|tier| tier.id == id).unwrap()
    }

    fn used(&mut self, admitted: u32, exited: u32) {
        self.history.used = LevelUse {
            admitted,
            inside: admitted.saturating_sub(exited),
            admitted_since: admitted,
        };
        self.history.last = Some((EARLIER, STAIRS));
    }
}

const EARLIER: Timestamp = Timestamp(NOW.0 - HOUR_MS);
const USED: Reason = Reason::AlreadyUsed {
    at: Some(EARLIER),
    gate: Some(STAIRS),
};
const DAY_USED_UP: Reason = Reason::DayUsedUp {
    at: Some(EARLIER),
    gate: Some(STAIRS),
};

const fn admit(persons: u8, left: u8) -> Verdict {
    Verdict::Admit { persons, left }
}

#[track_caller]
fn check(tier: u16, change: impl FnOnce(&mut Scene), expected: Verdict) {
    let mut scene = Scene::new(tier);
    change(&mut scene);
    assert_eq!(scene.verdict(), expected);
}

#[track_caller]
fn deny(tier: u16, change: impl FnOnce(&mut Scene), expected: Reason) {
    check(tier, change, Verdict::Deny(expected));
}

fn window(from_hours: i64, until_hours: i64) -> Window {
    let at = |hours: i64| Timestamp(NOW.0.saturating_add_signed(hours * HOUR_MS as i64));
    Window {
        from: at(from_hours),
        until: at(until_hours),
    }
}

/// Breaks one rule and no other.
type Flaw = (fn(&mut Scene), Reason);

/// One flaw for each rule, in the order of the rules.
const FLAWS: [Flaw; 11] = [
    (|s| s.sold_by = EventId([9; 16]), Reason::OtherEvent),
    (
        |s| s.history.newest = Generation(2),
        Reason::Superseded {
            newest: Generation(2),
        },
    ),
    (revoke, Reason::Revoked),
    (|s| s.gate = GateId(99), Reason::UnknownGate),
    (|s| s.ticket.tier = TierId(99), Reason::UnknownTier),
    (
        open_later,
        Reason::TooEarly {
            opens: Timestamp(NOW.0 + HOUR_MS),
        },
    ),
    (open_elsewhere, Reason::WrongZone),
    (
        |s| s.tier().live_from = Some(NOW),
        Reason::Rejected(Rejection::NotLive),
    ),
    (|s| s.used(1, 0), USED),
    (
        |s| s.policy.zones.iter_mut().for_each(|zone| zone.capacity = Some(0)),
        Reason::ZoneFull {
            capacity: 0,
            inside: 0,
        },
    ),
    (
        close_slots,
        Reason::TimeSlotFull {
            persons: 0,
            until: Timestamp(NOW.0 + HOUR_MS / 2),
        },
    ),
];

fn revoke(scene: &mut Scene) {
    scene.history.newest = scene.history.newest.max(Generation(1));
    scene.history.revoked = true;
}

fn close_slots(scene: &mut Scene) {
    for zone in &mut scene.policy.zones {
        zone.time_slots = Some(TimeSlots {
            minutes: 30,
            persons: 0,
        });
    }
}

fn open_later(scene: &mut Scene) {
    scene
        .policy
        .tiers
        .iter_mut()
        .for_each(|tier| tier.windows = vec![window(1, 2)]);
}

fn open_elsewhere(scene: &mut Scene) {
    scene
        .policy
        .tiers
        .iter_mut()
        .for_each(|tier| tier.zones = vec![ZoneId(2)]);
}

#[test]
fn a_ticket_that_nothing_speaks_against_is_admitted() {
    check(STRICT, |_| {}, admit(1, 0));
}

#[test]
fn each_rule_alone_gives_its_reason() {
    for (flaw, reason) in FLAWS {
        deny(STRICT, flaw, reason);
    }
}

#[test]
fn of_two_broken_rules_the_earlier_gives_the_reason() {
    for (place, (earlier, reason)) in FLAWS.iter().enumerate() {
        for (later, _) in &FLAWS[place + 1..] {
            // In this order, since the later flaw may need what the earlier one has not changed yet.
            deny(
                STRICT,
                |scene| {
                    later(scene);
                    earlier(scene);
                },
                *reason,
            );
        }
    }
}

#[test]
fn the_names_of_the_rules_stand_in_their_order() {
    let names: Vec<_> = rule_names().collect();
    assert_eq!(
        names,
        [
            "format",
            "signature",
            "key",
            "event",
            "generation",
            "revoked",
            "time window",
            "zone",
            "live",
            "already used",
            "zone capacity",
            "time slot"
        ]
    );
}

#[test]
fn revocation_outranks_a_second_entry() {
    deny(
        STRICT,
        |scene| {
            revoke(scene);
            scene.used(1, 0);
        },
        Reason::Revoked,
    );
}

#[test]
fn a_revocation_holds_for_the_newest_generation_only() {
    let newer = |scene: &mut Scene| {
        revoke(scene);
        scene.ticket.generation = Generation(2);
    };
    check(STRICT, newer, admit(1, 0));
    let never_heard_of = |scene: &mut Scene| scene.ticket.generation = Generation(7);
    check(STRICT, never_heard_of, admit(1, 0));
}

#[test]
fn a_ticket_is_denied_outside_its_windows() {
    let during = |windows: Vec<Window>| move |scene: &mut Scene| scene.tier().windows = windows;
    let opens = Timestamp(NOW.0 + HOUR_MS);
    deny(STRICT, during(vec![window(1, 2)]), Reason::TooEarly { opens });
    deny(
        STRICT,
        during(vec![window(3, 4), window(1, 2)]),
        Reason::TooEarly { opens },
    );
    deny(
        STRICT,
        during(vec![window(-2, -1), window(1, 2)]),
        Reason::TooEarly { opens },
    );
    let closed = EARLIER;
    deny(STRICT, during(vec![window(-2, -1)]), Reason::TooLate { closed });
    deny(
        STRICT,
        during(vec![window(-2, -1), window(-4, -3)]),
        Reason::TooLate { closed },
    );
    check(STRICT, during(vec![window(0, 1)]), admit(1, 0));
    deny(
        STRICT,
        during(vec![window(-1, 0)]),
        Reason::TooLate { closed: NOW },
    );
    check(STRICT, during(vec![window(5, 6), window(-1, 1)]), admit(1, 0));
    check(STRICT, during(Vec::new()), admit(1, 0));
}

#[test]
fn a_static_code_opens_gates_until_only_live_tickets_do() {
    let live_from = |at: u64| move |scene: &mut Scene| scene.tier().live_from = Some(Timestamp(at));
    let picture = Reason::Rejected(Rejection::NotLive);
    for tier in [STRICT, AVAILABLE, REENTRY] {
        check(tier, live_from(NOW.0 + 1), admit(1, 0));
        deny(tier, live_from(NOW.0), picture);
        deny(tier, live_from(0), picture);
    }
    let mut shown_live = Scene::new(STRICT);
    live_from(0)(&mut shown_live);
    let phone = SecretKey::from_seed(&[3; 32]);
    shown_live.ticket.holder = Some(phone.public());
    assert_eq!(shown_live.verdict(), admit(1, 0));
}

#[test]
fn a_single_entry_lets_each_person_in_once_exit_or_not() {
    for tier in [STRICT, AVAILABLE] {
        check(tier, |_| {}, admit(1, 0));
        deny(tier, |s| s.used(1, 0), USED);
        deny(tier, |s| s.used(1, 1), USED);
    }
}

#[test]
fn a_second_entry_after_an_exit_is_for_tiers_that_allow_it() {
    check(REENTRY, |_| {}, admit(1, 0));
    deny(REENTRY, |s| s.used(1, 0), USED);
    check(REENTRY, |s| s.used(1, 1), admit(1, 0));
    deny(REENTRY, |s| s.used(5, 4), USED);
}

#[test]
fn so_many_entries_are_counted_on_each_local_day() {
    check(TWICE_A_DAY, |_| {}, admit(1, 1));
    check(TWICE_A_DAY, |s| s.used(1, 0), admit(1, 0));
    deny(TWICE_A_DAY, |s| s.used(2, 0), DAY_USED_UP);
    deny(TWICE_A_DAY, |s| s.used(2, 2), DAY_USED_UP);
    let before_today = |s: &mut Scene| {
        s.used(2, 0);
        s.history.used.admitted_since = 0;
    };
    check(TWICE_A_DAY, before_today, admit(1, 1));
}

#[test]
fn a_local_day_begins_when_the_policy_says() {
    let policy = rehearsal::policy();
    // 2027-01-15, one hour ahead of UTC, days from six in the morning: 05:00 UTC begins the day.
    let begin = 1_799_989_200_000;
    let day = policy.day(Timestamp(begin));
    assert_eq!(policy.day(Timestamp(begin - 1)), day - 1);
    assert_eq!(policy.day(Timestamp(begin + 24 * HOUR_MS - 1)), day);
    assert_eq!(policy.day(Timestamp(0)), -1);
    policy.day(Timestamp::FOREVER);
}

#[test]
fn slots_divide_the_day_from_midnight_by_the_first_offset() {
    const HOUR: u64 = HOUR_MS;
    let midnight = Timestamp(20_000 * 24 * HOUR);
    let check = |minutes, offset: i16, (at, from, until): (u64, u64, u64)| {
        let slot = time_slot_at(minutes, offset, Timestamp(midnight.0 + at));
        let (from, until) = (Timestamp(midnight.0 + from), Timestamp(midnight.0 + until));
        assert_eq!(slot, Window { from, until }, "{minutes} minutes, {offset}");
    };
    check(60, 0, (0, 0, HOUR));
    check(60, 0, (HOUR - 1, 0, HOUR));
    check(60, 0, (HOUR, HOUR, 2 * HOUR));
    // Half an hour ahead of UTC, the hour began at half past.
    check(60, 30, (HOUR, HOUR / 2, HOUR + HOUR / 2));
    // Two hours ahead, the day of midnight began two hours before it.
    check(1_440, 120, (23 * HOUR, 22 * HOUR, 46 * HOUR));
    // At the ends of time nothing overflows, and what makes no sense is some slot.
    assert_eq!(time_slot_at(0, i16::MIN, Timestamp(0)).from, Timestamp(0));
    assert_eq!(
        time_slot_at(1_440, i16::MAX, Timestamp(u64::MAX)).until,
        Timestamp(u64::MAX)
    );
}

#[test]
fn what_would_let_used_tickets_in_again_follows_no_policy() {
    let before = rehearsal::policy();
    let follows = |change: fn(&mut Policy)| {
        let mut next = before.clone();
        change(&mut next);
        before.check_successor(&next)
    };
    assert_eq!(follows(|next| next.gates[0].name = "Else".to_owned()), Ok(()));
    assert_eq!(follows(|next| next.tiers[0].offline = Offline::Available), Ok(()));
    let (gate, tier) = (before.gates[0].id, before.tiers[0].id);
    let reopens = PolicyError::Reopens {
        kind: "gate",
        id: gate.0,
    };
    // One that is taken away could come back as another.
    assert_eq!(follows(|next| drop(next.gates.remove(0))), Err(reopens.clone()));
    assert_eq!(follows(|next| next.gates[0].zone = ZoneId(2)), Err(reopens));
    let changes = PolicyError::EntryChanges { tier };
    assert_eq!(follows(|next| drop(next.tiers.remove(0))), Err(changes.clone()));
    assert_eq!(
        follows(|next| next.tiers[0].entry = EntryRule::PerDay(2)),
        Err(changes)
    );
}

#[test]
fn slots_that_do_not_divide_a_day_are_refused() {
    for (minutes, fits) in [
        (0, false),
        (4, false),
        (5, true),
        (45, true),
        (50, false),
        (1_440, true),
        (2_880, false),
    ] {
        let mut policy = rehearsal::policy();
        policy.zones[0].time_slots = Some(TimeSlots { minutes, persons: 1 });
        assert_eq!(policy.check().is_ok(), fits, "{minutes} minutes");
    }
}

#[test]
fn a_day_in_which_the_offset_changes_has_fewer_or_more_hours() {
    // Berlin: summer time ends on 2026-10-25 at 01:00 UTC and begins on 2027-03-28 at 01:00 UTC.
    let mut policy = rehearsal::policy();
    policy.day_start_minutes = 0;
    policy.utc_offset_minutes = 120;
    let change = |at, utc_offset_minutes| OffsetChange {
        at: Timestamp(at),
        utc_offset_minutes,
    };
    policy.offset_changes = vec![change(1_792_890_000_000, 60), change(1_806_195_600_000, 120)];
    for (midnight, hours) in [
        (1_792_792_800_000, 24),
        (1_792_879_200_000, 25),
        (1_806_188_400_000, 23),
    ] {
        let day = policy.day(Timestamp(midnight));
        assert_eq!(policy.day(Timestamp(midnight - 1)), day - 1);
        assert_eq!(policy.day(Timestamp(midnight + hours * HOUR_MS - 1)), day);
        assert_eq!(policy.day(Timestamp(midnight + hours * HOUR_MS)), day + 1);
    }
}

#[test]
fn whoever_comes_on_from_the_zone_beside_it_was_let_in_before() {
    let between = |may_move| {
        move |s: &mut Scene| {
            s.used(1, 0);
            s.policy
                .gates
                .iter_mut()
                .for_each(|gate| gate.leaves = Some(ZoneId(3)));
            s.history.may_move = may_move;
        }
    };
    check(STRICT, between(1), admit(1, 0));
    deny(STRICT, between(0), USED);
}

#[test]
fn a_group_enters_together_or_in_parts_but_never_larger_than_it_is() {
    let group = |admitted, persons| {
        move |s: &mut Scene| {
            s.ticket.admits = 4;
            s.used(admitted, 0);
            s.persons = persons;
        }
    };
    check(STRICT, group(0, 4), admit(4, 0));
    check(STRICT, group(0, 1), admit(1, 3));
    check(STRICT, group(3, 1), admit(1, 0));
    deny(STRICT, group(0, 5), Reason::GroupTooLarge { left: 4 });
    deny(STRICT, group(3, 2), Reason::GroupTooLarge { left: 1 });
    deny(STRICT, group(4, 1), USED);
    check(TWICE_A_DAY, group(4, 4), admit(4, 0));
    deny(TWICE_A_DAY, group(7, 2), Reason::GroupTooLarge { left: 1 });
    let largest = |s: &mut Scene| {
        s.ticket.admits = u8::MAX;
        s.persons = u8::MAX;
    };
    check(TWICE_A_DAY, largest, admit(u8::MAX, 0));
}

#[test]
fn whoever_leaves_is_let_out_known_inside_or_not() {
    let leaving = |admitted, exited, persons| {
        move |s: &mut Scene| {
            s.direction = Direction::Out;
            s.ticket.admits = 2;
            s.used(admitted, exited);
            s.persons = persons;
        }
    };
    check(REENTRY, leaving(2, 0, 1), admit(1, 1));
    check(REENTRY, leaving(2, 0, 2), admit(2, 2));
    check(REENTRY, leaving(0, 0, 1), admit(1, 2));
    check(STRICT, leaving(2, 0, 2), admit(2, 0));
    check(STRICT, leaving(2, 2, 1), admit(1, 0));
    check(TWICE_A_DAY, leaving(2, 0, 1), admit(1, 2));
    let out = |s: &mut Scene| s.direction = Direction::Out;
    for (flaw, reason) in FLAWS {
        let scene = |s: &mut Scene| {
            flaw(s);
            out(s);
        };
        let has_no_place = matches!(reason, Reason::OtherEvent | Reason::UnknownGate);
        if has_no_place {
            deny(STRICT, scene, reason);
        } else {
            let mut leaves = Scene::new(STRICT);
            scene(&mut leaves);
            assert!(
                matches!(leaves.verdict(), Verdict::Admit { persons: 1, .. }),
                "{reason:?}"
            );
        }
    }
}

#[test]
fn nobody_is_kept_inside_by_a_revocation_a_window_or_a_full_zone() {
    let leaving = |s: &mut Scene| {
        revoke(s);
        s.used(1, 0);
        s.tier().windows = vec![window(-2, -1)];
        s.policy.zones[0].capacity = Some(1);
        s.history.occupancy = 1;
        s.direction = Direction::Out;
    };
    check(STRICT, leaving, admit(1, 0));
}

#[test]
fn a_zone_takes_no_more_people_than_it_holds() {
    let inside = |occupancy, persons| {
        move |s: &mut Scene| {
            s.policy.zones[0].capacity = Some(10);
            s.ticket.admits = 9;
            s.history.occupancy = occupancy;
            s.persons = persons;
        }
    };
    check(STRICT, inside(9, 1), admit(1, 8));
    let full = |inside| Reason::ZoneFull { capacity: 10, inside };
    deny(STRICT, inside(10, 1), full(10));
    deny(STRICT, inside(8, 3), full(8));
    deny(STRICT, inside(108, 1), full(108));
    deny(STRICT, inside(i64::MAX, 3), full(u32::MAX));
    // More exits than entries were seen: some came in where nobody scanned.
    check(STRICT, inside(-3, 9), admit(9, 0));
}
