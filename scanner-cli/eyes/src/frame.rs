//! A grey picture whose size was checked; leaves out where it came from and what is in it.

use thiserror::Error;

use super::Allowance;
use super::point::Point;

/// Most pixels of one frame: the largest common phone photographs (50 megapixels). More is a decompression
/// bomb or a mistake, and would keep a gate waiting for seconds.
pub const MAX_FRAME_PIXELS: u64 = 50_000_000;

/// Longest side of one frame in pixels: four times the longest side of a 4K camera. Bounds one row of work.
pub const MAX_FRAME_SIDE: u32 = 16_384;

/// Brightness of an area that was made plain: halfway between all inks and grounds.
const PLAIN: u8 = 128;

/// Why some bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LumaFrameError {
    /// A side is zero.
    #[error("the picture is empty ({width} × {height} pixels)")]
    Empty {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// More than [`MAX_FRAME_PIXELS`] or a side over [`MAX_FRAME_SIDE`].
    #[error(
        "the picture is too large ({width} × {height} pixels; at most {MAX_FRAME_PIXELS} pixels and {MAX_FRAME_SIDE} a side): make it smaller"
    )]
    TooLarge {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// The bytes do not make width × height pixels.
    #[error("the picture has {actual_bytes} bytes where {expected_bytes} belong")]
    WrongLength {
        /// One byte for each pixel.
        expected_bytes: usize,
        /// What was there.
        actual_bytes: usize,
    },
}

/// Holds a grey picture: one byte for each pixel, 0 black, rows from top to bottom without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LumaFrame {
    width: u32,
    height: u32,
    luma: Vec<u8>,
}

impl LumaFrame {
    /// Checks the size and takes the pixels.
    ///
    /// # Errors
    /// A side of zero, a size over the limits, or a length other than `width * height`.
    pub fn new(width: u32, height: u32, luma: Vec<u8>) -> Result<Self, LumaFrameError> {
        Self::check_size(width, height)?;
        let expected_bytes = width as usize * height as usize;
        if luma.len() != expected_bytes {
            return Err(LumaFrameError::WrongLength {
                expected_bytes,
                actual_bytes: luma.len(),
            });
        }
        Ok(Self { width, height, luma })
    }

    /// Says whether a picture of this size may be read at all, before anything is allocated for it.
    ///
    /// # Errors
    /// A side of zero or a size over the limits.
    pub fn check_size(width: u32, height: u32) -> Result<(), LumaFrameError> {
        if width == 0 || height == 0 {
            return Err(LumaFrameError::Empty { width, height });
        }
        if width.max(height) > MAX_FRAME_SIDE || u64::from(width) * u64::from(height) > MAX_FRAME_PIXELS {
            return Err(LumaFrameError::TooLarge { width, height });
        }
        Ok(())
    }

    /// Pixels from left to right.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, row by row.
    #[must_use]
    pub fn luma(&self) -> &[u8] {
        &self.luma
    }

    /// Returns the pixels away.
    #[must_use]
    pub fn into_luma(self) -> Vec<u8> {
        self.luma
    }

