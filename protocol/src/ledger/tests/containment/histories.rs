//! Two histories of one log: that nobody can invent them, how a person settles them, and a device that comes back from an older disk.

use super::*;
use crate::admission::Referral;
use crate::fork::ForkProof;
use crate::log::{Hash, Head, RunError, Tail};
use crate::rehearsal::line::RehearsalLine;
use crate::rehearsal::{AVAILABLE, EVENT, NOW, STRICT, authority, capable, fork, scanner};
use crate::sync::Notice;

const HASHES: [Hash; 2] = [[1; 32], [2; 32]];

#[test]
fn nobody_stops_another_with_a_fork_that_it_invents() {
    let cloud = Machine::cloud(&[1, 2]);
    let by_another = |key: &SecretKey| {
        let mut proof = fork(&hub(3), 1, HASHES);
        proof.one.origin = key.public();
        proof.other.origin = key.public();
        proof
    };
    let of_one_history = |mut proof: ForkProof| {
        proof.other = proof.one.clone();
        proof.base = proof.one.tail.hash;
        proof
    };
    for victim in [authority(), hub(1), scanner(2)] {
        for proof in [by_another(&victim), of_one_history(fork(&victim, 1, HASHES))] {
            let mut liar = Machine::hub(3, &cloud);
            let seq = liar.ledger.tail(&liar.me()).seq.next();
            liar.write(Body::ForkSeen(Box::new(proof)));
            let mut replica = witness();
            replica.listen(&cloud);
            replica.listen(&liar);
            assert!(!replica.ledger.state().is_frozen(&victim.public()));
            assert_eq!(named(&replica, &liar), Some(seq));
            let mut written_later = Machine::cloud(&[1, 2]);
            written_later.write(revoked(&liar, 1));
            assert_eq!(replica.hear_log(&written_later, cloud.me()), Ok(()));
        }
    }
}

#[test]
fn a_proven_fork_is_believed_of_whoever_tells_it() {
    let cloud = Machine::cloud(&[1]);
    let frozen_by = |teller: &mut Machine| {
        teller.write(Body::ForkSeen(Box::new(fork(&hub(2), 3, HASHES))));
        let mut replica = witness();
        replica.listen(&cloud);
        replica.listen(teller);
        replica.ledger.state().is_frozen(&hub(2).public())
    };
    assert!(frozen_by(&mut Machine::cloud(&[1])));
    assert!(frozen_by(&mut Machine::hub(3, &cloud)));
    assert!(frozen_by(&mut Machine::scanner(1, &cloud)));
}

/// A hub whose disk was copied: each has admitted one unit of its own since.
struct Copied {
    cloud: Machine,
    one: Machine,
    copy: Machine,
}

impl Copied {
    fn new() -> Self {
        let cloud = Machine::cloud(&[1]);
        let (mut one, mut copy) = (Machine::hub(1, &cloud), Machine::hub(1, &cloud));
        check_admits(&mut one, 1, ticket(1, STRICT));
        check_admits(&mut copy, 2, ticket(2, STRICT));
        Self { cloud, one, copy }
    }

    /// Where a history stands after so many records.
    fn tail_of(history: &Machine, seq: u64) -> Tail {
        let run = history.run(history.me(), Seq(0)).unwrap();
        let records = run.records.iter().take(usize::try_from(seq).unwrap());
        records.fold(Tail::default(), |tail, bytes| {
            tail.push(EVENT, &history.me(), bytes)
        })
    }

    fn settle(&mut self, on: Tail) {
        let origin = self.one.me();
        self.cloud.write(Body::ForkSettled { origin, tail: on });
    }
}

/// A replica that has heard one history and then met the other.
fn met_both(first: &Machine, second: &Machine, cloud: &Machine) -> Machine {
    let mut replica = Machine::hub(2, cloud);
    replica.listen(first);
    let Err(RunError::Forked(Some(proof))) = replica.hear_log_from(second, Seq(0)) else {
        panic!("two histories, with the proof");
    };
    assert!(replica.report_fork(*proof));
    assert!(replica.ledger.state().is_frozen(&first.me()));
    replica
}

