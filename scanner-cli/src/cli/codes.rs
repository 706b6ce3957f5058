//! A code given on the command line: as the text of a payload, or in a picture; judging it is the commands'.

use std::path::PathBuf;

use crate::cli::trouble::Trouble;
use crate::eyes::codes_in;
use crate::source::pictures::Pictures;
use crate::source::{Capture, Source, SourceError};
use usher_protocol::ticket::typed::{self, Garbled};

/// Takes the codes that were given as text: typed by a wedge, or copied with blanks around it.
pub fn typed(text: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let codes = typed::codes(text)?;
    if codes.is_empty() {
        return Err(Trouble::NoCode);
    }
    Ok(codes.into_iter().map(String::into_bytes).collect())
}

/// Takes the one code that was given, as text or in a picture; the command line demands one of them.
pub fn only(payload: Option<String>, image: Option<PathBuf>) -> Result<Vec<u8>, Trouble> {
    match (payload, image) {
        (Some(payload), _) => only_typed(&payload),
        (None, Some(picture)) => only_code(picture),
        (None, None) => Err(Trouble::NoCode),
    }
}

/// Takes the one code that was given as text.
fn only_typed(text: &str) -> Result<Vec<u8>, Trouble> {
    let mut codes = typed(text)?;
    match (codes.pop(), codes.is_empty()) {
        (Some(code), true) => Ok(code),
        _ => Err(Garbled::RanTogether.into()),
    }
}

/// Reads the one code of one picture.
fn only_code(path: PathBuf) -> Result<Vec<u8>, Trouble> {
    let mut codes = in_pictures(vec![path.clone()]);
    match (codes.pop(), codes.is_empty()) {
        (Some(Ok((_, code))), true) => Ok(code),
        (Some(Err(fault)), true) => Err(fault.into()),
        _ => Err(Trouble::SeveralCodes { path }),
    }
}

/// Reads the codes of pictures and folders of them, each with the picture it is in, or what is wrong with a picture.
pub fn in_pictures(files: Vec<PathBuf>) -> Vec<Result<(PathBuf, Vec<u8>), SourceError>> {
    let mut pictures = Pictures::new(files);
    let mut found = Vec::new();
    loop {
        match pictures.next() {
            Capture::Picture { path, frame } => {
                let codes = codes_in(&frame);
                if codes.is_empty() {
                    found.push(Err(SourceError::NoCode { path: path.clone() }));
                }
                found.extend(codes.into_iter().map(|code| Ok((path.clone(), code.bytes))));
            }
            Capture::Fault(fault) | Capture::Outage { fault, .. } => found.push(Err(fault)),
            Capture::Frame(_) | Capture::Typed(_) | Capture::Keyed(_) => {}
            Capture::End => return found,
        }
    }
}
