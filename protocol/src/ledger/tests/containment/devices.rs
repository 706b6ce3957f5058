//! Hubs that were retired, hubs and keys that were struck out with devices behind them, and how much one of them can fill.

use std::sync::Arc;

use usher_keys::{Certificate, DeviceIdentity, SecretKey};

use super::*;
use crate::admission::Referral;
use crate::evidence::Worth;
use crate::ident::ScanId;
use crate::ledger::Entry;
use crate::ledger::ruling::{MAX_VOUCHED_DEVICES, MAX_VOUCHED_OF_HUB, devices_to_vouch_for};
use crate::ledger::{MAX_DEVICE_RECORDS, MAX_STORED_LOGS, MAX_UNVOUCHED_LOGS, MAX_UNVOUCHED_OF_ISSUER};
use crate::log::{Head, Run, RunError, Tail};
use crate::rehearsal::line::RehearsalLine;
use crate::rehearsal::{
    AVAILABLE, EVENT, HOUR_MS, NOW, REENTRY, SEASON, STRICT, capable, certificate, enrolled_by, identity,
    identity_by, issuing, new_issuing, scanner, signed_bundle, succeeded,
};
use crate::sync::{Input, MAX_LOGS, Message, NotStored, Notice};

#[test]
fn a_hub_that_hears_of_its_own_retirement_admits_no_strict_ticket_beside_its_successor() {
    let mut cloud = Machine::cloud(&[1]);
    let mut former = Machine::hub(1, &cloud);
    check_admits(&mut former, 1, ticket(1, STRICT));
    cloud.write(Body::HubRetired {
        hub: former.me(),
        heir: None,
    });
    former.hear(&cloud);
    let retired = Verdict::Refer(Referral::Retired);
    for (scan, tier) in [(2, STRICT), (3, REENTRY)] {
        let verdict = former.judge(&asked(scan, ticket(u32::from(scan), tier)), JudgingAs::Home);
        assert_eq!(verdict, retired);
    }
    check_admits(&mut former, 4, ticket(4, AVAILABLE));
    former.restart();
    assert_eq!(
        former.judge(&asked(5, ticket(5, STRICT)), JudgingAs::Home),
        retired
    );
    // Also where it stands in the newest roster, in either order of the two words.
    cloud.publish_roster(2, &[1, 2]);
    former.hear(&cloud);
    assert_eq!(
        former.judge(&asked(6, ticket(6, STRICT)), JudgingAs::Home),
        retired
    );
    assert!(
        is_used(&former.judge(&asked(7, ticket(1, STRICT)), JudgingAs::Home)),
        "a no stays a no"
    );
}

#[test]
fn a_device_that_hears_of_its_own_revocation_lets_nobody_in() {
    for tier in [STRICT, AVAILABLE] {
        let mut cloud = Machine::cloud(&[1]);
        let mut gate = Machine::hub(1, &cloud);
        cloud.write(revoked(&gate, gate.ledger.tail(&gate.me()).seq.0));
        gate.listen(&cloud);
        let verdict = gate.judge(&asked(1, ticket(1, tier)), JudgingAs::Home);
        assert_eq!(verdict, Verdict::Refer(Referral::NotAllowed));
    }
}

/// The first record of a log, as anybody signs it who has a key.
fn opening(device: &SecretKey, identity: DeviceIdentity) -> Run {
    let hlc = crate::ident::Hlc { ms: NOW.0, count: 0 };
    let bytes = crate::record::Record::new(hlc, Body::Opened { identity }).to_bytes();
    let tail = Tail::default().push(EVENT, &device.public(), &bytes);
    Run {
        base: Tail::default(),
        records: vec![bytes],
        head: Head::sign(EVENT, tail, device),
    }
}

