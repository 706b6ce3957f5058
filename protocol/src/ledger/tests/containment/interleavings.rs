//! Whatever order logs, bundles and checkpoints come in, replicas that hold the same know the same.

use proptest::prelude::*;
use usher_keys::SecretKey;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::ident::{Hlc, Origin, ZoneId};
use crate::log::{Head, Run, Tail};
use crate::record::{PlacesOf, Record};
use crate::rehearsal::bodies::{by_authority, by_device};
use crate::rehearsal::{
    EVENT, HOUR_MS, NOW, authority, capable, certificate, enrolled_by, fork, policy, scanner, succeeded,
    successor,
};
use crate::state::State;

/// A log as runs of one record each.
#[derive(Clone)]
struct Log {
    key: SecretKey,
    runs: Vec<Run>,
}

/// One line a record, so that a failing case can be read.
impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.runs.iter().try_for_each(|run| {
            let what = match Record::from_bytes(&run.records[0]) {
                Ok(record) => format!("{:?}", record.body),
                Err(unread) => format!("{unread:?}"),
            };
            let first: String = what.chars().take(200).collect();
            write!(f, "\n    {}: {first}", run.head.tail.seq)
        })
    }
}

impl Log {
    fn new(key: SecretKey, records: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut base = Tail::default();
        let origin = key.public();
        let run = |bytes: Vec<u8>| {
            let tail = base.push(EVENT, &origin, &bytes);
            let run = Run {
                base,
                records: vec![bytes],
                head: Head::sign(EVENT, tail, &key),
            };
            base = tail;
            run
        };
        let runs = records.into_iter().map(run).collect();
        Self { key, runs }
    }

    fn origin(&self) -> Origin {
        self.key.public()
    }
}

/// The bytes of a record at some hour.
fn written((hours, body): (u64, Body)) -> Vec<u8> {
    let hlc = Hlc {
        ms: NOW.0 + hours * HOUR_MS,
        count: 0,
    };
    Record::new(hlc, body).to_bytes()
}

fn at_some_hour(body: impl Strategy<Value = Body>) -> impl Strategy<Value = Vec<u8>> {
    (0_u64..72, body).prop_map(written)
}

/// What a device writes. Forks are left out: how much of a forked log a replica holds depends on when it heard of that.
fn unforked() -> impl Strategy<Value = Body> {
    by_device().prop_map(|body| {
        if matches!(body, Body::ForkSeen(_)) {
            return Body::ForkSeen(Box::new(fork(&scanner(7), 1, [[1; 32], [2; 32]])));
        }
        body
    })
}

/// Anything at all: what others may say, records of later versions, and bytes that are none.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let later = (any::<bool>(), 200_u32..210).prop_map(|(critical, kind)| {
        let hlc = Hlc { ms: NOW.0, count: 0 };
        usher_keys::codec::encode(&(hlc, critical, kind))
    });
    prop_oneof![
        4 => at_some_hour(unforked()),
        2 => at_some_hour(by_authority()),
        1 => later,
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn devices_log(key: SecretKey, identity: usher_keys::DeviceIdentity, records: Vec<Vec<u8>>) -> Log {
    let opened = written((0, Body::Opened { identity }));
    Log::new(key, [opened].into_iter().chain(records))
}

/// The logs of two authorities, the second of which takes over, an honest hub, a lying hub, and a scanner that it enrolled.
fn logs() -> impl Strategy<Value = Vec<Log>> {
    let many = || prop::collection::vec(at_some_hour(unforked()), 0..8);
    let ruled = || prop::collection::vec(at_some_hour(by_authority()), 0..8);
    let lies = prop::collection::vec(anything(), 0..8);
    (
        ruled(),
        ruled(),
        any::<prop::sample::Index>(),
        many(),
        lies,
        many(),
    )
        .prop_map(|(first, mut next, at, by_hub, lies, by_scanner)| {
            // Whoever takes over lists again what was listed, before it says that it has said everything again.
            let at = at.index(next.len() + 1);
            next.insert(at, written((0, Body::Restated)));
            let is_list = |bytes: &&Vec<u8>| {
                matches!(
                    Record::from_bytes(bytes),
                    Ok(Record {
                        body: Body::Foreign(_),
                        ..
                    })
                )
            };
            let lists: Vec<_> = first.iter().filter(is_list).cloned().collect();
            next.splice(at..at, lists);
            let policy = policy();
            let published = written((0, Body::Policy { version: 1, policy }));
            let of_scanner = enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
            vec![
                Log::new(authority(), [published.clone()].into_iter().chain(first)),
                Log::new(successor(), [published].into_iter().chain(next)),
                devices_log(hub(1), capable(&hub(1), Role::Hub), by_hub),
                devices_log(hub(2), capable(&hub(2), Role::Hub), lies),
                devices_log(scanner(1), of_scanner, by_scanner),
            ]
        })
}

/// One thing that happens to a replica.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// The next record of that log comes.
    Record(usize),
    /// The next trust bundle comes.
    Bundle,
    /// A fresh replica takes over, which begins at a checkpoint of this one.
    Checkpoint,
}

