//! Checkpoints: who may sign one, what is refused, how large one is, and that no bytes in one do harm.

use proptest::prelude::*;
use usher_keys::Role;

use super::*;
use crate::evidence::Worth;
use crate::ident::{Generation, Hlc, ScanId, Seq, Stamp, Unit};
use crate::ledger::JudgingAs;
use crate::record::Body;
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    self, EVENT, HOUR_MS, NORTH, NOW, STRICT, asked, authority, hub, identity, shared_trust, shown,
    signed_bundle, succeeded, successor, ticket, trust,
};

/// A hub that has admitted one unit, as the cloud sums it up.
fn signed() -> SignedCheckpoint {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(0, STRICT)), JudgingAs::Home);
    cloud.hear(&gate);
    cloud.make_checkpoint(NOW);
    cloud.checkpoint.unwrap()
}

#[track_caller]
fn check(change: impl FnOnce(&mut SignedCheckpoint), expected: CheckpointError) {
    let mut signed = signed();
    change(&mut signed);
    assert_eq!(signed.verify(&trust(1)), Err(expected));
}

fn resign(signed: &mut SignedCheckpoint) {
    signed.signature = authority().sign(Domain::Checkpoint, &signed.bytes);
}

#[test]
fn a_checkpoint_by_the_authority_is_taken() {
    let checkpoint = signed().verify(&trust(1)).unwrap();
    assert_eq!(
        (checkpoint.event, checkpoint.at, checkpoint.covered.len()),
        (EVENT, NOW, 2)
    );
}

#[test]
fn a_checkpoint_that_no_trusted_authority_signed_is_refused() {
    check(
        |s| s.signature = hub(1).sign(Domain::Checkpoint, &s.bytes),
        CheckpointError::NotSigned,
    );
    check(
        |s| s.signature = authority().sign(Domain::Head, &s.bytes),
        CheckpointError::NotSigned,
    );
    let by_a_stranger = |s: &mut SignedCheckpoint| {
        s.authority = hub(1).public();
        s.signature = hub(1).sign(Domain::Checkpoint, &s.bytes);
    };
    check(by_a_stranger, CheckpointError::NotSigned);
    check(|s| s.bytes[40] ^= 1, CheckpointError::NotSigned);
}

#[test]
fn a_checkpoint_of_a_struck_authority_is_refused() {
    let bundle = rehearsal::bundle(1)
        .strike(authority().public().id(), NOW)
        .unwrap();
    let trust = Trust::pin(&rehearsal::roots(), bundle.sign(&[&rehearsal::root()])).unwrap();
    assert_eq!(signed().verify(&trust), Err(CheckpointError::NotSigned));
}

#[test]
fn a_checkpoint_that_does_not_decode_or_is_of_another_event_is_refused() {
    let cut_off = |s: &mut SignedCheckpoint| {
        s.bytes.pop();
        resign(s);
    };
    check(cut_off, CheckpointError::Malformed(CodecError::Malformed));
    let of_another_event = |s: &mut SignedCheckpoint| {
        s.bytes[0] ^= 1;
        resign(s);
    };
    check(of_another_event, CheckpointError::OtherEvent);
}

#[test]
fn a_checkpoint_by_a_newer_trust_bundle_waits_for_it() {
    let mut cloud = Machine::cloud(&[1]);
    cloud.renew_trust(signed_bundle(2));
    cloud.make_checkpoint(NOW);
    let signed = cloud.checkpoint.unwrap();
    assert_eq!(signed.verify(&trust(1)), Err(CheckpointError::NewerTrust));
    assert!(signed.verify(&trust(2)).is_ok());
}

#[test]
fn what_was_adopted_before_is_verified_though_its_authority_was_struck_out_since() {
    let struck = succeeded(2, &[successor()], &[&authority()]);
    let trust = Trust::pin(&rehearsal::roots(), struck).unwrap();
    assert_eq!(signed().verify(&trust), Err(CheckpointError::NotSigned));
    assert!(signed().verify_stored(&trust).is_ok());
    let mut by_a_stranger = signed();
    by_a_stranger.authority = hub(1).public();
    by_a_stranger.signature = hub(1).sign(Domain::Checkpoint, &by_a_stranger.bytes);
    assert_eq!(
        by_a_stranger.verify_stored(&trust),
        Err(CheckpointError::NotSigned)
    );
}

