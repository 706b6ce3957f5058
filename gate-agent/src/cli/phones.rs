//! `phone-code` and `phones`: the way in for phones with pretixSCAN, also while the hub is running; what they may do is the door's.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use jiff::tz::TimeZone;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::folder::Folder;
use usher_device::replica::{Access, PhoneRow, Replica};
use usher_keys::Timestamp;
use usher_words::enrolment::moment;
use usher_words::hub::phones::{self as words, ListedPhone};

use super::{HttpToken, PhoneCodeArgs, PhonesCommand, gates, tokens};
use crate::hub::listening::Listening;
use crate::phone_codes::{self, PhoneCode};

/// Longest time a phone may work, where nothing is said: its hub's certificate ends before that.
const LONGEST_HOURS: u64 = 10 * 366 * 24;
/// Prints a code that sets one phone up: as a picture beside the text, where a script does not look.
pub fn phone_code(
    folder: &Folder,
    directory: &DataDirectory,
    wanted: PhoneCodeArgs,
) -> anyhow::Result<ExitCode> {
    let enrolment = Replica::read_enrolment(&directory.replica_path())?;
    let listening = Listening::read(&folder.top().listening_path())?;
    let url = listening.door.context(words::DOOR_SHUT)?;
    let now = Clock::system().now();
    gates::warn_of_unknown(directory, &wanted.gates, now)?;
    let wanted = HttpToken {
        every_gate: wanted.gates.is_empty(),
        gates: wanted.gates,
        name: wanted.name,
        hours: wanted.hours.unwrap_or(LONGEST_HOURS),
    };
    let holder = tokens::holder(wanted, enrolment.identity.unverified(), now)?;
    let access = Access::open(&directory.access_path())?;
    let code = PhoneCode::make((&access, &url), &holder, now)?;
    let mut beside = std::io::stderr().lock();
    write!(
        beside,
        "{}",
        phone_codes::in_terminal(&code.text, beside.is_terminal())
    )?;
    let zone = TimeZone::system();
    let times = [moment(&zone, code.until), moment(&zone, holder.expires)];
    let [until, phone_until] = &times;
    writeln!(
        beside,
        "{}",
        words::code_made(&holder.name, &holder.gates, [until, phone_until])
    )?;
    writeln!(std::io::stdout().lock(), "{}", code.text)?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the phones, or revokes one.
pub fn phones(directory: &DataDirectory, command: PhonesCommand) -> anyhow::Result<ExitCode> {
    // Says so when this directory is no hub's.
    Replica::read_enrolment(&directory.replica_path())?;
    let access = Access::open(&directory.access_path())?;
    let mut out = std::io::stdout().lock();
    match command {
        PhonesCommand::List => {
            let rows = access.phones()?;
            if rows.is_empty() {
                writeln!(out, "{}", words::NO_PHONES)?;
            }
            for row in &rows {
                write!(out, "{}", listed(row))?;
            }
        }
        PhonesCommand::Revoke { name } => match access.revoke_phones(&name, Clock::system().now())? {
            0 => bail!(words::not_known(&name)),
            _ => writeln!(out, "{}", words::revoked(&name))?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(row: &PhoneRow) -> String {
    let zone = TimeZone::system();
    let said = |at: Option<Timestamp>| at.map(|at| moment(&zone, at));
    let (used, revoked) = (said(row.used), said(row.revoked));
    words::listed_phone(&ListedPhone {
        name: &row.holder.name,
        gates: &row.holder.gates,
        model: &row.facts.model,
        software: &row.facts.software,
        made: &moment(&zone, row.made),
        end: &moment(&zone, row.holder.expires),
        used: used.as_deref(),
        revoked: revoked.as_deref(),
        forced: row.forced,
    })
}
