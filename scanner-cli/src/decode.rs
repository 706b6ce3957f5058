//! `usher-scan decode`: prints what the codes in pictures say; judges nothing.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use encoding_rs::SHIFT_JIS;

use crate::read::{self, Allowance, Code, LumaFrame, STEPS_A_FRAME};
use crate::screen::printable;
use crate::source::pictures::Pictures;
use crate::source::{Capture, Fault, Source};

/// Longest that one picture is looked at: with opening it nobody waits much more than a second. The steps alone take
/// less than half of it, unless the computer is old or busy.
const LONGEST_LOOK: Duration = Duration::from_millis(900);

/// Where the lines go.
#[derive(Debug)]
pub struct Outputs<O, E> {
    /// Each code, as [`decode`] says.
    pub codes: O,
    /// One line for each picture that gave none.
    pub complaints: E,
    /// The codes are written to a terminal, which control characters in them must not reach.
    pub terminal: bool,
}

/// Reads the codes of a picture with everything there is, but not for ever.
#[must_use]
pub fn codes_in(picture: &LumaFrame) -> Vec<Code> {
    let started = Instant::now();
    let may_go_on = || started.elapsed() < LONGEST_LOOK;
    read::read_within(picture, &Allowance::asking(STEPS_A_FRAME, &may_go_on))
}

/// Prints `path<TAB>text` and a line end for each code of the pictures and folders named, `hex:…` where a code is no
/// text; a text of several lines keeps them. Returns whether every picture had at least one.
///
/// # Errors
/// An output cannot be written.
pub fn decode<O: Write, E: Write>(files: Vec<PathBuf>, outputs: &mut Outputs<O, E>) -> io::Result<bool> {
    let mut pictures = Pictures::new(files);
    let mut all_read = true;
    loop {
        let fault = match pictures.next() {
            Capture::Picture { path, frame } => {
                let codes = codes_in(&frame);
                for code in &codes {
                    outputs.print(&path, &code.bytes)?;
                }
                codes.is_empty().then_some(Fault::NoCode { path })
            }
            Capture::Fault(fault) | Capture::Outage { fault, .. } => Some(fault),
            Capture::Frame(_) | Capture::Typed(_) => None,
            Capture::End => return Ok(all_read),
        };
        if let Some(fault) = fault {
            all_read = false;
            writeln!(
                outputs.complaints,
                "usher-scan: {}",
                printable(&fault.to_string())
            )?;
        }
    }
}

impl<O: Write, E: Write> Outputs<O, E> {
    fn print(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.codes.write_all(path.as_os_str().as_encoded_bytes())?;
        match text(bytes) {
            Some(text) if self.terminal => writeln!(self.codes, "\t{}", printable(&text)),
            Some(text) => writeln!(self.codes, "\t{text}"),
            None => writeln!(self.codes, "\thex:{}", HEXLOWER.encode(bytes)),
        }
    }
}

/// The text that bytes of a code are: UTF-8, or Shift_JIS, which codes in kanji mode and most others from Japan are
/// in, or Latin-1, which the standard means. A code seldom says which, so bytes that would be control or private
/// characters are no text, and single accented letters among plain ones are Latin-1 though they may also be kanji.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    if is_western(bytes) {
        return latin_1(bytes);
    }
    SHIFT_JIS
        .decode_without_bom_handling_and_without_replacement(bytes)
        .filter(|text| !text.contains(is_odd))
        .or_else(|| latin_1(bytes))
}

/// Whether all bytes beyond ASCII would be letters in Latin-1, among more letters of ASCII.
fn is_western(bytes: &[u8]) -> bool {
    let is_accented = |byte: u8| byte >= 0xc0 && !matches!(byte, 0xd7 | 0xf7);
    let accented = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let plain = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    accented < plain && bytes.iter().all(|&byte| byte.is_ascii() || is_accented(byte))
}

/// ISO/IEC 8859-1, whose bytes are the first characters of Unicode.
fn latin_1(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    (!text.contains(is_odd)).then_some(Cow::Owned(text))
}

fn is_odd(letter: char) -> bool {
    let is_private = ('\u{e000}'..='\u{f8ff}').contains(&letter);
    is_private || (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(text(bytes).as_deref(), expected);
    }

    #[test]
    fn text_is_utf_8_or_shift_jis_or_latin_1_or_none() {
        check("Grüße\n".as_bytes(), Some("Grüße\n"));
        check(
            b"\x83\x82\x83o\x83C\x83\x8b\r\nhttp://google.jp",
            Some("モバイル\r\nhttp://google.jp"),
        );
        check(b"*\xc3\xde\xbb\xde\xb2\xddQR*", Some("*ﾃﾞｻﾞｲﾝQR*"));
        check(b"M\xfcller & S\xf6hne, Caf\xe9", Some("Müller & Söhne, Café"));
        check(b"Bient\xf4t l'\xe9t\xe9", Some("Bientôt l'été"));
        check(&[0xff, 0x00, 0x80], None);
        check(&[0x83], None);
        check(&[0x83, 0x82, 0x07], None);
        check(&[0xf0, 0x40, 0x81], None);
    }
}
