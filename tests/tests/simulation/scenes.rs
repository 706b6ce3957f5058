//! Each fault of the simulation alone, on a stage where nothing else goes wrong.

use usher_keys::Timestamp;
use usher_protocol::admission::{Reason, Referral, Verdict};
use usher_protocol::policy::{OffsetChange, TimeSlots, Zone};
use usher_protocol::record::{Body, PlacesOf, Record};
use usher_protocol::state::Incident;
use usher_protocol::ticket::Rejection;
use usher_tests::sim::setting::{OUTER, TIERS};
use usher_tests::sim::world::CLOUD;
use usher_tests::sim::{Kind, Shape, World};

const STRICT: u32 = 0;
const AVAILABLE: u32 = 1;
/// Long enough for everybody to hear of everything where nothing is cut.
const A_WHILE_MS: u64 = 4_000;

/// Opens an event where nothing goes wrong by itself; the first hub is node 1, the scanners come after the hubs.
fn stage(hubs: usize, scanners: usize) -> World {
    let mut world = World::new(1, &Shape::stage(hubs, scanners));
    world.play(A_WHILE_MS);
    world
}

/// Finds a unit of a tier whose home is that hub.
fn unit_at(world: &World, tier: u32, home: usize) -> u32 {
    let mut units = (tier..world.shape.units).step_by(TIERS.len());
    let unit = units.find(|unit| world.home_of(home, *unit) == Some(home));
    unit.expect("sixty units reach every hub")
}

/// The authority changes the zone that everybody is let into.
fn change_zone(world: &mut World, change: impl FnOnce(&mut Zone)) {
    let policy = world.nodes[CLOUD].ledger.state().policy();
    let (version, mut policy) = policy
        .map(|(version, policy)| (version + 1, policy.clone()))
        .expect("an event that is open has one");
    change(&mut policy.zones[0]);
    world.publish(Body::Policy { version, policy });
}

#[track_caller]
fn check_admitted(verdict: Option<Verdict>) {
    assert!(matches!(verdict, Some(Verdict::Admit { .. })), "{verdict:?}");
}

fn forked(world: &World, node: usize) -> usize {
    let incidents = world.nodes[node].ledger.state().incidents();
    incidents
        .iter()
        .filter(|one| matches!(one, Incident::Forked { .. }))
        .count()
}

#[test]
fn a_lost_home_keeps_its_strict_tickets_out_until_a_person_vouches_for_its_end() {
    let mut world = stage(3, 3);
    let (lost, scanner) = (2, 4);
    let (strict, available) = (unit_at(&world, STRICT, lost), unit_at(&world, AVAILABLE, lost));
    world.burn(lost);
    let verdict = world.ask(strict, scanner);
    assert!(
        matches!(verdict, Some(Verdict::Refer(Referral::HomeUnreachable { .. }))),
        "{verdict:?}"
    );
    check_admitted(world.ask(available, scanner));
    world.retire(lost);
    world.play(A_WHILE_MS);
    // Whoever was sent away may have come back by now.
    if world.people.inside(strict, OUTER) == 0 {
        check_admitted(world.ask(strict, scanner));
    }
    assert_eq!(world.people.inside(strict, OUTER), 1);
    world.recover();
    let moved = world.hub_of(5).expect("every scanner has a hub");
    assert!(world.usable_hubs().contains(&moved));
}

#[test]
fn what_a_cut_off_hub_lacks_comes_through_a_third_replica() {
    let mut world = stage(3, 3);
    let (unit, behind) = (unit_at(&world, STRICT, 3), 6);
    for far in [2, 3] {
        world.cut.extend([(CLOUD, far), (far, CLOUD)]);
    }
    world.cut.extend([(1, 3), (3, 1)]);
    world.revoke_ticket(unit);
    world.play(A_WHILE_MS);
    assert_eq!(world.ask(unit, behind), Some(Verdict::Deny(Reason::Revoked)));
    let other = unit_at(&world, AVAILABLE, 3);
    check_admitted(world.ask(other, behind));
    world.play(A_WHILE_MS);
    let known = world.nodes[CLOUD]
        .ledger
        .state()
        .passages(usher_protocol::Unit(other));
    assert_eq!(known.count(), 1, "the scan came the same way back");
    world.recover();
}

