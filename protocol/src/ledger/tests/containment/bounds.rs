//! How much one device that lies can make its peers keep and show.

use usher_keys::{SecretKey, codec};

use super::*;
use crate::admission::{Direction, Refused};
use crate::ident::{GateId, Hlc, ScanId, Stamp, ZoneId};
use crate::ledger::ruling::{MAX_VOUCHED_OF_HUB, devices_to_vouch_for};
use crate::ledger::{MAX_DEVICE_BYTES, ScanQuestion};
use crate::log::{Run, RunError};
use crate::record::{Count, PlacesOf, Refusal};
use crate::rehearsal::{
    AVAILABLE, HOUR_MS, NOW, STRICT, authority, capable, certificate, enrolled_by, fork, identity,
    late_tickets, shared_trust,
};
use crate::state::Summary;
use crate::state::passages::MAX_MATCHES_OF_LOG;
use crate::state::units::MAX_PASSAGES_OF_LOG;

/// A key of nobody's, one of very many.
fn invented(number: u16) -> SecretKey {
    let mut seed = [0x77; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SecretKey::from_seed(&seed)
}

#[test]
fn forks_of_keys_that_a_device_invents_are_shown_to_nobody() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    for number in 0..20 {
        let proof = fork(&invented(number), 1, [[1; 32], [2; 32]]);
        liar.write(Body::ForkSeen(Box::new(proof)));
    }
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&liar);
    assert_eq!(replica.ledger.state().incidents(), []);
    // A fork of a device that somebody has heard of is shown, also when it is heard of later.
    liar.write(Body::ForkSeen(Box::new(fork(&hub(2), 1, [[1; 32], [2; 32]]))));
    replica.listen(&liar);
    assert_eq!(replica.ledger.state().incidents(), []);
    let mut cloud = cloud;
    cloud.write(Body::DeviceEnrolled {
        identity: capable(&hub(2), Role::Hub),
    });
    replica.listen(&cloud);
    let origin = hub(2).public();
    assert_eq!(replica.ledger.state().incidents(), [Incident::Forked { origin }]);
}

#[test]
fn forks_of_keys_that_a_device_invents_fill_no_more_than_its_share() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    for number in 0..300 {
        let proof = fork(&invented(number), 1, [[1; 32], [2; 32]]);
        liar.write(Body::ForkSeen(Box::new(proof)));
    }
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&liar);
    assert_eq!(replica.ledger.state().forks().count(), 256);
    // Its log opens with its certificate.
    assert_eq!(named(&replica, &liar), Some(Seq(1 + 256 + 1)));
}

#[test]
fn a_device_that_may_tell_of_no_more_forks_writes_none_down() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let told = (0..300).filter(|number| {
        let proof = fork(&invented(*number), 1, [[1; 32], [2; 32]]);
        gate.ledger.report_fork(proof, NOW).is_some()
    });
    assert_eq!(
        told.count(),
        128,
        "the others are for devices that the authority vouches for"
    );
}

#[test]
fn a_log_is_bounded_in_bytes_wherever_a_replica_began() {
    let cloud = Machine::cloud(&[1]);
    let mut writer = Machine::scanner(1, &cloud);
    writer.write(Body::Admitted(shown(1, ticket(1, STRICT), NORTH)));
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&writer);
    let origin = writer.me();
    let held = replica.ledger.state().bytes_of(&origin);
    let run = writer.run(origin, Seq(0)).unwrap();
    assert_eq!(
        held,
        run.records.iter().map(|record| record.len() as u64).sum::<u64>()
    );
    let begun = Summary::of(replica.ledger.state()).into_state(replica.ledger.trust().clone());
    assert_eq!(begun.bytes_of(&origin), held);

    let left = MAX_DEVICE_BYTES - held;
    replica
        .ledger
        .state
        .weigh(&origin, usize::try_from(left).unwrap());
    writer.write(Body::Admitted(shown(2, ticket(2, STRICT), NORTH)));
    let run = writer.run(origin, Seq(2)).unwrap();
    replica.ledger.accept(&run, None, NOW).unwrap();
    assert_eq!(named(&replica, &writer), Some(Seq(3)), "it counts nowhere");
    assert_eq!(replica.ledger.state().passages(Unit(2)).count(), 0);
    writer.write(Body::Admitted(shown(3, ticket(3, STRICT), NORTH)));
    let run = writer.run(origin, Seq(3)).unwrap();
    let refused = replica.ledger.accept(&run, None, NOW);
    assert_eq!(refused.unwrap_err(), RunError::TooLong);
}

