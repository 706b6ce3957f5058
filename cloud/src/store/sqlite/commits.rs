//! How many commits were made, counted in the database itself, by every process that writes to it; the note beside it is `usher-disk`'s.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use usher_disk::CommitNote;

use crate::store::StoreError;

/// Makes the counter in a new database.
pub const COUNTER: &str = "
    CREATE TABLE IF NOT EXISTS commits (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL);
    INSERT OR IGNORE INTO commits VALUES (1, 0);";

/// Returns where the commits of a database are noted.
pub fn note_of(database: &Path) -> PathBuf {
    database.with_extension("commits")
}

/// Counts one more commit, as a part of it.
pub fn count_one(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("UPDATE commits SET count = count + 1 RETURNING count")?
        .query_row([], |row| row.get(0).map(number))
}

/// Looks for commits that were durable and are gone.
///
/// # Errors
///
/// [`StoreError::Unsound`].
pub fn check(connection: &Connection, noted: u64) -> Result<(), StoreError> {
    Ok(CommitNote::check(noted, counted(connection)?)?)
}

/// Returns how many commits a database counts.
///
/// # Errors
///
/// [`StoreError`].
pub fn counted(connection: &Connection) -> Result<u64, StoreError> {
    let count = "SELECT coalesce(max(count), 0) FROM commits";
    Ok(connection.query_row(count, [], |row| row.get(0).map(number))?)
}

/// A negative number, which only a tampered file holds, reads as 0.
fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
