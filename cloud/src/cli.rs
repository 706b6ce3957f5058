//! The command line of `usher-cloud`: one function for each subcommand; what they do is elsewhere.

mod backup;
mod cell;
mod doctor;
mod draw;
mod import;
pub mod reconciling;
mod relocation;
mod resume;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use usher_keys::private;
use usher_protocol::plain;

use crate::api::organizer::venues::NAME_BYTES;
use crate::authority::key_safe::KeySafe;
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::endpoint_secrets::EndpointSecrets;
use crate::ids::OrganizerId;
use crate::master_key::MasterKey;
use crate::rooms;
use crate::server::Server;
use crate::staff_secrets::StaffSecrets;
use crate::store::location::{StoreLocation, StorePlaces};
use crate::store::organizing::{KeyHash, NewOrganizer};
use crate::store::{self, Audit, AuditedEvent, AuditedOrganizer, Store};

/// Said when the server is told to stop once more while it lets things finish.
const STOPPED_AT_ONCE: &str =
    "stopped at once: what was in progress is settled by another process or at the next start";

/// Sells tickets, signs them, and is the authority of every event.
#[derive(Debug, Parser)]
#[command(name = "usher-cloud", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, the pages and the sync of hubs until it is told to stop.
    Serve {
        /// The settings, as in usher-cloud.example.toml.
        #[arg(long)]
        config: PathBuf,
    },
    /// Look at all that a server needs before anybody buys: settings, disk, clock, keys, store, ports, names. It changes nothing, and says
    /// what to do; exit code 1 when something does not work.
    Doctor(doctor::DoctorOrder),
    /// Check every page, log, ticket and booking of the database; exit code 1 when something is wrong.
    Audit {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
    },
    /// Compare what is written down of payments with the payment service's own list of them, and name every difference; exit code 1 when
    /// there is one.
    Reconcile(reconciling::ReconcileOrder),
    /// Copy a SQLite store into a new file, also while the server runs; exit code 1 when something in it is wrong.
    Backup {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
        /// The file to make, and beside it one that ends in .commits.
        file: PathBuf,
    },
    /// Put a backup where the settings want the SQLite store, if none is there; a store that came back in another way
    /// (a PostgreSQL database, a snapshot of the machine) is only marked. Nothing is sold or ordered from it until `usher-cloud resume`.
    Restore {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
        /// The backup, with the file beside it that ends in .commits; none for a store that is back already.
        file: Option<PathBuf>,
    },
    /// Take in the tickets that another seller has sold, from the list of codes that it exports, so that the event's gates know them. It says
    /// what it would do, and does it with --apply; it may run beside the server, and as often as the list changes.
    Import(import::ImportOrder),
    /// Let events sell and order again that are halted because the store was restored, or devices have shown that it is an older
    /// copy; exit code 1, with the reasons, if that is not safe yet.
    Resume(resume::ResumeOrder),
    /// Bring the tables of the store up to date, as the server does at its start, and say which version they were of.
    Migrate {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
    },
    /// Move a store that no server uses to another place: between SQLite and PostgreSQL, or to another of the same. One that was
    /// interrupted goes on where it was when it is said again.
    Move(relocation::Move),
    /// Look after cells: databases beside the store that each have a share of the events.
    #[command(subcommand)]
    Cell(cell::CellOrder),
    /// Verify draws of waiting rooms.
    #[command(subcommand)]
    Draw(draw::DrawOrder),
    /// Seal the secret keys in the store under the newest master key, so that older ones are not needed any more.
    ResealKeys {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
    },
    /// Add an organizer and print its API key, which is not shown again.
    OrganizerKey {
        /// The settings of the server.
        #[arg(long)]
        config: PathBuf,
        /// The organizer's name.
        #[arg(long, default_value = "organizer")]
        name: String,
    },
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    ///
    /// What went wrong, for whoever typed it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve { config } => serve(&config).await?,
            Command::Doctor(order) => return order.run().await,
            Command::Audit { config } => return audit(&config).await,
            Command::Backup { config, file } => {
                return Ok(exit_code(backup::back_up(&config, &file).await?));
            }
            Command::Restore { config, file } => backup::restore(&config, file.as_deref()).await?,
            Command::Reconcile(order) => return order.run().await,
            Command::Import(order) => return order.run().await,
            Command::Resume(order) => return order.run().await,
            Command::Migrate { config } => relocation::migrate(&config).await?,
            Command::Move(order) => order.run().await?,
            Command::Cell(order) => order.run().await?,
            Command::Draw(order) => return order.run(),
            Command::ResealKeys { config } => reseal_keys(&config).await?,
            Command::OrganizerKey { config, name } => organizer_key(&config, name).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn serve(config: &Path) -> anyhow::Result<()> {
    let config = Config::load(config)?;
    start_logging(&config)?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let server = Server::start(config, Clock::system()).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    tokio::select! {
        () = server.shutdown() => Ok(()),
        _ = terminate.recv() => bail!(STOPPED_AT_ONCE),
        _ = interrupt.recv() => bail!(STOPPED_AT_ONCE),
    }
}

