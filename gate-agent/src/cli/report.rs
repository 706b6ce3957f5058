//! `report`: what the logs say of an event, as tables and a page, from this hub's replica or from an archive.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica;
use usher_keys::Timestamp;
use usher_protocol::archive;
use usher_protocol::ledger::Ledger;
use usher_words::hub::command_line as words;

use crate::report::{EventReport, GatheredRecords};

/// Reports on what this hub holds.
pub fn of_hub(directory: &DataDirectory, folder: &Path) -> anyhow::Result<ExitCode> {
    let mut gathered = GatheredRecords::default();
    let now = Clock::system().now();
    let ledger = replica::review(&directory.replica_path(), now, &mut |origin, bytes| {
        gathered.take(origin, bytes);
    })?;
    write(folder, &ledger, &gathered, now)
}

/// Reports on what an archive holds, and on nothing of one that is not valid.
pub fn of_archive(file: &Path, folder: &Path) -> anyhow::Result<ExitCode> {
    let unread = || words::no_archive(file);
    let mut open = BufReader::new(File::open(file).with_context(unread)?);
    let more = |count: usize| {
        let mut bytes = Vec::new();
        let most = u64::try_from(count).unwrap_or(u64::MAX);
        open.by_ref().take(most).read_to_end(&mut bytes).map(|_| bytes)
    };
    let mut gathered = GatheredRecords::default();
    let visit = &mut |origin, _, bytes: &[u8]| gathered.take(origin, bytes);
    let checked = archive::verify(more, &[], visit).with_context(unread)?;
    write(folder, &checked.logs.ledger, &gathered, checked.logs.made_at)
}

/// Writes the files into a folder, which is made if it is not there; files of an earlier report are replaced.
fn write(
    folder: &Path,
    ledger: &Ledger,
    gathered: &GatheredRecords,
    now: Timestamp,
) -> anyhow::Result<ExitCode> {
    let report = EventReport::of(ledger, gathered, now)?;
    let unwritten = || words::no_report(folder);
    fs::create_dir_all(folder).with_context(unwritten)?;
    for (name, content) in &report.files {
        fs::write(folder.join(name), content).with_context(unwritten)?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", words::reported(folder))?;
    Ok(ExitCode::SUCCESS)
}