    /// Halves both sides, averaging four pixels into one; `None` when a side would get under `shortest`.
    #[must_use]
    pub fn halved(&self, shortest: u32) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width.min(height) < shortest.max(1) {
            return None;
        }
        let mut luma = Vec::with_capacity(width as usize * height as usize);
        for pair in self.luma.chunks_exact(self.width as usize * 2) {
            let (upper, lower) = pair.split_at(self.width as usize);
            let quads = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            luma.extend(quads.map(|(up, low)| mean([up[0], up[1], low[0], low[1]])));
        }
        Some(Self { width, height, luma })
    }

    /// Doubles both sides, each pixel becoming four that blend into their neighbours; `None` when that is no
    /// frame or the allowance is used up.
    #[must_use]
    pub(super) fn doubled(&self, allowance: &Allowance) -> Option<Self> {
        let (width, height) = (self.width * 2, self.height * 2);
        Self::check_size(width, height).ok()?;
        let rows: Vec<&[u8]> = self.luma.chunks_exact(self.width as usize).collect();
        let mut luma = Vec::with_capacity(self.luma.len() * 4);
        for (at, &row) in rows.iter().enumerate() {
            allowance.spend(4 * u64::from(self.width))?;
            let neighbours = [rows[at.saturating_sub(1)], rows[(at + 1).min(rows.len() - 1)]];
            for other in neighbours {
                add_blended_wide(&mut luma, row, other);
            }
        }
        Some(Self { width, height, luma })
    }

    /// Adds twice what sets each pixel apart from the square of `2 * radius + 1` pixels around it.
    #[must_use]
    pub(super) fn sharpened(&self, radius: usize) -> Self {
        let means = self.blurred(radius);
        let sharper = |(&pixel, mean): (&u8, u8)| {
            let (pixel, mean) = (i32::from(pixel), i32::from(mean));
            (pixel + 2 * (pixel - mean)).clamp(0, 255) as u8
        };
        Self {
            luma: self.luma.iter().zip(means).map(sharper).collect(),
            ..*self
        }
    }

    /// Each pixel becomes the mean of the nine around it, which evens noise out.
    #[must_use]
    pub(super) fn softened(&self) -> Self {
        Self {
            luma: self.blurred(1),
            ..*self
        }
    }

    /// The mean of the square around each pixel, rows first, then columns; the edge goes on outside.
    fn blurred(&self, radius: usize) -> Vec<u8> {
        let (width, height) = (self.width as usize, self.height as usize);
        let pixels = (2 * radius + 1) as u32;
        let mut along = Vec::with_capacity(self.luma.len());
        for row in self.luma.chunks_exact(width) {
            let at = |x: usize| u32::from(row[x.saturating_sub(radius).min(width - 1)]);
            let mut sum: u32 = (0..2 * radius + 1).map(at).sum();
            for x in 0..width {
                along.push(((sum + pixels / 2) / pixels) as u8);
                sum = sum + at(x + 2 * radius + 1) - at(x);
            }
        }
        let row = |y: usize| &along[y.saturating_sub(radius).min(height - 1) * width..][..width];
        let mut sums = vec![0_u32; width];
        for y in 0..2 * radius + 1 {
            sums.iter_mut()
                .zip(row(y))
                .for_each(|(sum, &pixel)| *sum += u32::from(pixel));
        }
        let mut blurred = Vec::with_capacity(self.luma.len());
        for y in 0..height {
            blurred.extend(sums.iter().map(|sum| ((sum + pixels / 2) / pixels) as u8));
            for ((sum, &next), &last) in sums.iter_mut().zip(row(y + 2 * radius + 1)).zip(row(y)) {
                *sum = *sum + u32::from(next) - u32::from(last);
            }
        }
        blurred
    }

    /// Cuts a rectangle out, as far as it lies in the frame; `None` when nothing of it does.
    #[must_use]
    pub(super) fn cropped(&self, left: u32, top: u32, size: (u32, u32)) -> Option<Self> {
        let width = size.0.min(self.width.checked_sub(left)?);
        let height = size.1.min(self.height.checked_sub(top)?);
        Self::check_size(width, height).ok()?;
        let rows = self.luma.chunks_exact(self.width as usize);
        let rows = rows.skip(top as usize).take(height as usize);
        let luma = rows
            .flat_map(|row| &row[left as usize..(left + width) as usize])
            .copied()
            .collect();
        Some(Self { width, height, luma })
    }

    /// The brightness at a position between pixels, blended of the four around it; outside, that of the edge.
    /// The middle of the first pixel is at (0.5, 0.5).
    #[inline]
    #[must_use]
    pub(super) fn sampled(&self, position: Point) -> f32 {
        let width = self.width as usize;
        let (x, y) = (position.x - 0.5, position.y - 0.5);
        let (left, top) = (x as i32, y as i32);
        if x >= 0.0 && y >= 0.0 && (left as usize) + 1 < width {
            let at = top as usize * width + left as usize;
            if let Some(&[upper, upper_right, .., lower, lower_right]) = self.luma.get(at..at + width + 2) {
                return blended(
                    [upper, upper_right],
                    [lower, lower_right],
                    (x - left as f32, y - top as f32),
                );
            }
        }
        self.sampled_at_edge(x, y)
    }

    #[cold]
    fn sampled_at_edge(&self, x: f32, y: f32) -> f32 {
        let width = self.width as usize;
        let last = (self.width as i32 - 1, self.height as i32 - 1);
        let (x, y) = (x.max(0.0).min(last.0 as f32), y.max(0.0).min(last.1 as f32));
        let (left, top) = (x as usize, y as usize);
        let right = (left + 1).min(last.0 as usize);
        let pair = |row: usize| [self.luma[row * width + left], self.luma[row * width + right]];
        let (upper, lower) = (pair(top), pair((top + 1).min(last.1 as usize)));
        blended(upper, lower, (x - left as f32, y - top as f32))
    }

    /// Makes a convex area plain, given by its corners in clockwise order.
    #[must_use]
    pub(super) fn without(mut self, corners: &[Point; 4]) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        let span = |values: [f32; 4], side: usize| {
            let least = values.into_iter().fold(f32::MAX, f32::min);
            let most = values.into_iter().fold(f32::MIN, f32::max);
            (least.max(0.0) as usize).min(side)..(most.max(0.0).ceil() as usize).min(side)
        };
        let columns = span(corners.map(|corner| corner.x), width);
        for y in span(corners.map(|corner| corner.y), height) {
            for x in columns.clone() {
                let here = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                let side = |at: usize| (corners[(at + 1) % 4] - corners[at]).cross(here - corners[at]);
                // A mirrored code has its corners the other way round.
                if (0..4).all(|at| side(at) >= 0.0) || (0..4).all(|at| side(at) <= 0.0) {
                    self.luma[y * width + x] = PLAIN;
                }
            }
        }
        self
    }

    /// Turns black into white and white into black.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self {
            luma: self.luma.iter().map(|&luma| 255 - luma).collect(),
            ..*self
        }
    }
}

