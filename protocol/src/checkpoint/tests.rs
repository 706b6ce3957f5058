//! Checkpoints: who may sign one, what is refused, how small one is, and that no bytes in one do harm.

use bincode::config;
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::ident::{GateId, Generation, ScanId, Seq, Stamp, TierId, Unit, ZoneId};
use crate::ledger::Seat;
use crate::record::{Body, Passage};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{self, EVENT, HOUR_MS, NOW, STRICT, asked, authority, hub, ticket, trust};

/// A hub that has admitted one unit, as the cloud sums it up.
fn signed() -> SignedCheckpoint {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    gate.judge(&asked(1, ticket(0, STRICT)), Seat::Home);
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

/// An event of 100,000 places: 2 in 100 revoked, half of them used once, the rest sold and not yet used.
fn large_event(at: Timestamp, admitted_units: impl Fn(u32) -> bool) -> State {
    let mut state = State::new(EVENT);
    let mut seq = 0;
    let mut apply = |writer: &SecretKey, body| {
        seq += 1;
        let hlc = Hlc { ms: at.0, count: seq };
        let (origin, seq) = (writer.public(), Seq(u64::from(seq)));
        state.apply(Stamp { hlc, origin, seq }, body);
    };
    let policy = rehearsal::policy();
    apply(&authority(), Body::Policy { version: 1, policy });
    for unit in (0..100_000).map(Unit) {
        let generation = Generation(1);
        if unit.0 % 50 == 7 {
            apply(&authority(), Body::Revoked { unit, generation });
        }
        if admitted_units(unit.0) {
            apply(&hub(1), Body::Admitted(passage(unit)));
        }
    }
    state
}

fn passage(unit: Unit) -> Passage {
    Passage {
        scan: ScanId(u128::from(unit.0).to_le_bytes()),
        unit,
        generation: Generation(1),
        tier: TierId(STRICT),
        admits: 1,
        persons: 1,
        gate: GateId(1),
        zone: ZoneId(1),
    }
}

/// Mixes a unit's number, so that neighbours have nothing in common.
fn scattered(unit: u32) -> u32 {
    unit.wrapping_mul(0x9e37_79b1)
        .rotate_left(11)
        .wrapping_mul(0x85eb_ca6b)
}

#[track_caller]
fn check_size(what: &str, admitted_units: impl Fn(u32) -> bool, most_bytes: usize) {
    let state = large_event(Timestamp(NOW.0 - HOUR_MS), admitted_units);
    let bytes = Checkpoint::of(&state, Vec::new(), NOW)
        .sign(&authority())
        .bytes
        .len();
    println!("checkpoint of 100,000 units, 2 % revoked, {what}: {bytes} bytes");
    assert!(bytes < most_bytes);
}

#[test]
fn a_checkpoint_of_a_large_event_is_a_few_kilobytes() {
    check_size("50,000 admitted in rows", |unit| unit < 50_000, 5_000);
    check_size(
        "50,000 admitted at random",
        |unit| scattered(unit).is_multiple_of(2),
        100_000,
    );
}

#[test]
fn a_checkpoint_made_while_everybody_comes_in_is_still_a_checkpoint() {
    let state = large_event(NOW, |unit| unit < 50_000);
    let signed = Checkpoint::of(&state, Vec::new(), NOW).sign(&authority());
    println!(
        "50,000 admitted within a quarter of an hour: {} bytes",
        signed.bytes.len()
    );
    assert!(signed.bytes.len() < MAX_CHECKPOINT_BYTES / 2);
    let checkpoint = signed.verify(&trust(1)).unwrap();
    assert_eq!(checkpoint.summary.into_state(EVENT).digest(), state.digest());
}

/// The signed checkpoint of a summary in which a unit set has these bytes.
fn with_revoked_set(set: &[u8]) -> SignedCheckpoint {
    let mut state = State::new(EVENT);
    let stamp = Stamp {
        hlc: Hlc::default(),
        origin: authority().public(),
        seq: Seq(1),
    };
    let (unit, generation) = (Unit(5), Generation(1));
    state.apply(stamp, Body::Revoked { unit, generation });
    let mut signed = Checkpoint::of(&state, Vec::new(), NOW).sign(&authority());
    let mut old = Vec::new();
    RoaringBitmap::from_iter([5]).serialize_into(&mut old).unwrap();
    let old = bincode::encode_to_vec(&old, config::standard()).unwrap();
    let new = bincode::encode_to_vec(set, config::standard()).unwrap();
    let at = signed
        .bytes
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    signed.bytes.splice(at..at + old.len(), new);
    resign(&mut signed);
    signed
}

fn bitmap(units: RoaringBitmap) -> Vec<u8> {
    let mut units = units;
    units.optimize();
    let mut bytes = Vec::new();
    units.serialize_into(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_set_of_a_few_bytes_and_billions_of_units_is_refused() {
    let mut all = RoaringBitmap::new();
    all.insert_range(0..=u32::MAX);
    // A run of 65,536 units in each container: 16 bytes for so many, 4 billion units in all.
    let bytes = bitmap(all);
    assert!(bytes.len() < MAX_CHECKPOINT_BYTES * 2);
    let mut many = RoaringBitmap::new();
    many.insert_range(0..5_000_000);
    let bytes = bitmap(many);
    assert!(bytes.len() < 2_000, "{}", bytes.len());
    let refused = with_revoked_set(&bytes).verify(&trust(1));
    assert_eq!(refused, Err(CheckpointError::Malformed(CodecError::Malformed)));
    let mut a_million = RoaringBitmap::new();
    a_million.insert_range(0..1_000_000);
    assert!(with_revoked_set(&bitmap(a_million)).verify(&trust(1)).is_ok());
}

#[test]
fn a_set_that_is_no_bitmap_is_refused() {
    for set in [
        &b""[..],
        b"\x00",
        b"not a bitmap",
        &[0x3a, 0x30, 0, 0, 0xff, 0xff, 0xff, 0xff],
    ] {
        let refused = with_revoked_set(set).verify(&trust(1));
        assert_eq!(
            refused,
            Err(CheckpointError::Malformed(CodecError::Malformed)),
            "{set:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_set_in_a_checkpoint_gives_an_answer(set in prop::collection::vec(any::<u8>(), 0..200), runs: bool) {
        let cookie = if runs { [0x3b, 0x30] } else { [0x3a, 0x30] };
        for set in [set.clone(), [cookie.as_slice(), &set].concat()] {
            if let Ok(checkpoint) = with_revoked_set(&set).verify(&trust(1)) {
                checkpoint.summary.into_state(EVENT).digest();
            }
        }
    }

    #[test]
    fn a_sound_set_with_bytes_changed_gives_an_answer(
        units in prop::collection::btree_set(0_u32..200_000, 1..50), at: prop::sample::Index, to: u8,
    ) {
        let mut units: RoaringBitmap = units.into_iter().collect();
        units.insert_range(1_000..6_000);
        let mut set = bitmap(units);
        let at = at.index(set.len());
        set[at] = to;
        if let Ok(checkpoint) = with_revoked_set(&set).verify(&trust(1)) {
            checkpoint.summary.into_state(EVENT).digest();
        }
    }

    #[test]
    fn a_signed_checkpoint_with_bytes_changed_gives_an_answer(at: prop::sample::Index, to: u8) {
        let mut signed = signed();
        let at = at.index(signed.bytes.len());
        signed.bytes[at] = to;
        resign(&mut signed);
        if let Ok(checkpoint) = signed.verify(&trust(1)) {
            checkpoint.summary.into_state(EVENT).digest();
        }
    }
}
