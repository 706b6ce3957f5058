//! The two engines that can stand behind a store: each runs commands in its group commits, and queries beside them.

use std::time::Duration;

use usher_keys::EventId;

use super::StoreError;
use super::operations::Effect;
use super::postgres::Postgres;
use super::postgres::late::LatePostgres;
use super::sql::Sql;
use super::sqlite::Database;

/// How long servers may answer nothing before new questions are refused at once, where others have what else there is. A failover takes
/// longer: whoever asked before waits for it.
const AWAY_AFTER: Duration = Duration::from_secs(5);

/// An engine in use; clones share it.
#[derive(Debug, Clone)]
pub enum Engine {
    /// A SQLite file.
    Sqlite(Database),
    /// PostgreSQL servers.
    Postgres(Postgres),
    /// PostgreSQL servers of a cell that did not answer when the program started.
    Late(LatePostgres),
}

impl Engine {
    /// Runs a command in the next group commit, with its event to itself; the answer comes once it is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        event: Option<EventId>,
        work: impl Fn(&Sql<'_>) -> Result<Effect<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(database) => {
                database
                    .write(move |connection| work(&Sql::Sqlite(connection)))
                    .await
            }
            Self::Postgres(database) => database.write(event, work).await,
            Self::Late(late) => late.opened()?.write(event, work).await,
        }
    }

    /// Runs a query in one snapshot of what is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(database) => {
                database
                    .read(move |connection| work(&Sql::Sqlite(connection)))
                    .await
            }
            Self::Postgres(database) => database.read(work).await,
            Self::Late(late) => late.opened()?.read(work).await,
        }
    }

    /// Tells whether other processes may write to it too.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) | Self::Late(_) => true,
        }
    }

    /// Tells whether its servers have answered nothing for so long that nobody waits for them.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(database) => database.silence() > AWAY_AFTER,
            Self::Late(late) => late
                .opened()
                .map_or(true, |database| database.silence() > AWAY_AFTER),
        }
    }

    /// Tells whether writes are taken.
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Sqlite(database) => database.is_alive(),
            Self::Postgres(database) => database.is_alive(),
            // Nobody is told to start this process again for the sake of servers that are away.
            Self::Late(late) => late.opened().map_or(true, Postgres::is_alive),
        }
    }

    /// Waits until everything asked for is durable, then refuses further work.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
            Self::Late(late) => {
                if let Ok(database) = late.opened() {
                    database.close().await;
                }
            }
        }
    }
}
