//! Zones that hold only so many people, and clocks that do not agree.

use usher_keys::{PublicKey, Timestamp, Window};

use super::*;
use crate::ident::{ScanSecret, ZoneId};
use crate::ledger::annul::Annulling;
use crate::policy::TimeSlots;
use crate::record::RightToAnnul;
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    AVAILABLE, HOUR_MS, NOW, REENTRY, STRICT, TWICE_A_DAY, asked, hub, policy, question, ticket,
};

const ZONE: ZoneId = ZoneId(1);
const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };

/// The cloud of an event whose first zone holds so many people.
fn cloud(hubs: &[u8], capacity: u32) -> Machine {
    let mut cloud = Machine::cloud(hubs);
    cloud.write(limited(2, capacity));
    cloud
}

fn limited(version: u32, capacity: u32) -> Body {
    let mut policy = policy();
    policy.zones[0].capacity = Some(capacity);
    Body::Policy { version, policy }
}

/// Lets as many people in as the hub will, each with an available ticket of its own, and gives how many that were.
fn fill(gate: &mut Machine, units: std::ops::Range<u32>) -> usize {
    let guests = units.map(|unit| asked(u8::try_from(unit).unwrap(), ticket(unit, AVAILABLE)));
    guests
        .filter(|guest| gate.judge(guest, JudgingAs::CutOff) == ADMIT)
        .count()
}

fn places(machine: &Machine, of: u8) -> i64 {
    let places = machine.ledger.state().places(ZONE, PlacesOf::Room).unwrap();
    places.get(&hub(of).public()).copied().unwrap_or_default()
}

#[test]
fn hubs_that_are_cut_off_let_in_no_more_than_the_zone_holds() {
    let cloud = cloud(&[1, 2], 10);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    one.share_places(&[2]);
    assert_eq!((places(&one, 1), places(&one, 2)), (5, 5));
    two.hear(&one);
    assert_eq!(fill(&mut one, 0..20) + fill(&mut two, 100..120), 10);
    let last = asked(200, ticket(200, AVAILABLE));
    assert_eq!(one.judge(&last, JudgingAs::CutOff), refer(Referral::NoPlaces));
    one.hear(&two);
    assert_eq!(one.ledger.state().occupancy(ZONE), 10);
    let full = Reason::ZoneFull {
        capacity: 10,
        inside: 10,
    };
    assert_eq!(one.judge(&last, JudgingAs::CutOff), Verdict::Deny(full));
}

#[test]
fn whoever_says_that_it_had_no_place_left_is_helped_out() {
    let cloud = cloud(&[1, 2], 10);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let guest = asked(1, ticket(1, AVAILABLE));
    assert_eq!(two.judge(&guest, JudgingAs::CutOff), refer(Referral::NoPlaces));
    one.hear(&two);
    one.write_due_records();
    two.hear(&one);
    assert_eq!((places(&two, 1), places(&two, 2)), (2, 8));
    assert_eq!(two.judge(&guest, JudgingAs::CutOff), ADMIT);
    // Old refusals move nothing at a start.
    one.restart();
    one.write_due_records();
    assert_eq!(places(&one, 2), 8);
}

#[test]
fn a_hub_keeps_its_places_for_a_guest_until_that_guest_is_in_or_some_seconds_have_passed() {
    let cloud = cloud(&[1, 2], 3);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let guests = [1, 2, 3].map(|unit| asked(unit, ticket(u32::from(unit), AVAILABLE)));
    let no_places = refer(Referral::NoPlaces);
    assert_eq!(two.judge(&guests[0], JudgingAs::CutOff), no_places);
    one.hear(&two);
    two.hear(&one);
    // A guest of the other hub comes before the one for whom the places were given is back.
    assert_eq!(one.judge(&guests[1], JudgingAs::CutOff), no_places);
    two.hear(&one);
    assert_eq!(places(&two, 2), 3, "kept");
    assert_eq!(two.judge(&guests[0], JudgingAs::CutOff), ADMIT);
    two.write_due_records();
    one.hear(&two);
    assert_eq!((places(&one, 1), places(&one, 2)), (2, 0));
    // And a guest who does not come back holds nobody up for long, however often somebody comes in vain.
    assert_eq!(one.judge(&guests[1], JudgingAs::CutOff), ADMIT);
    for seconds in [0, 4] {
        let at = NOW.plus_ms(seconds * 1_000);
        assert_eq!(two.judge_at(&guests[2], JudgingAs::CutOff, at), no_places);
    }
    one.hear(&two);
    two.hear(&one);
    assert_eq!(places(&two, 2), 1);
    let later = NOW.plus_ms(6_000);
    let last = asked(5, ticket(5, AVAILABLE));
    assert_eq!(one.judge_at(&last, JudgingAs::CutOff, later), no_places);
    two.listen(&one);
    two.write_due_records_at(later);
    one.hear(&two);
    assert_eq!(one.judge_at(&last, JudgingAs::CutOff, later), ADMIT);
}

