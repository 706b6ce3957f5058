//! Forks of which nobody takes a written word: who tells of them, and who is believed.

use usher_keys::{Role, SecretKey};

use super::*;
use crate::ledger::JudgingAs;
use crate::log::Head;
use crate::rehearsal::{AVAILABLE, STRICT, asked, fork, identity, scanner, ticket};
use crate::sync::outbox::RESEND_MS;

#[test]
fn a_past_that_we_did_not_sign_is_not_told_of() {
    let cloud = Machine::cloud(&[1]);
    let gate = Machine::hub(1, &cloud);
    let mut session = opened(&gate, &cloud);
    let mut told = |seq, key: &SecretKey| {
        let tail = Tail {
            seq: Seq(seq),
            hash: [9; 32],
        };
        let head = Head {
            origin: gate.me(),
            ..Head::sign(EVENT, tail, key)
        };
        let outputs = give(&mut session, received(Message::Have(vec![Held::from(head)])), NOW);
        outputs
            .iter()
            .any(|output| matches!(output, Output::Notify(Notice::OwnPast(_))))
    };
    assert_eq!([told(90, &hub(2)), told(91, &hub(1))], [false, true]);
}

#[test]
fn a_device_whose_log_is_frozen_tells_its_peers_of_forks_with_each_beat() {
    let (ours, theirs) = (
        Machine::new(scanner(1), Role::Scanner),
        Machine::new(hub(1), Role::Hub),
    );
    let mut session = opened(&ours, &theirs);
    let unheard = [fork(&scanner(1), 3, [[1; 32], [2; 32]])];
    for beat in 1..3 {
        let later = NOW.plus_ms(beat * BEAT_MS);
        let outputs = give_with(
            &mut session,
            Input::Tick,
            (&trust(1), &vouched(&[]), &unheard),
            later,
        );
        let told = Output::Send(Message::Fork(Box::new(unheard[0].clone())));
        assert!(outputs.contains(&told), "{outputs:?}");
    }
}

#[test]
fn a_peers_word_of_a_fork_counts_once_if_it_is_proven_and_the_authority_answers_for_the_log() {
    let (ours, theirs) = (
        Machine::new(hub(1), Role::Hub),
        Machine::new(scanner(1), Role::Scanner),
    );
    let found = fork(&scanner(1), 3, [[1; 32], [2; 32]]);
    let mut unproven = found.clone();
    unproven.other.signature = unproven.one.signature;
    let said = |found: &ForkProof| received(Message::Fork(Box::new(found.clone())));
    let notice = Output::Notify(Notice::Forked(Box::new(found.clone())));
    let known = [scanner(1).public()];
    for (said_forks, enrolled, times) in [
        (vec![&found, &found], &known[..], 1),
        (vec![&found], &[], 0),
        (vec![&unproven], &known, 0),
        (vec![&unproven, &found], &known, 1),
    ] {
        let mut session = opened(&ours, &theirs);
        let mut told = 0;
        for found in said_forks {
            let outputs = give_with(
                &mut session,
                said(found),
                (&trust(1), &vouched(enrolled), &[]),
                NOW,
            );
            told += outputs.iter().filter(|output| **output == notice).count();
        }
        assert_eq!(told, times, "{enrolled:?}");
    }
}

#[test]
fn what_a_device_has_seen_while_it_could_write_nothing_is_told_and_written_down_later() {
    let mut cloud = Machine::cloud(&[1, 2]);
    for device in [hub(1), hub(2)] {
        let identity = identity(&device, Role::Hub);
        cloud.write(Body::DeviceEnrolled { identity });
    }
    let mut hub_one = Machine::hub(1, &cloud);
    // A peer shows the end of its own log, which it has lost.
    let lost = Tail {
        seq: Seq(90),
        hash: [9; 32],
    };
    hub_one.ledger.hear_own_past(&Head::sign(EVENT, lost, &hub(1)));
    let found = fork(&hub(2), 3, [[1; 32], [2; 32]]);
    assert!(!hub_one.report_fork(found.clone()), "it can write nothing");
    assert_eq!(hub_one.ledger.unheard_forks(), [found]);
    assert!(!hub_one.ledger.state().is_frozen(&hub(2).public()));
    let mut whole = Machine::hub(1, &cloud);
    // Nobody would take a word of a key that somebody has invented, and there may be many.
    assert!(whole.report_fork(fork(&hub(9), 3, [[1; 32], [2; 32]])));
    whole.report_fork(fork(&hub(1), 2, [[1; 32], [2; 32]]));
    // Also after a restart, when its own log is all it has.
    let mut again = Machine::new(hub(1), Role::Hub);
    again.listen(&cloud);
    again.hear_log(&whole, hub(1).public()).unwrap();
    for machine in [&whole, &again] {
        let unheard = machine.ledger.unheard_forks();
        assert_eq!(unheard.len(), 1, "its own log is one nobody takes a word of");
    }
}