fn invented(number: u32) -> SecretKey {
    let mut seed = [0x77; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    SecretKey::from_seed(&seed)
}

/// The openings of so many scanners that a stolen hub has invented.
fn crowd_of(hub: &SecretKey, numbers: std::ops::Range<u32>) -> Vec<Run> {
    let one = |number| {
        let device = invented(number);
        let identity = enrolled_by(hub, certificate(&device, Role::Scanner));
        opening(&device, identity)
    };
    numbers.map(one).collect()
}

#[test]
fn a_hub_that_invents_scanners_without_end_fills_no_more_than_its_share() {
    let cloud = Machine::cloud(&[1]);
    let gate = Machine::hub(1, &cloud);
    let liar = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let mut line = RehearsalLine::settled(liar, gate);
    let most = u32::try_from(MAX_STORED_LOGS).unwrap();
    for run in crowd_of(&hub(2), 0..most) {
        line.b.input(Input::Received(Message::Run(Arc::new(run))));
    }
    line.settle();
    assert_eq!(
        (line.a.closed, line.b.closed),
        (None, None),
        "the session goes on"
    );
    let refused = |notice: &&Notice| {
        matches!(
            notice,
            Notice::RunRefused(_, NotStored::Run(RunError::TooManyLogs))
        )
    };
    let turned_away = line.b.notices.iter().filter(refused).count();
    assert_eq!(turned_away, MAX_STORED_LOGS - MAX_UNVOUCHED_OF_ISSUER);
    // The cloud and both hubs, and the liar's share.
    assert_eq!(line.b.machine.ledger.vector().len(), 3 + MAX_UNVOUCHED_OF_ISSUER);
    line.a.write(Body::ForkSeen(Box::new(crate::rehearsal::fork(
        &scanner(9),
        1,
        [[1; 32], [2; 32]],
    ))));
    line.settle();
    let liar = line.a.machine.me();
    assert_eq!(
        line.b.machine.ledger.tail(&liar),
        line.a.machine.ledger.tail(&liar)
    );
    let gate = &mut line.b.machine;
    check_admits(gate, 1, ticket(1, STRICT));
}

#[test]
fn the_share_of_one_hub_takes_nothing_from_others_nor_from_those_who_are_vouched_for() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let share = u32::try_from(MAX_UNVOUCHED_OF_ISSUER).unwrap();
    for run in crowd_of(&hub(2), 0..share) {
        gate.take(&run).unwrap();
    }
    let full = Err(RunError::TooManyLogs);
    let honest = enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    let late = opening(&scanner(1), honest.clone());
    assert_eq!(gate.take(&late), full);
    for (device, identity) in [
        (
            scanner(2),
            enrolled_by(&hub(3), certificate(&scanner(2), Role::Scanner)),
        ),
        (hub(4), identity(&hub(4), Role::Hub)),
    ] {
        assert!(gate.take(&opening(&device, identity)).is_ok(), "another issuer's");
    }
    cloud.write(Body::DeviceEnrolled { identity: honest });
    gate.listen(&cloud);
    assert!(gate.take(&late).is_ok(), "the authority vouches for it");
    // Those that are held already go on.
    let mut known = Machine::with_identity(
        invented(0),
        enrolled_by(&hub(2), certificate(&invented(0), Role::Scanner)),
    );
    known.write_due_records();
    assert!(gate.take(&known.run(known.me(), Seq(0)).unwrap()).is_ok());
}

#[test]
fn which_strangers_of_a_stolen_hub_are_held_changes_nothing_of_those_vouched_for_and_nothing_once_it_is_revoked()
 {
    let mut cloud = Machine::cloud(&[1]);
    let stolen = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let share = u32::try_from(MAX_UNVOUCHED_OF_ISSUER).unwrap();
    let crowd: Vec<Run> = (0..share + 44)
        .map(|number| {
            let key = invented(number);
            let identity = enrolled_by(&hub(2), certificate(&key, Role::Scanner));
            let mut stranger = Machine::with_identity(key, identity);
            stranger.write_due_records();
            let passage = shown(1, ticket(number, AVAILABLE), NORTH);
            stranger.write(Body::Admitted(passage));
            stranger.run(stranger.me(), Seq(0)).unwrap()
        })
        .collect();
    let (mut home, mut other) = (Machine::hub(1, &cloud), Machine::hub(3, &cloud));
    for replica in [&mut home, &mut other] {
        replica.listen(&stolen);
    }
    let taken = crowd.iter().filter(|run| home.take(run).is_ok()).count();
    assert_eq!(taken, MAX_UNVOUCHED_OF_ISSUER);
    crowd.iter().rev().for_each(|run| drop(other.take(run)));
    let units = share + 44;
    assert_ne!(used(&home, units), used(&other, units), "first come, first kept");

    // Whom the authority vouches for is heard by both all the same, and a home says what it says.
    let honest = enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    cloud.write(Body::DeviceEnrolled {
        identity: honest.clone(),
    });
    let mut vouched = Machine::opened(scanner(1), honest, &cloud);
    vouched.write(Body::Admitted(shown(1, ticket(1_000, STRICT), NORTH)));
    for replica in [&mut home, &mut other] {
        replica.listen(&cloud);
        replica.listen(&vouched);
        assert_eq!(replica.ledger.state().passages(Unit(1_000)).count(), 1);
    }
    check_admits(&mut home, 9, ticket(1_001, STRICT));
    other.listen(&home);
    cloud.write(revoked(&stolen, stolen.ledger.tail(&stolen.me()).seq.0));
    for replica in [&mut home, &mut other] {
        replica.listen(&cloud);
        assert_eq!(used(replica, 1_100), [1_000, 1_001]);
    }
    let incidents = [&home, &other].map(|replica| replica.ledger.state().incidents());
    assert_eq!(incidents, [[], []]);
}

