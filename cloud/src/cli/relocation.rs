//! Moving a store to another place, and bringing its tables up to date, in words for whoever looks after the server.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;

use crate::store::Store;
use crate::store::location::{StoreLocation, StoreSettings, StoreUrl};
use crate::store::relocation::{relocate, stay};
use crate::store::schema::version;

/// From where to where a store is moved.
#[derive(Debug, Args)]
pub struct Move {
    /// Where the store is: sqlite:FILE or postgres://… as in store.url.
    #[arg(long, env = "USHER_CLOUD_MOVE_FROM", hide_env_values = true)]
    from: String,
    /// Where it goes: a new file or an empty database.
    #[arg(
        long,
        env = "USHER_CLOUD_MOVE_TO",
        hide_env_values = true,
        required_unless_present = "undo"
    )]
    to: Option<String>,
    /// Call a move off that has not ended: the store stays where it is.
    #[arg(long)]
    undo: bool,
    /// The certificates, in PEM, of which one must vouch for a PostgreSQL server.
    #[arg(long)]
    ca_file: Option<std::path::PathBuf>,
}

impl Move {
    /// Does it, as far as it is not done yet.
    ///
    /// # Errors
    ///
    /// What keeps it from being done.
    pub async fn run(self) -> anyhow::Result<()> {
        let from = self.location("--from", &self.from)?;
        let mut out = std::io::stdout();
        if self.undo {
            stay(&from).await?;
            return Ok(writeln!(out, "the store stays at {from}")?);
        }
        let to = self.location("--to", self.to.as_deref().unwrap_or_default())?;
        let moved = relocate(&from, &to).await?;
        for table in moved {
            writeln!(out, "{}: {} rows", table.table, table.rows)?;
        }
        writeln!(
            out,
            "moved to {to}, compared row by row; no server opens {from} any more. Set store.url, and keep the master key that \
             you have"
        )?;
        Ok(())
    }

    fn location(&self, argument: &'static str, text: &str) -> anyhow::Result<StoreLocation> {
        let url = StoreUrl::try_from(text.to_owned()).with_context(|| format!("reading {argument}"))?;
        let mut settings = StoreSettings::default();
        settings.ca_file = self.ca_file.clone().unwrap_or(settings.ca_file);
        settings.url = match url {
            StoreUrl::DataDir => bail!("{argument} must be sqlite:FILE or postgres://USER@HOST/DATABASE"),
            // What the other place is told of this one must be true in every folder.
            StoreUrl::Sqlite(file) => StoreUrl::Sqlite(std::path::absolute(file)?),
            StoreUrl::Postgres(_) => url,
        };
        Ok(settings.location(Path::new("")))
    }
}

/// Brings the tables of the store and its cells to this version's, and says of which version they were.
///
/// # Errors
///
/// When that cannot be done.
pub async fn migrate(config: &Path) -> anyhow::Result<()> {
    for (_, location) in super::store_places(config)?.all() {
        let were = version(location).await?;
        let store = Store::open(location)
            .await
            .with_context(|| format!("bringing {location} up to date"))?;
        store.close().await;
        let are = version(location).await?;
        writeln!(
            std::io::stdout(),
            "the tables of {location} were of version {were} and are of version {are}"
        )?;
    }
    Ok(())
}