#[test]
fn scanners_have_no_places_and_people_who_leave_give_theirs_back() {
    let cloud = cloud(&[1], 1);
    let mut gate = Machine::hub(1, &cloud);
    let mut scanner = Machine::scanner(1, &gate);
    let guest = asked(1, ticket(1, REENTRY));
    let other = asked(2, ticket(2, AVAILABLE));
    assert_eq!(
        scanner.judge(&other, JudgingAs::CutOff),
        refer(Referral::NoPlaces)
    );
    let an_hour_ago = Timestamp(NOW.0 - HOUR_MS);
    assert_eq!(gate.judge_at(&guest, JudgingAs::Home, an_hour_ago), ADMIT);
    let leaves = ScanQuestion {
        direction: Direction::Out,
        ..asked(3, ticket(1, REENTRY))
    };
    assert!(matches!(
        scanner.judge(&leaves, JudgingAs::CutOff),
        Verdict::Admit { .. }
    ));
    gate.hear(&scanner);
    // The scanner did not know the entry: the home finds it.
    gate.write_due_records();
    assert_eq!(places(&gate, 1), 1);
    assert_eq!(gate.judge(&other, JudgingAs::Home), ADMIT);
}

#[test]
fn the_places_of_a_retired_hub_are_its_heirs() {
    let mut cloud = cloud(&[1, 2], 10);
    let retired: PublicKey = hub(1).public();
    let body = crate::ledger::ruling::retirement(cloud.ledger.state(), retired);
    let heir = Some(hub(2).public());
    assert_eq!(body, Body::HubRetired { hub: retired, heir });
    cloud.write(body);
    let two = Machine::hub(2, &cloud);
    assert_eq!((places(&two, 1), places(&two, 2)), (0, 10));
}

#[test]
fn a_capacity_that_is_lowered_holds_at_once_where_it_is_heard() {
    let mut cloud = cloud(&[1, 2], 10);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    one.share_places(&[2]);
    two.hear(&one);
    assert_eq!(fill(&mut two, 0..4), 4);
    cloud.write(limited(3, 4));
    two.hear(&cloud);
    let full = Reason::ZoneFull {
        capacity: 4,
        inside: 4,
    };
    let next = asked(9, ticket(9, AVAILABLE));
    assert_eq!(two.judge(&next, JudgingAs::CutOff), Verdict::Deny(full));
    // What is too much at the first hub is made good by the others.
    one.hear(&cloud);
    assert_eq!((places(&two, 1), places(&two, 2)), (-1, 1));
}