#[test]
fn a_ticket_revoked_in_a_partition_opens_the_far_gate_until_the_line_is_mended() {
    let mut world = stage(2, 2);
    let unit = unit_at(&world, AVAILABLE, 2);
    let (near, far) = (3, 4);
    world.isolate(&[2, far]);
    world.revoke_ticket(unit);
    world.play(A_WHILE_MS);
    assert_eq!(world.ask(unit, near), Some(Verdict::Deny(Reason::Revoked)));
    check_admitted(world.ask(unit, far));
    world.mend();
    world.play(A_WHILE_MS);
    assert_eq!(world.ask(unit, far), Some(Verdict::Deny(Reason::Revoked)));
    world.recover();
}

#[test]
fn keys_rotated_in_a_partition_are_believed_as_soon_as_the_line_is_mended() {
    let mut world = stage(2, 2);
    let (near, far) = (3, 4);
    let (first, second) = (unit_at(&world, AVAILABLE, 1), unit_at(&world, AVAILABLE, 2));
    world.isolate(&[2, far]);
    for _ in 0..3 {
        world.renew_bundle();
    }
    world.revoke_ticket(5);
    world.play(A_WHILE_MS);
    let closed = Verdict::Deny(Reason::Rejected(Rejection::KeyOutOfWindow));
    let unknown = Verdict::Deny(Reason::Rejected(Rejection::UnknownKey));
    let answers: Vec<_> = (0..60).filter_map(|_| world.ask(first, near)).collect();
    assert!(answers.contains(&closed), "{answers:?}");
    assert!(
        answers.iter().any(|one| matches!(one, Verdict::Admit { .. })),
        "{answers:?}"
    );
    // Of the same tier; some of its papers are signed by the key that has not got there.
    let third = (second + 6) % world.shape.units;
    let answers: Vec<_> = (0..20).filter_map(|_| world.ask(third, far)).collect();
    assert!(answers.contains(&unknown), "{answers:?}");
    world.mend();
    world.play(A_WHILE_MS);
    let answers: Vec<_> = (0..20).filter_map(|_| world.ask(second, far)).collect();
    assert!(
        answers.iter().any(|one| matches!(one, Verdict::Admit { .. })),
        "{answers:?}"
    );
    let state = world.nodes[far].ledger.state();
    assert!(
        state
            .history(usher_protocol::Unit(5), usher_protocol::ZoneId(1))
            .revoked,
        "by the new authority"
    );
    world.recover();
}

#[test]
fn a_revoked_device_is_shown_the_door_by_everyone_who_has_heard() {
    let mut world = stage(2, 2);
    let (hub, stolen) = (1, 3);
    check_admitted(world.ask(unit_at(&world, STRICT, 1), stolen));
    world.isolate(&[hub, stolen]);
    world.revoke_device(stolen);
    world.play(A_WHILE_MS);
    assert!(
        world.nodes[hub].sessions.contains_key(&stolen),
        "nobody has told the hub"
    );
    world.mend();
    world.play(A_WHILE_MS);
    assert!(!world.nodes[hub].sessions.contains_key(&stolen));
    let verdict = world.ask(unit_at(&world, STRICT, 2), stolen);
    assert!(
        matches!(verdict, Some(Verdict::Refer(Referral::HomeUnreachable { .. }))),
        "it can only ask itself: {verdict:?}"
    );
    world.recover();
}

/// A hub admits somebody, loses its disk and gets a copy from before that; returns the unit.
fn put_back(world: &mut World, hub: usize, scanner: usize) -> u32 {
    let unit = unit_at(world, STRICT, hub);
    let copy = world.nodes[hub].disk.clone();
    check_admitted(world.ask(unit, scanner));
    world.play(A_WHILE_MS);
    world.put_back(hub, copy);
    unit
}

#[test]
fn a_restored_hub_that_writes_before_it_hears_is_frozen_and_named_by_all() {
    let mut world = stage(3, 3);
    let (hub, near, scanner) = (2, 4, 5);
    let unit = unit_at(&world, STRICT, hub);
    let copy = world.nodes[hub].disk.clone();
    // Whoever knew the hub's past would tell it.
    world.isolate(&[scanner]);
    check_admitted(world.ask(unit, near));
    for again in [1, 2, 3] {
        let refused = world.ask(unit, near);
        assert!(matches!(refused, Some(Verdict::Deny(_))), "{again}: {refused:?}");
    }
    world.mend();
    world.isolate(&[hub, scanner]);
    world.put_back(hub, copy);
    world.play(A_WHILE_MS);
    let own = world.nodes[hub].key.public();
    let past = world.nodes[CLOUD].ledger.tail(&own).seq;
    check_admitted(world.ask(unit, scanner));
    assert!(
        world.nodes[hub].ledger.tail(&own).seq < past,
        "it is still behind its own past"
    );
    world.mend();
    world.play(A_WHILE_MS);
    for node in 0..world.nodes.len() {
        assert_eq!(forked(&world, node), 1, "{} does not know", world.name(node));
    }
    let verdict = world.ask(unit_at(&world, AVAILABLE, hub), scanner);
    assert_eq!(verdict, Some(Verdict::Refer(Referral::OwnLogForked)));
    world.recover();
}

