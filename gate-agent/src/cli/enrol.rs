//! `enroll`: turns this machine into a hub and says what it has become.

use std::io::Write;
use std::process::ExitCode;

use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::enrol::Enrolment;
use usher_device::folder::Folder;
use usher_keys::{EnrolmentCode, Role};
use usher_words::enrolment;
use usher_words::hub::command_line::start_with;

/// What a hub is called when nobody has said: people at the gates are sent to it by its name, and a machine's own says nothing to them.
/// The cloud numbers those that are called alike.
const USUAL_NAME: &str = "Hub";

/// Enrols this machine.
pub async fn enrol(
    folder: &Folder,
    directory: &DataDirectory,
    (code, name): (&EnrolmentCode, Option<String>),
) -> anyhow::Result<ExitCode> {
    let name = name.unwrap_or_else(|| USUAL_NAME.to_owned());
    let mut out = std::io::stdout();
    write!(out, "{}", enrolment::asking(code, &name, Role::Hub))?;
    let enrolment = Enrolment {
        code,
        name,
        role: Role::Hub,
        directory,
    };
    let grant = enrolment.run(&Clock::system()).await?;
    write!(
        out,
        "{}",
        enrolment::joined(&TimeZone::system(), &grant, directory.path())
    )?;
    writeln!(out, "{}", start_with(folder.path()))?;
    Ok(ExitCode::SUCCESS)
}
