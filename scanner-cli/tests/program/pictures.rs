//! Draws pictures with and without a code.

use std::path::{Path, PathBuf};

use fast_qr::QRBuilder;
use image::{GrayImage, Luma};

/// Writes a picture with a code and returns its path.
pub fn picture_of(folder: &Path, name: &str, text: &[u8]) -> PathBuf {
    let code = QRBuilder::new(text).build().expect("the text fits a code");
    let side = (code.size as u32 + 8) * 5;
    let picture = GrayImage::from_fn(side, side, |x, y| {
        let (column, row) = ((x / 5).wrapping_sub(4) as usize, (y / 5).wrapping_sub(4) as usize);
        let dark = column < code.size && row < code.size && code[row][column].value();
        Luma([if dark { 0 } else { 255 }])
    });
    let path = folder.join(name);
    picture.save(&path).expect("the folder can be written");
    path
}

/// Writes a white picture and returns its path.
pub fn blank(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    GrayImage::from_pixel(300, 200, Luma([255]))
        .save(&path)
        .expect("the folder can be written");
    path
}
