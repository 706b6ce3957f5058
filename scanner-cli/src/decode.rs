//! `usher-scan decode`: prints what the codes in pictures say; judges nothing.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use encoding_rs::{Encoding, SHIFT_JIS};
use usher_eyes::{Charset, QrCode};

use crate::eyes::codes_in;
use crate::printable::printable;
use crate::source::pictures::Pictures;
use crate::source::{Capture, Source, SourceError};

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

/// Prints `path<TAB>text` and a line end for each code of the pictures and folders named, `hex:…` where a code is no
/// text or names a character set that is not known here, which is complained of; a text of several lines keeps them. Returns whether every picture had at least one.
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
                    outputs.print(&path, code)?;
                }
                codes.is_empty().then_some(SourceError::NoCode { path })
            }
            Capture::Fault(fault) | Capture::Outage { fault, .. } => Some(fault),
            Capture::Frame(_) | Capture::Typed(_) | Capture::Keyed(_) => None,
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
    fn print(&mut self, path: &Path, code: &QrCode) -> io::Result<()> {
        let text = text(&code.bytes, code.charset);
        if text.is_none()
            && let Some(unknown) = unknown(code.charset)
        {
            let path = printable(&path.to_string_lossy());
            writeln!(
                self.complaints,
                "usher-scan: {path}: the code is in {unknown}, which usher-scan does not know: its bytes are printed as they are"
            )?;
        }
        self.codes.write_all(path.as_os_str().as_encoded_bytes())?;
        match text {
            Some(text) if self.terminal => writeln!(self.codes, "\t{}", printable(&text)),
            Some(text) => writeln!(self.codes, "\t{text}"),
            None => writeln!(self.codes, "\thex:{}", HEXLOWER.encode(&code.bytes)),
        }
    }
}

/// What to call a character set that cannot be told here.
fn unknown(charset: Charset) -> Option<String> {
    match charset {
        Charset::Unsaid => None,
        Charset::Several => Some("several character sets".to_owned()),
        Charset::Eci(LATIN_1) => None,
        Charset::Eci(eci) => encoding(eci)
            .is_none()
            .then(|| format!("the character set of ECI {eci}")),
    }
}

/// The text that bytes of a code are: in the character set that the code names; where it names none, or bytes that are
/// none of it, UTF-8, or Shift_JIS, which codes in kanji mode and most others from Japan are in, or Latin-1, which the
/// standard means. Then bytes that would be control or private characters are no text, and single accented letters
/// among plain ones are Latin-1 though they may also be kanji.
fn text(bytes: &[u8], charset: Charset) -> Option<Cow<'_, str>> {
    match charset {
        Charset::Unsaid => likeliest_text(bytes),
        // Plain letters are the same in nearly all of them.
        Charset::Several => bytes.is_ascii().then(|| String::from_utf8_lossy(bytes)),
        Charset::Eci(LATIN_1) => latin_1(bytes),
        Charset::Eci(eci) => encoding(eci)?
            .decode_without_bom_handling_and_without_replacement(bytes)
            .or_else(|| likeliest_text(bytes)),
    }
}

/// The ECI number of ISO/IEC 8859-1.
const LATIN_1: u32 = 3;

/// The encoding of an ECI number. **Source**: AIM ITS/04-023.
fn encoding(eci: u32) -> Option<&'static Encoding> {
    let label = match eci {
        4..=18 => format!("iso-8859-{}", eci - 2),
        20 => "shift_jis".to_owned(),
        21..=23 => format!("windows-{}", 1_250 + eci - 21),
        24 => "windows-1256".to_owned(),
        25 => "utf-16be".to_owned(),
        26 => "utf-8".to_owned(),
        27 => "ascii".to_owned(),
        28 => "big5".to_owned(),
        29 | 32 => "gb18030".to_owned(),
        30 => "euc-kr".to_owned(),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

fn likeliest_text(bytes: &[u8]) -> Option<Cow<'_, str>> {
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
        assert_eq!(text(bytes, Charset::Unsaid).as_deref(), expected);
    }

    #[track_caller]
    fn check_named(eci: u32, bytes: &[u8], expected: Option<&str>) {
        assert_eq!(text(bytes, Charset::Eci(eci)).as_deref(), expected, "ECI {eci}");
        assert_eq!(
            unknown(Charset::Eci(eci)).is_some(),
            expected.is_none(),
            "ECI {eci}"
        );
    }

    #[test]
    fn text_in_a_character_set_that_the_code_names_is_read_in_it() {
        check_named(3, b"\xc3\xbc", Some("Ã¼"));
        check_named(26, b"\xc3\xbc", Some("ü"));
        check_named(20, b"\xc3\xbc", Some("ﾃｼ"));
        check_named(7, b"\xbf\xe0", Some("Пр"));
        check_named(22, b"\xcf\xf0", Some("Пр"));
        check_named(25, b"\x04\x1f\x04\x40", Some("Пр"));
        check_named(29, b"\xd6\xd0", Some("中"));
        // Who names one and writes another is read as if nothing was named.
        check_named(26, b"M\xfcller", Some("Müller"));
    }

    #[test]
    fn character_sets_that_are_not_known_are_told_and_not_guessed() {
        check_named(899, b"abc\xe9", None);
        check_named(14, b"\xe9", None);
        assert_eq!(text(b"\xe9", Charset::Several), None);
        assert_eq!(text(b"e", Charset::Several).as_deref(), Some("e"));
        assert!(unknown(Charset::Several).is_some());
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
