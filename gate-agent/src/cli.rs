//! The command line of `usher-gate-agent`: what can be asked for, and which part does it.

mod archive;
mod audit;
mod code_list;
mod codes;
mod doctor;
mod enrol;
mod events;
mod export;
mod gates;
mod phones;
mod ready;
mod report;
mod run;
mod simulate;
mod status;
mod supervisors;
mod tokens;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use usher_keys::{EnrolmentCode, Role};

use tokens::MAX_TOKEN_HOURS;
use usher_device::clock::Clock;
use usher_device::folder::{Enrolled, EventChoice, Folder};

/// The hub at a venue: admits people with or without a network.
#[derive(Debug, Parser)]
#[command(name = "usher-gate-agent", version, arg_required_else_help = true)]
pub struct Cli {
    /// The hub's folder: settings, and key and replica of each event.
    #[arg(
        long,
        global = true,
        env = "USHER_HUB_DIR",
        default_value = "usher-hub",
        value_name = "DIR"
    )]
    pub dir: PathBuf,
    /// The event, by id or name; needed when the folder holds several.
    #[arg(long, global = true, env = "USHER_HUB_EVENT", value_name = "EVENT")]
    pub event: Option<EventChoice>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn this machine into a hub of an event; one that is running serves it too from then on.
    #[command(alias = "enrol")]
    Enroll {
        /// The code from the organizer: usher-enrol:…
        code: EnrolmentCode,
        /// How people at the gates call this hub, unless the organizer has said so with the code: they are sent to it by this name.
        #[arg(long)]
        name: Option<String>,
        /// Become a new hub of an event that this machine is a hub of already, after a revocation for example.
        #[arg(long)]
        anew: bool,
    },
    /// List the events of this folder: until when each is served, and what can be removed.
    Events,
    /// Run the hub until SIGTERM or Ctrl-C: every event of the folder that is not over.
    Run {
        /// The settings; usher-gate-agent.toml in the folder when missing.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Look at all that this hub needs before people stand at the gate: settings, disk, clock, ports, certificates, the way to the cloud. It
    /// changes nothing, and says what to do; exit code 1 when something does not work.
    Doctor {
        /// The settings; usher-gate-agent.toml in the folder when missing.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Say how the running hub stands.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say whether people can come: this hub, and every device of the event that it knows, with links, clocks, certificates and what to do;
    /// exit code 1 when something is wrong.
    Ready {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a code that enrols one scanner at this hub, also with the cable cut; it can be used for an hour.
    ScannerCode(ScannerCodeArgs),
    /// Print a token for a turnstile or foreign handheld at this hub's HTTP.
    HttpToken(HttpToken),
    /// List the tokens that were made, or take them back.
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// Print a code that sets one phone or handheld with the app pretixSCAN up as a scanner of this hub; it can be used for an hour.
    PhoneCode(PhoneCodeArgs),
    /// List the phones that were set up, or revoke one.
    #[command(subcommand)]
    Phones(PhonesCommand),
    /// Let supervisors override refusals, undo and count at any scanner by a PIN, list them, or take a PIN away.
    #[command(subcommand)]
    Supervisors(SupervisorsCommand),
    /// Check every page, chain and head; exit code 1 when something is wrong.
    Audit,
    /// Print every scan of every log.
    Export {
        /// The format.
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
    },
    /// Write all that this hub holds of the event into one new file, also while it runs: every log, sealed with the hub's key. Anybody can
    /// verify it with usher-keys verify-archive. It holds the codes of tickets: keep it private.
    Archive {
        /// The file to make.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a report on the event, while it goes on or afterwards: people in and out by gate and minute, people inside, refusals, incidents and
    /// devices, as CSV and as one page with plots, all counted anew from the signed records.
    Report {
        /// The folder for its files, made if it is not there.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Report on this archive instead of on what this hub holds; it is verified first.
        #[arg(long, value_name = "FILE")]
        archive: Option<PathBuf>,
    },
    /// Say what a gate would say of tickets, while nobody is let in: of each code in a list, or of some drawn by chance. It asks nobody else, so it
    /// shows what this hub knows with the cable cut; exit code 1 when a code would not be let in.
    Rehearse(RehearseArgs),
    /// Print which codes of a list people came in by, when and where, as CSV: for another seller's statistics, or to go on with other scanners.
    Used {
        /// The list, with a code in each line.
        #[arg(value_name = "CODES")]
        file: PathBuf,
    },
    /// Play an evening that is planned, in virtual time and by the rules of this program: how long people wait at each gate, what lanes and
    /// scanners do, and what comes of failures.
    Simulate(SimulateArgs),
}

/// What is rehearsed.
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// The list, with a code in each line: what a scanner reads.
    #[arg(value_name = "CODES")]
    pub file: PathBuf,
    /// The gate at which they are shown, by id.
    #[arg(long, value_name = "GATE")]
    pub gate: u16,
    /// Take so many codes, drawn by chance; all of them when missing.
    #[arg(long, value_name = "N")]
    pub draw: Option<usize>,
}

/// What is played, and where it is written.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The scenario; docs/PLANNING.md says what may stand in one.
    #[arg(value_name = "SCENARIO.toml")]
    pub scenario: PathBuf,
    /// Random seed: the same seed plays the same evening.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Play it again with a lane more and a lane less at each gate, a hub more, and without failures.
    #[arg(long)]
    pub what_if: bool,
    /// Write all figures into this file, by minute.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a page with plots into this file.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
}

/// What a scanner is given.
#[derive(Debug, Args)]
pub struct ScannerCodeArgs {
    /// The gates it may serve, by id; every gate when missing.
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    pub gates: Vec<u16>,
    /// It may override refusals, with a supervisor's name and reason.
    #[arg(long = "override")]
    pub override_refusals: bool,
    /// How long it may work, in hours; until the hub's own certificate ends, some hours after the event, when missing.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=168), value_name = "HOURS")]
    pub hours: Option<u64>,
    /// Print the address of the page that turns a phone into this scanner, and its picture to be looked at with the phone.
    #[arg(long)]
    pub page: bool,
}

/// What a device without a certificate is given.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).args(["gates", "every_gate"]))]
pub struct HttpToken {
    /// The gates it may serve, by id.
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    pub gates: Vec<u16>,
    /// It may serve every gate of this hub.
    #[arg(long)]
    pub every_gate: bool,
    /// How people call the device.
    #[arg(long, default_value = "device")]
    pub name: String,
    /// How long it works, in hours, but not longer than this hub's certificate.
    #[arg(
        long,
        default_value_t = MAX_TOKEN_HOURS,
        value_parser = clap::value_parser!(u64).range(1..=MAX_TOKEN_HOURS),
        value_name = "HOURS"
    )]
    pub hours: u64,
}

