//! The readers of a database: a few connections that see what is durable and never wait for the writer.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::DiskError;
use crate::location::DatabaseLocation;

/// Connections that read at the same time: reads are short and the machine has few cores. As many as runs that one session
/// may have in flight.
const READERS: u32 = 4;

/// The connections that are not in use, and as many permits.
#[derive(Debug)]
pub struct Readers {
    /// The idle connections; held only to take one or put one back.
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Opens the connections.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn open(location: &DatabaseLocation) -> Result<Self, DiskError> {
        let connections = (0..READERS).map(|_| location.open_reader());
        Ok(Self {
            idle: Arc::new(Mutex::new(connections.collect::<Result<_, _>>()?)),
            permits: Arc::new(Semaphore::new(READERS as usize)),
        })
    }

    /// Runs a query in one snapshot.
    ///
    /// # Errors
    ///
    /// Those of the query, and [`DiskError`].
    pub async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DiskError> + Send + 'static,
        W: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await;
        let lease = Lease::take(self.idle.clone(), permit.map_err(|_| DiskError::Closed)?);
        // The lease ends inside the blocking task, so that a caller who stops waiting does not lose the connection.
        let task = tokio::task::spawn_blocking(move || {
            let connection = lease
                .connection
                .as_ref()
                .expect("a lease has its connection until it ends");
            in_snapshot(connection, work)
        });
        task.await.unwrap_or(Err(DiskError::Closed.into()))
    }

    /// Waits until nobody reads any more and closes the connections; later queries are refused.
    pub async fn close(&self) {
        // An error means that they are closed already.
        let all = self.permits.acquire_many(READERS).await;
        self.permits.close();
        drop(all);
        self.idle
            .lock()
            .expect("nothing panics while it holds this")
            .clear();
    }
}

/// A connection in use; it goes back when the lease is dropped, also by a panic.
struct Lease {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn take(idle: Arc<Mutex<Vec<Connection>>>, permit: OwnedSemaphorePermit) -> Self {
        let connection = idle
            .lock()
            .expect("nothing panics while it holds this")
            .pop()
            .expect("there are as many permits as connections");
        Self {
            connection: Some(connection),
            idle,
            _permit: permit,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut idle = self.idle.lock().expect("nothing panics while it holds this");
        idle.extend(self.connection.take());
    }
}

fn in_snapshot<T, E: From<DiskError>>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let snapshot = connection.unchecked_transaction().map_err(DiskError::from)?;
    let result = work(&snapshot);
    snapshot.finish().map_err(DiskError::from)?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn one(readers: &Readers) -> Result<i64, DiskError> {
        let work = |connection: &Connection| Ok(connection.query_row("SELECT 1", [], |row| row.get(0))?);
        readers.read(work).await
    }

    #[tokio::test]
    async fn a_panic_in_a_query_does_not_use_up_the_readers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.db");
        std::fs::write(&path, "").unwrap();
        let readers = Readers::open(&DatabaseLocation::File(path)).unwrap();
        for _ in 0..4 * READERS {
            let panics = |_: &Connection| -> Result<(), DiskError> { panic!("on purpose") };
            assert!(readers.read(panics).await.is_err());
        }
        assert_eq!(one(&readers).await.unwrap(), 1);
        readers.close().await;
        assert!(matches!(one(&readers).await, Err(DiskError::Closed)));
        readers.close().await;
    }
}
