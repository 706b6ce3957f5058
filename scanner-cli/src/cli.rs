//! The command line of `usher-scan`: what can be asked for, and the exit code; each command does its work in its own file.

mod codes;
mod count;
mod enroll;
mod events;
mod overrule;
mod run;
mod status;
mod supervisor;
mod trouble;
mod undo;
mod verify;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use usher_device::folder::EventChoice;
use usher_protocol::admission::Direction;

use crate::decode::{Outputs, decode};
use crate::folder;
use crate::printable::printable;
use crate::sheet;
use trouble::Trouble;

/// What the program's exit code tells whoever starts it from a script.
const EXIT_CODES: &str = "\
Exit codes:
  run       0 its source ended or it was stopped, however the scans came out: that is in its lines
  verify    0 every ticket would be admitted, 1 one would not, 2 one could not be judged
  override  0 they may pass, 1 they may not, 2 no hub was there to ask
  undo      0 nobody counts as passed by it any more, 1 it was not undone, or no hub has heard of it yet
  decode    0 every picture had a code, 1 one had none or cannot be opened
  enroll, events, status, sheet, count  0 it is done
Every command: 1 the output cannot be written, 2 nothing could be done (wrong usage, not enrolled, another program
runs on the folder). A reader that goes away (`| head`) is no fault.";

/// Reads ticket codes and shows what became of them.
#[derive(Debug, Parser)]
#[command(name = "usher-scan", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// The scanner's folder; ~/.local/share/usher-scan when neither this nor the environment names one.
    #[arg(long, env = "USHER_SCAN_DIR", global = true, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// The event, by id or name, when the folder holds several; the one that is on now when missing.
    #[arg(long, env = "USHER_SCAN_EVENT", global = true, value_name = "EVENT")]
    event: Option<EventChoice>,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Make this machine a scanner of an event, with a code from the organizer or from a hub (`usher-gate-agent scanner-code`).
    Enroll(enroll::EnrollArgs),
    /// List the events of this folder: until when each can be scanned for, and what can be removed.
    Events,
    /// Stand at a gate: read codes, have a hub judge them, show what comes of it.
    Run(run::RunArgs),
    /// Judge a ticket by what this scanner knows, without asking a hub and without recording anything.
    ///
    /// One line for each code, as `run --plain` writes them. Exit code 0 when every ticket would be admitted, 1 when
    /// one would not, 2 when one could not be judged: a good ticket of a strict tier, on which a hub alone decides, is one of these.
    Verify(verify::VerifyArgs),
    /// Have a hub let people in against the rules, in the name of a supervisor. It is recorded who and why.
    ///
    /// Exit code 0 when they may pass, 1 when they may not, 2 when no hub could be asked.
    #[command(name = "override")]
    Override(overrule::OverrideArgs),
    /// Say that nobody passed by the last scan of a ticket, in the name of a supervisor. It is recorded who and why.
    ///
    /// Exit code 0 when it is undone, 1 when it is not, or when no hub has heard of it yet.
    Undo(undo::UndoArgs),
    /// Say how many people are in a zone now, in the name of a supervisor: gates are not the only way out of a house.
    ///
    /// From then on the zone holds so many, and those who come and go after that. Nobody should pass while you count.
    Count(count::CountArgs),
    /// Show what this scanner is and knows: event, gates, certificate, records, when cloud and hubs were last heard, and what is known
    /// of its clock. Changes nothing, and works also while it runs.
    Status(status::StatusArgs),
    /// Print what the codes in pictures say, without judging them.
    ///
    /// `path<TAB>text` and a line end for each code; a text of several lines is printed as it is. Text is in the
    /// character set that the code names, otherwise UTF-8 or Shift_JIS or Latin-1; bytes that are none are printed as `hex:…`. Exit code 0 when every picture had a code, otherwise 1.
    Decode {
        /// Pictures (JPEG, PNG, WebP, GIF) or folders of them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write a page of test codes in several sizes (SVG, A4), to print and see which of them a camera reads, and from
    /// how far: `usher-scan sheet > sizes.svg`.
    Sheet,
}

/// Which way people pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DirectionArg {
    /// Into the zone.
    In,
    /// Out of the zone.
    Out,
}

impl From<DirectionArg> for Direction {
    fn from(direction: DirectionArg) -> Self {
        match direction {
            DirectionArg::In => Self::In,
            DirectionArg::Out => Self::Out,
        }
    }
}

