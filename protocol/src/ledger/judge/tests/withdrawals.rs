//! Scans that were given up while another was asked: nobody is counted as in who was not let in.

use super::*;

/// Hub 2 reads a code of a unit whose home is hub 1, asks, and gives up before the answer is there.
fn given_up() -> (Machine, Machine, ScanQuestion, ScanSecret) {
    let cloud = Machine::cloud(&[1]);
    let reader = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let home = Machine::hub(1, &cloud);
    let secret = ScanSecret([7; 16]);
    let scan = ScanQuestion {
        scan: ScanId::of(&reader.me(), &secret),
        ..asked(1, ticket(1, STRICT))
    };
    (home, reader, scan, secret)
}

#[test]
fn a_person_who_was_not_let_in_is_not_counted_as_in_in_whatever_order_it_is_heard() {
    for hears_first in [true, false] {
        let (mut home, mut reader, scan, secret) = given_up();
        if hears_first {
            assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
        }
        let body = reader.ledger.withdraw(&question(&scan), secret, NOW).unwrap();
        reader.write(body);
        assert_eq!(
            reader.ledger.withdraw(&question(&scan), secret, NOW),
            None,
            "once is enough"
        );
        if !hears_first {
            assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
        }
        home.hear(&reader);
        reader.hear(&home);
        for gate in [&mut home, &mut reader] {
            assert_eq!(gate.ledger.state().occupancy(ZoneId(1)), 0);
            let over = Verdict::Refer(Referral::ScanOver);
            assert_eq!(gate.judge(&scan, JudgingAs::Home), over, "never green again");
        }
        assert_eq!(home.ledger.state().digest(), reader.ledger.state().digest());
        assert_eq!(home.judge(&asked(2, ticket(1, STRICT)), JudgingAs::Home), ADMIT);
        assert_eq!(home.ledger.state().incidents(), []);
    }
}

#[test]
fn only_the_reader_of_a_scan_withdraws_it() {
    let (mut home, _, scan, secret) = given_up();
    assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
    let mut liar = Machine::scanner(3, &Machine::cloud(&[1]));
    for secret in [secret, ScanSecret([8; 16])] {
        let mut passage = shown(1, ticket(1, STRICT), NORTH);
        passage.scan = scan.scan;
        liar.write(Body::Withdrawn { passage, secret });
    }
    home.listen(&liar);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
    assert!(
        home.ledger
            .state()
            .false_records()
            .any(|(origin, _)| *origin == liar.me())
    );
}

#[test]
fn a_supervisors_word_that_was_not_heard_at_the_gate_lets_nobody_in() {
    let (mut home, mut reader, scan, secret) = given_up();
    let word = ("Ada".to_owned(), "knows the guest".to_owned());
    let body = reader.ledger.override_refusal(&scan, word, NOW).unwrap();
    reader.write(body);
    home.hear(&reader);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
    let body = reader.ledger.withdraw(&question(&scan), secret, NOW).unwrap();
    reader.write(body);
    home.hear(&reader);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
}

#[test]
fn what_a_revoked_reader_withdrew_beyond_the_cut_stands_again() {
    let (mut home, mut reader, scan, secret) = given_up();
    assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
    let before = reader.ledger.tail(&reader.me()).seq;
    let body = reader.ledger.withdraw(&question(&scan), secret, NOW).unwrap();
    reader.write(body);
    home.hear(&reader);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(Body::DeviceRevoked {
        device: reader.me(),
        after: before,
    });
    home.hear(&cloud);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
}

fn is_in(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Admit { .. })
}

#[test]
fn the_id_of_an_old_scan_lets_nobody_in_uncounted() {
    let cloud = Machine::cloud(&[1]);
    for tier in [AVAILABLE, STRICT, REENTRY, TWICE_A_DAY] {
        let mut gate = Machine::hub(1, &cloud);
        let scan = asked(1, ticket(1, tier));
        assert!(is_in(gate.judge_at(&scan, JudgingAs::Home, NOW)));
        let retry = NOW.plus_ms(RETRY_WITHIN_MS);
        assert!(is_in(gate.judge_at(&scan, JudgingAs::Home, retry)), "a retry");
        let late = gate.judge_at(&scan, JudgingAs::Home, retry.plus_ms(1));
        assert_eq!(late, Verdict::Refer(Referral::ScanOver), "{tier}");
    }
}

#[test]
fn a_scan_is_given_up_also_where_its_ticket_is_not_known_to_be_genuine() {
    let (home, mut reader, scan, secret) = given_up();
    let mut forged = question(&scan);
    let mut code = scan.ticket.code().to_owned();
    *code.last_mut().unwrap() ^= 1;
    forged.code = crate::ticket::digits::encode(&code).into_bytes();
    assert_eq!(
        reader.ledger.withdraw(&forged, secret, NOW),
        None,
        "nobody says yes to it"
    );
    code[1] ^= 1;
    forged.code = crate::ticket::digits::encode(&code).into_bytes();
    let by_a_key_to_come = reader.ledger.withdraw(&forged, secret, NOW).unwrap();
    reader.write(by_a_key_to_come);
    let mut home = home;
    home.hear(&reader);
    assert!(home.ledger.state().false_records().next().is_none());
}

