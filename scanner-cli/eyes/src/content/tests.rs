//! Holds the parts of a code's data against what the standard and other makers write.

use super::*;

/// Writes fields of so many bits each, and fills the last byte with zeros.
fn written(fields: &[(u32, usize)]) -> Vec<u8> {
    let bits: Vec<u8> = fields
        .iter()
        .flat_map(|&(value, count)| (0..count).rev().map(move |at| (value >> at & 1) as u8))
        .collect();
    bits.chunks(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit) << (8 - byte.len()))
        .collect()
}

#[track_caller]
fn check(fields: &[(u32, usize)], bytes: &[u8], charset: Charset) {
    let content = Content::of(&written(fields), Version::new(1).unwrap());
    let bytes = bytes.to_vec();
    assert_eq!(content, Some(Content { bytes, charset }));
}

#[track_caller]
fn check_nothing(fields: &[(u32, usize)]) {
    assert_eq!(Content::of(&written(fields), Version::new(1).unwrap()), None);
}

#[test]
fn segments_of_every_mode_are_joined() {
    // The examples of the standard, 7.4.3 to 7.4.6: digits, letters and kanji.
    check(
        &[(1, 4), (8, 10), (12, 10), (345, 10), (67, 7), (0, 4)],
        b"01234567",
        Charset::Unsaid,
    );
    check(
        &[(2, 4), (5, 9), (462, 11), (1849, 11), (2, 6), (0, 4)],
        b"AC-42",
        Charset::Unsaid,
    );
    check(
        &[(8, 4), (2, 8), (0x0D9F, 13), (0x1AAA, 13), (0, 4)],
        b"\x93\x5f\xe4\xaa",
        Charset::Unsaid,
    );
    check(
        &[(4, 4), (2, 8), (0xff, 8), (0, 8), (1, 4), (1, 10), (7, 4), (0, 4)],
        b"\xff\x007",
        Charset::Unsaid,
    );
}

#[test]
fn the_character_set_that_a_code_names_is_told() {
    let named = |eci: &[(u32, usize)], charset| {
        let mut fields = vec![(7, 4)];
        fields.extend(eci);
        fields.extend([(4, 4), (1, 8), (0xe9, 8), (0, 4)]);
        check(&fields, b"\xe9", charset);
    };
    named(&[(3, 8)], Charset::Eci(3));
    named(&[(26, 8)], Charset::Eci(26));
    named(&[(0b10, 2), (899, 14)], Charset::Eci(899));
    named(&[(0b110, 3), (999_999, 21)], Charset::Eci(999_999));
    named(&[(3, 8), (7, 4), (3, 8)], Charset::Eci(3));
    named(&[(3, 8), (7, 4), (26, 8)], Charset::Several);
}

#[test]
fn marks_that_say_nothing_of_the_text_are_passed_over() {
    let digit = [(1, 4), (1, 10), (7, 4), (0, 4)];
    for mark in [&[(3, 4), (0x1234, 16)][..], &[(5, 4)], &[(9, 4), (37, 8)]] {
        check(&[mark, &digit].concat(), b"7", Charset::Unsaid);
    }
}

#[test]
fn data_that_end_without_room_for_a_mark_are_whole() {
    check(&[(1, 4), (2, 10), (42, 7), (0, 3)], b"42", Charset::Unsaid);
}

#[test]
fn data_that_break_off_or_make_no_sense_are_none() {
    check_nothing(&[(1, 4), (4, 10), (123, 10)]);
    check_nothing(&[(1, 4), (3, 10), (1_000, 10), (0, 4)]);
    check_nothing(&[(2, 4), (2, 9), (45 * 45, 11), (0, 4)]);
    check_nothing(&[(4, 4), (200, 8), (1, 8)]);
    check_nothing(&[(7, 4), (0b1110_0000, 8), (0, 4)]);
    check_nothing(&[(6, 4), (0, 8)]);
    check_nothing(&[(15, 4), (0, 8)]);
}
