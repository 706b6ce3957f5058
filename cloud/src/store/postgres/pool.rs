//! The readers of a PostgreSQL database: a few connections, each opened when it is needed first.

use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use crate::store::StoreError;
use crate::store::sql::Sql;

use super::backend::{Backend, Care};
use super::server::Servers;
use super::writer::{ATTEMPTS, wait_for};

/// Connections that read at the same time.
const READERS: usize = 4;
/// Begins a snapshot that changes nothing.
pub const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The connections that are not in use, and permits for those that may be.
#[derive(Debug)]
pub struct Pool {
    servers: Arc<Servers>,
    /// The idle connections; held only to take one or put one back.
    idle: Arc<Mutex<Vec<Backend>>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// Makes the pool, still empty.
    pub fn of(servers: Servers) -> Self {
        Self {
            servers: Arc::new(servers),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Runs a query in one snapshot, again when the connection breaks.
    pub async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Closed)?;
        let (servers, idle) = (self.servers.clone(), self.idle.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut attempt = 0;
            loop {
                match read_once(&servers, &idle, &work) {
                    Err(error) if error.is_broken_off() && attempt < ATTEMPTS => {
                        attempt += 1;
                        wait_for(attempt);
                    }
                    done => return done,
                }
            }
        });
        task.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn read_once<T>(
    servers: &Servers,
    idle: &Mutex<Vec<Backend>>,
    work: &impl Fn(&Sql<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let free = idle.lock().expect("nothing panics while it holds this").pop();
    let backend = match free {
        Some(backend) => backend,
        None => Backend::connect(servers)?,
    };
    backend.begin(BEGIN_READING, Care::Careful);
    let read = work(&Sql::Postgres(&backend));
    // One that broke off is not used again; one whose transaction does not end is not either.
    let is_usable = !read.as_ref().is_err_and(StoreError::is_broken_off);
    if is_usable && backend.batch("ROLLBACK").is_ok() {
        idle.lock()
            .expect("nothing panics while it holds this")
            .push(backend);
    }
    read
}
