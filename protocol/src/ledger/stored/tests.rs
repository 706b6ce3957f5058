//! Heads stand so close that every stretch of a log fits a run, however much is written at once: a log that fits none is sent to nobody.

use super::*;
use crate::fork::ForkProof;
use crate::ident::{Generation, Seq, Unit};
use crate::log::{MAX_RUN_BYTES, MAX_RUN_RECORDS, Run};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{EVENT, NOW, authority, hub, key};

fn revoked(unit: u32) -> Body {
    Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    }
}

/// The longest proof there is of a fork of a key that somebody invented.
fn longest_proof(seed: u8) -> Body {
    let (key, one) = (key(seed), Seq(1));
    let begin = |hash| Tail { seq: one, hash };
    let links = vec![[seed; 32]; MAX_RUN_RECORDS];
    let push = |tail: Tail, link: &[u8; 32]| tail.push_hash(EVENT, &key.public(), link);
    let other = links.iter().fold(begin([2; 32]), push);
    let proof = ForkProof {
        one: Head::sign(EVENT, begin([1; 32]), &key),
        base: [2; 32],
        links,
        other: Head::sign(EVENT, other, &key),
    };
    assert!(proof.check(EVENT).is_some());
    Body::ForkSeen(Box::new(proof))
}

/// What two writers say at once, by number and by length.
fn much() -> [Vec<Body>; 2] {
    let many = (0..3_000).map(revoked).collect();
    let long = (0x80..0xa8).map(longest_proof).collect();
    [many, long]
}

#[test]
fn words_that_are_drafted_together_can_be_sent() {
    for words in much() {
        let cloud = Machine::cloud(&[1]);
        let mut gate = Machine::hub(1, &cloud);
        let mut draft = cloud.ledger.draft();
        let count = words.len() as u64;
        words.into_iter().for_each(|body| draft.write(body, NOW));
        let mut base = cloud.ledger.tail(&cloud.me());
        let end = base.seq.0 + count;
        for (entries, head) in draft.seal(&authority()) {
            let records: Vec<_> = entries.into_iter().map(|entry| entry.bytes).collect();
            assert!(records.iter().map(Vec::len).sum::<usize>() <= MAX_RUN_BYTES);
            let run = Run { base, records, head };
            base = run.head.tail;
            gate.take(&run).unwrap();
        }
        assert_eq!(gate.ledger.tail(&cloud.me()).seq, Seq(end));
    }
    let nothing = Machine::cloud(&[1]).ledger.draft();
    assert!(nothing.seal(&authority()).is_empty());
}

#[test]
fn what_a_device_writes_at_once_can_be_sent() {
    for words in much() {
        let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
        let mut ends = vec![gate.ledger.tail(&gate.me()).seq.0];
        let written = words.into_iter().map(|body| gate.ledger.write(body, NOW));
        let unsigned: Vec<_> = written.map(|entry| (entry.tail, entry.bytes.len())).collect();
        let heads = gate.ledger.seal_all(&unsigned, &hub(1));
        assert!(heads.iter().all(|head| head.verify(EVENT).is_ok()));
        assert_eq!(
            heads.last().map(|head| head.tail),
            unsigned.last().map(|(tail, _)| *tail)
        );
        ends.extend(heads.iter().map(|head| head.tail.seq.0));
        for stretch in ends.windows(2) {
            let within = unsigned
                .iter()
                .filter(|(tail, _)| (stretch[0] + 1..=stretch[1]).contains(&tail.seq.0));
            let (records, bytes) =
                within.fold((0, 0), |(records, bytes), (_, more)| (records + 1, bytes + more));
            assert!(
                (1..=MAX_RUN_RECORDS).contains(&records) && bytes <= MAX_RUN_BYTES,
                "{stretch:?}: {bytes}"
            );
        }
        assert!(gate.ledger.seal_all(&[], &hub(1)).is_empty());
    }
}
