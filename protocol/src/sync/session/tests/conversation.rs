//! What two sessions say to each other once both are let in: runs, acknowledgements, beats, checkpoints and silence.

use std::sync::Arc;

use usher_keys::Role;

use super::*;
use crate::ledger::JudgingAs;
use crate::log::Head;
use crate::rehearsal::{AVAILABLE, STRICT, asked, fork, scanner, ticket};
use crate::sync::outbox::{MAX_RUNS_IN_FLIGHT, RESEND_MS};

#[track_caller]
fn check_agreed(line: &RehearsalLine) {
    assert_eq!(line.a.machine.ledger.vector(), line.b.machine.ledger.vector());
    assert_eq!(line.a.machine.digest(), line.b.machine.digest());
    assert_eq!((line.a.session.lag(), line.b.session.lag()), (0, 0));
    assert_eq!((line.a.closed, line.b.closed), (None, None));
}

fn fresh_hub() -> Machine {
    let mut machine = Machine::new(hub(1), Role::Hub);
    machine.write_due_records();
    machine
}

#[test]
fn two_replicas_come_to_hold_the_same() {
    let cloud = busy_cloud(2_000);
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    gate.judge(&asked(1, ticket(5_000, STRICT)), JudgingAs::Home);
    let line = RehearsalLine::settled(cloud, gate);
    check_agreed(&line);
    assert_eq!(
        line.a
            .machine
            .ledger
            .state()
            .passages(crate::ident::Unit(5_000))
            .count(),
        1
    );
}

#[test]
fn what_is_written_later_is_sent_as_it_appears() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.write(revoked(7));
    line.settle();
    check_agreed(&line);
    let body = Body::RosterAdopted {
        epoch: 1,
        roster: [7; 32],
    };
    line.b.write(body);
    line.settle();
    check_agreed(&line);
}

#[test]
fn any_replica_hands_on_any_log() {
    let mut gate = Machine::hub(1, &Machine::cloud(&[1, 2]));
    let mut reader = Machine::scanner(1, &gate);
    reader.judge(&asked(1, ticket(5, AVAILABLE)), JudgingAs::CutOff);
    gate.hear(&reader);
    let line = RehearsalLine::settled(gate, Machine::new(hub(2), Role::Hub));
    check_agreed(&line);
    assert_eq!(
        line.b.machine.ledger.tail(&scanner(1).public()),
        reader.ledger.tail(&reader.me())
    );
}

#[test]
fn only_what_is_stored_is_acknowledged() {
    let (cloud, gate) = (busy_cloud(3), fresh_hub());
    let mut session = opened(&gate, &cloud);
    let run = cloud.run(cloud.me(), Seq(0)).unwrap();
    let outputs = give(&mut session, received(Message::Run(Arc::new(run.clone()))), NOW);
    assert_eq!(
        outputs,
        [Output::Store(run.clone())],
        "not a word before it is durable"
    );
    let held = Held::from(run.head);
    let origin = cloud.me();
    let failed = Input::Stored {
        origin,
        result: Err(NotStored::Unavailable),
    };
    assert_eq!(sent(&give(&mut session, failed, NOW)), Vec::<&Message>::new());
    let stored = Input::Stored {
        origin,
        result: Ok(held.clone()),
    };
    let outputs = give(&mut session, stored, NOW);
    let [Message::Have(acknowledged)] = sent(&outputs)[..] else {
        panic!("{outputs:?}");
    };
    assert!(acknowledged.contains(&held));
}

#[test]
fn a_run_that_leaves_a_gap_is_answered_with_where_our_copy_ends() {
    let (cloud, gate) = (busy_cloud(5), Machine::hub(1, &busy_cloud(2)));
    let mut session = opened(&gate, &cloud);
    let (origin, ours) = (cloud.me(), gate.held_of(&cloud.me()));
    let gap = |base, ours| Input::Stored {
        origin,
        result: Err(NotStored::Run(RunError::Gap { base, ours })),
    };
    let outputs = give(&mut session, gap(Seq(6), ours.tail.seq), NOW);
    assert_eq!(sent(&outputs), [&Message::Have(vec![ours])]);
}