#[test]
fn a_restored_hub_that_hears_first_gets_its_past_back() {
    let mut world = stage(2, 2);
    let (hub, scanner) = (1, 3);
    let unit = put_back(&mut world, hub, scanner);
    world.play(A_WHILE_MS);
    let verdict = world.ask(unit, scanner);
    assert!(
        matches!(verdict, Some(Verdict::Deny(Reason::AlreadyUsed { .. }))),
        "{verdict:?}"
    );
    world.recover();
    assert_eq!(world.outcome().forks, 0);
}

#[test]
fn altered_messages_are_never_taken_for_records_and_stop_no_session_for_good() {
    let shape = Shape {
        faults: [Kind::Corruption].into(),
        crowd: true,
        ..Shape::stage(2, 2)
    };
    let mut world = World::new(3, &shape);
    world.altered_per_mille = 250;
    world.play(20_000);
    assert!(world.altered.len() > 50, "{}", world.altered.len());
    world.recover();
    let outcome = world.outcome();
    assert!(outcome.admitted > 10 && outcome.forks == 0, "{outcome:?}");
}

#[test]
fn a_machine_that_has_stopped_writes_nothing() {
    let mut world = stage(2, 2);
    change_zone(&mut world, |zone| zone.capacity = Some(20));
    world.play(A_WHILE_MS);
    // Of the places that are left the first hub has given away more than half: the second is to give some back.
    change_zone(&mut world, |zone| zone.capacity = Some(1));
    while world.capacity(2, OUTER) != Some(1) {
        world.play(1);
    }
    world.nodes[2].crash();
    let owed = world.nodes[2].ledger.state().places_owed(OUTER, PlacesOf::Room);
    assert!(owed.is_some());
    world.play(A_WHILE_MS);
    assert!(world.nodes[2].batch.entries.is_empty());
    world.restart(2);
    world.recover();
}

#[test]
fn guests_at_one_gate_have_the_last_places_soon_though_their_homes_take_turns() {
    let mut world = stage(2, 2);
    change_zone(&mut world, |zone| zone.capacity = Some(6));
    world.play(A_WHILE_MS);
    let begun = world.now;
    let mut guests: Vec<u32> = (AVAILABLE..world.shape.units).step_by(TIERS.len()).collect();
    // The first four use up what their home has and make the other hub give its places away; then every place has to move.
    for home in [1, 1, 1, 1, 2, 1] {
        let at = guests
            .iter()
            .position(|unit| world.home_of(CLOUD, *unit) == Some(home));
        let unit = guests.remove(at.expect("a guest of that home"));
        while !matches!(world.ask(unit, 3), Some(Verdict::Admit { .. })) {
            let waited = world.now - begun;
            assert!(waited < 5_000, "unit {unit} is kept out after {waited} ms");
            world.play(1_000);
        }
    }
    world.recover();
}

#[test]
fn hubs_that_are_cut_off_let_in_no_more_people_within_a_slot_than_may() {
    let mut world = stage(2, 2);
    let (minutes, persons) = (60, 7);
    change_zone(&mut world, |zone| {
        zone.time_slots = Some(TimeSlots { minutes, persons });
    });
    world.play(A_WHILE_MS);
    world.isolate(&[2, 4]);
    let guests = (AVAILABLE..world.shape.units).step_by(TIERS.len());
    let verdicts: Vec<_> = guests
        .zip([3, 4].into_iter().cycle())
        .map(|(unit, scanner)| world.ask(unit, scanner))
        .collect();
    let is_in = |verdict: &&Option<Verdict>| matches!(verdict, Some(Verdict::Admit { .. }));
    assert_eq!(verdicts.iter().filter(is_in).count(), 7, "{verdicts:?}");
    world.recover();
}

