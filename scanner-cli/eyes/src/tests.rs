//! Reads frames that are drawn here, without any picture file.

use fast_qr::{ECL, QRBuilder};

use super::*;

const TICKET: &str = "04100372036854775807184467440737095516150100200300400500600700800901000000000000000";

/// A code drawn on a frame, with what the tests turn.
struct Drawing {
    text: Vec<u8>,
    module_px: usize,
    quiet_modules: usize,
    dark: u8,
    light: u8,
}

impl Drawing {
    fn of(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: text.into(),
            module_px: 4,
            quiet_modules: 4,
            dark: 20,
            light: 230,
        }
    }

    fn draw(&self) -> LumaFrame {
        let code = QRBuilder::new(self.text.clone()).ecl(ECL::M).build().unwrap();
        let side = (code.size + 2 * self.quiet_modules) * self.module_px;
        let mut luma = vec![self.light; side * side];
        for (at, pixel) in luma.iter_mut().enumerate() {
            let (row, column) = (at / side / self.module_px, at % side / self.module_px);
            let inside = self.quiet_modules..self.quiet_modules + code.size;
            if inside.contains(&row)
                && inside.contains(&column)
                && code[row - self.quiet_modules][column - self.quiet_modules].value()
            {
                *pixel = self.dark;
            }
        }
        LumaFrame::new(side as u32, side as u32, luma).unwrap()
    }
}

/// Puts a frame onto a larger grey one.
fn placed(frame: &LumaFrame, width: u32, height: u32) -> LumaFrame {
    let mut luma = vec![150; (width * height) as usize];
    let (left, top) = ((width - frame.width()) / 2, (height - frame.height()) / 2);
    for (row, pixels) in frame.luma().chunks_exact(frame.width() as usize).enumerate() {
        let start = (top as usize + row) * width as usize + left as usize;
        luma[start..start + pixels.len()].copy_from_slice(pixels);
    }
    LumaFrame::new(width, height, luma).unwrap()
}

fn quarter_turned(frame: &LumaFrame) -> LumaFrame {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let luma = (0..width * height)
        .map(|at| frame.luma()[(height - 1 - at % height) * width + at / height])
        .collect();
    LumaFrame::new(frame.height(), frame.width(), luma).unwrap()
}

/// A fixed sequence that looks random (xorshift), so that every run sees the same noise.
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}

fn noisy(frame: &LumaFrame, amplitude: u8) -> LumaFrame {
    let luma = frame
        .luma()
        .iter()
        .zip(noise(7))
        .map(|(&pixel, noise)| {
            pixel
                .saturating_add(noise % amplitude)
                .saturating_sub(amplitude / 2)
        })
        .collect();
    LumaFrame::new(frame.width(), frame.height(), luma).unwrap()
}

#[track_caller]
fn check(frame: &LumaFrame, expected: &[u8]) {
    let codes = read(frame);
    let texts: Vec<&[u8]> = codes.iter().map(|code| code.bytes.as_slice()).collect();
    assert_eq!(texts, [expected]);
}

#[track_caller]
fn check_nothing(frame: &LumaFrame) {
    assert_eq!(read(frame), []);
}

#[test]
fn a_plain_code_is_read_byte_for_byte() {
    check(&Drawing::of(TICKET).draw(), TICKET.as_bytes());
    check(&Drawing::of("x").draw(), b"x");
    check(
        &Drawing::of("https://example.org/?a=ü").draw(),
        "https://example.org/?a=ü".as_bytes(),
    );
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    check(
        &Drawing::of([0xff, 0x00, 0xfe, 0x80, b'\n', 0xc3]).draw(),
        &[0xff, 0x00, 0xfe, 0x80, b'\n', 0xc3],
    );
}