/// The bundles that follow on the first one; with the last one the first authority is struck out.
fn bundle(version: u64) -> usher_keys::SignedBundle {
    let struck = [&authority()];
    succeeded(version, &[successor()], if version > 2 { &struck } else { &[] })
}

fn steps(bundles: usize) -> impl Strategy<Value = Vec<Step>> {
    let record = (0_usize..5).prop_map(Step::Record);
    let records = prop::collection::vec(record, 0..40);
    let checkpoints = prop::collection::vec(Just(Step::Checkpoint), 0..3);
    let all = (records, checkpoints).prop_map(move |(records, checkpoints)| {
        let bundles = vec![Step::Bundle; bundles];
        [records, checkpoints, bundles].concat()
    });
    all.prop_shuffle()
}

struct Replica {
    machine: Machine,
    bundles: u64,
}

impl Replica {
    fn new() -> Self {
        Self {
            machine: Machine::new(hub(9), Role::Hub),
            bundles: 1,
        }
    }

    fn take(&mut self, step: Step, logs: &[Log]) {
        match step {
            Step::Record(log) => drop(self.take_next(&logs[log])),
            Step::Bundle => {
                self.bundles += 1;
                self.machine.renew_trust(bundle(self.bundles));
            }
            Step::Checkpoint => self.begin_anew(),
        }
    }

    fn take_next(&mut self, log: &Log) -> bool {
        let held = usize::try_from(self.machine.ledger.tail(&log.origin()).seq.0).unwrap();
        log.runs
            .get(held)
            .is_some_and(|run| self.machine.take(run).is_ok())
    }

    /// Takes whatever may be taken still.
    fn catch_up(&mut self, logs: &[Log]) {
        while logs.iter().any(|log| self.take_next(log)) {}
    }

    /// Begins at a checkpoint, which leaves logs out of which a record waits for a key: they come anew.
    fn begin_anew(&mut self) {
        let ledger = &self.machine.ledger;
        let key = [authority(), successor()]
            .into_iter()
            .find(|key| ledger.state().authority() == Some(key.public()));
        let checkpoint = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), NOW);
        let signed = checkpoint.sign(&key.unwrap());
        let mut fresh = Self::new();
        while fresh.bundles < self.bundles {
            fresh.take(Step::Bundle, &[]);
        }
        fresh.machine.take_checkpoint(&signed);
        // Nobody begins at a checkpoint of an authority that was struck out.
        if fresh.machine.checkpoint.is_some() {
            *self = fresh;
        }
    }

    fn state(&self) -> &State {
        self.machine.ledger.state()
    }
}

fn check_any_order(logs: &[Log], steps: &[Step], bundles: u64) -> Result<(), TestCaseError> {
    let mut plain = Replica::new();
    plain.take(Step::Bundle, logs);
    plain.catch_up(logs);
    while plain.bundles <= bundles {
        plain.take(Step::Bundle, logs);
    }
    let mut other = Replica::new();
    steps.iter().for_each(|step| other.take(*step, logs));
    other.catch_up(logs);
    let (one, other) = (plain.state(), other.state());
    prop_assert_eq!(one.authority(), Some(successor().public()));
    prop_assert_eq!(one.incidents(), other.incidents());
    prop_assert_eq!(&one.counts().admitted, &other.counts().admitted);
    prop_assert_eq!(&one.counts().exited, &other.counts().exited);
    prop_assert_eq!(one.rosters(), other.rosters());
    prop_assert_eq!(one.limits(), other.limits());
    for zone in [1, 2].map(ZoneId) {
        prop_assert_eq!(one.occupancy(zone), other.occupancy(zone));
        prop_assert_eq!(one.arrivals(zone, NOW), other.arrivals(zone, NOW));
        for of in [PlacesOf::Room, PlacesOf::TimeSlot(NOW)] {
            prop_assert_eq!(one.places(zone, of), other.places(zone, of));
        }
    }
    prop_assert_eq!(one.digest(), other.digest());
    Ok(())
}

proptest! {
    #[test]
    fn replicas_that_hold_the_same_know_the_same(logs in logs(), steps in steps(1)) {
        check_any_order(&logs, &steps, 1)?;
    }

    #[test]
    fn so_they_do_when_the_first_authority_is_struck_out_at_any_moment(logs in logs(), steps in steps(2)) {
        check_any_order(&logs, &steps, 2)?;
    }
}