#[test]
fn a_person_settles_which_history_counts_and_the_log_goes_on() {
    let mut world = Copied::new();
    let mut right = met_both(&world.one, &world.copy, &world.cloud);
    let mut wrong = met_both(&world.copy, &world.one, &world.cloud);
    world.settle(Copied::tail_of(&world.one, 3));
    for replica in [&mut right, &mut wrong] {
        replica.listen(&world.cloud);
        assert!(!replica.ledger.state().is_frozen(&world.one.me()));
        replica.drop_copies_in_question();
    }
    world.one.listen(&world.cloud);
    check_admits(&mut world.one, 5, ticket(5, STRICT));
    for replica in [&mut right, &mut wrong] {
        assert_eq!(replica.hear_log(&world.one, world.one.me()), Ok(()));
        assert_eq!(used(replica, 10), [1, 5]);
        let forked = Incident::Forked {
            origin: world.one.me(),
        };
        assert!(!replica.ledger.state().incidents().contains(&forked));
    }
}

#[test]
fn a_settled_fork_is_not_told_again_and_again() {
    let mut world = Copied::new();
    let mut replica = met_both(&world.one, &world.copy, &world.cloud);
    world.settle(Copied::tail_of(&world.one, 3));
    replica.listen(&world.cloud);
    replica.drop_copies_in_question();
    let before = replica.ledger.tail(&replica.me());
    for _ in 0..3 {
        if let Err(RunError::Forked(Some(proof))) = replica.hear_log_from(&world.copy, Seq(0)) {
            replica.report_fork(*proof);
        }
    }
    assert_eq!(replica.ledger.tail(&replica.me()), before);
    assert!(!replica.ledger.state().is_frozen(&world.one.me()));
}

#[test]
fn a_log_that_is_forked_again_behind_the_settlement_is_frozen_again() {
    let mut world = Copied::new();
    let mut replica = met_both(&world.one, &world.copy, &world.cloud);
    world.settle(Copied::tail_of(&world.one, 3));
    replica.listen(&world.cloud);
    let mut second_copy = Machine::hub(1, &Machine::cloud(&[1]));
    second_copy.hear_log(&world.one, world.one.me()).unwrap();
    world.one.listen(&world.cloud);
    second_copy.listen(&world.cloud);
    check_admits(&mut world.one, 5, ticket(5, STRICT));
    check_admits(&mut second_copy, 6, ticket(6, STRICT));
    assert_eq!(replica.hear_log(&world.one, world.one.me()), Ok(()));
    let Err(RunError::Forked(Some(proof))) = replica.hear_log_from(&second_copy, Seq(3)) else {
        panic!("two histories again");
    };
    assert!(replica.report_fork(*proof));
    assert!(replica.ledger.state().is_frozen(&world.one.me()));
    world.settle(world.one.ledger.tail(&world.one.me()));
    replica.listen(&world.cloud);
    assert!(!replica.ledger.state().is_frozen(&world.one.me()));
}

#[test]
fn the_later_word_on_a_fork_holds_also_for_the_other_history() {
    let mut world = Copied::new();
    let mut replica = met_both(&world.one, &world.copy, &world.cloud);
    let run_of = |history: &Machine| history.run(history.me(), Seq(0)).unwrap();
    for (run, unit) in [(run_of(&world.one), 1), (run_of(&world.copy), 2)] {
        world.settle(run.head.tail);
        replica.listen(&world.cloud);
        replica.drop_copies_in_question();
        replica.take(&run).unwrap();
        assert_eq!(used(&replica, 10), [unit]);
    }
}

