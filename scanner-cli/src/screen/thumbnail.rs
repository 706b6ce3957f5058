//! A preview in half blocks, beside the foot of the panel; leaves out making the preview.

use crossterm::style::{Color, ResetColor, SetBackgroundColor, SetForegroundColor};

use super::drawing::{Size, put};
use crate::preview::{Pixel, Preview};

/// Between the text and the preview.
const GAP_COLUMNS: usize = 1;

/// What must be left of the terminal for words, in letters: less, and there is no preview.
const WORDS_COLUMNS: usize = 44;

/// The same, in lines: a result with its symbol.
const WORDS_ROWS: usize = 11;

/// The first and last of the 24 greys in a terminal's palette of 256.
const GREYS: (u8, u8) = (232, 255);

/// Bright green, as the sign for a code that was read.
const READ: Color = Color::AnsiValue(46);

/// Bright yellow, as the sign for a code that was not.
const UNREAD: Color = Color::AnsiValue(226);

/// A preview with its place in a terminal.
pub(super) struct Thumbnail<'a> {
    preview: &'a Preview,
}

impl<'a> Thumbnail<'a> {
    /// Places a preview where enough room is left for words.
    pub(super) fn fitting(preview: &'a Preview, size: Size) -> Option<Self> {
        let thumbnail = Self { preview };
        let fits = usize::from(size.columns) >= thumbnail.columns() + WORDS_COLUMNS
            && usize::from(size.rows) >= thumbnail.rows() + WORDS_ROWS;
        fits.then_some(thumbnail)
    }

    /// Letters across, the gap included.
    pub(super) fn columns(&self) -> usize {
        self.preview.columns() + GAP_COLUMNS
    }

    /// Lines down, each two pixels high.
    pub(super) fn rows(&self) -> usize {
        self.preview.rows().div_ceil(2)
    }

    /// Draws one line of it.
    pub(super) fn draw(&self, out: &mut String, row: usize) {
        out.extend(std::iter::repeat_n(' ', GAP_COLUMNS));
        for column in 0..self.preview.columns() {
            let half = |lower: usize| colour(self.preview.pixel(column, 2 * row + lower));
            put(out, SetForegroundColor(half(0)));
            put(out, SetBackgroundColor(half(1)));
            out.push('▀');
        }
        put(out, ResetColor);
    }
}

fn colour(pixel: Pixel) -> Color {
    match pixel {
        Pixel::Grey(grey) => {
            let (first, last) = GREYS;
            let levels = u16::from(last - first) + 1;
            let level = (u16::from(grey) * levels) >> 8;
            Color::AnsiValue(first + u8::try_from(level).expect("fewer levels than a byte has values"))
        }
        Pixel::Read => READ,
        Pixel::Unread => UNREAD,
    }
}