#[test]
fn all_hubs_together_fill_no_more_than_there_is_room_for_but_whoever_is_vouched_for_finds_a_place() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let share = u32::try_from(MAX_UNVOUCHED_OF_ISSUER).unwrap();
    let mut taken = 0;
    for number in 0..16 {
        let numbers = u32::from(number) * share..(u32::from(number) + 1) * share;
        let runs = crowd_of(&key(0x80 + number), numbers);
        taken += runs.iter().filter(|run| gate.take(run).is_ok()).count();
    }
    // Its own log is one of them.
    assert_eq!(taken, MAX_UNVOUCHED_LOGS - 1);
    let honest = identity(&hub(4), Role::Hub);
    let late = opening(&hub(4), honest.clone());
    assert_eq!(gate.take(&late), Err(RunError::TooManyLogs), "an issuer of few");
    cloud.write(Body::DeviceEnrolled { identity: honest });
    gate.listen(&cloud);
    assert!(gate.take(&late).is_ok());
}

/// The authority vouches for whom it may of those who open logs there.
fn vouch_for(cloud: &mut Machine, crowd: &[Run]) -> usize {
    let heard: Vec<_> = crowd.iter().map(|run| run.head.origin).collect();
    for run in crowd {
        // One that finds no place is none that is heard of.
        let _ = cloud.take(run);
    }
    let ledger = &cloud.ledger;
    let worthy = devices_to_vouch_for(ledger.state(), ledger.trust().bundle(), &heard);
    let vouched = worthy.len();
    for identity in worthy {
        cloud.write(Body::DeviceEnrolled { identity });
    }
    vouched
}

#[test]
fn an_authority_vouches_for_a_bounded_number_of_what_hubs_invent_and_keeps_places_for_its_own() {
    let mut cloud = Machine::cloud(&[1]);
    let share = u32::try_from(MAX_VOUCHED_OF_HUB).unwrap();
    let numbers = |of: u8| u32::from(of) * 1_000..u32::from(of) * 1_000 + share;
    let first: Vec<usize> = (0..3)
        .map(|round| vouch_for(&mut cloud, &crowd_of(&hub(2), round * 100..(round + 1) * 100)))
        .collect();
    assert_eq!(first, [100, 100, 56]);
    let crowds: Vec<_> = (1..12).map(|of| crowd_of(&key(0x80 + of), numbers(of))).collect();
    let vouched: usize = crowds.iter().map(|crowd| vouch_for(&mut cloud, crowd)).sum();
    assert_eq!(MAX_VOUCHED_OF_HUB + vouched, MAX_VOUCHED_DEVICES - 512);
    // Whoever has taken strangers in before the authority was heard can still name all logs to a peer.
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    let strangers = (20..25).flat_map(|of| crowd_of(&key(0x80 + of), numbers(of)));
    let taken = strangers.filter(|run| gate.take(run).is_ok()).count();
    assert_eq!(taken, MAX_UNVOUCHED_LOGS - 1);
    gate.listen(&cloud);
    let known = crowds
        .iter()
        .flatten()
        .filter(|run| gate.take(run).is_ok())
        .count();
    assert_eq!(known, vouched);
    assert!(gate.ledger.vector().len() <= MAX_LOGS);
}

