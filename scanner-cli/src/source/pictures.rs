//! Picture files and folders of them as frames; leaves out reading the codes in them.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use thiserror::Error;

use super::{Capture, Source, SourceError, greys};
use usher_eyes::{LumaFrame, LumaFrameError};

/// Most memory that a pixel takes while a picture is opened: four channels of 16 bits.
const BYTES_A_PIXEL: u64 = 8;

/// Most memory for what comes with the pixels, as colour profiles and a few rows of the largest picture: a small file
/// can unpack to gigabytes of it.
const MAX_SIDE_BYTES: u64 = 32 * 1024 * 1024;

/// File names that count as pictures when a folder is given.
const PICTURE_ENDINGS: [&str; 5] = ["jpg", "jpeg", "png", "webp", "gif"];

/// Why a picture file is of no use.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    File(io::Error),
    /// The content is none of the formats we read, or damaged.
    #[error("not a picture that can be read (JPEG, PNG, WebP and GIF are): {0}")]
    Format(ImageError),
    /// The size is out of bounds.
    #[error(transparent)]
    Size(#[from] LumaFrameError),
    /// The program that unpacks it fell over.
    #[error("damaged in a way that cannot be read")]
    Damaged,
    /// A folder without pictures.
    #[error("no pictures in this folder (looking for .jpg, .jpeg, .png, .webp and .gif)")]
    EmptyFolder,
}

/// Yields the pictures of the files and folders a user named, in that order, each once.
#[derive(Debug)]
pub struct Pictures {
    waiting: VecDeque<PathBuf>,
}

impl Pictures {
    /// Takes files and folders; a folder stands for the pictures directly in it, in the order of their names.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            waiting: paths.into_iter().collect(),
        }
    }

    /// Puts the pictures of a folder in front of what is waiting.
    fn enter(&mut self, folder: &Path) -> Result<(), PictureError> {
        let pictures = pictures_in(folder).map_err(PictureError::File)?;
        if pictures.is_empty() {
            return Err(PictureError::EmptyFolder);
        }
        for picture in pictures.into_iter().rev() {
            self.waiting.push_front(picture);
        }
        Ok(())
    }
}

impl Source for Pictures {
    fn next(&mut self) -> Capture {
        while let Some(path) = self.waiting.pop_front() {
            let outcome = if path.is_dir() {
                self.enter(&path).map(|()| None)
            } else {
                opened(&path).map(Some)
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(frame)) => return Capture::Picture { path, frame },
                Err(cause) => return Capture::Fault(SourceError::Picture { path, cause }),
            }
        }
        Capture::End
    }
}

fn pictures_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && has_picture_ending(&path) {
            pictures.push(path);
        }
    }
    pictures.sort();
    Ok(pictures)
}

fn has_picture_ending(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        PICTURE_ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Opens a picture, whatever it does to the unpacker: it comes from anywhere.
fn opened(path: &Path) -> Result<LumaFrame, PictureError> {
    catch_unwind(|| open(path)).unwrap_or(Err(PictureError::Damaged))
}

/// Opens one picture as a grey frame. The format is told from the content, not from the name.
fn open(path: &Path) -> Result<LumaFrame, PictureError> {
    let file = File::open(path).map_err(PictureError::File)?;
    let mut reader = ImageReader::new(BufReader::new(file))
        .with_guessed_format()
        .map_err(PictureError::File)?;
    reader.limits(at_most(MAX_SIDE_BYTES));
    let mut decoder = reader.into_decoder().map_err(classify)?;
    let (width, height) = decoder.dimensions();
    LumaFrame::check_size(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    let limits = at_most(pixels * BYTES_A_PIXEL + MAX_SIDE_BYTES);
    decoder.set_limits(limits).map_err(classify)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(classify)?;
    Ok(grey(picture)?)
}

fn at_most(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(bytes);
    limits
}

fn classify(error: ImageError) -> PictureError {
    if let ImageError::IoError(error) = error {
        if error.kind() != io::ErrorKind::UnexpectedEof {
            return PictureError::File(error);
        }
        return PictureError::Format(ImageError::IoError(error));
    }
    PictureError::Format(error)
}

/// Turns a picture grey, on white paper where it is see-through.
fn grey(picture: DynamicImage) -> Result<LumaFrame, LumaFrameError> {
    let (width, height) = (picture.width(), picture.height());
    let colour = picture.color();
    let luma = match (colour.has_color(), colour.has_alpha()) {
        (false, false) => picture.into_luma8().into_raw(),
        (true, false) => greys::of_colours(&picture.into_rgb8()),
        (false, true) => {
            let pixels = picture.into_luma_alpha8();
            pixels
                .pixels()
                .map(|pixel| on_white(pixel.0[0], pixel.0[1]))
                .collect()
        }
        (true, true) => {
            let pixels = picture.into_rgba8();
            let mixed = pixels.pixels().flat_map(|pixel| {
                let [red, green, blue, alpha] = pixel.0;
                [red, green, blue].map(|byte| on_white(byte, alpha))
            });
            greys::of_colours(&mixed.collect::<Vec<u8>>())
        }
    };
    LumaFrame::new(width, height, luma)
}

fn on_white(byte: u8, alpha: u8) -> u8 {
    let mixed = (u16::from(byte) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255;
    u8::try_from(mixed).expect("a mean of bytes is a byte")
}

#[cfg(test)]
mod tests;
