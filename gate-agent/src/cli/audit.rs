//! `audit`: says of every log how far it is sound, and names each record that is not.

use std::io::Write;
use std::process::ExitCode;

use usher_device::directory::DataDirectory;
use usher_device::replica;
use usher_words::hub::command_line as words;

/// Audits the replica.
pub fn audit(directory: &DataDirectory) -> anyhow::Result<ExitCode> {
    let audit = replica::audit(&directory.replica_path())?;
    let mut out = std::io::stdout().lock();
    for (origin, log) in &audit.logs {
        let words = words::sound_log(&origin.to_string(), log.records, log.signed_up_to.0);
        writeln!(out, "{words}")?;
    }
    for finding in &audit.findings {
        writeln!(out, "{}", words::unsound(&finding.to_string()))?;
    }
    if audit.findings.is_empty() {
        writeln!(out, "{}", words::ALL_SOUND)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