#[test]
fn a_copied_device_is_noticed_by_the_vectors_alone() {
    let cloud = Machine::cloud(&[1, 2]);
    let (mut one, mut copy) = (Machine::hub(2, &cloud), Machine::hub(2, &cloud));
    one.judge(&asked(1, ticket(1, AVAILABLE)), JudgingAs::CutOff);
    copy.judge(&asked(2, ticket(2, AVAILABLE)), JudgingAs::CutOff);
    let seq = one.ledger.tail(&one.me()).seq;
    let (mut heard_one, mut heard_copy) = (Machine::hub(1, &cloud), Machine::hub(3, &cloud));
    heard_one.hear(&one);
    heard_copy.hear(&copy);
    let line = RehearsalLine::settled(heard_one, heard_copy);
    for end in [&line.a, &line.b] {
        let found = end.notices.iter().find_map(|notice| match notice {
            Notice::Forked(found) => found.check(EVENT),
            Notice::Opened(_)
            | Notice::OwnPast(_)
            | Notice::Fresh(_)
            | Notice::Clock(_)
            | Notice::RunRefused(..) => None,
        });
        let found = found.expect("told, with the proof");
        assert_eq!((found.origin, found.seq), (one.me(), seq));
        assert!(end.machine.ledger.state().is_frozen(&hub(2).public()));
        assert_eq!(end.closed, None);
    }
}

#[test]
fn a_restored_device_that_is_still_behind_is_found_out_by_both() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    for unit in 1..=5 {
        gate.judge(&asked(unit, ticket(unit.into(), STRICT)), JudgingAs::Home);
    }
    cloud.hear(&gate);
    gate.restore_old_copy(3);
    gate.judge(&asked(9, ticket(9, STRICT)), JudgingAs::Home);
    assert!(gate.ledger.tail(&gate.me()).seq < cloud.ledger.tail(&gate.me()).seq);
    let line = RehearsalLine::settled(cloud, gate);
    for end in [&line.a, &line.b] {
        assert!(end.machine.ledger.state().is_frozen(&hub(1).public()));
        assert_eq!(end.closed, None);
    }
}

#[track_caller]
fn check_both_see_the_fork(is_told_in_time: bool) {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let common = gate.ledger.tail(&gate.me()).seq.0;
    gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    gate.restore_old_copy(usize::try_from(common).unwrap());
    let mut line = RehearsalLine::new(cloud, gate);
    // The hellos are under way when the hub goes on where its past already was.
    let scan = asked(9, ticket(9, STRICT));
    line.b.machine.judge(&scan, JudgingAs::Home);
    if is_told_in_time {
        let grown = line.b.machine.held_of(&line.b.machine.me());
        line.b.input(Input::Grew(grown));
    }
    line.settle();
    line.wait(2 * RESEND_MS);
    for end in [&line.a, &line.b] {
        assert!(end.machine.ledger.state().is_frozen(&hub(1).public()));
        assert_eq!(end.closed, None);
    }
}

#[test]
fn whoever_sees_a_fork_lets_the_peer_see_it() {
    check_both_see_the_fork(true);
    check_both_see_the_fork(false);
}

#[test]
fn a_difference_that_the_origin_did_not_sign_proves_nothing() {
    let cloud = busy_cloud(3);
    let gate = Machine::hub(1, &cloud);
    let mut session = opened(&gate, &cloud);
    let mut lie = gate.held_of(&cloud.me());
    lie.tail.hash = [6; 32];
    let unsigned = Held {
        signature: None,
        ..lie.clone()
    };
    let falsely_signed = Held::from(Head {
        origin: lie.origin,
        ..Head::sign(EVENT, lie.tail, &hub(3))
    });
    for held in [lie, unsigned, falsely_signed] {
        let outputs = give(&mut session, received(Message::Have(vec![held])), NOW);
        assert!(
            !outputs.iter().any(|output| matches!(output, Output::Notify(_))),
            "{outputs:?}"
        );
    }
}