#[test]
fn a_renewed_device_still_counts_as_one_of_the_hub_that_enrolled_it() {
    let mut cloud = Machine::cloud(&[1]);
    let crowd = crowd_of(&hub(2), 0..u32::try_from(MAX_VOUCHED_OF_HUB).unwrap());
    assert_eq!(vouch_for(&mut cloud, &crowd), MAX_VOUCHED_OF_HUB);
    for number in 0..10 {
        let renewed = identity(&invented(number), Role::Scanner);
        cloud.write(Body::DeviceEnrolled { identity: renewed });
    }
    assert_eq!(vouch_for(&mut cloud, &crowd_of(&hub(2), 1_000..1_010)), 0);
}

#[test]
fn a_former_home_has_not_stepped_back_by_what_it_wrote_beyond_its_cut() {
    for is_told_first in [false, true] {
        let mut cloud = Machine::cloud(&[1]);
        let mut former = Machine::hub(1, &cloud);
        let before = former.ledger.tail(&former.me()).seq;
        cloud.publish_roster(2, &[2]);
        former.hear(&cloud);
        assert!(
            former.ledger.tail(&former.me()).seq > before,
            "it adopts the roster"
        );
        cloud.write(revoked(&former, before.0));
        let mut next = Machine::new(hub(2), Role::Hub);
        let sources = if is_told_first {
            [&cloud, &former]
        } else {
            [&former, &cloud]
        };
        sources.into_iter().for_each(|source| next.hear(source));
        let verdict = next.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
        let former = former.me();
        let unsettled = Verdict::Refer(Referral::HomeUnsettled { former });
        assert_eq!(verdict, unsettled, "told first: {is_told_first}");
    }
}

#[test]
fn no_device_writes_a_log_without_end() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let device = hub(2);
    let mut run = opening(&device, identity(&device, Role::Hub));
    gate.take(&run).unwrap();
    let end = Tail {
        seq: Seq(MAX_DEVICE_RECORDS),
        hash: [7; 32],
    };
    let beyond = end.push(EVENT, &device.public(), &run.records[0]);
    run.base = end;
    run.head = Head::sign(EVENT, beyond, &device);
    let (base, ours) = (Seq(MAX_DEVICE_RECORDS), Seq(1));
    assert_eq!(gate.take(&run), Err(RunError::Gap { base, ours }));
    let last = vec![(beyond, run.records[0].clone())];
    let entry = |origin| Entry {
        origin,
        tail: beyond,
        bytes: run.records[0].clone(),
        worth: Worth::Proven,
    };
    assert!(
        gate.ledger.is_beyond(&entry(device.public())),
        "it counts nowhere"
    );
    assert!(
        !gate.ledger.is_beyond(&entry(cloud.me())),
        "but the authority may"
    );
    let copy = gate.ledger.copies.get_mut(&device.public()).unwrap();
    copy.tail = beyond;
    let admittance = gate.ledger.check_admittance(&device.public(), &last);
    assert_eq!(admittance, Err(RunError::TooLong));
    let cloud = cloud.me();
    gate.ledger.copies.get_mut(&cloud).unwrap().tail = beyond;
    assert_eq!(
        gate.ledger.check_admittance(&cloud, &last),
        Ok(()),
        "but the authority may"
    );
}

/// A scanner with that certificate that has admitted unit 1, heard by a replica.
fn working(key: SecretKey, identity: DeviceIdentity, trust: u64) -> (Machine, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    let mut device = Machine::with_identity(key, identity);
    if trust > 1 {
        cloud.renew_trust(signed_bundle(trust));
        device.renew_trust(signed_bundle(trust));
    }
    device.write_due_records();
    device.hear(&cloud);
    let mut passage = shown(1, ticket(1, AVAILABLE), NORTH);
    passage.scan = ScanId([1; 16]);
    device.write(Body::Admitted(passage));
    cloud.listen(&device);
    (cloud, device)
}

#[test]
fn devices_of_a_struck_issuing_key_count_only_if_the_authority_vouches_for_them() {
    let identity = identity_by(&new_issuing(), certificate(&scanner(1), Role::Scanner));
    let (mut cloud, device) = working(scanner(1), identity.clone(), 2);
    let struck = succeeded(3, &[], &[&new_issuing()]);
    let mut heard_first = witness();
    heard_first.renew_trust(signed_bundle(2));
    heard_first.listen(&cloud);
    assert_eq!(used(&heard_first, 5), [1]);
    heard_first.renew_trust(struck.clone());
    assert_eq!(used(&heard_first, 5), [0_u32; 0]);
    let mut heard_later = Machine::hub(2, &Machine::cloud(&[1]));
    heard_later.renew_trust(struck.clone());
    let taken = heard_later.hear_log(&device, device.me());
    assert_eq!(taken, Err(RunError::UnknownOrigin));
    cloud.write(Body::DeviceEnrolled { identity });
    for replica in [&mut heard_first, &mut heard_later] {
        replica.listen(&cloud);
        replica.listen(&device);
        assert_eq!(used(replica, 5), [1]);
        let register = replica.ledger.state().register();
        assert!(register.enrolled.contains_key(&device.me()));
    }
}

