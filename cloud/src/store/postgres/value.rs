//! Values on their way to and from PostgreSQL: numbers, text and bytes, as SQLite has them.

use std::error::Error;

use rusqlite::types::{ToSqlOutput, Value};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::sql_error::SqlError;

/// A value for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param(Value);

impl Param {
    /// Copies a value.
    pub fn of(value: &dyn rusqlite::ToSql) -> Result<Self, SqlError> {
        match value.to_sql()? {
            ToSqlOutput::Borrowed(value) => Ok(Self(value.try_into()?)),
            ToSqlOutput::Owned(value) => Ok(Self(value)),
            ToSqlOutput::ZeroBlob(_) | _ => Err(SqlError::Value),
        }
    }
}

impl ToSql for Param {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Value::Integer(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Value::Integer(number) if *ty == Type::BOOL => (*number != 0).to_sql(ty, out),
            Value::Text(text) if *ty == Type::TEXT => text.as_str().to_sql(ty, out),
            Value::Blob(bytes) if *ty == Type::BYTEA => bytes.as_slice().to_sql(ty, out),
            Value::Integer(_) | Value::Text(_) | Value::Blob(_) | Value::Real(_) => {
                Err(format!("a parameter that PostgreSQL takes for {ty} is something else").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a column.
#[derive(Debug)]
pub struct Column(pub Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Integer(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(ty, raw)?.into()),
            Type::TEXT => Value::Text(String::from_sql(ty, raw)?),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            _ => return Err(format!("a column of the unexpected type {ty}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
