//! Who may say yes: home, cut off, alone, before and after a change of roster; and that one scan is judged once.

mod places;
mod withdrawals;

use usher_keys::Role;

use super::*;
use crate::admission::Reason;
use crate::ident::{GateId, Generation, Unit, ZoneId};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    AVAILABLE, EVENT, HOUR_MS, NORTH, NOW, REENTRY, SOUTH, STRICT, TWICE_A_DAY, asked, capable, hub,
    question, shown, succeeded, ticket, tickets,
};
use crate::ticket::Rejection;

/// A tier for re-entry that any hub may let in.
const AVAILABLE_REENTRY: u16 = 9;
const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };

fn refer(referral: Referral) -> Verdict {
    Verdict::Refer(referral)
}

/// A unit whose home by a roster of these hubs is that one.
fn unit_of(home: u8, roster: &[u8]) -> u32 {
    let hubs: Vec<_> = roster.iter().map(|number| hub(*number).public()).collect();
    let is_home = |unit: &u32| crate::home::home_of(EVENT, Unit(*unit), &hubs) == Some(hub(home).public());
    (0..1_000).find(is_home).unwrap()
}

#[track_caller]
fn check(machine: &mut Machine, unit: u32, tier: u16, judging_as: JudgingAs, expected: Verdict) {
    let verdict = machine.judge(
        &asked(u8::try_from(unit % 250).unwrap(), ticket(unit, tier)),
        judging_as,
    );
    assert_eq!(verdict, expected);
}

#[test]
fn the_home_hub_says_yes_once() {
    let cloud = Machine::cloud(&[1, 2]);
    let mut home = Machine::hub(1, &cloud);
    let unit = unit_of(1, &[1, 2]);
    for tier in [STRICT, AVAILABLE] {
        let unit = unit + 1_000 * u32::from(tier);
        let at_home = asked(1, ticket(unit, tier));
        if home.ledger.route(&at_home) != Route::Here {
            continue;
        }
        assert_eq!(home.judge(&at_home, JudgingAs::Home), ADMIT);
        let again = home.judge(&asked(2, ticket(unit, tier)), JudgingAs::Home);
        let (at, gate) = (Some(NOW), Some(NORTH));
        assert_eq!(again, Verdict::Deny(Reason::AlreadyUsed { at, gate }));
    }
}

#[test]
fn a_scan_goes_to_the_home_hub_of_its_unit() {
    let cloud = Machine::cloud(&[1, 2]);
    let (one, two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    let scan = asked(1, ticket(unit_of(1, &[1, 2]), STRICT));
    assert_eq!(one.ledger.route(&scan), Route::Here);
    assert_eq!(two.ledger.route(&scan), Route::Ask(hub(1).public()));
    assert_eq!(
        Machine::scanner(1, &cloud).ledger.route(&scan),
        Route::Ask(hub(1).public())
    );
    let without_roster = Machine::hub(3, &Machine::new(hub(3), Role::Hub));
    assert_eq!(without_roster.ledger.route(&scan), Route::Here);
}

#[test]
fn whoever_knows_that_a_ticket_is_void_asks_nobody_and_lets_nobody_in() {
    let unit = unit_of(1, &[1, 2]);
    let mut cloud = Machine::cloud(&[1, 2]);
    let unaware = Machine::hub(1, &cloud);
    cloud.write(Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    });
    let mut gate = Machine::hub(2, &cloud);
    for tier in [STRICT, AVAILABLE] {
        let scan = asked(1, ticket(unit, tier));
        assert_eq!(unaware.ledger.route(&scan), Route::Here, "its home would let in");
        assert_eq!(gate.ledger.route(&scan), Route::Here);
        assert_eq!(gate.judge(&scan, JudgingAs::Home), Verdict::Deny(Reason::Revoked));
    }
    let outwards = ScanQuestion {
        direction: Direction::Out,
        ..asked(2, ticket(unit, STRICT))
    };
    assert_eq!(gate.ledger.route(&outwards), Route::Ask(hub(1).public()));
}

#[test]
fn away_from_home_strict_refers_and_available_admits() {
    let cloud = Machine::cloud(&[1, 2]);
    let unit = unit_of(1, &[1, 2]);
    let home = hub(1).public();
    let other = || Machine::hub(2, &cloud);
    let alone = || Machine::scanner(1, &cloud);
    for judging_as in [JudgingAs::CutOff, JudgingAs::Home] {
        check(
            &mut other(),
            unit,
            STRICT,
            judging_as,
            refer(Referral::HomeUnreachable { home }),
        );
        check(
            &mut alone(),
            unit,
            STRICT,
            judging_as,
            refer(Referral::HomeUnreachable { home }),
        );
        check(&mut other(), unit, AVAILABLE, judging_as, ADMIT);
        check(&mut alone(), unit, AVAILABLE, judging_as, ADMIT);
    }
    // The home itself, asked as if it could not be reached, does not say yes either.
    let mut at_home = Machine::hub(1, &cloud);
    check(
        &mut at_home,
        unit,
        STRICT,
        JudgingAs::CutOff,
        refer(Referral::HomeUnreachable { home }),
    );
}