/// What a phone is given.
#[derive(Debug, Args)]
pub struct PhoneCodeArgs {
    /// The gates it may serve, by id; every gate of this hub when missing.
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    pub gates: Vec<u16>,
    /// How people call the phone.
    #[arg(long, default_value = "phone")]
    pub name: String,
    /// How long it may work, in hours; until the hub's own certificate ends, some hours after the event, when missing.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MAX_TOKEN_HOURS), value_name = "HOURS")]
    pub hours: Option<u64>,
}

/// What can be done with the phones there are.
#[derive(Debug, Subcommand)]
pub enum PhonesCommand {
    /// Name, gates, model, when it was set up, when it ends, when it was last used: of every phone.
    List,
    /// Revoke a phone; it is refused at once, also by a hub that is running, and wipes what it holds.
    Revoke {
        /// How people call the phone.
        name: String,
    },
}

/// What can be done with the tokens there are.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Name, gates, when it was made, when it ends, when it was last used: of every token.
    List,
    /// Take every token of a name back; it is refused at once, also by a hub that is running.
    Revoke {
        /// How people call the device.
        name: String,
    },
}

/// What can be done with the supervisors who have a PIN at this hub.
#[derive(Debug, Subcommand)]
pub enum SupervisorsCommand {
    /// Draw a PIN for a supervisor and print it, once. One who has a PIN already has only the new one from then on.
    Add {
        /// The supervisor's name, which is typed at a scanner and written into the records.
        name: String,
        /// Take the PIN from the terminal, without showing it, or from the first line of the standard input: the one that the
        /// supervisor has at another hub already.
        #[arg(long)]
        typed: bool,
    },
    /// Name, and since when the PIN is that: of every supervisor.
    List,
    /// Take a supervisor's PIN away; it is refused at once, also by a hub that is running.
    Remove {
        /// The supervisor's name.
        name: String,
    },
}

/// How scans are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header line (RFC 4180).
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Does what was asked for.
///
/// # Errors
///
/// Whatever went wrong, said so that a person knows what to do.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let (folder, now) = (Folder::at(&cli.dir), Clock::system().now());
    folder.top().check()?;
    let picked =
        || -> anyhow::Result<Enrolled> { Ok(folder.contents()?.pick(cli.event.as_ref(), &folder, now)?) };
    // What belongs to a scanner is no hub, whether that runs or not.
    let picked_hub = || -> anyhow::Result<Enrolled> {
        let mut contents = folder.contents()?;
        contents.keep(Role::Hub, &folder)?;
        Ok(contents.pick(cli.event.as_ref(), &folder, now)?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the system cannot start threads")?;
    match cli.command {
        Command::Enroll { code, name, anew } => {
            let directory = folder.directory_for(code.event(), anew, now)?;
            runtime.block_on(enrol::enrol(&folder, &directory, (&code, name)))
        }
        Command::Events => events::events(&folder, now),
        Command::Run { config } => runtime.block_on(run::run(&folder, config.as_deref())),
        Command::Doctor { config } => doctor::doctor(&folder, config.as_deref(), now),
        Command::Status { json } => runtime.block_on(status::status(&folder, &picked_hub()?, json)),
        Command::Ready { json } => runtime.block_on(ready::ready(&folder, &picked_hub()?, json)),
        Command::ScannerCode(wanted) => codes::scanner_code(&folder, &picked_hub()?.directory, wanted),
        Command::HttpToken(wanted) => tokens::http_token(&picked_hub()?.directory, wanted),
        Command::Tokens(command) => tokens::tokens(&picked_hub()?.directory, command),
        Command::PhoneCode(wanted) => phones::phone_code(&folder, &picked_hub()?.directory, wanted),
        Command::Phones(command) => phones::phones(&picked_hub()?.directory, command),
        Command::Supervisors(command) => supervisors::supervisors(&picked_hub()?.directory, command),
        Command::Audit => audit::audit(&picked()?.directory),
        Command::Export { format } => export::export(&picked()?.directory, format),
        Command::Archive { file } => archive::archive(&picked()?.directory, &file),
        Command::Report { folder, archive } => match archive {
            Some(file) => report::of_archive(&file, &folder),
            None => report::of_hub(&picked()?.directory, &folder),
        },
        Command::Rehearse(wanted) => code_list::rehearse(&picked()?.directory, &wanted),
        Command::Used { file } => code_list::used(&picked()?.directory, &file),
        Command::Simulate(wanted) => simulate::simulate(&wanted),
    }
}

/// Tells whether an error only means that the reader of our output went away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