fn start_logging(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log.filter).context("reading the setting `log.filter`")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}

async fn audit(config: &Path) -> anyhow::Result<ExitCode> {
    let mut is_sound = true;
    for (cell, location) in store_places(config)?.all() {
        let audit = store::audit(location)
            .await
            .with_context(|| format!("auditing {location}"))?;
        if let Some(cell) = cell {
            writeln!(std::io::stdout(), "cell {cell}:")?;
        }
        print_audit(&audit)?;
        is_sound &= audit.findings.is_empty();
    }
    Ok(exit_code(is_sound))
}

fn exit_code(is_sound: bool) -> ExitCode {
    if is_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says what an audit looked at and what it found.
fn print_audit(audit: &Audit) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for audited in &audit.organizers {
        let AuditedOrganizer {
            organizer,
            acts,
            last,
        } = audited;
        writeln!(
            out,
            "organizer {organizer}: {acts} lines of acts, the last with hash {last}"
        )?;
    }
    for audited in &audit.events {
        let AuditedEvent {
            event,
            records,
            tickets,
            bookings,
        } = audited;
        writeln!(
            out,
            "event {event}: {records} records, {tickets} tickets, {bookings} bookings"
        )?;
    }
    for finding in &audit.findings {
        writeln!(out, "WRONG: {finding}")?;
    }
    if audit.findings.is_empty() {
        writeln!(out, "every page, log, ticket and booking is sound")?;
    }
    Ok(())
}

/// Says where the store is, the home cell if there are others, unless others can get at its folder.
fn store_location(config: &Path) -> anyhow::Result<StoreLocation> {
    Ok(store_places(config)?.home)
}

/// Says where the store and its cells are, unless others can get at the folder of one.
fn store_places(config: &Path) -> anyhow::Result<StorePlaces> {
    let places = Config::load(config)?.store_places();
    for (_, location) in places.all() {
        if let StoreLocation::File(file) = location
            && let Some(folder) = file.parent()
        {
            private::check_folder(folder)?;
        }
    }
    Ok(places)
}

async fn organizer_key(config: &Path, name: String) -> anyhow::Result<()> {
    ensure!(
        plain::is_plain(&name) && NAME_BYTES.contains(&name.len()),
        "an organizer's name stands on tickets and in letters: give one of {} to {} bytes of plain text in one line, without blanks around it or control characters",
        NAME_BYTES.start(),
        NAME_BYTES.end()
    );
    let location = store_location(config)?;
    let store = Store::open(&location)
        .await
        .with_context(|| format!("opening {location}"))?;
    let key = add_organizer(&store, name).await?;
    store.close().await;
    writeln!(std::io::stdout().lock(), "{key}").context("printing the key")
}

async fn reseal_keys(config: &Path) -> anyhow::Result<()> {
    let places = store_places(config)?;
    let config = Config::load(config)?;
    let master = MasterKey::load(&config.keys, &config.data_dir).context("taking the master key")?;
    let store = Store::open_places(&places)
        .await
        .with_context(|| format!("opening {}", places.home))?;
    let resealed = KeySafe::new(store.clone(), master.clone()).reseal().await?;
    let resealed = resealed + EndpointSecrets::new(master.clone()).reseal(&store).await?;
    let resealed = resealed + StaffSecrets::new(master.clone()).reseal(&store).await?;
    let resealed = resealed + rooms::reseal(&store, &master).await?;
    store.close().await;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{resealed} keys sealed anew; all of them open with the newest master key"
    )
    .context("printing")
}

/// Adds an organizer and gives its API key: 32 random bytes, of which only the hash is kept.
///
/// # Errors
///
/// When the store fails.
pub async fn add_organizer(store: &Store, name: String) -> anyhow::Result<String> {
    let now = store.clock().await?.now();
    let (text, key) = KeyHash::draw();
    store
        .add_organizer(NewOrganizer {
            id: OrganizerId::draw(now),
            name,
            key,
            now,
        })
        .await?;
    Ok(text)
}
