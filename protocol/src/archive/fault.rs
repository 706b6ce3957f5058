//! What can be wrong with an archive, and where; telling people is the caller's.

use std::fmt;

use thiserror::Error;
use usher_keys::BundleError;

use super::MAX_PART_BYTES;
use crate::checkpoint::CheckpointError;
use crate::ident::{Origin, Seq};

/// Why an archive proves nothing.
#[derive(Debug, Error)]
pub enum UnprovenArchive<E> {
    /// The bytes could not be read.
    #[error("the archive cannot be read")]
    Unreadable(#[source] E),
    /// Something in it is wrong.
    #[error(transparent)]
    Damaged(#[from] ArchiveDamage),
}

/// The first thing that is wrong with an archive: everything before that byte is good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ArchiveDamage {
    /// The first byte of the part that is wrong, from 0; of an archive that was cut off, where it ends.
    pub at: u64,
    /// The last record before it.
    pub behind: Option<(Origin, Seq)>,
    /// What is wrong there.
    pub fault: ArchiveFault,
}

impl fmt::Display for ArchiveDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, fault) = (self.at, &self.fault);
        match self.behind {
            Some((origin, seq)) => write!(f, "byte {at}, behind record {seq} of log {origin}: {fault}"),
            None => write!(f, "byte {at}: {fault}"),
        }
    }
}

/// What is wrong with a part of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArchiveFault {
    /// It does not begin as archives do.
    #[error(
        "not the beginning of an archive, or that of a later version's: verify it with the program that made it"
    )]
    NotAnArchive,
    /// It ends before its seal is complete.
    #[error("the archive ends here, before its seal: it was cut off")]
    CutOff,
    /// There are bytes behind the seal.
    #[error("bytes behind the seal: they are no part of the archive")]
    Extended,
    /// A length that no part has.
    #[error("a part of {bytes} bytes, and the largest has {MAX_PART_BYTES}")]
    TooLong {
        /// The length that is told.
        bytes: u64,
    },
    /// The part and the hash behind it do not belong together, or not behind the part before.
    #[error("a part that was altered, or put here from elsewhere")]
    Altered,
    /// The part is none of those that there are.
    #[error("a part that cannot be read")]
    Malformed,
    /// A part of its kind does not belong here.
    #[error("a part that does not belong here")]
    OutOfPlace,
    /// The trust bundle is not good, or its roots did not sign it.
    #[error("a trust bundle that proves nothing: {0}")]
    Bundle(BundleError),
    /// The roots that the reader names did not sign it.
    #[error("a trust bundle that the named root did not sign: another organizer's archive, or a forged one")]
    OtherRoot,
    /// Nobody in the trust bundle stands behind the maker.
    #[error("a maker for whom nobody in the trust bundle stands")]
    StrangeMaker,
    /// The checkpoint is refused.
    #[error("a checkpoint that proves nothing: {0}")]
    Checkpoint(CheckpointError),
    /// The head's signature is false, or its log is another.
    #[error("a head that its log's origin did not sign")]
    FalseHead,
    /// The head is of other records than those before it.
    #[error("a head that is not of the records before it")]
    OtherHistory,
    /// No head covers the last records of the log before.
    #[error("the end of a log whose last records no head covers")]
    Unsigned,
    /// The records do not come to what the archive says.
    #[error("sums that are not those of the records: {said} {what} by the archive, {counted} by its records")]
    OtherSums {
        /// What was counted.
        what: &'static str,
        /// So many by the archive.
        said: u64,
        /// So many by its records.
        counted: u64,
    },
    /// The maker did not sign what stands before.
    #[error("a seal that the maker did not sign")]
    FalseSeal,
}
