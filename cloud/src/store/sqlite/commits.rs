//! How many commits were made, counted in the database and noted beside it, so that a database that has lost some is noticed.
//!
//! A damaged write-ahead log ends, for SQLite, before the damage: whatever was committed after it is gone without a word.
//! The note needs no flush of its own: a power cut may take it back to an earlier number, never to a later one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use usher_keys::private;

use crate::store::StoreError;
use crate::store::finding::Finding;

/// Bytes of the note: the number, and its complement to tell a number from rubbish.
const NOTE_BYTES: usize = 16;

/// The note beside a database.
#[derive(Debug)]
pub struct Note(File);

impl Note {
    /// Opens the note, making it as needed.
    pub fn open(database: &Path) -> io::Result<Self> {
        Ok(Self(private::open_file(&path_of(database))?))
    }

    /// Notes how many commits are durable. One that is not written is made up for by the next.
    pub fn write(&self, commits: i64) {
        let mut note = [0; NOTE_BYTES];
        note[..8].copy_from_slice(&commits.to_le_bytes());
        note[8..].copy_from_slice(&(!commits).to_le_bytes());
        if let Err(error) = self.0.write_all_at(&note, 0) {
            tracing::debug!(%error, "the number of commits was not noted");
        }
    }
}

/// Reads how many commits were durable, as far as that was noted.
pub fn noted(database: &Path) -> i64 {
    fs::read(path_of(database)).map_or(0, |note| number(&note).unwrap_or(0))
}

fn number(note: &[u8]) -> Option<i64> {
    let (number, complement) = note.get(..NOTE_BYTES)?.split_at(8);
    let read = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_le_bytes);
    read(number).filter(|commits| read(complement) == Some(!commits))
}

fn path_of(database: &Path) -> PathBuf {
    database.with_extension("commits")
}

/// Makes the counter in a new database.
pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS commits (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL);
         INSERT OR IGNORE INTO commits VALUES (1, 0);",
    )
}

/// Counts one more commit, as a part of it.
pub fn count_one(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE commits SET count = count + 1 RETURNING count")?
        .query_row([], |row| row.get(0))
}

/// Looks for commits that were durable and are gone.
///
/// # Errors
///
/// [`StoreError::Unsound`].
pub fn check(connection: &Connection, noted: i64) -> Result<(), StoreError> {
    let counted: i64 = connection.query_row("SELECT coalesce(max(count), 0) FROM commits", [], |row| {
        row.get(0)
    })?;
    match u64::try_from(noted.saturating_sub(counted)) {
        Ok(0) | Err(_) => Ok(()),
        Ok(commits) => Err(Finding::Lost { commits }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_is_read_and_rubbish_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("store.db");
        assert_eq!(noted(&database), 0);
        let note = Note::open(&database).unwrap();
        assert_eq!(noted(&database), 0);
        note.write(7);
        note.write(300);
        drop(note);
        let note = Note::open(&database).unwrap();
        assert_eq!(noted(&database), 300);
        note.0.write_all_at(&[1], 9).unwrap();
        assert_eq!(noted(&database), 0);
    }
}
