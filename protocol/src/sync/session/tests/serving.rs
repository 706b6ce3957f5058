//! What a peer that wants nothing, knows nothing or lies cannot do to a session: hold up what is new, fill memory, or claim to be fresh.

use std::collections::BTreeMap;

use usher_keys::Role;

use super::*;
use crate::assurance::Assurance;
use crate::ident::Seq;
use crate::ledger::JudgingAs;
use crate::log::Tail;
use crate::rehearsal::{AVAILABLE, EVENT, asked, authority, hub, scanner, ticket};
use crate::sync::outbox::{MAX_RUNS_IN_FLIGHT, Outbox, RESEND_MS, Regard};
use crate::sync::parts::Part;

fn fresh_hub() -> Machine {
    let mut machine = Machine::new(hub(1), Role::Hub);
    machine.write_due_records();
    machine
}

#[test]
fn a_log_whose_beginning_is_not_here_is_sent_on_once_the_peer_has_that_from_elsewhere() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(2, &cloud);
    gate.judge(&asked(1, ticket(1, AVAILABLE)), JudgingAs::CutOff);
    cloud.hear(&gate);
    cloud.make_checkpoint(NOW);
    let mut began = fresh_hub();
    began.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    began.write_due_records();
    let reader = Machine::scanner(1, &Machine::cloud(&[1]));
    let mut line = RehearsalLine::settled(began, reader);
    assert_eq!(line.b.machine.ledger.tail(&gate.me()).seq, Seq(0));
    line.b.machine.hear_log(&cloud, gate.me()).unwrap();
    let held = line.b.machine.held_of(&gate.me());
    line.b.input(Input::Grew(held));
    gate.judge(&asked(2, ticket(2, AVAILABLE)), JudgingAs::CutOff);
    line.a.machine.hear_log(&gate, gate.me()).unwrap();
    let held = line.a.machine.held_of(&gate.me());
    line.a.input(Input::Grew(held));
    line.wait(2 * BEAT_MS);
    let taken = line.b.machine.ledger.tail(&gate.me());
    assert_eq!(taken, gate.ledger.tail(&gate.me()));
}

#[test]
fn a_log_whose_records_could_not_be_read_once_is_sent_a_little_later() {
    let mut cloud = Machine::cloud(&[1]);
    let gate = Machine::hub(2, &cloud);
    cloud.hear(&gate);
    let mut line = RehearsalLine::new(cloud, fresh_hub());
    line.a.cannot_read = true;
    line.settle();
    assert!(line.b.machine.ledger.state().policy().is_none());
    line.a.cannot_read = false;
    line.wait(RESEND_MS + BEAT_MS);
    for origin in [line.a.machine.me(), gate.me()] {
        let taken = line.b.machine.ledger.tail(&origin);
        assert_eq!(taken, line.a.machine.ledger.tail(&origin));
    }
}

fn held(number: u8) -> Held {
    let tail = Tail {
        seq: Seq(9),
        hash: [number; 32],
    };
    Held {
        origin: PublicKey([number; 32]),
        tail,
        signature: None,
    }
}

#[test]
fn logs_that_a_peer_leaves_unanswered_never_take_up_the_whole_line() {
    let mut outbox = Outbox::default();
    let register = vouched(&(1..=9).map(|number| held(number).origin).collect::<Vec<_>>());
    let regard = Regard {
        trust: &trust(1),
        register: &register,
    };
    for number in 1..=8 {
        outbox.we_hold(held(number));
    }
    let mut now = NOW;
    for _ in 0..5 {
        while let Some((origin, _)) = outbox.next_load(&regard, now) {
            outbox.sent(origin, now);
        }
        now = now.plus_ms(RESEND_MS);
    }
    while let Some((origin, _)) = outbox.next_load(&regard, now) {
        outbox.sent(origin, now);
    }
    outbox.we_hold(held(9));
    let next = outbox.next_load(&regard, now);
    assert_eq!(next, Some((held(9).origin, Seq(0))), "of {MAX_RUNS_IN_FLIGHT}");
}

#[test]
fn a_log_that_the_authority_vouches_for_waits_for_no_strangers() {
    let mut outbox = Outbox::default();
    // A hub in the wrong hands has enrolled hundreds, whose logs the peer may not even take.
    for number in 1..=200 {
        outbox.we_hold(held(number));
    }
    outbox.we_hold(held(250));
    let register = vouched(&[held(250).origin, held(251).origin]);
    let regard = Regard {
        trust: &trust(1),
        register: &register,
    };
    let mut next = || outbox.next_load(&regard, NOW).map(|(origin, _)| origin);
    assert_eq!(next(), Some(held(250).origin));
    while next().is_some() {}
    outbox.we_hold(held(251));
    let next = outbox.next_load(&regard, NOW);
    assert_eq!(next, Some((held(251).origin, Seq(0))));
}

