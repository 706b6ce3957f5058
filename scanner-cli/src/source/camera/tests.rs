//! Takes frames of every encoding apart and picks formats; a camera that is plugged in and out is in `tests/camera`.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use nokhwa::Buffer;
use nokhwa::utils::Resolution;
use proptest::prelude::*;

use super::*;
use crate::source::SourceError;

fn frame(format: FrameFormat, bytes: &[u8]) -> Buffer {
    Buffer::new(Resolution::new(2, 2), bytes, format)
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    GrayImage::from_pixel(width, height, Luma([80]))
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

#[track_caller]
fn check_luma(format: FrameFormat, bytes: &[u8], expected: &[u8]) {
    assert_eq!(
        luma::of(&frame(format, bytes)).unwrap().luma(),
        expected,
        "{format}"
    );
}

#[test]
fn the_grey_picture_is_taken_out_of_every_encoding() {
    check_luma(FrameFormat::GRAY, &[1, 2, 3, 4], &[1, 2, 3, 4]);
    check_luma(FrameFormat::GRAY, &[1, 2, 3, 4, 0, 0, 0], &[1, 2, 3, 4]);
    check_luma(FrameFormat::NV12, &[1, 2, 3, 4, 128, 128], &[1, 2, 3, 4]);
    check_luma(
        FrameFormat::YUYV,
        &[1, 128, 2, 128, 3, 128, 4, 128],
        &[1, 2, 3, 4],
    );
    check_luma(
        FrameFormat::RAWRGB,
        &[0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255],
        &[0, 255, 76, 28],
    );
    check_luma(
        FrameFormat::RAWBGR,
        &[0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255],
        &[0, 255, 28, 76],
    );
    let mut padded = jpeg(2, 2);
    padded.extend([0; 50]);
    check_luma(FrameFormat::MJPEG, &padded, &[80, 80, 80, 80]);
}

#[test]
fn a_colour_jpeg_gives_its_brightness() {
    let mut bytes = Cursor::new(Vec::new());
    let stripe = |x, _| Rgb(if x < 16 { [255, 0, 0] } else { [0, 255, 0] });
    RgbImage::from_fn(33, 17, stripe)
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    let buffer = Buffer::new(Resolution::new(33, 17), &bytes.into_inner(), FrameFormat::MJPEG);
    let frame = luma::of(&buffer).unwrap();
    assert_eq!((frame.width(), frame.height()), (33, 17));
    let near = |x: usize, grey: u8| (0..17).all(|y| frame.luma()[y * 33 + x].abs_diff(grey) <= 4);
    assert!(near(2, 76) && near(30, 150), "{:?}", &frame.luma()[..33]);
}

proptest! {
    #[test]
    fn a_jpeg_changed_anywhere_is_a_frame_or_an_error(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * 6, y as u8 * 8, (x * y) as u8]))
            .write_to(&mut bytes, ImageFormat::Jpeg)
            .unwrap();
        let mut jpeg = bytes.into_inner();
        for (place, value) in &changes {
            let place = place.index(jpeg.len());
            jpeg[place] = *value;
        }
        for length in [jpeg.len(), cut.index(jpeg.len())] {
            let buffer = Buffer::new(Resolution::new(40, 30), &jpeg[..length], FrameFormat::MJPEG);
            if let Ok(frame) = luma::of(&buffer) {
                prop_assert_eq!(frame.luma().len(), (frame.width() * frame.height()) as usize);
            }
        }
    }
}

#[test]
fn a_short_or_damaged_frame_is_an_error_and_no_panic() {
    for format in ENCODINGS {
        assert!(luma::of(&frame(format, &[])).is_err(), "{format}");
        assert!(luma::of(&frame(format, &[0xff, 0xd8, 0xff])).is_err(), "{format}");
    }
    let empty = Buffer::new(Resolution::new(0, 0), &[], FrameFormat::YUYV);
    assert!(luma::of(&empty).is_err());
    let huge = Buffer::new(Resolution::new(u32::MAX, u32::MAX), &[], FrameFormat::YUYV);
    assert!(luma::of(&huge).is_err());
}

#[test]
fn the_messages_name_what_to_do() {
    let missing = CameraFault::Missing {
        index: 3,
        present: vec![0, 2],
    };
    assert_eq!(
        missing.to_string(),
        "camera 3 is not there: plug it in, or choose another with --camera N (connected: 0, 2)"
    );
    let none = CameraFault::Missing {
        index: 0,
        present: vec![],
    };
    assert!(none.to_string().ends_with("(no camera is connected)"));
}

#[test]
fn a_camera_that_does_not_exist_is_told_without_a_panic() {
    let Capture::Outage {
        fault: SourceError::Camera(fault),
        ..
    } = CameraFrames::new(4_000_000).next()
    else {
        panic!("there are never so many cameras");
    };
    let is_missing = matches!(fault, CameraFault::Missing { .. });
    assert_eq!(is_missing, cfg!(feature = "camera"), "{fault}");
}

#[track_caller]
fn check_format(offered: &[(u32, u32, FrameFormat, u32)], expected: Option<usize>) {
    let formats: Vec<CameraFormat> = offered
        .iter()
        .map(|&(width, height, encoding, rate)| {
            CameraFormat::new(Resolution::new(width, height), encoding, rate)
        })
        .collect();
    assert_eq!(best_format(&formats), expected.map(|at| formats[at]));
}

#[test]
fn the_format_is_fast_enough_then_the_right_size_then_cheap() {
    let (mjpeg, yuyv, nv12) = (FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12);
    check_format(&[], None);
    check_format(&[(640, 480, yuyv, 30)], Some(0));
    check_format(
        &[
            (1_280, 720, yuyv, 10),
            (1_280, 720, mjpeg, 30),
            (640, 480, yuyv, 30),
        ],
        Some(1),
    );
    check_format(
        &[
            (1_280, 720, mjpeg, 30),
            (1_280, 720, yuyv, 30),
            (1_280, 720, nv12, 30),
        ],
        Some(2),
    );
    check_format(&[(1_920, 1_080, mjpeg, 30), (3_840, 2_160, mjpeg, 30)], Some(0));
    check_format(&[(640, 480, yuyv, 5), (1_280, 720, mjpeg, 5)], Some(1));
}
