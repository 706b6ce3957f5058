//! What proves something by its signatures: certificates and fork proofs, good ones, and ones with a single fault.

use usher_keys::{
    Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Role, SecretKey, Signature,
    SignedCertificate, Timestamp, Window,
};
use usher_protocol::Seq;
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Run, Tail};
use usher_tests::hostile::scene::{EVENT, hub, issuing, key, later_issuing, scanner};
use usher_tests::sim::random::Random;

use super::records::{big, list, maybe, small, text};

/// Draws a window.
pub fn window(random: &mut Random) -> Window {
    Window {
        from: Timestamp(big(random)),
        until: Timestamp(big(random)),
    }
}

/// Draws an identity: of bytes that nobody signed, of a hub, or of a scanner by a hub.
pub fn identity(random: &mut Random) -> DeviceIdentity {
    if random.percent(15) {
        return DeviceIdentity {
            certificate: unsigned(random),
            via: maybe(random, unsigned),
        };
    }
    let issuer = match random.below(8) {
        0 => later_issuing(),
        1 => key(0x66),
        _ => issuing(),
    };
    let of_hub = certificate(random, &hub(1), Role::Hub);
    if random.percent(40) {
        return DeviceIdentity {
            certificate: spoilt(random, of_hub.sign(&issuer)),
            via: None,
        };
    }
    let of_scanner = certificate(random, &scanner(1), Role::Scanner);
    let by = if random.percent(96) { hub(1) } else { hub(2) };
    DeviceIdentity {
        certificate: spoilt(random, of_scanner.sign(&by)),
        via: Some(spoilt(random, of_hub.sign(&issuer))),
    }
}

/// Mostly a sound certificate; else any field may be what it must not be.
fn certificate(random: &mut Random, device: &SecretKey, role: Role) -> Certificate {
    let is_hub = role == Role::Hub;
    let gates = match random.below(4) {
        0 => list(random, small),
        1 => vec![1, 2],
        _ => Vec::new(),
    };
    Certificate {
        event: if random.percent(98) {
            EVENT
        } else {
            EventId(random.bytes16())
        },
        device: device.public(),
        role: if random.percent(98) { role } else { Role::Cloud },
        name: text(random),
        gates: if is_hub && random.percent(80) {
            Vec::new()
        } else {
            gates
        },
        capabilities: Capabilities {
            enrol_scanners: is_hub != random.percent(3),
            override_refusals: random.percent(if is_hub { 90 } else { 15 }),
        },
        window: window(random),
    }
}

/// Changes the signature now and then.
fn spoilt(random: &mut Random, mut signed: SignedCertificate) -> SignedCertificate {
    if random.percent(5) {
        signed.signature.0[random.index(64)] ^= 1;
    }
    signed
}

fn unsigned(random: &mut Random) -> SignedCertificate {
    let role = [Role::Cloud, Role::Hub, Role::Scanner][random.index(3)];
    let device = PublicKey(random.seed());
    SignedCertificate {
        certificate: Certificate {
            device,
            ..certificate(random, &hub(1), role)
        },
        issuer: PublicKey(random.seed()),
        signature: signature(random),
    }
}

fn signature(random: &mut Random) -> Signature {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&random.seed());
    signature[32..].copy_from_slice(&random.seed());
    Signature(signature)
}

/// Draws a proof that a hub's log has two histories, now and then with a fault.
pub fn fork_proof(random: &mut Random) -> ForkProof {
    let (records, tails) = history(random);
    let (_, others) = history(random);
    let at = 1 + random.index(tails.len() - 1);
    let one = Head::sign(EVENT, others[at.min(others.len() - 1)], &hub(1));
    let seq = usize::try_from(one.tail.seq.0).unwrap_or(1).min(tails.len() - 1);
    let last = tails.len() - 1;
    let run = Run {
        base: tails[seq - 1],
        records: records[seq - 1..].to_vec(),
        head: Head::sign(EVENT, tails[last], &hub(1)),
    };
    let of_heads = || ForkProof::of_heads(one.clone(), Head::sign(EVENT, tails[seq], &hub(1)));
    let proof = if random.percent(40) {
        of_heads()
    } else {
        ForkProof::of_run(EVENT, &one, &run).or_else(of_heads)
    };
    let mut proof = proof.unwrap_or(ForkProof {
        base: tails[seq].hash,
        links: Vec::new(),
        other: run.head,
        one,
    });
    if random.percent(25) {
        spoil(random, &mut proof);
    }
    proof
}

/// The records and tails of a history of one to five records that nobody else has.
fn history(random: &mut Random) -> (Vec<Vec<u8>>, Vec<Tail>) {
    let count = random.between(1, 5);
    let records: Vec<Vec<u8>> = (0..count).map(|_| random.seed().to_vec()).collect();
    let mut tails = vec![Tail::default()];
    for record in &records {
        let last = tails.last().copied().unwrap_or_default();
        tails.push(last.push(EVENT, &hub(1).public(), record));
    }
    (records, tails)
}

fn spoil(random: &mut Random, proof: &mut ForkProof) {
    match random.below(8) {
        0 => proof.base = proof.one.tail.hash,
        1 => proof.base = random.seed(),
        2 => proof.links.push(random.seed()),
        3 => proof.links.clear(),
        4 => proof.one.signature = signature(random),
        5 => proof.other.signature = signature(random),
        6 => proof.one = Head::sign(EVENT, proof.one.tail, &hub(2)),
        _ => {
            let tail = Tail {
                seq: Seq(0),
                hash: random.seed(),
            };
            proof.one = Head::sign(EVENT, tail, &hub(1));
        }
    }
}
