//! The readers of a SQLite file: a few connections that see what is durable and never wait for the writer.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::StoreError;

/// Connections that read at the same time: reads are short and the machine has few cores.
const READERS: usize = 4;

/// The connections that are not in use, and as many permits.
#[derive(Debug)]
pub struct Readers {
    /// The idle connections; held only to take one or put one back.
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Opens the connections.
    pub fn open(connect: impl Fn() -> Result<Connection, StoreError>) -> Result<Self, StoreError> {
        let connections = (0..READERS).map(|_| connect()).collect::<Result<_, _>>()?;
        Ok(Self {
            idle: Arc::new(Mutex::new(connections)),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Runs a query in one snapshot.
    pub async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let lease = Lease::take(self.idle.clone(), permit);
        // The lease ends inside the blocking task, so that a caller who stops waiting does not lose the connection.
        let task = tokio::task::spawn_blocking(move || {
            let connection = lease
                .connection
                .as_ref()
                .expect("a lease has its connection until it ends");
            in_snapshot(connection, work)
        });
        task.await.unwrap_or(Err(StoreError::Closed))
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

fn in_snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let snapshot = connection.unchecked_transaction()?;
    let result = work(&snapshot);
    snapshot.finish()?;
    result
}