#[test]
fn a_peer_that_sends_what_no_honest_one_does_is_shown_the_door() {
    let (cloud, gate) = (busy_cloud(3), fresh_hub());
    for error in [RunError::Malformed, RunError::FalseHead, RunError::Altered] {
        let mut session = opened(&gate, &cloud);
        let stored = Input::Stored {
            origin: cloud.me(),
            result: Err(NotStored::Run(error)),
        };
        check_closed(&give(&mut session, stored, NOW), Farewell::BadMessage);
    }
}

#[test]
fn a_run_of_a_frozen_unknown_or_overlong_log_is_told_and_the_talk_goes_on() {
    let (cloud, gate) = (busy_cloud(3), fresh_hub());
    for error in [
        RunError::Frozen,
        RunError::UnknownOrigin,
        RunError::TooManyLogs,
        RunError::TooLong,
    ] {
        let mut session = opened(&gate, &cloud);
        let (origin, error) = (cloud.me(), NotStored::Run(error));
        let stored = Input::Stored {
            origin,
            result: Err(error.clone()),
        };
        let outputs = give(&mut session, stored, NOW);
        assert_eq!(outputs, [Output::Notify(Notice::RunRefused(origin, error))]);
    }
}

#[test]
fn authority_records_go_first() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let mut other = Machine::hub(2, &cloud);
    other.judge(&asked(1, ticket(5, AVAILABLE)), JudgingAs::CutOff);
    cloud.hear(&other);
    cloud.write(revoked(7));
    let mut line = RehearsalLine::new(cloud, fresh_hub());
    line.settle();
    let runs = line.a.sent.iter().filter_map(|message| match message {
        Message::Run(run) => Some(run.head.origin),
        Message::Hello(_)
        | Message::Have(_)
        | Message::Checkpoint(_)
        | Message::Bundle(_)
        | Message::Beat { .. }
        | Message::Recap
        | Message::Fork(_)
        | Message::Bye(_) => None,
    });
    assert_eq!(runs.collect::<Vec<_>>(), [authority().public(), hub(2).public()]);
}

#[test]
fn no_more_runs_are_under_way_than_the_limit_says() {
    let mut cloud = Machine::cloud(&[1, 2, 3, 4, 5, 6]);
    for number in 2..=7 {
        let hub = Machine::hub(number, &cloud);
        cloud.hear(&hub);
    }
    let mut session = line::session(&cloud, hub(1).public());
    give(&mut session, Input::Start, NOW);
    let hello = received(Message::Hello(Box::new(hello_of(&fresh_hub()))));
    let register = vouched(&(2..=7).map(|number| hub(number).public()).collect::<Vec<_>>());
    let outputs = give_with(&mut session, hello, (&trust(1), &register, &[]), NOW);
    let loads = outputs
        .iter()
        .filter(|output| matches!(output, Output::Load { .. }));
    assert_eq!(loads.count(), MAX_RUNS_IN_FLIGHT);
}

#[test]
fn a_hello_that_was_lost_is_said_again() {
    let mut line = RehearsalLine::new(busy_cloud(3), fresh_hub());
    line.lose();
    line.wait(BEAT_MS + 500);
    check_agreed(&line);
}

#[test]
fn whoever_has_not_heard_us_is_greeted_again() {
    let mut line = RehearsalLine::new(busy_cloud(3), fresh_hub());
    // The hub's hello arrives, the cloud's is lost.
    let hello = line.b.sent[0].clone();
    line.lose();
    line.a.input(received(hello));
    line.lose();
    line.wait(2 * BEAT_MS);
    check_agreed(&line);
}

#[test]
fn runs_that_were_lost_are_sent_again() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.write(revoked(7));
    line.lose();
    line.wait(RESEND_MS + BEAT_MS);
    check_agreed(&line);
}