/// Two pixels above two others, blended by how far across and down a position lies between them.
#[inline]
fn blended(upper: [u8; 2], lower: [u8; 2], (x, y): (f32, f32)) -> f32 {
    let along = |row: [u8; 2]| f32::from(row[0]) * (1.0 - x) + f32::from(row[1]) * x;
    along(upper) * (1.0 - y) + along(lower) * y
}

/// Adds a row of twice the pixels: three parts of each and one of its neighbour, of this row and the other alike.
fn add_blended_wide(luma: &mut Vec<u8>, row: &[u8], other: &[u8]) {
    let tall: Vec<u16> = row
        .iter()
        .zip(other)
        .map(|(&one, &other)| 3 * u16::from(one) + u16::from(other))
        .collect();
    let (first, last) = (tall[0], tall[tall.len() - 1]);
    let left = std::iter::once(&first).chain(&tall);
    let right = tall[1..].iter().chain(std::iter::once(&last));
    for ((&one, &left), &right) in tall.iter().zip(left).zip(right) {
        luma.extend([left, right].map(|beside| ((3 * one + beside) / 16) as u8));
    }
}

fn mean(pixels: [u8; 4]) -> u8 {
    let sum: u16 = pixels.iter().map(|&pixel| u16::from(pixel)).sum();
    u8::try_from((sum + 2) / 4).expect("the mean of four bytes is a byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(width: u32, height: u32, bytes: usize, expected: LumaFrameError) {
        assert_eq!(LumaFrame::new(width, height, vec![0; bytes]), Err(expected));
    }

    #[test]
    fn sizes_that_make_no_picture_are_refused_before_any_work() {
        refused(0, 0, 0, LumaFrameError::Empty { width: 0, height: 0 });
        refused(0, 7, 0, LumaFrameError::Empty { width: 0, height: 7 });
        refused(
            3,
            3,
            8,
            LumaFrameError::WrongLength {
                expected_bytes: 9,
                actual_bytes: 8,
            },
        );
        refused(
            3,
            3,
            10,
            LumaFrameError::WrongLength {
                expected_bytes: 9,
                actual_bytes: 10,
            },
        );
        refused(
            u32::MAX,
            u32::MAX,
            1,
            LumaFrameError::TooLarge {
                width: u32::MAX,
                height: u32::MAX,
            },
        );
        refused(
            MAX_FRAME_SIDE + 1,
            1,
            1,
            LumaFrameError::TooLarge {
                width: MAX_FRAME_SIDE + 1,
                height: 1,
            },
        );
        refused(
            8_000,
            8_000,
            1,
            LumaFrameError::TooLarge {
                width: 8_000,
                height: 8_000,
            },
        );
    }

    #[test]
    fn doubling_blends_each_pixel_into_its_neighbours() {
        let frame = LumaFrame::new(2, 2, vec![0, 160, 80, 240]).unwrap();
        let doubled = frame.doubled(&Allowance::of_steps(1_000)).unwrap();
        let rows = [
            [0, 40, 120, 160],
            [20, 60, 140, 180],
            [60, 100, 180, 220],
            [80, 120, 200, 240],
        ];
        assert_eq!(doubled, LumaFrame::new(4, 4, rows.concat()).unwrap());
        assert_eq!(frame.doubled(&Allowance::of_steps(8)), None, "a row too few");
    }

    #[test]
    fn halving_averages_four_pixels_and_drops_an_odd_edge() {
        let frame = LumaFrame::new(5, 3, vec![0, 4, 255, 255, 9, 8, 4, 255, 255, 9, 1, 1, 1, 1, 1]).unwrap();
        assert_eq!(
            frame.halved(1).unwrap(),
            LumaFrame::new(2, 1, vec![4, 255]).unwrap()
        );
        assert_eq!(frame.halved(2), None);
    }
}
