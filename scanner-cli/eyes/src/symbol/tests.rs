//! Holds the structure against numbers of the standard and against codes of another encoder.

use fast_qr::{ECL, QRBuilder};

use super::blocks::Level;
use super::*;

fn versions() -> impl Iterator<Item = Version> {
    (1..=40).map(|number| Version::new(number).unwrap())
}

#[test]
fn every_version_has_the_codewords_of_the_standard() {
    for (number, codewords) in [
        (1, 26),
        (2, 44),
        (6, 172),
        (7, 196),
        (10, 346),
        (32, 2_465),
        (40, 3_706),
    ] {
        let symbol = Symbol::of(Version::new(number).unwrap());
        assert_eq!(symbol.data_order().len() / 8, codewords, "version {number}");
    }
}

#[test]
fn every_codeword_belongs_to_one_block() {
    for version in versions() {
        let codewords = Symbol::of(version).data_order().len() / 8;
        for level in [Level::Low, Level::Medium, Level::Quartile, Level::High] {
            let blocks = blocks(version, level, codewords);
            let mut dealt: Vec<usize> = blocks.iter().flat_map(|block| block.codewords.clone()).collect();
            dealt.sort_unstable();
            assert_eq!(dealt, (0..codewords).collect::<Vec<_>>(), "{version:?} {level:?}");
            assert!(blocks.iter().all(|block| block.codewords.len() > block.checks));
        }
    }
}

#[test]
fn the_fixed_modules_are_those_of_a_code_from_another_encoder() {
    for length in [10, 60, 150, 300, 700, 1_200] {
        let code = QRBuilder::new("a".repeat(length)).ecl(ECL::M).build().unwrap();
        let symbol = Symbol::of(Version::new((code.size as i32 - 17) / 4).unwrap());
        for y in 0..symbol.side {
            for x in 0..symbol.side {
                if let Role::Fixed { dark } = symbol.role(x, y) {
                    assert_eq!(code[y][x].value(), dark, "{:?} at {x}, {y}", symbol.version);
                }
            }
        }
    }
}

#[test]
fn the_format_of_a_code_from_another_encoder_is_one_of_ours() {
    let code = QRBuilder::new("0123456789").ecl(ECL::Q).build().unwrap();
    let written = (0..FORMAT_BITS).fold(0, |word, bit| {
        let [(x, y), (other_x, other_y)] = Format::positions(bit, code.size);
        assert_eq!(code[y][x].value(), code[other_y][other_x].value());
        word | u16::from(code[y][x].value()) << bit
    });
    let format = Format::all().find(|format| format.word() == written).unwrap();
    assert_eq!(format.level(), Level::Quartile);
}

#[test]
fn landmarks_are_fixed_modules_of_both_colours() {
    for version in versions() {
        let landmarks = Symbol::of(version).landmarks();
        let dark = landmarks.iter().filter(|(_, _, dark)| *dark).count();
        assert!(
            dark * 3 > landmarks.len() && dark * 4 < landmarks.len() * 3,
            "{version:?}"
        );
    }
}
