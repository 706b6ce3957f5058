//! What a stolen scanner writes: passages without a ticket, exits nobody made, what its certificate does not cover.

use usher_keys::{Capabilities, Certificate, DeviceIdentity, Window};

use super::*;
use crate::home::roster_hash;
use crate::ident::{GateId, MAX_SKEW_MS, ScanId, ZoneId};
use crate::record::MAX_WORDS_BYTES;
use crate::rehearsal::{
    AVAILABLE, HOUR_MS, NOW, REENTRY, SEASON, SOUTH, STAIRS, STRICT, capable, certificate, enrolled_by, fork,
    identity, identity_by, issuing, scanner,
};

/// Hears a liar's log in every way there is: at once, relayed, after the word on it, and summed up in a checkpoint made
/// before or after it was heard.
fn every_way(cloud: &Machine, liar: &Machine, rule: impl Fn(&mut Machine)) -> Vec<(&'static str, Machine)> {
    let told = |mut cloud: Machine| {
        rule(&mut cloud);
        cloud
    };
    let copy_of = |cloud: &Machine| {
        let mut copy = Machine::cloud(&[1]);
        assert_eq!(
            copy.ledger.tails(),
            cloud.ledger.tails(),
            "a cloud that is told the same"
        );
        copy.listen(liar);
        copy
    };
    let ruled = told(Machine::cloud(&[1]));
    let summed_up = |mut cloud: Machine| {
        cloud.make_checkpoint(NOW);
        let mut fresh = witness();
        fresh.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
        assert!(fresh.checkpoint.is_some());
        fresh
    };
    let mut heard_first = witness();
    heard_first.listen(cloud);
    heard_first.listen(liar);
    heard_first.listen(&ruled);
    let mut relayed = witness();
    relayed.listen(&heard_first);
    let mut told_first = witness();
    told_first.listen(&ruled);
    told_first.listen(liar);
    let mut before = summed_up(copy_of(cloud));
    before.listen(&ruled);
    let after = summed_up(told(copy_of(cloud)));
    let mut between = summed_up(told(Machine::cloud(&[1])));
    between.listen(liar);
    vec![
        ("heard before the word", heard_first),
        ("relayed", relayed),
        ("heard after the word", told_first),
        ("in a checkpoint from before the word", before),
        ("in a checkpoint from after the word", after),
        ("after a checkpoint that knew the word", between),
    ]
}

#[test]
fn passages_without_a_ticket_close_no_ticket_in_whatever_way_they_come() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    let first_lie = liar.ledger.tail(&liar.me()).seq.next();
    for unit in 0..100 {
        let newest = generation(unit, STRICT, u32::MAX);
        liar.write(Body::Admitted(forged(unit as u8, newest)));
    }
    for cut in [None, Some(0), Some(1), Some(50), Some(u64::MAX)] {
        let rule = |cloud: &mut Machine| {
            if let Some(after) = cut {
                cloud.write(revoked(&liar, after));
            }
            let (unit, generation) = (Unit(50), Generation(2));
            cloud.write(Body::Superseded { unit, generation });
        };
        let ways = every_way(&cloud, &liar, rule);
        let digest = ways[0].1.digest();
        for (way, mut gate) in ways {
            let replica = &gate;
            assert_eq!(used(replica, 100), [0_u32; 0], "{way}");
            assert_eq!(named(replica, &liar), Some(first_lie), "{way}");
            assert_eq!(replica.digest(), digest, "{way}");
            gate.write_due_records();
            check_admits(&mut gate, 200, ticket(7, STRICT));
            check_admits(&mut gate, 201, generation(50, STRICT, 2));
            let superseded = gate.judge(&asked(202, ticket(50, STRICT)), JudgingAs::Home);
            let newest = Generation(2);
            assert_eq!(superseded, Verdict::Deny(Reason::Superseded { newest }), "{way}");
        }
    }
}

