//! A replica's memory: whose records count, forks, restarts, checkpoints; judging scans is tested beside `judge`.

mod containment;

use usher_keys::{Certificate, Purpose, Role, TrustedKey, Window};

use super::*;
use crate::admission::Verdict;
use crate::home::roster_hash;
use crate::ident::{Generation, Unit};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    AVAILABLE, EVENT, HOUR_MS, NORTH, NOW, SEASON, STRICT, asked, certificate, hub, identity, identity_by,
    issuing, key, late_tickets, new_issuing, scanner, shown, signed_bundle, ticket,
};
use crate::ticket::Ticket;
use crate::ticket::foreign::{ForeignCodes, ForeignList};

fn revoked(unit: u32) -> Body {
    Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    }
}

/// The word that these hubs are the roster of that epoch.
fn adopted(epoch: u32, hubs: &[u8]) -> Body {
    let hubs: Vec<_> = hubs.iter().map(|number| hub(*number).public()).collect();
    Body::RosterAdopted {
        epoch,
        roster: roster_hash(&hubs),
    }
}

/// A hub's certificate that lasts an hour longer than the one it has.
fn renewed(hub: &SecretKey) -> DeviceIdentity {
    let window = Window {
        until: SEASON.until.plus_ms(HOUR_MS),
        ..SEASON
    };
    let certificate = certificate(hub, Role::Hub);
    identity_by(
        &issuing(),
        Certificate {
            window,
            ..certificate
        },
    )
}

/// A machine of which nobody vouches, with one record.
fn machine_with(identity: DeviceIdentity, key: SecretKey) -> Machine {
    let mut machine = Machine::with_identity(key, identity);
    machine.write_due_records();
    machine
}

#[test]
fn a_log_begins_with_its_writers_certificate_once() {
    let mut cloud = Machine::cloud(&[]);
    let mut gate = Machine::hub(1, &cloud);
    assert_eq!(
        gate.ledger.tail(&gate.me()).seq,
        Seq(2),
        "opened, and the roster adopted"
    );
    gate.write_due_records();
    assert_eq!(gate.ledger.tail(&gate.me()).seq, Seq(2));
    let identity = renewed(&gate.key);
    cloud.write(Body::DeviceEnrolled {
        identity: identity.clone(),
    });
    gate.hear(&cloud);
    assert_eq!(gate.ledger.tail(&gate.me()).seq, Seq(3));
    assert_eq!(gate.ledger.identity(), Some(&identity));
    assert_eq!(gate.ledger.state().opened_with(&gate.me()), Some(&identity));
    gate.write_due_records();
    assert_eq!(gate.ledger.tail(&gate.me()).seq, Seq(3));
}

#[test]
fn only_hubs_adopt_rosters_and_each_once() {
    let mut cloud = Machine::cloud(&[1]);
    let mut hub = Machine::hub(1, &cloud);
    let mut scanner = Machine::scanner(1, &cloud);
    let decided_by = |machine: &Machine| machine.ledger.state().rosters().decided_by(&machine.me());
    assert_eq!((decided_by(&hub), decided_by(&scanner)), (Some(1), None));
    cloud.publish_roster(2, &[1, 2]);
    cloud.publish_roster(3, &[1]);
    hub.hear(&cloud);
    scanner.hear(&cloud);
    assert_eq!((decided_by(&hub), decided_by(&scanner)), (Some(3), None));
    assert_eq!(
        hub.ledger.tail(&hub.me()).seq,
        Seq(3),
        "opened, first roster, third roster"
    );
}

