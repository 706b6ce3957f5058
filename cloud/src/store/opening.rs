//! Opening the store where the settings say that it is, with its tables brought up to date.

use std::path::Path;

use futures_util::future::try_join_all;
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
        let database = sqlite::Database::open_store(file, Clock::system().now())?;
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
                store.catch_up(store.clock().await?.now()).await?;
                Ok(store)
            }
            Some(mark) => {
                store.close().await;
                Err(StoreError::Moved(mark))
            }
        }
    }

    /// Returns the machine's clock, set right by the home cell's: by that, everything in the store is dated.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn clock(&self) -> Result<Clock, StoreError> {
        let clock = Clock::system();
        self.set_right(&clock).await?;
        Ok(clock)
    }

    /// Sets a clock right by the home cell's.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn set_right(&self, clock: &Clock) -> Result<(), StoreError> {
        let asked = clock.ask();
        if let Some(showed) = self.home().feed_total(()).await?.read_at {
            clock.hear(asked, showed);
        }
        Ok(())
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
        loop {
            let unlisted = self
                .engine
                .read(move |connection| listings::unlisted(connection, now))
                .await?;
            if unlisted.is_empty() {
                return Ok(());
            }
            // Each with its event to itself: other processes may be opening the store too.
            let listed = unlisted.into_iter().map(|event| {
                let list = move |connection: &Sql<'_>| listings::list(connection, event).map(Effect::Keep);
                self.engine.write(Some(event), list)
            });
            try_join_all(listed).await?;
        }
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

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::catalogue::search::EventQuery;
    use crate::store::contract::case::{Case, START};
    use crate::store::contract::server;
    use crate::store::search::ForgetListings;

    /// More than are listed side by side, twice over.
    const EVENTS: usize = 410;
    const PROCESSES: usize = 6;

    #[tokio::test(flavor = "multi_thread")]
    async fn processes_that_open_a_store_at_once_list_each_event_on_sale_once() {
        let case = Case::on_postgres().await;
        join_all((1..EVENTS).map(|_| case.publish("Night", |_| ()))).await;
        let forget = ForgetListings {
            ended_by: Timestamp(u64::MAX / 4),
            limit: 1_000,
        };
        assert_eq!(case.store.forget_listings(forget).await.unwrap(), EVENTS);
        let location = server::location(&case.url().unwrap());
        let opened = join_all((0..PROCESSES).map(|_| Store::open(&location))).await;
        for store in opened {
            let store = store.expect("nobody keeps another from starting");
            store.catch_up(START).await.unwrap();
            store.close().await;
        }
        let listed = case.store.events(EventQuery::of_all(1_000, START)).await.unwrap();
        assert_eq!(listed.events.len(), EVENTS);
    }
}
