//! What a camera or a picture may show: any pixels, codes that something lies over, and patterns that look like codes.
//! Nothing of it makes the reader fall over, and no text comes out that was not put in.

use fast_qr::{ECL, QRBuilder};
use usher_eyes::{Allowance, LumaFrame, QrCode, Reader, read_within};

use super::Target;
use super::draw::Draw;

/// Steps for one frame: enough for every look at frames of this size, and little enough for a hundred frames a second.
const STEPS: u64 = 1_500_000;
/// Longest side of a frame of pixels, before it is enlarged.
const LONGEST_SIDE: usize = 64;
/// Longest side of any frame.
const LONGEST_ENLARGED: usize = 256;
/// Frames shown to one reader at most.
const MOST_FRAMES: usize = 2;
/// Spots on one code at most.
const MOST_SPOTS: usize = 12;

/// The first byte says what is shown.
pub fn eyes() -> Target {
    let shows: [fn(&mut Draw); 3] = [pixels, spotted_code, look_alike];
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let show = draw.pick(&shows);
        show(&mut draw);
    })
}

/// A picture that is drawn on.
struct Canvas {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize, light: u8) -> Self {
        Self {
            width,
            height,
            luma: vec![light; width * height],
        }
    }

    /// Fills a rectangle, as far as it lies in the picture.
    fn fill(&mut self, (left, top): (usize, usize), (width, height): (usize, usize), light: u8) {
        let (left, right) = (left.min(self.width), (left + width).min(self.width));
        for row in top.min(self.height)..(top + height).min(self.height) {
            self.luma[row * self.width + left..row * self.width + right].fill(light);
        }
    }

    fn frame(self) -> LumaFrame {
        let (width, height) = (self.width as u32, self.height as u32);
        LumaFrame::new(width, height, self.luma).expect("a small picture of its own size")
    }
}

/// Shows the frames to a reader that remembers and to one that does not; what they read must be `text` or nothing.
fn demand(frames: &[LumaFrame], text: Option<&[u8]>) {
    let is_right = |code: &QrCode| Some(code.bytes.as_slice()) == text;
    let mut reader = Reader::default();
    for frame in frames {
        let allowance = Allowance::of_steps(STEPS);
        assert!(
            read_within(frame, &allowance).iter().all(is_right),
            "text from nowhere"
        );
        let allowance = Allowance::of_steps(STEPS);
        let reading = reader.read(frame, &allowance);
        assert!(
            reading.codes.iter().all(is_right),
            "text from nowhere, in several frames"
        );
        assert!(
            reading.codes.is_empty() || reading.hint.is_none(),
            "a hint for what is read"
        );
    }
}

/// Frames of any size, the bytes as their pixels, over and over, each as a square of so many.
fn pixels(draw: &mut Draw) {
    let frames = 1 + draw.below(MOST_FRAMES);
    let (width, height) = (1 + draw.below(LONGEST_SIDE), 1 + draw.below(LONGEST_SIDE));
    let square = 1 + draw.below(LONGEST_ENLARGED / LONGEST_SIDE);
    let bytes = draw.rest();
    let frames = (0..frames).map(|number| {
        let mut canvas = Canvas::new(width * square, height * square, 0);
        for at in 0..width * height {
            let light = bytes
                .get((at + number) % bytes.len().max(1))
                .copied()
                .unwrap_or_default();
            canvas.fill(
                (at % width * square, at / width * square),
                (square, square),
                light,
            );
        }
        canvas.frame()
    });
    demand(&frames.collect::<Vec<_>>(), None);
}

/// A code with spots of any brightness on it, in another place in each frame.
fn spotted_code(draw: &mut Draw) {
    let text: String = draw
        .bytes(12)
        .iter()
        .map(|byte| char::from(b'0' + byte % 10))
        .collect();
    let text = format!("7{text}");
    let level = draw.pick(&[ECL::L, ECL::M, ECL::Q, ECL::H]);
    let code = QRBuilder::new(text.as_bytes())
        .ecl(level)
        .build()
        .expect("a short text fits a code");
    let (module_px, is_light) = (1 + draw.below(5), draw.bit());
    let ink = [draw.byte() / 2, 255 - draw.byte() / 2];
    let [dark, light] = if is_light { [ink[1], ink[0]] } else { ink };
    let side = (code.size + 8) * module_px;
    let frames = draw.list(MOST_FRAMES, |draw| {
        let mut canvas = Canvas::new(side, side, light);
        for at in 0..code.size * code.size {
            let (x, y) = (at % code.size, at / code.size);
            if code[y][x].value() {
                canvas.fill(
                    ((x + 4) * module_px, (y + 4) * module_px),
                    (module_px, module_px),
                    dark,
                );
            }
        }
        draw.list(MOST_SPOTS, |draw| {
            let place = (usize::from(draw.u16()) % side, usize::from(draw.u16()) % side);
            let size = (draw.below(60), draw.below(60));
            canvas.fill(place, size, draw.byte());
        });
        canvas.frame()
    });
    demand(&frames, Some(text.as_bytes()));
}

/// Three finders and timing patterns, with the bytes for modules: a code in everything but what it says.
fn look_alike(draw: &mut Draw) {
    let side = 17 + 4 * (1 + draw.below(10));
    let module_px = (1 + draw.below(5)).min(LONGEST_ENLARGED / side);
    let bytes = draw.rest();
    let is_dark = |x: usize, y: usize| {
        let finders = [(3, 3), (side - 4, 3), (3, side - 4)];
        let ring = finders
            .map(|(u, v)| x.abs_diff(u).max(y.abs_diff(v)))
            .into_iter()
            .min();
        match ring {
            Some(ring @ 0..=4) => ring != 2 && ring != 4,
            _ if x == 6 || y == 6 => (x + y).is_multiple_of(2),
            _ => {
                let bit = y * side + x;
                let byte = bytes
                    .get(bit / 8 % bytes.len().max(1))
                    .copied()
                    .unwrap_or_default();
                byte >> (bit % 8) & 1 == 1
            }
        }
    };
    let mut canvas = Canvas::new((side + 8) * module_px, (side + 8) * module_px, 230);
    for at in 0..side * side {
        let (x, y) = (at % side, at / side);
        if is_dark(x, y) {
            canvas.fill(
                ((x + 4) * module_px, (y + 4) * module_px),
                (module_px, module_px),
                25,
            );
        }
    }
    demand(&[canvas.frame()], None);
}
