//! `archive`: all that the hub holds of an event in one file, for whoever wants to verify it later.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica;
use usher_protocol::archive::ArchiveSums;
use usher_words::hub::command_line as words;

/// Only its owner reads the file: it holds the codes of tickets.
const MODE: u32 = 0o600;

/// Writes the archive into a new file; what is unfinished is removed again.
pub fn archive(directory: &DataDirectory, path: &Path) -> anyhow::Result<ExitCode> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(MODE);
    let file = options.open(path);
    let file = file.with_context(|| words::no_new_file(path))?;
    let sums = write(directory, file).inspect_err(|_| {
        // What cannot be removed is no archive either: it has no seal.
        let _ = fs::remove_file(path);
    })?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", words::archived(path, sums.logs, sums.records))?;
    Ok(ExitCode::SUCCESS)
}

fn write(directory: &DataDirectory, file: File) -> anyhow::Result<ArchiveSums> {
    let mut out = BufWriter::new(file);
    let (path, key) = (directory.replica_path(), directory.read_key()?);
    let now = Clock::system().now();
    let sums = replica::archive(&path, &key, now, |bytes| anyhow::Ok(out.write_all(bytes)?))?;
    out.into_inner()?.sync_all()?;
    Ok(sums)
}
