//! One device at many events: what was signed for one of them is worth nothing at another, though every key were the same.

use std::sync::Arc;

use usher_keys::{BundleError, DeviceIdentity, EventId, SignedBundle};

use super::*;
use crate::assurance::Assurance;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::evidence::{self, Worth};
use crate::fork::ForkProof;
use crate::ident::Hlc;
use crate::ledger::Ledger;
use crate::log::{Head, Run, RunError, Tail};
use crate::record::Record;
use crate::rehearsal::{
    EVENT, NOW, authority, bundle, certificate, identity, identity_by, issuing, root, roots, scanner,
    shared_trust, trust,
};
use crate::trust::Trust;

/// Another event of the season, whose organizer uses the same keys.
const GALA: EventId = EventId(*b"another evening!");

fn bundle_of_the_gala(version: u64) -> SignedBundle {
    let mut bundle = bundle(version);
    bundle.event = GALA;
    bundle.sign(&[&root()])
}

fn trust_of_the_gala() -> Arc<Trust> {
    Arc::new(Trust::pin(&roots(), bundle_of_the_gala(1)).unwrap())
}

/// The device's certificate at the gala.
fn at_the_gala(device: &SecretKey, role: Role) -> DeviceIdentity {
    let mut certificate = certificate(device, role);
    certificate.event = GALA;
    identity_by(&issuing(), certificate)
}

/// A log of an event with one record.
fn log_of(event: EventId, key: &SecretKey, body: Body) -> Run {
    let bytes = Record::new(Hlc { ms: NOW.0, count: 0 }, body).to_bytes();
    let tail = Tail::default().push(event, &key.public(), &bytes);
    Run {
        base: Tail::default(),
        records: vec![bytes],
        head: Head::sign(event, tail, key),
    }
}

#[test]
fn logs_of_one_event_are_none_of_another() {
    let said = Body::Revoked {
        unit: Unit(1),
        generation: Generation(1),
    };
    let opened = |identity| Body::Opened { identity };
    let gala = GALA;
    for (key, body) in [
        (authority(), said),
        (hub(2), opened(at_the_gala(&hub(2), Role::Hub))),
        (hub(2), opened(identity(&hub(2), Role::Hub))),
    ] {
        let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
        let mut run = log_of(gala, &key, body);
        assert!(matches!(
            gate.take(&run),
            Err(RunError::Forked(_) | RunError::FalseHead)
        ));
        // Its head signed for this event, its records chained for the other.
        run.head = Head::sign(EVENT, run.head.tail, &key);
        assert!(matches!(
            gate.take(&run),
            Err(RunError::Forked(_) | RunError::Altered)
        ));
    }
}

#[test]
fn certificates_of_one_event_let_nobody_in_at_another() {
    let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
    let there = at_the_gala(&hub(2), Role::Hub);
    let opening = log_of(
        EVENT,
        &hub(2),
        Body::Opened {
            identity: there.clone(),
        },
    );
    assert_eq!(gate.take(&opening), Err(RunError::UnknownOrigin));
    let register = gate.ledger.state().register();
    assert!(
        trust(1)
            .check_peer((&there, hub(2).public()), &register, NOW)
            .is_err()
    );
    // Nor does the authority vouch for one, nor a hub renew it.
    for body in [
        Body::DeviceEnrolled {
            identity: there.clone(),
        },
        Body::Renewed { identity: there },
    ] {
        assert_eq!(evidence::worth(&body, &trust(1)), Worth::False);
    }
}

#[test]
fn checkpoints_assurances_forks_and_bundles_of_one_event_say_nothing_at_another() {
    let mut ledger = Ledger::new(authority().public(), None, trust_of_the_gala());
    ledger.write(Body::Restated, NOW);
    ledger.seal(&authority());
    let there = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), NOW).sign(&authority());
    assert_eq!(there.verify(&trust(1)), Err(CheckpointError::OtherEvent));
    assert_eq!(there.verify_stored(&trust(1)), Err(CheckpointError::OtherEvent));
    let assured = Assurance::sign(GALA, NOW, Tail::default(), &authority());
    assert!(assured.is_genuine(&trust_of_the_gala()) && !assured.is_genuine(&trust(1)));
    // A device that writes a log at each has no two histories.
    let [here, there] = [(EVENT, 1), (GALA, 2)].map(|(event, hash)| {
        let tail = Tail {
            seq: Seq(1),
            hash: [hash; 32],
        };
        Head::sign(event, tail, &scanner(1))
    });
    let proof = ForkProof::of_heads(here, there).unwrap();
    assert_eq!((proof.check(EVENT), proof.check(GALA)), (None, None));
    let renewed = trust(1).renew(bundle_of_the_gala(2));
    assert!(matches!(renewed, Err(BundleError::OtherEvent)));
    assert_eq!(shared_trust(1).event(), EVENT);
}
