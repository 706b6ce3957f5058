//! `supervisors`: who may have refusals overridden at any scanner by a PIN, also while the hub is running; how often one may be wrong is the hub's.

use std::io::{IsTerminal, Write, stdin};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::replica::{Access, Replica};
use usher_protocol::pin::Pin;
use usher_protocol::plain;
use usher_protocol::record::MAX_WORDS_BYTES;
use usher_protocol::request::BY_PIN;
use usher_words::enrolment::moment;
use usher_words::hub::supervisors as words;

use super::SupervisorsCommand;

/// Sets a PIN, lists who has one, or takes one away.
pub fn supervisors(directory: &DataDirectory, command: SupervisorsCommand) -> anyhow::Result<ExitCode> {
    let enrolment = Replica::read_enrolment(&directory.replica_path())?;
    let access = Access::open(&directory.access_path())?;
    let mut out = std::io::stdout().lock();
    match command {
        SupervisorsCommand::Add { name, typed } => {
            let may = enrolment.identity.unverified().capabilities.override_refusals;
            ensure!(may, words::HUB_MAY_NOT);
            let is_name = plain::said(&name) == Some(&*name)
                && !name.ends_with(BY_PIN)
                && name.len() + BY_PIN.len() <= MAX_WORDS_BYTES;
            ensure!(is_name, words::no_name(MAX_WORDS_BYTES - BY_PIN.len()));
            let pin = if typed { typed_pin()? } else { drawn()? };
            let salt = random()?;
            access.set_pin(&name, &pin, salt, Clock::system().now())?;
            if !typed {
                writeln!(out, "{}", pin.digits())?;
            }
            writeln!(std::io::stderr().lock(), "{}", words::pin_set(&name, typed))?;
        }
        SupervisorsCommand::List => {
            let rows = access.supervisors()?;
            if rows.is_empty() {
                writeln!(out, "{}", words::NO_SUPERVISORS)?;
            }
            for row in rows {
                let since = moment(&TimeZone::system(), row.set);
                writeln!(out, "{}", words::listed(&row.name, &since))?;
            }
        }
        SupervisorsCommand::Remove { name } => match access.remove_pin(&name)? {
            true => writeln!(out, "{}", words::removed(&name))?,
            false => bail!(words::not_known(&name)),
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn drawn() -> anyhow::Result<Pin> {
    Ok(Pin::draw_from(u64::from_le_bytes(random()?)))
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context(words::NO_RANDOMNESS)?;
    Ok(bytes)
}

fn typed_pin() -> anyhow::Result<Pin> {
    let typed = if stdin().is_terminal() {
        rpassword::prompt_password(words::TYPE_PIN)?
    } else {
        let mut line = String::new();
        stdin().read_line(&mut line)?;
        line
    };
    Ok(Pin::typed(&typed)?)
}