#[test]
fn a_light_code_on_dark_is_read() {
    let drawing = Drawing {
        dark: 235,
        light: 15,
        ..Drawing::of(TICKET)
    };
    check(&drawing.draw(), TICKET.as_bytes());
    let large = Drawing {
        module_px: 9,
        ..drawing
    };
    check(&large.draw(), TICKET.as_bytes());
}

#[test]
fn a_turned_code_is_read() {
    let mut frame = placed(&Drawing::of(TICKET).draw(), 400, 320);
    for _ in 0..4 {
        frame = quarter_turned(&frame);
        check(&frame, TICKET.as_bytes());
    }
}

#[test]
fn a_code_under_camera_noise_is_read() {
    check(
        &noisy(&placed(&Drawing::of(TICKET).draw(), 640, 480), 60),
        TICKET.as_bytes(),
    );
}

#[test]
fn a_large_frame_is_read_at_a_smaller_size_and_the_corners_fit_the_frame() {
    let frame = placed(
        &Drawing {
            module_px: 8,
            ..Drawing::of(TICKET)
        }
        .draw(),
        1_920,
        1_080,
    );
    check(&frame, TICKET.as_bytes());
    let modules = QRBuilder::new(TICKET).ecl(ECL::M).build().unwrap().size as i32;
    let (left, top) = (960 - modules * 4, 540 - modules * 4);
    let corner = read(&frame)[0].corners[0];
    assert!(
        (corner.x - left).abs() <= 8 && (corner.y - top).abs() <= 8,
        "{corner:?}, not {left}, {top}"
    );
}

#[test]
fn a_small_code_that_vanishes_when_halved_is_read_at_full_size() {
    let frame = placed(
        &Drawing {
            module_px: 2,
            ..Drawing::of(TICKET)
        }
        .draw(),
        1_920,
        1_080,
    );
    check(&frame, TICKET.as_bytes());
}

#[test]
fn frames_without_a_code_give_nothing() {
    check_nothing(&LumaFrame::new(640, 480, vec![255; 640 * 480]).unwrap());
    check_nothing(&LumaFrame::new(640, 480, vec![0; 640 * 480]).unwrap());
    check_nothing(&LumaFrame::new(1, 1, vec![0]).unwrap());
    check_nothing(&LumaFrame::new(1, 300, vec![0; 300]).unwrap());
    check_nothing(&LumaFrame::new(300, 1, (0..300).map(|x| (x % 2 * 255) as u8).collect()).unwrap());
}

#[test]
fn half_a_code_gives_nothing_rather_than_half_a_text() {
    let whole = Drawing::of(TICKET).draw();
    let rows = whole.height() / 2;
    let luma = whole.luma()[..(rows * whole.width()) as usize].to_vec();
    check_nothing(&LumaFrame::new(whole.width(), rows, luma).unwrap());
}

#[test]
fn noise_and_stripes_of_any_shape_neither_panic_nor_become_text() {
    for seed in 0..60_u64 {
        let (width, height) = (1 + seed as u32 * 5 % 211, 1 + seed as u32 * 7 % 193);
        let pixels = (width * height) as usize;
        let grey = noise(seed).take(pixels).collect();
        let black_and_white = noise(seed).take(pixels).map(|byte| (byte & 1) * 255).collect();
        let stripes = (0..pixels)
            .map(|at| (at as u64 / (1 + seed % 9) % 2 * 255) as u8)
            .collect();
        for luma in [grey, black_and_white, stripes] {
            check_nothing(&LumaFrame::new(width, height, luma).unwrap());
        }
    }
}

#[test]
fn reading_stops_when_its_steps_are_used_up() {
    let frame = placed(&Drawing::of(TICKET).draw(), 640, 480);
    assert_eq!(read_within(&frame, &Allowance::of_steps(STEPS_A_FRAME)).len(), 1);
    for steps in [0, 1, 1_000, 100_000] {
        let allowance = Allowance::of_steps(steps);
        assert_eq!(read_within(&frame, &allowance), [], "{steps}");
        assert_eq!(allowance.steps_left(), 0);
    }
}
