//! The SQLite engine: one file, one writer that commits in groups, readers aside; the statements are in the files below.

pub mod audit;
pub mod authority;
pub mod begin;
pub mod bounds;
pub mod catalogue;
pub mod close;
pub mod codes;
pub mod column;
mod commits;
pub mod drafts;
pub mod holds;
pub mod moves;
pub mod organizers;
mod readers;
pub mod renew;
pub mod rows;
mod seals;
mod soundness;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use refinery::Migration;
use rusqlite::{Connection, OpenFlags};
use usher_keys::private;

use crate::store::StoreError;
use readers::Readers;
pub use writer::Effect;
use writer::Writer;

/// How long one statement waits for another process that writes, such as `usher-cloud organizer-key`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept by each connection: more than there are.
const STATEMENT_CACHE: usize = 96;

/// One SQLite file in use; clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl Database {
    /// Opens the file, making it as needed, brings its tables up to date and looks for damage.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(file: &Path, migrations: &[Migration]) -> Result<Self, StoreError> {
        if let Some(directory) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            private::make_folder(directory)?;
        }
        // SQLite would leave its mode to the umask; what it makes beside the file gets the mode of the file.
        private::found_file(file)?;
        let noted = commits::noted(file);
        let mut connection = connect(file)?;
        migrate(file, &mut connection, migrations)?;
        soundness::check_pages(&connection)?;
        commits::check(&connection, noted)?;
        let note = commits::Note::open(file)?;
        let writer = Arc::new(Writer::start(connection, Some(note))?);
        let readers = Arc::new(Readers::open(|| reader(file))?);
        Ok(Self { writer, readers })
    }

    /// Runs a command in the next group commit; the answer comes once it is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<Effect<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// Runs a query on a reader, in one snapshot of what is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(work).await
    }

    /// Tells whether writes are taken.
    pub fn is_alive(&self) -> bool {
        self.writer.is_alive()
    }

    /// Waits until everything asked for is durable, then refuses further work.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}

/// Lists the migrations of the store, oldest first; one that was released is never changed.
pub fn migrations() -> Vec<Migration> {
    [
        ("V1__selling", include_str!("../../migrations/V1__selling.sql")),
        (
            "V10__authority",
            include_str!("../../migrations/V10__authority.sql"),
        ),
        ("V11__seals", include_str!("../../migrations/V11__seals.sql")),
        ("V12__bearers", include_str!("../../migrations/V12__bearers.sql")),
        (
            "V13__claimants",
            include_str!("../../migrations/V13__claimants.sql"),
        ),
        (
            "V14__enrolment_ids",
            include_str!("../../migrations/V14__enrolment_ids.sql"),
        ),
        (
            "V15__ticket_codes",
            include_str!("../../migrations/V15__ticket_codes.sql"),
        ),
        ("V16__feed", include_str!("../../migrations/V16__feed.sql")),
    ]
    .map(|(name, sql)| Migration::unapplied(name, sql).expect("migrations are named V<number>__<name>"))
    .to_vec()
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    configure(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::ReadOnly);
    }
    // FULL: what was answered survives a power cut. NORMAL loses acknowledged commits.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A reader that stays for long lets the log grow; this is what is kept of it afterwards, in bytes.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

fn reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(())
}

/// Brings the tables up to date while no other process does: the runner itself takes no lock.
fn migrate(file: &Path, connection: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let lock = private::open_file(&file.with_extension("migrate-lock"))?;
    lock.lock()?;
    soundness::migrate(connection, migrations)
}

#[cfg(test)]
mod tests;
