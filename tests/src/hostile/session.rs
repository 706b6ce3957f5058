//! A peer that has proven a key and says anything at any time: the session never does what the peer may not have.

mod conversation;

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_keys::{DeviceIdentity, PublicKey, Role, SecretKey, Timestamp};
use usher_protocol::Seq;
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Run, RunError, Tail};
use usher_protocol::state::State;
use usher_protocol::sync::parts::{self, Part};
use usher_protocol::sync::{Farewell, Held, Hello, Input, Message, NotStored, VersionRange};

use super::Target;
use super::draw::Draw;
use super::scene::{
    EVENT, NOW, authority, hub, identity, identity_by, issuing, later_issuing, scanner, signed_bundle, trust,
    writers,
};
use conversation::Conversation;

/// Records of one run at most: each costs a hash.
const RECORDS: usize = 4;
/// How time moves, in milliseconds; a big step back is a clock that was set.
const STEPS_MS: [i64; 8] = [0, 1, 250, 2_000, 5_001, 15_001, -1, -3_600_000];

/// The bytes are inputs one after the other: what happens, and with what.
pub fn session() -> Target {
    Box::new(|data| {
        let mut draw = Draw::new(data);
        let peer = draw.pick(&[hub(1), authority(), scanner(1), hub(3)]).public();
        let held = draw.list(3, held);
        let mut conversation = Conversation::begin(peer, held);
        while draw.has_more() {
            step(&mut draw, &mut conversation);
        }
    })
}

fn step(draw: &mut Draw, conversation: &mut Conversation) {
    match draw.below(16) {
        0 => conversation.input(Input::Start),
        1 => {
            let bytes = draw.u16();
            // The driver ends a session over bytes that are no message.
            if let Ok(message) = Message::from_bytes(draw.bytes(bytes.into())) {
                conversation.receive(message);
            }
        }
        2 => conversation.receive(Message::Hello(Box::new(hello(draw)))),
        3 => conversation.receive(message(draw)),
        4 => conversation.grow(held(draw)),
        5 => conversation.loaded(draw.optional(run)),
        6 => conversation.loaded_checkpoint(draw.optional(checkpoint)),
        7 => conversation.stored_checkpoint(),
        8 => stored(draw, conversation),
        9 => conversation.trust(1 + u64::from(draw.bit())),
        10 => conversation.revoke(draw.pick(&[hub(1), hub(2), scanner(1)]).public()),
        11..15 => conversation.pass(draw.pick(&STEPS_MS)),
        _ => conversation.input(Input::Leave),
    }
}

/// The storage's answer to what the session wanted stored, if it wanted anything.
fn stored(draw: &mut Draw, conversation: &mut Conversation) {
    let ours = Tail {
        seq: Seq(draw.byte().into()),
        hash: draw.array(),
    };
    let run = |error| Err(NotStored::Run(error));
    let result = match draw.below(11) {
        0 => Err(NotStored::Unavailable),
        1 => run(RunError::Malformed),
        2 => run(RunError::FalseHead),
        3 => run(RunError::Altered),
        4 => run(RunError::Gap {
            base: Seq(9),
            ours: ours.seq,
        }),
        5 => run(RunError::Forked(fork_proof(ours).map(Box::new))),
        6 => run(RunError::Frozen),
        7 => run(RunError::UnknownOrigin),
        8 => run(RunError::TooManyLogs),
        9 => run(RunError::TooLong),
        _ => Ok(ours),
    };
    conversation.stored(result);
}

/// A proof that the first hub has another history than that, but for an empty one.
fn fork_proof(ours: Tail) -> Option<ForkProof> {
    let other = Tail {
        hash: [7; 32],
        ..ours
    };
    let [one, other] = [ours, other].map(|tail| Head::sign(EVENT, tail, &hub(1)));
    ForkProof::of_heads(one, other).filter(|proof| proof.check(EVENT).is_some())
}

/// What a peer says of two histories: proven, or nearly so.
fn told_fork(draw: &mut Draw) -> ForkProof {
    let signers = [hub(1), hub(2), hub(3), hub(9), authority(), scanner(1)];
    let (signer, other_signer) = (draw.pick(&signers), draw.pick(&signers));
    let seq = Seq(draw.byte().into());
    let hash = |draw: &mut Draw| [draw.byte() % 2; 32];
    let (one, base) = (hash(draw), hash(draw));
    let links = draw.list(3, hash);
    let push = |tail: Tail, link: &[u8; 32]| tail.push_hash(EVENT, &signer.public(), link);
    let other = links.iter().fold(Tail { seq, hash: base }, push);
    let other = if draw.below(4) == 3 {
        Head::sign(EVENT, other, &other_signer)
    } else {
        Head::sign(EVENT, other, &signer)
    };
    ForkProof {
        one: Head::sign(EVENT, Tail { seq, hash: one }, &signer),
        base,
        links,
        other,
    }
}

