//! The fonts that are built in, how wide texts are in them, and where lines are broken.

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// DejaVu Sans 2.37; `fonts/LICENSE.txt` has its licence.
const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// A font to write with and to measure by.
pub struct Typeface {
    pub font: Font,
    measured: FontRef<'static>,
}

impl Typeface {
    /// Returns the one that most is written with.
    pub fn regular() -> Option<Self> {
        Self::of(REGULAR)
    }

    /// Returns the one for what is seen first.
    pub fn bold() -> Option<Self> {
        Self::of(BOLD)
    }

    fn of(bytes: &'static [u8]) -> Option<Self> {
        Some(Self {
            font: Font::new(bytes.into(), 0)?,
            measured: FontRef::new(bytes).ok()?,
        })
    }

    /// Measures a line in points; letters that stand closer together than usual are taken for wider.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        let metrics = self
            .measured
            .glyph_metrics(Size::new(size), LocationRef::default());
        let glyphs = self.measured.charmap();
        text.chars()
            .filter_map(|char| metrics.advance_width(glyphs.map(char).unwrap_or_default()))
            .sum()
    }

    /// Breaks a text into lines that are so wide at most, between words where that is possible. What does not fit into so many lines ends with
    /// an ellipsis.
    pub fn lines(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            for piece in self.pieces(word, size, width) {
                let last = lines.last_mut().expect("there is one from the beginning");
                let longer = if last.is_empty() {
                    piece.clone()
                } else {
                    format!("{last} {piece}")
                };
                if self.width(&longer, size) <= width {
                    *last = longer;
                } else {
                    lines.push(piece);
                }
            }
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                while !last.is_empty() && self.width(&format!("{last}…"), size) > width {
                    last.pop();
                }
                last.push('…');
            }
        }
        lines
    }

    /// Breaks a word that is wider than a line.
    fn pieces(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for char in word.chars() {
            let last = pieces.last_mut().expect("there is one from the beginning");
            if !last.is_empty() && self.width(&format!("{last}{char}"), size) > width {
                pieces.push(char.to_string());
            } else {
                last.push(char);
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, most: usize, expected: &[&str]) {
        let typeface = Typeface::regular().unwrap();
        assert_eq!(typeface.lines(text, 10.0, 60.0, most), expected);
    }

    #[test]
    fn lines_break_between_words_and_words_only_where_they_must() {
        check("Owls", 3, &["Owls"]);
        check("Owl Nights at last", 3, &["Owl Nights", "at last"]);
        check("Owls of the old town hall", 2, &["Owls of the", "old town…"]);
        let typeface = Typeface::regular().unwrap();
        let broken = typeface.lines(&"W".repeat(20), 10.0, 60.0, 9);
        assert!(
            broken.len() > 2 && broken.concat() == "W".repeat(20),
            "{broken:?}"
        );
        check("", 1, &[""]);
    }
}
