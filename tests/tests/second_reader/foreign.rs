//! Other sellers' codes: pretix's signed ones, alf.io's, and plain texts; as scanned, and as records have them.

use data_encoding::BASE64;
use usher_keys::{EventId, SecretKey};
use usher_protocol::ticket::foreign::identity::identify;
use usher_protocol::ticket::foreign::{ForeignCodes, ForeignList, ListedCode};
use usher_protocol::{TierId, Unit};
use usher_tests::sim::random::Random;

use super::records::{number, small};

fn seller() -> SecretKey {
    SecretKey::from_seed(&[0x5e; 32])
}

/// Draws the text of a code.
pub fn text(random: &mut Random) -> Vec<u8> {
    match random.below(3) {
        0 => signed(random),
        1 => {
            let uuid = "5f1c2c5e-7bd2-4f6f-9d1c-0123456789ab";
            format!("{uuid}/{}", BASE64.encode(&random.seed())).into_bytes()
        }
        _ => (0..random.between(1, 40)).map(|_| letter(random)).collect(),
    }
}

fn letter(random: &mut Random) -> u8 {
    b"abcdefghjkmnpqrstuvwxyz23456789"[random.index(31)]
}

/// A code as pretix signs it, of one item or another.
fn signed(random: &mut Random) -> Vec<u8> {
    let mut payload = vec![0x0a, 9];
    payload.extend((0..9).map(|_| letter(random)));
    for field in 2_u8..=6 {
        if random.percent(60) {
            payload.push(field << 3);
            let mut value = u64::from(number(random));
            while value >= 0x80 {
                payload.push(value.to_le_bytes()[0] | 0x80);
                value >>= 7;
            }
            payload.push(value.to_le_bytes()[0]);
        }
    }
    let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![1, 0, length, 0, 64];
    bytes.extend_from_slice(&payload);
    bytes.extend_from_slice(&seller().sign_plain(&payload).0);
    BASE64.encode(&bytes).bytes().rev().collect()
}

/// Draws the bytes that a record has of such a code.
pub fn shown(random: &mut Random) -> Vec<u8> {
    let text = text(random);
    let salt = [7; 32];
    let code = identify(&text).expect("no longer than a code").hash(&salt);
    let mut foreign = ForeignCodes::default();
    foreign.take(ForeignList {
        salt,
        sellers: vec![seller().public()],
        codes: vec![ListedCode {
            code,
            unit: Unit(number(random)),
            tier: TierId(small(random)),
            admits: u8::try_from(random.between(1, 255)).unwrap_or(1),
            used: 0,
        }],
    });
    let read = foreign.read(&text, EventId([1; 16]));
    read.expect("it is listed").code().to_vec()
}