/// A hub that has admitted units 1 to 5 and told the cloud, and then had its disk replaced by an older one.
fn restored(records: usize) -> (Machine, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    for unit in 1..=5_u8 {
        check_admits(&mut gate, unit, ticket(u32::from(unit), STRICT));
    }
    cloud.hear(&gate);
    gate.restore_old_copy(records);
    (cloud, gate)
}

#[test]
fn a_device_that_hears_of_its_own_past_says_nothing_until_it_has_it_back() {
    for records in [0, 1, 2, 4] {
        let (cloud, mut gate) = restored(records);
        let head = cloud
            .ledger
            .heads()
            .into_iter()
            .find(|head| head.origin == gate.me());
        gate.ledger.hear_own_past(&head.unwrap());
        gate.hear_log(&cloud, cloud.me()).unwrap();
        let (before, digest) = (gate.ledger.tail(&gate.me()), gate.digest());
        for (scan, tier) in [(10, STRICT), (11, AVAILABLE)] {
            let behind = Verdict::Refer(Referral::OwnLogBehind);
            let verdict = gate.judge(&asked(scan, ticket(1, tier)), JudgingAs::Home);
            assert_eq!(verdict, behind, "{records} records");
        }
        gate.write_due_records();
        assert!(!gate.report_fork(fork(&hub(2), 1, HASHES)));
        assert_eq!(
            (gate.ledger.tail(&gate.me()), gate.digest()),
            (before, digest),
            "not a word"
        );
        gate.hear(&cloud);
        assert_eq!(gate.ledger.tail(&gate.me()), cloud.ledger.tail(&gate.me()));
        assert!(is_used(
            &gate.judge(&asked(12, ticket(1, STRICT)), JudgingAs::Home)
        ));
        check_admits(&mut gate, 13, ticket(9, STRICT));
        let mut cloud = cloud;
        cloud.hear(&gate);
        assert_eq!(cloud.digest(), gate.digest(), "one history");
    }
}

#[test]
fn its_own_past_comes_back_over_a_session_before_it_goes_on() {
    let (cloud, gate) = restored(2);
    let mut line = RehearsalLine::settled(cloud, gate);
    let own_past = |notice: &Notice| matches!(notice, Notice::OwnPast(_));
    assert!(line.b.notices.iter().any(own_past));
    let gate = &mut line.b.machine;
    assert!(!gate.ledger.is_behind_own_past());
    assert!(is_used(
        &gate.judge(&asked(12, ticket(5, STRICT)), JudgingAs::Home)
    ));
    assert!(!gate.ledger.state().is_frozen(&hub(1).public()));
}

#[test]
fn a_past_that_we_did_not_sign_stops_nobody() {
    let (cloud, mut gate) = restored(2);
    let mut head = cloud
        .ledger
        .heads()
        .into_iter()
        .find(|head| head.origin == gate.me())
        .unwrap();
    head.tail.seq = Seq(u64::MAX);
    gate.ledger.hear_own_past(&head);
    let foreign = cloud
        .ledger
        .heads()
        .into_iter()
        .find(|head| head.origin == cloud.me())
        .unwrap();
    gate.ledger.hear_own_past(&foreign);
    assert!(!gate.ledger.is_behind_own_past());
}

#[test]
fn a_device_that_may_not_write_overrides_nothing() {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::opened(hub(1), capable(&hub(1), Role::Hub), &cloud);
    let words = || ("Ada".to_owned(), "knows them".to_owned());
    let scan = asked(1, ticket(1, STRICT));
    assert!(gate.ledger.override_refusal(&scan, words(), NOW).is_some());
    let end = gate.ledger.tail(&gate.me());
    let beyond = Tail {
        seq: Seq(end.seq.0 + 5),
        hash: [9; 32],
    };
    // A peer holds more of this hub's log than it does: a record more would begin a second history.
    gate.ledger.hear_own_past(&Head::sign(EVENT, beyond, &hub(1)));
    assert_eq!(gate.ledger.override_refusal(&scan, words(), NOW), None);
}
