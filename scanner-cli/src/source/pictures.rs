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
mod tests {
    use image::{GrayAlphaImage, GrayImage, ImageFormat, LumaA};

    use super::*;

    /// Tells what came out of the source, by file name.
    fn told(mut pictures: Pictures) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        std::iter::from_fn(|| match pictures.next() {
            Capture::Picture { path, frame } => {
                Some(format!("{} {}x{}", name(&path), frame.width(), frame.height()))
            }
            Capture::Fault(SourceError::Picture { path, cause }) => Some(match cause {
                PictureError::File(_) => format!("{} unreadable", name(&path)),
                PictureError::Format(_) | PictureError::Damaged => format!("{} no picture", name(&path)),
                PictureError::Size(_) => format!("{} wrong size", name(&path)),
                PictureError::EmptyFolder => format!("{} no pictures", name(&path)),
            }),
            Capture::End => None,
            other @ (Capture::Frame(_) | Capture::Typed(_) | Capture::Fault(_) | Capture::Outage { .. }) => {
                panic!("pictures never yield {other:?}")
            }
        })
        .collect()
    }

    #[test]
    fn every_format_is_read_whatever_its_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let grey = DynamicImage::ImageLuma8(GrayImage::from_pixel(3, 2, image::Luma([200])));
        let formats = [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::WebP,
            ImageFormat::Gif,
        ];
        for (format, name) in formats.into_iter().zip(["a.jpg", "b.PNG", "c.gif", "d.webp"]) {
            let picture = if format == ImageFormat::Png {
                grey.clone()
            } else {
                grey.to_rgb8().into()
            };
            picture
                .save_with_format(folder.path().join(name), format)
                .unwrap();
        }
        fs::write(folder.path().join("notes.txt"), "not shown").unwrap();
        let all = Pictures::new([folder.path().to_owned()]);
        assert_eq!(told(all), ["a.jpg 3x2", "b.PNG 3x2", "c.gif 3x2", "d.webp 3x2"]);
    }

    #[test]
    fn a_bad_file_is_told_and_the_next_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        GrayImage::from_pixel(4, 4, image::Luma([9]))
            .save(at("good.png"))
            .unwrap();
        let png = fs::read(at("good.png")).unwrap();
        fs::write(at("cut.png"), &png[..png.len() / 2]).unwrap();
        fs::write(at("text.png"), "hello").unwrap();
        fs::write(at("empty.png"), "").unwrap();
        fs::create_dir(at("bare")).unwrap();
        let order = [
            "missing.png",
            "cut.png",
            "text.png",
            "empty.png",
            "bare",
            "good.png",
        ]
        .map(at);
        assert_eq!(
            told(Pictures::new(order)),
            [
                "missing.png unreadable",
                "cut.png no picture",
                "text.png no picture",
                "empty.png no picture",
                "bare no pictures",
                "good.png 4x4"
            ]
        );
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.png");
        let header = b"IHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x00\x00\x00\x00";
        let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
        png.extend(header);
        png.extend(crc32(header).to_be_bytes());
        png.extend(b"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e");
        fs::write(&path, png).unwrap();
        assert_eq!(told(Pictures::new([path])), ["bomb.png wrong size"]);
    }

    /// The checksum of a PNG chunk.
    fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        };
        !bytes
            .iter()
            .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
    }

    #[test]
    fn see_through_pictures_lie_on_white_paper() {
        let picture = GrayAlphaImage::from_fn(2, 1, |x, _| LumaA([0, if x == 0 { 0 } else { 255 }]));
        assert_eq!(grey(picture.into()).unwrap().luma(), [255, 0]);
    }
}
