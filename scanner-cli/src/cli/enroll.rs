//! `usher-scan enroll`: makes this machine a scanner of an event; asking for it and storing it is the gate agent's library.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::enrol::Enrolment;
use usher_device::folder::Folder;
use usher_keys::certificate::MAX_NAME_BYTES;
use usher_keys::{EnrolmentCode, EnrolmentError, Role};
use usher_words::enrolment;

use super::runtime;
use super::trouble::Trouble;
use crate::folder::ScannerFolderError;

/// How a scanner is called when neither a person nor the system says.
const USUAL_NAME: &str = "Scanner";

#[derive(Debug, Args)]
pub(super) struct EnrollArgs {
    /// The enrolment code, the whole of it.
    #[arg(value_name = "CODE", value_parser = code)]
    code: EnrolmentCode,
    /// How people will call this scanner; the machine's name when missing.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Become a new scanner of an event that this machine is a scanner of already, after a revocation for example.
    #[arg(long)]
    anew: bool,
}

fn code(text: &str) -> Result<EnrolmentCode, EnrolmentError> {
    text.trim().parse()
}

impl EnrollArgs {
    pub(super) fn run(self, folder: &Folder) -> Result<ExitCode, Trouble> {
        let clock = Clock::system();
        let directory = folder
            .directory_for(self.code.event(), self.anew, clock.now())
            .map_err(ScannerFolderError::from)?;
        let name = self.name.unwrap_or_else(machine_name);
        let mut out = io::stdout();
        write!(out, "{}", enrolment::asking(&self.code, &name, Role::Scanner))?;
        let enrolment = Enrolment {
            code: &self.code,
            name,
            role: Role::Scanner,
            directory: &directory,
        };
        let grant = runtime()?.block_on(enrolment.run(&clock))?;
        write!(
            out,
            "{}",
            enrolment::joined(&TimeZone::system(), &grant, directory.path())
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The machine's own name, cut to what a device's name may have.
fn machine_name() -> String {
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default();
    let mut fitting = String::new();
    for letter in name.trim().chars().filter(|letter| !letter.is_control()) {
        if fitting.len() + letter.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        fitting.push(letter);
    }
    if fitting.is_empty() {
        USUAL_NAME.to_owned()
    } else {
        fitting
    }
}