#[test]
fn what_a_device_writes_of_the_authoritys_matters_counts_for_nothing() {
    let cloud = Machine::cloud(&[1]);
    let mut hub = Machine::hub(1, &cloud);
    let first_lie = hub.ledger.tail(&hub.me()).seq.next();
    hub.write(revoked(7));
    hub.write(Body::Roster {
        epoch: 9,
        hubs: vec![hub.me()],
    });
    hub.write(Body::Foreign(ForeignList {
        salt: [9; 32],
        sellers: vec![hub.me()],
        codes: Vec::new(),
    }));
    let mut other = Machine::hub(2, &cloud);
    other.hear(&hub);
    for machine in [&hub, &other] {
        let state = machine.ledger.state();
        assert!(!state.history(Unit(7), ZoneId(1)).revoked);
        assert_eq!(state.rosters().current().map(|(epoch, _)| epoch), Some(1));
        assert_eq!(*state.foreign(), ForeignCodes::default());
        assert_eq!(
            machine.ledger.tail(&hub.me()),
            hub.ledger.tail(&hub.me()),
            "but it is kept and relayed"
        );
        let named = crate::state::Incident::FalseRecord {
            origin: hub.me(),
            seq: first_lie,
        };
        assert_eq!(state.incidents(), [named]);
    }
}

#[test]
fn what_an_authority_writes_of_the_devices_matters_counts_for_nothing() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let Body::Admitted(passage) = gate
        .ledger
        .judge(&asked(1, ticket(7, STRICT)), JudgingAs::Home, NOW)
        .body
        .unwrap()
    else {
        panic!("an admission");
    };
    cloud.write(Body::Admitted(passage));
    cloud.write(adopted(1, &[1]));
    gate.hear(&cloud);
    assert_eq!(gate.ledger.state().passages(Unit(7)).count(), 0);
    assert_eq!(gate.ledger.state().rosters().decided_by(&cloud.me()), None);
}

#[test]
fn nobody_presents_anothers_certificate() {
    let mut thief = Machine::new(key(0x66), Role::Hub);
    let stolen = identity(&hub(1), Role::Hub);
    thief.write(Body::Opened { identity: stolen });
    let mut cloud = Machine::cloud(&[1]);
    let run = thief.run(thief.me(), Seq(0)).unwrap();
    assert_eq!(cloud.take(&run), Err(RunError::UnknownOrigin));
}

#[track_caller]
fn check_origin(identity: DeviceIdentity, device: SecretKey, expected: Result<usize, RunError>) {
    let machine = machine_with(identity, device);
    let mut cloud = Machine::cloud(&[1]);
    let taken = cloud.take(&machine.run(machine.me(), Seq(0)).unwrap());
    assert_eq!(taken.map(|accepted| accepted.entries.len()), expected);
}

#[test]
fn a_log_is_taken_when_somebody_trusted_vouches_for_its_writer() {
    let good = || certificate(&hub(1), Role::Hub);
    check_origin(identity_by(&issuing(), good()), hub(1), Ok(1));
    let expired = Certificate {
        window: Window {
            from: NOW,
            until: Timestamp(NOW.0 + 1),
        },
        ..good()
    };
    check_origin(identity_by(&issuing(), expired), hub(1), Ok(1));
    check_origin(
        identity_by(&key(0x66), good()),
        hub(1),
        Err(RunError::UnknownOrigin),
    );
    check_origin(
        identity_by(&new_issuing(), good()),
        hub(1),
        Err(RunError::UnknownOrigin),
    );
    let of_another_event = Certificate {
        event: EventId([1; 16]),
        ..good()
    };
    check_origin(
        identity_by(&issuing(), of_another_event),
        hub(1),
        Err(RunError::UnknownOrigin),
    );
}

#[test]
fn a_newer_bundle_admits_the_logs_of_a_new_issuing_key() {
    let machine = machine_with(
        identity_by(&new_issuing(), certificate(&hub(1), Role::Hub)),
        hub(1),
    );
    let mut cloud = Machine::cloud(&[1]);
    cloud.ledger.renew_trust(signed_bundle(2)).unwrap();
    let run = machine.run(machine.me(), Seq(0)).unwrap();
    assert_eq!(cloud.take(&run).unwrap().entries.len(), 1);
    assert_eq!(
        cloud.ledger.renew_trust(signed_bundle(2)).err(),
        Some(BundleError::NotNewer { held: 2, offered: 2 })
    );
}

