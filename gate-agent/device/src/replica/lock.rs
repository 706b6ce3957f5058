//! The file beside a replica: its lock keeps a second process off, and what it says tells whether the database has lost commits; what is in them is not here.
//!
//! A damaged write-ahead log ends, for SQLite, before the damage: whatever was committed after it is gone without a word.
//! So the number of commits is noted here after each one. The note needs no flush of its own: a power cut may take it
//! back to an earlier number, never to a later one.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use usher_keys::private;

use super::error::ReplicaError;

/// Bytes of the note: the number, and its complement to tell a number from rubbish.
const NOTE_BYTES: usize = 16;

/// The lock of a replica, held as long as this is.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock of the replica in that file.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::InUse`], [`ReplicaError::Lock`].
    pub fn take(replica: &Path) -> Result<Self, ReplicaError> {
        let path = path_of(replica);
        let failed = |source| ReplicaError::Lock {
            path: path.clone(),
            source,
        };
        let file = private::open_file(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(ReplicaError::InUse {
                path: replica.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Notes how many commits are durable. One that is not written is made up for by the next.
    pub fn note(&self, commits: u64) {
        let mut note = [0; NOTE_BYTES];
        note[..8].copy_from_slice(&commits.to_le_bytes());
        note[8..].copy_from_slice(&(!commits).to_le_bytes());
        if let Err(error) = self.0.write_all_at(&note, 0) {
            tracing::debug!(%error, "the number of commits was not noted");
        }
    }
}

/// Reads how many commits were durable, as far as that was noted.
pub fn noted(replica: &Path) -> u64 {
    fs::read(path_of(replica)).map_or(0, |note| number(&note).unwrap_or(0))
}

fn number(note: &[u8]) -> Option<u64> {
    let (number, complement) = note.get(..NOTE_BYTES)?.split_at(8);
    let read = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    read(number).filter(|commits| read(complement) == Some(!commits))
}

fn path_of(replica: &Path) -> PathBuf {
    replica.with_extension("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_is_read_and_rubbish_counts_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let replica = directory.path().join("replica.db");
        assert_eq!(noted(&replica), 0);
        let lock = Lock::take(&replica).unwrap();
        assert_eq!(noted(&replica), 0);
        lock.note(7);
        lock.note(300);
        assert_eq!(noted(&replica), 300);
        drop(lock);
        let lock = Lock::take(&replica).unwrap();
        assert_eq!(noted(&replica), 300);
        lock.0.write_all_at(&[1], 9).unwrap();
        assert_eq!(noted(&replica), 0);
    }
}
