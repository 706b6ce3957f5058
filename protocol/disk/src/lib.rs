//! The one SQLite shell, for cloud and device: a file with our settings, one writer that commits in groups, readers beside it, and what can be wrong with what is stored.
//!
//! Begin with [`DatabaseLocation`], which opens a file for its writer or a reader. A program gives its [`Writer`] the
//! groups of commands that waited together, commits each group once and answers only then; [`Readers`] see what is
//! durable. What a command is, which tables there are and what a person is told to do are the caller's.

mod error;
mod finding;
mod location;
mod log_walk;
mod note;
mod readers;
mod tables;
mod writer;

pub use error::DiskError;
pub use finding::{Fault, FileFinding, LogFinding};
pub use location::DatabaseLocation;
pub use log_walk::LogWalk;
pub use note::CommitNote;
pub use readers::Readers;
pub use tables::{Tables, complaints};
pub use writer::{GROUP_COMMANDS, Groups, Writer};
