//! Strict doubles: whatever one device says, and whatever is not known here yet, no ticket admits more people than it should.

use super::*;
use crate::admission::Referral;
use crate::home::home_of;
use crate::ident::{GateId, ScanId, ScanSecret};
use crate::ledger::ScanQuestion;
use crate::record::RightToAnnul;
use crate::rehearsal::{
    EVENT, HOUR_MS, NOW, STRICT, TWICE_A_DAY, capable, certificate, identity_by, issuing, late_tickets,
    question, scanner, signed_bundle, trust,
};

const DAY_MS: u64 = 24 * HOUR_MS;

#[test]
fn a_day_that_a_liar_has_opened_ahead_gives_no_entry_more() {
    for persons in [0, 1] {
        for ahead in [1, 2, 30] {
            let cloud = Machine::cloud(&[1]);
            let mut home = Machine::hub(1, &cloud);
            let mut liar = Machine::scanner(1, &cloud);
            let mut lie = shown(50, ticket(7, TWICE_A_DAY), NORTH);
            lie.persons = persons;
            let again = |home: &mut Machine, scan: u8| {
                let verdict = home.judge(&asked(scan, ticket(7, TWICE_A_DAY)), JudgingAs::Home);
                usize::from(matches!(verdict, Verdict::Admit { .. }))
            };
            let before: usize = (1..9).map(|scan| again(&mut home, scan)).sum();
            assert_eq!(before, 2);
            liar.write_at(Body::Admitted(lie), NOW.plus_ms(ahead * DAY_MS));
            home.hear(&liar);
            let after: usize = (10..19).map(|scan| again(&mut home, scan)).sum();
            // A clock may be pulled a day ahead, and that day's entries be used up a day early.
            let most = if ahead == 1 { 2 - usize::from(persons) } else { 0 };
            assert!(after <= most, "{after} with {persons} persons {ahead} days ahead");
        }
    }
}

/// A unit whose home moves from hub 1 to hub 2 with the second roster.
fn moved_unit() -> Unit {
    let key = |number: u8| hub(number).public();
    let moves = |unit: &Unit| home_of(EVENT, *unit, &[key(1), key(2)]) == Some(key(2));
    (0..100).map(Unit).find(moves).unwrap()
}

/// The reissued ticket of a unit, signed with a key that only the second bundle names.
fn reissued(unit: Unit) -> ScanQuestion {
    let mut ticket = generation(unit.0, STRICT, 2);
    ticket.key = late_tickets().public().id();
    let payload = ticket.sign(&late_tickets());
    ScanQuestion {
        scan: ScanId([90; 16]),
        ticket: trust(2).keyring().verify(payload.bytes(), NOW).unwrap(),
        ..asked(90, super::ticket(unit.0, STRICT))
    }
}

#[test]
fn who_went_in_by_a_key_that_is_not_known_here_yet_is_inside() {
    let unit = moved_unit();
    let mut cloud = Machine::cloud(&[1]);
    let mut former = Machine::hub(1, &cloud);
    former.renew_trust(signed_bundle(2));
    assert_eq!(former.judge(&reissued(unit), JudgingAs::Home), ADMIT);
    cloud.publish_roster(2, &[1, 2]);
    former.hear(&cloud);
    let mut next = Machine::hub(2, &cloud);
    next.hear(&former);
    let first = asked(91, ticket(unit.0, STRICT));
    let verdict = next.judge(&first, JudgingAs::Home);
    let unsettled = Referral::HomeUnsettled { former: former.me() };
    assert_eq!(verdict, Verdict::Refer(unsettled));
    next.renew_trust(signed_bundle(2));
    let verdict = next.judge(&asked(92, ticket(unit.0, STRICT)), JudgingAs::Home);
    assert!(is_used(&verdict), "{verdict:?}");
}

#[test]
fn who_went_in_by_such_a_key_at_this_hub_before_its_disk_was_replaced_is_inside() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.renew_trust(signed_bundle(2));
    assert_eq!(gate.judge(&reissued(Unit(7)), JudgingAs::Home), ADMIT);
    cloud.listen(&gate);
    // An old copy of the disk, with the bundle of that time.
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    gate.restore_old_copy(1);
    gate.listen(&cloud);
    gate.write_due_records();
    let verdict = gate.judge(&asked(91, ticket(7, STRICT)), JudgingAs::Home);
    assert_eq!(verdict, Verdict::Refer(Referral::NotReady));
}

#[test]
fn a_scanner_that_writes_of_a_key_of_nobody_holds_no_strict_ticket_up() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    let mut liar = Machine::scanner(1, &cloud);
    let mut lie = shown(50, ticket(7, STRICT), NORTH);
    lie.code = ticket(7, STRICT).sign(&key(0x66)).bytes().to_vec();
    lie.code[1] ^= 1;
    liar.write(Body::Admitted(lie));
    home.hear(&liar);
    assert!(home.ledger.state().awaits_key());
    check_admits(&mut home, 1, ticket(7, STRICT));
}

