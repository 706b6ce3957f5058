//! What can go wrong between a program and its database file, as facts a caller can act on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::finding::FileFinding;

/// Why a database could not be opened, read or written. Nothing has changed then.
#[derive(Debug, Clone, Error)]
pub enum DiskError {
    /// Too many commands are waiting, or another process writes for long: try again shortly.
    #[error("the database has too much to do")]
    Overloaded,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// The disk is full.
    #[error("the disk is full: free some space, nothing that was answered is lost")]
    Full,
    /// The system could not read or write the file.
    #[error("the disk failed: look at it and at the system's log, nothing that was answered is lost")]
    Failed,
    /// The file or its directory cannot be written; SQLite says which file.
    #[error("the database file cannot be written: check its owner, its mode and the mount")]
    ReadOnly(#[source] Arc<rusqlite::Error>),
    /// The file is damaged, is no database, or is an older copy.
    #[error("the database file is damaged: {0}")]
    Damaged(FileFinding),
    /// The tables cannot be brought up to date.
    #[error(
        "the tables cannot be brought up to date: look at the disk, or install a newer version of this program"
    )]
    Migration(#[source] Arc<refinery::Error>),
    /// Anything else SQLite says.
    #[error("the database refused")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// The file, or one beside it, cannot be made or opened.
    #[error("cannot make or open {}", path.display())]
    File {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The writer's thread could not be started.
    #[error("the system cannot start a thread")]
    Thread(#[source] Arc<io::Error>),
}

impl DiskError {
    /// Tells whether asking again later may well succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Overloaded | Self::Closed | Self::Full | Self::Failed | Self::ReadOnly(_) => true,
            Self::Damaged(_) | Self::Migration(_) | Self::Sqlite(_) | Self::File { .. } | Self::Thread(_) => {
                false
            }
        }
    }

    pub(crate) fn of_file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

impl From<rusqlite::Error> for DiskError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        if code == Some(ErrorCode::DiskFull) {
            Self::Full
        } else if code == Some(ErrorCode::SystemIoFailure) {
            Self::Failed
        } else if matches!(
            code,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
        ) {
            Self::ReadOnly(Arc::new(error))
        } else if matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            FileFinding::Page(error.to_string()).into()
        } else if matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            Self::Overloaded
        } else {
            Self::Sqlite(Arc::new(error))
        }
    }
}

impl From<FileFinding> for DiskError {
    fn from(finding: FileFinding) -> Self {
        Self::Damaged(finding)
    }
}

impl From<refinery::Error> for DiskError {
    fn from(error: refinery::Error) -> Self {
        Self::Migration(Arc::new(error))
    }
}
