//! Other sellers' codes: which text is which ticket, what an altered one is, and what lists come to.

use data_encoding::BASE64;
use proptest::prelude::*;
use sha2::Digest;
use usher_keys::{EventId, SecretKey};

use super::identity::{CodeIdentity, identify};
use super::*;
use crate::ident::Hlc;
use crate::record::{Body, MAX_RECORD_BYTES, Record};

const EVENT: EventId = EventId([1; 16]);
const SALT: [u8; 32] = [9; 32];
/// A payload as pretix makes it: seed, item 12, variation 3, and both times named though they are none.
const PAYLOAD: &[u8] = b"\x0a\x09abcdefghi\x10\x0c\x18\x03\x28\x00\x30\x00";

fn seller() -> SecretKey {
    SecretKey::from_seed(&[5; 32])
}

fn listed(text: &[u8], unit: u32, (tier, admits, used): (u16, u8, u8)) -> ListedCode {
    ListedCode {
        code: identify(text).unwrap().hash(&SALT),
        unit: Unit(unit),
        tier: TierId(tier),
        admits,
        used,
    }
}

fn list(codes: Vec<ListedCode>) -> ForeignList {
    ForeignList {
        salt: SALT,
        sellers: vec![seller().public()],
        codes,
    }
}

fn codes(listed: Vec<ListedCode>) -> ForeignCodes {
    let mut codes = ForeignCodes::default();
    codes.take(list(listed));
    codes
}

/// The text of a signed code with this front and payload.
fn sealed(front: [u8; 5], payload: &[u8]) -> Vec<u8> {
    let signature = seller().sign_plain(payload);
    let bytes = [&front[..], payload, &signature.0].concat();
    BASE64.encode(&bytes).bytes().rev().collect()
}

fn front(payload: &[u8]) -> [u8; 5] {
    [1, 0, u8::try_from(payload.len()).unwrap(), 0, 64]
}

fn genuine() -> Vec<u8> {
    sealed(front(PAYLOAD), PAYLOAD)
}

#[track_caller]
fn unit_of(codes: &ForeignCodes, text: &[u8]) -> Result<u32, Rejection> {
    codes.read(text, EVENT).map(|ticket| ticket.ticket().unit.0)
}

#[test]
fn a_text_is_its_own_code_without_the_blanks_around_it() {
    let codes = codes(vec![listed(b"2384000123", 7, (1, 2, 1))]);
    assert_eq!(unit_of(&codes, b"2384000123"), Ok(7));
    assert_eq!(unit_of(&codes, b" 2384000123\r\n"), Ok(7));
    for other in [
        &b"2384000124"[..],
        b"02384000123",
        b"238400012",
        b"2384 000123",
        b"",
    ] {
        assert_eq!(unit_of(&codes, other), Err(Rejection::NotATicket), "{other:?}");
    }
}

#[test]
fn letters_are_not_folded() {
    let codes = codes(vec![listed(b"abcdefgh", 7, (1, 1, 0))]);
    assert_eq!(unit_of(&codes, b"ABCDEFGH"), Err(Rejection::NotATicket));
}

#[test]
fn a_signed_code_is_its_payload_and_no_altered_text_of_it_is_a_ticket() {
    let text = genuine();
    assert_eq!(
        (text.len(), text[0]),
        (120, b'='),
        "{}",
        String::from_utf8_lossy(&text)
    );
    assert_eq!(identify(&text), Some(CodeIdentity::Signed(PAYLOAD.to_vec())));
    let codes = codes(vec![listed(&text, 7, (1, 1, 0))]);
    assert_eq!(unit_of(&codes, &text), Ok(7));
    for at in 0..text.len() {
        for letter in [b'A', b'/', b'=', b' ', b'-', text[at] ^ 1, text[at] ^ 0x20] {
            let mut altered = text.clone();
            altered[at] = letter;
            let is_same = altered == text;
            assert_eq!(unit_of(&codes, &altered).is_ok(), is_same, "{letter} at {at}");
        }
    }
    let mut without_padding = text.clone();
    without_padding.retain(|letter| *letter != b'=');
    assert!(unit_of(&codes, &without_padding).is_err());
}

#[test]
fn a_genuine_code_that_is_not_listed_is_told_from_a_forged_one() {
    let listed_other = codes(vec![listed(b"other", 7, (1, 1, 0))]);
    assert_eq!(unit_of(&listed_other, &genuine()), Err(Rejection::NotListed));
    let mut by_nobody = ForeignCodes::default();
    by_nobody.take(ForeignList {
        sellers: Vec::new(),
        ..list(vec![listed(&genuine(), 7, (1, 1, 0))])
    });
    assert_eq!(unit_of(&by_nobody, &genuine()), Err(Rejection::UnknownKey));
}

