//! Other sellers' codes in the hand of a guest: what is read is one of those that are listed, and of a signed one no other text.

use data_encoding::BASE64;
use usher_keys::{EventId, SecretKey};
use usher_protocol::ticket::foreign::identity::{CodeIdentity, identify};
use usher_protocol::ticket::foreign::{ForeignCodes, ForeignList, ListedCode, ShownForeign, told};
use usher_protocol::{TierId, Unit};

use super::Target;

const SALT: [u8; 32] = [7; 32];

/// A text as it comes from the camera, and the same bytes as the code in a record.
pub fn foreign() -> Target {
    let (codes, texts) = listed();
    Box::new(move |data| {
        let read = codes.read(data, EventId([1; 16]));
        if let Ok(ticket) = &read {
            let at = usize::try_from(ticket.ticket().unit.0).expect("a small number");
            let is_hashed = matches!(identify(data), Some(CodeIdentity::Hashed(_)));
            assert!(
                is_hashed || data.trim_ascii() == texts[at],
                "another text of a listed code"
            );
            let shown = ShownForeign::parse(ticket.code()).expect("what was read goes into a record");
            assert!(codes.has_listed(&shown), "read, and not listed");
        }
        let mut marked = vec![0xf0];
        marked.extend_from_slice(data);
        for code in [data, &marked] {
            if let Some(shown) = ShownForeign::parse(code) {
                assert_eq!(told(code), Ok(shown.ticket()));
                assert_eq!(usher_keys::codec::encode(&shown), code, "two forms of one code");
            }
        }
    })
}

/// Three codes, one of each scheme, whose units are their places.
fn listed() -> (ForeignCodes, Vec<Vec<u8>>) {
    let seller = SecretKey::from_seed(&[0x5e; 32]);
    let payload = b"\x0a\x09abcdefghi\x10\x0c\x18\x03\x28\x00\x30\x00";
    let signature = seller.sign_plain(payload);
    let signed = [&[1, 0, 19, 0, 64][..], payload, &signature.0].concat();
    let signed: Vec<u8> = BASE64.encode(&signed).bytes().rev().collect();
    let proved = format!(
        "5f1c2c5e-7bd2-4f6f-9d1c-0123456789ab/{}",
        BASE64.encode(&[0x3c; 32])
    );
    let texts = vec![b"2384000123".to_vec(), signed, proved.into_bytes()];
    let listed = (0..).zip(&texts).map(|(unit, text)| ListedCode {
        code: identify(text).expect("a code").hash(&SALT),
        unit: Unit(unit),
        tier: TierId(1),
        admits: 1,
        used: 0,
    });
    let mut codes = ForeignCodes::default();
    codes.take(ForeignList {
        salt: SALT,
        sellers: vec![seller.public()],
        codes: listed.collect(),
    });
    (codes, texts)
}
