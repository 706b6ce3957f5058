//! Writing to a SQLite file that no other process uses.

use std::path::Path;

use rusqlite::TransactionBehavior;
use usher_disk::{CommitNote, DatabaseLocation, DiskError};

use crate::store::StoreError;
use crate::store::sql::Sql;

use super::commits;

/// Does some work in a transaction if nobody else has the file open; tells whether that is so.
///
/// # Errors
///
/// [`StoreError`].
pub fn write(file: &Path, work: impl FnOnce(&Sql<'_>) -> Result<(), StoreError>) -> Result<bool, StoreError> {
    let mut connection = match DatabaseLocation::File(file.to_owned()).open_alone() {
        Err(DiskError::Overloaded) => return Ok(false),
        opened => opened?,
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    work(&Sql::Sqlite(&transaction))?;
    let count = commits::count_one(&transaction)?;
    transaction.commit()?;
    CommitNote::open(&commits::note_of(file))?.write(count);
    Ok(true)
}
