//! Runs: what is accepted as new, every way to be refused, and what that says about two histories.

use proptest::prelude::*;
use usher_keys::codec;

use super::*;
use crate::ident::Hlc;
use crate::record::{Body, Record};
use crate::rehearsal::{EVENT, hub};

/// A log of so many records, with the tail before each and at the end. Logs with another flavour differ from record
/// `differs_from` on.
struct Log {
    records: Vec<Vec<u8>>,
    tails: Vec<Tail>,
}

impl Log {
    fn new(len: u32) -> Self {
        Self::that_differs(len, len)
    }

    fn that_differs(len: u32, differs_from: u32) -> Self {
        let mut log = Self {
            records: Vec::new(),
            tails: vec![Tail::default()],
        };
        for number in 0..len {
            let hlc = Hlc {
                ms: u64::from(number >= differs_from),
                count: number,
            };
            let adopted = Body::RosterAdopted {
                epoch: number,
                roster: [0; 32],
            };
            let bytes = Record::new(hlc, adopted).to_bytes();
            log.tails
                .push(log.tails[log.records.len()].push(EVENT, &hub(1).public(), &bytes));
            log.records.push(bytes);
        }
        log
    }

    /// Records `from` to `until`, counted from 0, as a run.
    fn run(&self, from: usize, until: usize) -> Run {
        Run {
            base: self.tails[from],
            records: self.records[from..until].to_vec(),
            head: Head::sign(EVENT, self.tails[until], &hub(1)),
        }
    }
}

#[track_caller]
fn check(ours: Tail, run: &Run, expected: Result<usize, RunError>) {
    let news = check_run(EVENT, without_head(ours), run);
    assert_eq!(news.map(|news| news.records.len()), expected);
}

fn without_head<'a>(tail: Tail) -> Known<'a> {
    Known { tail, head: None }
}

/// Puts another head at the end that is honestly signed.
fn resigned(mut run: Run) -> Run {
    let origin = run.head.origin;
    let tail = run
        .records
        .iter()
        .fold(run.base, |tail, bytes| tail.push(EVENT, &origin, bytes));
    run.head = Head::sign(EVENT, tail, &hub(1));
    run
}

#[test]
fn a_run_brings_what_lies_behind_our_tail() {
    let log = Log::new(6);
    check(Tail::default(), &log.run(0, 6), Ok(6));
    check(log.tails[2], &log.run(2, 6), Ok(4));
    check(log.tails[4], &log.run(2, 6), Ok(2));
}

#[test]
fn what_we_have_already_is_nothing_new() {
    let log = Log::new(6);
    check(log.tails[6], &log.run(0, 6), Ok(0));
    check(log.tails[6], &log.run(2, 4), Ok(0));
    check(log.tails[4], &log.run(3, 4), Ok(0));
}

#[test]
fn a_run_whose_numbers_do_not_add_up_is_malformed() {
    let log = Log::new(3);
    let ours = Tail::default();
    let run = log.run(0, 3);
    check(
        ours,
        &Run {
            records: Vec::new(),
            ..run.clone()
        },
        Err(RunError::Malformed),
    );
    check(
        ours,
        &Run {
            records: run.records[..2].to_vec(),
            ..run.clone()
        },
        Err(RunError::Malformed),
    );
    let nowhere = Tail {
        seq: Seq(0),
        hash: [1; 32],
    };
    check(
        ours,
        &Run {
            base: nowhere,
            ..run.clone()
        },
        Err(RunError::Malformed),
    );
    let at_the_end = Tail {
        seq: Seq(u64::MAX),
        hash: [1; 32],
    };
    check(
        ours,
        &Run {
            base: at_the_end,
            ..run.clone()
        },
        Err(RunError::Malformed),
    );
    let huge = Run {
        records: vec![vec![0; MAX_RECORD_BYTES + 1]],
        ..log.run(0, 1)
    };
    check(ours, &resigned(huge), Err(RunError::Malformed));
    let long = Run {
        records: vec![vec![0]; MAX_RUN_RECORDS + 1],
        ..log.run(0, 1)
    };
    check(ours, &resigned(long), Err(RunError::Malformed));
    let longest = Run {
        records: vec![vec![0]; MAX_RUN_RECORDS],
        ..log.run(0, 1)
    };
    check(ours, &resigned(longest), Ok(MAX_RUN_RECORDS));
}

#[test]
fn a_run_behind_records_we_lack_leaves_a_gap() {
    let log = Log::new(6);
    let (base, ours) = (Seq(4), Seq(2));
    check(log.tails[2], &log.run(4, 6), Err(RunError::Gap { base, ours }));
}

