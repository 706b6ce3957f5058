//! Opening the store where the settings say that it is, with its tables brought up to date.

use std::path::Path;

use usher_keys::Timestamp;

use super::engine::Engine;
use super::location::StoreLocation;
use super::operations::{Effect, listings, seals};
use super::postgres::Postgres;
use super::postgres::server::Servers;
use super::sql::Sql;
use super::{Store, StoreError, relocation, sqlite};
use crate::clock::Clock;

impl Store {
    /// Opens the SQLite engine's file, making it and bringing its tables up to date as needed. Events of a copy that was put in
    /// place by hand are halted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the file cannot be opened, is not ours or is damaged.
    pub fn open_sqlite(file: &Path) -> Result<Self, StoreError> {
        let database = sqlite::Database::open_store(file, Clock::System.now())?;
        Ok(Self::of(Engine::Sqlite(database)))
    }

    /// Opens the store that the settings name, bringing its tables up to date as needed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be reached or read, is not ours, is damaged, or is being moved or was.
    pub async fn open(location: &StoreLocation) -> Result<Self, StoreError> {
        let store = Self::open_marked(location).await?;
        // The connection that reads this stays open, so that nobody who begins a move afterwards overlooks this process.
        match store.engine.read(relocation::mark::read).await? {
            None => {
                store.catch_up(Clock::System.now()).await?;
                Ok(store)
            }
            Some(mark) => {
                store.close().await;
                Err(StoreError::Moved(mark))
            }
        }
    }

    /// Seals what of events was not sealed yet when they were written, and lists what is on sale and has no listing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        for event in self.engine.read(seals::unsealed).await? {
            let seal = move |connection: &Sql<'_>| seals::seal_rest(connection, event).map(Effect::Keep);
            self.engine.write(Some(event), seal).await?;
        }
        let list = move |connection: &Sql<'_>| listings::list_rest(connection, now);
        while self.engine.write(None, list).await? == listings::LISTED_AT_ONCE as usize {}
        Ok(())
    }

    /// Opens a store that may be marked as being moved, or as moved.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn open_marked(location: &StoreLocation) -> Result<Self, StoreError> {
        match location {
            StoreLocation::File(file) => Self::open_sqlite(file),
            StoreLocation::Servers { config, ca_file } => {
                Self::open_servers(Servers::new(config, ca_file)?).await
            }
        }
    }

    /// Opens the store on PostgreSQL servers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub(crate) async fn open_servers(servers: Servers) -> Result<Self, StoreError> {
        let opening = tokio::task::spawn_blocking(move || Postgres::open(servers));
        let database = opening.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(Self::of(Engine::Postgres(database)))
    }
}