#[test]
fn what_a_revoked_device_wrote_beyond_the_cut_counts_for_nothing_wherever_the_cut_is_moved() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    // Genuine codes, which it has seen: records 2 to 6 of its log.
    for unit in 0..5 {
        liar.write(Body::Admitted(shown(unit as u8, ticket(unit, AVAILABLE), NORTH)));
    }
    let tables: [(&[u64], &[u32]); 8] = [
        (&[], &[0, 1, 2, 3, 4]),
        (&[0], &[]),
        (&[3], &[0, 1]),
        (&[4, 2], &[0]),
        (&[2, 4], &[0, 1, 2]),
        (&[0, 6], &[0, 1, 2, 3, 4]),
        (&[6, 0], &[]),
        (&[0, 6, 3], &[0, 1]),
    ];
    for (cuts, expected) in tables {
        let rule = |cloud: &mut Machine| cuts.iter().for_each(|after| cloud.write(revoked(&liar, *after)));
        for (way, replica) in every_way(&cloud, &liar, rule) {
            assert_eq!(used(&replica, 5), expected, "{cuts:?}, {way}");
            let state = replica.ledger.state();
            assert_eq!(
                state.occupancy(ZoneId(1)),
                expected.len() as i64,
                "{cuts:?}, {way}"
            );
            let admitted = state.counts().admitted.values().sum::<u64>();
            assert_eq!(admitted, expected.len() as u64, "{cuts:?}, {way}");
        }
    }
}

/// A venue where the ticket of unit 7 is inside, after a scanner has written that.
fn inside_after(lies: &[Body], at: usher_keys::Timestamp) -> (Machine, Machine) {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    check_admits(&mut home, 1, ticket(7, REENTRY));
    let mut liar = Machine::scanner(1, &home);
    for lie in lies {
        liar.write_at(lie.clone(), at);
    }
    home.hear(&liar);
    (home, liar)
}

/// A friend with a copy of the code of unit 7 is refused.
#[track_caller]
fn check_refused(home: &mut Machine, what: &str) {
    let verdict = home.judge(&asked(99, ticket(7, REENTRY)), JudgingAs::Home);
    assert!(is_used(&verdict), "{what}: {verdict:?}");
}

#[test]
fn an_exit_that_nobody_can_prove_gives_nothing_back() {
    let of = |scan, ticket| shown(scan, ticket, NORTH);
    let of_a_stranger = || {
        let mut passage = of(50, ticket(7, REENTRY));
        passage.code = ticket(7, REENTRY).sign(&key(0x66)).bytes().to_vec();
        passage
    };
    let without_code = || ShownPassage {
        code: Vec::new(),
        ..of(50, ticket(7, REENTRY))
    };
    let elsewhere = || ShownPassage {
        zone: ZoneId(2),
        gate: STAIRS,
        ..of(50, ticket(7, REENTRY))
    };
    let by_another_zones_gate = || ShownPassage {
        gate: STAIRS,
        at: NOW.plus_ms(HOUR_MS),
        ..of(50, ticket(7, REENTRY))
    };
    let lies = [
        ("a false signature", forged(50, ticket(7, REENTRY)), true),
        ("a key of nobody", of_a_stranger(), false),
        ("no code at all", without_code(), true),
        ("the code of another ticket", of(50, ticket(8, REENTRY)), false),
        ("out of a zone it is not in", elsewhere(), false),
        (
            "by a gate that leads out of another zone",
            by_another_zones_gate(),
            false,
        ),
    ];
    for (what, passage, is_named) in lies {
        let (mut home, liar) = inside_after(&[Body::Exited(passage)], NOW.plus_ms(1_000));
        check_refused(&mut home, what);
        assert_eq!(named(&home, &liar).is_some(), is_named, "{what}");
    }
}

#[test]
fn an_exit_from_before_the_entry_gives_nothing_back() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    liar.write_at(Body::Exited(shown(50, ticket(7, REENTRY), NORTH)), NOW);
    let mut home = Machine::hub(1, &cloud);
    let entry = asked(1, ticket(7, REENTRY));
    assert_eq!(home.judge_at(&entry, JudgingAs::Home, NOW.plus_ms(1_000)), ADMIT);
    home.hear(&liar);
    // A second before it by two clocks: which was first is a person's to say.
    let verdict = home.judge(&asked(60, ticket(7, REENTRY)), JudgingAs::Home);
    assert_eq!(verdict, Verdict::Refer(Referral::ClockInDoubt));
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
}

/// The exit of somebody who stayed for an hour, scanned where the entry is not known.
fn left_later(scan: u8) -> Body {
    Body::Exited(ShownPassage {
        at: NOW.plus_ms(HOUR_MS),
        ..shown(scan, ticket(7, REENTRY), NORTH)
    })
}

