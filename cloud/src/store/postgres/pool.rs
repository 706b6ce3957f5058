//! The readers of a PostgreSQL database: a few connections, each opened when it is needed first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    /// When that was asked which nothing has been answered since; held only to look at it or change it.
    unanswered_since: Arc<Mutex<Option<Instant>>>,
}

impl Pool {
    /// Makes the pool, still empty.
    pub fn of(servers: Servers) -> Self {
        Self {
            servers: Arc::new(servers),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
            unanswered_since: Arc::default(),
        }
    }

    /// Returns how long nothing has been answered though something was asked.
    pub fn silence(&self) -> Duration {
        let since = *self
            .unanswered_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
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
        let unanswered_since = self.unanswered_since.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let since = || unanswered_since.lock().unwrap_or_else(PoisonError::into_inner);
            since().get_or_insert_with(Instant::now);
            let mut attempt = 0;
            loop {
                match read_once(&servers, &idle, &work) {
                    Err(error) if error.is_broken_off() && attempt < ATTEMPTS => {
                        attempt += 1;
                        wait_for(attempt);
                    }
                    done => {
                        if !done.as_ref().is_err_and(StoreError::is_broken_off) {
                            *since() = None;
                        }
                        return done;
                    }
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
    // One that broke off is not used again; one whose transaction does not end says so to whoever reads next.
    if !read.as_ref().is_err_and(StoreError::is_broken_off) {
        backend.end_reading();
        idle.lock()
            .expect("nothing panics while it holds this")
            .push(backend);
    }
    read
}

#[cfg(test)]
mod tests {
    use crate::store::contract::case::{Case, START};

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_has_read_leaves_no_transaction_open() {
        let case = Case::on_postgres().await;
        let held = case.held(&[0], START).await;
        assert!(case.store.reservation(held.id).await.unwrap().is_some());
        let url = case.url().unwrap();
        let open = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let begun = std::time::Instant::now();
        while usher_test_postgres::run(&url, open).trim() != "0" {
            // The server itself ends one that is left open, with its connection, after ten.
            assert!(begun.elapsed().as_secs() < 5, "a transaction stays open");
        }
    }
}
