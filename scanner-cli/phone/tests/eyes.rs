//! What a page's eyes see of a frame is what any of our eyes see of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use fast_qr::QRBuilder;
use usher_eyes::{LumaFrame, read};
use usher_phone::eyes::{LumaParts, PageEyes, luma_of};

const SIDE: u32 = 240;

/// A code on white, with modules of four pixels.
fn frame(text: &str) -> Vec<u8> {
    let code = QRBuilder::new(text).build().unwrap();
    let dark = |x: u32, y: u32| {
        let (column, row) = ((x / 4).wrapping_sub(6) as usize, (y / 4).wrapping_sub(6) as usize);
        column < code.size && row < code.size && code[row][column].value()
    };
    let pixels = (0..SIDE * SIDE).map(|at| if dark(at % SIDE, at / SIDE) { 20 } else { 235 });
    pixels.collect()
}

#[test]
fn quick_and_deep_eyes_read_what_the_reader_reads() {
    let luma = frame("29268841059484417067553");
    let parts = LumaParts {
        width: SIDE,
        height: SIDE,
        luma: &luma,
    };
    let read = read(&LumaFrame::new(SIDE, SIDE, luma.clone()).unwrap());
    let mut eyes = PageEyes::default();
    for sight in [
        eyes.read(parts, &|| true, 0).unwrap(),
        eyes.read_deeply(parts, &|| true).unwrap(),
    ] {
        assert_eq!(sight.codes, [data_encoding::HEXLOWER.encode(&read[0].bytes)]);
        assert_eq!(
            sight.corners,
            [read[0].corners.map(|corner| [corner.x, corner.y])]
        );
    }
    assert!(
        eyes.read(parts, &|| false, 0).unwrap().codes.is_empty(),
        "no time, no look"
    );
    let wrong = LumaParts { width: 3, ..parts };
    assert!(eyes.read(wrong, &|| true, 0).is_err());
}

#[test]
fn colours_become_their_brightness() {
    assert_eq!(
        luma_of(&[255, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 255]),
        [255, 0, 76]
    );
}