#[test]
fn a_former_home_answers_for_those_it_let_in_as_a_home_and_for_nobody_else() {
    let unit = moved_unit();
    let scan = |scan| asked(scan, ticket(unit.0, STRICT));
    for is_honest in [true, false] {
        let mut cloud = Machine::cloud(&[1]);
        let mut former = Machine::hub(1, &cloud);
        if is_honest {
            assert_eq!(former.judge(&scan(1), JudgingAs::Home), ADMIT);
        }
        cloud.publish_roster(2, &[1, 2]);
        former.hear(&cloud);
        let mut home = Machine::hub(2, &cloud);
        home.hear(&former);
        if !is_honest {
            assert_eq!(home.judge(&scan(2), JudgingAs::Home), ADMIT);
            former.write(Body::Admitted(shown(1, ticket(unit.0, STRICT), NORTH)));
            home.hear(&former);
        }
        let again = home.judge(&scan(1), JudgingAs::Home);
        assert_eq!(again == ADMIT, is_honest, "{again:?}");
    }
}

#[test]
fn what_a_stolen_hub_wrote_beyond_its_cut_holds_no_strict_ticket_up() {
    let unit = moved_unit();
    let mut cloud = Machine::cloud(&[1]);
    let mut stolen = Machine::hub(1, &cloud);
    cloud.publish_roster(2, &[1, 2]);
    stolen.hear(&cloud);
    let last = stolen.ledger.tail(&stolen.me()).seq;
    let mut lie = shown(50, ticket(unit.0, STRICT), NORTH);
    lie.code[1] ^= 1;
    stolen.write(Body::Admitted(lie));
    let mut home = Machine::hub(2, &cloud);
    home.hear(&stolen);
    let scan = asked(1, ticket(unit.0, STRICT));
    let unsettled = Referral::HomeUnsettled { former: stolen.me() };
    assert_eq!(home.judge(&scan, JudgingAs::Home), Verdict::Refer(unsettled));
    cloud.write(revoked(&stolen, last.0));
    home.hear(&cloud);
    assert_eq!(
        home.judge(&asked(2, ticket(unit.0, STRICT)), JudgingAs::Home),
        ADMIT
    );
}

/// The scan of a device that is none of the event's: it asks one hub after the other, under one id.
fn of_a_guest(secret: ScanSecret) -> ScanQuestion {
    ScanQuestion {
        scan: ScanId::of_a_guest(&secret),
        ..asked(1, ticket(1, STRICT))
    }
}

#[test]
fn a_scan_that_a_guest_asks_two_hubs_about_is_given_up_by_neither() {
    for is_honest in [true, false] {
        let secret = ScanSecret([7; 16]);
        let scan = of_a_guest(secret);
        let cloud = Machine::cloud(&[1]);
        let mut asked_first = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
        let mut home = Machine::hub(1, &cloud);
        // Hub 2 does not hear from the home and refers; the guest asks the home itself, which has not heard of that.
        let body = if is_honest {
            asked_first.ledger.withdraw(&question(&scan), secret, NOW)
        } else {
            let mut passage = shown(1, ticket(1, STRICT), NORTH);
            passage.scan = scan.scan;
            Some(Body::Withdrawn { passage, secret })
        };
        body.into_iter().for_each(|body| asked_first.write(body));
        assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
        home.hear(&asked_first);
        let again = home.judge(&asked(2, ticket(1, STRICT)), JudgingAs::Home);
        assert!(is_used(&again), "honest: {is_honest}, {again:?}");
    }
}

#[test]
fn a_supervisor_takes_back_nothing_at_gates_that_are_not_in_its_certificate() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    check_admits(&mut home, 1, ticket(1, STRICT));
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.gates = vec![2];
    certificate.capabilities.override_refusals = true;
    let mut liar = Machine::opened(scanner(1), identity_by(&issuing(), certificate), &cloud);
    for gate in [GateId(2), NORTH] {
        liar.write(Body::Annulled {
            passage: ShownPassage {
                gate,
                ..shown(1, ticket(1, STRICT), NORTH)
            },
            right: RightToAnnul::Supervisor,
            by: "Ada".to_owned(),
            why: "a friend waits outside".to_owned(),
        });
    }
    home.hear(&liar);
    assert!(is_used(
        &home.judge(&asked(2, ticket(1, STRICT)), JudgingAs::Home)
    ));
    assert_eq!(
        named(&home, &liar),
        Some(Seq(3)),
        "for the gate that is not its own"
    );
    let mut late = witness();
    late.listen(&liar);
    late.listen(&cloud);
    late.hear_log(&home, home.me()).unwrap();
    assert_eq!(used(&late, 3), [1]);
    assert_eq!(late.digest(), home.digest());
}