#[test]
fn what_counts_of_a_log_that_is_too_long_does_not_depend_on_where_its_runs_are_cut() {
    let mut cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    let origin = liar.me();
    let begin = liar.run(origin, Seq(0)).unwrap();
    let (mut most, mut steps) = (0, Vec::new());
    for number in 0..40 {
        if number == 20 {
            most = liar.ledger.state().bytes_of(&origin);
        }
        let base = liar.ledger.tail(&origin).seq;
        liar.write(entered(number));
        steps.push(liar.run(origin, base).unwrap());
    }
    let joined = |steps: &[Run]| Run {
        records: steps.iter().flat_map(|step| step.records.clone()).collect(),
        head: steps[steps.len() - 1].head.clone(),
        ..steps[0].clone()
    };
    let first_beyond = begin.head.tail.seq.0 + 21;
    cloud.ledger.keep_at_most(most);
    for size in [1, 7, 20, 21, 40] {
        let mut replica = witness();
        replica.ledger.keep_at_most(most);
        // One that has not heard the liar.
        replica.listen(&Machine::cloud(&[1]));
        replica.take(&begin).unwrap();
        let runs = steps.chunks(size).map(joined);
        // What follows a run that was refused leaves a gap.
        let refused = runs.filter(|run| replica.take(run).is_err());
        assert_eq!(
            refused.count(),
            40_usize.div_ceil(size) - 20 / size - 1,
            "in runs of {size}"
        );
        assert_eq!(
            named(&replica, &liar),
            Some(Seq(first_beyond)),
            "in runs of {size}"
        );
        assert_eq!(replica.ledger.state().passages(Unit(7)).count(), 20);
        if cloud.ledger.tail(&origin).seq.0 == 0 {
            cloud.listen(&liar);
            cloud.make_checkpoint(NOW);
        }
        assert_eq!(replica.digest(), cloud.digest(), "in runs of {size}");
    }
    let mut begun = witness();
    begun.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    assert_eq!(begun.digest(), cloud.digest(), "also from a checkpoint");
}

/// How large a replica's state is in a checkpoint.
fn size(replica: &Machine) -> usize {
    codec::encode(&Summary::of(replica.ledger.state())).len()
}

#[test]
fn certificates_for_scanners_that_a_hub_invents_fill_no_more_than_its_share() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let before = size(&liar);
    for number in 0..1_100 {
        let scanner = certificate(&invented(number), Role::Scanner);
        liar.write(Body::Renewed {
            identity: enrolled_by(&hub(2), scanner),
        });
    }
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&liar);
    let after = size(&replica);
    assert!(after - before < 1_024 * 600, "{}", after - before);
    assert!(named(&replica, &liar).is_some());
}

#[test]
fn forks_of_scanners_that_a_hub_invents_leave_room_to_tell_of_others() {
    let mut cloud = Machine::cloud(&[1, 3]);
    cloud.write(Body::DeviceEnrolled {
        identity: capable(&hub(3), Role::Hub),
    });
    let mut gate = Machine::hub(1, &cloud);
    for number in 0..300 {
        let proof = fork(&invented(number), 1, [[1; 32], [2; 32]]);
        gate.ledger.report_fork(proof, NOW);
    }
    // Of hubs, of devices that the authority vouches for, of authorities, and of itself.
    for key in [hub(3), authority(), hub(1)] {
        let proof = fork(&key, 1, [[1; 32], [2; 32]]);
        assert!(gate.ledger.report_fork(proof, NOW).is_some());
        assert!(gate.ledger.state().is_frozen(&key.public()));
    }
}

/// The entry of one person with the ticket of unit 7, one of very many.
fn entered(number: u64) -> Body {
    let mut scan = [0; 16];
    scan[..8].copy_from_slice(&number.to_le_bytes());
    Body::Admitted(ShownPassage {
        scan: ScanId(scan),
        ..shown(0, ticket(7, AVAILABLE), NORTH)
    })
}

