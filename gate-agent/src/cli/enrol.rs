//! `enroll`: turns this machine into a hub and says what it has become.

use std::io::Write;
use std::process::ExitCode;

use usher_keys::certificate::MAX_NAME_BYTES;
use usher_keys::{EnrolmentCode, Role};

use crate::clock::Clock;
use crate::directory::DataDirectory;
use crate::enrol::{Enrolment, words};
use crate::folder::Folder;

/// Where Linux says how the machine is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Enrols this machine.
pub async fn enrol(
    folder: &Folder,
    directory: &DataDirectory,
    (code, name): (&EnrolmentCode, Option<String>),
) -> anyhow::Result<ExitCode> {
    let name = name.unwrap_or_else(machine_name);
    let mut out = std::io::stdout();
    write!(out, "{}", words::asking(code, &name, Role::Hub))?;
    let enrolment = Enrolment {
        code,
        name,
        role: Role::Hub,
        directory,
    };
    let grant = enrolment.run(&Clock::system()).await?;
    write!(out, "{}", words::joined(&grant, directory.path()))?;
    writeln!(
        out,
        "Start it with: usher-gate-agent --dir {} run (one that is running serves the event too, in a few seconds)",
        folder.path().display()
    )?;
    Ok(ExitCode::SUCCESS)
}

fn machine_name() -> String {
    let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let name = name.trim();
    if (1..=MAX_NAME_BYTES).contains(&name.len()) {
        name.to_owned()
    } else {
        "hub".to_owned()
    }
}
