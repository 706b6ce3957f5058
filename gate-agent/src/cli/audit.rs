//! `audit`: says of every log how far it is sound, and names each record that is not.

use std::io::Write;
use std::process::ExitCode;

use usher_device::directory::DataDirectory;
use usher_device::replica;

/// Audits the replica.
pub fn audit(directory: &DataDirectory) -> anyhow::Result<ExitCode> {
    let audit = replica::audit(&directory.replica_path())?;
    let mut out = std::io::stdout().lock();
    for (origin, log) in &audit.logs {
        writeln!(
            out,
            "log {origin}: {} sound records, signed up to record {}",
            log.records, log.signed_up_to
        )?;
    }
    for finding in &audit.findings {
        writeln!(out, "WRONG: {finding}")?;
    }
    if audit.findings.is_empty() {
        writeln!(out, "every page, chain and head is sound")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
