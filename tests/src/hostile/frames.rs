//! What peers send on streams and what is read from files: everything binary is read strictly and to the end, and what
//! is read behaves.

use std::fmt::Debug;

use bincode::{Decode, Encode};
use usher_keys::codec::{self, CodecError};
use usher_keys::{Certificate, DeviceIdentity, EnrolmentCode, Role, SignedBundle, SignedCertificate};
use usher_protocol::checkpoint::Checkpoint;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Head, Known, Run, Tail, check_run};
use usher_protocol::request::{self, Reply, Request};
use usher_protocol::sync::parts::{Part, Parts};
use usher_protocol::sync::{MAX_FRAME_BYTES, Message};

use super::Target;
use super::draw::Draw;
use super::scene::{EVENT, NOW, authority, hub, identity, roots, trust};

/// The first byte says as what the others are read.
pub fn frames() -> Target {
    let reads: [fn(&[u8]); 11] = [
        message,
        request,
        response,
        run,
        checkpoint,
        bundle,
        device,
        enrolment_code,
        json,
        fork_proof,
        part,
    ];
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let read = draw.pick(&reads);
        read(draw.rest());
    })
}

/// Demands of bytes that are read that they are what would be written.
fn strictly<T: Encode>(read: Result<T, CodecError>, bytes: &[u8]) -> Option<T> {
    let value = read.ok()?;
    assert_eq!(codec::encode(&value), bytes, "a second encoding of one value");
    Some(value)
}

fn message(bytes: &[u8]) {
    let versions = Message::versions_in(bytes);
    match strictly(Message::from_bytes(bytes), bytes) {
        Some(Message::Run(run)) => check(&run),
        Some(Message::Hello(hello)) => {
            assert_eq!(
                versions,
                Some(hello.versions),
                "other versions in front than inside"
            );
        }
        Some(
            Message::Have(_)
            | Message::Checkpoint(_)
            | Message::Bundle(_)
            | Message::Beat { .. }
            | Message::Recap
            | Message::Fork(_)
            | Message::Bye(_),
        ) => assert_eq!(versions, None, "versions in what is no hello"),
        None => {}
    }
}

fn request(bytes: &[u8]) {
    strictly(request::from_bytes::<Request>(bytes), bytes);
}

fn response(bytes: &[u8]) {
    strictly(request::from_bytes::<Reply>(bytes), bytes);
}

fn plainly<T: Encode + Decode<()> + Debug>(bytes: &[u8]) -> Option<T> {
    strictly(codec::decode::<MAX_FRAME_BYTES, T>(bytes), bytes)
}

fn run(bytes: &[u8]) {
    if let Some(run) = plainly::<Run>(bytes) {
        check(&run);
    }
}

fn check(run: &Run) {
    for ours in [Tail::default(), run.base, run.head.tail] {
        let head = Head {
            tail: ours,
            ..run.head.clone()
        };
        let known = Known {
            tail: ours,
            head: Some(&head),
        };
        if let Ok(new) = check_run(EVENT, known, run) {
            assert!(new.records.len() <= run.records.len(), "records out of nothing");
        }
    }
}

fn fork_proof(bytes: &[u8]) {
    if let Some(proof) = plainly::<ForkProof>(bytes) {
        let _ = proof.check(EVENT);
    }
}

fn part(bytes: &[u8]) {
    if let Some(part) = plainly::<Part>(bytes) {
        let _ = Parts::default().take(part);
    }
}

/// Bytes that an authority signed: they are believed, but must be bounded all the same.
fn checkpoint(bytes: &[u8]) {
    plainly::<Checkpoint>(bytes);
    let signature = authority().sign(usher_keys::Domain::Checkpoint, bytes);
    let signed = usher_protocol::checkpoint::SignedCheckpoint {
        authority: authority().public(),
        bytes: bytes.to_vec(),
        signature,
    };
    let me = hub(1);
    let mut ledger = Ledger::new(me.public(), Some(identity(&me, Role::Hub)), trust(1));
    if ledger.adopt(&signed).is_ok() {
        let state = ledger.state();
        let _ = (state.digest(), state.incidents(), ledger.write_due_records(NOW));
    }
}

fn bundle(bytes: &[u8]) {
    if let Some(signed) = plainly::<SignedBundle>(bytes) {
        let _ = (
            signed.unverified().map(|bundle| bundle.check()),
            signed.verify(&roots()),
        );
        let _ = trust(1).renew(signed);
    }
}

fn device(bytes: &[u8]) {
    let trust = trust(1);
    plainly::<Certificate>(bytes);
    plainly::<SignedCertificate>(bytes);
    if let Some(identity) = plainly::<DeviceIdentity>(bytes) {
        let _ = identity.verify_chain(trust.bundle());
        let _ = identity.verify(trust.bundle(), NOW);
    }
}

fn enrolment_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(code) = text.parse::<EnrolmentCode>() {
        assert_eq!(code.to_string(), text, "two texts of one code");
    }
}

/// The same in files and HTTP bodies: key requests, bundles and grants.
fn json(bytes: &[u8]) {
    if let Ok(signed) = serde_json::from_slice::<SignedBundle>(bytes) {
        let again = serde_json::to_vec(&signed).expect("a bundle has a JSON form");
        assert_eq!(serde_json::from_slice::<SignedBundle>(&again).ok(), Some(signed));
    }
    if let Ok(request) = serde_json::from_slice::<usher_keys::KeyRequest>(bytes) {
        let _ = request.check().is_ok() && request.first_bundle(roots()).check().is_ok();
    }
    let key = usher_keys::EnrolmentKey([7; 32]);
    let _ = serde_json::from_slice::<usher_keys::EnrolmentRequest>(bytes)
        .map(|request| request.verify(usher_keys::EventId([7; 16]), &key));
    let _ = serde_json::from_slice::<usher_keys::SealedGrant>(bytes);
    let _ = serde_json::from_slice::<usher_protocol::policy::Policy>(bytes).map(|policy| policy.check());
}
