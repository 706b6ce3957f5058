//! Lines from a USB scanner that types what it reads, Enter after each; leaves out judging them.

use std::io::{BufRead, ErrorKind};

use super::{Capture, Fault, Source};

/// Longest typed line in bytes: more than the largest QR code holds (2,953 bytes), so nothing real is cut.
pub const MAX_LINE_BYTES: usize = 4_096;

/// Splits what a wedge types into lines.
///
/// CR, LF and CRLF end a line, and one Tab before them is the scanner's own. Everything else is part of the code
/// as read, spaces too: an altered text must never pass for the ticket it resembles.
#[derive(Debug)]
pub struct WedgeLines<R> {
    input: R,
    broken: bool,
}

/// How far the line at hand got.
enum Chunk {
    /// The terminator was reached, or the end of the input with something before it.
    Whole,
    /// The line goes on.
    Part,
    /// The input ended.
    Ended,
}

impl<R: BufRead> WedgeLines<R> {
    /// Reads lines from `input`.
    pub fn new(input: R) -> Self {
        Self { input, broken: false }
    }

    /// Moves bytes up to the next terminator into `line`, at most one byte more than a line may have.
    fn take_chunk(&mut self, line: &mut Vec<u8>) -> std::io::Result<Chunk> {
        let buffer = match self.input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Chunk::Part),
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(if line.is_empty() {
                Chunk::Ended
            } else {
                Chunk::Whole
            });
        }
        let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let typed = &buffer[..end.unwrap_or(buffer.len())];
        let room = (MAX_LINE_BYTES + 1).saturating_sub(line.len());
        line.extend_from_slice(&typed[..typed.len().min(room)]);
        let used = typed.len() + usize::from(end.is_some());
        self.input.consume(used);
        Ok(if end.is_some() { Chunk::Whole } else { Chunk::Part })
    }
}

impl<R: BufRead> Source for WedgeLines<R> {
    fn next(&mut self) -> Capture {
        let mut line = Vec::new();
        while !self.broken {
            match self.take_chunk(&mut line) {
                Ok(Chunk::Part) => {}
                Ok(Chunk::Ended) => break,
                Ok(Chunk::Whole) if line.is_empty() => {}
                Ok(Chunk::Whole) => return typed(line),
                Err(error) => {
                    self.broken = true;
                    return Capture::Fault(Fault::Input(error));
                }
            }
        }
        Capture::End
    }
}

fn typed(mut line: Vec<u8>) -> Capture {
    if line.len() > MAX_LINE_BYTES {
        return Capture::Fault(Fault::LineTooLong);
    }
    if line.last() == Some(&b'\t') {
        line.pop();
    }
    match String::from_utf8(line) {
        Ok(text) => Capture::Typed(text),
        Err(_) => Capture::Fault(Fault::LineNotText),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    fn told(capture: Capture) -> Option<String> {
        match capture {
            Capture::Typed(text) => Some(text),
            Capture::Fault(Fault::LineTooLong) => Some("<too long>".to_owned()),
            Capture::Fault(Fault::LineNotText) => Some("<no text>".to_owned()),
            Capture::Fault(Fault::Input(_)) => Some("<broken>".to_owned()),
            Capture::End => None,
            other @ (Capture::Frame(_)
            | Capture::Picture { .. }
            | Capture::Fault(_)
            | Capture::Outage { .. }) => panic!("a wedge never yields {other:?}"),
        }
    }

    #[track_caller]
    fn check(typed: impl AsRef<[u8]>, expected: &[&str]) {
        for buffer_bytes in [1, 3, 8_192] {
            let mut lines = WedgeLines::new(BufReader::with_capacity(buffer_bytes, typed.as_ref()));
            let told: Vec<String> = std::iter::from_fn(|| told(lines.next())).collect();
            assert_eq!(told, expected, "read {buffer_bytes} bytes at a time");
        }
    }

    #[test]
    fn every_way_to_press_enter_ends_a_line() {
        check("12\n34\n", &["12", "34"]);
        check("12\r34\r", &["12", "34"]);
        check("12\r\n34\r\n", &["12", "34"]);
        check("12\r\r\n\n34", &["12", "34"]);
        check("", &[]);
        check("\n\r\n", &[]);
    }

    #[test]
    fn one_tab_is_the_scanners_and_everything_else_is_the_codes() {
        check("12\t\r\n", &["12"]);
        check("12\t\t\n", &["12\t"]);
        check(" 12 \n", &[" 12 "]);
        check("+12\n0012\n1 2\n", &["+12", "0012", "1 2"]);
        check("\u{feff}12\n", &["\u{feff}12"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_up_to_the_next_one() {
        let longest = "1".repeat(MAX_LINE_BYTES);
        check(format!("{longest}\n2\n"), &[&longest, "2"]);
        check(format!("{longest}1\n2\n"), &["<too long>", "2"]);
        check(format!("{}\r\n2", longest.repeat(3)), &["<too long>", "2"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_told_and_the_next_line_is_read() {
        check(b"\xff\xfe12\n34\n", &["<no text>", "34"]);
        check(b"1\x002\n\xc3\n", &["1\u{0}2", "<no text>"]);
    }

    /// An input that fails after its first bytes.
    struct Unplugged(&'static [u8]);

    impl Read for Unplugged {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::Error::other("gone"));
            }
            self.0.read(buffer)
        }
    }

    #[test]
    fn an_input_that_breaks_off_is_told_once() {
        let mut lines = WedgeLines::new(BufReader::new(Unplugged(b"12\n3")));
        let told: Vec<String> = std::iter::from_fn(|| told(lines.next())).collect();
        assert_eq!(told, ["12", "<broken>"]);
    }
}
