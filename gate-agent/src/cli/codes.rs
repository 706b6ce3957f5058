//! `scanner-code`: the way in for new scanners, also while the hub is running.

use std::io::Write;
use std::process::ExitCode;

use super::ScannerCode;
use crate::clock::Clock;
use crate::directory::DataDirectory;
use crate::enrol::NewCode;
use crate::hub::listening::Listening;
use crate::replica::{Access, Replica, ScannerTerms};

/// An hour, in milliseconds.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Prints a code that enrols one scanner.
pub fn scanner_code(directory: &DataDirectory, wanted: ScannerCode) -> anyhow::Result<ExitCode> {
    let meta = Replica::read_meta(&directory.replica_path())?;
    let listening = Listening::read(&directory.listening_path())?;
    let new_code = NewCode {
        hub: meta.identity.unverified(),
        roots: &meta.roots,
        // A hub that enrols nobody says so when it is asked for the code.
        url: &format!("http://{}", listening.enrolments.unwrap_or(listening.http)),
        terms: ScannerTerms {
            gates: wanted.gates,
            override_refusals: wanted.override_refusals,
            valid_ms: wanted.hours * HOUR_MS,
        },
    };
    let code = new_code.make(&Access::open(&directory.access_path())?, Clock::system().now())?;
    writeln!(std::io::stdout().lock(), "{code}")?;
    Ok(ExitCode::SUCCESS)
}
