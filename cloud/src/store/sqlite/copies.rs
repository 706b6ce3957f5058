//! Copies of a database that somebody put in place by hand: how one is told, and that nothing is sold or ordered from it. A copy that was
//! taken together with its note, from a machine that stood still, looks like the store itself; only the hubs can tell.

use std::path::Path;

use rusqlite::Connection;
use usher_keys::Timestamp;

use crate::store::StoreError;
use crate::store::authority::HaltAll;
use crate::store::operations::authority::halts;
use crate::store::sql::Sql;

use super::commits;

/// Where SQLite keeps a number for the program in the head of each file; we say there whether it is a backup.
const MARK: &str = "user_version";
/// What a backup has there.
const BACKUP: i64 = 1;
/// What the store itself has there.
const STORE: i64 = 0;

/// Marks a file as a backup, whatever version its tables are of.
///
/// # Errors
///
/// SQLite's.
pub fn mark_as_backup(copy: &Connection) -> rusqlite::Result<()> {
    copy.pragma_update(None, MARK, BACKUP)
}

/// Tells whether a database is a copy that was put in place by hand: it is a backup, or has commits and no note of them.
///
/// # Errors
///
/// [`StoreError`].
pub fn is_copy(connection: &Connection, file: &Path) -> Result<bool, StoreError> {
    let mark: i64 = connection.pragma_query_value(None, MARK, |row| row.get(0))?;
    let is_noted = commits::note_of(file).exists();
    Ok(mark != STORE || (!is_noted && commits::counted(connection)? > 0))
}

/// Makes a copy the store: halts its events, since devices may know more of them.
///
/// # Errors
///
/// [`StoreError`]; nothing has changed then.
pub fn take_for_store(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    halts::halt_all(&Sql::Sqlite(&transaction), &HaltAll { now })?;
    transaction.pragma_update(None, MARK, STORE)?;
    transaction.commit()?;
    Ok(())
}
