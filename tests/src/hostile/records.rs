//! Records of every writer, well chained and signed but saying anything: replicas take them, and agree whatever the order.

use std::collections::BTreeMap;

use usher_keys::{PublicKey, Role, SecretKey};
use usher_protocol::checkpoint::{Checkpoint, MAX_CHECKPOINT_BYTES};
use usher_protocol::evidence::Evidence;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Head, Run, RunError, Tail};
use usher_protocol::record::{Body, MAX_RECORD_BYTES, Record};
use usher_protocol::{Hlc, Unit, ZoneId};

use super::Target;
use super::draw::Draw;
use super::scene::{EVENT, NOW, authority, hub, identity, next_authority, policy, scanner, trust, writers};

/// Logs by writer: bytes of records.
type Logs = BTreeMap<PublicKey, Vec<Vec<u8>>>;

/// The bytes are records one after the other: whose, how long, what.
pub fn records() -> Target {
    let (keys, opening) = (writers(), opening());
    Box::new(move |data| {
        let mut logs = opening.clone();
        let mut draw = Draw::new(data);
        while draw.has_more() {
            let writer = draw.below(logs.len());
            let bytes = draw.u16();
            let record = draw.bytes(bytes.into());
            check_bytes(record);
            let log = logs.values_mut().nth(writer).expect("one of the writers");
            log.push(record.to_vec());
        }
        check_logs(&keys, &logs);
    })
}

/// What every log begins with, so that each writer is known and there is a policy.
fn opening() -> Logs {
    let record = |body| {
        let hlc = Hlc { ms: NOW.0, count: 0 };
        Record::new(hlc, body).to_bytes()
    };
    let hubs = vec![hub(1).public(), hub(2).public()];
    let authority_record = [
        Body::Policy {
            version: 1,
            policy: policy(),
        },
        Body::Roster { epoch: 1, hubs },
    ];
    let mut logs = Logs::from([
        (authority().public(), authority_record.map(record).to_vec()),
        (next_authority().public(), Vec::new()),
    ]);
    for (device, role) in [
        (hub(1), Role::Hub),
        (hub(2), Role::Hub),
        (scanner(1), Role::Scanner),
    ] {
        let identity = identity(&device, role);
        logs.insert(device.public(), vec![record(Body::Opened { identity })]);
    }
    logs
}

fn check_bytes(bytes: &[u8]) {
    if let Ok(record) = Record::from_bytes(bytes) {
        assert_eq!(record.to_bytes(), bytes, "a second encoding of one record");
    }
}

fn check_logs(keys: &BTreeMap<PublicKey, SecretKey>, logs: &Logs) {
    let (mut forth, mut back) = (replica(), replica());
    for (writer, log) in logs {
        hear(&mut forth, &keys[writer], log, true);
    }
    for (writer, log) in logs.iter().rev() {
        hear(&mut back, &keys[writer], log, false);
    }
    let digest = forth.state().digest();
    if forth.vector() == back.vector() {
        assert_eq!(
            digest,
            back.state().digest(),
            "the order of logs changes the state"
        );
        assert_eq!(forth.state().incidents(), back.state().incidents());
    }
    for unit in 0..4 {
        let _ = forth.state().history(Unit(unit), ZoneId(1));
    }
    check_checkpoint(&forth, keys, logs);
}

/// A replica that watches and writes nothing itself.
fn replica() -> Ledger {
    let me = hub(9);
    Ledger::new(me.public(), Some(identity(&me, Role::Hub)), trust(1))
}

/// Hears a log, record by record or all at once, with the evidence found beforehand or not.
fn hear(ledger: &mut Ledger, writer: &SecretKey, log: &[Vec<u8>], one_by_one: bool) {
    let mut base = Tail::default();
    if log.is_empty() {
        return;
    }
    for records in log.chunks(if one_by_one { 1 } else { log.len() }) {
        let tail = records
            .iter()
            .fold(base, |tail, record| tail.push(EVENT, &writer.public(), record));
        let run = Run {
            base,
            records: records.to_vec(),
            head: Head::sign(EVENT, tail, writer),
        };
        let evidence = one_by_one.then(|| Evidence::of(&run, ledger.trust()));
        match ledger.accept(&run, evidence, NOW) {
            Ok(accepted) => assert_eq!(accepted.entries.len(), records.len()),
            // What is stopped by what others wrote, or by a certificate the authority has taken back.
            Err(RunError::Frozen | RunError::UnknownOrigin | RunError::TooManyLogs) => return,
            Err(RunError::Malformed) => {
                let too_long = records.iter().any(|record| record.len() > MAX_RECORD_BYTES);
                assert!(
                    too_long || records.len() > 1_024,
                    "a sound run is called malformed"
                );
                return;
            }
            Err(error) => panic!("a sound run is refused: {error}"),
        }
        base = tail;
    }
}

/// A replica that begins at a checkpoint of the state has the same state, once it has heard the logs that are left out because
/// a record in them was not understood.
fn check_checkpoint(ledger: &Ledger, keys: &BTreeMap<PublicKey, SecretKey>, logs: &Logs) {
    let checkpoint = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), NOW);
    // Only whose word it is, or a later authority, may sum it up.
    let signer = if ledger.state().authority() == Some(next_authority().public()) {
        next_authority()
    } else {
        authority()
    };
    let signed = checkpoint.sign(&signer);
    if signed.bytes.len() > MAX_CHECKPOINT_BYTES {
        return;
    }
    let mut fresh = replica();
    if let Err(error) = fresh.adopt(&signed) {
        panic!("a checkpoint of our own is refused: {error}");
    }
    let mut left_out: Vec<_> = ledger.state().not_wholly_read().into_iter().collect();
    // The authority's first: by what it says of devices their logs are taken.
    left_out.sort_by_key(|origin| Some(*origin) != ledger.state().authority());
    for left_out in &left_out {
        let heard = usize::try_from(ledger.tail(left_out).seq.0).unwrap_or(usize::MAX);
        hear(&mut fresh, &keys[left_out], &logs[left_out][..heard], true);
        if fresh.tail(left_out) != ledger.tail(left_out) {
            // It is taken no more, by what others have said since.
            return;
        }
    }
    assert_eq!(
        fresh.state().digest(),
        ledger.state().digest(),
        "the state changes on its way through a checkpoint"
    );
}
