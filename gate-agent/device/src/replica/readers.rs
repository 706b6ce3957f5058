//! A few connections that only read, lent out one at a time to blocking threads; writing is the writer's.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::database::DatabaseLocation;
use super::error::ReplicaError;

/// Connections that read at once: as many as runs one session may have in flight.
const READERS: usize = 4;

/// The reading connections of a replica.
pub struct Readers {
    location: DatabaseLocation,
    permits: Semaphore,
    /// Connections nobody uses at the moment.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Makes the readers of a place; connections are opened when needed.
    pub fn new(location: DatabaseLocation) -> Arc<Self> {
        Arc::new(Self {
            location,
            permits: Semaphore::new(READERS),
            idle: Mutex::default(),
        })
    }

    /// Reads on a blocking thread.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Database`].
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ReplicaError> {
        let _permit = self.permits.acquire().await.map_err(|_| ReplicaError::Closed)?;
        let readers = Arc::clone(self);
        let reading = tokio::task::spawn_blocking(move || {
            let mut connection = readers.borrow()?;
            let result = work(&mut connection)?;
            readers.idle().push(connection);
            Ok(result)
        });
        reading.await.unwrap_or(Err(ReplicaError::Closed))
    }

    fn borrow(&self) -> Result<Connection, ReplicaError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| self.location.open_reader(), Ok)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().expect("nothing panics while it holds this")
    }
}