#[test]
fn acknowledgements_that_were_lost_are_made_up_for() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.write(revoked(7));
    let run = line.a.sent.last().cloned().unwrap();
    assert!(matches!(run, Message::Run(_)));
    line.lose();
    line.b.input(received(run));
    line.lose();
    line.wait(2 * RESEND_MS);
    check_agreed(&line);
}

#[test]
fn a_beat_that_tells_of_a_difference_is_answered_with_a_question() {
    let (cloud, gate) = (busy_cloud(3), fresh_hub());
    let mut session = opened(&gate, &cloud);
    let beat = Message::Beat {
        digest: [9; 32],
        clock: NOW,
        assurance: None,
    };
    assert_eq!(sent(&give(&mut session, received(beat), NOW)), [&Message::Recap]);
    let outputs = give(&mut session, received(Message::Recap), NOW);
    assert_eq!(sent(&outputs), [&Message::Have(gate.held())]);
}

#[test]
fn freshness_is_told_only_to_whom_nothing_is_missing() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    let fresh = |line: &RehearsalLine| {
        let times = line.b.notices.iter().filter_map(|notice| match notice {
            Notice::Fresh(assurance) => Some(assurance.at),
            Notice::Opened(_)
            | Notice::Forked(_)
            | Notice::OwnPast(_)
            | Notice::Clock(_)
            | Notice::RunRefused(..) => None,
        });
        times.max()
    };
    line.a.assurance = Some(line.a.machine.assure(NOW));
    line.wait(BEAT_MS);
    assert_eq!(fresh(&line), Some(NOW));
    line.a.write(revoked(7));
    line.lose();
    line.a.assurance = Some(line.a.machine.assure(NOW.plus_ms(1)));
    line.a.clock = line.a.clock.plus_ms(BEAT_MS);
    line.a.input(Input::Tick);
    line.settle();
    assert_eq!(fresh(&line), Some(NOW), "a record is missing");
    line.wait(RESEND_MS + BEAT_MS);
    assert_eq!(fresh(&line), Some(NOW.plus_ms(1)));
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.wait_cut_off(SILENCE_MS - 500);
    assert_eq!(line.a.closed, None);
    line.wait_cut_off(1_000);
    assert_eq!(line.a.closed, Some(Close::Ours(Farewell::Silent)));
    assert_eq!(line.b.closed, Some(Close::Ours(Farewell::Silent)));
}

#[test]
fn a_quiet_line_stays_open() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.wait(10 * SILENCE_MS);
    check_agreed(&line);
}

#[test]
fn a_clock_that_is_set_back_jams_nothing() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.write(revoked(7));
    line.lose();
    line.a.clock = Timestamp(NOW.0 - HOUR_MS);
    line.b.clock = Timestamp(NOW.0 - HOUR_MS);
    line.wait(RESEND_MS + 2 * BEAT_MS);
    check_agreed(&line);
    line.a.clock = Timestamp(NOW.0 - 2 * HOUR_MS);
    line.wait_cut_off(SILENCE_MS + BEAT_MS);
    assert_eq!(
        line.a.closed,
        Some(Close::Ours(Farewell::Silent)),
        "nor makes it a silent peer look alive"
    );
}

#[test]
fn a_clock_that_is_set_ahead_ends_no_talk() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    for hours in [1, 30] {
        line.a.clock = NOW.plus_ms(hours * HOUR_MS);
        line.wait(BEAT_MS);
        check_agreed(&line);
    }
    line.wait_cut_off(SILENCE_MS + 2 * BEAT_MS);
    assert_eq!(line.a.closed, Some(Close::Ours(Farewell::Silent)));
}

#[test]
fn a_clock_that_is_set_back_while_greeting_jams_nothing() {
    let mut line = RehearsalLine::new(busy_cloud(3), fresh_hub());
    line.lose();
    line.a.clock = Timestamp(NOW.0 - HOUR_MS);
    line.b.clock = Timestamp(NOW.0 - HOUR_MS);
    line.wait(2 * BEAT_MS);
    check_agreed(&line);
}

