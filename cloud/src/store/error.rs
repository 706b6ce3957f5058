//! What can go wrong below the store's operations, as facts a caller can act on; refusals of the domain are outcomes, not errors.

use std::sync::Arc;

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;
use thiserror::Error;
use usher_keys::private::PrivacyError;

use super::finding::Finding;

/// Why an operation of the store could not be done. Nothing has changed then, unless the variant says otherwise.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// Too many operations are waiting: try again shortly.
    #[error("the store has too much to do")]
    Overloaded,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The disk is full.
    #[error("the disk is full: free some space, nothing that was answered is lost")]
    DiskFull,
    /// The system could not read or write the file.
    #[error("the disk failed: look at it and at the system's log, nothing that was answered is lost")]
    DiskFailed,
    /// The file or its directory cannot be written.
    #[error("the database file cannot be written: check its owner, its mode and the mount")]
    ReadOnly,
    /// The file is damaged or not a database.
    #[error("the database file is damaged or is not a database: restore it from a backup")]
    Damaged,
    /// The file was damaged, or is an older copy.
    #[error("the database file is damaged: {0}; restore it from a backup together with the files beside it")]
    Unsound(Finding),
    /// Another command of the same group broke the transaction.
    #[error("the transaction was lost with another command")]
    GroupLost,
    /// Another writer changed the same rows first; what was decided no longer fits them.
    #[error("another request was first: ask again")]
    Overtaken,
    /// A stored value has a form this version does not know.
    #[error("a stored {what} cannot be read by this version")]
    Unreadable {
        /// What it should have been.
        what: &'static str,
    },
    /// The tables could not be brought up to date.
    #[error("the tables could not be brought up to date")]
    Migration(#[source] Arc<refinery::Error>),
    /// Anything else SQLite says.
    #[error("the database refused")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// A file beside the database could not be used.
    #[error("a file of the database could not be used")]
    File(#[source] Arc<std::io::Error>),
    /// The directory of the database cannot be made.
    #[error(transparent)]
    Directory(Arc<PrivacyError>),
}

impl StoreError {
    /// Tells whether asking again later may well succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Overloaded
            | Self::Closed
            | Self::DiskFull
            | Self::DiskFailed
            | Self::ReadOnly
            | Self::GroupLost
            | Self::Overtaken => true,
            Self::Damaged
            | Self::Unsound(_)
            | Self::Unreadable { .. }
            | Self::Migration(_)
            | Self::Sqlite(_)
            | Self::File(_)
            | Self::Directory(_) => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        if code == Some(ErrorCode::DiskFull) {
            Self::DiskFull
        } else if code == Some(ErrorCode::SystemIoFailure) {
            Self::DiskFailed
        } else if matches!(
            code,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
        ) {
            Self::ReadOnly
        } else if matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            Self::Damaged
        } else if matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            Self::Overloaded
        } else {
            Self::Sqlite(Arc::new(error))
        }
    }
}

impl From<Finding> for StoreError {
    fn from(finding: Finding) -> Self {
        Self::Unsound(finding)
    }
}

impl From<FromSqlError> for StoreError {
    fn from(_: FromSqlError) -> Self {
        Self::Unreadable { what: "column" }
    }
}

impl From<refinery::Error> for StoreError {
    fn from(error: refinery::Error) -> Self {
        Self::Migration(Arc::new(error))
    }
}

impl From<PrivacyError> for StoreError {
    fn from(error: PrivacyError) -> Self {
        Self::Directory(Arc::new(error))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}