#[test]
fn what_a_device_says_more_often_than_one_log_may_is_false_from_there_on() {
    let count = Count {
        at: NOW,
        zone: ZoneId(1),
        inside: 0,
        heard: Vec::new(),
    };
    let by = "Nobody".to_owned();
    let lent = Body::Lent {
        zone: ZoneId(1),
        to: hub(3).public(),
        places: 0,
        of: PlacesOf::Room,
    };
    let adopted = Body::RosterAdopted {
        epoch: 9,
        roster: [9; 32],
    };
    let identity = capable(&hub(2), Role::Hub);
    let table = [
        // Its log has opened with one already.
        (Body::Opened { identity }, 63),
        (adopted, 4_096),
        (lent, 16_384),
        (Body::Counted { count, by }, 512),
    ];
    for (body, most) in table {
        let mut liar = Machine::with_identity(hub(2), capable(&hub(2), Role::Hub));
        liar.write_due_records();
        for _ in 0..most + 2 {
            liar.write(body.clone());
        }
        let mut replica = witness();
        replica.listen(&liar);
        assert_eq!(named(&replica, &liar), Some(Seq(1 + most + 1)), "{body:?}");
    }
}

#[test]
fn of_one_ticket_a_log_tells_so_many_passages_and_all_beyond_count_nowhere() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    let most = MAX_PASSAGES_OF_LOG as u64;
    for number in 0..most + 3 {
        liar.write(entered(number));
    }
    // Another ticket, and another's log, have room of their own.
    liar.write(Body::Admitted(shown(1, ticket(8, AVAILABLE), NORTH)));
    let mut other = Machine::scanner(2, &cloud);
    other.write(entered(most + 10));
    let mut one = witness();
    let mut another = witness();
    let mut begun = witness();
    let mut cloud = cloud;
    cloud.listen(&liar);
    cloud.make_checkpoint(NOW);
    begun.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    for (replica, logs) in [
        (&mut one, [&cloud, &liar, &other]),
        (&mut another, [&other, &liar, &cloud]),
        (&mut begun, [&cloud, &liar, &other]),
    ] {
        logs.into_iter().for_each(|log| replica.listen(log));
        let state = replica.ledger.state();
        assert_eq!(state.passages(Unit(7)).count(), MAX_PASSAGES_OF_LOG + 1);
        assert_eq!(state.passages(Unit(8)).count(), 1);
        assert_eq!(named(replica, &liar), Some(Seq(1 + most + 1)));
        assert_eq!(named(replica, &other), None);
    }
    assert_eq!(one.digest(), another.digest());
    assert_eq!(one.digest(), begun.digest());
}

#[test]
fn an_honest_device_tells_no_passage_more_of_a_ticket_than_count() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    for number in 0..MAX_PASSAGES_OF_LOG as u64 {
        gate.write(entered(number));
    }
    let out = ScanQuestion {
        direction: Direction::Out,
        ..asked(1, ticket(7, AVAILABLE))
    };
    let verdict = gate.judge(&out, JudgingAs::Home);
    assert_eq!(verdict, Verdict::Refer(Referral::NotAllowed));
    let mut replica = Machine::hub(2, &cloud);
    replica.listen(&gate);
    assert_eq!(named(&replica, &gate), None);
}

#[test]
fn bytes_that_are_no_record_are_named() {
    let cloud = Machine::cloud(&[1]);
    let liar = Machine::scanner(1, &cloud);
    let mut replica = witness();
    replica.listen(&liar);
    replica.take(&liar.run_of(vec![0xff; 3])).unwrap();
    assert_eq!(named(&replica, &liar), Some(Seq(2)));
}

#[test]
fn exits_of_units_that_a_hub_invents_fill_no_more_than_its_share() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let matched = |number| Body::ExitMatched {
        unit: Unit(number),
        exit: ScanId([1; 16]),
        closes: Vec::new(),
    };
    for number in 0..MAX_MATCHES_OF_LOG {
        liar.write(matched(number));
    }
    let state = liar.ledger.state();
    assert_eq!(named(&liar, &liar), None);
    let by = &liar.identity.unverified().clone();
    let stamp = Stamp {
        hlc: Hlc { ms: NOW.0, count: 0 },
        origin: liar.me(),
        seq: liar.ledger.tail(&liar.me()).seq.next(),
    };
    assert!(
        !state.would_count(by, &stamp, &matched(7)),
        "one that is honest stops there"
    );
    liar.write(matched(7));
    assert_eq!(named(&liar, &liar), Some(stamp.seq));
    let begun = Summary::of(liar.ledger.state()).into_state(shared_trust(1));
    assert!(!begun.would_count(by, &stamp, &matched(7)));
    assert_eq!(begun.digest(), liar.digest());
}

