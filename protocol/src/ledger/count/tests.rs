//! Counting the people in a zone: who may, what the count corrects, and what a later one replaces.

use usher_keys::Role;

use super::*;
use crate::admission::{Direction, Referral, Verdict};
use crate::ledger::{JudgingAs, ScanQuestion};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{AVAILABLE, NOW, REENTRY, asked, capable, hub, policy, scanner, ticket};

const ZONE: ZoneId = ZoneId(1);
const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };

fn event(capacity: u32) -> (Machine, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    let mut policy = policy();
    policy.zones[0].capacity = Some(capacity);
    cloud.write(Body::Policy { version: 2, policy });
    let hub = Machine::hub(1, &cloud);
    (cloud, hub)
}

fn enter(hub: &mut Machine, units: std::ops::Range<u32>) -> usize {
    let guest = |unit: u32| asked(u8::try_from(unit).unwrap(), ticket(unit, AVAILABLE));
    let guests = units.map(guest);
    guests
        .filter(|guest| hub.judge(guest, JudgingAs::Home) == ADMIT)
        .count()
}

fn count(machine: &mut Machine, inside: u32, now: Timestamp) {
    let body = machine.ledger.count((ZONE, inside), "Ada", now).unwrap();
    machine.write_at(body, now);
}

#[test]
fn people_who_left_unseen_make_room_and_people_who_came_unseen_take_it() {
    let (_, mut hub) = event(10);
    assert_eq!(enter(&mut hub, 0..20), 10);
    for (round, (inside, more)) in (1_u32..).zip([(7, 3), (12, 0), (9, 1)]) {
        let now = NOW.plus_ms(u64::from(round) * 60_000);
        count(&mut hub, inside, now);
        assert_eq!(hub.ledger.state().occupancy(ZONE), i64::from(inside));
        let guest = |unit: u32| asked(u8::try_from(unit).unwrap(), ticket(unit, AVAILABLE));
        let units = 20 * round..20 * (round + 1);
        let later = now.plus_ms(1);
        let let_in = units.filter(|unit| hub.judge_at(&guest(*unit), JudgingAs::Home, later) == ADMIT);
        assert_eq!(let_in.count(), more, "after {inside} were counted");
    }
}

#[test]
fn no_clock_makes_a_hub_let_in_more_than_there_is_room_after_a_count() {
    for behind_ms in [0, 20_000, 100_000] {
        let mut cloud = Machine::cloud(&[1, 2]);
        let mut policy = policy();
        policy.zones[0].capacity = Some(8);
        cloud.write(Body::Policy { version: 2, policy });
        let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
        one.share_places(&[2]);
        two.hear(&one);
        count(&mut one, 0, NOW);
        two.hear(&one);
        let guest = |unit: u32| asked(u8::try_from(unit).unwrap(), ticket(unit, AVAILABLE));
        let mut let_in = 0;
        for unit in 0..40 {
            // One of them has less time on its clock than the count, and they help each other out.
            let slow = Timestamp(NOW.0 + 3_000 - behind_ms);
            let at_two = two.judge_at(&guest(unit), JudgingAs::CutOff, slow) == ADMIT;
            one.hear(&two);
            let at_one = one.judge_at(&guest(100 + unit), JudgingAs::CutOff, NOW.plus_ms(3_000)) == ADMIT;
            two.hear(&one);
            let_in += u32::from(at_two) + u32::from(at_one);
        }
        assert_eq!(let_in, 8, "{behind_ms} ms behind");
        assert_eq!(one.ledger.state().occupancy(ZONE), 8);
    }
}

#[test]
fn what_a_scanner_that_was_alone_let_in_before_a_count_is_in_it_and_what_a_hub_did_unheard_comes_on_top() {
    let cloud = Machine::cloud(&[1, 2]);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let mut alone = Machine::scanner(1, &cloud);
    let long_ago = asked(3, ticket(3, AVAILABLE));
    assert_eq!(alone.judge_at(&long_ago, JudgingAs::CutOff, NOW), ADMIT);
    let unheard = asked(1, ticket(1, AVAILABLE));
    assert_eq!(two.judge_at(&unheard, JudgingAs::CutOff, NOW), ADMIT);
    count(&mut one, 5, NOW.plus_ms(180_000));
    let after = asked(2, ticket(2, AVAILABLE));
    assert_eq!(
        two.judge_at(&after, JudgingAs::CutOff, NOW.plus_ms(182_000)),
        ADMIT
    );
    one.hear(&two);
    one.hear(&alone);
    two.hear(&one);
    for machine in [&one, &two] {
        assert_eq!(machine.ledger.state().occupancy(ZONE), 7);
    }
    assert_eq!(one.digest(), two.digest());
    let mut fresh = Machine::hub(3, &cloud);
    fresh.hear(&two);
    fresh.hear(&alone);
    fresh.hear(&one);
    assert_eq!(fresh.ledger.state().occupancy(ZONE), 7);
}