#[test]
fn a_newer_bundle_that_forgets_a_key_is_refused_and_changes_nothing() {
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    let mut forgetful = crate::rehearsal::bundle(2);
    let forgotten = forgetful.authority_keys.remove(0);
    forgetful.authority_keys.push(TrustedKey::active(
        crate::rehearsal::successor().public(),
        Window::ALWAYS,
    ));
    let refused = gate
        .ledger
        .renew_trust(forgetful.sign(&[&crate::rehearsal::root()]));
    let expected = BundleError::ForgetsKey {
        purpose: Purpose::Authority,
        id: forgotten.key.id(),
    };
    assert_eq!(refused.err(), Some(expected));
    assert_eq!(gate.ledger.trust().bundle().version, 1);
}

#[test]
fn what_came_before_an_unknown_writers_opening_is_refused_too() {
    let mut machine = Machine::new(hub(1), Role::Hub);
    machine.write(adopted(1, &[1]));
    machine.write_due_records();
    let mut cloud = Machine::cloud(&[1]);
    let run = machine.run(machine.me(), Seq(0)).unwrap();
    assert_eq!(cloud.take(&run), Err(RunError::UnknownOrigin));
    assert_eq!(cloud.ledger.vector().get(&machine.me()), None);
}

#[test]
fn a_run_that_is_refused_changes_nothing() {
    let cloud = Machine::cloud(&[1]);
    let mut hub = Machine::hub(1, &cloud);
    let mut later = Machine::cloud(&[1]);
    later.write(revoked(7));
    let mut run = later.run(later.me(), Seq(0)).unwrap();
    run.records[2][0] ^= 1;
    let before = (hub.ledger.vector(), hub.digest());
    assert_eq!(hub.take(&run), Err(RunError::Altered));
    assert_eq!((hub.ledger.vector(), hub.digest()), before);
}

/// A hub whose log has a passage by a ticket key that only bundles from version 2 on name.
fn hub_that_used_a_late_key(cloud: &Machine) -> Machine {
    let mut gate = Machine::hub(1, cloud);
    let late = late_tickets();
    let of_a_late_key = Ticket {
        key: late.public().id(),
        ..ticket(1, STRICT)
    };
    let mut passage = shown(1, ticket(1, STRICT), NORTH);
    passage.code = of_a_late_key.sign(&late).bytes().to_vec();
    gate.write(Body::Admitted(passage));
    gate
}

#[test]
fn whoever_begins_at_a_checkpoint_reads_what_rests_on_a_later_key_itself() {
    let mut cloud = Machine::cloud(&[1]);
    let gate = hub_that_used_a_late_key(&cloud);
    cloud.hear(&gate);
    cloud.make_checkpoint(NOW);
    let mut fresh = Machine::new(hub(2), Role::Hub);
    fresh.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    assert!(fresh.checkpoint.is_some());
    fresh.hear(&gate);
    fresh.renew_trust(signed_bundle(2));
    assert_eq!(fresh.ledger.state().passages(Unit(1)).count(), 1);
}

#[test]
fn until_logs_were_read_again_with_a_newer_key_a_hub_judges_nothing() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(2, &cloud);
    gate.hear(&hub_that_used_a_late_key(&cloud));
    gate.ledger.renew_trust(signed_bundle(2)).unwrap();
    let verdict = gate.judge(&asked(2, ticket(2, AVAILABLE)), JudgingAs::CutOff);
    assert_eq!(verdict, Verdict::Refer(crate::admission::Referral::NotReady));
    gate.restart();
    let verdict = gate.judge(&asked(3, ticket(2, AVAILABLE)), JudgingAs::CutOff);
    assert!(matches!(verdict, Verdict::Admit { .. }), "{verdict:?}");
}