#[test]
fn two_exits_of_one_entry_are_one() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    check_admits(&mut home, 1, ticket(7, REENTRY));
    let mut exits = [Machine::hub(2, &home), Machine::hub(3, &home)];
    for (scan, hub) in (10..).zip(&mut exits) {
        hub.write_at(left_later(scan), NOW.plus_ms(1_000));
    }
    home.hear(&exits[0]);
    home.hear(&exits[1]);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
    let again = |scan| asked(scan, ticket(7, REENTRY));
    let later = NOW.plus_ms(2_000);
    assert_eq!(home.judge_at(&again(20), JudgingAs::Home, later), ADMIT);
    let beside = home.judge_at(&again(21), JudgingAs::Home, later);
    assert_eq!(beside, Verdict::Refer(Referral::ClockInDoubt));
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
}

#[test]
fn repeating_anothers_scan_with_anything_changed_neither_frees_nor_hides_it() {
    let entered = || shown(1, ticket(7, REENTRY), NORTH);
    let earlier = usher_keys::Timestamp(NOW.0 - HOUR_MS);
    let lies = [
        ("word for word", entered(), NOW, 1),
        ("with an earlier stamp", entered(), earlier, 1),
        ("with a later stamp", entered(), NOW.plus_ms(HOUR_MS), 1),
        ("at another gate", shown(1, ticket(7, REENTRY), SOUTH), NOW, 2),
        ("in another zone", shown(1, ticket(7, REENTRY), STAIRS), NOW, 1),
        (
            "with nobody",
            ShownPassage {
                persons: 0,
                ..entered()
            },
            NOW,
            1,
        ),
        (
            "with a crowd",
            ShownPassage {
                persons: 9,
                ..entered()
            },
            NOW,
            // More people than the ticket names never pass at once.
            1,
        ),
        ("with another scan", shown(2, ticket(7, REENTRY), NORTH), NOW, 2),
    ];
    for (what, passage, at, inside) in lies {
        let (mut home, liar) = inside_after(&[Body::Admitted(passage)], at);
        assert_eq!(home.ledger.state().occupancy(ZoneId(1)), inside, "{what}");
        check_refused(&mut home, what);
        // Once it is revoked, all is as if it had never written.
        let mut cloud = Machine::cloud(&[1]);
        cloud.write(revoked(&liar, 1));
        home.hear(&cloud);
        assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1, "{what}");
        check_refused(&mut home, what);
    }
}

#[test]
fn an_exit_forged_with_a_code_it_has_seen_is_undone_and_reported_by_the_cut() {
    let (mut home, liar) = inside_after(&[left_later(50)], NOW.plus_ms(1_000));
    let friend = asked(60, ticket(7, REENTRY));
    assert_eq!(home.judge_at(&friend, JudgingAs::Home, NOW.plus_ms(2_000)), ADMIT);
    assert_eq!(home.ledger.state().incidents(), []);
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(revoked(&liar, 1));
    home.hear(&cloud);
    assert_eq!(home.ledger.state().incidents().len(), 1);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 2);
}

fn with(change: impl FnOnce(&mut Certificate)) -> DeviceIdentity {
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    change(&mut certificate);
    identity_by(&issuing(), certificate)
}

fn for_gates(gates: &[GateId]) -> DeviceIdentity {
    with(|certificate| certificate.gates = gates.iter().map(|gate| gate.0).collect())
}

fn lasting(from: u64, until: u64) -> DeviceIdentity {
    let window = Window {
        from: usher_keys::Timestamp(from),
        until: usher_keys::Timestamp(until),
    };
    with(|certificate| certificate.window = window)
}

fn overridden(words: usize) -> Body {
    Body::Overridden {
        passage: shown(50, ticket(7, STRICT), NORTH),
        by: "a".repeat(words),
        why: "why not".to_owned(),
    }
}

/// Whether a record of a device with that certificate is believed, or named as one it may not write.
#[track_caller]
fn check_written(identity: DeviceIdentity, body: Body, is_believed: bool) {
    let cloud = Machine::cloud(&[1]);
    let mut device = Machine::with_identity(scanner(1), identity.clone());
    device.write(Body::Opened { identity });
    let seq = Seq(2);
    device.write(body.clone());
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&device);
    let expected = (!is_believed).then_some(seq);
    assert_eq!(named(&replica, &device), expected, "{body:?}");
    if body.passage().is_some() {
        assert_eq!(!used(&replica, 10).is_empty(), is_believed, "{body:?}");
    }
}