#[test]
fn a_capacity_that_is_lowered_is_kept_by_hubs_that_hear_neither_each_other_nor_the_first() {
    let mut cloud = cloud(&[1, 2, 3], 60);
    let mut one = Machine::hub(1, &cloud);
    one.share_places(&[2, 3]);
    one.share_places(&[2, 3]);
    let (mut two, mut three) = (Machine::hub(2, &cloud), Machine::hub(3, &cloud));
    for hub in [&mut two, &mut three] {
        hub.hear(&one);
    }
    cloud.write(limited(3, 20));
    for hub in [&mut two, &mut three] {
        hub.hear(&cloud);
    }
    assert!(places(&two, 1) < 0, "the first hub owes places");
    let apart = fill(&mut two, 0..25) + fill(&mut three, 50..75);
    assert!(apart <= 20, "{apart} people in a zone of 20");
    // Once they hear each other they make good what the first hub owes, and none of the places is stranded.
    for _ in 0..5 {
        two.hear(&three);
        two.share_places(&[3]);
        three.hear(&two);
        three.share_places(&[2]);
    }
    let mut linked = 0;
    for round in 0..50 {
        two.hear(&three);
        linked += fill(&mut two, 100 + round..101 + round);
        three.hear(&two);
        linked += fill(&mut three, 150 + round..151 + round);
    }
    let seen = [&one, &two, &three].map(|hub| [1, 2, 3].map(|of| places(hub, of)));
    assert_eq!(apart + linked, 20, "{seen:?}");
}

/// Lets in what a zone's slots of half an hour take: so many people each.
fn slotted(version: u32, persons: u32) -> Body {
    let mut policy = policy();
    policy.zones[0].time_slots = Some(TimeSlots { minutes: 30, persons });
    Body::Policy { version, policy }
}

/// The places that a hub has in the slot of that moment.
fn places_at(machine: &Machine, of: u8, at: Timestamp) -> i64 {
    let places = machine
        .ledger
        .state()
        .places(ZONE, PlacesOf::TimeSlot(at))
        .unwrap();
    places.get(&hub(of).public()).copied().unwrap_or_default()
}

fn fill_at(gate: &mut Machine, units: std::ops::Range<u32>, at: Timestamp) -> usize {
    let guests = units.map(|unit| asked(u8::try_from(unit).unwrap(), ticket(unit, AVAILABLE)));
    guests
        .filter(|guest| gate.judge_at(guest, JudgingAs::CutOff, at) == ADMIT)
        .count()
}

#[test]
fn hubs_that_are_cut_off_let_in_no_more_than_a_slot_takes_in_any_slot() {
    let mut cloud = Machine::cloud(&[1, 2]);
    cloud.write(slotted(2, 10));
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    one.share_places(&[2]);
    two.hear(&one);
    let next = NOW.plus_ms(HOUR_MS / 2);
    let far = NOW.plus_ms(9 * HOUR_MS);
    for (begins, at) in [(0, NOW), (50, next), (100, far)] {
        assert_eq!((places_at(&one, 1, at), places_at(&two, 2, at)), (5, 5), "{at:?}");
        let in_at_one = fill_at(&mut one, begins..begins + 20, at);
        let in_at_two = fill_at(&mut two, begins + 30..begins + 50, at);
        assert_eq!((in_at_one, in_at_two), (5, 5), "{at:?}");
    }
    let last = asked(200, ticket(200, AVAILABLE));
    assert_eq!(
        one.judge_at(&last, JudgingAs::CutOff, far),
        refer(Referral::NoPlaces)
    );
    one.hear(&two);
    let state = one.ledger.state();
    assert_eq!([NOW, next, far].map(|at| state.arrivals(ZONE, at)), [10; 3]);
    let (_, slot) = state.policy().unwrap().1.time_slot(ZONE, far).unwrap();
    let full = Reason::TimeSlotFull {
        persons: 10,
        until: slot.until,
    };
    assert_eq!(one.judge_at(&last, JudgingAs::CutOff, far), Verdict::Deny(full));
    assert_eq!(one.judge_at(&last, JudgingAs::CutOff, slot.until), ADMIT);
}

#[test]
fn whoever_has_no_place_left_in_a_slot_is_helped_out_and_who_leaves_gives_none_back() {
    let mut cloud = Machine::cloud(&[1, 2]);
    cloud.write(slotted(2, 10));
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let guest = asked(1, ticket(1, AVAILABLE));
    assert_eq!(two.judge(&guest, JudgingAs::CutOff), refer(Referral::NoPlaces));
    one.hear(&two);
    one.write_due_records();
    two.hear(&one);
    assert_eq!((places_at(&two, 1, NOW), places_at(&two, 2, NOW)), (2, 8));
    assert_eq!(two.judge(&guest, JudgingAs::CutOff), ADMIT);
    let leaves = ScanQuestion {
        direction: Direction::Out,
        ..asked(3, ticket(1, AVAILABLE))
    };
    assert!(matches!(
        two.judge(&leaves, JudgingAs::CutOff),
        Verdict::Admit { .. }
    ));
    assert_eq!(
        (two.ledger.state().occupancy(ZONE), places_at(&two, 2, NOW)),
        (0, 7)
    );
}

