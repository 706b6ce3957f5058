//! Rows of either engine, read alike.

use std::vec::IntoIter;

use rusqlite::types::{FromSql, Value, ValueRef};

use crate::store::sql_error::SqlError;

/// Makes no row an answer.
pub trait OptionalExtension<T> {
    /// Returns `None` where there is no row.
    ///
    /// # Errors
    ///
    /// [`SqlError`], but not for want of a row.
    fn optional(self) -> Result<Option<T>, SqlError>;
}

impl<T> OptionalExtension<T> for Result<T, SqlError> {
    fn optional(self) -> Result<Option<T>, SqlError> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(SqlError::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The rows of a statement that runs.
pub enum Rows<'a> {
    /// Those of SQLite come as they are asked for.
    Sqlite(rusqlite::Rows<'a>),
    /// Those of PostgreSQL have all come.
    Postgres(Fetched),
}

/// Rows that have all come, and the one that is being read.
pub struct Fetched {
    rest: IntoIter<Vec<Value>>,
    current: Vec<Value>,
}

impl Fetched {
    /// Begins before the first row.
    pub fn of(rows: Vec<Vec<Value>>) -> Self {
        Self {
            rest: rows.into_iter(),
            current: Vec::new(),
        }
    }
}

impl Rows<'_> {
    /// Goes to the next row.
    ///
    /// # Errors
    ///
    /// [`SqlError`].
    pub fn next(&mut self) -> Result<Option<Row<'_>>, SqlError> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres(rows) => {
                let Some(next) = rows.rest.next() else {
                    return Ok(None);
                };
                rows.current = next;
                Ok(Some(Row::Postgres(&rows.current)))
            }
        }
    }
}

/// One row.
pub enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    Postgres(&'a [Value]),
}

impl Row<'_> {
    /// Reads a column.
    ///
    /// # Errors
    ///
    /// [`SqlError`] when it holds something else.
    pub fn get<T: FromSql>(&self, column: usize) -> Result<T, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(column)?),
            Self::Postgres(_) => Ok(T::column_result(self.column(column)?)?),
        }
    }

    /// Looks at a column.
    ///
    /// # Errors
    ///
    /// [`SqlError`] when there is no such column.
    pub fn column(&self, number: usize) -> Result<ValueRef<'_>, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(row.get_ref(number)?),
            Self::Postgres(values) => values.get(number).map(ValueRef::from).ok_or(SqlError::Value),
        }
    }
}

macro_rules! tuples {
    ($( ($($name:ident $column:literal),*) )*) => { $(
        impl<$($name: FromSql),*> TryFrom<&Row<'_>> for ($($name,)*) {
            type Error = SqlError;

            fn try_from(row: &Row<'_>) -> Result<Self, SqlError> {
                Ok(($(row.get::<$name>($column)?,)*))
            }
        }
    )* };
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

/// What is made of the rows, one after the other.
pub struct EachRow<'a, F> {
    rows: Rows<'a>,
    read: F,
}

impl<'a, F> EachRow<'a, F> {
    /// Begins before the first row.
    pub fn new(rows: Rows<'a>, read: F) -> Self {
        Self { rows, read }
    }
}

impl<T, E, F> Iterator for EachRow<'_, F>
where
    E: From<SqlError>,
    F: FnMut(&Row<'_>) -> Result<T, E>,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.rows.next() {
            Ok(Some(row)) => Some((self.read)(&row)),
            Ok(None) => None,
            Err(error) => Some(Err(error.into())),
        }
    }
}