#[test]
fn away_from_home_a_no_is_a_no() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let unit = unit_of(1, &[1, 2]);
    let generation = Generation(1);
    cloud.write(Body::Revoked {
        unit: Unit(unit),
        generation,
    });
    for tier in [STRICT, AVAILABLE] {
        let mut other = Machine::hub(2, &cloud);
        check(
            &mut other,
            unit,
            tier,
            JudgingAs::CutOff,
            Verdict::Deny(Reason::Revoked),
        );
    }
}

#[test]
fn leaving_is_recorded_wherever_it_happens() {
    let cloud = Machine::cloud(&[1, 2]);
    let unit = unit_of(1, &[1, 2]);
    let (mut home, mut other) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    check(&mut home, unit, REENTRY, JudgingAs::Home, ADMIT);
    other.hear(&home);
    let mut leaving = asked(9, ticket(unit, REENTRY));
    leaving.direction = Direction::Out;
    assert_eq!(
        other.judge(&leaving, JudgingAs::CutOff),
        Verdict::Admit { persons: 1, left: 1 }
    );
    home.hear(&other);
    assert_eq!(
        home.judge(&asked(10, ticket(unit, REENTRY)), JudgingAs::Home),
        ADMIT
    );
}

#[test]
fn without_policy_or_roster_nobody_is_ready() {
    let bare = Machine::new(hub(1), Role::Hub);
    let mut hub_without_anything = Machine::hub(1, &bare);
    check(
        &mut hub_without_anything,
        1,
        AVAILABLE,
        JudgingAs::Home,
        refer(Referral::NotReady),
    );
    let mut cloud = Machine::new(crate::rehearsal::authority(), Role::Cloud);
    let policy = crate::rehearsal::policy();
    cloud.write(Body::Policy { version: 1, policy });
    let mut without_roster = Machine::hub(1, &cloud);
    check(
        &mut without_roster,
        1,
        STRICT,
        JudgingAs::Home,
        refer(Referral::NotReady),
    );
    check(&mut without_roster, 1, AVAILABLE, JudgingAs::Home, ADMIT);
}

#[test]
fn a_roster_without_hubs_makes_nobody_the_home() {
    let cloud = Machine::cloud(&[]);
    for number in [1, 2] {
        let mut machine = Machine::hub(number, &cloud);
        check(
            &mut machine,
            1,
            STRICT,
            JudgingAs::Home,
            refer(Referral::NotReady),
        );
        check(&mut machine, 2, AVAILABLE, JudgingAs::Home, ADMIT);
    }
}

#[test]
fn a_new_home_waits_for_the_former_one_to_step_back() {
    let mut cloud = Machine::cloud(&[1]);
    let mut former = Machine::hub(1, &cloud);
    cloud.publish_roster(2, &[1, 2]);
    let unit = unit_of(2, &[1, 2]);
    let scan = |number| asked(number, ticket(unit, STRICT));
    let mut new = Machine::hub(2, &cloud);
    let unsettled = refer(Referral::HomeUnsettled { former: former.me() });
    assert_eq!(new.judge(&scan(1), JudgingAs::Home), unsettled);
    // The former home has not heard of the roster: it is the one that says yes.
    assert_eq!(former.judge(&scan(2), JudgingAs::Home), ADMIT);
    new.hear(&former);
    assert!(matches!(
        new.judge(&scan(3), JudgingAs::Home),
        Verdict::Deny(Reason::AlreadyUsed { .. })
    ));
    let next = unit_of(2, &[1, 2]) + 1;
    let next = (next..next + 100)
        .find(|unit| new.ledger.route(&asked(4, ticket(*unit, STRICT))) == Route::Here)
        .unwrap();
    assert_eq!(
        new.judge(&asked(4, ticket(next, STRICT)), JudgingAs::Home),
        unsettled
    );
    former.hear(&cloud);
    let home = new.me();
    assert_eq!(
        former.judge(&asked(5, ticket(next, STRICT)), JudgingAs::Home),
        refer(Referral::HomeUnreachable { home })
    );
    new.hear(&former);
    assert_eq!(new.judge(&asked(6, ticket(next, STRICT)), JudgingAs::Home), ADMIT);
}