#[test]
fn a_scan_that_was_annulled_gives_its_place_in_the_slot_back() {
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(slotted(2, 1));
    let mut gate = Machine::hub(1, &cloud);
    let secret = ScanSecret([7; 16]);
    let guest = ScanQuestion {
        scan: ScanId::of(&gate.me(), &secret),
        ..asked(1, ticket(1, AVAILABLE))
    };
    let other = asked(2, ticket(2, AVAILABLE));
    assert_eq!(gate.judge(&guest, JudgingAs::CutOff), ADMIT);
    let full = matches!(
        gate.judge(&other, JudgingAs::CutOff),
        Verdict::Deny(Reason::TimeSlotFull { .. })
    );
    assert!(full);
    let annulling = Annulling {
        scan: &question(&guest),
        right: RightToAnnul::Reader(secret),
        by: "Ada",
        why: "pressed twice",
    };
    let body = gate.ledger.annul(&annulling, NOW).unwrap();
    gate.write(body);
    assert_eq!(gate.judge(&other, JudgingAs::CutOff), ADMIT);
}

#[test]
fn no_hub_gives_away_places_of_slots_to_come_that_it_has_used_or_given_away() {
    let mut cloud = Machine::cloud(&[1, 2, 3]);
    cloud.write(slotted(2, 10));
    let mut one = Machine::hub(1, &cloud);
    // A clock that was ahead: people were let in, and places lent, in a slot that is still to come.
    let ahead = NOW.plus_ms(2 * HOUR_MS);
    assert_eq!(fill_at(&mut one, 0..2, ahead), 2);
    let lent = |places, of| Body::Lent {
        zone: ZONE,
        to: hub(3).public(),
        places,
        of,
    };
    one.write(lent(2, PlacesOf::TimeSlot(ahead)));
    one.share_places(&[2]);
    let (ours, theirs) = (places_at(&one, 1, ahead), places_at(&one, 2, ahead));
    assert_eq!((ours, theirs), (3, 3));
    assert_eq!(places_at(&one, 2, NOW), 5);
}

#[test]
fn where_clocks_do_not_agree_the_rules_go_the_careful_way() {
    let mut cloud = Machine::cloud(&[1]);
    let mut policy = policy();
    let open = Window {
        from: NOW,
        until: NOW.plus_ms(HOUR_MS),
    };
    policy.tiers.iter_mut().for_each(|tier| tier.windows = vec![open]);
    cloud.write(Body::Policy { version: 2, policy });
    let mut gate = Machine::hub(1, &cloud);
    let doubt = RuleTime {
        at: NOW,
        earliest: NOW,
        latest: NOW.plus_ms(30 * HOUR_MS),
    };
    let judge = |gate: &Machine, scan, tier| {
        let asked = asked(scan, ticket(u32::from(scan), tier));
        gate.ledger.judge(&asked, JudgingAs::Home, doubt).verdict
    };
    assert_eq!(judge(&gate, 1, STRICT), refer(Referral::ClockInDoubt));
    assert_eq!(judge(&gate, 2, AVAILABLE), ADMIT);
    let sure = RuleTime::from(NOW);
    for scan in [11, 12] {
        let entry = asked(scan, ticket(3, TWICE_A_DAY));
        gate.judge(&entry, JudgingAs::Home);
    }
    let third = asked(13, ticket(3, TWICE_A_DAY));
    for moment in [doubt, sure] {
        let verdict = gate.ledger.judge(&third, JudgingAs::Home, moment).verdict;
        assert!(!matches!(verdict, Verdict::Admit { .. }), "{verdict:?}");
    }
}