/// Payloads that say the same, or nearly, in another form: their signature is good, and they are no code of that kind.
#[test]
fn a_payload_has_one_form() {
    let loose: [&[u8]; 12] = [
        b"\x0a\x09abcdefghi\x10\x8c\x00",     // a number with a byte too many
        b"\x10\x0c\x0a\x09abcdefghi",         // another order
        b"\x0a\x09abcdefghi\x10\x0c\x10\x0c", // a field twice
        b"\x0a\x09abcdefghi\x38\x01",         // a field that there is not
        b"\x0a\x09abcdefghi\x12\x01a",        // bytes for a number
        b"\x0a\x89\x00abcdefghi",             // a length with a byte too many
        b"\x0a\x09abcdefg",                   // cut off
        b"\x0a\x00",                          // no seed
        b"\x0a\x03a\x00b",                    // a seed that is no text
        b"",                                  // nothing
        b"\x0a\x09abcdefghi\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", // more than 64 bits
        b"\x0a\x09abcdefghi\x10",             // a number that is missing
    ];
    for payload in loose {
        let text = sealed(front(payload), payload);
        assert!(
            !matches!(identify(&text), Some(CodeIdentity::Signed(_))),
            "{payload:?}"
        );
    }
    for wrong in [
        [2, 0, 19, 0, 64],
        [1, 0, 18, 0, 64],
        [1, 1, 19, 0, 64],
        [1, 0, 19, 0, 63],
    ] {
        let text = sealed(wrong, PAYLOAD);
        assert!(
            !matches!(identify(&text), Some(CodeIdentity::Signed(_))),
            "{wrong:?}"
        );
    }
}

#[test]
fn of_alf_io_codes_the_part_behind_the_uuid_counts() {
    let proof = BASE64.encode(&[3; 32]);
    let text = format!("5f1c2c5e-7bd2-4f6f-9d1c-0123456789ab/{proof}");
    let Some(CodeIdentity::Hashed(hash)) = identify(text.as_bytes()) else {
        panic!("not read as a code of alf.io's");
    };
    assert_eq!(hash, sha2::Sha256::digest(proof.as_bytes()).to_vec());
    let short = format!("5f1c2c5e-7bd2-4f6f-9d1c-0123456789ab/{}", BASE64.encode(&[3; 31]));
    assert_eq!(
        identify(short.as_bytes()),
        Some(CodeIdentity::Text(short.clone().into_bytes()))
    );
}

#[test]
fn the_last_listing_holds_and_the_unit_is_the_first_ones() {
    let mut codes = codes(vec![listed(b"A", 7, (1, 2, 0))]);
    let before = ShownForeign::parse(codes.read(b"A", EVENT).unwrap().code()).unwrap();
    codes.take(list(vec![listed(b"A", 8, (2, 4, 1))]));
    let held = codes.entitlement(&identify(b"A").unwrap()).unwrap();
    assert_eq!(
        (held.unit, held.tier, held.admits, held.used),
        (Unit(7), TierId(2), 4, 1)
    );
    assert!(
        codes.has_listed(&before),
        "who passed by the earlier listing has passed"
    );
    let mut never = before;
    never.admits = 9;
    assert!(!codes.has_listed(&never));
}

#[test]
fn a_list_with_another_salt_lists_nothing() {
    let mut codes = codes(vec![listed(b"A", 7, (1, 1, 0))]);
    codes.take(ForeignList {
        salt: [8; 32],
        ..list(vec![listed(b"B", 8, (1, 1, 0))])
    });
    assert_eq!(codes.len(), 1);
}

#[test]
fn what_is_said_again_comes_to_the_same() {
    let mut codes = codes(
        (0..9_000_u32)
            .map(|unit| listed(unit.to_string().as_bytes(), unit, (1, 1, 0)))
            .collect(),
    );
    codes.take(list(vec![listed(b"17", 17, (2, 3, 1))]));
    let mut again = ForeignCodes::default();
    for list in codes.lists() {
        assert!(list.codes.len() <= MAX_CODES_OF_RECORD);
        again.take(list);
    }
    assert_eq!(again, codes);
}

/// What a house of 100,000 sends to each hub once, and what a checkpoint carries.
#[test]
fn a_hundred_thousand_codes_are_less_than_two_and_a_half_megabytes() {
    let text = |number: u32| format!("{number:012}").into_bytes();
    let listed = (0..100_000).map(|number| listed(&text(number), FIRST_FOREIGN_UNIT.0 + number, (12, 1, 0)));
    let codes = codes(listed.collect());
    let most = 2_500_000;
    let record = |list: ForeignList| Record::new(Hlc::default(), Body::Foreign(list)).to_bytes().len();
    let lengths: Vec<usize> = codes.lists().into_iter().map(record).collect();
    assert!(
        lengths.iter().all(|length| *length <= MAX_RECORD_BYTES),
        "{lengths:?}"
    );
    let sent: usize = lengths.iter().sum();
    assert!(sent <= most, "{sent} bytes of records");
    let summed_up = codec::encode(&codes).len();
    assert!(summed_up <= most, "{summed_up} bytes in a checkpoint");
}

#[test]
fn more_sellers_than_there_may_be_are_passed_over() {
    let mut codes = ForeignCodes::default();
    let sellers = (0..40).map(|n| SecretKey::from_seed(&[n; 32]).public()).collect();
    codes.take(ForeignList {
        sellers,
        ..list(Vec::new())
    });
    assert_eq!(codes.sellers.len(), MAX_SELLERS);
}

proptest! {
    #[test]
    fn any_text_and_any_bytes_are_read_without_harm(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let codes = codes(vec![listed(b"A", 7, (1, 1, 0))]);
        let is_a = text.trim_ascii() == b"A";
        prop_assert_eq!(codes.read(&text, EVENT).is_ok(), is_a);
        let mut marked = vec![0xf0];
        marked.extend_from_slice(&text);
        if let Some(shown) = ShownForeign::parse(&marked) {
            prop_assert_eq!(codec::encode(&shown), marked, "one form");
        }
    }
}