fn cloud_with_a_long_history() -> Machine {
    busy_cloud(u32::try_from(CHECKPOINT_LAG).unwrap() + 10)
}

fn was_sent_a_checkpoint(line: &RehearsalLine) -> bool {
    line.a
        .sent
        .iter()
        .any(|message| matches!(message, Message::Checkpoint(_)))
}

#[test]
fn a_fresh_peer_that_lacks_much_starts_from_a_checkpoint() {
    let mut cloud = cloud_with_a_long_history();
    cloud.make_checkpoint(NOW);
    cloud.write(revoked(90_000));
    let line = RehearsalLine::settled(cloud, fresh_hub());
    check_agreed(&line);
    assert!(was_sent_a_checkpoint(&line));
    let records = line.a.sent.iter().map(|message| match message {
        Message::Run(run) => run.records.len(),
        Message::Hello(_)
        | Message::Have(_)
        | Message::Checkpoint(_)
        | Message::Bundle(_)
        | Message::Beat { .. }
        | Message::Recap
        | Message::Fork(_)
        | Message::Bye(_) => 0,
    });
    assert_eq!(records.sum::<usize>(), 1, "only what came after it");
}

#[test]
fn without_a_checkpoint_a_fresh_peer_gets_the_history() {
    let line = RehearsalLine::settled(cloud_with_a_long_history(), fresh_hub());
    check_agreed(&line);
    assert!(!was_sent_a_checkpoint(&line));
}

#[test]
fn a_checkpoint_that_was_lost_or_refused_holds_nothing_up() {
    let mut cloud = cloud_with_a_long_history();
    cloud.make_checkpoint(NOW);
    let mut line = RehearsalLine::new(cloud, fresh_hub());
    let hello = line.b.sent[0].clone();
    line.a.input(received(hello));
    assert!(was_sent_a_checkpoint(&line));
    line.lose();
    line.wait(CHECKPOINT_WAIT_MS + RESEND_MS);
    check_agreed(&line);
    // The same with a clock that is set back by an hour while the answer is waited for.
    let mut cloud = cloud_with_a_long_history();
    cloud.make_checkpoint(NOW);
    let mut line = RehearsalLine::new(cloud, fresh_hub());
    let hello = line.b.sent[0].clone();
    line.a.input(received(hello));
    line.lose();
    line.a.clock = Timestamp(NOW.0 - HOUR_MS);
    line.a.input(Input::Tick);
    let runs = line
        .a
        .sent
        .iter()
        .filter(|message| matches!(message, Message::Run(_)))
        .count();
    assert_eq!(runs, 1, "a run follows at once");
    // A scanner that has refused somebody already must not forget it.
    let mut cloud = cloud_with_a_long_history();
    cloud.make_checkpoint(NOW);
    let mut reader = Machine::new(scanner(1), Role::Scanner);
    reader.write_due_records();
    reader.judge(&asked(1, ticket(5, STRICT)), JudgingAs::CutOff);
    let line = RehearsalLine::settled(cloud, reader);
    assert!(was_sent_a_checkpoint(&line));
    check_agreed(&line);
}

#[test]
fn a_peer_that_knows_something_gets_records_not_a_checkpoint() {
    let mut cloud = cloud_with_a_long_history();
    cloud.make_checkpoint(NOW);
    let line = RehearsalLine::settled(cloud, Machine::hub(1, &Machine::cloud(&[1])));
    check_agreed(&line);
    assert!(!was_sent_a_checkpoint(&line));
}

#[test]
fn logs_the_peer_will_not_take_do_not_hold_up_the_others() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gates: Vec<_> = (2..=2 + MAX_RUNS_IN_FLIGHT as u8)
        .map(|number| Machine::hub(number, &cloud))
        .collect();
    gates.sort_by_key(Machine::me);
    let mut picky = Machine::hub(1, &cloud);
    let sound = gates.last().unwrap().me();
    for gate in &gates {
        cloud.hear(gate);
        if gate.me() != sound {
            picky.write(Body::ForkSeen(Box::new(fork(&gate.key, 1, [[1; 32], [2; 32]]))));
        }
    }
    let mut line = RehearsalLine::settled(cloud, picky);
    line.wait(3 * RESEND_MS);
    let taken = line.b.machine.ledger.tail(&sound);
    assert_eq!(taken, gates.last().unwrap().ledger.tail(&sound));
}

