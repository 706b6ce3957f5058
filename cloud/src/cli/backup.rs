//! Backing a SQLite store up and restoring it, in words for whoever looks after the server.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};

use crate::clock::Clock;
use crate::config::Config;
use crate::state;
use crate::store::Store;
use crate::store::authority::HaltAll;
use crate::store::backup::{self, Backup, Restored};
use crate::store::location::StoreLocation;

/// What comes after a restore.
const NEXT: &str = "Nothing is sold or ordered from it yet. Put the master key back, start the server, wait until the hubs of every \
    event have linked: what they know of it and the backup does not, they give back. Then say `usher-cloud resume`";

/// Backs the store up into a new file; says whether what is in it is sound.
///
/// # Errors
///
/// When no backup was made.
pub async fn back_up(config: &Path, to: &Path) -> anyhow::Result<bool> {
    let store = super::store_location(config)?;
    let StoreLocation::File(store) = store else {
        bail!(elsewhere("backed up", "pg_dump or pg_basebackup"))
    };
    let file = to.to_owned();
    let made = tokio::task::spawn_blocking(move || backup::back_up(&store, &file)).await?;
    let Backup { commits, note, audit } =
        made.with_context(|| format!("backing the store up to {}", to.display()))?;
    super::print_audit(&audit)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: {commits} commits. Keep it together with {}, and keep the master key somewhere else: it is not in the backup, \
         and without it no event's tickets can be signed any more (master.key in data_dir, unless [keys] names another \
         source)",
        to.display(),
        note.display()
    )?;
    Ok(audit.findings.is_empty())
}

/// Puts a backup where the settings want the store, if none is there; without one it says of the store that it was restored in another
/// way.
///
/// # Errors
///
/// When nothing was restored.
pub async fn restore(config: &Path, from: Option<&Path>) -> anyhow::Result<()> {
    let settings = Config::load(config)?;
    let (store, from) = match (settings.store_location(), from) {
        (StoreLocation::File(store), Some(from)) => (store, from),
        (StoreLocation::File(store), None) if !store.exists() => {
            bail!(
                "there is no store at {}: name the backup that is to be restored",
                store.display()
            )
        }
        (location @ StoreLocation::File(_), None) => {
            let _lock = state::lock_data_dir(&settings)?;
            return halt(&location).await;
        }
        (StoreLocation::Servers { .. }, Some(_)) => bail!(elsewhere("restored", "pg_restore")),
        (location @ StoreLocation::Servers { .. }, None) => return halt(&location).await,
    };
    // No server of this data directory may make a store meanwhile.
    let _lock = state::lock_data_dir(&settings)?;
    let (file, to) = (from.to_owned(), store.clone());
    let restored =
        tokio::task::spawn_blocking(move || backup::restore(&file, &to, Clock::system().now())).await?;
    let Restored {
        commits,
        forgotten,
        audit,
    } = restored.with_context(|| format!("restoring {} to {}", from.display(), store.display()))?;
    super::print_audit(&audit)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {commits} commits", store.display())?;
    if forgotten > 0 {
        writeln!(
            out,
            "the store that was here had {forgotten} commits more: what was sold and revoked in them is not in this one"
        )?;
    }
    writeln!(out, "{NEXT}")?;
    Ok(())
}

/// Halts the events of a store that was restored in another way.
async fn halt(location: &StoreLocation) -> anyhow::Result<()> {
    let store = Store::open(location)
        .await
        .with_context(|| format!("opening {location}"))?;
    let now = store.clock().await?.now();
    let halted = store.halt_all(HaltAll { now }).await?;
    store.close().await;
    writeln!(
        std::io::stdout(),
        "{location}: {halted} events are halted\n{NEXT}"
    )?;
    Ok(())
}

fn elsewhere(done: &str, tool: &str) -> String {
    format!("a PostgreSQL database is {done} with its own tools: {tool}; docs/OPERATIONS.md says how")
}
