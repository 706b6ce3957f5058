//! Why a replica does not open or answer, and what exactly is wrong with a damaged one; what to do about it is said in the message.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;
use usher_keys::BundleError;
use usher_protocol::checkpoint::CheckpointError;
use usher_protocol::{Origin, Seq};

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
    AlreadyFounded {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process has it open; two writers of one log would be two histories.
    #[error("another usher program is running on {}: stop it first", path.display())]
    InUse {
        /// The replica.
        path: PathBuf,
    },
    /// A database's file cannot be made.
    #[error("cannot make {}", path.display())]
    Found {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The lock beside the replica cannot be taken.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SQLite says no: disk, permissions, damage.
    #[error("this device's database cannot be used: look at the disk, and whose the files are")]
    Database(#[source] rusqlite::Error),
    /// The tables cannot be brought up to date.
    #[error(
        "this device's database cannot be brought up to date: look at the disk, or install a newer version of this program"
    )]
    Migration(#[source] Box<refinery::Error>),
    /// The file is damaged.
    #[error(
        "this device's database is damaged: {0}; move the data directory away and enroll this machine anew"
    )]
    Damaged(Finding),
    /// A part of what the device is and believes is missing or does not decode.
    #[error(
        "the replica's {name} is missing or unreadable; move the data directory away and enroll this machine anew"
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
    /// A thread could not be started.
    #[error("the system gives no thread")]
    Thread(#[source] io::Error),
    /// The replica was closed.
    #[error("the replica is closed")]
    Closed,
}

impl From<rusqlite::Error> for ReplicaError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(Finding::Page(error.to_string()))
            }
            Some(_) | None => Self::Database(error),
        }
    }
}

impl From<refinery::Error> for ReplicaError {
    fn from(error: refinery::Error) -> Self {
        Self::Migration(Box::new(error))
    }
}

/// Something wrong with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A page of the file: what SQLite says of it.
    Page(String),
    /// Commits that were durable are not there any more.
    Lost {
        /// How many.
        commits: u64,
    },
    /// A log does not begin where the checkpoint says.
    Covered,
    /// A record or head of a log.
    Log {
        /// Whose log.
        origin: Origin,
        /// Which record.
        seq: Seq,
        /// What is wrong there.
        fault: Fault,
    },
}

/// What is wrong with a record or head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The bytes do not give the stored hash.
    Altered,
    /// This record is not there, but later ones are.
    Missing,
    /// The head's signature is false.
    FalseHead,
    /// The head speaks of another history than the records.
    OtherHistory,
    /// The head speaks of records that are not there.
    CutOff,
    /// No head vouches for the last records.
    Unsigned,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(said) => write!(f, "the database file: {said}"),
            Self::Lost { commits } => write!(
                f,
                "the database file: {commits} commits that were durable are gone; its write-ahead log is damaged, or it is an older copy"
            ),
            Self::Covered => f.write_str("the logs do not begin where the checkpoint ends"),
            Self::Log { origin, seq, fault } => {
                let what = match fault {
                    Fault::Altered => "was altered",
                    Fault::Missing => "is missing",
                    Fault::FalseHead => "carries a head with a false signature",
                    Fault::OtherHistory => "is not the one its signed head speaks of",
                    Fault::CutOff => {
                        "is spoken of by a signed head but missing, with all behind the last one here"
                    }
                    Fault::Unsigned => "is the last one here, but no signed head vouches for it",
                };
                write!(f, "record {seq} of log {origin} {what}")
            }
        }
    }
}