impl Cli {
    /// Returns which messages go to the log when the environment does not say: warnings, or none where they would tear
    /// the panel.
    #[must_use]
    pub fn log_filter(&self) -> &'static str {
        match &self.command {
            Command::Run(args) if args.wants_panel() => "off",
            Command::Run(args) if args.is_verbose() => "warn,usher_scan=info",
            Command::Run(_)
            | Command::Enroll(_)
            | Command::Events
            | Command::Verify(_)
            | Command::Override(_)
            | Command::Undo(_)
            | Command::Count(_)
            | Command::Status(_)
            | Command::Decode { .. }
            | Command::Sheet => "warn",
        }
    }
}

/// Does what was asked for. A reader that went away (a broken pipe) is success.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match carry_out(cli) {
        Ok(code) => code,
        Err(Trouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(trouble) => {
            // Nobody is left to tell when this fails.
            let _ = writeln!(io::stderr(), "usher-scan: {}", printable(&trouble.with_causes()));
            trouble.exit_code()
        }
    }
}

fn carry_out(cli: Cli) -> Result<ExitCode, Trouble> {
    let folder = || folder::named_or_usual(cli.dir);
    let event = cli.event.as_ref();
    match cli.command {
        Command::Enroll(args) => args.run(&folder()?),
        Command::Events => events::run(&folder()?),
        Command::Run(args) => args.run(folder::on_now(&folder()?, event)?),
        Command::Verify(args) => args.run(folder::on_now(&folder()?, event)?),
        Command::Override(args) => args.run(&folder::on_now(&folder()?, event)?.directory),
        Command::Undo(args) => args.run(&folder::on_now(&folder()?, event)?.directory),
        Command::Count(args) => args.run(&folder::on_now(&folder()?, event)?.directory),
        Command::Status(args) => args.run(&folder::picked(&folder()?, event)?.directory),
        Command::Decode { files } => run_decode(files),
        Command::Sheet => write_sheet(),
    }
}

fn run_decode(files: Vec<PathBuf>) -> Result<ExitCode, Trouble> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut outputs = Outputs {
        codes: stdout.lock(),
        complaints: io::stderr(),
        terminal,
    };
    Ok(if decode(files, &mut outputs)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write_sheet() -> Result<ExitCode, Trouble> {
    io::stdout().write_all(sheet::svg().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the runtime that links and replica run on.
fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Trouble::Runtime)
}

/// Lists hub addresses for people.
fn hub_list(addresses: &[String]) -> String {
    if addresses.is_empty() {
        return "none known, name one with `run --hub HOST:PORT`".to_owned();
    }
    addresses.join(", ")
}

/// Takes `host:port`.
fn hub_address(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("expected HOST:PORT")?;
    let port: u16 = port.parse().map_err(|_| "the port is a number from 1 to 65535")?;
    if host.is_empty() || port == 0 || text.contains(char::is_whitespace) {
        return Err("expected HOST:PORT");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[track_caller]
    fn check(line: &str, is_taken: bool) {
        let words = std::iter::once("usher-scan").chain(line.split_whitespace());
        let parsed = Cli::try_parse_from(words);
        assert_eq!(parsed.is_ok(), is_taken, "{line}: {parsed:?}");
    }

    #[test]
    fn a_run_has_one_source_and_a_gate() {
        check("run --gate 1 --wedge", true);
        check("run --gate 1 --camera", true);
        check("run --gate 1 --camera 2 --persons 4 --direction out", true);
        check("run --gate North --image a.png b.png --json", true);
        check("run --gate 1 --camera --preview --verbose", true);
        check("run --gate 1", false);
        check("run --wedge", false);
        check("run --gate 1 --wedge --camera", false);
        check("run --gate 1 --wedge --plain --json", false);
        check("run --gate 1 --wedge --persons 0", false);
        check("run --gate 1 --wedge --persons 256", false);
    }

    #[test]
    fn hub_addresses_have_a_host_and_a_port() {
        check("run --gate 1 --wedge --hub hub-a:4810 --hub [::1]:4811", true);
        for bad in ["hub-a", "hub-a:", ":4810", "hub-a:0", "hub-a:70000"] {
            check(&format!("run --gate 1 --wedge --hub {bad}"), false);
        }
    }

    #[test]
    fn an_override_has_a_name_a_reason_and_one_code() {
        check("override --gate 1 --by Ada --why lost 123", true);
        check("override --gate 1 --by Ada --why lost --image a.png", true);
        check("override --gate 1 --by Ada --why lost", false);
        check("override --gate 1 --by Ada 123", false);
        check("override --gate 1 --by Ada --why lost --image a.png 123", false);
        let long = "x".repeat(201);
        check(&format!("override --gate 1 --by {long} --why lost 123"), false);
    }

    #[test]
    fn what_is_verified_is_a_payload_or_pictures() {
        check("verify 123", true);
        check("verify --gate 1 --image a.png b.png", true);
        check("verify", false);
        check("verify 123 --image a.png", false);
    }
}
