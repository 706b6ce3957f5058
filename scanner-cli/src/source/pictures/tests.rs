//! Pictures of every format, bad ones, huge ones, and see-through ones.

use image::{GrayAlphaImage, GrayImage, ImageFormat, LumaA};

use super::*;

/// Returns what came out of the source, by file name.
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
        other @ (Capture::Frame(_)
        | Capture::Typed(_)
        | Capture::Keyed(_)
        | Capture::Fault(_)
        | Capture::Outage { .. }) => {
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