#[test]
fn evidence_by_another_bundle_is_found_anew() {
    let cloud = Machine::cloud(&[1]);
    let gate = hub_that_used_a_late_key(&cloud);
    let run = gate.run(gate.me(), Seq(0)).unwrap();
    for (version, is_known) in [(1, false), (2, true)] {
        let mut witness = Machine::hub(2, &cloud);
        if version > 1 {
            witness.renew_trust(signed_bundle(version));
        }
        // By the bundle that this replica does not hold.
        let foreign = Evidence::of(&run, &crate::rehearsal::trust(3 - version));
        witness.ledger.accept(&run, Some(foreign), NOW).unwrap();
        let known = witness.ledger.state().passages(Unit(1)).count();
        assert_eq!(known, usize::from(is_known), "by bundle {version}");
        assert_eq!(
            witness.ledger.state().awaits_key(),
            !is_known,
            "by bundle {version}"
        );
    }
}

/// Two machines with one key, each with a history of its own since a copy was made.
fn copied_hub(cloud: &Machine) -> (Machine, Machine) {
    let (mut one, mut copy) = (Machine::hub(1, cloud), Machine::hub(1, cloud));
    one.judge(&asked(1, ticket(1, AVAILABLE)), JudgingAs::CutOff);
    copy.judge(&asked(2, ticket(2, AVAILABLE)), JudgingAs::CutOff);
    (one, copy)
}

#[test]
fn a_copied_device_is_found_out_reported_once_and_frozen() {
    let mut cloud = Machine::cloud(&[1]);
    let (one, copy) = copied_hub(&cloud);
    cloud.hear(&one);
    let mut witness = Machine::hub(2, &cloud);
    let run = copy.run(copy.me(), Seq(2)).unwrap();
    let Err(RunError::Forked(Some(proof))) = witness.take(&run) else {
        panic!("two histories, with the proof");
    };
    let found = proof.check(EVENT).unwrap();
    assert_eq!((found.origin, found.seq), (one.me(), Seq(3)));
    assert!(witness.ledger.report_fork((*proof).clone(), NOW).is_some());
    assert_eq!(witness.ledger.report_fork(*proof, NOW), None, "once");
    assert_eq!(witness.take(&run), Err(RunError::Frozen));
    let honest = one.run(one.me(), Seq(2)).unwrap();
    assert_eq!(
        witness.take(&honest),
        Err(RunError::Frozen),
        "until a person decides, neither is believed"
    );
}

#[test]
fn a_device_whose_own_log_was_copied_refers_every_scan() {
    let mut cloud = Machine::cloud(&[1]);
    let (mut one, copy) = copied_hub(&cloud);
    let Err(RunError::Forked(Some(proof))) = one.take(&copy.run(copy.me(), Seq(2)).unwrap()) else {
        panic!("two histories, with the proof");
    };
    assert!(one.report_fork(*proof));
    let end = one.ledger.tail(&one.me());
    for (scan, tier) in [(10, AVAILABLE), (11, STRICT)] {
        let verdict = one.judge(&asked(scan, ticket(u32::from(scan), tier)), JudgingAs::Home);
        assert_eq!(verdict, Verdict::Refer(crate::admission::Referral::OwnLogForked));
    }
    // Nor does it adopt a roster: nobody would take the record.
    cloud.publish_roster(2, &[1]);
    one.hear(&cloud);
    assert_eq!(one.ledger.tail(&one.me()), end);
}

#[test]
fn a_device_restored_from_an_old_copy_receives_its_own_records_back() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    let (tail, digest) = (gate.ledger.tail(&gate.me()), gate.digest());
    gate.restore_old_copy(1);
    assert_ne!(gate.digest(), digest);
    let run = cloud.run(gate.me(), gate.ledger.tail(&gate.me()).seq).unwrap();
    gate.take(&run).unwrap();
    assert_eq!((gate.ledger.tail(&gate.me()), gate.digest()), (tail, digest));
    let again = gate.judge(&asked(2, ticket(1, STRICT)), JudgingAs::Home);
    assert!(matches!(again, Verdict::Deny(_)), "{again:?}");
}

