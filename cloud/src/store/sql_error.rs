//! What an engine says is wrong with a statement or a row, for either alike.

use std::error::Error as _;

use rusqlite::types::FromSqlError;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// Why a statement could not be run or a row not read.
#[derive(Debug, Error)]
pub enum SqlError {
    /// There is no row.
    #[error("no row")]
    NoRow,
    /// A column holds something else.
    #[error("a column holds something else")]
    Column(#[from] FromSqlError),
    /// SQLite says so.
    #[error("SQLite refused")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL says so, or cannot be reached.
    #[error("PostgreSQL refused")]
    Postgres(#[from] tokio_postgres::Error),
    /// A statement that nobody waited for did something else than was presumed.
    #[error("a statement did not do what was presumed of it")]
    Presumed,
    /// The server has taken what was asked, and does not answer.
    #[error("the database server does not answer")]
    Silent,
    /// A value is not one that both engines know.
    #[error("a value of an unknown kind")]
    Value,
}

/// Tells whether what was asked may well succeed if it is asked again.
pub(super) fn passes(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.code().map_or_else(|| is_lost(error), is_passing)
}

/// Conflicts (40001, 40P01), a transaction that had failed before (25P02, 25P03), lost connections (08), servers that stop or
/// only read (57P, 25006), and waits that took too long (55P03, 57014).
fn is_passing(code: &SqlState) -> bool {
    let code = code.code();
    [
        "40001", "40P01", "25P02", "25P03", "25006", "55P03", "57014", "53300",
    ]
    .contains(&code)
        || code.starts_with("08")
        || code.starts_with("57P")
}

/// Tells whether an error without a code is of the connection, and not of a value or a URL.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.source().is_none_or(|source| source.is::<std::io::Error>())
}
