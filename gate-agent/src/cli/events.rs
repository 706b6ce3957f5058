//! `events`: what the folder holds, a line for each.

use std::io::Write;
use std::process::ExitCode;

use usher_device::folder::Folder;
use usher_keys::Timestamp;

/// Lists the events.
pub fn events(folder: &Folder, now: Timestamp) -> anyhow::Result<ExitCode> {
    let contents = folder.contents()?;
    let lines = contents.listing(now);
    if lines.is_empty() {
        return Err(contents.none(folder).into());
    }
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.trim_start())?;
    }
    Ok(ExitCode::SUCCESS)
}
