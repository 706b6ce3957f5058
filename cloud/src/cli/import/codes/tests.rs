//! Lists of sellers, line by line: what is read of them, and which lines are refused.

use data_encoding::BASE64;
use usher_keys::SecretKey;
use usher_protocol::TierId;
use usher_protocol::policy::{EntryRule, Offline, TierRules};
use usher_protocol::ticket::foreign::identity::MAX_IDENTITY_BYTES;

use super::*;

fn tiers() -> Vec<TierRules> {
    [(1, "Standing"), (2, "Seated")]
        .map(|(id, name)| TierRules {
            id: TierId(id),
            name: name.to_owned(),
            zones: Vec::new(),
            windows: Vec::new(),
            entry: EntryRule::Single,
            offline: Offline::Strict,
            live_from: None,
        })
        .to_vec()
}

fn seller() -> SecretKey {
    SecretKey::from_seed(&[5; 32])
}

fn signed(seed: &[u8; 9]) -> String {
    let payload = [b"\x0a\x09", &seed[..], b"\x10\x0c"].concat();
    let bytes = [&[1, 0, 13, 0, 64], &payload[..], &seller().sign_plain(&payload).0].concat();
    BASE64.encode(&bytes).chars().rev().collect()
}

#[track_caller]
fn read(csv: &str) -> CodeList {
    let columns = Columns::read(csv.as_bytes(), &[]).unwrap();
    let names = TierNames::new(
        &tiers(),
        &["Adult=Standing".to_owned(), "VIP – Balcony=2".to_owned()],
    )
    .unwrap();
    CodeList::read(&columns, (&names, &[seller().public()]), false)
}

/// The tier, whether it is void and how many have used it.
#[track_caller]
fn check(header: &str, line: &str, expected: (u16, bool, Option<u8>)) {
    let list = read(&format!("{header}\n{line}\n"));
    assert_eq!(
        (list.refused, list.unknown_types),
        (Vec::new(), Vec::new()),
        "{line}"
    );
    let code = &list.codes[0].code;
    assert_eq!((code.tier.0, code.is_void, code.used), expected, "{line}");
}

#[test]
fn a_line_says_what_a_ticket_entitles_to() {
    check("code,type", "A1,standing", (1, false, None));
    check("code,type", "A1,Adult", (1, false, None));
    check(
        "Barcode,Ticket Type,Attendee Status",
        "A1,Seated,Checked In",
        (2, false, Some(1)),
    );
    check(
        "Barcode,Ticket Type,Attendee Status",
        "A1,Seated,Not Attending",
        (2, true, Some(0)),
    );
    check(
        "Barcode,Ticket Type,Attendee Status",
        "A1,Seated,Attending",
        (2, false, Some(0)),
    );
    check(
        "code,type,checked in",
        "A1,Seated,2026-12-24 18:00",
        (2, false, Some(1)),
    );
    check(
        "code,type,checked in,persons",
        "A1,Seated,yes,3",
        (2, false, Some(3)),
    );
    check("code,type,checked in", "A1,Seated,No", (2, false, Some(0)));
}

/// pretix's "valid check-in codes" and its check-in list with codes, as its documentation names their columns.
#[test]
fn both_of_pretix_exports_are_read() {
    let codes = "Secret,Product,Variation,Paid,Valid from,Valid until";
    check(codes, "x7fk3,VIP,Balcony,Yes,,", (2, false, None));
    check(codes, "x7fk3,Adult,,Yes,2026-12-24,", (1, false, None));
    check(codes, "x7fk3,Adult,,No,,", (1, true, None));
    let list = "Order code,Attendee name,Product,Price,Checked in,Checked out,Secret,Email,Blocked,Valid from,Valid until";
    check(
        list,
        "ABCDE,Ada,Adult,10.00,2026-12-24 18:00,,x7fk3,ada@example.org,,,",
        (1, false, Some(1)),
    );
    check(
        list,
        "ABCDE,Ada,Adult,10.00,,,x7fk3,ada@example.org,Yes,,",
        (1, true, Some(0)),
    );
}

#[track_caller]
fn refused(csv: &str) -> Vec<(usize, RefusedLine)> {
    read(csv).refused
}

#[test]
fn lines_that_cannot_be_right_are_refused_by_their_number() {
    let long = "x".repeat(MAX_IDENTITY_BYTES + 1);
    let csv = format!(
        "code,type\nA1,Seated\n,Seated\n{long},Seated\nA\u{7}1,Seated\n2.38E+11,Seated\nA1,Standing\n"
    );
    let text = "2.38E+11".to_owned();
    assert_eq!(
        refused(&csv),
        [
            (3, RefusedLine::Empty),
            (4, RefusedLine::TooLong),
            (5, RefusedLine::ControlCharacter),
            (6, RefusedLine::Scientific { text }),
            (7, RefusedLine::Twice { line: 2 }),
        ]
    );
    let text = "=\"0012\"".to_owned();
    assert_eq!(
        refused(
            "code,type\n\"=\"\"0012\"\"\",Seated\nA\u{200b}1,Seated\n\u{feff}A1,Seated\nA\u{a0}1,Seated\n=A1,Seated\n"
        ),
        [
            (2, RefusedLine::Formula { text }),
            (3, RefusedLine::InvisibleCharacter),
            (4, RefusedLine::InvisibleCharacter),
            (5, RefusedLine::InvisibleCharacter),
        ]
    );
    let status = "maybe".to_owned();
    assert_eq!(
        refused("code,type,status\nA,Seated,Maybe"),
        [(2, RefusedLine::UnknownStatus { status })]
    );
    let persons = "0".to_owned();
    assert_eq!(
        refused("code,type,persons\nA,Seated,0"),
        [(2, RefusedLine::Persons { persons })]
    );
}

#[test]
fn numbers_that_lost_zeros_are_told_from_numbers_that_differ() {
    let numbers = |lengths: &[usize]| {
        let line = |(at, length): (usize, &usize)| format!("{:01$},Seated\n", at + 1, length);
        let lines: String = lengths.iter().enumerate().map(line).collect();
        refused(&format!("code,type\n{}", lines))
    };
    assert_eq!(numbers(&[10, 10, 10, 10]), []);
    let (digits, usual) = (9, 10);
    assert_eq!(
        numbers(&[10, 10, 10, 9]),
        [(5, RefusedLine::LostZeros { digits, usual })]
    );
    assert_eq!(numbers(&[10, 8, 9, 7]), [], "lengths of all sorts");
    assert_eq!(
        refused("code,type\n12E3,Seated\nE12,Seated\n1e5x,Seated\n"),
        [],
        "no spreadsheet writes these"
    );
}

#[test]
fn signed_codes_need_the_key_that_signed_them_and_are_one_code_however_they_are_written() {
    let text = signed(b"abcdefghi");
    assert_eq!(refused(&format!("code,type\n{text},Seated\n")), []);
    let columns = Columns::read(format!("code,type\n{text},Seated\n").as_bytes(), &[]).unwrap();
    let names = TierNames::new(&tiers(), &[]).unwrap();
    let list = CodeList::read(&columns, (&names, &[]), false);
    assert_eq!(list.refused, [(2, RefusedLine::UnknownSeller)]);
}

#[test]
fn a_type_of_no_tier_is_named() {
    let list = read("code,type\nA,Seated\nB,Backstage\n");
    assert_eq!(list.unknown_types, ["Backstage"]);
    assert!(TierNames::new(&tiers(), &["Backstage=Nowhere".to_owned()]).is_err());
    let one = TierNames::new(&tiers()[..1], &[]).unwrap();
    assert_eq!(one.of("anything"), Some(TierId(1)));
}
