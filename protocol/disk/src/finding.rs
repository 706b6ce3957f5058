//! What can be wrong with a database file and with a log in it, and the words for it; what to do about it is the caller's to say.

use std::fmt;

use usher_protocol::{Origin, Seq};

/// Something wrong with a database file, whatever is kept in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFinding {
    /// A page, row or index: what SQLite says of it.
    Page(String),
    /// Commits that were durable are not there any more.
    Lost { commits: u64 },
    /// A table or index is not defined as this version defines it.
    Definition { name: String },
    /// The list of migrations was altered.
    Migrations,
}

impl fmt::Display for FileFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(said) => write!(f, "the database file: {said}"),
            Self::Lost { commits } => write!(
                f,
                "{commits} commits that were durable are gone: the write-ahead log is damaged, or the file is an older copy"
            ),
            Self::Definition { name } => write!(f, "the definition of {name:?} is not this version's"),
            Self::Migrations => f.write_str("the list of migrations was altered"),
        }
    }
}

/// Something wrong with a stored log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFinding {
    pub origin: Origin,
    pub seq: Seq,
    /// What is wrong there.
    pub fault: Fault,
}

impl fmt::Display for LogFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} of log {} {}", self.seq, self.origin, self.fault)
    }
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "was altered",
            Self::Missing => "is missing",
            Self::FalseHead => "carries a head with a false signature",
            Self::OtherHistory => "is not the one its signed head speaks of",
            Self::CutOff => "is spoken of by a signed head but missing, with all behind the last one here",
            Self::Unsigned => "is the last one here, but no signed head vouches for it",
        })
    }
}
