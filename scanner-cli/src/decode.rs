//! `usher-scan decode`: prints what the codes in pictures say; judges nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::read;
use crate::screen::printable;
use crate::source::pictures::Pictures;
use crate::source::{Capture, Fault, Source};

/// Where the lines go.
#[derive(Debug)]
pub struct Outputs<O, E> {
    /// One line for each code.
    pub codes: O,
    /// One line for each picture that gave none.
    pub complaints: E,
    /// The codes are written to a terminal, which control characters in them must not reach.
    pub terminal: bool,
}

/// Prints `path<TAB>text` for each code of the pictures and folders named, `hex:…` where a code is no UTF-8 text.
/// Returns whether every picture had at least one.
///
/// # Errors
/// An output cannot be written.
pub fn decode<O: Write, E: Write>(files: Vec<PathBuf>, outputs: &mut Outputs<O, E>) -> io::Result<bool> {
    let mut pictures = Pictures::new(files);
    let mut all_read = true;
    loop {
        let fault = match pictures.next() {
            Capture::Picture { path, frame } => {
                let codes = read::read(&frame);
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
        match str::from_utf8(bytes) {
            Ok(text) if self.terminal => writeln!(self.codes, "\t{}", printable(text)),
            Ok(text) => writeln!(self.codes, "\t{text}"),
            Err(_) => writeln!(self.codes, "\thex:{}", HEXLOWER.encode(bytes)),
        }
    }
}
