//! What can go wrong below the store's operations, as facts a caller can act on; refusals of the domain are outcomes, not errors.

use std::sync::Arc;

use rusqlite::types::FromSqlError;
use thiserror::Error;
use usher_disk::DiskError;
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
    /// The database file or the disk below it.
    #[error(transparent)]
    Disk(DiskError),
    /// The directory of the database cannot be made.
    #[error(transparent)]
    Directory(Arc<PrivacyError>),
}

impl StoreError {
    /// Tells whether asking again later may well succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Overloaded | Self::Closed | Self::GroupLost | Self::Overtaken => true,
            Self::Disk(error) => error.is_temporary(),
            Self::Unsound(_) | Self::Unreadable { .. } | Self::Directory(_) => false,
        }
    }
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Overloaded => Self::Overloaded,
            DiskError::Closed => Self::Closed,
            DiskError::Damaged(finding) => Self::Unsound(Finding::File(finding)),
            DiskError::Full
            | DiskError::Failed
            | DiskError::ReadOnly(_)
            | DiskError::Migration(_)
            | DiskError::Sqlite(_)
            | DiskError::File { .. }
            | DiskError::Thread(_) => Self::Disk(error),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        DiskError::from(error).into()
    }
}

impl From<FromSqlError> for StoreError {
    fn from(_: FromSqlError) -> Self {
        Self::Unreadable { what: "column" }
    }
}

impl From<PrivacyError> for StoreError {
    fn from(error: PrivacyError) -> Self {
        Self::Directory(Arc::new(error))
    }
}
