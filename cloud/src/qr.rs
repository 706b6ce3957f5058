//! QR codes of tickets: digits only, as much error correction as the version gives away, as SVG and PNG with a quiet zone.

use std::fmt::Write;

use fast_qr::{ECL, Mode, QRBuilder, QRCode, Version};
use thiserror::Error;

/// White modules around the code, as ISO/IEC 18004 asks for.
const QUIET_ZONE: usize = 4;
/// Pixels of a module in a PNG: whole pixels keep edges sharp, and a version 5 code becomes 540 pixels wide.
const PIXELS_PER_MODULE: usize = 12;

/// Why a text cannot become a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QrError {
    /// Something other than digits 0 to 9.
    #[error("a ticket's text has digits only")]
    NotDigits,
    /// More digits than the biggest code holds.
    #[error("too many digits for a QR code")]
    TooLong,
}

/// A code, ready to be drawn.
pub struct QrImage(QRCode);

impl QrImage {
    /// Encodes digits in the smallest version that holds them at level M, then at the highest level of that version.
    ///
    /// # Errors
    ///
    /// [`QrError`].
    pub fn of_digits(digits: &str) -> Result<Self, QrError> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(QrError::NotDigits);
        }
        let least = build(digits, ECL::M, None).ok_or(QrError::TooLong)?;
        let better = [ECL::H, ECL::Q]
            .into_iter()
            .find_map(|level| build(digits, level, least.version));
        Ok(Self(better.unwrap_or(least)))
    }

    /// Tells the number of modules along a side, without the quiet zone.
    pub fn size(&self) -> usize {
        self.0.size
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        self.0[row][column].value()
    }

    /// Draws it as SVG: black on white whatever the page's colours, one unit for each module.
    pub fn to_svg(&self) -> String {
        let side = self.size() + 2 * QUIET_ZONE;
        let mut path = String::new();
        for row in 0..self.size() {
            let mut column = 0;
            while column < self.size() {
                let run = (column..self.size())
                    .take_while(|&column| self.is_dark(row, column))
                    .count();
                if run > 0 {
                    let (x, y) = (column + QUIET_ZONE, row + QUIET_ZONE);
                    write!(path, "M{x} {y}h{run}v1h-{run}z").expect("writing to memory succeeds");
                }
                column += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" \
             role=\"img\" aria-label=\"QR code\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
             <path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }

    /// Draws it as PNG: one bit for each pixel, black on white.
    pub fn to_png(&self) -> Vec<u8> {
        let side = (self.size() + 2 * QUIET_ZONE) * PIXELS_PER_MODULE;
        let mut file = Vec::new();
        let width = u32::try_from(side).expect("a code is at most a few thousand pixels wide");
        let mut encoder = png::Encoder::new(&mut file, width, width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().expect("writing to memory succeeds");
        writer
            .write_image_data(&self.bitmap(side))
            .expect("the bitmap has the size the header says");
        writer.finish().expect("writing to memory succeeds");
        file
    }

    /// Returns the rows of the picture, eight pixels to a byte, a set bit for white.
    fn bitmap(&self, side: usize) -> Vec<u8> {
        let row_bytes = side.div_ceil(8);
        let mut bitmap = vec![0xff_u8; row_bytes * side];
        for y in 0..side {
            for x in 0..side {
                let module = |at: usize| {
                    (at / PIXELS_PER_MODULE)
                        .checked_sub(QUIET_ZONE)
                        .filter(|&at| at < self.size())
                };
                if let (Some(row), Some(column)) = (module(y), module(x))
                    && self.is_dark(row, column)
                {
                    bitmap[y * row_bytes + x / 8] &= !(0x80 >> (x % 8));
                }
            }
        }
        bitmap
    }
}

fn build(digits: &str, level: ECL, version: Option<Version>) -> Option<QRCode> {
    let mut builder = QRBuilder::new(digits);
    builder.mode(Mode::Numeric).ecl(level);
    if let Some(version) = version {
        builder.version(version);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
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
}
