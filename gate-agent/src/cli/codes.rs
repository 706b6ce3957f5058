//! `scanner-code` and `http-token`: the way in for new scanners and for devices without a certificate, also while the hub is running.

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use usher_keys::certificate::{MAX_GATES, MAX_NAME_BYTES};

use super::{HttpToken, ScannerCode};
use crate::clock::Clock;
use crate::directory::DataDirectory;
use crate::enrol::{NewCode, scanner_until};
use crate::expiry::machine_time;
use crate::folder::Folder;
use crate::hub::listening::Listening;
use crate::replica::{Access, Replica, ScannerTerms, TokenHolder};
use crate::token::DeviceToken;

/// An hour, in milliseconds.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Prints a code that enrols one scanner.
pub fn scanner_code(
    folder: &Folder,
    directory: &DataDirectory,
    wanted: ScannerCode,
) -> anyhow::Result<ExitCode> {
    let meta = Replica::read_meta(&directory.replica_path())?;
    let listening = Listening::read(&folder.top().listening_path())?;
    let (hub, now) = (meta.identity.unverified(), Clock::system().now());
    let terms = ScannerTerms {
        gates: wanted.gates,
        override_refusals: wanted.override_refusals,
        valid_ms: wanted.hours.map(|hours| hours * HOUR_MS),
    };
    let until = scanner_until(hub, &terms, now);
    let new_code = NewCode {
        hub,
        roots: &meta.roots,
        url: &listening.url_of(hub.event),
        terms,
    };
    let code = new_code.make(&Access::open(&directory.access_path())?, now)?;
    writeln!(std::io::stdout().lock(), "{code}")?;
    // Beside the code, which scripts read.
    writeln!(
        std::io::stderr().lock(),
        "The scanner may work until {} (this hub: until {}).",
        machine_time(until),
        machine_time(hub.window.until)
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a token, or takes tokens back.
pub fn http_token(directory: &DataDirectory, wanted: HttpToken) -> anyhow::Result<ExitCode> {
    // Says so when this directory is no hub's.
    Replica::read_meta(&directory.replica_path())?;
    let access = Access::open(&directory.access_path())?;
    let mut out = std::io::stdout().lock();
    if wanted.revoke {
        let taken = access.revoke_tokens(&wanted.name)?;
        writeln!(out, "took {taken} tokens of \"{}\" back", wanted.name)?;
        return Ok(ExitCode::SUCCESS);
    }
    if wanted.gates.len() > MAX_GATES || !(1..=MAX_NAME_BYTES).contains(&wanted.name.len()) {
        bail!("a token is for at most {MAX_GATES} gates and has a name of 1 to {MAX_NAME_BYTES} bytes");
    }
    let token = DeviceToken::draw()?;
    let holder = TokenHolder {
        name: wanted.name,
        gates: wanted.gates,
    };
    access.add_token(token.hash(), &holder, Clock::system().now())?;
    writeln!(out, "{}", token.reveal())?;
    Ok(ExitCode::SUCCESS)
}
