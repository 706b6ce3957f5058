//! The SQLite files of a device: which tables they have, where the replica's lock and note is; opening them is `usher-disk`'s.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};

use refinery::Runner;
use rusqlite::Connection;
use usher_disk::{CommitNote, DatabaseLocation, DiskError, Tables};

use super::error::ReplicaError;
use super::stored_values;

mod replica_tables {
    refinery::embed_migrations!("migrations/replica");
}
mod access_tables {
    refinery::embed_migrations!("migrations/access");
}

/// Opens the connection that writes a replica.
///
/// # Errors
///
/// [`ReplicaError::NotFounded`] when there is no file and `create` is not set.
pub fn open_writer(location: &DatabaseLocation, create: bool) -> Result<Connection, ReplicaError> {
    if !create {
        check_is_there(location)?;
    }
    let runner = replica_tables::migrations::runner();
    Ok(location.open_writer(&tables(&runner))?)
}

/// Opens the replica in a file to look at it, also while a program uses it.
///
/// # Errors
///
/// [`ReplicaError::NotFounded`] when there is no file.
pub fn open_from_outside(replica: &Path) -> Result<Connection, ReplicaError> {
    let location = DatabaseLocation::File(replica.to_owned());
    check_is_there(&location)?;
    Ok(location.open_from_outside()?)
}

fn check_is_there(location: &DatabaseLocation) -> Result<(), ReplicaError> {
    match location {
        DatabaseLocation::File(path) if !path.exists() => {
            Err(ReplicaError::NotFounded { path: path.clone() })
        }
        DatabaseLocation::File(_) | DatabaseLocation::Memory(_) => Ok(()),
    }
}

/// Opens the file of codes and tokens, and makes it when it is not there; it is its owner's alone.
///
/// # Errors
///
/// [`ReplicaError`].
pub fn open_access(path: &Path) -> Result<Connection, ReplicaError> {
    let runner = access_tables::migrations::runner();
    Ok(DatabaseLocation::File(path.to_owned()).open_writer(&tables(&runner))?)
}

fn tables(runner: &Runner) -> Tables<'_> {
    Tables {
        migrations: runner.get_migrations(),
        beside: "",
    }
}

/// Looks for damage in the replica's list of migrations and in the definitions of its tables.
///
/// # Errors
///
/// [`DiskError::Damaged`].
pub fn check_tables(connection: &Connection) -> Result<(), DiskError> {
    tables(&replica_tables::migrations::runner()).check(connection)
}

/// Takes the lock that keeps a second process off a replica, which is its commit note too; nobody else knows one in memory.
///
/// # Errors
///
/// [`ReplicaError::InUse`], [`ReplicaError::Lock`].
pub fn lock(location: &DatabaseLocation) -> Result<Option<CommitNote>, ReplicaError> {
    let DatabaseLocation::File(replica) = location else {
        return Ok(None);
    };
    let path = note_of(replica);
    let note = CommitNote::open(&path)?;
    match note.try_lock() {
        Ok(()) => Ok(Some(note)),
        Err(TryLockError::WouldBlock) => Err(ReplicaError::InUse {
            path: replica.clone(),
        }),
        Err(TryLockError::Error(source)) => Err(ReplicaError::Lock { path, source }),
    }
}

/// Reads how many commits were durable, as far as that was noted.
pub fn noted(location: &DatabaseLocation) -> u64 {
    match location {
        DatabaseLocation::File(replica) => CommitNote::read(&note_of(replica)),
        DatabaseLocation::Memory(_) => 0,
    }
}

fn note_of(replica: &Path) -> PathBuf {
    replica.with_extension("lock")
}

/// Looks for commits that were durable and are gone.
///
/// # Errors
///
/// [`ReplicaError::Damaged`].
pub fn check_commits(connection: &Connection, noted: u64) -> Result<(), ReplicaError> {
    let counted = stored_values::read_commits(connection)?;
    Ok(CommitNote::check(noted, counted)?)
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
