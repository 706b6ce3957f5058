//! The commands of `usher-keys` and their arguments; what each does is in the module it names.

mod calendar;
mod effects;
mod inspect;
mod keygen;
mod neighbours;
mod output;
mod sign;
mod verify;
mod verify_archive;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use usher_keys::{EventId, KeyId, PublicKey, Timestamp};

/// Makes keys, signs trust bundles and looks into key files, all without a network.
#[derive(Debug, Parser)]
#[command(name = "usher-keys", version, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Largest JSON file we read, in bytes: a bundle at its limit in base64 with every root's signature.
const MAX_JSON_BYTES: u64 = 64 * 1024;

const AFTER_HELP: &str = "Passphrases are asked for on the terminal, or taken from USHER_PASSPHRASE.\n\
    Exit codes: 0 done (verify, verify-archive: valid), 1 refused or failed (not valid), 2 unusable arguments.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the organizer's root key and print its public half: keep the file offline, and twice.
    NewRoot(keygen::NewKeyArgs),
    /// Make any other key and print its public half.
    NewKey(keygen::NewKeyArgs),
    /// Make and sign an event's first trust bundle.
    Bundle(BundleArgs),
    /// Sign the next bundle: a new ticket key, the old one retired.
    Rotate(RotateArgs),
    /// Sign the next bundle: the same keys, believed for longer, so that tickets sold before stay good.
    Extend(ExtendArgs),
    /// Sign the next bundle with a compromised key struck out.
    Strike(StrikeArgs),
    /// Add another root's signature to a bundle.
    Cosign(CosignArgs),
    /// Show what is in a bundle, key, certificate or key request; never anything secret.
    Inspect(InspectArgs),
    /// Print a bundle's public keys as a JSON Web Key Set.
    Jwks(JwksArgs),
    /// Verify a plain Ed25519 signature as strictly as everything of Usher does.
    Verify(verify::VerifyArgs),
    /// Verify the archive of an event that a hub has written: every signature, chain, head and certificate up to the root, and the people
    /// counted anew.
    VerifyArchive(verify_archive::VerifyArchiveArgs),
}

#[derive(Debug, Args)]
struct BundleArgs {
    /// Root key to sign with; repeat it for several.
    #[arg(long, required = true, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// Further root that may sign later, by its public half.
    #[arg(long, value_name = "HEX", value_parser = PublicKey::from_hex)]
    root_public: Vec<PublicKey>,
    /// How many of the roots must sign; needed as soon as there are two.
    #[arg(long, value_name = "M")]
    threshold: Option<u8>,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    out: OutArgs,
}

/// The key request, as a file of the cloud's or spelled out.
#[derive(Debug, Args)]
struct RequestArgs {
    /// Key request handed out by the cloud (JSON).
    #[arg(long, value_name = "FILE", required_unless_present = "event", conflicts_with_all = KEY_ARGS)]
    request: Option<PathBuf>,
    /// Event, instead of a key request.
    #[arg(
        long,
        value_name = "ID",
        requires = "ticket_key",
        requires = "authority_key",
        requires = "issuing_key"
    )]
    #[arg(requires = "not_before", requires = "not_after")]
    event: Option<EventId>,
    /// Key that will sign tickets.
    #[arg(long, value_name = "HEX", value_parser = PublicKey::from_hex, requires = "event")]
    ticket_key: Option<PublicKey>,
    /// Key that will write the authority log.
    #[arg(long, value_name = "HEX", value_parser = PublicKey::from_hex, requires = "event")]
    authority_key: Option<PublicKey>,
    /// Key that will sign device certificates.
    #[arg(long, value_name = "HEX", value_parser = PublicKey::from_hex, requires = "event")]
    issuing_key: Option<PublicKey>,
    /// When the keys start to be believed, in milliseconds since 1970.
    #[arg(long, value_name = "MS", requires = "event")]
    not_before: Option<u64>,
    /// When they stop, in milliseconds since 1970.
    #[arg(long, value_name = "MS", requires = "event")]
    not_after: Option<u64>,
}

const KEY_ARGS: [&str; 6] = [
    "event",
    "ticket_key",
    "authority_key",
    "issuing_key",
    "not_before",
    "not_after",
];

#[derive(Debug, Args)]
struct RotateArgs {
    #[command(flatten)]
    current: CurrentArgs,
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    out: OutArgs,
}

#[derive(Debug, Args)]
struct ExtendArgs {
    #[command(flatten)]
    current: CurrentArgs,
    /// Until when the keys shall be believed, in UTC: 2027-06-04T18:00:00Z; nothing is ever shortened.
    #[arg(long, value_name = "TIME", value_parser = calendar::parse)]
    until: Timestamp,
    /// Key to prolong: its id, 8 hexadecimal digits; repeat it for several, leave it out for all that are not struck out.
    #[arg(long, value_name = "ID", value_parser = KeyId::from_hex)]
    key: Vec<KeyId>,
    #[command(flatten)]
    out: OutArgs,
}

#[derive(Debug, Args)]
struct StrikeArgs {
    #[command(flatten)]
    current: CurrentArgs,
    /// Key to strike out: its id, 8 hexadecimal digits, as `inspect` shows it.
    #[arg(long, value_name = "ID", value_parser = KeyId::from_hex)]
    key: KeyId,
    /// Key request of the cloud's (JSON), to name the next keys in the same bundle.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    #[command(flatten)]
    out: OutArgs,
}

/// The bundle to go on from and the roots that do.
#[derive(Debug, Args)]
struct CurrentArgs {
    /// Root key to sign with; repeat it for several.
    #[arg(long, required = true, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// Bundle to go on from; one of the roots must have signed it.
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
}

#[derive(Debug, Args)]
struct CosignArgs {
    /// Root key to sign with.
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// Bundle to sign.
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Where to write the result, instead of into the bundle's own file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there already.
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Debug, Args)]
struct InspectArgs {
    /// Bundle, certificate or key request (JSON), or key (PEM).
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct JwksArgs {
    /// Bundle whose keys to print; its signatures are not checked.
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
}

#[derive(Debug, Args)]
struct OutArgs {
    /// File to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    force: bool,
}

/// How a command that did its work came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or what was verified is valid.
    Done,
    /// What was verified is not valid.
    NotValid,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::NotValid => Self::from(1),
        }
    }
}

/// Arguments that parse but cannot be used, as opposed to work that failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UnusableArguments(String);

/// Returns the exit code of a command that failed.
pub fn exit_code_of(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<UnusableArguments>() { 2 } else { 1 })
}

/// Does what the arguments say.
///
/// # Errors
///
/// What was refused or failed, for whoever typed it; [`exit_code_of`] says which.
pub fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    match arguments.command {
        Command::NewRoot(args) => keygen::new_root(&args)?,
        Command::NewKey(args) => keygen::new_key(&args)?,
        Command::Bundle(args) => sign::first(&args)?,
        Command::Rotate(args) => sign::rotate(&args)?,
        Command::Extend(args) => sign::extend(&args)?,
        Command::Strike(args) => sign::strike(&args)?,
        Command::Cosign(args) => sign::cosign(&args)?,
        Command::Inspect(args) => inspect::inspect(&args.file)?,
        Command::Jwks(args) => sign::jwks(&args.bundle)?,
        Command::Verify(args) => return verify::verify(&args),
        Command::VerifyArchive(args) => return verify_archive::verify_archive(&args),
    }
    Ok(Outcome::Done)
}
