//! What is looked at before a SQLite file is used: every page, the list of migrations, the definitions of the tables; whether the rows make sense is the audit's.

use std::collections::BTreeMap;

use refinery::{Migration, Runner};
use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::finding::Finding;

use super::commits;

/// Lets SQLite check every page; the first thing it finds is enough.
///
/// # Errors
///
/// [`StoreError::Unsound`].
pub fn check_pages(connection: &Connection) -> Result<(), StoreError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(Finding::Page(said).into())
}

/// Brings the tables up to date. The runner takes the list of migrations for whole and would panic over what it cannot
/// read.
///
/// # Errors
///
/// [`StoreError::Unsound`], [`StoreError::Migration`].
pub fn migrate(connection: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    // Reading first tells a damaged file apart from a migration that fails.
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        check_listed(connection, migrations)?;
    }
    Runner::new(migrations).set_grouped(true).run(connection)?;
    commits::prepare(connection)?;
    check_definitions(connection, migrations)
}

/// Looks for damage in the list of migrations and in the definitions of the tables.
///
/// # Errors
///
/// [`StoreError::Unsound`].
pub fn check_tables(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    check_listed(connection, migrations)?;
    check_definitions(connection, migrations)
}

fn check_listed(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let mut statement = connection.prepare(
        "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
    )?;
    let mut rows = statement.query([])?;
    let mut listed = 0;
    for known in migrations {
        let Some(row) = rows.next()? else { break };
        let (version, name, at, checksum): (i64, String, String, String) = row.try_into()?;
        let readable = at.as_bytes().get(10) == Some(&b'T') && at.ends_with('Z');
        let is_known = (version, name.as_str()) == (i64::from(known.version()), known.name())
            && checksum == known.checksum().to_string();
        if !is_known || !readable || at.parse::<jiff::Timestamp>().is_err() {
            return Err(Finding::Migrations.into());
        }
        listed += 1;
    }
    if listed == 0 {
        return Err(Finding::Migrations.into());
    }
    Ok(())
}

/// Compares the definitions of tables and indexes with those of a new database.
fn check_definitions(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let mut sound = Connection::open_in_memory()?;
    Runner::new(migrations).set_grouped(true).run(&mut sound)?;
    commits::prepare(&sound)?;
    let (expected, mut found) = (definitions(&sound)?, definitions(connection)?);
    for (name, definition) in expected {
        if found.remove(&name) != Some(definition) {
            return Err(Finding::Definition { name }.into());
        }
    }
    match found.pop_first() {
        Some((name, _)) => Err(Finding::Definition { name }.into()),
        None => Ok(()),
    }
}

fn definitions(connection: &Connection) -> rusqlite::Result<BTreeMap<String, [Option<String>; 3]>> {
    let mut statement = connection.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]))
    })?;
    rows.collect()
}