#[test]
fn an_honest_home_matches_no_more_exits_of_a_ticket_than_count() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    for number in 1..=3 {
        let mut liar = Machine::scanner(number, &cloud);
        for pair in 0..512_u16 {
            let [low, high] = pair.to_le_bytes();
            for (way, inwards) in [(1, true), (2, false)] {
                let mut passage = shown(0, ticket(7, AVAILABLE), NORTH);
                passage.scan.0[..4].copy_from_slice(&[number, way, low, high]);
                liar.write(if inwards {
                    Body::Admitted(passage)
                } else {
                    Body::Exited(passage)
                });
            }
        }
        home.listen(&liar);
    }
    for _ in 0..MAX_PASSAGES_OF_LOG + 10 {
        home.write_due_records();
    }
    assert!(home.ledger.tail(&home.me()).seq > Seq(1_000), "it matches them");
    assert_eq!(named(&home, &home), None);
}

#[test]
fn gates_that_a_device_invents_wait_for_places_nowhere() {
    let cloud = Machine::cloud(&[1]);
    let mut liar = Machine::scanner(1, &cloud);
    for gate in 0..1_000 {
        liar.write(Body::Refused(Refusal {
            scan: ScanId([1; 16]),
            ticket: (Unit(1), Generation(1)),
            gate: GateId(gate),
            why: Refused::Refer(Referral::NoPlaces),
        }));
    }
    let mut cloud = cloud;
    cloud.listen(&liar);
    let wanting = cloud.ledger.state.take_wanting();
    assert!(wanting.len() <= 3, "{} gates", wanting.len());
}

#[test]
fn a_hub_enrols_no_more_because_the_cloud_has_renewed_those_that_it_enrolled() {
    let mut cloud = Machine::cloud(&[1]);
    let enrolled = |device: &SecretKey| enrolled_by(&hub(2), certificate(device, Role::Scanner));
    let most = u16::try_from(MAX_VOUCHED_OF_HUB).unwrap();
    for number in 0..most + 3 {
        let key = invented(number);
        let mut scanner = Machine::with_identity(key.clone(), enrolled(&key));
        scanner.write_due_records();
        if number < most {
            let renewed = identity(&key, Role::Scanner);
            cloud.write(Body::DeviceEnrolled {
                identity: renewed.clone(),
            });
            scanner.write(Body::Opened { identity: renewed });
        }
        cloud.listen(&scanner);
    }
    let heard = (0..most + 3).map(|number| invented(number).public());
    let heard: Vec<_> = heard.collect();
    let ledger = &cloud.ledger;
    let worthy = devices_to_vouch_for(ledger.state(), ledger.trust().bundle(), &heard);
    assert_eq!(worthy.len(), 0);
}

/// A device whose record of a ticket rests on a key that nobody knows yet.
fn waiting_for_a_key(number: u8, heard: &Machine) -> Machine {
    let mut device = Machine::opened(key(number), capable(&key(number), Role::Scanner), heard);
    let late = Ticket {
        key: late_tickets().public().id(),
        ..ticket(7, STRICT)
    };
    let mut passage = shown(1, late.clone(), NORTH);
    passage.code = late.sign(&late_tickets()).bytes().to_vec();
    device.write(Body::Admitted(passage));
    device
}

#[test]
fn a_checkpoint_leaves_all_logs_out_that_wait_for_a_key() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    check_admits(&mut gate, 1, ticket(1, STRICT));
    cloud.listen(&gate);
    let waiting: Vec<_> = (0x80..0xa0)
        .map(|number| waiting_for_a_key(number, &cloud))
        .collect();
    for device in &waiting {
        cloud.listen(device);
    }
    cloud.make_checkpoint(NOW.plus_ms(HOUR_MS));
    let mut fresh = Machine::new(hub(9), Role::Hub);
    fresh.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    assert_eq!(fresh.ledger.vector().len(), 2);
    for device in &waiting {
        fresh.listen(device);
    }
    assert_eq!(fresh.digest(), cloud.digest());
}