#[test]
fn a_ticket_for_one_entry_a_day_opens_again_once_summer_time_has_begun_at_midnight_and_not_as_it_ends() {
    const PER_DAY: u32 = 4;
    let change = |world: &World, utc_offset_minutes| OffsetChange {
        at: Timestamp(world.now + A_WHILE_MS),
        utc_offset_minutes,
    };
    // From half past eleven at night to half past midnight, and from there back.
    for (before, after, opens) in [(-510, -450, true), (-450, -510, false)] {
        let mut world = stage(2, 2);
        world.setting.calendar.utc_offset_minutes = before;
        world.setting.calendar.entries_a_day = 1;
        let change = change(&world, after);
        world.setting.calendar.offset_changes = vec![change];
        let held = world.nodes[CLOUD].ledger.state().policy();
        let (version, mut policy) = held
            .map(|(version, policy)| (version + 1, policy.clone()))
            .unwrap();
        world.setting.calendar.set(&mut policy);
        world.publish(Body::Policy { version, policy });
        world.play(A_WHILE_MS / 2);
        let unit = unit_at(&world, PER_DAY, 1);
        check_admitted(world.ask(unit, 3));
        let again = world.ask(unit, 4);
        assert!(
            matches!(again, Some(Verdict::Deny(Reason::DayUsedUp { .. }))),
            "{again:?}"
        );
        world.play(2 * A_WHILE_MS);
        let next_day = matches!(world.ask(unit, 4), Some(Verdict::Admit { .. }));
        assert_eq!(next_day, opens, "from {before} to {after}");
    }
}

#[test]
fn whom_a_hub_that_stood_still_lets_in_afterwards_is_not_counted_where_the_scanner_had_given_up() {
    let mut world = stage(1, 1);
    let (hub, scanner) = (1, 2);
    let unit = unit_at(&world, STRICT, hub);
    world.stand_still_for(hub, A_WHILE_MS);
    let verdict = world.ask(unit, scanner);
    assert!(
        matches!(verdict, Some(Verdict::Refer(Referral::HomeUnreachable { .. }))),
        "{verdict:?}"
    );
    world.play(3 * A_WHILE_MS);
    let own = world.nodes[hub].key.public();
    let log = world.nodes[CLOUD].disk.log(&own);
    let is_admission = |bytes: &[u8]| {
        let record = Record::from_bytes(bytes);
        record.is_ok_and(|record| matches!(record.body, Body::Admitted(_)))
    };
    assert!(
        log.iter().any(|entry| is_admission(&entry.bytes)),
        "it found the scan"
    );
    let state = world.nodes[CLOUD].ledger.state();
    let inside = state.tally(usher_protocol::Unit(unit)).inside(OUTER);
    // Whoever was sent away may have come back by now.
    assert_eq!(inside, world.people.inside(unit, OUTER));
    world.recover();
}

#[test]
fn a_hub_that_stood_still_for_long_is_linked_again_and_hears_what_it_missed() {
    let mut world = stage(2, 2);
    let (still, scanner) = (2, 4);
    let unit = unit_at(&world, AVAILABLE, still);
    world.stand_still_for(still, 5 * A_WHILE_MS);
    world.revoke_ticket(unit);
    world.play(4 * A_WHILE_MS);
    assert!(
        !world.nodes[still]
            .ledger
            .state()
            .history(usher_protocol::Unit(unit), OUTER)
            .revoked
    );
    world.play(3 * A_WHILE_MS);
    assert_eq!(world.ask(unit, scanner), Some(Verdict::Deny(Reason::Revoked)));
    world.recover();
}

#[test]
fn a_hub_whose_clock_is_set_right_in_the_middle_judges_by_the_right_time() {
    const HOUR_MS: i64 = 3_600_000;
    let mut world = stage(1, 1);
    let hub = 1;
    world.isolate(&[hub, 2]);
    for node in [hub, 2] {
        world.nodes[node].skew_ms = 20 * HOUR_MS;
        world.nodes[node].crash();
        world.restart(node);
    }
    world.play(A_WHILE_MS);
    assert!(!world.has_right_time(hub), "nobody was heard who says otherwise");
    for node in [hub, 2] {
        world.nodes[node].skew_ms = 0;
    }
    world.play(A_WHILE_MS);
    world.mend();
    world.play(2 * A_WHILE_MS);
    assert!(world.has_right_time(hub));
    world.recover();
}
