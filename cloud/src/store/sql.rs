//! One way to say SQL to either engine, so that an operation is written once: the statements of the store are plain enough for both.
//!
//! Parameters are written `?1`; values are rusqlite's, whatever the engine. Where the engines need different words,
//! [`Sql::pick`] takes the engine's own.

mod row;
mod values;

use rusqlite::CachedStatement;

use super::postgres::backend::{Backend, Care, Prepared};
pub use super::sql_error::SqlError;
pub use row::{EachRow, OptionalExtension, Row, Rows};
pub use rusqlite::params;
pub use values::Values;

/// A connection to one of the engines, inside a transaction.
#[derive(Clone, Copy)]
pub enum Sql<'a> {
    /// A SQLite file.
    Sqlite(&'a rusqlite::Connection),
    /// A PostgreSQL server.
    Postgres(&'a Backend),
}

impl<'a> Sql<'a> {
    /// Prepares a statement, or takes the one that was prepared before.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'a>, SqlError> {
        Ok(match self {
            Self::Sqlite(connection) => Statement::Sqlite(connection.prepare_cached(sql)?),
            Self::Postgres(backend) => Statement::Postgres(backend.prepare(sql)?),
        })
    }

    /// Has a question be on its way that is asked later in the transaction, by the same text with the same values; it is answered as
    /// things are now. A file answers at once whenever it is asked.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn ask_ahead(&self, sql: &str, values: impl Values) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(backend) => {
                let statement = backend.prepare(sql)?;
                values.with(|values| statement.ask_ahead(values))
            }
        }
    }

    /// Tells whether a row that meets another of the same unique key has the transaction run again: whoever has drawn a key need not look.
    pub fn finds_out_later(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(backend) => backend.care() == Care::Swift,
        }
    }

    /// Lets the statements of this transaction take minutes.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn be_patient(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(backend) => backend.be_patient(),
        }
    }

    /// Returns the text that is meant for this engine.
    pub fn pick<'sql>(&self, sqlite: &'sql str, postgres: &'sql str) -> &'sql str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// A prepared statement.
pub enum Statement<'a> {
    /// Of SQLite.
    Sqlite(CachedStatement<'a>),
    /// Of PostgreSQL.
    Postgres(Prepared<'a>),
}

impl Statement<'_> {
    /// Runs the statement; tells how many rows it changed.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn execute(&mut self, values: impl Values) -> Result<usize, SqlError> {
        values.with(|values| match self {
            Self::Sqlite(statement) => Ok(statement.execute(values)?),
            Self::Postgres(statement) => statement.execute(values),
        })
    }

    /// Runs the statement, whose changes nobody counts.
    ///
    /// # Errors
    ///
    /// [`SqlError`]; PostgreSQL's may come out later, and break the transaction off.
    pub fn run(&mut self, values: impl Values) -> Result<(), SqlError> {
        values.with(|values| match self {
            Self::Sqlite(statement) => statement.execute(values).map(|_| ()).map_err(SqlError::from),
            Self::Postgres(statement) => statement.send(values, None).map(|_| ()),
        })
    }

    /// Runs the statement; tells whether it changed that many rows. PostgreSQL is presumed to have: where it has not, that breaks the
    /// transaction off, and the next time it is waited for.
    ///
    /// # Errors
    ///
    /// [`SqlError`]; PostgreSQL's may come out later, and break the transaction off.
    pub fn changes(&mut self, rows: usize, values: impl Values) -> Result<bool, SqlError> {
        values.with(|values| match self {
            Self::Sqlite(statement) => Ok(statement.execute(values)? == rows),
            Self::Postgres(statement) => statement.send(values, Some(rows)),
        })
    }

    /// Runs the statement and steps through its rows.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn query(&mut self, values: impl Values) -> Result<Rows<'_>, SqlError> {
        values.with(|values| {
            Ok(match self {
                Self::Sqlite(statement) => Rows::Sqlite(statement.query(values)?),
                Self::Postgres(statement) => Rows::Postgres(row::Fetched::of(statement.query(values)?)),
            })
        })
    }

    /// Runs the statement and reads its first row.
    ///
    /// # Errors
    ///
    /// [`SqlError`]; [`SqlError::NoRow`] when there is none.
    pub fn query_row<T>(
        &mut self,
        values: impl Values,
        read: impl FnOnce(&Row<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut rows = self.query(values)?;
        match rows.next()? {
            Some(row) => read(&row),
            None => Err(SqlError::NoRow),
        }
    }

    /// Runs the statement and reads each row.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn query_map<T, F>(&mut self, values: impl Values, read: F) -> Result<EachRow<'_, F>, SqlError>
    where
        F: FnMut(&Row<'_>) -> Result<T, SqlError>,
    {
        self.query_and_then(values, read)
    }

    /// Runs the statement and makes of each row what may turn out to be unreadable.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn query_and_then<T, E, F>(
        &mut self,
        values: impl Values,
        read: F,
    ) -> Result<EachRow<'_, F>, SqlError>
    where
        E: From<SqlError>,
        F: FnMut(&Row<'_>) -> Result<T, E>,
    {
        Ok(EachRow::new(self.query(values)?, read))
    }

    /// Tells whether the statement finds a row.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn exists(&mut self, values: impl Values) -> Result<bool, SqlError> {
        Ok(self.query(values)?.next()?.is_some())
    }

    /// Counts the columns it gives.
    pub fn column_count(&self) -> usize {
        match self {
            Self::Sqlite(statement) => statement.column_count(),
            Self::Postgres(statement) => statement.column_count(),
        }
    }
}