/// Genuine, or with another moment than was signed.
fn assurance(draw: &mut Draw) -> Assurance {
    let tail = Tail {
        seq: Seq(draw.u64() % 4),
        hash: draw.array(),
    };
    let mut assurance = Assurance::sign(EVENT, NOW, tail, &authority());
    if draw.bit() {
        assurance.at = Timestamp(draw.u64());
    }
    assurance
}

fn message(draw: &mut Draw) -> Message {
    match draw.below(8) {
        0 => Message::Have(draw.list(5, held)),
        1 => Message::Fork(Box::new(told_fork(draw))),
        2 => Message::Run(Arc::new(run(draw))),
        3 => Message::Checkpoint(part(draw)),
        4 => Message::Bundle(signed_bundle(1 + u64::from(draw.bit()))),
        5 => Message::Beat {
            digest: draw.array(),
            clock: Timestamp(draw.u64()),
            assurance: draw.optional(assurance),
        },
        6 => Message::Recap,
        _ => Message::Bye(draw.pick(&[Farewell::Leaving, Farewell::NotWelcome, Farewell::BadMessage])),
    }
}

fn hello(draw: &mut Draw) -> Hello {
    let lowest = draw.pick(&[1, 2, 2, 2, 3]);
    let highest = draw.pick(&[2, 2, 2, 3, 1]);
    let device = draw.pick(&[hub(1), authority(), scanner(1), hub(3)]);
    let role = draw.pick(&[Role::Hub, Role::Cloud, Role::Scanner]);
    let issuer = draw.pick(&[issuing(), later_issuing(), hub(2)]);
    let via = issuer.public() == hub(2).public();
    Hello {
        versions: VersionRange { lowest, highest },
        event: if draw.below(8) == 7 {
            usher_keys::EventId(draw.array())
        } else {
            EVENT
        },
        identity: DeviceIdentity {
            via: via.then(|| identity(&hub(2), Role::Hub).certificate),
            ..identity_by(&issuer, &device, role)
        },
        bundle: signed_bundle(1 + u64::from(draw.bit())),
        held: draw.list(5, held),
        heard_yours: draw.bit(),
    }
}

/// Everybody who writes logs, and the session's own device: a peer may hold more of its log than it has itself.
fn keys() -> BTreeMap<PublicKey, SecretKey> {
    let mut keys = writers();
    keys.insert(hub(9).public(), hub(9));
    keys
}

fn origin(draw: &mut Draw) -> PublicKey {
    let known: Vec<PublicKey> = keys().into_keys().collect();
    match draw.below(known.len() + 1) {
        number if number < known.len() => known[number],
        _ => PublicKey(draw.array()),
    }
}

/// A copy's end, small mostly, with a true signature if the origin's key is ours.
fn held(draw: &mut Draw) -> Held {
    let origin = origin(draw);
    let seq = match draw.below(4) {
        3 => draw.u64(),
        _ => u64::from(draw.byte()) * 100,
    };
    let tail = Tail {
        seq: Seq(seq),
        hash: [draw.byte() % 2; 32],
    };
    let signed = draw.bit().then(|| keys().remove(&origin)).flatten();
    Held {
        origin,
        tail,
        signature: signed.map(|key| Head::sign(EVENT, tail, &key).signature),
    }
}

fn run(draw: &mut Draw) -> Run {
    let held = held(draw);
    let records = draw.list(RECORDS, |draw| {
        let bytes = draw.byte();
        draw.bytes(bytes.into()).to_vec()
    });
    let signature = held.signature.unwrap_or(usher_keys::Signature([7; 64]));
    Run {
        base: Tail {
            seq: Seq(held.tail.seq.0.saturating_sub(records.len() as u64)),
            hash: draw.array(),
        },
        records,
        head: Head {
            origin: held.origin,
            tail: held.tail,
            signature,
        },
    }
}

fn checkpoint(draw: &mut Draw) -> SignedCheckpoint {
    let heads = draw.list(3, held);
    let heads = heads.iter().filter_map(Held::head).collect();
    let signer = draw.pick(&[authority(), hub(1)]);
    let trust = trust(1);
    Checkpoint::of(&State::new(Arc::clone(&trust)), &trust, heads, NOW).sign(&signer)
}

/// The one part of a checkpoint, or one that does not belong to any.
fn part(draw: &mut Draw) -> Part {
    if draw.below(4) < 3 {
        return parts::cut(&checkpoint(draw)).remove(0);
    }
    Part {
        number: u16::from(draw.byte()) % 4,
        of: u16::from(draw.byte()) % 4,
        bytes: vec![draw.byte(); usize::from(draw.byte())],
    }
}