#[test]
fn of_the_authorities_logs_a_checkpoint_covers_the_one_in_force() {
    let mut first = Machine::cloud(&[1]);
    let both = succeeded(2, &[successor()], &[]);
    first.renew_trust(both.clone());
    let mut next = Machine::authority(successor(), both);
    next.hear(&first);
    let policy = rehearsal::policy();
    next.write(Body::Policy { version: 1, policy });
    let covered = |machine: &mut Machine| {
        machine.make_checkpoint(NOW);
        let checkpoint = machine
            .checkpoint
            .as_ref()
            .unwrap()
            .verify(machine.ledger.trust())
            .unwrap();
        checkpoint
            .covered
            .iter()
            .map(|head| head.origin)
            .collect::<Vec<_>>()
    };
    assert_eq!(covered(&mut next), [first.me()]);
    next.write(Body::Restated);
    assert_eq!(covered(&mut next), [next.me()]);
}

#[test]
fn an_authority_that_was_taken_over_from_signs_no_checkpoint_of_its_successors_word() {
    let both = succeeded(2, &[successor()], &[]);
    let mut next = Machine::authority(successor(), both);
    let policy = rehearsal::policy();
    next.write(Body::Policy { version: 1, policy });
    next.write(Body::Restated);
    next.make_checkpoint(NOW);
    let honest = next.checkpoint.clone().unwrap();
    let trust = next.ledger.trust();
    assert!(honest.verify(trust).is_ok());
    let mut stolen = honest;
    stolen.authority = authority().public();
    resign(&mut stolen);
    assert_eq!(stolen.verify(trust), Err(CheckpointError::NotSigned));
}

/// An event of 100,000 places: 2 in 100 revoked, 50,000 used once, the rest sold and not yet used.
fn large_event() -> State {
    let mut state = State::new(shared_trust(1));
    let mut seq = 0;
    let mut apply = |writer: &SecretKey, body| {
        seq += 1;
        let hlc = Hlc {
            ms: NOW.0 - HOUR_MS,
            count: seq,
        };
        let (origin, seq) = (writer.public(), Seq(u64::from(seq)));
        state.apply(Stamp { hlc, origin, seq }, body, Worth::Proven);
    };
    let policy = rehearsal::policy();
    apply(&authority(), Body::Policy { version: 1, policy });
    let identity = identity(&hub(1), Role::Hub);
    apply(&hub(1), Body::Opened { identity });
    for unit in 0..100_000 {
        if unit % 50 == 7 {
            let (unit, generation) = (Unit(unit), Generation(1));
            apply(&authority(), Body::Revoked { unit, generation });
        }
        if unit < 50_000 {
            let mut passage = shown(0, ticket(unit, STRICT), NORTH);
            passage.scan = ScanId(u128::from(unit).to_le_bytes());
            apply(&hub(1), Body::Admitted(passage));
        }
    }
    state
}

#[test]
fn a_checkpoint_of_a_large_event_has_room_for_six_times_as_much() {
    let state = large_event();
    let signed = Checkpoint::of(&state, &trust(1), Vec::new(), NOW).sign(&authority());
    let bytes = signed.bytes.len();
    println!("checkpoint of 100,000 units, 2 % revoked, 50,000 passages: {bytes} bytes");
    assert!(bytes < MAX_CHECKPOINT_BYTES / 6, "{bytes}");
    let checkpoint = signed.verify(&trust(1)).unwrap();
    let again = checkpoint.summary.into_state(shared_trust(1));
    assert_eq!(again.digest(), state.digest());
    assert_eq!(again.counts(), state.counts());
}

proptest! {
    #[test]
    fn a_signed_checkpoint_with_bytes_changed_gives_an_answer(at: prop::sample::Index, to: u8) {
        let mut signed = signed();
        let at = at.index(signed.bytes.len());
        signed.bytes[at] = to;
        resign(&mut signed);
        if let Ok(checkpoint) = signed.verify(&trust(1)) {
            checkpoint.summary.into_state(shared_trust(1)).digest();
        }
    }
}
