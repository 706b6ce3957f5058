//! `scanner-code`: the way in for new scanners, also while the hub is running.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::enrol::{NewCode, scanner_until};
use usher_device::folder::Folder;
use usher_device::replica::{Access, Replica, ScannerTerms};
use usher_words::enrolment::moment;
use usher_words::hub::command_line as words;

use super::{ScannerCodeArgs, gates};
use crate::hub::listening::Listening;
use crate::hub::pages;
use crate::phone_codes;

/// An hour, in milliseconds.
const HOUR_MS: u64 = 60 * 60 * 1000;

/// Prints a code that enrols one scanner.
pub fn scanner_code(
    folder: &Folder,
    directory: &DataDirectory,
    wanted: ScannerCodeArgs,
) -> anyhow::Result<ExitCode> {
    let enrolment = Replica::read_enrolment(&directory.replica_path())?;
    let listening = Listening::read(&folder.top().listening_path())?;
    let page = match wanted.page {
        true => Some(listening.pages.as_ref().context(words::PAGES_SHUT)?),
        false => None,
    };
    let (hub, now) = (enrolment.identity.unverified(), Clock::system().now());
    gates::warn_of_unknown(directory, &wanted.gates, now)?;
    let terms = ScannerTerms {
        gates: wanted.gates,
        override_refusals: wanted.override_refusals,
        valid_ms: wanted.hours.map(|hours| hours * HOUR_MS),
    };
    let until = scanner_until(hub, &terms, now);
    let new_code = NewCode {
        hub,
        roots: &enrolment.roots,
        url: &listening.enrolments_of(hub.event),
        terms,
    };
    let code = new_code.make(&Access::open(&directory.access_path())?, now)?;
    let told = match &page {
        Some(page) => pages::address(page, folder.top().path(), &code)?,
        None => code.to_string(),
    };
    writeln!(std::io::stdout().lock(), "{told}")?;
    let zone = TimeZone::system();
    // Beside the code, which scripts read.
    let mut beside = std::io::stderr().lock();
    if page.is_some() {
        write!(
            beside,
            "{}",
            phone_codes::in_terminal(&told, beside.is_terminal())
        )?;
    }
    writeln!(
        beside,
        "{}",
        words::scanner_until(&moment(&zone, until), &moment(&zone, hub.window.until))
    )?;
    Ok(ExitCode::SUCCESS)
}
