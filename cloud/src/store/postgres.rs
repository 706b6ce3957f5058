//! The PostgreSQL engine: writers that commit in groups, each with the events of its group to itself, and readers aside. The
//! statements are those of the other engine.

mod ahead;
pub mod alone;
pub mod audit;
pub mod backend;
mod concerns;
#[cfg(test)]
pub mod counts;
#[cfg(test)]
pub mod faults;
mod hosts;
pub mod late;
mod migrations;
mod pool;
pub mod server;
mod unanswered;
mod value;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::operations::Effect;
use crate::store::sql::Sql;
pub use concerns::Concerns;
use pool::Pool;
use server::Servers;
use writer::Writers;

/// One PostgreSQL database in use; clones share it.
#[derive(Debug, Clone)]
pub struct Postgres {
    writers: Arc<Writers>,
    readers: Arc<Pool>,
}

impl Postgres {
    /// Connects and brings the tables up to date. Not to be called where a runtime runs already.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(servers: Servers) -> Result<Self, StoreError> {
        migrations::run(&servers)?;
        Ok(Self {
            writers: Arc::new(Writers::start(&servers)?),
            readers: Arc::new(Pool::of(servers)),
        })
    }

    /// Runs a command in the next group commit of its event; the answer comes once it is durable. What ran in a transaction that
    /// the server broke off runs again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn write<T: Send + 'static>(
        &self,
        event: Option<EventId>,
        work: impl Fn(&Sql<'_>) -> Result<Effect<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writers.write(event, work).await
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
        self.readers.read(work).await
    }

    /// Returns how long no question has been answered though one was asked.
    pub fn silence(&self) -> Duration {
        self.readers.silence()
    }

    /// Tells whether writes are taken.
    pub fn is_alive(&self) -> bool {
        self.writers.is_alive()
    }

    /// Waits until everything asked for is durable, then refuses further work.
    pub async fn close(&self) {
        self.writers.close().await;
    }
}
