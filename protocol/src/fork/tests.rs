//! What proves two histories, and every way in which something only looks like a proof.

use usher_keys::SecretKey;

use super::*;
use crate::rehearsal::{EVENT, hub};

/// The chain of a log of records that are numbered from a flavour.
fn chain(flavour: u8, shared: usize, len: usize) -> (Vec<Vec<u8>>, Vec<Tail>) {
    let record = |at: usize| {
        if at < shared {
            vec![0, at as u8]
        } else {
            vec![flavour, at as u8]
        }
    };
    let records: Vec<_> = (0..len).map(record).collect();
    let mut tails = vec![Tail::default()];
    for record in &records {
        tails.push(tails[tails.len() - 1].push(EVENT, &hub(1).public(), record));
    }
    (records, tails)
}

fn head(tail: Tail, key: &SecretKey) -> Head {
    Head::sign(EVENT, tail, key)
}

/// Two histories that differ from record 3 on: a head of the one at 4, and a run of the other from 2 to 6.
fn proof() -> ForkProof {
    let (_, one) = chain(1, 2, 4);
    let (records, other) = chain(2, 2, 6);
    let run = Run {
        base: other[2],
        records: records[2..].to_vec(),
        head: head(other[6], &hub(1)),
    };
    ForkProof::of_run(EVENT, &head(one[4], &hub(1)), &run).unwrap()
}

#[track_caller]
fn check(alter: impl FnOnce(&mut ForkProof), expected: bool) {
    let mut proof = proof();
    alter(&mut proof);
    assert_eq!(proof.check(EVENT).is_some(), expected);
}

#[test]
fn a_head_and_a_run_of_another_history_prove_the_fork() {
    let found = proof().check(EVENT).unwrap();
    assert_eq!((found.origin, found.seq), (hub(1).public(), Seq(4)));
    let (_, one) = chain(1, 2, 4);
    assert!(found.hashes.contains(&one[4].hash));
}

#[test]
fn two_heads_at_one_number_prove_the_fork() {
    let (_, one) = chain(1, 2, 4);
    let (_, other) = chain(2, 2, 4);
    let heads = ForkProof::of_heads(head(one[4], &hub(1)), head(other[4], &hub(1)));
    assert!(heads.unwrap().check(EVENT).is_some());
    assert_eq!(
        ForkProof::of_heads(head(one[4], &hub(1)), head(one[4], &hub(1))),
        None
    );
    assert_eq!(
        ForkProof::of_heads(head(one[4], &hub(1)), head(other[4], &hub(2))),
        None
    );
}

#[test]
fn a_run_that_leads_through_the_head_proves_nothing() {
    let (records, tails) = chain(1, 2, 6);
    let run = |from: usize| Run {
        base: tails[from],
        records: records[from..].to_vec(),
        head: head(tails[6], &hub(1)),
    };
    for (from, at) in [(2, 4), (4, 4), (5, 4)] {
        assert_eq!(
            ForkProof::of_run(EVENT, &head(tails[at], &hub(1)), &run(from)),
            None
        );
    }
}

#[test]
fn nobody_can_invent_a_fork() {
    check(|_| {}, true);
    let (_, one) = chain(1, 2, 6);
    check(|proof| proof.base = proof.one.tail.hash, false);
    check(|proof| proof.base[0] ^= 1, false);
    check(|proof| proof.links[0][0] ^= 1, false);
    check(|proof| proof.links.truncate(proof.links.len() - 1), false);
    check(|proof| proof.one.tail.hash[0] ^= 1, false);
    check(|proof| proof.other.tail.hash[0] ^= 1, false);
    check(|proof| proof.other = head(one[6], &hub(2)), false);
    check(|proof| proof.one = head(Tail::default(), &hub(1)), false);
    check(|proof| proof.links = vec![[0; 32]; MAX_RUN_RECORDS + 1], false);
    assert_eq!(proof().check(EventId([1; 16])), None);
}