#[test]
fn a_newer_bundle_travels_to_whoever_has_an_older_one() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.machine.ledger.renew_trust(signed_bundle(2)).unwrap();
    line.a.input(Input::TrustChanged);
    line.settle();
    assert_eq!(line.b.machine.ledger.trust().bundle().version, 2);
    let bundles = line
        .b
        .sent
        .iter()
        .filter(|message| matches!(message, Message::Bundle(_)));
    assert_eq!(bundles.count(), 0, "it is not sent back");
}

#[test]
fn a_bundle_that_was_lost_or_could_not_be_stored_is_offered_again() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.machine.ledger.renew_trust(signed_bundle(2)).unwrap();
    line.a.input(Input::TrustChanged);
    line.lose();
    line.wait(RESEND_MS + 2 * BEAT_MS);
    assert_eq!(line.b.machine.ledger.trust().bundle().version, 2);
    line.wait(RESEND_MS + 2 * BEAT_MS);
    let told = line.a.sent.len();
    line.wait(4 * RESEND_MS);
    let later = &line.a.sent[told..];
    assert!(
        later
            .iter()
            .all(|message| matches!(message, Message::Beat { .. })),
        "once it has arrived nobody speaks of it any more: {later:?}"
    );
}

#[test]
fn a_bundle_the_peer_only_claimed_does_not_keep_ours_from_it() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    let claimed = crate::rehearsal::bundle(7).sign(&[]);
    line.a.input(received(Message::Bundle(claimed)));
    line.a.machine.ledger.renew_trust(signed_bundle(2)).unwrap();
    line.a.input(Input::TrustChanged);
    line.wait(2 * RESEND_MS);
    assert_eq!(line.b.machine.ledger.trust().bundle().version, 2);
}

#[test]
fn whoever_leaves_says_so() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), fresh_hub());
    line.a.input(Input::Leave);
    line.settle();
    assert_eq!(line.a.closed, Some(Close::Ours(Farewell::Leaving)));
    assert_eq!(line.b.closed, Some(Close::Theirs(Farewell::Leaving)));
}

#[test]
fn messages_that_come_twice_change_nothing() {
    let mut line = RehearsalLine::settled(busy_cloud(3), fresh_hub());
    for message in line.a.sent.clone() {
        line.b.input(received(message));
    }
    line.settle();
    check_agreed(&line);
}

#[test]
fn a_peers_log_is_here_once_it_has_spoken_of_it_and_all_of_that_was_stored() {
    let (ours, theirs) = (fresh_hub(), busy_cloud(3));
    let unopened = line::session(&ours, theirs.me());
    assert!(!unopened.has_peers_log());
    let mut session = opened(&ours, &theirs);
    let held = theirs.held();
    let last = held.iter().find(|held| held.origin == theirs.me());
    let last = last.expect("it has written").clone();
    let mut before = last.clone();
    before.tail.seq = Seq(last.tail.seq.0 - 1);
    for (grown, is_here) in [(before, false), (last, true)] {
        assert!(!session.has_peers_log());
        give(&mut session, Input::Grew(grown), NOW);
        assert_eq!(session.has_peers_log(), is_here);
    }
}

#[test]
fn a_lag_beyond_counting_is_the_most_there_is() {
    let mut session = opened(&fresh_hub(), &busy_cloud(3));
    for origin in [hub(2), hub(3)] {
        let tail = Tail {
            seq: Seq(u64::MAX),
            hash: [7; 32],
        };
        let held = Held::from(Head::sign(EVENT, tail, &origin));
        give(&mut session, Input::Grew(held), NOW);
    }
    assert_eq!(session.lag(), u64::MAX);
}
