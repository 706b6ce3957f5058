//! What an engine says is wrong with a statement or a row, for either alike.

use rusqlite::types::FromSqlError;
use thiserror::Error;

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