#[test]
fn a_device_is_believed_in_what_its_certificate_covers() {
    let plain = || identity(&scanner(1), Role::Scanner);
    let supervised = || capable(&scanner(1), Role::Scanner);
    let entry = || Body::Admitted(shown(50, ticket(7, STRICT), NORTH));
    let exit = || Body::Exited(shown(50, ticket(7, STRICT), NORTH));
    let cloud = || identity(&scanner(1), Role::Cloud);
    let day = MAX_SKEW_MS;
    let table = [
        (plain(), entry(), true),
        (plain(), exit(), true),
        (plain(), overridden(3), false),
        (supervised(), overridden(3), true),
        (supervised(), overridden(MAX_WORDS_BYTES + 1), false),
        (for_gates(&[NORTH]), entry(), true),
        (for_gates(&[STAIRS]), entry(), false),
        (for_gates(&[STAIRS, SOUTH]), exit(), false),
        (lasting(NOW.0, NOW.0 + 1), entry(), true),
        (lasting(0, NOW.0 - day + 1), entry(), true),
        (lasting(0, NOW.0 - day), entry(), false),
        (lasting(NOW.0 + 1, NOW.0 + 2), entry(), false),
        (cloud(), entry(), false),
        (cloud(), exit(), false),
    ];
    for (identity, body, is_believed) in table {
        check_written(identity, body, is_believed);
    }
}

#[test]
fn a_scanner_says_nothing_that_is_a_hubs_or_the_authoritys_to_say() {
    let able = || capable(&scanner(1), Role::Scanner);
    let other = certificate(&scanner(2), Role::Scanner);
    let invented = Box::new({
        let mut proof = fork(&hub(1), 1, [[1; 32], [2; 32]]);
        proof.other.signature = proof.one.signature;
        proof
    });
    let altered = || {
        let mut altered = able();
        altered.certificate.certificate.gates = vec![NORTH.0];
        altered
    };
    let mut of_a_hub = enrolled_by(&hub(1), certificate(&scanner(1), Role::Scanner));
    of_a_hub.certificate.certificate.name = "Anybody".to_owned();
    let lies = [
        Body::Opened {
            identity: capable(&hub(1), Role::Hub),
        },
        Body::Opened { identity: altered() },
        Body::Opened { identity: of_a_hub },
        Body::RosterAdopted {
            epoch: 1,
            roster: roster_hash(&[hub(1).public()]),
        },
        Body::Renewed {
            identity: enrolled_by(&hub(1), other),
        },
        Body::ForkSeen(invented),
        Body::Restated,
        Body::HubRetired {
            hub: hub(1).public(),
            heir: None,
        },
        Body::DeviceRevoked {
            device: hub(1).public(),
            after: Seq(0),
        },
    ];
    for lie in lies {
        check_written(able(), lie, false);
    }
}

#[test]
fn what_rests_on_a_key_of_nobody_is_passed_over() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    let other = certificate(&scanner(2), Role::Scanner);
    liar.write(Body::Renewed {
        identity: identity_by(&scanner(1), other.clone()),
    });
    let mut replica = witness();
    replica.listen(&liar);
    let state = replica.ledger.state();
    let held = enrolled_by(&hub(1), other);
    assert_eq!(state.certificates_for(&held).count(), 0);
    assert!(state.awaits_key());
}

#[test]
fn a_certificate_covers_what_is_written_after_it_and_not_before() {
    let cloud = Machine::cloud(&[1]);
    let mut device = Machine::scanner(1, &cloud);
    device.write(overridden(3));
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.window.until = SEASON.until.plus_ms(1);
    certificate.capabilities = Capabilities {
        override_refusals: true,
        ..Capabilities::default()
    };
    let renewed = identity_by(&issuing(), certificate);
    device.write(Body::Opened { identity: renewed });
    let mut passage = shown(51, ticket(8, STRICT), NORTH);
    passage.scan = ScanId([51; 16]);
    let (by, why) = ("Ada".to_owned(), "knows them".to_owned());
    device.write(Body::Overridden { passage, by, why });
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&device);
    assert_eq!(used(&replica, 10), [8]);
    assert_eq!(named(&replica, &device), Some(Seq(2)));
}
