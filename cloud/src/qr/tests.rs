//! QR codes of digits: their version, their level, and the pictures made of them.

use super::*;

#[track_caller]
fn check(digits: usize, version: usize, level: ECL) {
    let code = QrImage::of_digits(&"7".repeat(digits)).unwrap();
    assert_eq!(code.size(), 17 + 4 * version, "{digits} digits");
    assert_eq!(
        code.0.ecl.map(|ecl| ecl as usize),
        Some(level as usize),
        "{digits} digits"
    );
}

#[test]
fn error_correction_rises_as_far_as_the_version_allows() {
    check(202, 5, ECL::M);
    check(182, 5, ECL::M);
    check(150, 5, ECL::M);
    check(144, 4, ECL::M);
    check(5, 1, ECL::H);
    check(203, 6, ECL::M);
}

#[test]
fn only_digits_become_a_code() {
    for bad in ["", "12a", "１２", "1 2"] {
        assert_eq!(QrImage::of_digits(bad).err(), Some(QrError::NotDigits), "{bad:?}");
    }
    assert_eq!(
        QrImage::of_digits(&"1".repeat(8_000)).err(),
        Some(QrError::TooLong)
    );
}

#[test]
fn no_higher_level_fits_the_version_and_no_smaller_version_the_digits() {
    for digits in (1..=400).step_by(7).chain([182, 183, 202]) {
        let digits = "9".repeat(digits);
        let code = QrImage::of_digits(&digits).unwrap();
        let (level, version) = (code.0.ecl.unwrap(), code.0.version);
        let levels = [ECL::L, ECL::M, ECL::Q, ECL::H].into_iter();
        for higher in levels.filter(|other| *other as usize > level as usize) {
            assert!(
                build(&digits, higher, version).is_none(),
                "{} digits",
                digits.len()
            );
        }
        let least = build(&digits, ECL::M, None).unwrap();
        assert_eq!(code.size(), least.size, "{} digits", digits.len());
    }
}

/// Whether a pixel of the PNG's bitmap is white.
fn is_white(bitmap: &[u8], side: usize, (x, y): (usize, usize)) -> bool {
    bitmap[y * side.div_ceil(8) + x / 8] & (0x80 >> (x % 8)) != 0
}

#[test]
fn the_picture_has_four_white_modules_on_every_side_and_whole_modules_inside() {
    let code = QrImage::of_digits(&"1".repeat(182)).unwrap();
    let modules = code.size() + 8;
    let side = modules * PIXELS_PER_MODULE;
    let bitmap = code.bitmap(side);
    for at in 0..side * side {
        let (x, y) = (at % side, at / side);
        let (column, row) = (x / PIXELS_PER_MODULE, y / PIXELS_PER_MODULE);
        let inside = 4..modules - 4;
        let dark = inside.contains(&column) && inside.contains(&row) && code.is_dark(row - 4, column - 4);
        assert_eq!(is_white(&bitmap, side, (x, y)), !dark, "pixel {x}, {y}");
    }
    assert!(!is_white(
        &bitmap,
        side,
        (4 * PIXELS_PER_MODULE, 4 * PIXELS_PER_MODULE)
    ));
}

#[test]
fn the_pictures_bring_their_own_white_ground_whatever_the_page_is() {
    let code = QrImage::of_digits(&"1".repeat(182)).unwrap();
    let svg = code.to_svg();
    let ground = "viewBox=\"0 0 45 45\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR code\">\
                  <rect width=\"45\" height=\"45\" fill=\"#fff\"/><path fill=\"#000\" d=\"M4 4h7v1h-7z";
    assert!(svg.contains(ground), "{svg}");
    let png = code.to_png();
    let reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let info = reader.info();
    assert_eq!(
        (info.width, info.height),
        (45 * PIXELS_PER_MODULE as u32, 45 * PIXELS_PER_MODULE as u32)
    );
    assert_eq!(
        info.color_type,
        png::ColorType::Grayscale,
        "nothing shines through"
    );
    assert!(info.trns.is_none());
}
