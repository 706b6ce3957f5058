//! Why a replica does not open or answer, and what exactly is wrong with a damaged one; what to do about it is said in the message.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use usher_disk::{DiskError, FileFinding, LogFinding};
use usher_keys::BundleError;
use usher_protocol::checkpoint::CheckpointError;

/// Why a replica cannot be opened, founded or read.
#[derive(Debug, Error)]
pub enum ReplicaError {
    /// There is none.
    #[error("{} is not there: enroll this machine first", path.display())]
    NotFounded {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{} belongs to a device already: use another data directory, or move this one away", path.display())]
    AlreadyFounded { path: PathBuf },
    /// Another process has it open; two writers of one log would be two histories.
    #[error("another usher program is running on {}: stop it first", path.display())]
    InUse { path: PathBuf },
    /// The lock beside the replica cannot be taken.
    #[error("cannot lock {}", path.display())]
    Lock {
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system or SQLite says no: disk, permissions.
    #[error("this device's database cannot be used: look at the disk, and whose the files are")]
    Disk(#[source] DiskError),
    /// The tables cannot be brought up to date.
    #[error(
        "this device's database cannot be brought up to date: look at the disk, or install a newer version of this program"
    )]
    Migration(#[source] Arc<refinery::Error>),
    /// The file is damaged.
    #[error(
        "this device's database is damaged: {0}; move the data directory away and enroll this machine anew"
    )]
    Damaged(Finding),
    /// A part of what the device is and believes is missing or does not decode.
    #[error(
        "this device's database is damaged: its {name} cannot be read; move the data directory away and enroll this machine anew"
    )]
    BadMeta {
        /// Which part.
        name: &'static str,
    },
    /// The stored bundle is not signed by the stored roots.
    #[error("the keys of the event that are stored here are refused: enroll this machine anew")]
    Trust(#[from] BundleError),
    /// The checkpoint it began from is not believed any more.
    #[error("what this device began from is refused: enroll this machine anew")]
    Checkpoint(#[from] CheckpointError),
    /// The key file belongs to another certificate.
    #[error(
        "the key file does not belong to this device's certificate: put back the one that was there, or enroll this machine anew"
    )]
    OtherKey,
    /// The replica was closed.
    #[error("the replica is closed")]
    Closed,
}

impl From<DiskError> for ReplicaError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Closed => Self::Closed,
            DiskError::Damaged(finding) => Self::Damaged(Finding::File(finding)),
            DiskError::Migration(source) => Self::Migration(source),
            DiskError::Overloaded
            | DiskError::Full
            | DiskError::Failed
            | DiskError::ReadOnly(_)
            | DiskError::Sqlite(_)
            | DiskError::File { .. }
            | DiskError::Thread(_) => Self::Disk(error),
        }
    }
}

impl From<rusqlite::Error> for ReplicaError {
    fn from(error: rusqlite::Error) -> Self {
        DiskError::from(error).into()
    }
}

/// Something wrong with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The database file.
    File(FileFinding),
    /// A log does not begin where the checkpoint says.
    Covered,
    /// A record or head of a log.
    Log(LogFinding),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(finding) => finding.fmt(f),
            Self::Covered => f.write_str("the logs do not begin where the checkpoint ends"),
            Self::Log(finding) => finding.fmt(f),
        }
    }
}
