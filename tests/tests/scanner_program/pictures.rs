//! Draws pictures with and without a code.

use std::path::{Path, PathBuf};

use fast_qr::QRBuilder;
use image::{GrayImage, Luma};

/// Writes a picture with a code and returns its path.
pub fn picture_of(folder: &Path, name: &str, text: &[u8]) -> PathBuf {
    let code = QRBuilder::new(text).build().expect("the text fits a code");
    drawn(&folder.join(name), code.size, |column, row| {
        code[row][column].value()
    })
}

/// Writes a picture with a code that another program made, one letter for each module and `#` for the dark ones.
pub fn picture_of_modules(folder: &Path, name: &str, rows: &[&str]) -> PathBuf {
    let is_dark = |column: usize, row: usize| rows[row].as_bytes()[column] == b'#';
    drawn(&folder.join(name), rows.len(), is_dark)
}

fn drawn(path: &Path, modules: usize, is_dark: impl Fn(usize, usize) -> bool) -> PathBuf {
    let side = (modules as u32 + 8) * 5;
    let picture = GrayImage::from_fn(side, side, |x, y| {
        let (column, row) = ((x / 5).wrapping_sub(4) as usize, (y / 5).wrapping_sub(4) as usize);
        let dark = column < modules && row < modules && is_dark(column, row);
        Luma([if dark { 0 } else { 255 }])
    });
    picture.save(path).expect("the folder can be written");
    path.to_owned()
}

/// Writes a white picture and returns its path.
pub fn blank(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    GrayImage::from_pixel(300, 200, Luma([255]))
        .save(&path)
        .expect("the folder can be written");
    path
}
