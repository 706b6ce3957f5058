//! A camera frame made small enough for a terminal, with the code in it marked; leaves out drawing it there.

use usher_eyes::{Corner, LumaFrame};

/// Most pixels across and down: enough to see where the camera looks, small beside the answer. Two rows of pixels
/// make one of letters.
pub const MAX_SIZE: (usize, usize) = (32, 18);

/// Samples taken along each side of a small pixel: their mean does not flicker as a single one does, and costs a
/// fraction of reading every pixel.
const SAMPLES: usize = 4;

/// One pixel of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixel {
    /// Brightness.
    Grey(u8),
    /// On the outline of a code that was read.
    Read,
    /// On the outline of a code that is seen but was not read.
    Unread,
}

/// A small picture, its pixels row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    columns: usize,
    pixels: Vec<Pixel>,
}

impl Preview {
    /// Makes a frame small, keeping its shape, without any mark.
    #[must_use]
    pub fn of(frame: &LumaFrame) -> Self {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let (columns, rows) = fitted(width, height);
        // The place of a sample among all of one direction, in pixels of the frame.
        let place = |sample: usize, samples: usize, side: usize| (2 * sample + 1) * side / (2 * samples);
        let mean = |column: usize, row: usize| {
            let mut sum = 0;
            for at in 0..SAMPLES * SAMPLES {
                let x = place(column * SAMPLES + at % SAMPLES, columns * SAMPLES, width);
                let y = place(row * SAMPLES + at / SAMPLES, rows * SAMPLES, height);
                sum += usize::from(frame.luma()[y * width + x]);
            }
            u8::try_from(sum / (SAMPLES * SAMPLES)).expect("a mean of bytes is a byte")
        };
        let pixels = (0..columns * rows).map(|at| Pixel::Grey(mean(at % columns, at / columns)));
        Self {
            columns,
            pixels: pixels.collect(),
        }
    }

    /// Draws the outline of a code, given in pixels of the frame.
    #[must_use]
    pub fn marked(mut self, frame: &LumaFrame, corners: &[Corner; 4], mark: Pixel) -> Self {
        let rows = self.rows();
        let small = |corner: Corner| {
            let scaled = |at: i32, side: u32, pixels: usize| at as f32 * pixels as f32 / side as f32;
            let x = scaled(corner.x, frame.width(), self.columns);
            (x, scaled(corner.y, frame.height(), rows))
        };
        let corners = corners.map(small);
        for (from, to) in corners.into_iter().zip(corners.into_iter().cycle().skip(1)) {
            self.draw(from, to, mark);
        }
        self
    }

    /// Pixels across.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Pixels down.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.pixels.len() / self.columns
    }

    /// A pixel; below the last row, black.
    #[must_use]
    pub fn pixel(&self, column: usize, row: usize) -> Pixel {
        let pixel = self.pixels.get(row * self.columns + column);
        pixel.copied().unwrap_or(Pixel::Grey(0))
    }

    fn draw(&mut self, from: (f32, f32), to: (f32, f32), mark: Pixel) {
        // A corner may lie far outside: more steps than the picture is wide add nothing to what is seen of it.
        let steps = MAX_SIZE.0 * 2;
        for step in 0..=steps {
            let part = step as f32 / steps as f32;
            let x = from.0 + (to.0 - from.0) * part;
            let y = from.1 + (to.1 - from.1) * part;
            if x >= 0.0 && y >= 0.0 && (x as usize) < self.columns && (y as usize) < self.rows() {
                let at = y as usize * self.columns + x as usize;
                self.pixels[at] = mark;
            }
        }
    }
}

/// The largest size of the same shape that is small enough, and at least one pixel.
fn fitted(width: usize, height: usize) -> (usize, usize) {
    let (most_columns, most_rows) = MAX_SIZE;
    if width * most_rows > height * most_columns {
        (most_columns, (height * most_columns / width).max(1))
    } else {
        ((width * most_rows / height).max(1), most_rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_size(width: u32, height: u32, expected: (usize, usize)) {
        let frame = LumaFrame::new(width, height, vec![7; (width * height) as usize]).unwrap();
        let preview = Preview::of(&frame);
        assert_eq!((preview.columns(), preview.rows()), expected, "{width}x{height}");
        assert!(preview.pixels.iter().all(|pixel| *pixel == Pixel::Grey(7)));
    }

    #[test]
    fn a_frame_of_any_shape_fits_and_keeps_it() {
        check_size(1_280, 720, (32, 18));
        check_size(640, 480, (24, 18));
        check_size(720, 1_280, (10, 18));
        check_size(1, 1, (18, 18));
        check_size(3_000, 1, (32, 1));
        check_size(1, 3_000, (1, 18));
    }

    /// What is drawn, a letter for each pixel.
    fn drawn(preview: &Preview) -> Vec<String> {
        let letter = |pixel: Pixel| match pixel {
            Pixel::Grey(grey) if grey < 128 => '#',
            Pixel::Grey(_) => '.',
            Pixel::Read => 'R',
            Pixel::Unread => 'U',
        };
        let row = |row| {
            (0..preview.columns())
                .map(|column| letter(preview.pixel(column, row)))
                .collect()
        };
        (0..preview.rows()).map(row).collect()
    }

    fn corners(at: [(i32, i32); 4]) -> [Corner; 4] {
        at.map(|(x, y)| Corner { x, y })
    }

    #[test]
    fn what_is_dark_stays_where_it_is_and_the_code_gets_an_outline() {
        let dark = |x: usize, y: usize| (40..120).contains(&x) && (80..160).contains(&y);
        let luma = (0..320 * 180).map(|at| if dark(at % 320, at / 320) { 10 } else { 240 });
        let frame = LumaFrame::new(320, 180, luma.collect()).unwrap();
        let code = corners([(40, 80), (119, 80), (119, 159), (40, 159)]);
        let preview = Preview::of(&frame).marked(&frame, &code, Pixel::Unread);
        let lines = drawn(&preview);
        assert_eq!(lines[7], ".".repeat(32));
        assert_eq!(lines[8], format!("....{}{}", "U".repeat(8), ".".repeat(20)));
        assert_eq!(lines[9], format!("....U{}U{}", "#".repeat(6), ".".repeat(20)));
        assert_eq!(lines[15], lines[8]);
        assert_eq!(lines[16], ".".repeat(32));
    }

    #[test]
    fn a_code_that_reaches_out_of_the_frame_is_outlined_as_far_as_it_is_seen() {
        let frame = LumaFrame::new(320, 180, vec![200; 320 * 180]).unwrap();
        let code = corners([(i32::MIN, i32::MIN), (i32::MAX, -5), (300, i32::MAX), (-40, 90)]);
        let preview = Preview::of(&frame).marked(&frame, &code, Pixel::Read);
        assert_eq!(preview.rows(), 18);
    }
}
