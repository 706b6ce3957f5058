//! How many commits were made, noted beside the database that counts them, so that a database that has lost some is noticed.
//!
//! A damaged write-ahead log ends, for SQLite, before the damage: whatever was committed after it is gone without a word.
//! The note needs no flush of its own: a power cut may take it back to an earlier number, never to a later one.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::Path;

use usher_keys::private;

use crate::error::DiskError;
use crate::finding::FileFinding;

/// Bytes of the note: the number, and its complement to tell a number from rubbish.
const NOTE_BYTES: usize = 16;

/// The note beside a database. It can be locked, to keep a second process off.
#[derive(Debug)]
pub struct CommitNote(File);

impl CommitNote {
    /// Opens the note in a file, making it as needed; a new one is durable at once, since its absence means something too.
    ///
    /// # Errors
    ///
    /// [`DiskError::File`].
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let is_new = !path.exists();
        let opened = private::open_file(path).and_then(|file| {
            if is_new {
                file.sync_all()?;
                let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            }
            Ok(Self(file))
        });
        opened.map_err(|error| DiskError::of_file(path, error))
    }

    /// Locks the note as long as it is open.
    ///
    /// # Errors
    ///
    /// The system's, also when somebody else has the lock.
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        self.0.try_lock()
    }

    /// Notes how many commits are durable. One that is not written is made up for by the next.
    pub fn write(&self, commits: u64) {
        let mut note = [0; NOTE_BYTES];
        note[..8].copy_from_slice(&commits.to_le_bytes());
        note[8..].copy_from_slice(&(!commits).to_le_bytes());
        if let Err(error) = self.0.write_all_at(&note, 0) {
            tracing::debug!(%error, "the number of commits was not noted");
        }
    }

    /// Reads from a file how many commits were durable, as far as that was noted.
    pub fn read(path: &Path) -> u64 {
        fs::read(path).map_or(0, |note| number(&note).unwrap_or(0))
    }

    /// Looks for commits that were noted and that the database does not count.
    ///
    /// # Errors
    ///
    /// [`DiskError::Damaged`].
    pub fn check(noted: u64, counted: u64) -> Result<(), DiskError> {
        match noted.saturating_sub(counted) {
            0 => Ok(()),
            commits => Err(FileFinding::Lost { commits }.into()),
        }
    }
}

fn number(note: &[u8]) -> Option<u64> {
    let (number, complement) = note.get(..NOTE_BYTES)?.split_at(8);
    let read = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    read(number).filter(|commits| read(complement) == Some(!commits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_is_read_and_rubbish_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.commits");
        assert_eq!(CommitNote::read(&path), 0);
        let note = CommitNote::open(&path).unwrap();
        assert_eq!(CommitNote::read(&path), 0);
        note.write(7);
        note.write(300);
        assert_eq!(CommitNote::read(&path), 300);
        drop(note);
        let note = CommitNote::open(&path).unwrap();
        assert_eq!(CommitNote::read(&path), 300);
        note.0.write_all_at(&[1], 9).unwrap();
        assert_eq!(CommitNote::read(&path), 0);
    }

    #[test]
    fn a_locked_note_is_locked_for_others_and_still_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("replica.lock");
        let note = CommitNote::open(&path).unwrap();
        note.try_lock().unwrap();
        let other = CommitNote::open(&path).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        note.write(2);
        assert_eq!(CommitNote::read(&path), 2);
        drop(note);
        other.try_lock().unwrap();
    }

    #[test]
    fn only_commits_that_were_noted_can_be_lost() {
        CommitNote::check(3, 3).unwrap();
        CommitNote::check(3, 5).unwrap();
        let lost = CommitNote::check(3, 1).unwrap_err();
        assert!(matches!(
            lost,
            DiskError::Damaged(FileFinding::Lost { commits: 2 })
        ));
    }
}