#[test]
fn scanners_of_a_revoked_hub_count_only_if_the_authority_vouches_for_them() {
    let identity = enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    let word = |vouched: bool, cut: bool| {
        let enrolled = Body::DeviceEnrolled {
            identity: identity.clone(),
        };
        let gone = Body::DeviceRevoked {
            device: hub(2).public(),
            after: Seq(0),
        };
        let words = [(vouched, enrolled), (cut, gone)];
        words.into_iter().filter(|(said, _)| *said).map(|(_, body)| body)
    };
    for (vouched, cut, counts) in [
        (false, false, true),
        (true, false, true),
        (true, true, true),
        (false, true, false),
    ] {
        for backwards in [false, true] {
            let (_, device) = working(scanner(1), identity.clone(), 1);
            let mut cloud = Machine::cloud(&[1]);
            let mut words: Vec<_> = word(vouched, cut).collect();
            if backwards {
                words.reverse();
            }
            words.into_iter().for_each(|body| cloud.write(body));
            let mut heard_first = Machine::hub(1, &Machine::cloud(&[1]));
            heard_first.listen(&device);
            heard_first.listen(&cloud);
            let mut told_first = Machine::hub(3, &cloud);
            told_first.listen(&device);
            for replica in [&heard_first, &told_first] {
                let expected: &[u32] = if counts { &[1] } else { &[] };
                assert_eq!(used(replica, 5), expected, "vouched {vouched}, cut {cut}");
                let register = replica.ledger.state().register();
                let checked = replica
                    .ledger
                    .trust()
                    .check_peer((&identity, device.me()), &register, NOW);
                assert_eq!(checked.is_ok(), counts, "vouched {vouched}, cut {cut}");
            }
        }
    }
}

/// A scanner's certificate that lasts longer than the one before, with one thing changed.
fn longer(by_hours: u64, change: impl FnOnce(&mut Certificate)) -> Certificate {
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.window.until = SEASON.until.plus_ms(by_hours * HOUR_MS);
    change(&mut certificate);
    certificate
}

#[test]
fn a_hub_renews_its_own_scanners_and_no_others() {
    let own = || enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    let of_the_cloud = || identity(&scanner(1), Role::Scanner);
    let renewed = || enrolled_by(&hub(2), longer(1, |_| {}));
    let table = [
        (own(), hub(2), renewed(), true),
        (own(), hub(3), enrolled_by(&hub(3), longer(1, |_| {})), false),
        (
            own(),
            hub(3),
            enrolled_by(&hub(3), longer(1, |c| c.gates = vec![99])),
            false,
        ),
        (own(), hub(3), renewed(), false),
        (of_the_cloud(), hub(2), renewed(), false),
    ];
    for (held, writer, given, is_taken) in table {
        let cloud = Machine::cloud(&[1]);
        let mut device = Machine::opened(scanner(1), held.clone(), &cloud);
        let mut enroller = Machine::opened(writer.clone(), capable(&writer, Role::Hub), &cloud);
        enroller.write(Body::Renewed {
            identity: given.clone(),
        });
        device.hear(&enroller);
        let expected = if is_taken { &given } else { &held };
        assert_eq!(device.ledger.identity(), Some(expected), "by {}", writer.public());
        assert_eq!(device.ledger.state().opened_with(&device.me()), Some(expected));
    }
}

#[test]
fn the_authority_renews_any_device() {
    for (key, held) in [
        (
            scanner(1),
            enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner)),
        ),
        (scanner(1), identity(&scanner(1), Role::Scanner)),
    ] {
        let mut cloud = Machine::cloud(&[1]);
        let mut device = Machine::opened(key, held, &cloud);
        let given = identity_by(&issuing(), longer(1, |_| {}));
        cloud.write(Body::DeviceEnrolled {
            identity: given.clone(),
        });
        device.hear(&cloud);
        assert_eq!(device.ledger.identity(), Some(&given));
    }
}