#[test]
fn each_count_names_what_it_replaced_whatever_is_heard_later() {
    let cloud = Machine::cloud(&[1, 2]);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    assert_eq!(enter(&mut one, 0..3), 3);
    count(&mut one, 5, NOW.plus_ms(1_000));
    let late = asked(9, ticket(9, AVAILABLE));
    assert_eq!(two.judge_at(&late, JudgingAs::CutOff, NOW.plus_ms(2_000)), ADMIT);
    two.hear(&one);
    count(&mut two, 4, NOW.plus_ms(3_000));
    one.hear(&two);
    let told = |machine: &Machine, most| {
        let counts = machine.ledger.state().last_counts(ZONE, most);
        let told = counts
            .iter()
            .map(|one| (one.replaced, one.count.inside, one.is_in_force));
        told.collect::<Vec<_>>()
    };
    let newest = (6, 4, true);
    assert_eq!(told(&one, 9), [newest, (3, 5, false)]);
    assert_eq!(told(&one, 1), [newest]);
    assert_eq!(told(&two, 9), told(&one, 9));
    assert_eq!(one.ledger.state().last_counts(ZONE, 1)[0].by, two.me());
    assert_eq!(one.ledger.state().last_counts(ZoneId(2), 9), []);
}

#[test]
fn whoever_was_counted_in_and_leaves_makes_room() {
    let (_, mut hub) = event(2);
    let entry = asked(1, ticket(1, REENTRY));
    assert_eq!(hub.judge(&entry, JudgingAs::Home), ADMIT);
    count(&mut hub, 2, NOW.plus_ms(1_000));
    let full = hub.judge_at(
        &asked(2, ticket(2, AVAILABLE)),
        JudgingAs::Home,
        NOW.plus_ms(1_001),
    );
    assert_ne!(full, ADMIT);
    let exit = ScanQuestion {
        direction: Direction::Out,
        ..asked(3, ticket(1, REENTRY))
    };
    hub.judge_at(&exit, JudgingAs::Home, NOW.plus_ms(1_002));
    assert_eq!(hub.ledger.state().occupancy(ZONE), 1);
    let room = hub.judge_at(
        &asked(4, ticket(4, AVAILABLE)),
        JudgingAs::Home,
        NOW.plus_ms(1_003),
    );
    assert_eq!(room, ADMIT);
}

#[test]
fn hubs_and_supervisors_count_and_nobody_else_or_ahead_of_time() {
    let cloud = Machine::cloud(&[1]);
    let guard = Machine::scanner(1, &cloud);
    let may = |machine: &Machine, zone| machine.ledger.count((zone, 3), "Ada", NOW).err();
    assert_eq!(may(&guard, ZONE), Some(NotCounted::NotAllowed));
    let supervisor = Machine::opened(scanner(2), capable(&scanner(2), Role::Scanner), &cloud);
    assert_eq!(may(&supervisor, ZONE), None);
    assert_eq!(may(&supervisor, ZoneId(99)), Some(NotCounted::NoSuchZone));
    let mut liar = Machine::hub(2, &cloud);
    let count = Count {
        at: NOW.plus_ms(60_000),
        zone: ZONE,
        inside: 0,
        heard: Vec::new(),
    };
    let by = "Ada".to_owned();
    liar.write(Body::Counted { count, by });
    let mut false_records = liar.ledger.state().false_records();
    assert!(false_records.any(|(origin, _)| *origin == hub(2).public()));
}

#[test]
fn a_full_zone_says_so_whoever_counted() {
    let (_, mut hub) = event(4);
    count(&mut hub, 4, NOW);
    let guest = asked(1, ticket(1, AVAILABLE));
    let verdict = hub.judge_at(&guest, JudgingAs::Home, NOW.plus_ms(1));
    assert_ne!(
        verdict,
        Verdict::Refer(Referral::NoPlaces),
        "it is full, not elsewhere"
    );
    assert!(matches!(verdict, Verdict::Deny(_)), "{verdict:?}");
}
