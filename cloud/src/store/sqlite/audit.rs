//! What an audit looks at in a SQLite file beside its rows: its pages, tables and commit note, and that no row refers to nothing.

use std::path::Path;

use rusqlite::Connection;
use usher_disk::{CommitNote, DatabaseLocation, complaints};

use crate::store::StoreError;
use crate::store::audit::{self, Audit};
use crate::store::finding::Finding;
use crate::store::sql::Sql;

use super::{commits, migrations, tables};

/// Most tables with such rows that are worth reading.
const MAX_DANGLING: usize = 20;

/// Audits a SQLite file and changes nothing in it, also while a server uses it.
///
/// # Errors
///
/// [`StoreError`] when the file cannot be read at all.
pub fn of_file(file: &Path) -> Result<Audit, StoreError> {
    // Before the database is looked at, which may grow meanwhile.
    of_noted(file, CommitNote::read(&commits::note_of(file)))
}

/// Audits a SQLite file of which so many commits were noted.
///
/// # Errors
///
/// [`StoreError`] when the file cannot be read at all.
pub fn of_noted(file: &Path, noted: u64) -> Result<Audit, StoreError> {
    let mut connection = DatabaseLocation::File(file.to_owned()).open_from_outside()?;
    let snapshot = connection.transaction()?;
    let mut audit = Audit::default();
    match check(&snapshot, noted, &mut audit) {
        // What is damaged may be unreadable too; its name is more than SQLite says then.
        Err(_) if !audit.findings.is_empty() => Ok(audit),
        checked => checked.map(|()| audit),
    }
}

fn check(connection: &Connection, noted: u64, audit: &mut Audit) -> Result<(), StoreError> {
    let complaints = complaints(connection)?.into_iter().map(Finding::File);
    audit.findings.extend(complaints);
    audit.take(tables(&migrations()).check(connection).map_err(StoreError::from))?;
    audit.take(commits::check(connection, noted))?;
    dangling(connection, audit)?;
    audit::check_events(&Sql::Sqlite(connection), audit)
}

fn dangling(connection: &Connection, audit: &mut Audit) -> Result<(), StoreError> {
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let tables = check.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables.take(MAX_DANGLING) {
        audit.findings.push(Finding::Dangling { table: table? });
    }
    Ok(())
}
