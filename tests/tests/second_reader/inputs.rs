//! What both readers are given: tickets by every kind of key, records of every kind, and small changes of them.

mod foreign;
mod proofs;
mod records;
mod tickets;

use std::fmt;

use data_encoding::HEXLOWER;
use usher_keys::PublicKey;
use usher_protocol::Seq;
use usher_protocol::log::Tail;
use usher_protocol::ticket::{Rejection, digits};
use usher_protocol::trust::Trust;
use usher_tests::hostile::mutation::Mutation;
use usher_tests::hostile::scene::{NOW, authority};
use usher_tests::sim::random::Random;

/// Where the drawing starts; any number would do.
const SEED: u64 = 4_711;
/// Signatures that the second reader may have to check: they cost it a millisecond each.
const SIGNATURES: usize = 1_500;
/// Inputs that are not changed, of each kind, for the others to be changes of.
const ORIGINALS: usize = 700;

/// What other sellers' codes are hashed with.
pub const SALT: [u8; 32] = [0x5a; 32];

/// One input.
#[derive(Debug, Clone)]
pub enum Input {
    /// The text of a code, as scanned.
    Text(Vec<u8>),
    /// The text of another seller's code, as scanned.
    Foreign(Vec<u8>),
    /// The bytes of a record behind a tail of a log.
    Record {
        bytes: Vec<u8>,
        origin: PublicKey,
        /// Where it stood.
        tail: Tail,
    },
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {:?}", String::from_utf8_lossy(text)),
            Self::Foreign(text) => write!(f, "the foreign code {:?}", String::from_utf8_lossy(text)),
            Self::Record { bytes, .. } => write!(f, "the record {}", HEXLOWER.encode(bytes)),
        }
    }
}

/// All inputs.
#[derive(Debug)]
pub struct Inputs(pub Vec<Input>);

impl Inputs {
    /// Draws so many, half of them texts.
    pub fn draw(trust: &Trust, count: usize) -> Self {
        let mut random = Random::new(SEED);
        let mut inputs: Vec<Input> = texts(trust, &mut random, count / 2)
            .into_iter()
            .map(Input::Text)
            .collect();
        inputs.extend(
            foreign_texts(&mut random, count / 5)
                .into_iter()
                .map(Input::Foreign),
        );
        let mut tail = Tail {
            seq: Seq(u64::from(u32::MAX)),
            hash: random.seed(),
        };
        for bytes in records(&mut random, count - inputs.len()) {
            tail.hash[random.index(32)] ^= 1;
            tail.seq = tail.seq.next();
            let origin = authority().public();
            inputs.push(Input::Record { bytes, origin, tail });
        }
        Self(inputs)
    }
}

fn texts(trust: &Trust, random: &mut Random, count: usize) -> Vec<Vec<u8>> {
    let codes: Vec<Vec<u8>> = (0..ORIGINALS).map(|_| tickets::code(random)).collect();
    let texts: Vec<Vec<u8>> = codes
        .iter()
        .map(|code| digits::encode(code).into_bytes())
        .collect();
    let mut mutation = Mutation::new(SEED);
    let mut signatures = texts.len();
    let mut inputs = texts.clone();
    while inputs.len() < count {
        let text = if random.percent(50) {
            mutation.of_one(&texts)
        } else {
            digits::encode(&mutation.of_one(&codes)).into_bytes()
        };
        let checked = asks_for_a_signature(trust, &text);
        if !checked || signatures < SIGNATURES {
            signatures += usize::from(checked);
            inputs.push(text);
        }
    }
    inputs
}

/// Draws codes of other sellers, and small changes of them.
fn foreign_texts(random: &mut Random, count: usize) -> Vec<Vec<u8>> {
    let originals: Vec<Vec<u8>> = (0..count / 2).map(|_| foreign::text(random)).collect();
    let mut mutation = Mutation::new(SEED);
    let mut inputs = originals.clone();
    inputs.extend((0..count - inputs.len()).map(|_| mutation.of_one(&originals)));
    inputs
}

fn asks_for_a_signature(trust: &Trust, text: &[u8]) -> bool {
    match trust.keyring().verify_text(text, NOW) {
        Ok(_) => true,
        Err(rejection) => match rejection {
            Rejection::NotATicket | Rejection::UnknownVersion { .. } | Rejection::UnknownKey => false,
            Rejection::FalseSignature
            | Rejection::StruckKey
            | Rejection::KeyOutOfWindow
            | Rejection::NotLive
            | Rejection::NotListed => true,
        },
    }
}

fn records(random: &mut Random, count: usize) -> Vec<Vec<u8>> {
    let record = |number| match number % 20 {
        0 => records::later(random),
        _ => records::record(random, number).to_bytes(),
    };
    let originals: Vec<Vec<u8>> = (0..ORIGINALS).map(record).collect();
    let mut mutation = Mutation::new(SEED);
    let mut inputs = originals.clone();
    while inputs.len() < count {
        inputs.push(mutation.of_one(&originals));
    }
    inputs
}
