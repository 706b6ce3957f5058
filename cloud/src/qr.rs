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

    /// Encodes any text, for an app on the phone that stands before it.
    ///
    /// # Errors
    ///
    /// [`QrError::TooLong`].
    pub fn of_text(text: &str) -> Result<Self, QrError> {
        let mut builder = QRBuilder::new(text);
        builder.mode(Mode::Byte).ecl(ECL::M);
        builder.build().map(Self).map_err(|_| QrError::TooLong)
    }

    /// Returns the number of modules along a side, without the quiet zone.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Lists its modules row by row, the dark ones as true.
    pub fn modules(&self) -> Vec<bool> {
        let places = (0..self.size()).flat_map(|row| (0..self.size()).map(move |column| (row, column)));
        places.map(|(row, column)| self.is_dark(row, column)).collect()
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
mod tests;
