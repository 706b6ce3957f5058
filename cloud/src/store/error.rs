//! What can go wrong below the store's operations, as facts a caller can act on; refusals of the domain are outcomes, not errors.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::FromSqlError;
use thiserror::Error;
use tokio_postgres::error::SqlState;
use usher_disk::DiskError;
use usher_keys::private::PrivacyError;

use super::finding::Finding;
use super::location::CellName;
use super::move_mark::Mark;
use super::sql_error::{SqlError, passes};

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
    /// The database server cannot be reached, or is not the one it should be.
    #[error(
        "no database server answers as it should: look at store.url, at the server and at its certificate"
    )]
    Unreachable(#[source] Option<ServerError>),
    /// The certificates that vouch for a database server cannot be read.
    #[error("{} (setting store.ca_file) cannot be read or has no certificate in it", .0.display())]
    Certificates(PathBuf),
    /// The database server broke the work off, or was too late to say whether it is done.
    #[error("the database server broke the work off: ask again")]
    BrokenOff(#[source] ServerError),
    /// The tables are of another version of the program.
    #[error("the tables were made by a newer version: run that one")]
    Newer,
    /// The tables wait for a server of this version to bring them up to date.
    #[error("the tables were made by an older version: start the server once")]
    Older,
    /// The store is being moved to another place, or was.
    #[error("{0}")]
    Moved(Mark),
    /// The settings lack a cell.
    #[error(
        "events are in the cell {0}, which [cells] in the settings does not name: add it, as at every other server"
    )]
    NoCell(CellName),
    /// The servers of a cell do not answer.
    #[error(
        "the cell {0} does not answer: look at its address in [cells], at its servers and at the network to them"
    )]
    CellAway(CellName),
    /// The event is being moved to another cell.
    #[error("the event is being moved to another cell: ask again")]
    Moving,
    /// What arrived at another cell is not what was sent.
    #[error("the rows of {0} are not the same in both cells; the event stays where it is")]
    Differs(&'static str),
    /// What has gone on in another cell would be deleted there.
    #[error(
        "the event has gone on in the other cell: the database it is moved from came back from a backup that is older than the move. \
         Restore both to one moment; nothing has changed"
    )]
    NewerThere,
    /// A cell's database is not that cell.
    #[error(
        "the database that [cells] in the settings names {0} is not that cell: look at its URL, or make it that cell with \
         usher-cloud cell add"
    )]
    OtherCell(CellName),
    /// Anything else PostgreSQL says.
    #[error("the database refused")]
    Postgres(#[source] ServerError),
    /// The system cannot start a thread, or has nothing to wait with.
    #[error("the system cannot start a thread")]
    Thread(#[source] Arc<std::io::Error>),
    /// The directory of the database cannot be made.
    #[error(transparent)]
    Directory(Arc<PrivacyError>),
}

/// What a PostgreSQL server says is wrong, or the connection to it: never the details, which may be a row with what a buyer gave.
#[derive(Debug, Clone, Error)]
#[error("{said}")]
pub struct ServerError {
    /// The server's code; none when it is of the connection.
    pub code: Option<SqlState>,
    said: String,
}

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        let said = match (error.as_db_error(), error.source()) {
            (Some(server), _) => format!("{} ({})", server.message(), server.code().code()),
            (None, Some(source)) => format!("{error}: {source}"),
            (None, None) => error.to_string(),
        };
        let code = error.code().cloned();
        Self { code, said }
    }
}

impl StoreError {
    /// Tells whether asking again later may well succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Overloaded
            | Self::Closed
            | Self::GroupLost
            | Self::Overtaken
            | Self::Moving
            | Self::CellAway(_)
            | Self::Unreachable(_)
            | Self::BrokenOff(_) => true,
            Self::Disk(error) => error.is_temporary(),
            Self::Unsound(_)
            | Self::Unreadable { .. }
            | Self::Certificates(_)
            | Self::Newer
            | Self::Older
            | Self::Moved(_)
            | Self::NoCell(_)
            | Self::Differs(_)
            | Self::NewerThere
            | Self::OtherCell(_)
            | Self::Postgres(_)
            | Self::Thread(_)
            | Self::Directory(_) => false,
        }
    }

    /// Tells whether a whole transaction came to nothing for a reason that passes, so that it may run again.
    pub fn is_broken_off(&self) -> bool {
        matches!(self, Self::BrokenOff(_) | Self::Unreachable(_))
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

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if passes(&error) {
            Self::BrokenOff(error.into())
        } else {
            Self::Postgres(error.into())
        }
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::NoRow => Self::Unreadable {
                what: "row that must be there",
            },
            SqlError::Column(error) => error.into(),
            SqlError::Sqlite(error) => error.into(),
            SqlError::Postgres(error) => error.into(),
            SqlError::Presumed => Self::BrokenOff(ServerError {
                code: None,
                said: error.to_string(),
            }),
            SqlError::Silent => Self::Unreachable(None),
            SqlError::Value => Self::Unreadable { what: "value" },
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

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Thread(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use crate::store::contract::case::{Case, START};
    use crate::store::contract::server;
    use crate::store::postgres::backend::Backend;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_server_says_of_a_row_is_not_repeated() {
        let case = Case::on_postgres().await;
        let held = case.held(&[0], START).await;
        case.begun(held.id, "key", START).await;
        let servers = server::servers(&case.url().unwrap());
        let refused = move || {
            Backend::connect(&servers)
                .unwrap()
                .batch("UPDATE bookings SET state = 'gone'")
        };
        let error = tokio::task::spawn_blocking(refused).await.unwrap().unwrap_err();
        let error = StoreError::from(error);
        let said = format!("{error:?} {:#}", anyhow::Error::from(error.clone()));
        assert!(
            said.contains("23514") && !said.contains("owl@example.org"),
            "{said}"
        );
    }
}