#[test]
fn a_head_that_its_origin_did_not_sign_is_false() {
    let log = Log::new(3);
    let mut run = log.run(0, 3);
    run.head.signature = Head::sign(EVENT, run.head.tail, &hub(2)).signature;
    check(Tail::default(), &run, Err(RunError::FalseHead));
    let mut run = log.run(0, 3);
    run.head.origin = hub(2).public();
    check(Tail::default(), &run, Err(RunError::FalseHead));
    let other_event = check_run(EventId([1; 16]), without_head(Tail::default()), &log.run(0, 3));
    assert_eq!(other_event, Err(RunError::FalseHead));
}

#[test]
fn records_that_do_not_lead_to_the_head_were_altered_on_the_way() {
    let log = Log::new(4);
    let mut exchanged = log.run(0, 4);
    exchanged.records.swap(1, 2);
    check(Tail::default(), &exchanged, Err(RunError::Altered));
    let mut repeated = log.run(0, 4);
    repeated.records[3] = repeated.records[2].clone();
    check(Tail::default(), &repeated, Err(RunError::Altered));
    // A false base is the sender's doing, not the origin's: no proof of two histories.
    let mut based_elsewhere = log.run(2, 4);
    based_elsewhere.base.hash = [7; 32];
    check(log.tails[2], &based_elsewhere, Err(RunError::Altered));
}

/// What a replica that holds a log up to there, with its head, says of a run of another history.
#[track_caller]
fn check_forked(ours: &Log, at: usize, run: &Run) {
    let head = Head::sign(EVENT, ours.tails[at], &hub(1));
    let tail = ours.tails[at];
    let known = Known {
        tail,
        head: Some(&head),
    };
    let Err(RunError::Forked(Some(proof))) = check_run(EVENT, known, run) else {
        panic!("a proof");
    };
    let found = proof.check(EVENT).expect("it stands by itself");
    assert_eq!((found.origin, found.seq), (hub(1).public(), Seq(at as u64)));
    assert!(found.hashes.contains(&tail.hash));
    assert!(found.hashes[0] < found.hashes[1], "the same whoever finds it");
    check(tail, run, Err(RunError::Forked(None)));
}

#[test]
fn a_sound_run_that_passes_our_tail_with_another_hash_proves_two_histories() {
    let (ours, theirs) = (Log::new(6), Log::that_differs(6, 2));
    // Behind our tail, right at it, and by an overlap with what we hold.
    check_forked(&ours, 4, &theirs.run(4, 6));
    check_forked(&ours, 6, &theirs.run(4, 6));
    check_forked(&ours, 4, &theirs.run(1, 6));
    check_forked(&ours, 3, &theirs.run(0, 6));
    // Before they part, both are one history.
    check(ours.tails[2], &theirs.run(0, 6), Ok(4));
}

#[test]
fn a_run_that_ends_before_our_head_proves_nothing_and_brings_nothing() {
    let (ours, theirs) = (Log::new(6), Log::that_differs(6, 2));
    check(ours.tails[6], &theirs.run(1, 5), Ok(0));
}

proptest! {
    #[test]
    fn any_split_of_a_log_into_runs_gives_the_same_tail(
        len in 1_u32..40, cuts in prop::collection::btree_set(1_usize..40, 0..6), overlap in 0_usize..4,
    ) {
        let log = Log::new(len);
        let whole = log.records.len();
        let mut ours = Tail::default();
        for until in cuts.into_iter().filter(|cut| *cut < whole).chain([whole]) {
            let from = usize::try_from(ours.seq.0).unwrap().saturating_sub(overlap);
            let news = check_run(EVENT, without_head(ours), &log.run(from, until)).unwrap();
            ours = news.records.last().map_or(ours, |(tail, _)| *tail);
        }
        prop_assert_eq!(ours, log.tails[whole]);
    }

    #[test]
    fn a_run_with_any_byte_flipped_is_refused_or_says_the_same(at: prop::sample::Index, bit in 0_u32..8) {
        let log = Log::new(5);
        let run = log.run(2, 5);
        let mut bytes = codec::encode(&run);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(altered) = codec::decode::<{ 64 * 1024 }, Run>(&bytes) {
            prop_assert!(check_run(EVENT, without_head(log.tails[2]), &altered).is_err(), "byte {} of {}", at, bytes.len());
        }
    }

    #[test]
    fn any_run_gives_an_answer(seq: u64, records in prop::collection::vec(any::<Vec<u8>>(), 0..5), ours: u64) {
        let mut run = Log::new(1).run(0, 1);
        run.base = Tail { seq: Seq(seq), hash: [5; 32] };
        run.records = records;
        let ours = Tail { seq: Seq(ours), hash: [6; 32] };
        prop_assert!(check_run(EVENT, without_head(ours), &run).is_err());
    }
}
