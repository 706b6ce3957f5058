//! Where a database is, and opening it: private files, and the settings that make a commit durable.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};
use usher_keys::private;

use crate::error::DiskError;
use crate::tables::{Tables, check_pages};

/// How long a statement waits for another process that writes: far longer than any of our transactions takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest file of which every page is checked at start, in bytes: that takes a quarter of a second.
const CHECKED_AT_START_BYTES: i64 = 64 << 20;
/// Prepared statements kept by each connection: more than any program has.
const STATEMENT_CACHE: usize = 256;
/// What is kept of the write-ahead log once a reader that stayed for long has let it grow, in bytes.
const LOG_BYTES: i64 = 64 << 20;

/// Where a database is.
#[derive(Debug, Clone)]
pub enum DatabaseLocation {
    /// In a file.
    File(PathBuf),
    /// In memory under that name, for tests.
    Memory(String),
}

impl DatabaseLocation {
    /// Makes a location in memory that nobody else uses.
    pub fn in_memory() -> Self {
        let mut name = [0; 16];
        getrandom::fill(&mut name).expect("the system gives randomness");
        Self::Memory(format!("{:032x}", u128::from_ne_bytes(name)))
    }

    /// Opens the connection that writes: makes the file as needed, so that only its owner can open it, brings its tables up
    /// to date and looks for damage.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn open_writer(&self, tables: &Tables<'_>) -> Result<Connection, DiskError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        match self {
            // SQLite would leave its mode to the umask; what it makes beside the file gets the mode of the file.
            Self::File(path) => private::found_file(path).map_err(|error| DiskError::of_file(path, error))?,
            Self::Memory(_) => flags |= OpenFlags::SQLITE_OPEN_CREATE,
        }
        let mut connection = self.connect(flags)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if let Self::File(path) = self
            && mode != "wal"
        {
            return Err(no_write_ahead_log(path).into());
        }
        // FULL: what was answered survives a power cut. NORMAL loses acknowledged commits.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
        let lock = self.lock_tables()?;
        tables.make(&mut connection)?;
        drop(lock);
        check_pages(&connection, CHECKED_AT_START_BYTES)?;
        Ok(connection)
    }

    /// Opens a connection that only reads, beside the writer of the same program.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; also when there is no file.
    pub fn open_reader(&self) -> Result<Connection, DiskError> {
        if let Self::File(path) = self {
            fs::metadata(path).map_err(|error| DiskError::of_file(path, error))?;
        }
        // SQLite holds the rules of a table against its rows only for those who may write; no statement of ours does.
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Opens a connection to look at a file from outside, also while another program uses it: it changes nothing, not even
    /// at its end.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; also when there is no file.
    pub fn open_from_outside(&self) -> Result<Connection, DiskError> {
        let connection = self.open_reader()?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    }

    /// Opens a connection that writes while nobody else has the file open, and that nobody else can open it beside.
    ///
    /// # Errors
    ///
    /// [`DiskError::Overloaded`] when somebody has it open; [`DiskError`].
    pub fn open_alone(&self) -> Result<Connection, DiskError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Before anything is read: SQLite takes the file for itself with the first look at it.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(set_up(connection)?)
    }

    /// Copies what is durable into a new file that only its owner can open, also while another program uses this one. The
    /// copy is whole by itself: it needs no write-ahead log. It is durable once its folder is.
    ///
    /// # Errors
    ///
    /// [`DiskError`]; also when there is something in the new file.
    pub fn copy_to(&self, file: &Path) -> Result<(), DiskError> {
        private::found_file(file).map_err(|error| DiskError::of_file(file, error))?;
        let connection = self.open_from_outside()?;
        connection.pragma_update(None, "query_only", false)?;
        connection.execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
        Ok(())
    }

    /// Opens a connection and reads from it once, so that a file that cannot be used is named.
    fn connect(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let opened = self.open(flags).and_then(set_up);
        match self {
            Self::File(path) => opened.map_err(|error| named(error, path)),
            Self::Memory(_) => opened,
        }
    }

    fn open(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::File(path) => Connection::open_with_flags(path, flags),
            Self::Memory(name) => {
                let name = format!("file:/{name}?vfs=memdb");
                Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_URI)
            }
        }
    }

    /// Keeps other processes from bringing the tables up to date at the same time: the runner itself takes no lock.
    fn lock_tables(&self) -> Result<Option<File>, DiskError> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let path = path.with_extension("migrate-lock");
        lock(&path)
            .map(Some)
            .map_err(|error| DiskError::of_file(&path, error))
    }
}

fn set_up(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // A statement keeps its plan: else one that compares a column of a partial index's condition with a value is compiled anew
    // each time that it runs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
    Ok(connection)
}

/// Adds the file to what SQLite says, unless it does so itself.
fn named(mut error: rusqlite::Error, path: &Path) -> rusqlite::Error {
    let path = path.display().to_string();
    if let rusqlite::Error::SqliteFailure(_, Some(said)) = &mut error
        && !said.contains(&path)
    {
        *said = format!("{said}: {path}");
    }
    error
}

fn no_write_ahead_log(path: &Path) -> rusqlite::Error {
    let said = format!("no write-ahead log can be kept beside {}", path.display());
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), Some(said))
}

fn lock(path: &Path) -> std::io::Result<File> {
    let file = private::open_file(path)?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
