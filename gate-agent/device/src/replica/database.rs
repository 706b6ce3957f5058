//! Opening the SQLite files: connections with the settings that make a commit durable, migrations, first checks; no queries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use refinery::Runner;
use rusqlite::{Connection, OpenFlags};
use usher_keys::private;

use super::error::{Finding, ReplicaError};
use super::lock::{self, Lock};
use super::stored_values;

mod replica_tables {
    refinery::embed_migrations!("migrations/replica");
}
mod access_tables {
    refinery::embed_migrations!("migrations/access");
}

/// How long a connection waits for another one's lock: far longer than any of our transactions takes.
const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements kept by each connection: more than the code has.
const STATEMENTS: usize = 32;

/// Where a replica's database is.
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
        Self::Memory(data_encoding::HEXLOWER.encode(&name))
    }

    fn open(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)?,
            Self::Memory(name) => Connection::open_with_flags(
                format!("file:/{name}?vfs=memdb"),
                flags | OpenFlags::SQLITE_OPEN_URI,
            )?,
        };
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
        Ok(connection)
    }

    /// Opens the connection that writes, and brings the tables up to date.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::NotFounded`] when there is no file and `create` is not set.
    pub fn open_writer(&self, create: bool) -> Result<Connection, ReplicaError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        match self {
            Self::File(path) if !create && !path.exists() => {
                return Err(ReplicaError::NotFounded { path: path.clone() });
            }
            Self::File(_) if !create => {}
            Self::File(path) => found(path)?,
            Self::Memory(_) => flags |= OpenFlags::SQLITE_OPEN_CREATE,
        }
        let mut connection = self.open(flags)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous = FULL;")?;
        migrate(&mut connection, &replica_tables::migrations::runner())?;
        Ok(connection)
    }

    /// Opens a connection that only reads.
    pub fn open_reader(&self) -> Result<Connection, ReplicaError> {
        if let Self::File(path) = self
            && !path.exists()
        {
            return Err(ReplicaError::NotFounded { path: path.clone() });
        }
        Ok(self.open(match self {
            Self::File(_) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Self::Memory(_) => OpenFlags::SQLITE_OPEN_READ_WRITE,
        })?)
    }

    /// Takes the lock that keeps a second process off; nobody else knows a replica in memory.
    pub fn lock(&self) -> Result<Option<Lock>, ReplicaError> {
        match self {
            Self::File(path) => Lock::take(path).map(Some),
            Self::Memory(_) => Ok(None),
        }
    }

    /// Reads how many commits were durable, as far as that was noted.
    pub fn noted(&self) -> u64 {
        match self {
            Self::File(path) => lock::noted(path),
            Self::Memory(_) => 0,
        }
    }
}

/// Opens the file of codes and tokens, and makes it when it is not there; it is its owner's alone.
pub fn open_access(path: &Path) -> Result<Connection, ReplicaError> {
    found(path)?;
    let mut connection = DatabaseLocation::File(path.to_owned()).open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    migrate(&mut connection, &access_tables::migrations::runner())?;
    Ok(connection)
}

/// Makes an empty database file that only its owner can open, unless there is one: SQLite would leave its mode to the umask.
fn found(path: &Path) -> Result<(), ReplicaError> {
    private::found_file(path).map_err(|source| ReplicaError::Found {
        path: path.to_owned(),
        source,
    })
}

/// Looks for damage in the replica's list of migrations and in the definitions of its tables. SQLite itself holds no rule
/// of a table against a connection that only reads.
///
/// # Errors
///
/// [`ReplicaError::Damaged`].
pub fn check_tables(connection: &Connection) -> Result<(), ReplicaError> {
    let runner = replica_tables::migrations::runner();
    check_listed(connection, &runner)?;
    check_definitions(connection, &runner)
}

/// Compares the definitions of the tables with those of a new database.
fn check_definitions(connection: &Connection, runner: &Runner) -> Result<(), ReplicaError> {
    let mut sound = Connection::open_in_memory()?;
    runner.run(&mut sound)?;
    let expected = definitions(&sound)?;
    for (name, definition) in definitions(connection)? {
        if expected.get(&name) != Some(&definition) {
            let said = format!("the definition of {name:?} is not this version's");
            return Err(ReplicaError::Damaged(Finding::Page(said)));
        }
    }
    Ok(())
}

fn definitions(connection: &Connection) -> rusqlite::Result<BTreeMap<String, [Option<String>; 3]>> {
    let mut statement = connection.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]))
    })?;
    rows.collect()
}

/// The runner takes the list for whole and would panic over what it cannot read.
fn check_listed(connection: &Connection, runner: &Runner) -> Result<(), ReplicaError> {
    let mut statement = connection.prepare(
        "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
    )?;
    let mut rows = statement.query([])?;
    let mut listed = 0;
    for known in runner.get_migrations() {
        let Some(row) = rows.next()? else { break };
        let (version, name, at, checksum): (i64, String, String, String) = row.try_into()?;
        let readable = at.as_bytes().get(10) == Some(&b'T') && at.ends_with('Z');
        let is_known = (version, name.as_str()) == (i64::from(known.version()), known.name())
            && checksum == known.checksum().to_string();
        if !is_known || !readable || at.parse::<jiff::Timestamp>().is_err() {
            let said = format!("its list of migrations says {version} {name:?} {at:?} {checksum:?}");
            return Err(ReplicaError::Damaged(Finding::Page(said)));
        }
        listed += 1;
    }
    if listed == 0 {
        let said = "its list of migrations is empty".to_owned();
        return Err(ReplicaError::Damaged(Finding::Page(said)));
    }
    Ok(())
}

/// Brings the tables up to date.
fn migrate(connection: &mut Connection, runner: &Runner) -> Result<(), ReplicaError> {
    let has_tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if has_tables > 0 {
        check_listed(connection, runner)?;
    }
    runner.run(connection)?;
    check_definitions(connection, runner)
}

/// Lets SQLite check every page; the first thing it finds is enough.
///
/// # Errors
///
/// [`ReplicaError::Damaged`].
pub fn quick_check(connection: &Connection) -> Result<(), ReplicaError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(ReplicaError::Damaged(Finding::Page(said)))
}

/// Looks for commits that were durable and are gone.
///
/// # Errors
///
/// [`ReplicaError::Damaged`].
pub fn check_commits(connection: &Connection, noted: u64) -> Result<(), ReplicaError> {
    let lost = noted.saturating_sub(stored_values::read_commits(connection)?);
    if lost == 0 {
        return Ok(());
    }
    Err(ReplicaError::Damaged(Finding::Lost { commits: lost }))
}

#[cfg(test)]
mod tests {
    use refinery::Target;

    use super::*;

    #[test]
    fn a_token_from_before_tokens_ended_ends_a_week_after_it_was_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.db");
        let mut old = Connection::open(&path).unwrap();
        let first = access_tables::migrations::runner().set_target(Target::Version(1));
        first.run(&mut old).unwrap();
        old.execute_batch(
            "INSERT INTO device_tokens VALUES (zeroblob(32), 'turnstile', '[1]', 5);
             INSERT INTO scanner_codes VALUES (zeroblob(32), '{}', 5, NULL);",
        )
        .unwrap();
        drop(old);
        let new = open_access(&path).unwrap();
        let token: (String, i64) = new
            .query_row("SELECT gates, expires_ms FROM device_tokens", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(token, ("[1]".to_owned(), 5 + 7 * 24 * 60 * 60 * 1000));
        let codes: i64 = new
            .query_row("SELECT count(*) FROM scanner_codes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(codes, 0);
    }
}