#[test]
fn a_retired_home_is_not_waited_for() {
    let mut cloud = Machine::cloud(&[1]);
    cloud.publish_roster(2, &[2]);
    let former = hub(1).public();
    let mut new = Machine::hub(2, &cloud);
    check(
        &mut new,
        1,
        STRICT,
        JudgingAs::Home,
        refer(Referral::HomeUnsettled { former }),
    );
    cloud.write(Body::HubRetired {
        hub: former,
        heir: None,
    });
    new.hear(&cloud);
    check(&mut new, 2, STRICT, JudgingAs::Home, ADMIT);
}

#[test]
fn a_hub_that_has_not_adopted_the_newest_roster_is_not_ready() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    cloud.publish_roster(2, &[1]);
    let seq = gate.ledger.tail(&cloud.me()).seq;
    gate.take(&cloud.run(cloud.me(), seq).unwrap()).unwrap();
    check(&mut gate, 1, STRICT, JudgingAs::Home, refer(Referral::NotReady));
    gate.write_due_records();
    check(&mut gate, 2, STRICT, JudgingAs::Home, ADMIT);
}

#[test]
fn no_other_devices_clock_opens_or_closes_a_day() {
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    let scan = |number| asked(number, ticket(1, TWICE_A_DAY));
    let tomorrow = NOW.plus_ms(24 * HOUR_MS);
    for (number, left) in [(1, 1), (2, 0)] {
        let verdict = gate.judge(&scan(number), JudgingAs::Home);
        assert_eq!(verdict, Verdict::Admit { persons: 1, left });
    }
    assert!(matches!(
        gate.judge(&scan(3), JudgingAs::Home),
        Verdict::Deny(Reason::DayUsedUp { .. })
    ));
    assert_eq!(
        gate.judge_at(&scan(4), JudgingAs::Home, tomorrow),
        Verdict::Admit { persons: 1, left: 1 }
    );
    let mut other = Machine::hub(1, &Machine::cloud(&[1]));
    other.judge(&scan(1), JudgingAs::Home);
    other.judge(&scan(2), JudgingAs::Home);
    let adopted = Body::RosterAdopted {
        epoch: 1,
        roster: crate::home::roster_hash(&[hub(1).public()]),
    };
    other.write_at(adopted, tomorrow);
    assert!(matches!(
        other.judge(&scan(3), JudgingAs::Home),
        Verdict::Deny(Reason::DayUsedUp { .. })
    ));
    assert_eq!(
        other.judge_at(&scan(4), JudgingAs::Home, tomorrow),
        Verdict::Admit { persons: 1, left: 1 }
    );
}

#[test]
fn one_scan_is_judged_once_however_often_it_is_asked() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let scan = asked(1, ticket(1, STRICT));
    assert_eq!(gate.judge(&scan, JudgingAs::Home), ADMIT);
    let again = gate.ledger.judge(&scan, JudgingAs::Home, NOW);
    assert_eq!((again.verdict, again.body), (ADMIT, None));
    // Another device that has merged the record gives the same answer.
    let mut other = Machine::hub(2, &cloud);
    other.hear(&gate);
    assert_eq!(other.ledger.judge(&scan, JudgingAs::CutOff, NOW).body, None);
    assert_eq!(gate.ledger.state().passages(Unit(1)).count(), 1);
}

#[test]
fn the_id_of_a_scan_opens_no_other_way() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let scan = asked(1, ticket(1, REENTRY));
    gate.judge(&scan, JudgingAs::Home);
    let used = |verdict| matches!(verdict, Verdict::Deny(Reason::AlreadyUsed { .. }));
    let mut at_another_gate = scan.clone();
    at_another_gate.gate = SOUTH;
    assert!(used(gate.judge(&at_another_gate, JudgingAs::Home)));
    let with_another_unit = asked(1, ticket(2, REENTRY));
    assert_eq!(
        gate.ledger
            .judge(&with_another_unit, JudgingAs::Home, NOW)
            .verdict,
        ADMIT
    );
    // The way out is another passage: it is judged and written down.
    let mut leaving = scan.clone();
    leaving.direction = Direction::Out;
    assert!(matches!(
        gate.ledger.judge(&leaving, JudgingAs::Home, NOW).body,
        Some(Body::Exited(_))
    ));
    // More people under the same id are still those who were let in.
    let mut with_more = scan;
    with_more.persons = 5;
    assert_eq!(gate.judge(&with_more, JudgingAs::Home), ADMIT);
}