#[test]
fn a_restart_gives_the_same_state_and_goes_on_with_the_same_log() {
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(revoked(7));
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
    let (vector, digest, heads) = (gate.ledger.vector(), gate.digest(), gate.ledger.heads());
    gate.restart();
    assert_eq!(
        (gate.ledger.vector(), gate.digest(), gate.ledger.heads()),
        (vector, digest, heads)
    );
    gate.judge(&asked(2, ticket(2, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    assert_eq!(cloud.digest(), gate.digest());
}

#[test]
fn a_stored_record_that_was_altered_is_found_at_start() {
    let gate = Machine::hub(1, &Machine::cloud(&[1]));
    let run = gate.run(gate.me(), Seq(0)).unwrap();
    let mut entry = Entry {
        origin: gate.me(),
        tail: Tail::default().push(EVENT, &gate.me(), &run.records[0]),
        bytes: run.records[0].clone(),
        worth: Worth::Proven,
    };
    entry.bytes[3] ^= 1;
    let mut ledger = Ledger::new(
        gate.me(),
        Some(gate.identity.clone()),
        Arc::clone(gate.ledger.trust()),
    );
    assert!(!ledger.replay(&entry, NOW));
    assert_eq!(ledger.tail(&gate.me()), Tail::default());
}

#[test]
fn a_sealed_log_is_not_sealed_again() {
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    assert_eq!(gate.ledger.seal(&hub(1)), None);
    gate.ledger.write(adopted(1, &[1]), NOW);
    let head = gate.ledger.seal(&hub(1)).unwrap();
    assert_eq!(
        (head.verify(EVENT), head.tail),
        (Ok(()), gate.ledger.tail(&gate.me()))
    );
}

#[test]
fn our_clock_follows_what_it_hears_but_not_one_that_went_wrong() {
    let write_at = |ahead_ms: u64| {
        let mut cloud = Machine::cloud(&[1]);
        let mut gate = Machine::hub(1, &cloud);
        gate.write_at(adopted(1, &[1]), NOW.plus_ms(ahead_ms));
        cloud.hear(&gate);
        cloud.write(revoked(7));
        let run = cloud.run(cloud.me(), Seq(2)).unwrap();
        Record::from_bytes(&run.records[0]).unwrap().hlc.ms
    };
    assert_eq!(write_at(60 * 1000), NOW.0 + 60 * 1000);
    assert_eq!(write_at(3 * 60 * 1000), NOW.0);
}

fn cloud_with_checkpoint() -> Machine {
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(revoked(7));
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    cloud.make_checkpoint(NOW);
    cloud
}

#[test]
fn a_fresh_replica_that_starts_from_a_checkpoint_has_the_same_state() {
    let mut cloud = cloud_with_checkpoint();
    let signed = cloud.checkpoint.clone().unwrap();
    let mut fresh = Machine::new(hub(2), Role::Hub);
    fresh.write_due_records();
    fresh.ledger.adopt(&signed).unwrap();
    fresh.write_due_records();
    let opened = fresh.run(fresh.me(), Seq(0)).unwrap();
    cloud.take(&opened).unwrap();
    assert_eq!(fresh.ledger.vector(), cloud.ledger.vector());
    assert_eq!(fresh.digest(), cloud.digest());
    assert_eq!(fresh.ledger.adopt(&signed), Err(CheckpointError::NotFresh));
    cloud.write(revoked(8));
    let newer = cloud.run(cloud.me(), fresh.ledger.tail(&cloud.me()).seq).unwrap();
    fresh.take(&newer).unwrap();
    assert_eq!(fresh.digest(), cloud.digest());
}

#[test]
fn what_is_written_after_a_checkpoint_comes_after_all_it_sums_up() {
    let signed = cloud_with_checkpoint().checkpoint.unwrap();
    let mut fresh = Machine::new(hub(2), Role::Hub);
    let ten_minutes_behind = Timestamp(NOW.0 - 10 * 60 * 1000);
    fresh.ledger.write_due_records(ten_minutes_behind);
    fresh.ledger.adopt(&signed).unwrap();
    let written = fresh.ledger.write(adopted(1, &[1]), ten_minutes_behind);
    assert!(Record::from_bytes(&written.bytes).unwrap().hlc.time() >= NOW);
}

#[test]
fn a_checkpoint_is_refused_where_it_would_lose_records() {
    let cloud = cloud_with_checkpoint();
    let signed = cloud.checkpoint.clone().unwrap();
    let mut informed = Machine::hub(2, &cloud);
    assert_eq!(informed.ledger.adopt(&signed), Err(CheckpointError::NotFresh));
    let mut active = Machine::new(scanner(1), Role::Scanner);
    active.write_due_records();
    active.judge(&asked(1, ticket(1, STRICT)), JudgingAs::CutOff);
    assert_eq!(
        active.ledger.adopt(&signed),
        Err(CheckpointError::NotFresh),
        "its own refusal would be forgotten"
    );
    let mut reborn = Machine::new(hub(1), Role::Hub);
    reborn.write_due_records();
    assert_eq!(
        reborn.ledger.adopt(&signed),
        Err(CheckpointError::NotFresh),
        "its own log is summed up in it"
    );
}

#[test]
fn a_scanner_that_calls_itself_a_hub_in_its_log_is_not_believed() {
    let cloud = Machine::cloud(&[1]);
    let mut witness = Machine::hub(2, &cloud);
    let mut thief = Machine::scanner(1, &cloud);
    witness.hear(&thief);
    let forged = identity_by(&key(0x66), certificate(&thief.key, Role::Hub));
    thief.write(Body::Opened { identity: forged });
    thief.write(adopted(1, &[1]));
    witness.hear(&thief);
    let state = witness.ledger.state();
    let known = state.device(&thief.me()).unwrap();
    assert_eq!(known.unverified().role, Role::Scanner);
    assert_eq!(state.rosters().decided_by(&thief.me()), None);
}

#[test]
fn what_a_stored_record_is_worth_is_not_found_anew_at_a_start() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
    let run = gate.run(gate.me(), Seq(0)).unwrap();
    for (worth, passages) in [(Worth::Proven, 1), (Worth::UnknownKey, 1), (Worth::False, 0)] {
        let mut ledger = Ledger::new(hub(2).public(), None, cloud.ledger.trust().clone());
        let mut tail = Tail::default();
        for bytes in &run.records {
            tail = tail.push(EVENT, &gate.me(), bytes);
            let is_passage = tail.seq == run.head.tail.seq;
            let entry = Entry {
                origin: gate.me(),
                tail,
                bytes: bytes.clone(),
                worth: if is_passage { worth } else { Worth::Proven },
            };
            assert!(ledger.replay(&entry, NOW));
        }
        assert_eq!(ledger.state().passages(Unit(1)).count(), passages, "{worth:?}");
    }
}

#[test]
fn what_this_build_cannot_read_is_verified_by_the_one_that_can() {
    let mut later = Record::new(Hlc::default(), Body::Restated).to_bytes();
    *later.last_mut().unwrap() = 200;
    let run = Run {
        base: Tail::default(),
        records: vec![later, vec![0xff; 3]],
        head: Head::sign(EVENT, Tail::default(), &hub(1)),
    };
    let evidence = Evidence::of(&run, &crate::rehearsal::trust(1));
    for seq in [1, 2] {
        assert_eq!(evidence.worth(Seq(seq)), Worth::UnknownKey, "record {seq}");
    }
}
