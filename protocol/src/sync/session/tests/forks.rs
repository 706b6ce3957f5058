//! Forks of which nobody takes a written word: who tells of them, and who is believed.

use usher_keys::Role;

use super::*;
use crate::log::Head;
use crate::rehearsal::{fork, identity, scanner};

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