#[test]
fn a_strict_scan_was_answered_by_a_home_or_by_nobody() {
    let cloud = Machine::cloud(&[1]);
    let (mut home, mut liar) = (Machine::hub(1, &cloud), Machine::scanner(1, &cloud));
    let again = asked(2, ticket(1, STRICT));
    assert_eq!(home.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home), ADMIT);
    liar.write(Body::Admitted(shown(2, ticket(1, STRICT), NORTH)));
    home.hear(&liar);
    let verdict = home.judge(&again, JudgingAs::Home);
    assert!(
        matches!(verdict, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{verdict:?}"
    );
}

#[test]
fn a_scan_of_which_another_device_told_before_is_still_the_homes() {
    let cloud = Machine::cloud(&[1]);
    let (mut home, mut liar) = (Machine::hub(1, &cloud), Machine::scanner(1, &cloud));
    let scan = asked(1, ticket(1, STRICT));
    liar.write(Body::Admitted(shown(1, ticket(1, STRICT), NORTH)));
    let later = NOW.plus_ms(HOUR_MS);
    assert_eq!(home.judge_at(&scan, JudgingAs::Home, later), ADMIT);
    home.hear(&liar);
    assert_eq!(home.judge_at(&scan, JudgingAs::Home, later), ADMIT);
}

#[test]
fn a_refused_scan_may_be_judged_anew() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let unit = unit_of(1, &[1, 2]);
    let scan = asked(1, ticket(unit, STRICT));
    let mut other = Machine::hub(2, &cloud);
    assert!(matches!(other.judge(&scan, JudgingAs::CutOff), Verdict::Refer(_)));
    let mut home = Machine::hub(1, &cloud);
    home.hear(&other);
    assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
    cloud.hear(&home);
    assert_eq!(cloud.ledger.state().counts().admitted.values().sum::<u64>(), 1);
}

#[test]
fn a_supervisor_lets_in_whom_the_rules_refuse() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::opened(hub(1), capable(&hub(1), Role::Hub), &cloud);
    let scan = asked(1, ticket(1, STRICT));
    gate.judge(&asked(9, ticket(1, STRICT)), JudgingAs::Home);
    let words = || ("Ada".to_owned(), "knows them".to_owned());
    let body = gate.ledger.override_refusal(&scan, words(), NOW);
    gate.write(body.unwrap());
    assert_eq!(gate.ledger.judge(&scan, JudgingAs::Home, NOW).verdict, ADMIT);
    assert_eq!(gate.ledger.state().incidents(), []);
    let mut nowhere = scan.clone();
    nowhere.gate = GateId(99);
    assert_eq!(gate.ledger.override_refusal(&nowhere, words(), NOW), None);
    let mut outwards = scan.clone();
    outwards.direction = Direction::Out;
    assert_eq!(gate.ledger.override_refusal(&outwards, words(), NOW), None);
    let incapable = Machine::hub(1, &cloud);
    assert_eq!(incapable.ledger.override_refusal(&scan, words(), NOW), None);
}

#[test]
fn every_double_that_available_lets_through_is_reported_once_after_healing() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let (mut one, mut two) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
    for (machine, scan) in [(&mut one, 1), (&mut two, 2)] {
        assert_eq!(
            machine.judge(&asked(scan, ticket(5, AVAILABLE)), JudgingAs::CutOff),
            ADMIT
        );
    }
    cloud.hear(&one);
    assert_eq!(cloud.ledger.state().incidents(), []);
    cloud.hear(&two);
    one.hear(&cloud);
    two.hear(&cloud);
    for machine in [&cloud, &one, &two] {
        assert_eq!(machine.ledger.state().incidents().len(), 1);
        assert_eq!(
            machine.ledger.state().incidents(),
            cloud.ledger.state().incidents()
        );
    }
}

#[test]
fn whoever_repeats_the_scan_of_a_part_of_a_group_hears_how_many_are_left() {
    for (tier, left) in [(STRICT, 2), (REENTRY, 2), (TWICE_A_DAY, 6)] {
        let cloud = Machine::cloud(&[1]);
        let mut home = Machine::hub(1, &cloud);
        let mut group = ticket(7, tier);
        group.admits = 4;
        let two = ScanQuestion {
            persons: 2,
            ..asked(1, group)
        };
        let admitted = Verdict::Admit { persons: 2, left };
        assert_eq!(home.judge(&two, JudgingAs::Home), admitted);
        assert_eq!(home.judge(&two, JudgingAs::Home), admitted, "repeated");
    }
}