/// Lets seconds pass in which the peer answers nothing, and counts how often each log is sent.
fn sent_unanswered(outbox: &mut Outbox, regard: &Regard<'_>, seconds: u64) -> BTreeMap<Origin, u32> {
    let mut sent = BTreeMap::new();
    for second in 0..seconds {
        let now = NOW.plus_ms(second * 1_000);
        while let Some((origin, _)) = outbox.next_load(regard, now) {
            outbox.sent(origin, now);
            *sent.entry(origin).or_default() += 1;
        }
    }
    sent
}

#[test]
fn a_log_that_was_refused_once_waits_for_no_strangers_either() {
    let mut outbox = Outbox::default();
    for number in 1..=200 {
        outbox.we_hold(held(number));
    }
    let (trust, late) = (trust(1), held(0));
    outbox.we_hold(late.clone());
    let (nobody, register) = (vouched(&[]), vouched(&[late.origin]));
    let mut regard = Regard {
        trust: &trust,
        register: &nobody,
    };
    // While nobody vouches for its device, the peer takes it no more than the others.
    let until_then = 5 * 60;
    let sent = sent_unanswered(&mut outbox, &regard, until_then);
    assert_eq!(sent[&late.origin], 1, "they are many: {}", sent.len());
    regard.register = &register;
    let next = outbox.next_load(&regard, NOW.plus_ms(until_then * 1_000));
    assert_eq!(next, Some((late.origin, Seq(0))));
}

#[test]
fn logs_that_the_peer_never_takes_leave_room_for_strangers_that_it_may() {
    let mut outbox = Outbox::default();
    let unwanted: Vec<_> = (1..=8).map(|number| held(number).origin).collect();
    for number in (1..=8).chain(100..=120) {
        outbox.we_hold(held(number));
    }
    let (trust, register) = (trust(1), vouched(&unwanted));
    let regard = Regard {
        trust: &trust,
        register: &register,
    };
    let sent = sent_unanswered(&mut outbox, &regard, 120);
    assert_eq!(sent.len(), 29, "each had its turn: {sent:?}");
    assert!(unwanted.iter().all(|origin| sent[origin] > 1), "{sent:?}");
}

#[test]
fn whoever_holds_logs_already_puts_no_checkpoint_together() {
    let gate = Machine::hub(1, &Machine::cloud(&[1]));
    let mut session = opened(&gate, &Machine::cloud(&[1]));
    for number in [0, 1] {
        let bytes = vec![0; 1_000];
        let part = Part { number, of: 2, bytes };
        let outputs = give(&mut session, received(Message::Checkpoint(part)), NOW);
        let is_answer = |output: &Output| matches!(output, Output::Send(Message::Have(_)));
        assert_eq!(outputs.iter().any(is_answer), number == 1);
        let is_stored = |output: &Output| matches!(output, Output::StoreCheckpoint(_) | Output::Close(_));
        assert!(!outputs.iter().any(is_stored), "{outputs:?}");
    }
}

#[test]
fn nobody_is_told_to_be_fresher_than_the_authority_says() {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    let early = cloud.assure(NOW);
    cloud.write(revoked(7));
    let late = cloud.assure(NOW);
    let by_itself = Machine::hub(2, &cloud).assure(NOW);
    let later = Assurance {
        at: NOW.plus_ms(1),
        ..early
    };
    let check = |gate: &Machine, assurance: Assurance, is_believed: bool| {
        for peer in [
            Machine::new(scanner(1), Role::Scanner),
            Machine::new(hub(2), Role::Hub),
        ] {
            let mut session = opened(gate, &peer);
            let assurance = Some(assurance);
            let digest = [0; 32];
            let outputs = give(
                &mut session,
                received(Message::Beat {
                    digest,
                    clock: NOW,
                    assurance,
                }),
                NOW,
            );
            let is_fresh = |output: &Output| matches!(output, Output::Notify(Notice::Fresh(_)));
            assert_eq!(outputs.iter().any(is_fresh), is_believed, "{assurance:?}");
        }
    };
    for (assurance, is_believed) in [(early, true), (late, false), (later, false), (by_itself, false)] {
        check(&gate, assurance, is_believed);
    }
    gate.hear(&cloud);
    check(&gate, late, true);
    // An older copy of the cloud that has written something else since.
    let other = Tail {
        hash: [9; 32],
        ..late.tail
    };
    check(&gate, Assurance::sign(EVENT, NOW, other, &authority()), false);
}
