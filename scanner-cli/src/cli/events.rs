//! `usher-scan events`: what the folder holds, a line for each event.

use std::io::{self, Write};
use std::process::ExitCode;

use usher_device::clock::Clock;
use usher_device::folder::Folder;

use super::trouble::Trouble;
use crate::folder;
use crate::printable::printable;

/// Lists the events: until when each can be scanned for, and what can be removed.
pub fn run(folder: &Folder) -> Result<ExitCode, Trouble> {
    let mut out = io::stdout().lock();
    for line in folder::events(folder)?.listing(Clock::system().now()) {
        writeln!(out, "{}", printable(line.trim_start()))?;
    }
    Ok(ExitCode::SUCCESS)
}