#[test]
fn a_ticket_whose_key_is_struck_out_while_others_are_asked_opens_no_gate() {
    let mut home = Machine::hub(1, &Machine::cloud(&[1]));
    let verified_before = asked(1, ticket(1, STRICT));
    home.renew_trust(succeeded(2, &[], &[&tickets()]));
    let struck = Verdict::Deny(Reason::Rejected(Rejection::StruckKey));
    assert_eq!(home.judge(&verified_before, JudgingAs::Home), struck);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
}

#[test]
fn a_ticket_whose_asker_has_not_heard_the_yes_is_not_said_to_be_used() {
    let (mut home, reader, scan, _) = given_up();
    assert_eq!(home.judge(&scan, JudgingAs::Home), ADMIT);
    let again = asked(2, ticket(1, STRICT));
    let beside = |home: &Machine, asked: &ScanQuestion, scan| {
        let asker = reader.me();
        // A scan that let nobody in hides none that did.
        let refused = ScanId([0x77; 16]);
        let unheard = [refused, scan].map(|scan| Unheard { scan, asker });
        home.ledger
            .judge_with_unheard(asked, JudgingAs::Home, NOW, &unheard)
            .verdict
    };
    let silent = Referral::AskerSilent {
        asker: reader.me(),
        gate: NORTH,
        at: NOW,
    };
    assert_eq!(beside(&home, &again, scan.scan), refer(silent));
    let other = asked(3, ticket(2, STRICT));
    assert_eq!(beside(&home, &other, scan.scan), ADMIT, "another ticket");
    let used = home.ledger.judge(&again, JudgingAs::Home, NOW).verdict;
    assert_eq!(beside(&home, &again, again.scan), used, "another scan");
    assert!(
        matches!(used, Verdict::Deny(Reason::AlreadyUsed { .. })),
        "{used:?}"
    );
}

#[test]
fn an_exit_that_a_clock_ahead_has_dated_after_a_second_entry_lets_nobody_in_beside_it() {
    for ahead_ms in [0, 100_000, 119_000] {
        let cloud = Machine::cloud(&[1, 2, 3]);
        let mut home = Machine::hub(1, &cloud);
        let (mut near, mut apart) = (Machine::hub(2, &cloud), Machine::hub(3, &cloud));
        let unit = (0..).find(|unit| home.ledger.route(&asked(1, ticket(*unit, REENTRY))) == Route::Here);
        let scan = |number: u8, direction| ScanQuestion {
            direction,
            ..asked(number, ticket(unit.unwrap(), REENTRY))
        };
        let (entry, an_hour_ago) = (Direction::In, Timestamp(NOW.0 - HOUR_MS));
        assert_eq!(
            home.judge_at(&scan(1, entry), JudgingAs::Home, an_hour_ago),
            ADMIT
        );
        // One holder leaves twice, at gates that know nothing of the entry; the clock of one of them is ahead.
        let exits = [(&mut near, 2, 0), (&mut apart, 3, ahead_ms)];
        for (gate, number, at) in exits {
            let verdict = gate.judge_at(&scan(number, Direction::Out), JudgingAs::CutOff, NOW.plus_ms(at));
            assert!(matches!(verdict, Verdict::Admit { .. }), "{verdict:?}");
        }
        home.hear(&near);
        home.write_due_records();
        let back = home.judge_at(&scan(4, entry), JudgingAs::Home, NOW.plus_ms(12_000));
        assert_eq!(back, ADMIT, "the exit is matched: its holder may come back");
        home.hear(&apart);
        home.write_due_records();
        let friend = home.judge_at(&scan(5, entry), JudgingAs::Home, NOW.plus_ms(14_000));
        assert_eq!(friend, refer(Referral::ClockInDoubt), "{ahead_ms} ms ahead");
    }
}

#[test]
fn whoever_left_unseen_soon_after_going_in_is_sent_to_a_person_and_comes_back_where_doubles_are_allowed() {
    for (tier, expected) in [
        (REENTRY, refer(Referral::ClockInDoubt)),
        (AVAILABLE_REENTRY, ADMIT),
    ] {
        let mut cloud = Machine::cloud(&[1, 2]);
        let mut policy = crate::rehearsal::policy();
        let mut free = policy.tier(TierId(REENTRY)).unwrap().clone();
        (free.id, free.offline) = (TierId(AVAILABLE_REENTRY), Offline::Available);
        policy.tiers.push(free);
        cloud.write(Body::Policy { version: 2, policy });
        let (mut home, mut apart) = (Machine::hub(1, &cloud), Machine::hub(2, &cloud));
        let unit = (0..).find(|unit| home.ledger.route(&asked(1, ticket(*unit, tier))) == Route::Here);
        let scan = |number, direction| ScanQuestion {
            direction,
            ..asked(number, ticket(unit.unwrap(), tier))
        };
        let entry = home.judge(&scan(1, Direction::In), JudgingAs::Home);
        assert_eq!(entry, ADMIT);
        let left_at = NOW.plus_ms(20_000);
        let exit = apart.judge_at(&scan(2, Direction::Out), JudgingAs::CutOff, left_at);
        assert!(matches!(exit, Verdict::Admit { .. }), "{exit:?}");
        home.hear(&apart);
        home.write_due_records();
        let back = home.judge_at(&scan(3, Direction::In), JudgingAs::Home, NOW.plus_ms(60_000));
        assert_eq!(back, expected);
    }
}
