//! What the program writes: text on standard output, notes for people on standard error, whole files.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use usher_keys::file::{self, PUBLIC_MODE};
use usher_words::keys::{self as words, KeysNote, KeysRefusal};

use super::OutArgs;

/// Prints to standard output; a reader that has gone away is none of our business.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).with_context(|| words::refusal(&KeysRefusal::NoOutput))
        }
        _ => Ok(()),
    }
}

/// Tells a person something, aside from the result.
pub fn note(note: &KeysNote<'_>) {
    // A note nobody can read is no reason to fail.
    let _ = writeln!(io::stderr().lock(), "{}", words::note(note));
}

/// Writes a file of public content.
pub fn write(out: &OutArgs, bytes: &[u8]) -> anyhow::Result<()> {
    if out.force {
        file::replace_file(&out.out, bytes, PUBLIC_MODE)?;
        return Ok(());
    }
    match file::create_file(&out.out, bytes, PUBLIC_MODE) {
        Err(error) if error.is_in_the_way() => Err(in_the_way(&out.out)),
        written => Ok(written?),
    }
}

/// Says how to replace a file that is in the way.
pub fn in_the_way(path: &Path) -> anyhow::Error {
    refused(&KeysRefusal::InTheWay(path))
}

/// Makes an error of why a command does nothing.
pub fn refused(why: &KeysRefusal<'_>) -> anyhow::Error {
    anyhow!(words::refusal(why))
}
